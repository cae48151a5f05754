"""What `compare` gives back: the verdict, the runs, the winner."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from headstart.api.predicting import load
from headstart.base.files import cache_writable
from headstart.base.outputs import BUNDLE
from headstart.base.types import Floats
from headstart.bundle import Model
from headstart.pixels.given import Pictures
from headstart.records.metrics import MetricsBySplit
from headstart.records.progress import Progress, Silent
from headstart.records.results import Results
from headstart.records.run import RunRecord
from headstart.records.verdict import VerdictRecord

if TYPE_CHECKING:
    from headstart.experiment.networks import EngineCandidate
    from headstart.report.trackers.choosing import Tracked


class VerdictView:
    """What the pictures can tell: which run to use, and why; a notebook shows it as a card.

    Where not `decided`, a class has too few held-out pictures to call anything better: the winner is only what to go on
    with.
    """

    def __init__(self, record: VerdictRecord) -> None:
        self.record = record
        self.winner: str = record.winner
        self.tied_with: tuple[str, ...] = record.tied_with
        self.text: str = record.text
        self.details: tuple[str, ...] = record.details
        self.figures: tuple[str, ...] = record.figures
        self.decided: bool = record.decided

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"VerdictView(winner={self.winner!r}, decided={self.decided!r})"

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        from headstart.report.page.notebook import verdict_html

        return verdict_html(self.record)


class Run:
    """One strategy of an experiment: its record and its classifier."""

    def __init__(self, record: RunRecord, folder: Path) -> None:
        self.record = record
        self.id: str = record.id
        self.metrics: MetricsBySplit = record.metrics
        self._bundle = folder / record.bundle
        self._model: Model | None = None

    def __repr__(self) -> str:
        return f"Run({self.id!r}, bundle={str(self._bundle)!r})"

    @property
    def model(self) -> Model:
        """The classifier, loaded from its bundle when first asked for."""
        if self._model is None:
            self._model = load(self._bundle)
        return self._model

    def predict(self, pictures: Pictures) -> list[str]:
        """Return the most probable class of each picture; see `Model.predict`."""
        return self.model.predict(pictures)

    def predict_proba(self, pictures: Pictures) -> Floats:
        """Return probabilities, (n, classes); see `Model.predict_proba`."""
        return self.model.predict_proba(pictures)

    def save(self, folder: Annotated[str | Path, BUNDLE]) -> Path:
        """Keep a copy of the bundle in `folder`; see `Model.save`."""
        return self.model.save(folder)


class Experiment:
    """All strategies compared: ``.verdict``, ``.winner``, ``.runs`` by id, ``.results``, ``.folder``.

    ``.tracked`` says what became of each tracker that was asked for.
    """

    def __init__(
        self,
        folder: Path,
        results: Results,
        engine_candidate: EngineCandidate | None = None,
        tracked: Sequence[Tracked] = (),
    ) -> None:
        self.folder, self.results, self._engine_candidate = folder, results, engine_candidate
        self.tracked = tuple(tracked)
        self.verdict = VerdictView(results.verdict)
        self.runs = {record.id: Run(record, folder) for record in results.runs}

    def __repr__(self) -> str:
        return f"Experiment({str(self.folder)!r}, winner={self.verdict.winner!r})"

    def _repr_html_(self) -> str:
        """How a notebook shows it: the verdict and the table of strategies."""
        from headstart.report.page.notebook import experiment_html

        return experiment_html(self.results, str(self.folder))

    def keep_network(self, *, progress: Progress | None = None) -> bool:
        """Keep of the pre-trained network what lets the next comparison of heads do without torch.

        The command line does it after the answer stands: it takes about two seconds, once for each network.

        Returns
        -------
        bool
            Whether it was done now.
        """
        engine_candidate, self._engine_candidate = self._engine_candidate, None
        if engine_candidate is None or not cache_writable():
            return False
        (progress or Silent()).message("preparing this network so that later runs are faster (only once) …")
        return engine_candidate.keep()

    @property
    def winner(self) -> Run:
        """The run that the verdict recommends."""
        return self.runs[self.verdict.winner]
