// The answers come from the worker: engine and classifier lie in this file, and no request is made.
"use strict";

const waiting = new Map();
let worker = null;

function part(name) {
  const element = document.getElementById(name), text = element.textContent;
  element.remove(); // 20 MB that nobody reads twice
  return text;
}

async function unpackedText(packed) {
  const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

function lacking() {
  const needed = { DecompressionStream: "2023", OffscreenCanvas: "2023", Worker: "2012", WebAssembly: "2017", createImageBitmap: "2021" };
  return Object.keys(needed).filter((name) => !(name in window));
}

// Resolves to what was found when the page checked itself; rejects with why it cannot answer.
async function begin(tell) {
  if (lacking().length) throw new Error(`This browser is too old: it lacks ${lacking().join(", ")}. Chrome, Edge, Firefox or Safari of 2023 or later will do.`);
  tell("Unpacking the engine", 0.05);
  const source = [await unpackedText(part("engine")), part("framing"), part("reading"), part("answering")];
  worker = new Worker(URL.createObjectURL(new Blob(source, { type: "text/javascript" })));
  const checks = await new Promise((done, stopped) => {
    worker.onerror = (event) => stopped(new Error(event.message || "This browser starts no worker from a file. Try Chrome, Edge or Firefox."));
    worker.onmessage = ({ data: message }) => {
      if (message.step) tell(message.step, message.share);
      else if (message.failed) stopped(new Error(`The classifier could not be started here (${message.failed}).`));
      else if (message.ready) done(message.checks);
      else arrived(message);
    };
    worker.postMessage({ start: { setup: { ...data.setup, checks: data.checks }, wasm: part("wasm"), graph: part("graph") } });
  });
  worker.onerror = (event) => lost(event.message || "the browser ended the worker; perhaps its memory is full");
  return checked(checks);
}

function checked(checks) {
  const wrong = checks.find((one) => !one.right), worst = Math.max(...checks.map((one) => one.apart));
  if (wrong) {
    throw new Error(`This browser answers otherwise than Python does: ${wrong.name} is ${wrong.apart.toFixed(3)} apart, in probability. So the page gives no answers here. Try another browser.`);
  }
  return `Checked: on ${checks.length} test pictures this browser answers as Python does (largest difference ${worst < 0.00001 ? "under 0.00001" : worst.toFixed(5)}). Ready.`;
}

function arrived(message) {
  const { done, refused, file } = waiting.get(message.id);
  waiting.delete(message.id);
  if (message.refused) refused(new Error(message.refused));
  else done({ row: rowOf(file.name, message.answer), notes: message.answer.notes, seconds: message.seconds, thumbnail: message.thumbnail });
}

function lost(reason) {
  for (const { refused } of waiting.values()) refused(new Error(`it could not be answered (${reason}). Load the page again`));
  waiting.clear();
  stop(`The classifier stopped (${reason}). Load the page again.`);
}

function rowOf(name, { probabilities, members, none, notes }) {
  const order = probabilities.map((_, k) => k).sort((one, other) => probabilities[other] - probabilities[one]);
  return {
    name, label: data.classes[order[0]], probability: probabilities[order[0]],
    set: members && order.filter((k) => members[k]).map((k) => data.classes[k]),
    none_of_these: none,
    probabilities: Object.fromEntries(data.classes.map((called, k) => [called, probabilities[k]])),
    notes: notes.filter((note) => note !== "sixteen"), // which is only this page's
  };
}

// Resolves to {row, notes, seconds, thumbnail} of a file; rejects with the reason.
async function ask(file) {
  let bytes;
  try {
    bytes = await file.arrayBuffer();
  } catch {
    throw new Error("it cannot be opened; a folder must be opened, and its pictures chosen");
  }
  return new Promise((done, refused) => {
    const id = waiting.size ? Math.max(...waiting.keys()) + 1 : 1;
    waiting.set(id, { done, refused, file });
    worker.postMessage({ picture: { id, bytes } }, [bytes]);
  });
}

function furnish() {}
function actsOf() { return []; }
