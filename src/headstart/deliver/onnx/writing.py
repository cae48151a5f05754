"""From a bundle to a proven file: made in memory, run beside the bundle, and written only if the two agree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from headstart.base.errors import ConfigError, EngineError
from headstart.base.files import write_bytes
from headstart.base.outputs import ONNX, ONNX_CARD, ONNX_PROOF, claim
from headstart.base.seals import write_sealed
from headstart.bundle import Model
from headstart.bundle.model import load_as_read
from headstart.deliver import witnesses
from headstart.deliver.onnx import eight_bits
from headstart.deliver.onnx.card import card
from headstart.deliver.onnx.classifier import opened
from headstart.deliver.onnx.graph import Traced, built, facts_of, traced
from headstart.deliver.onnx.parity import prove
from headstart.deliver.onnx.seal import sealed
from headstart.deliver.witnesses import Witness
from headstart.pixels.given import Given, given_pictures
from headstart.records.codec import write_record
from headstart.records.exported import Agreement, ExportedFacts, InputForm, Parity, judged
from headstart.records.progress import Progress
from headstart.records.record import changed
from headstart.words.eight_bits import what_it_costs

PROOF, CARD = ".parity.json", ".card.md"  # what goes with NAME.onnx, in the place of its suffix
MOST_DROP = 0.01


@dataclass(frozen=True, eq=False)
class Proven:
    """An exported classifier that agrees with its bundle: the file's content, and the proof."""

    content: bytes
    parity: Parity
    model: Model


def write_onnx(proven: Proven, out: Path) -> Parity:
    """Write the file with its proof and its card; returns the proof as it was written."""
    parity = changed(proven.parity, file=out.name)
    write_bytes(out, proven.content)
    write_record(out.with_suffix(PROOF), parity)
    write_sealed(out.with_suffix(CARD), card(parity, proven.model))
    return parity


def claim_onnx(out: Path, *, inputs: Sequence[object] = ()) -> Path:
    """Return `out` if the file and what goes with it can be written there; errors as `claim`."""
    claim(out, ONNX, inputs=inputs)
    for suffix, beside in ((PROOF, ONNX_PROOF), (CARD, ONNX_CARD)):
        try:
            claim(out.with_suffix(suffix), beside, inputs=inputs)
        except ConfigError as error:
            raise ConfigError(
                error.message, hint=f"It goes beside '{out}'. Choose another name for that: --out {out.stem}-2.onnx"
            ) from error
    return out


def proven(
    bundle: Path,
    *,
    form: InputForm = "picture",
    data: Path | None = None,
    int8: bool = False,
    max_drop: float = MOST_DROP,
    name: str = "the exported file",
    progress: Progress,
) -> Proven:
    """Return the classifier in a bundle as one ONNX file that has answered beside it, and how.

    Parameters
    ----------
    bundle : Path
    form : str
        ``"picture"``: takes one picture of any size. ``"squares"``: takes many, framed already.
    data : Path, optional
        Pictures to prove it with; by default those of the run folder that the bundle lies in.
    int8 : bool
        Compute in 8 bits.
    max_drop : float
        How much accuracy that may cost.
    name : str
        Of the file, for messages.
    progress : Progress

    Raises
    ------
    BundleError
        If there is no such bundle.
    ConfigError
        If there are no pictures to prove it with.
    DataError
        If none of them can be read.
    EngineError
        If it cannot be exported, or the two do not agree; the worst pictures are named.
    """
    model, read = load_as_read(bundle)
    known = witnesses.found(bundle, data, model.info.trained_on)
    some, kinds = witnesses.chosen(known, model.preprocessing.input_size, progress)
    if len(some) < witnesses.LEAST:
        progress.message(f"There are {len(some)} pictures to prove it with. {witnesses.LEAST} or more prove more.")
    facts = facts_of(model, read.fingerprint, form)
    progress.message("writing the network as a graph …")
    content = _content(built(model, traced(model), facts))
    paths = given_pictures([one.path for one in some])
    parity = prove(opened(content, name), model, paths, kinds=kinds, progress=progress)
    _refuse_unproven(parity)
    if int8:
        content, parity = _smaller(
            model, known, paths, changed(facts, eight_bits=True), kinds, max_drop, name, progress
        )
    return Proven(content, parity, model)


def _smaller(
    model: Model,
    known: Sequence[Witness],
    paths: Sequence[Given],
    facts: ExportedFacts,
    kinds: Mapping[str, int],
    max_drop: float,
    name: str,
    progress: Progress,
) -> tuple[bytes, Parity]:
    """Return the file in 8 bits, and the proof with what it costs."""
    network: Traced = eight_bits.traced(model, known, progress)
    content = _content(built(model, network, facts))
    exported = opened(content, name)
    cost = eight_bits.drop(exported, model, known, max_drop, progress)
    parity = judged(changed(prove(exported, model, paths, kinds=dict(kinds), progress=progress), drop=cost))
    if not parity.agrees:
        enough = math.ceil(1000 * cost.difference) / 1000
        raise EngineError(
            f"{what_it_costs(cost)}, and at most {100 * max_drop:.1f} are allowed. Nothing was written.",
            hint=f"Export it without --int8, or allow so much: --max-drop {enough:g}",
        )
    return content, parity


def _content(model: onnx.ModelProto) -> bytes:
    return sealed(bytes(model.SerializeToString()))


def _refuse_unproven(parity: Parity) -> None:
    """Raise EngineError if the two do not agree; it names the worst pictures."""
    for agreement, asked in ((parity.on_squares, "on equal squares"), (parity.from_files, "from file to answer")):
        if agreement is not None and not agreement.agrees:
            raise EngineError(
                f"The exported file does not answer as the bundle {asked}: {_apart(agreement)} Nothing was written.",
                hint=_way_out(parity, agreement),
            )


def _apart(agreement: Agreement) -> str:
    other = agreement.pictures - agreement.same - agreement.ties
    worst = "; ".join(
        f"'{Path(one.path).name}': {one.bundle}, exported {one.exported}" for one in agreement.worst_pictures[:3]
    )
    told = f"another answer for {other} of {agreement.pictures} pictures, " if other else ""
    told += f"another set or word on none of these for {agreement.other}, " if agreement.other else ""
    told += f"another set or word on none of these for {agreement.other}, " if agreement.other else ""
    return (
        f"{told}probabilities up to {agreement.worst:.2g} apart, where {agreement.bound:g} is allowed. Worst: {worst}."
    )


def _way_out(parity: Parity, agreement: Agreement) -> str:
    if agreement is parity.from_files:
        return "Export the network alone, and let headstart's own decoder frame the pictures: --input squares"
    return "Use the bundle itself, and report this classifier's network as one that does not export."
