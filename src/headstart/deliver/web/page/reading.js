// From a file to the whole picture that the classifier sees: uint8 RGB with the wanted short side, as headstart's
// decoder makes it (pixels/decode.py). Scaling is Pillow's, to the bit
// (framing.js); only the browser's own decoder may differ.
"use strict";

const MOST_PIXELS = 200e6, MOST_ASPECT = 16, HALF_CROPPED = 2, NEARLY_OPAQUE = 250, ROWS = 256, HALVED_SINCE = 3;

class Refused extends Error {}

// What browsers read otherwise than headstart, or some of them not at all, is refused by its first bytes.
const REFUSED = [
  [/^GIF8/, "a GIF, which headstart does not read either: save it as PNG or JPEG"],
  [/^(II[*+]\0|MM\0[*+])/, "a TIFF, which browsers do not read alike: save it as PNG or JPEG"],
  [/^....ftyp(hei[cxms]|hev[cx]|mif1|msf1|heif)/s, "a HEIC, which only some browsers read: save it as JPEG"],
  [/^(\0\0\0\x0cJXL |\xff\x0a)/, "a JPEG XL, which only some browsers read: save it as PNG or JPEG"],
  [/^(\0\0\0\x0cjP|\xff\x4f\xff\x51)/, "a JPEG 2000: save it as PNG or JPEG"],
  [/^\s*(<\?xml|<svg|<!doctype|<html)/i, "a drawing or a web page, not a picture file: save it as PNG or JPEG"],
  [/^%PDF/, "a PDF document, not a picture"],
  [/^PK\x03\x04/, "a zip archive: unpack it, and give the pictures in it"],
];
const KNOWN = [
  [/^\xff\xd8\xff/, "jpeg"], [/^\x89PNG\r\n\x1a\n/, "png"], [/^RIFF....WEBP/s, "webp"], [/^BM/, "bmp"],
  [/^....ftypavi[fs]/s, "avif"],
];

function formOf(bytes) {
  const head = String.fromCharCode(...bytes.subarray(0, 64));
  if (!bytes.length) throw new Refused("an empty file");
  for (const [begin, reason] of REFUSED) if (begin.test(head)) throw new Refused(reason);
  const found = KNOWN.find(([begin]) => begin.test(head));
  if (!found) throw new Refused("not a picture that this page knows: it reads JPEG, PNG, WebP, BMP and AVIF");
  return found[1];
}

// Of a JPEG: how many colours it has, and its EXIF rotation, which the browser applies by itself.
function jpegFacts(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), facts = { colours: 3, turn: 1 };
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1];
    if (marker === 0xff) { at += 1; continue; }
    const size = view.getUint16(at + 2);
    if (marker === 0xda || size < 2) break;
    const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (frame && at + 10 <= bytes.length) facts.colours = bytes[at + 9];
    const block = bytes.subarray(at + 4, at + 2 + size);
    if (marker === 0xe1 && beginsLikeExif(block) && facts.turn === 1) facts.turn = turnOf(block);
    at += 2 + size;
  }
  return facts;
}

const SRGB_PLACES = [0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06], USUAL_GAMMA = 0.45455, GAMMA_SAME = 0.02, NEAR = 0.01;
const SRGB_CODES = ["1,13", "1,1", "1,6", "2,2", "1,2"];

// Of a PNG: its rotation, its gamma, whether it states other colours or has several frames, and its bytes without what
// browsers make of colours: headstart reads a gamma by itself, and other colours not at all (pixels/colour.py).
function pngFacts(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), found = new Map(), kept = [bytes.subarray(0, 8)];
  for (let at = 8; at + 12 <= bytes.length;) {
    const size = view.getUint32(at), kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8)), end = Math.min(at + 12 + size, bytes.length);
    if (!found.has(kind)) found.set(kind, new DataView(bytes.buffer, bytes.byteOffset + at + 8, Math.max(0, Math.min(size, bytes.length - at - 12))));
    if (!["gAMA", "cHRM", "cICP", "mDCV", "cLLI"].includes(kind)) kept.push(bytes.subarray(at, end));
    at = end;
  }
  const facts = { bytes: new Uint8Array(kept.reduce((sum, part) => sum + part.length, 0)), turn: 1, gamma: null, other: false, pages: false };
  kept.reduce((at, part) => { facts.bytes.set(part, at); return at + part.length; }, 0);
  const exif = found.get("eXIf"), gamma = found.get("gAMA"), places = found.get("cHRM"), codes = found.get("cICP");
  const frames = found.get("acTL");
  facts.pages = frames?.byteLength >= 4 && frames.getUint32(0) > 1;
  if (exif) facts.turn = turnOf(new Uint8Array(exif.buffer, exif.byteOffset, exif.byteLength));
  if (found.has("iCCP")) return facts;
  facts.other = Boolean(codes?.byteLength >= 2 && !SRGB_CODES.includes(`${codes.getUint8(0)},${codes.getUint8(1)}`));
  if (found.has("sRGB")) return facts;
  if (places?.byteLength === 32) facts.other ||= SRGB_PLACES.some((place, k) => Math.abs(places.getUint32(4 * k) / 1e5 - place) > NEAR);
  const value = gamma?.byteLength === 4 ? gamma.getUint32(0) / 1e5 : 0;
  if (value > 0.01 && value < 10 && Math.abs(value - USUAL_GAMMA) >= GAMMA_SAME) facts.gamma = value;
  return facts;
}

// Of a WebP: the rotation of its EXIF, which some browsers leave out, and whether it has several frames.
function webpFacts(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), facts = { turn: 1, pages: false };
  let frames = 0;
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = view.getUint32(at + 4, true), kind = String.fromCharCode(...bytes.subarray(at, at + 4));
    if (kind === "EXIF" && facts.turn === 1) facts.turn = turnOf(bytes.subarray(at + 8, at + 8 + size));
    if (kind === "ANMF") frames += 1;
    at += 8 + size + size % 2;
  }
  facts.pages = frames > 1;
  return facts;
}

const beginsLikeExif = (block) => String.fromCharCode(...block.subarray(0, 6)) === "Exif\0\0";

// The orientation that a block of EXIF notes, 1 to 8.
function turnOf(block) {
  const begin = beginsLikeExif(block) ? 6 : 0;
  try {
    const view = new DataView(block.buffer, block.byteOffset + begin, block.byteLength - begin), little = view.getUint8(0) === 0x49;
    const first = view.getUint32(4, little);
    for (let k = 0; k < view.getUint16(first, little); k += 1) {
      const entry = first + 2 + 12 * k, turn = view.getUint16(entry + 8, little);
      if (view.getUint16(entry, little) === 0x0112) return turn >= 2 && turn <= 8 ? turn : 1;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // a camera's broken notes do not spoil its picture
  }
  return 1;
}

// Returns {bytes, notes, gamma, turn}: what the browser shall decode, and what is left to do after it.
function facts(bytes, form, white) {
  const found = { bytes, notes: new Set(), gamma: null, turn: 1 };
  if (form === "jpeg") {
    const { colours, turn } = jpegFacts(bytes);
    if (colours === 4) throw new Refused("a CMYK JPEG, whose colours browsers convert otherwise: save it as RGB");
    if (turn > 1) found.notes.add("turned");
  } else if (form === "webp") {
    const webp = webpFacts(bytes);
    found.turn = webp.turn;
    if (found.turn > 1) found.notes.add("turned");
    if (webp.pages) found.notes.add("pages");
  } else if (form === "png") {
    if (bytes[24] === 16) {
      if (white < 65535) {
        throw new Refused(`a PNG of 16 bits, of which this classifier knows that ${white} is white; browsers do not: save it as 8 bits`);
      }
      found.notes.add("sixteen");
    }
    const png = pngFacts(bytes);
    Object.assign(found, { bytes: png.bytes, gamma: png.gamma });
    if (png.turn > 1) found.notes.add("turned");
    if (png.gamma) found.notes.add("gamma");
    if (png.other) found.notes.add("profile-ignored");
    if (png.pages) found.notes.add("pages");
  }
  return found;
}

// A WebP of 2 x 1 pixels that its EXIF turns by a quarter: it tells whether this browser minds that.
const TURNED_WEBP = "UklGRlAAAABXRUJQVlA4WAoAAAAIAAAAAQAAAAAAVlA4TBAAAAAvAQAAAA8Q8x/zH4aM6H8ARVhJRhoAAABNTQAqAAAACAABARIAAwAAAAEABgAAAAAAAA==";
let webpsAreTurned = null;

async function turnsWebps() {
  const bytes = Uint8Array.from(atob(TURNED_WEBP), (sign) => sign.charCodeAt(0));
  const seen = await createImageBitmap(new Blob([bytes], { type: "image/webp" }), { imageOrientation: "from-image" });
  return seen.width === 1;
}

async function bitmapOf({ bytes, turn }, form) {
  const blob = new Blob([bytes], { type: `image/${form}` });
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch {
    throw new Refused("damaged, or of a kind that this browser cannot read: save it anew as JPEG or PNG");
  }
  if (bitmap.width * bitmap.height > MOST_PIXELS) {
    throw new Refused(`${bitmap.width} x ${bitmap.height} pixels, over the limit of 200 megapixels: make it smaller`);
  }
  if (turn === 1) return bitmap;
  webpsAreTurned ??= await turnsWebps();
  return webpsAreTurned ? bitmap : turned(bitmap, turn);
}

// How each orientation of EXIF lays the picture: what its right and its lower side become, and where its corner goes.
const LAID = {
  2: [-1, 0, 0, 1, 1, 0], 3: [-1, 0, 0, -1, 1, 1], 4: [1, 0, 0, -1, 0, 1], 5: [0, 1, 1, 0, 0, 0],
  6: [0, 1, -1, 0, 1, 0], 7: [0, -1, -1, 0, 1, 1], 8: [0, -1, 1, 0, 0, 1],
};

function turned(bitmap, turn) {
  const [width, height] = turn > 4 ? [bitmap.height, bitmap.width] : [bitmap.width, bitmap.height];
  const canvas = new OffscreenCanvas(width, height), pen = canvas.getContext("2d");
  if (!pen) throw new Refused(`${width} x ${height} pixels, too large for this browser: make it smaller`);
  const [a, b, c, d, right, down] = LAID[turn];
  pen.setTransform(a, b, c, d, right * width, down * height);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.transferToImageBitmap();
}

// A large picture is made smaller by 2, 4 or 8 before it is scaled, as long as twice the wanted side is left.
function shrinkOf(width, height, side) {
  const scale = 2 * side / Math.min(width, height);
  const wanted = [Math.ceil(width * scale), Math.ceil(height * scale)];
  const most = Math.min(Math.floor(width / wanted[0]), Math.floor(height / wanted[1]));
  return [8, 4, 2].find((factor) => most >= factor) ?? 1;
}

// Yields strips of the picture on white, {rows, pixels}, so that a large photograph never stands there as a whole twice.
function* strips(bitmap, notes) {
  const { width, height } = bitmap, pen = new OffscreenCanvas(width, Math.min(ROWS, height)).getContext("2d", { willReadFrequently: true });
  if (!pen) throw new Refused(`${width} x ${height} pixels, too large for this browser: make it smaller`);
  pen.globalCompositeOperation = "copy";
  let least = 255, most = 0;
  for (let top = 0; top < height; top += ROWS) {
    const rows = Math.min(ROWS, height - top), pixels = new Uint8Array(width * rows * 3);
    pen.drawImage(bitmap, 0, -top);
    const data = pen.getImageData(0, 0, width, rows).data;
    for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
      const alpha = data[from + 3];
      if (alpha < least) least = alpha;
      if (alpha > most) most = alpha;
      for (let k = 0; k < 3; k += 1) pixels[to + k] = alpha === 255 ? data[from + k] : onWhite(data[from + k], alpha);
    }
    yield { rows, pixels };
  }
  if (most === 0) notes.add("transparent");
  else if (least < NEARLY_OPAQUE) notes.add("opacity");
}

const by255 = (value) => ((value >> 8) + value) >> 8; // divided by 255, as Pillow does it
// A colour of some opacity on white, in Pillow's own steps (AlphaComposite.c).
const onWhite = (value, alpha) => (alpha === 0 ? 255 : by255((value * alpha + 255 * (255 - alpha) + 128) << 7) >> 7);

// Mean of blocks of `by` x `by`, halves rounded to even (pixels/smaller.py); the last row and column are repeated.
function shrunk({ rows, pixels }, width, by) {
  if (by === 1) return pixels;
  const across = Math.ceil(width / by), down = Math.ceil(rows / by), out = new Uint8Array(across * down * 3);
  for (let y = 0, to = 0; y < down; y += 1) {
    for (let x = 0; x < across; x += 1) {
      for (let k = 0; k < 3; k += 1, to += 1) {
        let sum = 0;
        for (let v = y * by; v < (y + 1) * by; v += 1) {
          const line = Math.min(v, rows - 1) * width;
          for (let u = x * by; u < (x + 1) * by; u += 1) sum += pixels[(line + Math.min(u, width - 1)) * 3 + k];
        }
        out[to] = roundEven(sum / (by * by));
      }
    }
  }
  return out;
}

function sizeOf(width, height, side) {
  const low = Math.min(width, height), high = Math.max(width, height);
  const scale = Math.min(side / low, MOST_ASPECT * side / high), least = high <= MOST_ASPECT * low ? side : 1;
  return [Math.max(least, roundEven(width * scale)), Math.max(least, roundEven(height * scale))];
}

function scaled(bitmap, by, side, notes) {
  const width = Math.ceil(bitmap.width / by), height = Math.ceil(bitmap.height / by), [across, down] = sizeOf(width, height, side);
  const pixels = new Uint8Array(width * height * 3);
  let at = 0;
  for (const strip of strips(bitmap, notes)) {
    const part = shrunk(strip, bitmap.width, by);
    pixels.set(part, at);
    at += part.length;
  }
  return resized({ width, height, pixels }, across, down, "bicubic");
}

function withGamma({ width, height, pixels }, gamma) {
  const table = Uint8Array.from({ length: 256 }, (_, value) => roundEven(255 * (value / 255) ** (USUAL_GAMMA / gamma)));
  return { width, height, pixels: pixels.map((value) => table[value]) };
}

// Returns {width, height, pixels, notes} of a file's content; `side` is the short one that is wanted. (By rule 2 what is
// transparent is laid on white after scaling; that differs by rounding alone.)
async function readPicture(content, { side, rule, white }) {
  const form = formOf(content), found = facts(content, form, white), { notes, gamma } = found, bitmap = await bitmapOf(found, form);
  try {
    const by = form === "jpeg" || rule >= HALVED_SINCE ? shrinkOf(bitmap.width, bitmap.height, side) : 1;
    const sides = [bitmap.width, bitmap.height].map((one) => Math.ceil(one / by)), aspect = Math.max(...sides) / Math.min(...sides);
    if (aspect > HALF_CROPPED) notes.add("elongated");
    if (aspect > MOST_ASPECT) notes.add("long");
    const picture = scaled(bitmap, by, side, notes);
    return { ...(gamma ? withGamma(picture, gamma) : picture), notes: [...notes].sort() };
  } finally {
    bitmap.close();
  }
}

// A small picture to look at: what the classifier was given.
async function thumbnail({ width, height, pixels }) {
  const canvas = new OffscreenCanvas(width, height), pen = canvas.getContext("2d"), image = pen.createImageData(width, height);
  for (let from = 0, to = 0; from < pixels.length; from += 3, to += 4) {
    for (let k = 0; k < 3; k += 1) image.data[to + k] = pixels[from + k];
    image.data[to + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
}
