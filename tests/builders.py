"""What tests of strategies and experiments are made of: drawn labels and numbers in the place of pictures and networks.

Nothing here reads a picture or makes a network: the frozen network's answers are the numbers of `FakePasses`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbones import Backbone
from headstart.evidence.intervals import wilson
from headstart.experiment.cuts import resolve_strategies
from headstart.experiment.networks import Networks
from headstart.experiment.passes import Pictures
from headstart.experiment.prepare import Prepared, division_of
from headstart.experiment.request import Request
from headstart.experiment.resolve import resolve
from headstart.pixels import PixelStore
from headstart.records.metrics import Metrics, MetricsBySplit
from headstart.records.plan import ChoiceLosses
from headstart.records.preprocessing import Preprocessing
from headstart.records.progress import Progress, Silent
from headstart.records.run import Parameters, RunRecord, Seconds, SolvedHead, TrainingRecord
from headstart.records.training import TrainingSettings
from headstart.strategies.context import FitContext
from headstart.strategies.division import Division
from headstart.strategies.passes import FakePasses, fake_backbone
from headstart.strategies.resolved import Choices, Resolved
from headstart.strategies.strategy import STRATEGIES
from headstart.table import Table

FEATURES = 12
STAGES = ("input", "middle", "late")
PREPROCESSING = Preprocessing(input_size=32, framing="squash")
CHOICES = Choices(PREPROCESSING, "none", ChoiceLosses())
GIVEN: dict[str, Any] = {"framing": "squash", "augment": "none", "readout": "pool"}  # so that nothing is chosen


def table_of(splits: str = "train test", *, each: int = 20, classes: int = 2, groups: Any = None) -> Table:
    """Return `each` pictures of every class in each of the named splits ("-": in none yet), classes in turn."""
    names = [name.replace("-", "") for name in splits.split()]
    count = each * classes * len(names)
    return Table(
        root=Path("drawn"),
        paths=tuple(f"{row:04d}.png" for row in range(count)),
        labels=np.arange(count) % classes,
        classes=tuple("abcdefghij"[:classes]),
        splits=np.repeat(names, each * classes),
        groups=np.full(count, "") if groups is None else np.asarray(groups),
        digests=tuple(f"{row:064x}" for row in range(count)),
    )


def separable(labels: NDArray[np.int64], *, distance: float = 1.0, features: int = FEATURES) -> NDArray[np.float32]:
    """Return numbers that tell the classes apart, the better the larger the distance."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(int(labels.max()) + 1, features))
    return (distance * centres[labels] + rng.normal(size=(len(labels), features))).astype(np.float32)


@dataclass(eq=False)
class WholePasses(FakePasses):
    """Fake passes of a whole experiment, as `Prepared` asks for them; `took` is what shared steps cost."""

    pictures: Pictures = field(default_factory=lambda: no_pictures(0))
    resolved: Resolved | None = None
    progress: Progress | None = None
    took: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> dict[str, float]:
        """What each shared step cost."""
        return self.took

    def squares(self, preprocessing: Preprocessing) -> list[NDArray[np.uint8]]:
        """Return no picture: none was decoded."""
        return []


def no_pictures(count: int) -> Pictures:
    """Return the pictures of a table of which none was decoded."""
    return Pictures(PixelStore([], faulty={}), np.arange(count))


def resolved_of(
    request: Request, backbone: Backbone | None, pictures: int = 80, *, plan: Any = None, device: str = "cpu"
) -> Resolved:
    """Return a request with nothing left open, on a network of which only numbers are known."""
    if all(row.weights == "random" for row in request.rows):
        backbone = None
    found = Networks(device, backbone, 37, resolve_strategies(request, backbone))
    return replace(resolve(request, found, pictures, plan), make_scratch=lambda seed: fake_backbone(8, side=64))


def context_of(
    table: Table | None = None,
    *,
    request: Request | None = None,
    values: NDArray[np.float32] | None = None,
    progress: Progress | None = None,
    **division: Any,
) -> FitContext:
    """Return what a fit works with: drawn labels and separable features."""
    table = table_of() if table is None else table
    own = Division.of(table, seed=0, **division)
    passes = FakePasses(own, separable(table.labels) if values is None else values)
    backbone = fake_backbone(passes.values.shape[1], stages=STAGES)
    asked = request or Request(strategies=("linear",), **GIVEN)
    resolved = resolved_of(asked, backbone, len(table))
    return FitContext(own, resolved, passes, no_pictures(len(table)), progress or Silent())


def prepared_of(
    table: Table | None = None,
    *,
    request: Request | None = None,
    values: NDArray[np.float32] | None = None,
    progress: Progress | None = None,
    drawn: bool = False,
    backbone: Backbone | None = None,
) -> Prepared:
    """Return an experiment whose passes are fakes."""
    table = table_of() if table is None else table
    request = request or Request(strategies=("linear",), **GIVEN)
    own = division_of(table, request, drawn=drawn)
    pictures = no_pictures(len(table))
    given = separable(table.labels) if values is None else values
    passes = WholePasses(own, given, pictures=pictures)
    network = backbone or fake_backbone(given.shape[1], stages=STAGES)
    context = FitContext(own, resolved_of(request, network, len(table)), passes, pictures, progress or Silent())
    return Prepared(request, context, passes)  # type: ignore[arg-type]


def planned_of(request: Request, table: Table | None = None, *, backbone: Backbone | None = None) -> Prepared:
    """Return an experiment whose passes are real and were not made: enough to plan it."""
    table = table_of() if table is None else table
    network = backbone or fake_backbone(FEATURES, stages=STAGES)
    division = division_of(table, request, drawn=False)
    resolved = resolved_of(request, network, len(table))
    return Prepared.of(request, resolved, division, no_pictures(len(table)), Silent(), decode_rate=0.002)


def metrics_of(right: int, count: int, *, used: bool = False) -> Metrics:
    """Return what a run reached that answered so many of so many pictures right."""
    share, interval = right / count, wilson(right, count)
    return Metrics(
        n=count,
        loss=0.5,
        accuracy=share,
        interval=interval,
        interval_kind="wilson",
        unit="picture",
        macro_f1=share,
        macro_f1_interval=interval,
        balanced_accuracy=share,
        balanced_accuracy_interval=interval,
        per_class_recall=(share, share),
        per_class_recall_intervals=(interval, interval),
        used_for_choosing=used,
    )


def run_of(
    name: str,
    right: int,
    count: int,
    *,
    strategy: str | None = None,
    cut: str = "pool",
    kept: bool = False,
    parameters: Parameters | None = None,
    chosen_among: tuple[str, ...] = (),
    used: bool = False,
    flops: float = 8e8,
) -> RunRecord:
    """Return the record of a run on so many test pictures; `kept`: training was tried, and the solved head answers."""
    row = STRATEGIES[strategy or name.partition("@")[0]]
    training = TrainingRecord(
        settings=TrainingSettings(),
        augment="none",
        choosing="train",
        epoch_chosen=None if kept else 3,
        kept_solved_head=kept,
        pictures=count,
        chosen_among=chosen_among,
    )
    return RunRecord(
        id=name,
        strategy=row.name,
        weights=row.weights,
        cut=cut,
        head=row.head,
        seed=0,
        readout="pool",
        parameters=parameters or Parameters(total=3_371_000, trained=2562),
        flops=flops,
        preprocessing=PREPROCESSING,
        seconds=Seconds(total=1.0, fit=0.5),
        metrics=MetricsBySplit(test=metrics_of(right, count, used=used)),
        predictions=f"predictions/{name}.parquet",
        bundle=f"bundles/{name}",
        solved=SolvedHead(settings={"C": 0.1}, converged=True) if row.solves else None,
        training=None if row.solves else training,
    )
