// From the whole picture to the square that the network sees (pixels/framing.py), and Pillow's scaling, to the bit.
"use strict";

const PRECISION = 22, MOST_KEPT = 4;

function cubic(x) {
  const a = -0.5, far = Math.abs(x);
  if (far < 1) return ((a + 2) * far - (a + 3)) * far * far + 1;
  return far < 2 ? (((far - 5) * far + 8) * far - 4) * a : 0;
}

const sinc = (x) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));
const FILTERS = { // how far each reaches, and its weight at a distance
  bilinear: [1, (x) => Math.max(0, 1 - Math.abs(x))],
  bicubic: [2, cubic],
  lanczos: [3, (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0)],
};

// Pillow's weights in whole numbers (libImaging/Resample.c), for each place of the result: where it begins, and the weights.
function weightsOf(before, after, named) {
  if (named === "nearest") return nearest(before, after);
  const [reach, weight] = FILTERS[named], scale = before / after, stretch = Math.max(scale, 1), support = reach * stretch;
  return Array.from({ length: after }, (_, place) => {
    const centre = (place + 0.5) * scale, first = Math.max(0, Math.trunc(centre - support + 0.5));
    const last = Math.min(before, Math.trunc(centre + support + 0.5)), by = 1 / stretch;
    const raw = Array.from({ length: last - first }, (_, k) => weight((k + first - centre + 0.5) * by));
    const sum = raw.reduce((one, other) => one + other, 0);
    const whole = raw.map((one) => Math.trunc(one / sum * 2 ** PRECISION + (one < 0 ? -0.5 : 0.5)));
    return { first, weights: Int32Array.from(whole) };
  });
}

function nearest(before, after) {
  const one = Int32Array.of(1 << PRECISION), step = before / after, plan = [];
  for (let at = step / 2; plan.length < after; at += step) plan.push({ first: Math.trunc(at), weights: one }); // added up as Pillow does it
  return plan;
}

function clip8(value) {
  const whole = value >> PRECISION;
  return whole < 0 ? 0 : whole > 255 ? 255 : whole;
}

// One line in one direction; `step` lies between neighbours of the line, `leap` between those of the result.
function scaledLine(from, begin, step, to, target, leap, plan, channels) {
  for (let place = 0; place < plan.length; place += 1) {
    const { first, weights } = plan[place];
    for (let k = 0; k < channels; k += 1) {
      let sum = 1 << (PRECISION - 1), at = begin + first * step + k;
      for (let tap = 0; tap < weights.length; tap += 1, at += step) sum += from[at] * weights[tap];
      to[target + place * leap + k] = clip8(sum);
    }
  }
}

function wider({ width, height, pixels }, across, named, channels) {
  const out = new Uint8Array(across * height * channels), plan = weightsOf(width, across, named);
  for (let y = 0; y < height; y += 1) scaledLine(pixels, y * width * channels, channels, out, y * across * channels, channels, plan, channels);
  return { width: across, height, pixels: out };
}

function higher({ width, height, pixels }, down, named, channels) {
  const line = width * channels, out = new Uint8Array(line * down), plan = weightsOf(height, down, named);
  for (let x = 0; x < line; x += channels) scaledLine(pixels, x, line, out, x, line, plan, channels);
  return { width, height: down, pixels: out };
}

function resized(picture, across, down, named, channels = 3) {
  const wide = (one) => (across === one.width ? one : wider(one, across, named, channels));
  const high = (one) => (down === one.height ? one : higher(one, down, named, channels));
  const lost = picture.height - down; // Pillow 13 begins with the direction in which far more is lost
  return lost > 0 && lost > 2 * (picture.width - across) ? wide(high(picture)) : high(wide(picture));
}

function cut({ width, pixels }, left, top, across, down) {
  const out = new Uint8Array(across * down * 3);
  for (let y = 0; y < down; y += 1) {
    const begin = ((top + y) * width + left) * 3;
    out.set(pixels.subarray(begin, begin + across * 3), y * across * 3);
  }
  return { width: across, height: down, pixels: out };
}

function roundEven(value) { // as Python rounds
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + floor % 2 : Math.round(value);
}

function middle(picture) {
  const { width, height } = picture, most = MOST_KEPT * Math.min(width, height);
  if (Math.max(width, height) <= most) return picture;
  const left = Math.max(0, Math.floor((width - most) / 2)), top = Math.max(0, Math.floor((height - most) / 2));
  return cut(picture, left, top, Math.min(most, width), Math.min(most, height));
}

const FRAMERS = {
  crop(picture, { input_size: side, interpolation }, short) {
    let whole = picture;
    if (Math.min(picture.width, picture.height) !== short) {
      whole = middle(picture);
      const scale = short / Math.min(whole.width, whole.height);
      const [across, down] = [whole.width, whole.height].map((one) => Math.max(short, Math.trunc(one * scale)));
      whole = resized(whole, across, down, interpolation);
    }
    return cut(whole, roundEven((whole.width - side) / 2), roundEven((whole.height - side) / 2), side, side);
  },
  squash: (picture, { input_size: side, interpolation }) => resized(picture, side, side, interpolation),
  pad(picture, { input_size: side, interpolation, mean }) {
    const scale = side / Math.max(picture.width, picture.height);
    const [across, down] = [picture.width, picture.height].map((one) => Math.max(1, roundEven(one * scale)));
    const inside = resized(picture, across, down, interpolation), pixels = new Uint8Array(side * side * 3);
    const fill = mean.map((value) => roundEven(255 * value)), left = Math.floor((side - across) / 2), top = Math.floor((side - down) / 2);
    for (let at = 0; at < pixels.length; at += 3) pixels.set(fill, at);
    for (let y = 0; y < down; y += 1) pixels.set(inside.pixels.subarray(y * across * 3, (y + 1) * across * 3), ((top + y) * side + left) * 3);
    return { width: side, height: side, pixels };
  },
};

// Returns the square, {width, height, pixels}, of a whole picture; `short` is the side out of which a crop is cut.
const framed = (picture, preprocessing, short) => FRAMERS[preprocessing.framing](picture, preprocessing, short);
