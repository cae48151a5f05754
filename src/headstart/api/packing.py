"""A classifier as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from headstart.api.arguments import classifier_folder
from headstart.base.outputs import PACKED
from headstart.deliver.packing import pack_bundle
from headstart.records.progress import Progress


def pack(
    source: str | Path, *, out: Annotated[str | Path | None, PACKED] = None, progress: Progress | None = None
) -> Path:
    """Write a bundle as one ``.zip``, which every verb takes in its place: nothing needs to be unpacked.

    Equal bundles give equal bytes, so a checksum of the file tells whether it is the same classifier.

    Parameters
    ----------
    source : path
        A bundle; also a zip that somebody has made of one.
    out : path, optional
        The file to write; by default NAME.zip in the current folder, which must then be free. One that `pack` has
        written is replaced.
    progress : Progress, optional
        A listener.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    BundleError
        If there is no bundle, or it is damaged or of a newer format.
    ConfigError
        If something stands at `out` that headstart did not write.
    """
    place = classifier_folder(source, "source", "pack")
    return pack_bundle(place, None if out is None else Path(out), progress=progress)
