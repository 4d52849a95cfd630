// Searching as one types: the same address as the form's own, of which the part that changed is taken in.
const form = document.querySelector("form[data-live]");
if (form) {
  const results = document.getElementById(form.dataset.live);
  let running = null, waiting = 0;
  async function search() {
    running?.abort();
    running = new AbortController();
    const query = new URLSearchParams(new FormData(form));
    const address = `${form.getAttribute("action")}?${query}`;
    results.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, { headers: { "x-part": "results" }, signal: running.signal });
      if (!answer.ok) return;
      results.innerHTML = await answer.text(); // rendered by the server, which escapes every text
      history.replaceState(null, "", address);
    } catch (fault) {
      if (fault.name !== "AbortError") throw fault;
      return;
    } finally {
      results.removeAttribute("aria-busy");
    }
  }
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 220); });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(waiting); search(); });
}
