"""What was not read, and why: one kind of file, one name and one reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from headstart.base.forms import FORMS

_CONVERT, _UNPACK = "convert {it} to PNG or JPEG", "unpack {it} to read the pictures inside"


@dataclass(frozen=True)
class Kind:
    """A kind of thing that is not read.

    Parameters
    ----------
    one, more : str
        What it is called, and what several are called.
    way_out : str
        What to do so that ``{it}`` is read; empty where nothing is to be done.
    """

    one: str
    more: str
    way_out: str = ""


HIDDEN, HIDDEN_FOLDER, OWN, SYSTEM = "hidden", "hidden-folder", "own", "system"
STRAY, BESIDE, UNLABELLED, LINK, RAW, OTHER = "stray", "beside", "unlabelled", "link", "raw", "other"

KINDS: dict[str, Kind] = {
    "heif": Kind("HEIC picture", "HEIC pictures", _CONVERT),
    "gif": Kind("GIF picture", "GIF pictures", _CONVERT),
    "jpeg2000": Kind("JPEG 2000 picture", "JPEG 2000 pictures", _CONVERT),
    "jxl": Kind("JPEG XL picture", "JPEG XL pictures", _CONVERT),
    "psd": Kind("Photoshop file", "Photoshop files", _CONVERT),
    "exr": Kind("OpenEXR picture", "OpenEXR pictures", _CONVERT),
    "fits": Kind("FITS picture", "FITS pictures", _CONVERT),
    "dicom": Kind("DICOM picture", "DICOM pictures", _CONVERT),
    "pnm": Kind("PBM, PGM or PPM picture", "PBM, PGM or PPM pictures", _CONVERT),
    "tga": Kind("TGA picture", "TGA pictures", _CONVERT),
    "icon": Kind("icon", "icons", _CONVERT),
    "dds": Kind("DDS texture", "DDS textures", _CONVERT),
    "pcx": Kind("PCX picture", "PCX pictures", _CONVERT),
    "hdr": Kind("Radiance HDR picture", "Radiance HDR pictures", _CONVERT),
    "npy": Kind("NumPy array", "NumPy arrays", _CONVERT),
    "qoi": Kind("QOI picture", "QOI pictures", _CONVERT),
    "xcf": Kind("GIMP file", "GIMP files", _CONVERT),
    "djvu": Kind("DjVu scan", "DjVu scans", _CONVERT),
    "eps": Kind("PostScript drawing", "PostScript drawings", _CONVERT),
    "czi": Kind("CZI picture of a microscope", "CZI pictures of a microscope", _CONVERT),
    RAW: Kind("camera's raw picture", "raw pictures of a camera", _CONVERT),
    "svg": Kind("SVG drawing", "SVG drawings", _CONVERT),
    STRAY: Kind("picture outside a class folder", "pictures outside class folders"),
    UNLABELLED: Kind("folder without class folders", "folders without class folders"),
    BESIDE: Kind("folder next to the splits", "folders next to the splits"),
    "pdf": Kind("PDF document", "PDF documents"),
    "zip": Kind("zip archive", "zip archives", _UNPACK),
    "gzip": Kind("gzip archive", "gzip archives", _UNPACK),
    "7z": Kind("7z archive", "7z archives", _UNPACK),
    "rar": Kind("RAR archive", "RAR archives", _UNPACK),
    "lfs": Kind("Git LFS pointer without its content", "Git LFS pointers without their content", "type git lfs pull"),
    "video": Kind("video", "videos"),
    "markup": Kind("web page or XML file", "web pages or XML files"),
    "text": Kind("text file", "text files"),
    "drawn": Kind("grid that headstart drew", "grids that headstart drew"),
    "ole": Kind("Windows file such as Thumbs.db", "Windows files such as Thumbs.db"),
    "empty": Kind("empty file", "empty files"),
    OTHER: Kind("file of another kind", "files of other kinds"),
    LINK: Kind("link that was not followed", "links that were not followed"),
    OWN: Kind("folder that headstart wrote", "folders that headstart wrote"),
    SYSTEM: Kind("folder of an archiver or file server", "folders of an archiver or file server"),
    HIDDEN: Kind("hidden file", "hidden files"),
    HIDDEN_FOLDER: Kind("hidden folder", "hidden folders"),
}


def _kind(name: str) -> Kind:
    form = FORMS.get(name)
    known = KINDS.get(name) or Kind(form.said if form else "file of another kind", "files of other kinds")
    if form is None or not form.extra:
        return known
    return Kind(known.one, known.more, f'pip install "headstart[{form.extra}]" reads {{it}}')


def is_form_of_picture(kind: str) -> bool:
    """Return whether things of this kind are pictures in a form that is not read."""
    form = FORMS.get(kind)
    return kind == RAW or (form is not None and form.picture)


def is_picture(kind: str) -> bool:
    """Return whether things of this kind are pictures; what was meant to be one and has no kind is, too."""
    return kind in ("", STRAY) or is_form_of_picture(kind)


def reason_of(kind: str) -> str:
    """Return why a thing of this kind is not read, in a few words."""
    told = {
        HIDDEN: "hidden: its name begins with a dot",
        HIDDEN_FOLDER: "a hidden folder: not entered",
        OWN: "a folder that headstart wrote: not entered",
        SYSTEM: "a folder of an archiver or file server: not entered",
        STRAY: "it is not in a class folder",
        BESIDE: "not read: it is next to the folders of the splits",
    }
    if kind in told:
        return told[kind]
    known = _kind(kind)
    article = "an" if known.one[0].lower() in "aeio" or known.one.startswith(("SVG", "RAR")) else "a"
    if known.way_out:
        return f"{article} {known.one}: {known.way_out.format(it='it')}"
    return f"{article} {known.one}, not a picture"


def by_kind(kinds: Iterable[str]) -> str:
    """Return for example "12 HEIC pictures (convert them to PNG or JPEG), 3 text files".

    Pictures come first, then what something can be done about.
    """
    numbers = Counter(kind for kind in kinds if kind)
    order = sorted(numbers, key=lambda kind: (not is_picture(kind), not _kind(kind).way_out, -numbers[kind], kind))
    return ", ".join(_counted(kind, numbers[kind]) for kind in order)


def not_read(kinds: Iterable[str]) -> str:
    """Return one sentence about all that was not read, by kind; empty where there is nothing to say."""
    told = by_kind(kinds)
    return f"Not read: {told}." if told else ""


def _counted(kind: str, number: int) -> str:
    known = _kind(kind)
    name, it = (known.one, "it") if number == 1 else (known.more, "them")
    way_out = f" ({known.way_out.format(it=it)})" if known.way_out else ""
    return f"{number:,} {name}{way_out}"
