"""The bundle on disk: ``bundle.json``, ``model.safetensors`` and a model card; no pickle anywhere.

It is read in both its forms, a folder and a zip of one (`headstart.bundle.forms`), and written as a folder: beside its
place, and renamed, so a reader finds the old bundle or the new one; also if the process is killed between the two
renames, when the old one stands under a hidden name. Every tensor is covered by the SHA-256 in ``bundle.json``.
"""

from __future__ import annotations

import re
import shutil
import uuid
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from headstart.backbones.engine import Tensors
from headstart.base.errors import BundleError, StoreError
from headstart.base.files import (
    disk_error,
    durable_writer,
    fingerprint,
    flush_folder,
    sha256_of_file,
    store_error,
)
from headstart.base.outputs import BUNDLE, claim
from headstart.base.seals import write_sealed
from headstart.base.types import HEAD_KINDS, Head, head_of
from headstart.base.version import __version__
from headstart.bundle.forms import AGAIN, CARD, MANIFEST, TENSORS, Files, damaged, is_packed, opened
from headstart.bundle.older import before_decoding_was_kept, from_format_1
from headstart.bundle.trust import Trust
from headstart.records.bundle import BundleCalibration, BundleInfo, BundleManifest, HeadRecord
from headstart.records.codec import from_plain, write_record
from headstart.records.preprocessing import Preprocessing

FORMAT = 3  # since the rules of decoding are kept; those before are read by `headstart.bundle.older`


@dataclass(frozen=True, eq=False)
class Contents:
    """What a bundle folder holds: all that answers, the network as tensors by name, and what is known of it.

    Parameters
    ----------
    sha256, fingerprint : str
        Of its tensors and of its whole description, as they were read: the folder may hold another bundle by now.
        Empty for what is still to be written.
    """

    info: BundleInfo
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    network: Tensors
    head: Head
    trust: Trust | None = None
    sha256: str = ""
    fingerprint: str = ""


def write_folder(contents: Contents, folder: Path) -> Path:
    """Keep `contents` in `folder`; an older bundle there is replaced, anything else is not touched.

    Raises
    ------
    ConfigError
        If something stands at `folder` that is no bundle, or a bundle with other files in it, or with a card that was
        changed.
    StoreError
        If it cannot be written.
    """
    claim(folder, BUNDLE)
    given, folder = folder, folder.resolve() if folder.is_symlink() else folder  # what a link leads to is replaced
    building = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        building.mkdir(parents=True)
        _write(contents, building)
        _replace(building, folder)
        flush_folder(folder.parent)
        for litter in _hidden(folder, "part", "old"):  # of a process that was killed while it wrote here
            shutil.rmtree(litter, ignore_errors=True)
    except OSError as error:
        raise store_error(folder, error) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return given


def _hidden(folder: Path, *kinds: str) -> list[Path]:
    """Return what `write_folder` has left beside `folder`, and nothing of a bundle whose name only begins alike."""
    ours = re.compile(re.escape(f".{folder.name}.") + f"[0-9a-f]{{8}}\\.({'|'.join(kinds)})")
    return sorted(entry for entry in folder.parent.glob(".*") if ours.fullmatch(entry.name))


def standing(place: Path) -> Path:
    """Return where the bundle called `place` stands: there, or where a killed `write_folder` has left the old one.

    Killed between its two renames it leaves the old one and the new one's draft; an old one alone was replaced.
    """
    if place.exists() or not _hidden(place, "part"):
        return place
    old = [entry for entry in _hidden(place, "old") if (entry / MANIFEST).is_file()]
    return max(old, key=lambda entry: (entry / MANIFEST).stat().st_mtime, default=place)


def read_folder(folder: Path) -> Contents:
    """Return what the bundle `folder` holds, which may be a zip of one.

    Raises
    ------
    BundleError
        If it is missing, damaged, or written by a newer format.
    """
    return _contents(folder, ("",))


def read_without_network(folder: Path) -> Contents:
    """Return the same without the network's tensors, their checksum compared all the same."""
    return _contents(folder, ("head.", "none."))


def _contents(place: Path, only: tuple[str, ...]) -> Contents:
    """Return what stands at `place`, of the tensors those whose names begin like one of `only`."""
    folder = standing(place)
    with opened(folder) as files:
        manifest = _manifest(files)
        known = fingerprint(files.json(MANIFEST))
        tensors = files.tensors(manifest.sha256, only)
    try:
        head = _head(folder, manifest.head, tensors)
        trust = Trust.read(manifest.calibration, tensors)
        _check_shapes(head, trust, len(manifest.classes))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise damaged(folder, f"missing or wrong in its description or its tensors: {error}") from error
    network = {name.removeprefix("network."): value for name, value in tensors.items() if name.startswith("network.")}
    return Contents(
        manifest.info, manifest.classes, manifest.preprocessing, network, head, trust, manifest.sha256, known
    )


def _check_shapes(head: Head, trust: Trust | None, classes: int) -> None:
    """Let the head answer once: ValueError if its tensors fit neither each other nor so many classes."""
    arrays = head.arrays()
    for name, value in arrays.items():
        if not np.isfinite(value).all():
            raise ValueError(f"head.{name} holds what is no number")
    widths = {value.shape[1] for value in arrays.values() if value.ndim == 2 and value.size}
    fitting = {width for width in widths if fits(head, width, classes)}
    if widths and not fitting:
        raise ValueError("the tensors of the head fit neither each other nor the classes")
    near = None if trust is None or trust.familiar is None else trust.familiar.examples
    if near is not None and (near.ndim != 2 or not len(near) or (fitting and near.shape[1] not in fitting)):
        raise ValueError("none.examples has another shape than the head")
    if near is not None and not np.isfinite(near).all():
        raise ValueError("none.examples holds what is no number")


def fits(head: Head, width: int, classes: int) -> bool:
    """Return whether a head answers for so many features, with so many classes."""
    try:
        with np.errstate(all="ignore"):
            return head.scores(np.zeros((1, width))).shape == (1, classes)
    except (ValueError, IndexError):
        return False


def _write(contents: Contents, folder: Path) -> None:
    from headstart.bundle.card import model_card  # sentences of all kinds, which answering does not need

    head, trust = contents.head, contents.trust
    tensors = {f"network.{name}": value for name, value in contents.network.items()}
    tensors |= {f"head.{name}": value for name, value in head.arrays().items()}
    tensors |= {} if trust is None else trust.tensors()
    with durable_writer(folder / TENSORS) as temporary:
        try:
            save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, temporary)
        except SafetensorError as error:
            raise disk_error(error) from error
    manifest = BundleManifest(
        format=FORMAT,
        headstart=__version__,
        classes=contents.classes,
        preprocessing=contents.preprocessing,
        info=contents.info,
        head=HeadRecord(kind=head.kind, numbers=head.scalars()),
        calibration=BundleCalibration(
            temperature=head.temperature,
            sets=None if trust is None else trust.thresholds(),
            none_of_these=None if trust is None else trust.limit(),
        ),
        sha256=sha256_of_file(folder / TENSORS),
    )
    write_sealed(folder / CARD, model_card(manifest))
    write_record(folder / MANIFEST, manifest)


def _replace(building: Path, folder: Path) -> None:
    """Put `building` in the place of `folder`; the old bundle leaves only after the new one stands ready."""
    if not folder.exists():
        building.rename(folder)
        return
    old = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.old")
    try:
        folder.rename(old)
        building.rename(folder)
    except BaseException:  # Ctrl-C as well, which may come after the first rename was done
        with suppress(OSError):
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def read_manifest(place: Path) -> BundleManifest:
    """Return the description of the bundle `place`; BundleError as `read_folder`."""
    with opened(standing(place)) as files:
        return _manifest(files)


def _manifest(files: Files) -> BundleManifest:
    place = files.place
    if not files.holds(MANIFEST):
        what = "is not a bundle: it contains no" if place.exists() else "does not exist, so there is no"
        raise BundleError(f"'{place}' {what} {MANIFEST}.", hint=_way_out(place))
    try:
        content = files.json(MANIFEST)
    except StoreError as error:
        raise damaged(place, f"{MANIFEST} cannot be read") from error
    found = content.get("format") if isinstance(content, dict) else None
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise damaged(place, f"{MANIFEST} gives no 'format'")
    if found > FORMAT:
        raise BundleError(
            f"'{place}' has bundle format {found}; this headstart {__version__} reads up to {FORMAT}.",
            hint="Read it with a newer headstart, e.g. the one that wrote it.",
        )
    where = f"{place}/{MANIFEST}"
    try:
        if found == 1:
            return from_format_1(content, where)
        manifest = from_plain(content, BundleManifest, where)
        return before_decoding_was_kept(manifest) if found < FORMAT else manifest
    except StoreError as error:
        raise BundleError(error.message, hint=AGAIN) from error


def fingerprint_of(place: Path) -> str:
    """Return what tells one bundle from another; BundleError as `read_folder`.

    A checksum of its whole description as it stands there, in which that of its tensors stands: other names of classes
    or another threshold make another bundle.
    """
    with opened(standing(place)) as files:
        _manifest(files)
        return fingerprint(files.json(MANIFEST))


def _way_out(place: Path) -> str:
    """Return what to type instead: a bundle that stands in this folder or beside it, if there is one."""
    inside, beside = (
        sorted(entry.parent.as_posix() for entry in folder.glob(f"*/{MANIFEST}"))
        for folder in (place / "bundles", place.parent)
    )
    zips = [entry.as_posix() for entry in place.parent.glob("*.zip")]
    alike = get_close_matches(place.as_posix(), [*beside, *zips], n=3)
    near = [name for name in alike if name in beside or is_packed(Path(name))]
    if inside or (beside and not near):  # a run folder was named, and which of its classifiers is not ours to guess
        return "There are: " + ", ".join((inside or beside)[:8]) + "."
    if near:
        return f"Did you mean '{near[0]}'?"
    return "Name a folder, e.g. RUN/bundles/linear, or make one with `headstart fit DATA --out NAME.bundle`."


def _head(folder: Path, head: HeadRecord, tensors: Tensors) -> Head:
    if head.kind not in HEAD_KINDS:
        raise BundleError(
            f"'{folder}' holds a head of the kind '{head.kind}', which this headstart {__version__} does not know.",
            hint="Import the module that defines it first, or read the bundle with the headstart that wrote it.",
        )
    arrays = {name.removeprefix("head."): value for name, value in tensors.items() if name.startswith("head.")}
    return head_of(head.kind, arrays, head.numbers)
