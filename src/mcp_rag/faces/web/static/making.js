// A form's answer while the server makes it: how far the log is read, a language model's draft, and then the answer itself.
// Whatever goes wrong before the first word is left to the form as it is without JavaScript.
const DRAFT_CHARACTERS = 1200;

async function* told(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (held + value).split("\n\n");
    held = parts.pop();
    for (const part of parts) {
      const data = part.split("\n").find((line) => line.startsWith("data: "));
      if (data) yield JSON.parse(data.slice(6));
    }
  }
}

// A draft of a diagnosis is JSON that is not whole yet: what it says stands in its texts.
function readable(draft) {
  const texts = [...draft.matchAll(/"(?:text|cannot_tell)"\s*:\s*"((?:[^"\\]|\\.)*)/g)];
  if (!texts.length) return draft.trimStart().startsWith("{") ? "" : draft;
  return texts.map(([, text]) => {
    try { return JSON.parse(`"${text}"`); } catch { return text; }
  }).filter(Boolean).join("\n");
}

// What cannot be seen is named by its code point, as on every page: controls, zero width, changes of direction.
const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const visible = (text) => text.replace(UNSEEN, (found) => `⟨${found.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);

// What was checked leaves the draft: all up to the sentence that is being written.
const WHOLE_SENTENCES = /^[^]*(?:[.!?](?=[\s[])|[。！？]|\n)(?:[ \t]*\[[^[\]\n]*\])*\s*/;

class Making {
  constructor(form) {
    this.form = form;
    this.box = document.getElementById(form.dataset.told);
    this.words = this.box.dataset;
    [this.step, this.bar, this.said, this.draft, this.text] =
      [".making-step", "progress", ".making-said", ".draft", ".draft-text"].map((name) => this.box.querySelector(name));
    this.written = "";
    this.box.hidden = false;
    this.step.classList.remove("wrong");
    this.say(this.words.step);
    this.said.replaceChildren();
    this.write("");
    this.bar.hidden = true;
  }

  say(text) {
    if (this.step.textContent !== text) this.step.textContent = text;
  }

  write(text) {
    this.written = text;
    const shown = visible(readable(text));
    this.text.textContent = shown.length > DRAFT_CHARACTERS ? `… ${shown.slice(-DRAFT_CHARACTERS)}` : shown;
    const first = this.draft.hidden && shown;
    this.draft.hidden = !shown;
    if (first) this.box.scrollIntoView({ block: "nearest" });
  }

  add(text, quiet) {
    const line = document.createElement("p");
    line.textContent = visible(text);
    line.className = quiet ? "small quiet-text mono" : "";
    this.said.append(line);
  }

  hear(event) {
    if (event.event === "progress") {
      this.bar.hidden = false;
      this.bar.value = event.done / Math.max(event.total, 1);
      this.say(this.words.read.replace("{percent}", Math.floor(this.bar.value * 100)));
    } else if (event.event === "token") {
      this.bar.hidden = true;
      this.say(this.words.draft);
      this.write(this.written + event.text);
    } else if (event.event === "tool") {
      this.write("");
      this.add(`${event.name}: ${event.summary}`, true);
    } else if (event.event === "statement") {
      this.write(this.written.replace(WHOLE_SENTENCES, ""));
      if (event.supported) this.add(event.text, false);
    } else if (event.event === "withheld") {
      this.write(this.written.replace(WHOLE_SENTENCES, ""));
    }
  }

  fail(what) {
    this.write("");
    this.bar.hidden = true;
    this.said.replaceChildren();
    this.step.classList.add("wrong");
    this.say(what);
  }
}

function take(event, form) {
  if (event.address) return location.assign(event.address);
  const old = document.getElementById(form.dataset.into);
  old.insertAdjacentHTML("afterend", event.html); // rendered by the server, which escapes every text
  old.remove();
  const now = document.getElementById(form.dataset.into);
  listen(now);
  [...now.querySelectorAll(".asked")].at(-1)?.focus();
}

async function send(form, submitter) {
  const making = new Making(form);
  let answer = null;
  try {
    const body = new FormData(form, submitter);
    const sent = form.enctype === "multipart/form-data" ? body : new URLSearchParams(body);
    answer = await fetch(form.action, { method: "POST", body: sent, headers: { accept: "text/event-stream" } });
  } catch { /* the form itself will tell */ }
  if (!answer?.ok || !answer.headers.get("content-type")?.startsWith("text/event-stream")) {
    form.dataset.plain = "yes";
    return form.requestSubmit(submitter);
  }
  const broken = making.words.broken;
  try {
    for await (const event of told(answer)) {
      if (event.event === "page") return take(event, form);
      if (event.event === "error") return making.fail([event.error.what, event.error.why, event.error.next].filter(Boolean).join(". "));
      making.hear(event);
    }
    making.fail(broken);
  } catch {
    making.fail(broken);
  }
}

function settle(form) {
  form.removeAttribute("aria-busy");
  for (const button of form.querySelectorAll("button")) {
    button.disabled = false;
    button.classList.remove("busy");
  }
  const said = document.getElementById("intake-said");
  if (said && !said.classList.contains("wrong")) said.textContent = "";
}

function listen(part) {
  for (const form of part.querySelectorAll("form[data-told]")) {
    form.addEventListener("submit", async (event) => {
      if (event.defaultPrevented || form.dataset.plain) return;
      event.preventDefault();
      if (form.ariaBusy === "true") return;
      form.ariaBusy = "true";
      const submitter = event.submitter;
      await send(form, submitter);
      if (!form.dataset.plain) settle(form);
    });
  }
}

listen(document);
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-told]")) {
    delete form.dataset.plain;
    settle(form);
  }
  for (const box of document.querySelectorAll(".making")) box.hidden = true;
});
