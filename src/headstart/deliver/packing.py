"""A bundle as one ``.zip``: the same files, in bytes that depend on nothing but theirs."""

from __future__ import annotations

import zipfile
from pathlib import Path
from shlex import quote

from headstart.base.errors import BundleError, ConfigError
from headstart.base.files import durable_writer
from headstart.base.outputs import PACKED, claim
from headstart.base.seals import ZIP_COMMENT, seal_zip
from headstart.bundle.folder import read_without_network, standing
from headstart.bundle.forms import CARD, MANIFEST, TENSORS, Files, opened
from headstart.records.progress import Progress, Silent

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first day that a zip knows
_UNIX, _RIGHTS = 3, 0o100644 << 16


def pack_bundle(bundle: Path, out: Path | None, *, progress: Progress | None = None) -> Path:
    """Write a bundle as a zip, and return its place.

    The files are stored as they are: deflating weights saves a tenth, costs every reading time, and no two libraries
    deflate alike. So equal bundles are equal zips, whenever, wherever and under whatever name they are packed.

    Parameters
    ----------
    bundle : Path
        A folder, or a zip that somebody else has made of one.
    out : Path, optional
        By default NAME.zip in the current folder, which must then be free.
    progress : Progress, optional
        Told what else lies in the folder and is left out.

    Raises
    ------
    BundleError
        If there is no bundle, or it is damaged or of a newer format.
    ConfigError
        If something stands at `out` that headstart has not written.
    StoreError
        If it cannot be written.
    """
    place = claim(_free(bundle) if out is None else out, PACKED, inputs=[bundle])
    read_without_network(bundle)
    with opened(standing(bundle)) as files, durable_writer(place) as temporary:
        with zipfile.ZipFile(temporary, "w") as archive:
            archive.comment = ZIP_COMMENT
            for name in (MANIFEST, CARD, TENSORS):
                if files.holds(name):
                    _store(files, name, archive)
        seal_zip(temporary)
        _check_whole(temporary, bundle)
    _tell_left_out(bundle, progress or Silent())
    return place


def _check_whole(packed: Path, bundle: Path) -> None:
    """Refuse what was packed of a bundle that was replaced at the same moment: half of the one, half of the other."""
    try:
        read_without_network(packed)
    except BundleError as error:
        raise BundleError(f"The bundle '{bundle}' was changed while it was packed.", hint="Pack it again.") from error


def _store(files: Files, name: str, archive: zipfile.ZipFile) -> None:
    """Put one file into a zip, without anything that is of this day or this machine."""
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system, entry.external_attr, entry.file_size = _UNIX, _RIGHTS, files.size(name)
    with archive.open(entry, "w") as stream:
        for chunk in files.chunks(name):
            stream.write(chunk)


def _free(bundle: Path) -> Path:
    """Return NAME.zip in the current folder; an older one there is not replaced unless it is named."""
    name = bundle.resolve().name.removesuffix(".zip").removesuffix(".bundle")
    place = Path(f"{name}.zip")
    if place.exists():
        raise ConfigError(
            f"'{place}' already exists.", hint=f"Choose another name, or replace it: --out {quote(str(place))}"
        )
    return place


def _tell_left_out(bundle: Path, progress: Progress) -> None:
    """Say what lies beside the files of the bundle and is not in the zip, but for what file managers hide there."""
    names = {entry.name for entry in bundle.iterdir()} if bundle.is_dir() else set[str]()
    others = sorted(name for name in names - {MANIFEST, TENSORS, CARD} if not name.startswith("."))
    if others:
        progress.message(f"Left out, because a bundle has no such file: {', '.join(others[:8])}.")
