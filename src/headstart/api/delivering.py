"""Taking a classifier out of the house: exported as one file, and proven anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from headstart.api.arguments import classifier_folder
from headstart.api.predicting import expanded
from headstart.base.errors import ConfigError
from headstart.base.outputs import ONNX, WEB, claim
from headstart.base.params import check_choice, check_number
from headstart.pixels.given import Pictures, given_pictures
from headstart.records.exported import FORMS, InputForm, Parity
from headstart.records.progress import Progress, Silent
from headstart.records.record import changed

if TYPE_CHECKING:
    from headstart.deliver.onnx.writing import Proven

Way = Literal["onnx", "web"]
WAYS: tuple[Way, ...] = ("onnx", "web")
MOST_DROP = 0.01


def export(
    source: str | Path,
    out: Annotated[str | Path, ONNX, WEB],
    *,
    to: Way = "onnx",
    input: InputForm = "picture",  # noqa: A002 - what it is called in ONNX
    int8: bool = False,
    max_drop: float = MOST_DROP,
    data: str | Path | None = None,
    progress: Progress | None = None,
) -> Parity:
    """Write a classifier as one file that answers as its bundle does: ONNX with the proof of it, or a web page.

    From pixels to the answer everything is inside: framing, network, head, prediction set and none of these. The file
    is run beside the bundle on pictures of the run (at least 64, of every kind that occurs), and is only written if
    every answer is the same but for ties, and no probability differs by more than 1e-4 on equal squares and 0.01 from
    file to answer. ``NAME.parity.json`` and ``NAME.card.md`` are written beside it.

    A web page holds the same graph and ONNX Runtime, and answers in any browser without a network, from a double click.
    It reads and frames pictures by itself as headstart does, so it is proven on equal squares.

    Parameters
    ----------
    source : path
        A bundle.
    out : path
        An ``.onnx`` or ``.html`` file; one that headstart wrote is replaced.
    to : str
        ``"onnx"`` or ``"web"``.
    input : str
        ``"picture"``: takes one picture, uint8 (H, W, 3), of any size. ``"squares"``: takes many at a time, framed
        already, uint8 (n, side, side, 3).
    int8 : bool
        Let the network compute in 8 bits, its ranges taken from training pictures. What that costs is measured on
        held-out pictures.
    max_drop : float
        How much accuracy 8 bits may cost, from 0 to 1; beyond it nothing is written.
    data : path, optional
        Where the pictures of the run are now; or others, where the bundle lies in no run folder.

    Returns
    -------
    Parity
        The proof.

    Raises
    ------
    BundleError
        If there is no such bundle, or it is an exported file already.
    DependencyError
        If a web page is asked for, and its engine is not in this installation.
    ConfigError
        If there are no pictures to prove it with, or `out` is taken.
    EngineError
        If it cannot be exported, or does not agree; the worst pictures are named.
    """
    from headstart.deliver.onnx.writing import claim_onnx, proven, write_onnx

    check_choice("to", "export", to, WAYS)
    check_choice("input", "export", input, FORMS)
    max_drop = check_number("max_drop", "export", max_drop, least=0.0, most=1.0)
    bundle, place = _bundle(source, "export"), Path(out)
    read = [bundle, *([] if data is None else [data])]
    if to == "web":
        _check_web(bundle, place, input, read)
    else:
        claim_onnx(place, inputs=read)
    found = proven(
        bundle,
        form="squares" if to == "web" else input,
        data=None if data is None else Path(data),
        int8=int8,
        max_drop=max_drop,
        name=str(place),
        progress=progress or Silent(),
    )
    if to == "web":
        return _written_page(found, place, progress or Silent())
    claim_onnx(place)
    return write_onnx(found, place)


def _check_web(bundle: Path, place: Path, form: InputForm, read: Sequence[object]) -> None:
    """Refuse what would make a page impossible, before the work."""
    from headstart.bundle.folder import read_manifest
    from headstart.deliver.web.engine import engine
    from headstart.deliver.web.page import check_rule

    if form != "picture":
        raise ConfigError("A web page reads pictures by itself.", hint="Leave out --input.")
    claim(place, WEB, inputs=read)
    check_rule(read_manifest(bundle).preprocessing)
    engine()


def _written_page(found: Proven, place: Path, progress: Progress) -> Parity:
    """Write the page of a classifier that was proven; in 8 bits it is held against itself, else against the bundle."""
    from headstart.deliver.onnx.classifier import opened
    from headstart.deliver.web.facts import about
    from headstart.deliver.web.page import write_page

    claim(place, WEB)
    facts = found.parity.facts
    write_page(
        place,
        graph=found.content,
        classifier=opened(found.content, str(place)) if facts.eight_bits else found.model,
        name=place.stem,
        known=about(found.model.info, found.parity),
        progress=progress,
    )
    return changed(found.parity, file=place.name)


def verify(file: str | Path, source: str | Path, pictures: Pictures, *, progress: Progress | None = None) -> Parity:
    """Run an exported file beside its bundle once more, on any pictures and any machine.

    Parameters
    ----------
    file : path
        An ``.onnx`` file that `export` wrote.
    source : path
        The bundle.
    pictures
        As for `predict`.

    Returns
    -------
    Parity
        How far the two agree; ``parity.agrees`` says whether that is enough.

    Raises
    ------
    BundleError
        If either is missing, damaged, or the file was made from another bundle.
    DataError
        If there are no pictures, or none of them can be read.
    """
    from headstart.bundle.model import load_as_read
    from headstart.deliver import witnesses
    from headstart.deliver.onnx.classifier import open_exported
    from headstart.deliver.onnx.parity import prove

    exported = open_exported(Path(file))
    folder = _bundle(source, "verify")
    model, read = load_as_read(folder)
    if exported.facts.bundle != read.fingerprint:
        raise ConfigError(
            f"'{file}' was not made from '{folder}': it names the bundle {exported.facts.bundle[:12]}, "
            f"and this is {read.fingerprint[:12]}.",
            hint="Give the bundle that it was made from, or export this one.",
        )
    files, _ = expanded(given_pictures(pictures))
    told = progress or Silent()
    paths = [witnesses.Witness(one.source) for one in files if isinstance(one.source, Path)]
    _, kinds = witnesses.chosen(paths, model.preprocessing.input_size, told, most=len(paths))
    return prove(exported, model, files, kinds=kinds, progress=told)


def _bundle(source: str | Path, verb: str) -> Path:
    place = classifier_folder(source, "source", verb)
    if place.suffix.lower() == ".onnx":
        raise ConfigError(
            f"'{place}' is an ONNX file, and {verb} needs a bundle of headstart.",
            hint="Give the bundle from which it was exported, e.g. RUN/bundles/linear.",
        )
    return place
