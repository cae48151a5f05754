"""Write what every strategy reaches on many tasks (`benchmarks/tasks.py`) into docs/training.md.

::

    ALL=linear,lda,svm,knn,partial,full
    python benchmarks/tasks.py SHARED --out WORK --networks lite0 --only cars40 --sizes 10 --strategies $ALL \
        --first 1 --repeats 5
    python benchmarks/training.py benchmarks/measured      # the fits that are kept; other WORK folders can be added

Division 0 does not count: it was looked at while rules were set. The best head of a task is the one with the
best mean, as if somebody had known: that favours heads a little.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

from measuring import write_section
from tasks import FIRST, read_truth

PAGE = Path(__file__).resolve().parents[1] / "docs" / "training.md"
HEADS = ("linear", "lda", "svm", "knn")
TRAINED = ("partial", "full")
HARD = ("cars20", "cars40", "solar", "textiles", "digits")  # fine classes, or far from photographs


class Row(NamedTuple):
    """One task: accuracy of each strategy in each division, and the pictures of one."""

    name: str
    found: dict[str, dict[int, float]]
    train: int
    held_out: int
    kept: dict[str, int]

    @property
    def best(self) -> str:
        """The head with the best mean."""
        return max((name for name in HEADS if name in self.found), key=self.mean)

    def mean(self, strategy: str) -> float:
        """Return its mean accuracy over the divisions."""
        return mean(self.found[strategy].values())

    def gain(self, strategy: str) -> list[float]:
        """Return how many points it is above the best head in each division in which it was tried."""
        own, head = self.found[strategy], self.found[self.best]
        return [100 * (own[seed] - head[seed]) for seed in own if seed in head]


def rows_of(folders: Sequence[Path]) -> list[Row]:
    """Return the tasks in which some network was trained, by name."""
    lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for folder in folders:
        for line in read_truth(folder):
            lines[line["task"]].append(line)
    rows = []
    for name, own in sorted(lines.items()):
        found: dict[str, dict[int, float]] = defaultdict(dict)
        kept: dict[str, int] = defaultdict(int)
        for line in (one for one in own if one["seed"] >= FIRST):
            found[line["strategy"]][line["seed"]] = line["accuracy"]
            kept[line["strategy"]] += line["kept_head"]
        if any(strategy in found for strategy in TRAINED):
            rows.append(Row(name, dict(found), own[0]["train"], own[0]["held_out"], dict(kept)))
    return rows


def table(rows: Sequence[Row]) -> str:
    """Return the table of all tasks, and the mean gains below it."""
    lines = [
        "| set, network, pictures of a class | learn, measure | "
        + " | ".join(HEADS)
        + " | partial | gain | full | gain |",
        "|" + "---|" * (len(HEADS) + 6),
    ]
    for row in rows:
        cells = [row.name.replace("/", ", ").replace("lite0, ", ""), f"{row.train}, {row.held_out}"]
        cells += [f"**{row.mean(name):.3f}**" if name == row.best else f"{row.mean(name):.3f}" for name in HEADS]
        for strategy in TRAINED:
            cells += _trained(row, strategy)
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    for strategy in TRAINED:
        own = [row for row in rows if strategy in row.found]
        if own:
            hard = [mean(row.gain(strategy)) for row in own if row.name.partition("/")[0] in HARD]
            easy = [mean(row.gain(strategy)) for row in own if row.name.partition("/")[0] not in HARD]
            told = [f"over {len(own)} sets {mean(hard + easy):+.1f} points"]
            told += [f"{mean(hard):+.1f} on cars, cells, textiles and digits"] if hard else []
            told += [f"{mean(easy):+.1f} on the others"] if easy else []
            lines.append(f"- `{strategy}` and the best head: {', '.join(told)}.")
    return "\n".join(lines) + "\n"


def _trained(row: Row, strategy: str) -> list[str]:
    """Return its accuracy with spread and divisions, and its gain with the standard error."""
    if strategy not in row.found:
        return ["", ""]
    values, gains = list(row.found[strategy].values()), row.gain(strategy)
    spread = f" ± {stdev(values):.3f}" if len(values) > 1 else ""
    error = f" ± {stdev(gains) / len(gains) ** 0.5:.1f}" if len(gains) > 1 else ""
    kept = f", head kept {row.kept[strategy]}" if row.kept[strategy] else ""
    return [f"{mean(values):.3f}{spread} ({len(values)}{kept})", f"{mean(gains):+.1f}{error}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, nargs="+")
    parser.add_argument("--dry", action="store_true", help="print it, and leave the page as it is")
    options = parser.parse_args()
    text = table(rows_of(options.work))
    if options.dry:
        print(text)
    else:
        write_section("tasks", text, page=PAGE)


if __name__ == "__main__":
    main()
