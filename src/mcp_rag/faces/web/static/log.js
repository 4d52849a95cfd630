// The log of a diagnosis, windowed: only the lines in sight are in the page, the rest is asked for in slices.
const box = document.getElementById("lines");
if (box) start();

function start() {
  const space = box.querySelector(".lines-space");
  const sight = box.querySelector(".lines-window");
  const map = document.getElementById("map");
  const said = document.getElementById("place-said");
  const announcer = document.getElementById("announcer");
  const { total, url, line } = { ...box.dataset, total: Number(box.dataset.total), line: Number(box.dataset.line) };
  const words = box.dataset;
  const ROW = 20, SLICE = 400, AHEAD = 30;
  const places = words.places ? words.places.split(" ").map((text) => text.split("-").map(Number)) : [];
  const cited = new Map(words.citations ? words.citations.split(" ").map((text) => {
    const [at, number, ...anchor] = text.split("-");
    return [Number(at), { number: Number(number), anchor: anchor.join("-") }];
  }) : []);

  // Rows are the lines that are kept, and one row for each gap between them.
  const stretches = [];
  let rows = 0, after = 1;
  const gap = (first, last) => { if (first <= last) stretches.push({ row: rows++, first, last, gap: true }); };
  for (const [first, last] of JSON.parse(words.planned)) {
    gap(after, first - 1);
    stretches.push({ row: rows, first, last });
    rows += last - first + 1;
    after = last + 1;
  }
  gap(after, total);
  // On a narrow screen a short log takes no more room than it needs.
  document.getElementById("log").style.setProperty("--total", rows + 1);

  const stretchAt = (row) => stretches.findLast((one) => one.row <= row) ?? stretches[0];
  const rowOf = (number) => {
    const one = stretches.find((each) => number <= each.last) ?? stretches.at(-1);
    return one.gap ? one.row : one.row + number - one.first;
  };
  const lineAt = (row) => {
    const one = stretchAt(row);
    return one.gap ? null : one.first + row - one.row;
  };

  const texts = new Map(), asked = new Set();
  const slice = (number) => Math.floor((number - 1) / SLICE);
  async function ask(number, again = 0) {
    const part = slice(number);
    if (asked.has(part)) return;
    asked.add(part);
    try {
      const answer = await fetch(`${url}?first=${part * SLICE + 1}&last=${(part + 1) * SLICE}`, { headers: { accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.statusText);
      const found = await answer.json();
      for (const [at, text] of found.lines) texts.set(at, text);
      if (found.waiting && again < 60) setTimeout(() => { asked.delete(part); ask(number, again + 1); }, 1000);
    } catch {
      setTimeout(() => asked.delete(part), 2000);
    }
    draw();
  }

  let here = Number((location.hash.match(/^#L(\d+)$/) ?? [])[1] ?? 0);
  function make(row) {
    const element = document.createElement("div");
    const number = document.createElement("a");
    const text = document.createElement("span");
    element.className = "row";
    number.className = "n";
    text.className = "x";
    const at = lineAt(row);
    if (at === null) {
      const { first, last } = stretchAt(row);
      element.classList.add("gap");
      text.textContent = words.gap.replace("{first}", first.toLocaleString("en")).replace("{last}", last.toLocaleString("en"));
      element.append(number, text);
      return element;
    }
    element.id = `L${at}`;
    number.href = `?line=${at}#L${at}`;
    number.tabIndex = -1;
    number.dataset.line = at;
    number.textContent = at;
    element.append(number);
    if (places.some(([first, last]) => first <= at && at <= last)) element.classList.add("marked");
    if (places.some((place) => place[2] === at)) element.classList.add("key");
    if (at === here) element.classList.add("here");
    const mark = cited.get(at);
    if (mark) {
      const back = document.createElement("a");
      back.className = "back";
      back.href = `#${mark.anchor}`;
      back.textContent = mark.number;
      back.setAttribute("aria-label", words.back.replace("{number}", mark.number));
      element.append(back);
    }
    if (texts.has(at)) text.textContent = texts.get(at);
    else { element.classList.add("wait"); text.textContent = asked.has(slice(at)) ? `… ${words.waiting}` : "…"; ask(at); }
    element.append(text);
    return element;
  }

  let held = "";
  function draw(force = true) {
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - AHEAD);
    const last = Math.min(rows, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + AHEAD);
    if (!force && held === `${first}-${last}`) return;
    held = `${first}-${last}`;
    const focused = sight.contains(document.activeElement) ? document.activeElement.closest(".row")?.id : null;
    sight.replaceChildren(...Array.from({ length: last - first }, (_, place) => make(first + place)));
    sight.style.transform = `translateY(${first * ROW}px)`;
    if (focused) document.getElementById(focused)?.querySelector(".back")?.focus({ preventScroll: true });
    const view = document.getElementById("map-view");
    const from = lineAt(Math.floor(box.scrollTop / ROW)) ?? stretchAt(Math.floor(box.scrollTop / ROW)).first;
    const height = Math.max(6, (box.clientHeight / ROW / Math.max(total, 1)) * 1000);
    view.setAttribute("y", Math.min(((from - 1) / Math.max(total, 1)) * 1000, 1000 - Math.min(height, 1000)));
    view.setAttribute("height", Math.min(height, 1000));
  }

  function go(number, { focus = false, smooth = true } = {}) {
    here = Math.max(1, Math.min(total, number));
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const top = Math.max(0, rowOf(here) * ROW - box.clientHeight / 3);
    const near = Math.abs(top - box.scrollTop) < 4000;
    box.scrollTo({ top, left: 0, behavior: smooth && near && !calm ? "smooth" : "instant" });
    history.replaceState(null, "", `?line=${here}#L${here}`);
    draw();
    if (focus) box.focus({ preventScroll: true });
  }

  // Take over from the page that the server wrote.
  for (const row of sight.querySelectorAll(".row[id]")) texts.set(Number(row.id.slice(1)), row.querySelector(".x").textContent);
  space.style.height = `${rows * ROW}px`;
  box.addEventListener("scroll", () => requestAnimationFrame(() => draw(false)), { passive: true });
  addEventListener("resize", () => draw());
  if (total) {
    box.scrollTop = Math.max(0, rowOf(here || line) * ROW - box.clientHeight / 3);
    draw();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-line]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(Number(link.dataset.line));
    if (!box.contains(link)) {
      if (!map.contains(link)) box.focus({ preventScroll: true });
      const { top, bottom } = box.getBoundingClientRect();
      if (top > innerHeight - 80 || bottom < 80) document.getElementById("log").scrollIntoView();
    }
  });
  map.addEventListener("click", (event) => {
    if (event.target.closest("a")) return;
    const { top, height } = map.getBoundingClientRect();
    go(Math.round(((event.clientY - top) / height) * total) || 1);
  });
  document.querySelector(".goto")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const number = Number(document.getElementById("goto").value);
    if (number) go(number, { focus: true });
  });

  const ordered = [...places].sort((one, other) => one[0] - other[0]);
  let place = ordered.findIndex(([, , key]) => key === line);
  function jump(by) {
    if (!ordered.length) return;
    place = (place + by + ordered.length) % ordered.length;
    const [first, last, key] = ordered[place];
    go(key);
    const values = { number: place + 1, total: ordered.length, first, last };
    const text = words.place.replace(/\{(\w+)\}/g, (_, name) => values[name].toLocaleString("en"));
    said.textContent = `${place + 1} / ${ordered.length}`;
    announcer.textContent = text;
  }
  document.getElementById("next")?.addEventListener("click", () => jump(1));
  document.getElementById("previous")?.addEventListener("click", () => jump(-1));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "n") jump(1);
    if (event.key === "p") jump(-1);
  });
}
