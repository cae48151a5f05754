"""The pictures that a run answered wrong, the surest of its wrong answer first, as one PNG."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from headstart.base.errors import PictureError
from headstart.evidence.mistakes import worst_mistakes
from headstart.pixels import decode
from headstart.pixels.root import found_root
from headstart.records.held_out import HeldOutAnswers, read_answers
from headstart.records.results import Results
from headstart.report.grid import Tile, draw_grid

_MOST = 12  # pictures of a grid
_SIDE = 224  # of the shorter side: what the grid shows


class Mistakes:
    """Grids of mistakes, each drawn when it is first asked for.

    Parameters
    ----------
    results : Results
    folder : Path
        The run folder: answers are read from it, grids are written to ``trackers/mistakes``.
    pictures : Path, optional
        The data folder; by default where it was.
    """

    def __init__(self, results: Results, folder: Path, pictures: Path | None = None) -> None:
        self._results, self._folder, self._pictures = results, folder, pictures
        self._drawn: dict[str, Path | None] = {}

    def of(self, run: str) -> Path | None:
        """Return the PNG of a run's worst mistakes; None if it made none or the pictures are gone.

        Raises
        ------
        DataError
            If a data folder was given that holds none of the pictures.
        """
        if run not in self._drawn:
            self._drawn[run] = self._draw(run)
        return self._drawn[run]

    @cached_property
    def _answers(self) -> HeldOutAnswers:
        return read_answers(self._results, self._folder)

    @cached_property
    def _root(self) -> Path | None:
        return found_root(self._results.data.root, self._pictures, self._answers.paths)

    def _draw(self, run: str) -> Path | None:
        answers = self._answers
        if run not in answers.probabilities or self._root is None:
            return None
        rows = worst_mistakes(answers, run)
        tiles = [tile for row in rows[:_MOST] if (tile := self._tile(run, int(row))) is not None]
        if not tiles:
            return None
        path = self._folder / "trackers" / "mistakes" / f"{run}.png"
        draw_grid(tiles, path, columns=min(4, len(tiles)), title=f"{run}: {len(rows)} of {len(answers)} wrong")
        return path

    def _tile(self, run: str, row: int) -> Tile | None:
        """Return one mistake, None if its picture can no longer be read."""
        answers, said = self._answers, self._answers.probabilities[run][row]
        try:
            picture = decode(
                (self._root or Path()) / answers.paths[row], short_side=_SIDE, decoding=self._results.data.decoding
            )
        except (PictureError, OSError):
            return None
        named, truth = answers.classes[said.argmax()], answers.classes[answers.labels[row]]
        return Tile(picture, named, second=f"{100 * said.max():.1f}\u00a0% sure; it is {truth}", mark="wrong")
