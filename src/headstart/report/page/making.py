"""The pictures by class and split, and how the comparison was made: plan, settings, machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from headstart.records.plan import PlanStep
from headstart.records.results import Results, Skipped
from headstart.report.facts import facts, settings_of, value_text
from headstart.report.numbers import decimal, seconds_text
from headstart.report.page import matrices
from headstart.words.reading import is_reading_note
from headstart.words.skipped import not_read

Named = tuple[tuple[str, str], ...]  # names with what stands behind them
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class CountedClass:
    """How many pictures a class has in each split, with a bar."""

    name: str
    cells: tuple[tuple[int, Markup], ...]


@dataclass(frozen=True)
class Pictures:
    """Counts by class and split, and the files that were not used."""

    splits: tuple[str, ...]
    rows: tuple[CountedClass, ...]
    totals: tuple[int, ...]
    skipped: tuple[Skipped, ...]
    not_read: str
    unnamed: int
    fingerprint: str
    read: tuple[str, ...]


def pictures(results: Results) -> Pictures:
    """Return counts by class and split with bars, the skipped files, and how the others were read."""
    data = results.data
    counts = {split: data.counts.get(split) or {} for split in SPLITS}
    splits = tuple(split for split in SPLITS if sum(counts[split].values()))
    most = max((counts[split].get(name, 0) for split in splits for name in data.classes), default=0) or 1

    def cell(count: int) -> tuple[int, Markup]:
        return count, matrices.bar(count / most, "filled")

    return Pictures(
        splits=splits,
        rows=tuple(
            CountedClass(name, tuple(cell(counts[split].get(name, 0)) for split in splits)) for name in data.classes
        ),
        totals=tuple(sum(counts[split].values()) for split in splits),
        skipped=tuple(sorted(data.skipped, key=lambda one: bool(one.kind))),
        not_read=not_read(one.kind for one in data.skipped),
        unnamed=data.unnamed,
        fingerprint=data.fingerprint,
        read=tuple(found.text for found in results.warnings if is_reading_note(found)),
    )


@dataclass(frozen=True)
class Step:
    """One step of the plan: expected and taken, in words and as bars."""

    step: str
    estimated: str
    taken: str
    bars: tuple[Markup, Markup]


@dataclass(frozen=True)
class ChosenValue:
    """What was chosen on training pictures, and the losses of all that were tried."""

    what: str
    value: str
    tried: Named


@dataclass(frozen=True)
class Making:
    """Plan against actual time, settings, environment, and how to do it again."""

    plan: tuple[Step, ...]
    settings: tuple[tuple[str, Named], ...]
    chosen: tuple[ChosenValue, ...]
    network: Named
    environment: Named
    command: str
    seed: int
    version: str


def making(results: Results) -> Making:
    """Return how the comparison was made."""
    chosen, network = results.chosen, results.backbone
    return Making(
        plan=_steps(results.plan),
        settings=tuple((run.id, _named(settings_of(run).items())) for run in results.runs),
        chosen=(
            ChosenValue("framing", chosen.framing, _losses(chosen.by.framing)),
            ChosenValue("augmentation", chosen.augment, _losses(chosen.by.augment)),
        ),
        network=() if network is None else _named(facts(network)),
        environment=_named(facts(results.environment)),
        command=results.command,
        seed=results.seed,
        version=results.headstart,
    )


def _steps(plan: tuple[PlanStep, ...]) -> tuple[Step, ...]:
    times = [seconds for step in plan for seconds in (step.seconds, step.estimated_seconds) if seconds]
    most = max(times, default=1.0)
    return tuple(
        Step(
            step=step.step,
            estimated=seconds_text(step.estimated_seconds),
            taken=seconds_text(step.seconds),
            bars=(
                matrices.bar((step.estimated_seconds or 0.0) / most, "planned"),
                matrices.bar((step.seconds or 0.0) / most, "filled"),
            ),
        )
        for step in plan
    )


def _losses(losses: dict[str, float]) -> Named:
    return tuple((name, decimal(loss)) for name, loss in losses.items())


def _named(values: Iterable[tuple[str, object]]) -> Named:
    return tuple((name.replace("_", " "), value_text(value) or "–") for name, value in values)
