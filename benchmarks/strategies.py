"""Compare every strategy on the real data sets and write the figures of docs/results.md.

    python benchmarks/strategies.py SHARED --out WORK [--only hymenoptera,solar] [--budget 25m] [--page-only]

SHARED is the folder with ``data/`` and ``weights/``. Each run is an ordinary `compare` in its own folder inside WORK,
so the command continues where it stopped; the tables are written again from all that is finished. With a time limit for
each run, strategies that would take too long are left for a later call.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import numpy as np

import headstart as hs
from headstart.base.files import write_text
from headstart.cli.live import listener
from headstart.records.codec import read_record
from headstart.records.columns import PredictionsFile
from headstart.records.metrics import Metrics
from headstart.records.results import SCHEMA, Results
from headstart.records.run import RunRecord
from headstart.report.standing import cut_of
from headstart.table import Table, solar_cells

PAGE = Path(__file__).resolve().parents[1] / "docs" / "results.md"
SEEDS = range(5)
SOLAR = "Solar cells, all 2,624"
SOLAR_300 = f"{SOLAR}, seen at their own 300 pixels"
SOLAR_GROUPS = {"solar": SOLAR, "solar300": SOLAR_300}
INTRODUCTION = (
    "# Results: every strategy on real pictures",
    "",
    "Written by `python benchmarks/strategies.py SHARED --out WORK` from the results.json of each run, two cores.",
    "SHARED holds `data/` and `weights/`, which may not be copied into this repository; the solar cells are a package.",
    "Framing, augmentation, strengths and epochs are chosen inside train. The defaults behind them (rates, numbers of",
    "epochs) were set on inner hold-outs of train; the SVM's rules were first compared on held-out splits, so its",
    "figures may be slightly too good ([decisions.md](decisions.md), `benchmarks/heads.py`).",
    "",
)


@dataclass(frozen=True)
class Task:
    """One `compare`: where its pictures are, with which options."""

    group: str
    name: str
    data: Callable[[], Path | Table]
    options: dict[str, Any] = field(default_factory=dict)


def tasks(shared: Path) -> Iterator[Task]:
    def at(name: str) -> Callable[[], Path]:
        return lambda: shared / "data" / name

    yield Task("hymenoptera", "hymenoptera", at("hymenoptera"))
    for weights in ("mobilenet_v2", "squeezenet1_1"):
        file = shared / "weights" / f"{weights}.safetensors"
        yield Task("weights", f"hymenoptera-{weights}", at("hymenoptera"), {"weights": file})
    yield Task("apple", "plantvillage_apple", at("plantvillage_apple"))
    yield Task("cars", "stanford_cars", at("stanford_cars"), {"strategies": "linear,svm,partial"})
    for seed in SEEDS:
        cells = partial(solar_cells, pictures=None, seed=seed)
        yield Task("solar", f"solar-{seed}", cells, {"seed": seed})
        yield Task("solar300", f"solar300-{seed}", cells, {"seed": seed, "image_size": 300})


def measured(results: Results, run: RunRecord) -> Metrics:
    found = results.measured(run)
    assert found is not None  # every split here measures
    return found


def rows(results: Results) -> Iterator[str]:
    for run in results.ranked:
        metrics = measured(results, run)
        low, high = metrics.interval
        yield (
            f"| {run.id} | {cut_of(run)} | {metrics.accuracy:.4f} | {low:.3f} to {high:.3f} | {metrics.loss:.3f} | "
            f"{metrics.macro_f1:.3f} | {run.seconds.total:.0f} | {run.parameters.trained:,} |"
        )


def table(title: str, results: Results) -> list[str]:
    sizes = ", ".join(f"{split} {sum(counts.values())}" for split, counts in results.data.counts.items() if counts)
    chosen, network = results.chosen, results.backbone
    assert network is not None  # every task has strategies that are pretrained
    return [
        f"### {title}",
        "",
        f"{sizes} pictures, {len(results.data.classes)} classes; {network.name}; framing {chosen.framing}, "
        f"augmentation {chosen.augment} (chosen inside train, as is what heads read).",
        "",
        "| strategy | cut | accuracy | 95 % interval | log loss | macro F1 | seconds | trained |",
        "|---|---|---|---|---|---|---|---|",
        *rows(results),
        "",
        f"> {results.verdict.text}",
        "",
    ]


def where_it_errs(strategy: str, work: Path, found: Mapping[str, Results]) -> list[str]:
    """Return how often `strategy` is wrong, by what the experts said of a cell."""
    stated = {row.split()[0]: float(row.split()[1]) for row in solar_labels().read_text(encoding="utf-8").splitlines()}
    answers = [
        PredictionsFile(work / f"{name}.run" / run.predictions).read(results.data.classes, results.measuring)
        for name, results in found.items()
        if (run := results.run(strategy))
    ]
    said = np.array([stated[path] for one in answers for path in one.paths])
    wrong = ~np.concatenate([one.correct for one in answers])
    lines = [f"Where {strategy} is wrong, by the probability of a defect that the experts stated:", ""]
    lines += ["| stated | answers | wrong |", "|---|---|---|"]
    groups = [(f"{value:.2f}", said == value) for value in np.unique(said)]
    return [*lines, *(f"| {name} | {mask.sum():,} | {wrong[mask].sum()} |" for name, mask in groups), ""]


def solar_labels() -> Path:
    table = solar_cells(pictures=16)
    return table.root / "labels.csv"


def solar_table(title: str, found: Mapping[str, Results], work: Path) -> list[str]:
    lines = [
        f"### {title}",
        "",
        f"{len(found)} stratified splits of 75/25 (seeds {', '.join(name[-1] for name in found)}), defective where the "
        "stated probability is 0.5 or more.",
        "",
        "| strategy | splits | mean accuracy | deviation | lowest | highest | mean log loss | median seconds |",
        "|---|---|---|---|---|---|---|---|",
    ]
    runs: dict[str, list[tuple[float, float, float]]] = {}
    for results in found.values():
        for run in results.runs:
            metrics = measured(results, run)
            runs.setdefault(run.id, []).append((metrics.accuracy, metrics.loss, run.seconds.total))
    for name, rows in sorted(runs.items(), key=lambda item: -mean_of(item[1])):
        accuracies, losses, seconds = zip(*rows, strict=True)
        spread = stdev(accuracies) if len(accuracies) > 1 else 0.0
        lines.append(
            f"| {name} | {len(rows)} | {mean(accuracies):.4f} | {spread:.4f} | {min(accuracies):.4f} | "
            f"{max(accuracies):.4f} | {mean(losses):.3f} | {median(seconds):.0f} |"
        )
    verdicts = [f"> split {name[-1]}: {results.verdict.text}\n>" for name, results in found.items()]
    best = max((name for name, rows in runs.items() if len(rows) == len(found)), key=lambda name: mean_of(runs[name]))
    return [*lines, "", *where_it_errs(best, work, found), *"\n".join(verdicts).removesuffix("\n>").splitlines(), ""]


def mean_of(rows: Sequence[tuple[float, float, float]]) -> float:
    """Return the mean accuracy of a strategy's runs."""
    return mean(row[0] for row in rows)


def sections(page: str) -> dict[str, list[str]]:
    """Return the lines of each section of the page by its title."""
    found: dict[str, list[str]] = {}
    for line in page.splitlines():
        if line.startswith("### "):
            found[line.removeprefix("### ")] = []
        if found:
            found[list(found)[-1]].append(line)
    return found


def write_page(work: Path, shared: Path) -> None:
    """Write the sections whose runs are finished below `work`; all else stays as it stands on the page."""
    page, mark, others = (PAGE.read_text(encoding="utf-8") if PAGE.is_file() else "").partition("\n## ")
    introduction = page.partition("\n### ")[0].rstrip() or "\n".join(INTRODUCTION)
    standing = sections(page)
    solar: dict[str, dict[str, Results]] = {}
    for task in tasks(shared):
        path = work / f"{task.name}.run" / "results.json"
        if not path.is_file():
            continue
        results = read_record(path, Results, schema=SCHEMA)
        if task.group in SOLAR_GROUPS:
            solar.setdefault(SOLAR_GROUPS[task.group], {})[task.name] = results
        elif results.complete:
            standing[task.name] = table(task.name, results)
    standing.update({title: solar_table(title, found, work) for title, found in solar.items()})
    titles = [task.name for task in tasks(shared) if task.group not in SOLAR_GROUPS] + list(SOLAR_GROUPS.values())
    lines = [line for title in titles if title in standing for line in ("\n".join(standing[title]).rstrip(), "")]
    write_text(
        PAGE, "\n".join([introduction, "", *lines]).rstrip() + "\n" + (f"\n{mark.strip()} {others}" if mark else "")
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--only", default="hymenoptera,weights,apple,cars,solar", help="separated by commas; also: solar300"
    )
    parser.add_argument("--budget", help="time limit of each run, e.g. 25m")
    parser.add_argument("--page-only", action="store_true", help="run nothing, write the page from what is finished")
    arguments = parser.parse_args()
    hs.tune_process()
    for task in tasks(arguments.shared):
        if arguments.page_only or task.group not in arguments.only.split(","):
            continue
        print(f"=== {task.name}", flush=True)
        with listener(quiet=False) as progress:
            place = arguments.out / f"{task.name}.run"
            run = hs.compare(task.data(), out=place, budget=arguments.budget, progress=progress, **task.options)
        print(run.verdict.text, flush=True)
        write_page(arguments.out, arguments.shared)
    write_page(arguments.out, arguments.shared)
    return 0


if __name__ == "__main__":
    sys.exit(main())
