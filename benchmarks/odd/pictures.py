"""Pictures: framing, depth, negatives, opacity, profiles, pages, and what libtiff says of them."""

from __future__ import annotations

import io
import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
from PIL import Image

from odd.case import Case, Checkout, Mutation

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
odd_pictures = import_module("odd_pictures")  # the corpus of the tests
READ, deep_png, scene = odd_pictures.READ, odd_pictures.deep_png, odd_pictures.scene

ODD = "tests/pixels/test_odd_pictures.py"
DECODE, TIFF = "src/headstart/pixels/decode.py", "src/headstart/pixels/tiff.py"
COMES_OUT = f"{ODD}::test_an_odd_picture_comes_out_as_it_means_itself"
ASK = """
import json, sys
from pathlib import Path
from headstart.pixels import decode
try:
    picture = decode(Path({name!r}), short_side=40)
    print(json.dumps(picture.tolist()))
except Exception as error:
    print(json.dumps(str(error)))
"""


def _two_classes(folder: Path, make: str) -> Path:
    """Write 24 pictures of two classes each: long ones with a mark at one end, or dark ones of 16 bits."""
    rng = np.random.default_rng(0)
    for label in (0, 1):
        (folder / str(label)).mkdir(parents=True)
        for number in range(24):
            file = folder / str(label) / f"{number}.png"
            if make == "long":
                pixels = rng.integers(0, 255, (100, 800, 3)).astype(np.uint8)
                pixels[:, :70] = (220, 40, 40) if label else (40, 40, 220)
                Image.fromarray(pixels).save(file)
            else:
                wave = np.sin(np.arange(64)[:, None] * (0.4 + 0.08 * label) + np.arange(64) * 0.1 * label)
                noisy = np.clip(0.6 + 0.03 * wave + 0.02 * rng.standard_normal((64, 64)), 0, 1)
                file.write_bytes(deep_png((noisy * 1023).astype(np.uint16)))
    return folder


def _accuracy(folder: Path, checkout: Checkout, *options: str) -> str:
    done = checkout.command("fit", folder, "--strategy", "linear", "--out", folder.parent / "own.bundle", *options)
    said = [line for line in (done.out + done.err).splitlines() if line.startswith(("accuracy", "How the pictures"))]
    return "; ".join(said) or done.err[-200:]


def _long(work: Path, checkout: Checkout) -> str:
    return _accuracy(_two_classes(work / "data", "long"), checkout, "--framing", "squash")


def _ten_bits(work: Path, checkout: Checkout) -> str:
    """Return how much of the sheet that ``look`` draws is black."""
    folder = _two_classes(work / "data", "deep")
    done = checkout.command("look", folder, "--grid", work / "look.png", "--augment", "none")
    if done.code:
        return done.err[-200:]
    sheet = np.asarray(Image.open(work / "look.png").convert("L"))
    said = [line for line in (done.out + done.err).splitlines() if "16 bits" in line]
    return "; ".join([f"look shows tiles of which {(sheet < 10).mean():.0%} of the sheet is black", *said])


def _furthest(work: Path, checkout: Checkout, content: bytes, expected: np.ndarray, name: str) -> str:
    """Return how far the pixels are from those that a viewer shows, or why there are none."""
    (work / name).write_bytes(content)
    done = checkout.python(ASK.format(name=str(work / name)))
    found = json.loads(done.out) if done.out else done.err[-200:]
    if isinstance(found, str):
        return found
    off = np.abs(np.array(found, float) - expected).max()
    return f"off by up to {off:.0f} of 255" + (f"; on the terminal: {done.err.strip()}" if done.err else "")


def _corpus_case(number: str, title: str, name: str, mutation: Mutation) -> Case:
    def recipe(work: Path, checkout: Checkout) -> str:
        return _furthest(work, checkout, READ[name].content, READ[name].pixels, name)

    return Case(number, title, recipe, f"{COMES_OUT}[{name}]", mutation)


def _all_black(work: Path, checkout: Checkout) -> str:
    for label in (0, 1):
        (work / "data" / str(label)).mkdir(parents=True)
        for number in range(12):
            Image.new("RGB", (100 + 2 * number + label, 90)).save(work / "data" / str(label) / f"{number}.png")
    done = checkout.command("compare", work / "data", "--strategies", "knn", "--out", work / "own.run")
    said = next((line for line in done.err.splitlines() if "bug" in line), "")
    return f"exit code {done.code}" + (f": {said}" if said else "")


def _pages(work: Path, checkout: Checkout) -> str:
    """Return what is said where a class holds a TIFF of several pages, a moving PNG and a picture that is all clear."""
    folder = _two_classes(work / "data", "deep")
    for label in (0, 1):
        for file in sorted((folder / str(label)).iterdir()):
            Image.fromarray(np.roll(scene(), label * 20, axis=1)).save(file)
    for name in ("pages.tif", "moving.png", "gone.png"):
        (folder / "0" / name).write_bytes(READ[name].content)
    done = checkout.command("fit", folder, "--strategy", "knn", "--out", work / "own.bundle")
    said = [line for line in done.err.splitlines() if "picture" in line and ("first" in line or "transparent" in line)]
    return "; ".join(said) or "nothing is said"


def _libtiff(work: Path, checkout: Checkout) -> str:
    written = io.BytesIO()
    Image.fromarray(scene()).save(written, "TIFF", compression="tiff_lzw")
    damaged = bytearray(written.getvalue())
    damaged[200:260] = b"\xff" * 60
    (work / "damaged.tif").write_bytes(bytes(damaged))
    done = checkout.python(ASK.format(name=str(work / "damaged.tif")))
    return f"on the terminal: {done.err.strip() or 'nothing'}"


CASES = (
    Case(
        "3",
        "800 x 100, the class marked at one end, --framing squash",
        _long,
        "tests/pixels/test_decode.py::test_long_pictures_are_kept_whole_and_never_wider_than_the_bound",
        Mutation(
            DECODE, "if decoding.rule == 1 else (None, whole_size", "if decoding.rule <= 3 else (None, whole_size"
        ),
    ),
    Case(
        "4",
        "grey PNG of 16 bits that uses 10",
        _ten_bits,
        f"{ODD}::test_white_is_the_most_that_the_bits_in_use_can_hold",
        Mutation("src/headstart/pixels/depth.py", "return Decoding(white=(1 << bits) - 1)", "return RULES"),
    ),
    _corpus_case(
        "5",
        "TIFF of 16 bits, white is zero",
        "deep-negative.tif",
        Mutation(DECODE, "negative = decoding.rule > 1 and", "negative = decoding.rule > 3 and"),
    ),
    _corpus_case(
        "5a",
        "the same, big-endian",
        "deep-negative-big-endian.tif",
        Mutation("src/headstart/pixels/tiff.py", "self.negative = True", "self.negative = False"),
    ),
    _corpus_case(
        "5b",
        "TIFF, four channels, nothing said of the fourth",
        "fourth.tif",
        Mutation(DECODE, "says_nothing_of_opacity(file) and decoding", "is_negative(file) and decoding"),
    ),
    _corpus_case(
        "5c",
        "the same with 16 bits",
        "deep-fourth.tif",
        Mutation("src/headstart/pixels/tiff.py", "_EXTRA_SAMPLES not in image.tag_v2", "False"),
    ),
    _corpus_case(
        "5d",
        "TIFF of 16 bits with a plane for each colour, not compressed",
        "deep-planes.tif",
        Mutation(TIFF, "self._name_deep_planes()\n        if self.mode", "pass\n        if self.mode"),
    ),
    _corpus_case(
        "5e",
        "TIFF whose palette has colours of 8 bits",
        "few-colours.tif",
        Mutation(TIFF, "max(self.tag_v2[_COLOUR_MAP]) < 256", "max(self.tag_v2[_COLOUR_MAP]) < 0"),
    ),
    _corpus_case(
        "6",
        "PNG with a colour profile of 1.3 MB",
        "large-profile.png",
        Mutation("src/headstart/pixels/png.py", 'return "MAX_TEXT" in str(error)', "return False"),
    ),
    _corpus_case(
        "6a",
        "PNG with a text of 3 MB behind the pixels",
        "late-text.png",
        Mutation(
            "src/headstart/pixels/opening.py", "self.image = self._without_limit(loaded)", "self.image = loaded()"
        ),
    ),
    _corpus_case(
        "7",
        "PNG in Display P3",
        "p3.png",
        Mutation(DECODE, "image = colour.to_srgb(image, whole.profile)", "pass"),
    ),
    _corpus_case(
        "7a",
        "CMYK TIFF with a profile",
        "inks.tif",
        Mutation("src/headstart/pixels/colour.py", ', "CMYK": "CMYK"}', "}"),
    ),
    _corpus_case(
        "7b",
        "PNG with gamma 1.0",
        "linear.png",
        Mutation(DECODE, "image = colour.with_gamma(image, whole.gamma)", "pass"),
    ),
    Case(
        "4a",
        "pictures that are all the same to the network: black ones of different sizes",
        _all_black,
        "tests/heads/test_preview.py::test_features_without_any_difference_tell_nothing_and_are_no_error",
        Mutation("src/headstart/heads/preview.py", "/ len(alike) or 1.0", "/ len(alike)"),
    ),
    Case(
        "8",
        "several pages, several frames, fully transparent",
        _pages,
        f"{COMES_OUT}[pages.tif]",
        Mutation(DECODE, '{"pages"} if getattr', "set() if getattr"),
    ),
    Case(
        "9",
        "damaged TIFF with LZW",
        _libtiff,
        f"{ODD}::test_libtiff_writes_nothing_to_the_terminal",
        Mutation("src/headstart/pixels/quiet.py", "if len(files) != 1:", "if files:"),
    ),
)
