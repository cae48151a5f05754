// What people see and do. `begin` and `ask` come from alone.js (the worker in this file) or served.js (a server).

const data = JSON.parse(document.getElementById("data").textContent);
const one = (id) => document.getElementById(id);
const cards = []; // {file, element, row, refused}, the newest first
const FEW = 5;
let working = false, numbered = 0;

// ------------------------------------------------------------------------------------- words and numbers

// Control signs, and signs that turn the order of a text, steer nothing here.
const shown = (text) => String(text).replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, "?");

// The same for sentences of ours, in which names are isolated by signs that come in pairs.
const spoken = (text) => text.split(/([\u2068\u2069])/u).map((part, at) => (at % 2 ? part : shown(part))).join("");

function percent(share) {
  const whole = Math.round(100 * share);
  if (whole === 100 && share < 1) return "over 99 %";
  return whole === 0 && share > 0 ? "under 1 %" : `${whole} %`;
}

function listed(names) { // for example "ants, bees and wasps"
  return [names.slice(0, -1).join(", "), names.at(-1)].filter(Boolean).join(" and ");
}

const sentence = (text) => `${spoken(text).replace(/^[a-z]/, (first) => first.toUpperCase()).replace(/[.!?]$/, "")}.`;
const counted = (count, one, several = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : several}`;

function made(tag, named, ...inside) {
  const element = document.createElement(tag);
  if (named) element.className = named;
  element.append(...inside);
  return element;
}

function name(text) {
  const element = made("bdi", "", shown(text));
  element.dir = "auto";
  return element;
}

function button(text, act, kind = "small") {
  const element = made("button", kind, text);
  element.type = "button";
  element.addEventListener("click", () => act(element));
  return element;
}

const now = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const say = (text) => { one("said").textContent = text; };

// ------------------------------------------------------------------------------------------- the answers

function surely(row) {
  const share = percent(row.probability).replace(/^[a-z]/, (first) => first.toUpperCase());
  if (row.none_of_these) return "It resembles none of the pictures that this classifier learned from.";
  if (!row.set) return `${share} sure.`;
  const others = row.set.filter((other) => other !== row.label);
  if (!row.set.length) return `${share}: no class is sure enough for the 95 % set.`;
  if (!others.length) return `${share}. The 95 % set holds this class alone.`;
  return `${share}. The 95 % set holds ${counted(row.set.length, "class", "classes")} (in colour): it may be any of them.`;
}

function bars(row, names) {
  const list = made("dl", "bars");
  for (const called of names) {
    const share = row.probabilities[called], fill = made("span", "fill"), inside = row.set?.includes(called);
    fill.style.width = `${100 * share}%`;
    const rail = made("span", "rail", fill);
    rail.setAttribute("aria-hidden", "true");
    const line = made("div", `row${inside ? " inside" : ""}${called === row.label ? " first" : ""}`);
    const told = made("dd", "", rail, made("span", "share", percent(share)));
    if (inside) told.append(made("span", "unseen", ", in the 95 % set"));
    line.append(made("dt", "", name(called)), told);
    list.append(line);
  }
  return list;
}

function chances(row) {
  const order = Object.keys(row.probabilities).sort((a, b) => row.probabilities[b] - row.probabilities[a]);
  const few = Math.max(FEW, Math.min(row.set?.length ?? 0, 2 * FEW));
  if (order.length <= few + 1) return [bars(row, order)];
  const rest = bars(row, order.slice(few)), box = made("div", "all", rest);
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "All other classes");
  box.hidden = true;
  const more = button(`Show all ${counted(order.length, "class", "classes")}`, () => {
    box.hidden = !box.hidden;
    more.setAttribute("aria-expanded", String(!box.hidden));
  });
  more.setAttribute("aria-expanded", "false");
  return [bars(row, order.slice(0, few)), made("p", "", more), box];
}

function hints(notes) {
  const told = notes.map((note) => data.notes[note]).filter(Boolean);
  if (!told.length) return [];
  return [made("ul", "hints", ...told.map((text) => made("li", "", text)))];
}

function heading(row) {
  const title = made("h3");
  if (row.none_of_these) title.append("Perhaps none of these");
  else title.append(name(row.label));
  return title;
}

function sureLine(row) {
  const line = made("p", "sure");
  if (row.none_of_these) line.append("Closest: ", name(row.label), ` (${percent(row.probability)}). `);
  line.append(surely(row));
  return line;
}

function fill(card, found) {
  const { element } = card, { row } = found;
  Object.assign(card, { row, model: found.model });
  element.className = `card${row.none_of_these ? " doubt" : ""}`;
  const told = element.querySelector(".told"), seconds = `${found.seconds.toFixed(1)} s`;
  const file = made("p", "file", name(card.file.name), made("span", "", [now(), seconds, found.by].filter(Boolean).map(shown).join(" · ")));
  const acts = made("p", "acts", ...actsOf(card, found), copyButton("Copy as JSON", () => json(row)), removing(card));
  told.replaceChildren(file, heading(row), sureLine(row), ...chances(row), ...hints(found.notes), acts);
  if (found.thumbnail) picture(element, found.thumbnail, card.file.name);
  say(`${shown(card.file.name)}: ${row.none_of_these ? "perhaps none of these" : `${shown(row.label)}, ${percent(row.probability)}`}`);
}

function refuse(card, reason) {
  card.refused = reason;
  card.element.className = "card refused";
  const told = card.element.querySelector(".told");
  told.replaceChildren(made("p", "file", name(card.file.name)), made("h3", "", "Not answered"), made("p", "", sentence(reason)), made("p", "acts", removing(card)));
  card.element.querySelector(".seen").replaceChildren(made("span", "gone", "no picture"));
  say(`${shown(card.file.name)} was not answered: ${spoken(reason)}`);
}

function picture(element, blob, called) {
  const image = made("img"), address = URL.createObjectURL(blob);
  image.alt = `The picture ${shown(called)}`;
  image.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
  image.src = address;
  element.querySelector(".seen").replaceChildren(image);
}

function removing(card) {
  const remove = button("Remove", () => {
    const place = cards.indexOf(card), next = cards[place + 1] ?? cards[place - 1];
    cards.splice(place, 1);
    card.element.remove();
    count();
    (next?.element.querySelector("button") ?? (cards.length ? one("answers-title") : one("choose"))).focus();
  });
  remove.setAttribute("aria-label", `Remove ${shown(card.file.name)}`);
  return remove;
}

// -------------------------------------------------------------------------------------- pictures come in

function given(files) {
  const some = [...files];
  if (!some.length || one("choose").disabled) return;
  one("answers").hidden = false;
  for (const file of some) {
    const element = made("li", "card waits", made("div", "seen", made("span", "gone", "…")), made("div", "told", made("p", "file", name(file.name)), made("h3", "", "waits …")));
    const card = { file, element, number: numbered += 1 };
    cards.unshift(card);
    one("cards").prepend(element);
  }
  count();
  if (!working) void work();
}

async function work() {
  working = true;
  for (let card = next(); card; card = next()) {
    card.begun = true;
    card.element.querySelector("h3").textContent = "answering …";
    try {
      const found = await ask(card.file);
      if (cards.includes(card)) fill(card, found);
    } catch (error) {
      refuse(card, error.message);
    }
    count();
  }
  working = false;
}

const next = () => cards.findLast((card) => !card.begun); // the one that came first

function count() {
  const done = cards.filter((card) => card.row), refused = cards.filter((card) => card.refused).length;
  const left = cards.length - done.length - refused, none = done.filter((card) => card.row.none_of_these).length;
  const parts = [counted(done.length, "picture") + " answered"];
  if (none) parts.push(`${none} of them perhaps none of the classes`);
  if (refused) parts.push(`${refused} not answered`);
  if (left) parts.push(`${left} to go`);
  one("sum").textContent = `${parts.join(", ")}.`;
  one("answers").hidden = !cards.length;
  for (const id of ["table", "copy"]) one(id).disabled = !done.length && !refused;
}

// ------------------------------------------------------------------------------------ answers go elsewhere

const json = (value) => JSON.stringify(value, null, 1);

function copyButton(text, content, kind) {
  return button(text, async (pressed) => {
    try {
      await navigator.clipboard.writeText(content());
      pressed.textContent = "Copied";
    } catch {
      save(content(), "answers.json", "application/json"); // a page from a file may not be let near the clipboard
      pressed.textContent = "Saved as a file";
    }
    setTimeout(() => { pressed.textContent = text; }, 1800);
  }, kind);
}

const rows = () => cards.toReversed().map((card) => card.row ?? (card.refused ? { name: card.file.name, error: card.refused } : null)).filter(Boolean);

function save(text, called, type) {
  const link = made("a"), address = URL.createObjectURL(new Blob([text], { type }));
  link.href = address;
  link.download = called;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

const joined = (members) => members.map((called) => called.replace(/[\\|]/g, "\\$&")).join("|");

// As `headstart predict --csv` writes it: for Excel it begins with a mark, and no cell is a formula (base/cells.py).
function table() {
  const harmless = (text) => (/^'*[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text);
  const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const path = (text) => (harmless(text) === text ? text : `./${text}`);
  const classes = data.classes.length ? data.classes : [...new Set(cards.flatMap((card) => card.model?.classes ?? []))]; // keys of objects would be sorted
  const lines = [["path", "label", "probability", "set", "none_of_these", "reason", ...classes.map((called) => `p_${called}`)]];
  for (const row of rows()) {
    if (row.error) lines.push([path(row.name), "", "", "", "", harmless(row.error), ...classes.map(() => "")]);
    else lines.push([path(row.name), harmless(row.label), row.probability, harmless(joined(row.set ?? [])), row.none_of_these ?? "", "", ...classes.map((called) => row.probabilities[called] ?? "")]);
  }
  return `\ufeff${lines.map((cells) => cells.map((cell) => quoted(String(cell))).join(",")).join("\n")}\n`;
}

// ---------------------------------------------------------------------------------------------- the camera

async function openCamera() {
  if (matchMedia("(pointer: coarse)").matches || !navigator.mediaDevices?.getUserMedia) return void one("phone").click();
  try {
    one("live").srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 }, facingMode: "environment" } });
    one("camera").showModal();
  } catch (error) {
    say("");
    tellState("ready", `The camera cannot be used (${error.name === "NotAllowedError" ? "the browser was not allowed to" : error.message}). Pictures can still be chosen, dropped or pasted.`);
  }
  return undefined;
}

function closeCamera() {
  for (const track of one("live").srcObject?.getTracks() ?? []) track.stop();
  one("live").srcObject = null;
}

function shoot() {
  const live = one("live"), canvas = made("canvas");
  if (!live.videoWidth) return;
  [canvas.width, canvas.height] = [live.videoWidth, live.videoHeight];
  canvas.getContext("2d").drawImage(live, 0, 0);
  canvas.toBlob((blob) => given([new File([blob], `camera-${numbered + 1}.png`, { type: "image/png" })]), "image/png");
  one("camera").close();
}

// ------------------------------------------------------------------------------------------------- begins

function tellState(is, text, share = 0) {
  one("state").dataset.is = is;
  one("told").textContent = text;
  one("progress").value = share;
}

function stop(why) {
  tellState("stopped", why);
  for (const id of ["choose", "snap"]) one(id).disabled = true;
}

function listen() {
  one("choose").addEventListener("click", () => one("files").click());
  one("snap").addEventListener("click", openCamera);
  for (const id of ["files", "phone"]) one(id).addEventListener("change", ({ target }) => { given(target.files); target.value = ""; });
  for (const kind of ["dragenter", "dragover"]) addEventListener(kind, (event) => { event.preventDefault(); one("drop").classList.add("over-it"); });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) one("drop").classList.remove("over-it"); });
  addEventListener("drop", (event) => { event.preventDefault(); one("drop").classList.remove("over-it"); given(event.dataTransfer.files); });
  addEventListener("paste", (event) => given(event.clipboardData.files));
  one("shoot").addEventListener("click", shoot);
  one("away").addEventListener("click", () => one("camera").close());
  one("camera").addEventListener("close", closeCamera);
  one("table").addEventListener("click", () => save(table(), "answers.csv", "text/csv"));
  one("clear").addEventListener("click", () => { cards.length = 0; one("cards").replaceChildren(); count(); one("choose").focus(); });
  one("copy").replaceWith(Object.assign(copyButton("Copy as JSON", () => json(rows()), "plain"), { id: "copy" }));
}

listen();
furnish();
begin((text, share) => tellState("begins", `${text} …`, share)).then((told) => {
  for (const id of ["choose", "snap"]) one(id).disabled = false;
  tellState("ready", told);
}, (error) => stop(error.message));
