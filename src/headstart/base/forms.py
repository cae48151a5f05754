"""What a file is, told by its first bytes and never by its name.

The table knows the forms of pictures that are read, those that are not (with what would read them), and common
files that lie beside pictures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec

HEAD = 132  # so many first bytes are enough; a DICOM picture says what it is in the last four of them
MAKER = ("Software", "headstart")  # the text by which a grid that we draw says whose it is
_MAKER = b"tEXt" + "\0".join(MAKER).encode()
_PNG = b"\x89PNG\r\n\x1a\n"
_TEXT_AT = slice(37, 37 + len(_MAKER))  # after a PNG's first chunk, which is always as long
_FTYP = slice(4, 8)
_BRAND = slice(8, 12)


@dataclass(frozen=True)
class Form:
    """A kind of file.

    Parameters
    ----------
    name : str
        Short and fixed, such as ``"jpeg"``; pixels finds its reader by it.
    said : str
        As a person says it, such as ``"a JPEG"``.
    picture : bool
        Whether it is a picture (also of a form that is not read).
    read : bool
        Whether headstart reads it without further packages.
    extra, package : str
        The extra of headstart that reads it, and the package which that brings; empty where there is none.
    """

    name: str
    said: str
    picture: bool = True
    read: bool = False
    extra: str = ""
    package: str = ""

    @property
    def is_read(self) -> bool:
        """Whether it can be read here and now."""
        return self.read or (bool(self.package) and find_spec(self.package) is not None)


JPEG = Form("jpeg", "a JPEG", read=True)
PNG = Form("png", "a PNG", read=True)
WEBP = Form("webp", "a WebP", read=True)
BMP = Form("bmp", "a BMP", read=True)
TIFF = Form("tiff", "a TIFF", read=True)
GIF = Form("gif", "a GIF")  # in a folder of photographs it is a placeholder or moves: nothing to learn from
AVIF = Form("avif", "an AVIF", read=True)
HEIF = Form("heif", "a HEIC", extra="heif", package="pillow_heif")

_HDR = Form("hdr", "a Radiance HDR picture")

_BY_MAGIC: tuple[tuple[bytes, Form], ...] = (
    (b"\xff\xd8\xff", JPEG),
    (_PNG, PNG),
    (b"BM", BMP),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),
    (b"MM\0+", TIFF),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"\0\0\0\x0cjP", Form("jpeg2000", "a JPEG 2000")),
    (b"\xff\x4f\xff\x51", Form("jpeg2000", "a JPEG 2000")),
    (b"\xff\x0a", Form("jxl", "a JPEG XL")),
    (b"\0\0\0\x0cJXL ", Form("jxl", "a JPEG XL")),
    (b"8BPS", Form("psd", "a Photoshop file")),
    (b"v/1\x01", Form("exr", "an OpenEXR picture")),
    (b"SIMPLE  =", Form("fits", "a FITS picture")),
    (b"IIRO", Form("raw", "a camera's raw picture")),
    (b"FUJIFILMCCD-RAW", Form("raw", "a camera's raw picture")),
    (b"DDS ", Form("dds", "a DDS texture")),
    (b"#?RADIANCE", _HDR),
    (b"#?RGBE", _HDR),
    (b"\x93NUMPY", Form("npy", "a NumPy array")),
    (b"qoif", Form("qoi", "a QOI picture")),
    (b"gimp xcf", Form("xcf", "a GIMP file")),
    (b"icns", Form("icon", "an icon")),
    (b"AT&TFORM", Form("djvu", "a DjVu scan")),
    (b"%!PS-Adobe", Form("eps", "a PostScript drawing")),
    (b"ZISRAWFILE", Form("czi", "a CZI picture of a microscope")),
    (b"%PDF", Form("pdf", "a PDF document", picture=False)),
    (b"PK\x03\x04", Form("zip", "a zip archive", picture=False)),
    (b"\x1f\x8b", Form("gzip", "a gzip archive", picture=False)),
    (b"7z\xbc\xaf", Form("7z", "a 7z archive", picture=False)),
    (b"Rar!", Form("rar", "a RAR archive", picture=False)),
    (b"version https://git-lfs", Form("lfs", "a Git LFS pointer without its content", picture=False)),
    (b"\xd0\xcf\x11\xe0", Form("ole", "a Windows file such as Thumbs.db", picture=False)),
)
_BY_FIRST_BYTE = {
    first: tuple(pair for pair in _BY_MAGIC if pair[0][:1] == first) for first in {magic[:1] for magic, _ in _BY_MAGIC}
}
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"heif")
_VIDEO = Form("video", "a video", picture=False)
_MARKUP = Form("markup", "a web page or XML", picture=False)
_SVG = Form("svg", "an SVG drawing")
DICOM = Form("dicom", "a DICOM picture")
_PNM = Form("pnm", "a PBM, PGM or PPM picture")
_ICON = Form("icon", "an icon")
_PCX = Form("pcx", "a PCX picture")
_TGA = Form("tga", "a TGA picture")
_PNM_BEGINS = re.compile(rb"P(?:[1-6]\s+(?:#|\d+\s)|7\nWIDTH |7\n#|[Ff]\n\d+ \d+)")
TEXT = Form("text", "a text file", picture=False)
DRAWN = Form("drawn", "a grid that headstart drew", picture=False)  # it lies beside pictures and shows them again
EMPTY = Form("empty", "an empty file", picture=False)
OTHER = Form("other", "a file of another kind", picture=False)

FORMS = {
    form.name: form
    for form in (
        *(form for _, form in _BY_MAGIC),
        *(WEBP, AVIF, HEIF, _VIDEO, _MARKUP, _SVG, DICOM, _PNM, _ICON, _PCX, _TGA, TEXT, DRAWN, EMPTY, OTHER),
    )
}


def form_of(head: bytes) -> Form:
    """Return the form of a file that begins with `head`, its first `HEAD` bytes."""
    if not head:
        return EMPTY
    if is_drawn(head):
        return DRAWN
    for magic, form in _BY_FIRST_BYTE.get(head[:1], ()):
        if head.startswith(magic) and (form is not BMP or _is_bmp(head)):
            return form
    if head.startswith(b"RIFF") and head[_BRAND] == b"WEBP":
        return WEBP
    if head[_FTYP] == b"ftyp":
        brand = head[_BRAND]
        if brand in (b"avif", b"avis"):
            return AVIF
        return HEIF if brand in _HEIF_BRANDS else _VIDEO
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        return _SVG if b"<svg" in text else _MARKUP
    if _PNM_BEGINS.match(head):
        return _PNM
    return TEXT if _is_text(head) else _by_header(head)


def _by_header(head: bytes) -> Form:
    """Return the form of a file that is known by several numbers of its header, not by its first letters."""
    if head[128:132] == b"DICM":
        return DICOM
    if len(head) < 18:
        return OTHER
    if head[:4] in (b"\0\0\1\0", b"\0\0\2\0") and head[4]:
        return _ICON
    if head[0] == 10 and head[1] in (0, 2, 3, 4, 5) and head[2] in (0, 1) and head[3] in (1, 2, 4, 8):
        return _PCX
    mapped, kind, sides, depth = head[1], head[2], (head[12:14], head[14:16]), head[16]
    if mapped not in (0, 1) or kind not in (1, 2, 3, 9, 10, 11) or depth not in (8, 15, 16, 24, 32):
        return OTHER
    sound = b"\0\0" not in sides and head[17] < 64 and (mapped or not any(head[3:8]))
    return _TGA if sound else OTHER


def _is_bmp(head: bytes) -> bool:
    """Whether a header of a known size follows, if it is not cut off: a text may begin with the same two letters."""
    return len(head) < 18 or int.from_bytes(head[14:18], "little") in (12, 16, 40, 52, 56, 64, 108, 124)


def is_drawn(head: bytes) -> bool:
    """Return whether a file that begins with `head` is a grid that headstart drew."""
    return head.startswith(_PNG) and head[_TEXT_AT] == _MAKER


def _is_text(head: bytes) -> bool:
    """Whether all of it is printable text; a letter of several bytes may be cut off at the end."""
    try:
        said = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
        said = head[: error.start].decode("utf-8")
    return said.isprintable() or all(sign.isprintable() or sign in "\t\r\n\f" for sign in said)
