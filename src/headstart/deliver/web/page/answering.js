// The worker: unpacks the engine and the classifier, checks itself, and answers one picture after the other.
"use strict";

const WANTED = ["probabilities", "set", "none_of_these"];
let session = null, setup = null;

async function unpacked(text) {
  const packed = atob(text), bytes = new Uint8Array(packed.length);
  for (let k = 0; k < packed.length; k += 1) bytes[k] = packed.charCodeAt(k);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Undoes what `_planes` of page.py has done.
function woven(planes) {
  const whole = new Uint8Array(planes.length);
  for (let place = 0, at = 0; place < 4; place += 1) for (let to = place; to < whole.length; to += 4, at += 1) whole[to] = planes[at];
  return whole;
}

async function start(given) {
  setup = given.setup;
  tell({ step: "Unpacking the engine", share: 0.1 });
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = (await unpacked(given.wasm)).buffer;
  tell({ step: "Unpacking the classifier", share: 0.4 });
  const graph = woven(await unpacked(given.graph));
  tell({ step: "Starting the classifier", share: 0.6 });
  session = await ort.InferenceSession.create(graph, { executionProviders: ["wasm"], logSeverityLevel: 3 });
  tell({ step: "Checking its answers", share: 0.8 });
  const checks = [];
  for (const one of setup.checks) checks.push(await checked(one));
  tell({ ready: true, checks });
}

// The same pictures as Python has answered: a browser that answers them otherwise must not answer at all.
async function checked(one) {
  const picture = Uint8Array.from(atob(one.picture), (sign) => sign.charCodeAt(0));
  const answer = await answered(await readPicture(picture, setup));
  const apart = Math.max(...one.probabilities.map((value, k) => Math.abs(value - answer.probabilities[k])));
  return { name: one.name, apart, right: apart <= one.most }; // of what is no number, nothing is right
}

async function answered(picture) {
  const square = framed(picture, setup.preprocessing, setup.short);
  const tensor = new ort.Tensor("uint8", square.pixels, [1, square.height, square.width, 3]);
  const said = await session.run({ pictures: tensor }, session.outputNames.filter((name) => WANTED.includes(name)));
  return {
    probabilities: Array.from(said.probabilities.data),
    members: said.set ? Array.from(said.set.data, Boolean) : null,
    none: said.none_of_these ? Boolean(said.none_of_these.data[0]) : null,
    notes: picture.notes,
  };
}

async function answer({ id, bytes }) {
  const begun = performance.now();
  try {
    const picture = await readPicture(new Uint8Array(bytes), setup);
    const said = await answered(picture);
    tell({ id, answer: said, seconds: (performance.now() - begun) / 1000, thumbnail: await thumbnail(picture) });
  } catch (error) {
    const reason = error instanceof Refused ? error.message : `it could not be answered (${error.message ?? error})`;
    tell({ id, refused: reason });
  }
}

function tell(message) { self.postMessage(message); }

let last = Promise.resolve(); // one picture after the other, so that a phone's memory holds one

self.onmessage = ({ data }) => {
  if (data.start) start(data.start).catch((error) => tell({ failed: String(error.message ?? error) }));
  else last = last.then(() => answer(data.picture));
};
