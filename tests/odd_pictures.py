"""Small odd pictures made by code: every mode, depth, tag, orientation, page and suffix that people have.

`READ` maps a file's name to its content, what must come out of it, and what must be said; `REFUSED` to its content
and the beginning of the reason. Both are given to every verb that reads pictures.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import icc
import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from headstart.records.notes import Note

HEIGHT, WIDTH = 40, 60
Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Odd:
    """A file, the pixels that must come out of it, (40, 60, 3), to within `off`, and the notes."""

    content: bytes
    pixels: Array
    notes: tuple[Note, ...] = ()
    off: float = 1.0


def scene() -> Array:
    """A smooth picture without any symmetry, uint8 (40, 60, 3)."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    channels = (255 * x / WIDTH, 255 * y / HEIGHT, 128 + 100 * np.sin((2 * x + y) / 17))
    return np.stack(channels, axis=-1).astype(np.uint8)


def saved(image: Image.Image | Array, form: str = "PNG", **options: Any) -> bytes:
    """Return a picture as Pillow writes it."""
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, form, **options)
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_chunk(png: bytes, kind: bytes, content: bytes) -> bytes:
    """Return a PNG with a chunk behind its header."""
    return png[:33] + chunk(kind, content) + png[33:]


def deep_png(values: Array, significant: int | None = None) -> bytes:
    """Return a PNG of 16 bits: (H, W), or (H, W, 2), (H, W, 3), (H, W, 4)."""
    channels = 1 if values.ndim == 2 else values.shape[2]
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, kind, 0, 0, 0)
    said = b"" if significant is None else chunk(b"sBIT", bytes([significant] * channels))
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + said + pixels + chunk(b"IEND", b"")


def tiff(
    values: Array,
    photometric: int,
    *,
    order: str = "<",
    extra: Sequence[int] = (),
    most: int | None = None,
    apart: bool = False,
    colours: Array | None = None,
    signed: bool = False,
) -> bytes:
    """Return a TIFF that is not compressed, of one strip, or one for each plane if these are `apart`."""
    channels = 1 if values.ndim == 2 else values.shape[2]
    strips = channels if apart else 1
    content = np.moveaxis(values, 2, 0) if apart else values
    data = content.astype(values.dtype.newbyteorder(order)).tobytes()
    short = {
        256: [values.shape[1]],
        257: [values.shape[0]],
        258: [8 * values.dtype.itemsize] * channels,
        259: [1],
        262: [photometric],
        273: [0] * strips,
        277: [channels],
        278: [values.shape[0]],
        279: [len(data) // strips] * strips,
        339: [2 if signed else 1] * channels,
    }
    if apart:
        short[284] = [2]
    if colours is not None:
        short[320] = colours.T.ravel().tolist()
    if extra:
        short[338] = list(extra)
    if most is not None:
        short[281] = [most] * channels
    tags = sorted(short.items())
    after = 8 + 2 + 12 * len(tags) + 4
    end = after + sum(4 * len(value) for _, value in tags if len(value) > 1)
    short[273] = [end + strip * (len(data) // strips) for strip in range(strips)]
    tags = sorted(short.items())
    blobs = {tag: struct.pack(f"{order}{len(value)}I", *value) for tag, value in tags if len(value) > 1}
    places, at = {}, after
    for tag, blob in blobs.items():
        places[tag], at = at, at + len(blob)
    entries = b""
    for tag, value in tags:
        inline = value if len(value) == 1 else [places[tag]]
        entries += struct.pack(f"{order}HHII", tag, 4, len(value), inline[0])
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(tags))
    return head + entries + struct.pack(f"{order}I", 0) + b"".join(blobs.values()) + data


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def _grey(values: Array) -> Array:
    return np.repeat(np.asarray(values)[:, :, None], 3, axis=2)


def _read() -> dict[str, Odd]:
    rgb = scene()
    grey = rgb[..., 0]
    wide = rgb.astype(np.uint16) * 257
    turned = np.asarray(Image.fromarray(rgb).transpose(Image.Transpose.ROTATE_90))
    clear = np.dstack([rgb, np.full(grey.shape, 255, np.uint8)])
    gone = np.dstack([rgb, np.zeros_like(grey)])
    fourth = np.dstack([rgb, grey])
    large = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(range(256)) * 5000
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "x" * 3_000_000, zip=True)
    late = saved(rgb)
    late = late[:-12] + chunk(b"zTXt", b"comment\0\0" + zlib.compress(b"x" * 3_000_000)) + late[-12:]
    p3_places = struct.pack(
        ">8I", *(round(100_000 * at) for at in (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06))
    )
    cleared = with_chunk(deep_png(wide[..., 0]), b"tRNS", struct.pack(">H", int(wide[0, 30, 0])))
    white_where_clear = _grey(np.where(grey == grey[0, 30], 255, grey))
    few = np.random.default_rng(0).integers(0, 256, (256, 3)).astype(np.uint8)
    indices = grey // 2
    cmyk = Image.fromarray(rgb).convert("CMYK")
    inked = ImageCms.profileToProfile(
        cmyk, io.BytesIO(icc.cmyk_profile()), ImageCms.createProfile("sRGB"), renderingIntent=1, outputMode="RGB"
    )
    p3, adobe = icc.rgb_profile(icc.DISPLAY_P3, 2.2), icc.rgb_profile(icc.ADOBE_RGB, 2.2)
    linear = np.rint(255 * (rgb / 255.0) ** 0.45455)
    pages = {"save_all": True, "append_images": [Image.fromarray(255 - rgb)]}
    found = {
        "plain.png": Odd(saved(rgb), rgb, off=0),
        "no suffix": Odd(saved(rgb), rgb, off=0),
        "photo.jfif": Odd(saved(rgb, "JPEG", quality=98), rgb, off=12),
        "photo.JPE": Odd(saved(rgb, "JPEG", quality=98), rgb, off=12),
        "wrong.jpg": Odd(saved(rgb), rgb, off=0),
        "bitmap.bmp": Odd(saved(rgb, "BMP"), rgb, off=0),
        "modern.webp": Odd(saved(rgb, "WEBP", lossless=True), rgb, off=0),
        "modern.avif": Odd(saved(rgb, "AVIF", quality=100), rgb, off=12),
        "one-bit.png": Odd(saved(Image.fromarray(grey).convert("1")), _grey(grey), off=255),
        "grey.png": Odd(saved(grey), _grey(grey), off=0),
        "palette.png": Odd(saved(Image.fromarray(rgb).quantize(256)), rgb, off=60),
        "opaque.png": Odd(saved(clear), rgb, off=0),
        "gone.png": Odd(saved(gone), np.full_like(rgb, 255), ("transparent",)),
        "deep-grey.png": Odd(deep_png(wide[..., 0]), _grey(grey)),
        "deep-colour.png": Odd(deep_png(wide), rgb),
        "deep-opacity.png": Odd(deep_png(np.dstack([wide, np.full_like(wide[..., 0], 65535)])), rgb),
        "deep-colour.tif": Odd(tiff(wide, 2), rgb),
        "deep-colour-big-endian.tif": Odd(tiff(wide, 2, order=">"), rgb),
        "planes.tif": Odd(tiff(rgb, 2, apart=True), rgb, off=0),
        "deep-planes.tif": Odd(tiff(wide, 2, apart=True), rgb),
        "deep-planes-big-endian.tif": Odd(tiff(wide, 2, apart=True, order=">"), rgb),
        "few-colours.tif": Odd(tiff(indices, 3, colours=few), few[indices], off=0),
        "many-colours.tif": Odd(tiff(indices, 3, colours=few.astype(int) * 257), few[indices], off=0),
        "negative.tif": Odd(tiff(255 - grey, 0), _grey(grey), off=0),
        "deep-negative.tif": Odd(tiff(65535 - wide[..., 0], 0), _grey(grey), ("negative",)),
        "deep-negative-big-endian.tif": Odd(tiff(65535 - wide[..., 0], 0, order=">"), _grey(grey), ("negative",)),
        "fourth.tif": Odd(tiff(fourth, 2), rgb, ("fourth-channel",), off=0),
        "fourth-unspecified.tif": Odd(tiff(fourth, 2, extra=[0]), rgb, off=0),
        "deep-fourth.tif": Odd(tiff(fourth.astype(np.uint16) * 257, 2), rgb, ("fourth-channel",)),
        "opacity.tif": Odd(tiff(clear, 2, extra=[2]), rgb, off=0),
        "pages.tif": Odd(saved(rgb, "TIFF", **pages), rgb, ("pages",), off=0),
        "moving.png": Odd(saved(rgb, "PNG", **pages), rgb, ("pages",), off=0),
        "moving.webp": Odd(saved(rgb, "WEBP", lossless=True, **pages), rgb, ("pages",), off=0),
        "p3.png": Odd(saved(rgb, icc_profile=p3), icc.as_srgb(rgb, icc.DISPLAY_P3, 2.2), ("profile",), off=2),
        "p3.tif": Odd(saved(rgb, "TIFF", icc_profile=p3), icc.as_srgb(rgb, icc.DISPLAY_P3, 2.2), ("profile",), off=2),
        "p3.webp": Odd(
            saved(rgb, "WEBP", lossless=True, icc_profile=p3),
            icc.as_srgb(rgb, icc.DISPLAY_P3, 2.2),
            ("profile",),
            off=2,
        ),
        "adobe.jpg": Odd(
            saved(rgb, "JPEG", quality=98, subsampling=0, icc_profile=adobe),
            icc.as_srgb(rgb, icc.ADOBE_RGB, 2.2),
            ("profile",),
            off=40,
        ),
        "adobe-clear.png": Odd(
            saved(clear, icc_profile=adobe), icc.as_srgb(rgb, icc.ADOBE_RGB, 2.2), ("profile",), off=2
        ),
        "linear-grey.png": Odd(
            saved(grey, icc_profile=icc.grey_profile(1.8)),
            icc.as_srgb(_grey(grey), icc.SRGB, 1.8),
            ("profile",),
            off=3,
        ),
        "grey-in-p3.png": Odd(
            saved(grey, icc_profile=p3), icc.as_srgb(_grey(grey), icc.DISPLAY_P3, 2.2), ("profile",), off=3
        ),
        "inks.tif": Odd(saved(cmyk, "TIFF", icc_profile=icc.cmyk_profile()), np.asarray(inked), ("profile",), off=0),
        "inks-plain.jpg": Odd(saved(cmyk, "JPEG", quality=98), np.asarray(cmyk.convert("RGB")), ("cmyk",), off=25),
        "large-profile.png": Odd(saved(rgb, icc_profile=large), rgb, off=2),
        "bad-profile.png": Odd(saved(rgb, icc_profile=b"nonsense" * 20), rgb, ("profile-ignored",), off=0),
        "linear.png": Odd(with_chunk(saved(rgb), b"gAMA", struct.pack(">I", 100_000)), linear, ("gamma",)),
        "usual-gamma.png": Odd(with_chunk(saved(rgb), b"gAMA", struct.pack(">I", 45_455)), rgb, off=0),
        "long-text.png": Odd(saved(rgb, pnginfo=text), rgb, off=0),
        "late-text.png": Odd(late, rgb, off=0),
        "grey-with-profile-and-opacity.png": Odd(
            saved(
                Image.merge("LA", [Image.fromarray(grey), Image.new("L", (WIDTH, HEIGHT), 255)]),
                icc_profile=icc.grey_profile(1.8),
            ),
            icc.as_srgb(_grey(grey), icc.SRGB, 1.8),
            ("profile",),
            off=3,
        ),
        "p3-by-places.png": Odd(with_chunk(saved(rgb), b"cHRM", p3_places), rgb, ("profile-ignored",), off=0),
        "p3-by-codes.png": Odd(with_chunk(saved(rgb), b"cICP", b"\x0c\x0d\0\x01"), rgb, ("profile-ignored",), off=0),
        "srgb-by-codes.png": Odd(with_chunk(saved(rgb), b"cICP", b"\x01\x0d\0\x01"), rgb, off=0),
        "deep-clear-value.png": Odd(cleared, white_where_clear, ("opacity",)),
    }
    for form in ("PNG", "TIFF", "WEBP", "AVIF"):
        options: dict[str, Any] = {"lossless": True} if form == "WEBP" else {"quality": 100} if form == "AVIF" else {}
        content = saved(turned, form, exif=_exif(6), **options)
        found[f"turned.{form.lower()}"] = Odd(content, rgb, ("turned",), off=12 if form == "AVIF" else 0)
    return found


READ = _read()
REFUSED: dict[str, tuple[bytes, str]] = {
    "empty.jpg": (b"", "file is empty"),
    "float.tif": (saved(Image.fromarray(np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10)), "TIFF"), "32-bit"),
    "cut.png": (saved(scene())[:200], "truncated"),
    "noise.png": (b"\x89PNG\r\n\x1a\n" + bytes(range(100)), "damaged or truncated"),
    "page.jpg": (b"<!DOCTYPE html><html></html>", "not a picture: a web page or XML"),
    "notes.png": (b"these are notes, and no picture", "not a picture: begins with 'these are no'"),
    "old.gif": (saved(Image.fromarray(scene()).quantize(256), "GIF"), "a GIF, a form that is not read"),
    "old.jp2": (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40), "a JPEG 2000, a form that is not read"),
    "signed.tif": (tiff(scene()[..., 0].astype(np.int8), 1, signed=True), "a form that is not read (signed values"),
    "wide.tif": (tiff(np.full((4, 4), 4_000_000_000, np.uint32), 1), "32-bit grey with values from 4000000000"),
    "five-bits.tif": (tiff(scene()[..., 0], 9), "a form that is not read"),
}
