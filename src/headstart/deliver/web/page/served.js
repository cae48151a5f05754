// The answers come from the server that has sent this page.
"use strict";

const TRIES = 4, SHOWN_SIDE = 640, LEAST_HEAT = 0.1;
const FOR = [[255, 205, 110], [214, 60, 0]], AGAINST = [[150, 200, 255], [0, 70, 200]]; // weak and strong, as in the report
let models = [], token = "", seconds = 1;

const headers = (more = {}) => (token ? { ...more, Authorization: `Bearer ${token}` } : more);
const chosen = () => models[one("model").selectedIndex] ?? models[0];
const asked = (what) => `v1/${what}?model=${encodeURIComponent(chosen().name)}`;

class Said extends Error {
  constructor(status, text) { super(text); this.status = status; }
}

async function problem(answer) {
  const told = await answer.json().catch(() => ({}));
  return new Said(answer.status, [told.detail ?? told.title ?? `the server said ${answer.status}`, told.hint].filter(Boolean).map((part) => part.replace(/\.$/, "")).join(". "));
}

async function fetched(address, options) {
  for (let tried = 1; ; tried += 1) {
    let answer;
    try {
      answer = await fetch(address, { credentials: "same-origin", ...options });
    } catch {
      throw new Said(0, "the server does not answer: is it still running?");
    }
    if (answer.ok) return answer.json();
    if (![429, 503].includes(answer.status) || tried === TRIES) throw await problem(answer);
    const wait = Number(answer.headers.get("Retry-After")) || seconds; // it is busy, and says until when
    await new Promise((go) => { setTimeout(go, 1000 * Math.min(wait, 10)); });
  }
}

// Resolves to a sentence when the server has said what it knows.
async function begin(tell) {
  tell("Asking the server", 0.5);
  for (;;) {
    try {
      ({ models } = await fetched("v1/models", { headers: headers() }));
      break;
    } catch (error) {
      if (error.status !== 401) throw error;
      await tokenGiven(token ? "The server does not know this token" : "The server asks for a token");
    }
  }
  one("model").replaceChildren(...models.map((model) => made("option", "", shown(model.name))));
  one("which").hidden = models.length < 2;
  one("model").addEventListener("change", introduce);
  introduce();
  return `${counted(models.length, "classifier")} ready on ${location.host}.`;
}

function tokenGiven(why) {
  tellState("begins", `${why}: give it below.`, 0.5);
  one("token-form").hidden = false;
  one("token").focus();
  return new Promise((go) => {
    one("token-form").addEventListener("submit", (event) => {
      event.preventDefault();
      token = one("token").value.trim();
      one("token-form").hidden = true;
      go();
    }, { once: true });
  });
}

function introduce() {
  const model = chosen(), question = `${[model.classes.slice(0, -1).join(", "), model.classes.at(-1)].filter(Boolean).join(" or ")}?`;
  one("title").replaceChildren(name(model.classes.length <= 4 && question.length <= 45 ? question : model.name));
  document.title = `${shown(model.name)} · headstart`;
  const accuracy = model.accuracy === null ? "" : ` It was right on ${(100 * model.accuracy).toFixed(1)} % of ${counted(model.measured_on, "held-out picture")}.`;
  one("known").replaceChildren(name(model.name), ` knows ${counted(model.classes.length, "class", "classes")} (${shown([model.strategy, model.network].filter(Boolean).join(" on "))}, version ${shown(model.version)}).${accuracy}`);
  one("names").replaceChildren(...model.classes.map((called) => made("li", "", name(called))));
  const address = new URL(asked("predict"), location.href).href, bearer = token ? " -H 'Authorization: Bearer TOKEN'" : "";
  one("curl").textContent = `curl -H 'Content-Type: image/jpeg'${bearer} --data-binary @picture.jpg '${address.replaceAll("'", "%27")}'`;
  one("python").textContent = [
    "import json, urllib.request", "",
    'picture = open("picture.jpg", "rb").read()',
    `headers = {"Content-Type": "image/jpeg"${token ? ', "Authorization": "Bearer TOKEN"' : ""}}`,
    `request = urllib.request.Request(${JSON.stringify(address)}, picture, headers)`,
    'print(json.load(urllib.request.urlopen(request))["answers"][0])',
  ].join("\n");
}

function furnish() {
  for (const id of ["curl", "python"]) one(`copy-${id}`).replaceWith(copyButton("Copy", () => one(id).textContent));
}

async function sent(what, file) {
  return fetched(asked(what), { method: "POST", body: file, headers: headers({ "Content-Type": "application/octet-stream" }) });
}

// Resolves to {row, notes, seconds, thumbnail, by} of a file; rejects with the reason.
async function ask(file) {
  const begun = performance.now(), said = await sent("predict", file), [answer] = said.answers;
  if (answer.error) throw new Error(answer.error);
  const canvas = await drawn(file);
  return {
    row: { ...answer, name: file.name }, notes: answer.notes, seconds: (performance.now() - begun) / 1000,
    thumbnail: canvas && await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.85); }),
    by: `${said.model} ${said.version}`, model: chosen(),
  };
}

// The picture on a canvas, or nothing where only the server can read it.
async function drawn(file) {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, SHOWN_SIDE / Math.max(bitmap.width, bitmap.height)), canvas = made("canvas");
    [canvas.width, canvas.height] = [Math.max(1, bitmap.width * scale), Math.max(1, bitmap.height * scale)];
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return canvas;
  } catch {
    return null;
  }
}

// --------------------------------------------------------------------------------------------- the heat map

function actsOf(card) {
  const look = button("Where it looks", () => heat(card, look));
  look.setAttribute("aria-pressed", "false");
  return [look];
}

async function heat(card, look) {
  const seen = card.element.querySelector(".seen");
  if (look.getAttribute("aria-pressed") === "true") {
    seen.replaceChildren(card.before);
    card.element.querySelector(".looked")?.remove();
    look.setAttribute("aria-pressed", "false");
    return;
  }
  look.disabled = true;
  look.textContent = "looking …";
  try {
    card.heat ??= await sent("heat", card.file);
    show(card, seen, await drawn(card.file));
    look.setAttribute("aria-pressed", "true");
  } catch (error) {
    say(`No heat map: ${error.message}`);
    card.element.querySelector(".acts").before(made("p", "looked", `No heat map: ${spoken(error.message)}.`));
  } finally {
    look.disabled = false;
    look.textContent = "Where it looks";
  }
}

function show(card, seen, canvas) {
  const found = card.heat, full = Math.max(LEAST_HEAT, ...found.cells.flat().map(Math.abs));
  card.before = seen.firstChild;
  card.element.querySelector(".looked")?.remove();
  if (canvas) {
    overlay(canvas, found, full);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Heat map: ${spoken(found.sentence)}`);
    seen.replaceChildren(canvas);
  }
  const told = made("p", "looked", `${spoken(found.sentence)} Orange speaks for `, name(found.label), `, blue against it; full colour is worth ${Math.round(100 * full)} points of its probability.`);
  card.element.querySelector(".acts").before(told);
  say(spoken(found.sentence));
}

function overlay(canvas, { cells, framing, shown: share }, full) {
  const pen = canvas.getContext("2d"), { width, height } = canvas;
  const side = framing === "crop" ? share * Math.min(width, height) : Math.max(width, height);
  const [across, down] = framing === "squash" ? [width, height] : [side, side];
  const small = made("canvas"), dots = new ImageData(8, 8);
  [small.width, small.height] = [8, 8];
  cells.flat().forEach((value, at) => {
    const [weak, strong] = value > 0 ? FOR : AGAINST, much = Math.abs(value) / full;
    dots.data.set([0, 1, 2].map((k) => weak[k] + (strong[k] - weak[k]) * much), 4 * at);
    dots.data[4 * at + 3] = 215 * Math.sqrt(much);
  });
  small.getContext("2d").putImageData(dots, 0, 0);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(small, (width - across) / 2, (height - down) / 2, across, down);
}
