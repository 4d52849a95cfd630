// What every page gains from JavaScript: copying, dropping a file, a busy button. All of it works without.
document.documentElement.classList.add("js");

const announcer = document.getElementById("announcer");
export function announce(text) {
  announcer.textContent = "";
  requestAnimationFrame(() => { announcer.textContent = text; });
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    const range = document.createRange();
    range.selectNodeContents(button.parentElement.querySelector("pre"));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    document.execCommand("copy");
  }
  button.classList.add("copied");
  announce(document.body.dataset.copied);
  setTimeout(() => button.classList.remove("copied"), 1500);
});

const form = document.getElementById("intake");
if (form) {
  const [text, file, drop, said, picked, send] = ["text", "file", "drop", "intake-said", "picked", "send"].map((id) => document.getElementById(id));
  const show = () => { picked.textContent = file.files.length ? file.files[0].name : ""; };
  file.addEventListener("change", show);
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  drop.addEventListener("dragleave", (event) => { if (!drop.contains(event.relatedTarget)) drop.classList.remove("over"); });
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files.length) {
      const one = new DataTransfer();
      one.items.add(event.dataTransfer.files[0]);
      file.files = one.files;
      show();
      send.focus();
    } else {
      text.value = event.dataTransfer.getData("text");
    }
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    const size = file.files.length ? file.files[0].size : new Blob([text.value]).size;
    const wrong = size === 0 ? form.dataset.none : size > Number(form.dataset.maxBytes) * 0.99 ? form.dataset.tooLarge : "";
    if (wrong) {
      event.preventDefault();
      said.textContent = wrong;
      said.classList.add("wrong");
      return;
    }
    said.classList.remove("wrong");
    said.textContent = "";
    send.classList.add("busy");
    setTimeout(() => { send.disabled = true; });
  });
  addEventListener("pageshow", () => {
    send.disabled = false;
    send.classList.remove("busy");
    said.textContent = "";
    show();
  });
}
