"""Known answers: what a bundle's network says of a few generated squares, kept beside its graph in the cache.

Whoever starts to answer with the graph can ask it the same again, without torch, and learn whether it still answers as
the network did: on this machine, with this processor and this ONNX Runtime.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from headstart.base.errors import StoreError
from headstart.base.files import sha256_of_bytes
from headstart.base.types import Floats
from headstart.bundle.engine import AGREE, entry_of
from headstart.bundle.folder import fingerprint_of, read_manifest
from headstart.bundle.model import Model, contents_of
from headstart.records.codec import read_record, write_record
from headstart.records.record import Record, Share

SQUARES = 8


class KnownAnswers(Record):
    """Content of ``known-BUNDLE.json``: of which bundle, of which squares, and a row of probabilities for each."""

    bundle: str
    squares: str
    probabilities: tuple[tuple[Share, ...], ...]


def generated_squares(side: int) -> list[NDArray[np.uint8]]:
    """Return squares, (side, side, 3), always the same: colours that run, at several scales, and noise on them."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(SQUARES):
        coarse = rng.integers(0, 256, (2 + 3 * number, 2 + 3 * number, 3))
        rows = np.arange(side) * len(coarse) // side
        square = coarse[rows][:, rows] + rng.integers(-20, 21, (side, side, 3))
        found.append(np.clip(square, 0, 255).astype(np.uint8))
    return found


def answers_for(model: Model, squares: list[NDArray[np.uint8]]) -> Floats:
    """Return what a classifier says of framed pictures, (n, classes)."""
    return model.answers_of(model.features_of_squares(iter(squares))).probabilities


def keep_known_answers(network: Model, folder: Path) -> None:
    """Keep what the network of a bundle says of the generated squares; without a graph beside it nothing is kept.

    Raises
    ------
    BundleError
        If another bundle stands there by now.
    StoreError
        If the cache cannot be written.
    """
    contents = contents_of(network, folder)
    if not entry_of(contents.sha256).is_dir():
        return
    squares = generated_squares(network.preprocessing.input_size)
    rows = tuple(map(tuple, answers_for(network, squares).tolist()))
    bundle = contents.fingerprint
    write_record(
        _file(contents.sha256, bundle), KnownAnswers(bundle=bundle, squares=_digest(squares), probabilities=rows)
    )


def known_answers(folder: Path) -> KnownAnswers | None:
    """Return what was kept for the bundle that stands at `folder`; None if nothing, or for another one."""
    bundle = fingerprint_of(folder)
    try:
        known = read_record(_file(read_manifest(folder).sha256, bundle), KnownAnswers)
    except StoreError:
        return None
    return known if known.bundle == bundle else None


def answers_as_known(model: Model, known: KnownAnswers) -> bool:
    """Whether a classifier says of the generated squares what is known, of each alone and of all together."""
    squares = generated_squares(model.preprocessing.input_size)
    if _digest(squares) != known.squares or len(known.probabilities) != len(squares):
        return False
    expected = np.array(known.probabilities)
    together = answers_for(model, squares)
    alone = np.concatenate([answers_for(model, [square]) for square in squares])
    return expected.shape == together.shape and bool(
        np.abs(together - expected).max() <= AGREE and np.abs(alone - expected).max() <= AGREE
    )


def _file(sha256: str, bundle: str) -> Path:
    """Return where they are kept: bundles of the same tensors share a graph, and may answer otherwise all the same."""
    return entry_of(sha256) / f"known-{bundle[:32]}.json"


def _digest(squares: list[NDArray[np.uint8]]) -> str:
    return sha256_of_bytes(np.stack(squares).tobytes())
