"""Looking before working: training pictures, places to cut, weights, data to fetch."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Unpack

import numpy as np
from numpy.typing import NDArray

from headstart import backbones
from headstart.api.arguments import Data, table_of
from headstart.api.requests import request_of
from headstart.backbones.names import DEFAULT_NAME
from headstart.base.errors import DataError, PictureError
from headstart.base.options import AUTO, completed, options_of, takes
from headstart.base.outputs import LOOK, PICTURES, claim
from headstart.base.params import check_choice
from headstart.base.streams import stream
from headstart.experiment.option_table import LookOptions, elsewhere
from headstart.pixels import augment as augment_picture
from headstart.pixels import common_decoding
from headstart.pixels.decode import decode_noted
from headstart.records.listing import StagePlace, WeightsEntry, WeightsFound
from headstart.records.progress import Progress, Silent
from headstart.records.record import changed
from headstart.report.grid import Tile, draw_grid
from headstart.table import DATA_SETS, fetch_archive, tell_findings, tell_skipped
from headstart.words.reading import apart_from_cropping, read_findings, tell_reading

WEIGHT_SUFFIXES = (".safetensors", ".pth", ".pt")


@takes(LookOptions, elsewhere)
def look(
    data: Data,
    *,
    grid: Annotated[str | Path, LOOK],
    progress: Progress | None = None,
    **options: Unpack[LookOptions],
) -> Path:
    """Draw some training pictures as training sees them, augmented, with their labels.

    Parameters
    ----------
    data, progress
        As for `compare`.
    grid : path
        The PNG file to write; a grid that stands there is replaced, nothing else.
    **options
        See `headstart.experiment.option_table.LookOptions`. ``"auto"`` is not chosen here, because that takes a pass
        over all pictures: it stands for the network's usual framing, and for photo.

    Returns
    -------
    Path
        The file.
    """
    claim(grid, LOOK, inputs=[data])
    chosen = completed(LookOptions, options)
    options_of(LookOptions)["pictures"].check(chosen["pictures"])
    request = request_of(options)
    table = table_of(data, "look", progress=progress)
    tell_findings(table, progress)
    tell_skipped(table, progress)
    rows = table.rows("train")
    if not len(rows):
        rows = np.arange(len(table))
    order = stream(request.seed, "look").permutation(rows)
    drawn = _each_class_in_turn(order, table.labels, chosen["pictures"])
    weights = request.weights
    network = backbones.load(
        request.backbone or (None if weights else DEFAULT_NAME),
        weights=None if weights is None else Path(weights),
        random=weights is None,  # how pictures are prepared is known without the weights
        image_size=request.image_size,
    )
    preprocessing = network.preprocessing
    if request.framing != AUTO:
        preprocessing = changed(preprocessing, framing=request.framing)
    decoding = common_decoding([table.file(row) for row in range(len(table))])
    preprocessing = changed(preprocessing, decoding=decoding)
    kind = "photo" if request.augment == AUTO else request.augment
    listener = progress or Silent()
    tiles, notes = [], []
    for row in drawn:
        try:
            found = decode_noted(table.file(int(row)), short_side=preprocessing.decode_side, decoding=decoding)
        except PictureError as error:
            listener.message(f"{table.paths[row]} is left out: {error.message}")
            continue
        notes.append((table.paths[row], found.notes))
        square = augment_picture(found.pixels, preprocessing, kind, stream(request.seed, "look", int(row)))
        tiles.append(Tile(picture=square, caption=table.classes[table.labels[row]]))
    if not tiles:
        raise DataError(f"None of {len(drawn)} pictures of '{table.root}' can be read.", hint="Check the folder.")
    read = read_findings(notes, white=decoding.white)
    tell_reading(apart_from_cropping(read, preprocessing.framing), listener)
    title = f"{len(tiles)} training pictures as the training sees them ({kind})"
    for note in draw_grid(tiles, Path(grid), title=title):
        listener.message(note)
    return Path(grid)


def _each_class_in_turn(rows: NDArray[np.int64], labels: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Return so many of the shuffled `rows`, in ascending order, no class twice before every class was there."""
    seen, turns = Counter[int](), list[int]()
    for label in labels[rows].tolist():
        turns.append(seen[label])
        seen[label] += 1
    return np.sort(rows[np.argsort(turns, kind="stable")[:number]])


def stages(
    backbone: str | None = None, *, weights: str | Path | None = None, image_size: int | None = None
) -> tuple[StagePlace, ...]:
    """Return the places at which a network can be cut, from the input to the pool.

    Returns
    -------
    tuple of StagePlace
    """
    if weights is None:  # the places depend on the network alone
        found = backbones.load(backbone or DEFAULT_NAME, random=True, image_size=image_size).stages
    else:
        found = backbones.load(backbone, weights=weights, image_size=image_size).stages
    rows, after = [], sum(stage.parameters for stage in found)
    for stage in found:
        rows.append(
            StagePlace(
                name=stage.name,
                parameters=stage.parameters,
                shape=tuple(stage.shape),
                flops=stage.flops,
                trained_after=after,
            )
        )
        after -= stage.parameters
    return tuple(rows)


def fetch_data(
    name: str,
    *,
    target: Annotated[str | Path | None, PICTURES] = None,
    offline: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Download a public data set and unpack it safely; see `headstart.table.DATA_SETS`."""
    check_choice("name", "fetch_data", name, DATA_SETS)
    found = DATA_SETS[name]
    place = Path(found.folder) if target is None else Path(target)
    return fetch_archive(found.url, found.sha256, place, progress=progress or Silent(), offline=offline)


def list_weights() -> tuple[WeightsEntry, ...]:
    """Return the pre-trained weights that can be had here without a download."""
    return backbones.list_weights()


def verify_weights(name: str) -> WeightsFound:
    """Load weights, from a file or by their network's name, and say what they are; nothing is downloaded.

    Parameters
    ----------
    name : str
        A ``.safetensors`` or ``.pth`` file with its JSON next to it, or a network's name.

    Returns
    -------
    WeightsFound

    Raises
    ------
    WeightsError
        If they cannot be had here or do not fit; the error says which tensors.
    """
    is_file = Path(name).suffix in WEIGHT_SUFFIXES or Path(name).is_file()
    found = backbones.load(None if is_file else name, weights=Path(name) if is_file else None, offline=True)
    return WeightsFound(
        name=found.name,
        source=found.source,
        sha256=found.sha256,
        licence=found.licence,
        preprocessing=found.preprocessing,
        parameters=found.parameters,
        features=found.features,
    )
