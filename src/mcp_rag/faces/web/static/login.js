// Who follows a link from elsewhere comes without the strict cookie and lands here, though signed in: ask once more.
const next = document.querySelector("[data-next]").dataset.next;
const answer = await fetch(next, { redirect: "manual", headers: { accept: "text/html" } });
if (answer.ok) location.replace(next);
