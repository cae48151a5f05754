"""What `compare` gives back: the verdict, the runs, the winner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart import bundle
from headstart.base.files import cache_folder, writable
from headstart.base.types import Floats
from headstart.bundle import Model, Picture
from headstart.records.progress import Progress, Silent

if TYPE_CHECKING:
    from headstart.experiment.networks import EngineCandidate
    from headstart.report.trackers.choosing import Tracked


@dataclass(frozen=True)
class VerdictView:
    """What the data can say: the winner, who is tied with it, and that in words.

    Where not `decided`, a class has too few held-out pictures to call anything better: the winner is only what to go on
    with.
    """

    winner: str
    tied_with: tuple[str, ...]
    text: str
    decided: bool = True

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        from headstart.report.page.notebook import verdict_html

        return verdict_html(asdict(self))


class Run:
    """One strategy of an experiment: its record and its classifier."""

    def __init__(self, record: Mapping[str, Any], folder: Path) -> None:
        self.record = dict(record)
        self.id: str = record["id"]
        self.metrics: dict[str, Any] = record["metrics"]
        self._bundle = folder / record["bundle"]
        self._model: Model | None = None

    def __repr__(self) -> str:
        return f"Run({self.id!r}, bundle={str(self._bundle)!r})"

    @property
    def model(self) -> Model:
        """The classifier, loaded from its bundle when first asked for."""
        if self._model is None:
            self._model = bundle.load(self._bundle)
        return self._model

    def predict(self, pictures: Sequence[Picture]) -> list[str]:
        """Return the most probable class of each picture; see `Model.predict`."""
        return self.model.predict(pictures)

    def predict_proba(self, pictures: Sequence[Picture]) -> Floats:
        """Return probabilities, (n, classes); see `Model.predict_proba`."""
        return self.model.predict_proba(pictures)

    def save(self, folder: str | Path) -> Path:
        """Keep a copy of the bundle in `folder`; see `Model.save`."""
        return self.model.save(folder)


class Experiment:
    """All strategies compared: ``.verdict``, ``.winner``, ``.runs`` by id, ``.results``, ``.folder``.

    ``.tracked`` says what became of each tracker that was asked for.
    """

    def __init__(
        self,
        folder: Path,
        results: Mapping[str, Any],
        engine_candidate: EngineCandidate | None = None,
        tracked: Sequence[Tracked] = (),
    ) -> None:
        self.folder, self.results, self._unkept = folder, dict(results), engine_candidate
        self.tracked = tuple(tracked)
        verdict = results["verdict"]
        self.verdict = VerdictView(
            verdict["winner"], tuple(verdict["tied_with"]), verdict["text"], verdict.get("decided", True)
        )
        self.runs = {record["id"]: Run(record, folder) for record in results["runs"]}

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
        engine_candidate, self._unkept = self._unkept, None
        if engine_candidate is None or not writable(cache_folder()):
            return False
        (progress or Silent()).message("making the next runs quicker (once for each network) …")
        return engine_candidate.keep()

    @property
    def winner(self) -> Run:
        """The run that the verdict recommends."""
        return self.runs[self.verdict.winner]
