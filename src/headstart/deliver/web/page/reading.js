// From a file to the whole picture that the classifier sees: uint8 RGB with the wanted short side, as headstart's
// decoder makes it (pixels/decode.py). Scaling is Pillow's, to the bit
// (framing.js); only the browser's own decoder may differ.
"use strict";

const MOST_PIXELS = 200e6, MOST_ASPECT = 16, HALF_CROPPED = 2, NEARLY_OPAQUE = 250, ROWS = 256, HALVED_SINCE = 3, OPAQUE = ["jpeg", "bmp"];

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

// Of a JPEG: how many colours it has, and its EXIF rotation. The browser turns it by itself; this is for the notes.
function jpegFacts(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), facts = { colours: 3, turned: false };
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1];
    if (marker === 0xff) { at += 1; continue; }
    const size = view.getUint16(at + 2);
    if (marker === 0xda || size < 2) break;
    const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (frame && at + 10 <= bytes.length) facts.colours = bytes[at + 9];
    if (marker === 0xe1) facts.turned ||= isTurned(bytes.subarray(at + 4, at + 2 + size));
    at += 2 + size;
  }
  return facts;
}

function isTurned(block) {
  try {
    if (String.fromCharCode(...block.subarray(0, 6)) !== "Exif\0\0") return false;
    const view = new DataView(block.buffer, block.byteOffset + 6, block.byteLength - 6), little = view.getUint8(0) === 0x49;
    const first = view.getUint32(4, little);
    for (let k = 0; k < view.getUint16(first, little); k += 1) {
      const entry = first + 2 + 12 * k, turn = view.getUint16(entry + 8, little);
      if (view.getUint16(entry, little) === 0x0112) return turn >= 2 && turn <= 8;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // a camera's broken notes do not spoil its picture
  }
  return false;
}

function check(bytes, form, white) {
  const notes = new Set();
  if (form === "jpeg") {
    const facts = jpegFacts(bytes);
    if (facts.colours === 4) throw new Refused("a CMYK JPEG, whose colours browsers convert otherwise: save it as RGB");
    if (facts.turned) notes.add("turned");
  } else if (form === "png" && bytes[24] === 16) {
    if (white < 65535) {
      throw new Refused(`a PNG of 16 bits, of which this classifier knows that ${white} is white; browsers do not: save it as 8 bits`);
    }
    notes.add("sixteen");
  }
  return notes;
}

async function bitmapOf(bytes, form) {
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
  return bitmap;
}

// A large picture is made smaller by 2, 4 or 8 before it is scaled, as long as twice the wanted side is left.
function shrinkOf(width, height, side) {
  const scale = 2 * side / Math.min(width, height);
  const wanted = [Math.ceil(width * scale), Math.ceil(height * scale)];
  const most = Math.min(Math.floor(width / wanted[0]), Math.floor(height / wanted[1]));
  return [8, 4, 2].find((factor) => most >= factor) ?? 1;
}

// Yields strips of the picture, {rows, pixels}, so that a large photograph never stands there as a whole twice. Of a form
// that can be transparent a pixel has four values, the colours multiplied by the opacity as Pillow does it.
function* strips(bitmap, channels, notes) {
  const { width, height } = bitmap, pen = new OffscreenCanvas(width, Math.min(ROWS, height)).getContext("2d", { willReadFrequently: true });
  if (!pen) throw new Refused(`${width} x ${height} pixels, too large for this browser: make it smaller`);
  pen.globalCompositeOperation = "copy";
  let least = 255, most = 0;
  for (let top = 0; top < height; top += ROWS) {
    const rows = Math.min(ROWS, height - top), pixels = new Uint8Array(width * rows * channels);
    pen.drawImage(bitmap, 0, -top);
    const data = pen.getImageData(0, 0, width, rows).data;
    for (let from = 0, to = 0; from < data.length; from += 4, to += channels) {
      const alpha = data[from + 3];
      if (alpha < least) least = alpha;
      if (alpha > most) most = alpha;
      for (let k = 0; k < 3; k += 1) pixels[to + k] = alpha === 255 ? data[from + k] : by255(data[from + k] * alpha + 128);
      if (channels === 4) pixels[to + 3] = alpha;
    }
    yield { rows, pixels };
  }
  if (most === 0) notes.add("transparent");
  else if (least < NEARLY_OPAQUE) notes.add("opacity");
}

const by255 = (value) => ((value >> 8) + value) >> 8; // divided by 255, as Pillow does it

// The colours divided by the opacity and laid on white, in Pillow's own steps (Convert.c, AlphaComposite.c).
function onWhite({ width, height, pixels }) {
  const flat = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    const alpha = pixels[from + 3];
    for (let k = 0; k < 3; k += 1) {
      const value = pixels[from + k];
      if (alpha === 255) flat[to + k] = value;
      else if (alpha === 0) flat[to + k] = 255;
      else flat[to + k] = by255((Math.min(255, Math.trunc(255 * value / alpha)) * alpha + 255 * (255 - alpha) + 128) << 7) >> 7;
    }
  }
  return { width, height, pixels: flat };
}

// Mean of blocks of `by` x `by`, halves rounded to even (pixels/smaller.py); the last row and column are repeated.
function shrunk({ rows, pixels }, width, by, channels) {
  if (by === 1) return { rows, pixels };
  const across = Math.ceil(width / by), down = Math.ceil(rows / by), out = new Uint8Array(across * down * channels);
  for (let y = 0, to = 0; y < down; y += 1) {
    for (let x = 0; x < across; x += 1) {
      for (let k = 0; k < channels; k += 1, to += 1) {
        let sum = 0;
        for (let v = y * by; v < (y + 1) * by; v += 1) {
          const line = Math.min(v, rows - 1) * width;
          for (let u = x * by; u < (x + 1) * by; u += 1) sum += pixels[(line + Math.min(u, width - 1)) * channels + k];
        }
        out[to] = roundEven(sum / (by * by));
      }
    }
  }
  if (channels === 4) multipliedAgain(out);
  return { rows: down, pixels: out };
}

// Between the two steps Pillow divides the colours by the opacity and multiplies them again, rounding each time.
function multipliedAgain(pixels) {
  for (let at = 0; at < pixels.length; at += 4) {
    const alpha = pixels[at + 3];
    if (alpha === 0 || alpha === 255) continue;
    for (let k = at; k < at + 3; k += 1) pixels[k] = by255(Math.min(255, Math.trunc(255 * pixels[k] / alpha)) * alpha + 128);
  }
}

function sizeOf(width, height, side) {
  const low = Math.min(width, height), high = Math.max(width, height);
  const scale = Math.min(side / low, MOST_ASPECT * side / high), least = high <= MOST_ASPECT * low ? side : 1;
  return [Math.max(least, roundEven(width * scale)), Math.max(least, roundEven(height * scale))];
}

function scaled(bitmap, by, channels, side, notes) {
  const width = Math.ceil(bitmap.width / by), height = Math.ceil(bitmap.height / by), [across, down] = sizeOf(width, height, side);
  const pixels = new Uint8Array(width * height * channels);
  let at = 0;
  for (const strip of strips(bitmap, channels, notes)) {
    const part = shrunk(strip, bitmap.width, by, channels).pixels;
    pixels.set(part, at);
    at += part.length;
  }
  const whole = resized({ width, height, pixels }, across, down, "bicubic", channels);
  return channels === 4 ? onWhite(whole) : whole;
}

// Returns {width, height, pixels, notes} of a file's content; `side` is the short one that is wanted.
async function readPicture(bytes, { side, rule, white }) {
  const form = formOf(bytes), notes = check(bytes, form, white), bitmap = await bitmapOf(bytes, form);
  try {
    const by = form === "jpeg" || rule >= HALVED_SINCE ? shrinkOf(bitmap.width, bitmap.height, side) : 1;
    const sides = [bitmap.width, bitmap.height].map((one) => Math.ceil(one / by)), aspect = Math.max(...sides) / Math.min(...sides);
    if (aspect > HALF_CROPPED) notes.add("elongated");
    if (aspect > MOST_ASPECT) notes.add("long");
    return { ...scaled(bitmap, by, OPAQUE.includes(form) ? 3 : 4, side, notes), notes: [...notes].sort() };
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
