"""Measure what another look at each training picture adds: another framing, or augmented views.

    python benchmarks/looks.py SHARED

For each data set: the features that EfficientNet-Lite0 gives for the pictures of the *training* split (test and val are
not touched), and the out-of-fold log loss and accuracy of a logistic head that chooses its strength on the same folds.
Views: a head learns from the plain pictures and V augmented copies of each, and classifies the plain version of a
picture of which it has seen no copy; with the augmentation, of two, that is better with one view.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from heads import SETS, unseen_scores
from measuring import processor, write_section

import headstart as hs
from headstart import backbones
from headstart.evidence.metrics import log_losses
from headstart.experiment.resolve import AUGMENTATIONS_TRIED
from headstart.features import PLAIN, View, extract
from headstart.heads import HEADS
from headstart.pixels import PixelStore
from headstart.records.preprocessing import Framing, Preprocessing
from headstart.records.progress import Silent
from headstart.records.record import changed
from headstart.table import Table, folds, group_ids, read_table, solar_cells, with_splits

FRAMINGS: tuple[Framing, ...] = ("squash", "crop", "pad")
VIEWS = (0, 1, 2, 4, 8)


class Looks:
    """The training pictures of one set, looked at in any way; what was seen stays."""

    def __init__(self, table: Table) -> None:
        self.backbone = backbones.read_out(backbones.load(), "stages")
        side = self.backbone.preprocessing.decode_side
        files = [table.file(row) for row in range(len(table))]
        self.store = PixelStore.build(files, table.digests, short_side=side, threads=2, progress=Silent())
        self.rows = np.array([row for row in table.rows("train") if row not in self.store.faulty])
        self.digests, self.labels = table.digests, table.labels[self.rows]
        self.classes = len(table.classes)
        self.folds = folds(self.labels, group_ids(table, self.rows), seed=0)

    def features(self, prepared: Preprocessing, view: View = PLAIN) -> np.ndarray:
        """Return what the network says of them, from the last features and several stages."""
        return np.asarray(
            extract(self.backbone, self.store, self.rows, self.digests, preprocessing=prepared, view=view)["pooled"]
        )

    def losses(self, views: list[np.ndarray]) -> tuple[np.ndarray, float]:
        """Return each picture's log loss under a head of the other folds, and the share of right answers."""
        fitted = HEADS["logistic"].fit(
            np.concatenate(views),
            np.tile(self.labels, len(views)),
            self.classes,
            folds=np.tile(self.folds, len(views)),
        )
        scores = unseen_scores(fitted)[: len(self.labels)]
        answers = np.exp(scores - scores.max(axis=1, keepdims=True))
        answers /= answers.sum(axis=1, keepdims=True)
        return log_losses(self.labels, answers), float((answers.argmax(axis=1) == self.labels).mean())


def framings(looks: Looks) -> list[str]:
    """Return a cell for each framing; with the standard error of what it gains against squash."""
    cells, first = [], None
    for framing in FRAMINGS:
        prepared = changed(looks.backbone.preprocessing, framing=framing)
        loss, right = looks.losses([looks.features(prepared)])
        first = loss if first is None else first
        gain = first - loss
        error = gain.std(ddof=1) / np.sqrt(len(gain))
        more = "" if framing == FRAMINGS[0] else f", gains {gain.mean():+.3f} ± {error:.3f}"
        cells.append(f"{right:.3f} ({loss.mean():.3f}{more})")
    return cells


def views(looks: Looks) -> list[str]:
    """Return a cell for each number of views: accuracy, log loss, seconds of all passes and the head."""
    prepared = changed(looks.backbone.preprocessing, framing="squash")
    plain = looks.features(prepared)
    one = {kind: looks.losses([plain, looks.features(prepared, View(kind, 0, 0))])[0] for kind in AUGMENTATIONS_TRIED}
    kind = min(one, key=lambda name: one[name].mean())
    cells = [kind]
    for count in VIEWS:
        begin = time.perf_counter()
        seen = [looks.features(prepared, View(kind, number + 100, 0)) for number in range(count)]
        loss, right = looks.losses([plain, *seen])
        cells.append(f"{right:.3f} ({loss.mean():.3f}, {time.perf_counter() - begin:.0f} s)")
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--sets", default=",".join(SETS))
    arguments = parser.parse_args()
    hs.tune_process()
    framed, viewed = [], []
    for name in arguments.sets.split(","):
        table = solar_cells(pictures=1000) if name == "solar" else read_table(arguments.shared / "data" / name)
        looks = Looks(with_splits(table, seed=0))
        told = f"| {name} ({len(looks.labels)}) | "
        framed.append(told + " | ".join(framings(looks)) + " |")
        print(framed[-1], flush=True)
        viewed.append(told + " | ".join(views(looks)) + " |")
        print(viewed[-1], flush=True)
    write_section("looks", section(framed, viewed))


def section(framed: list[str], viewed: list[str]) -> str:
    """Return the part of docs/performance.md."""
    return "\n".join(
        [
            "## Another look at each picture",
            "",
            "`python benchmarks/looks.py SHARED`: inside training splits, a logistic head on several stages of",
            f"EfficientNet-Lite0: accuracy (log loss, …) on pictures that it has not seen. {processor()}, 2 threads.",
            "",
            f"| training pictures of | {' | '.join(FRAMINGS)} |",
            "|---|" + "---|" * len(FRAMINGS),
            *framed,
            "",
            "Besides the plain pictures, squashed, V augmented views of each, and how long those and the head take:",
            "",
            f"| training pictures of | augmentation | {' | '.join(f'V = {count}' for count in VIEWS)} |",
            "|---|---|" + "---|" * len(VIEWS),
            *viewed,
        ]
    )


if __name__ == "__main__":
    main()
