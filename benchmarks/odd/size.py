"""Many pictures: what a bar shows meanwhile, and what a head takes of memory."""

from __future__ import annotations

from pathlib import Path

from odd.case import Case, Checkout, Mutation

_DRAWN = """
import numpy as np
from headstart.heads import HEADS
rows, features, classes = {rows}, {features}, {classes}
draw = np.random.default_rng(0)
y = np.tile(np.arange(classes), rows // classes)
X = (draw.normal(size=(classes, features))[y] * 0.3 + draw.normal(size=(rows, features))).astype(np.float32)
folds = np.arange(rows) // classes % 5
"""

_MOVES = """
import contextlib, pathlib, numpy as np, headstart as hs
from PIL import Image
draw = np.random.default_rng(0)
for number in range(120):
    file = pathlib.Path("d") / "ab"[number % 2] / f"{number}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw.integers(0, 90 + 60 * (number % 2), (32, 32, 3), dtype=np.uint8)).save(file)
moves = {}
class Heard:
    @contextlib.contextmanager
    def step(self, name, total, unit="pictures"):
        here = moves.setdefault(name, [])
        yield type("Bar", (), {"advance": lambda _, count=1: here.append(count)})()
    def message(self, text): pass
    def epoch(self, *told): pass
    def result(self, *told): pass
hs.compare("d", strategies=["linear", "knn"], out="d.run", image_size=64, progress=Heard())
look = moves.get("look, squash: judged")
print("moves of the bar of linear:", len(moves["linear: solved"]), "; of knn:", len(moves["knn: solved"]),
      "; of the first look's head:", "no bar" if look is None else len(look))
"""

_PEAK = (
    _DRAWN
    + """
import tracemalloc
from headstart.heads import logistic
logistic._LARGE = 0
HEADS["knn"].fit(X[:200], y[:200], classes, folds=folds[:200])
for name in ("knn", "logistic"):
    tracemalloc.start()
    HEADS[name].fit(X, y, classes, folds=folds)
    print(name, f"{{tracemalloc.get_traced_memory()[1] / (8 * X.size):.1f}} copies of the features;")
    tracemalloc.stop()
"""
)

_LOOKS = (
    _DRAWN
    + """
import time
HEADS["knn"].fit(X[:200], y[:200], classes, folds=folds[:200])
begin = time.process_time()
HEADS["knn"].fit(X, y, classes, folds=folds)
taken = time.process_time() - begin
begin = time.process_time()
for fold in range(5):
    X[folds == fold].astype(float) @ X[folds != fold].astype(float).T
print(f"knn took {{taken / (time.process_time() - begin):.0f}} times its products of rows with rows")
"""
)

_ASKS = """
from headstart.heads import HEADS
try:
    from headstart.heads.training import Size
except ImportError:
    print("nobody says what a head takes before it takes it")
else:
    said = {name: HEADS[name].memory(Size(15_000, 2640, 10, 5)) / 1e9 for name in HEADS}
    print("said for 15,000 pictures:", ", ".join(f"{name} {size:.1f} GB" for name, size in said.items()))
"""


def _python(code: str, folder: Path, checkout: Checkout) -> str:
    done = checkout.python(code, folder=folder)
    return done.out if done.code == 0 else (done.err.strip().splitlines() or ["failed"])[-1]


def bars(folder: Path, checkout: Checkout) -> str:
    """Count how often the bars of heads move in a small comparison."""
    return _python(_MOVES, folder, checkout)


def peak(folder: Path, checkout: Checkout) -> str:
    """Return the highest memory of two heads, in copies of their features."""
    return _python(_PEAK.format(rows=1500, features=160, classes=3), folder, checkout)


def looks(folder: Path, checkout: Checkout) -> str:
    """Return the time of nearest neighbours, in products of all rows with all."""
    return _python(_LOOKS.format(rows=1500, features=500, classes=3), folder, checkout)


def asks(folder: Path, checkout: Checkout) -> str:
    """Return what heads say of memory before they begin."""
    return _python(_ASKS, folder, checkout)


CASES = (
    Case(
        "31",
        "bars of heads while they are solved",
        bars,
        "tests/heads/test_share_done.py::test_every_head_moves_its_bar_often_and_to_its_end",
        Mutation("src/headstart/heads/share_done.py", "if more > 0:", "if more > 0 and share == 1.0:"),
    ),
    Case(
        "31b",
        "memory of heads with many rows",
        peak,
        "tests/heads/test_memory_taken.py::test_a_head_takes_no_more_than_it_says",
        Mutation("src/headstart/heads/problem.py", 'self.__dict__.pop("_along", None)', "pass"),
    ),
    Case(
        "31c",
        "a head that does not fit into memory",
        asks,
        "tests/strategies/test_room.py",
        Mutation("src/headstart/strategies/room.py", "free is None or needed <= free", "True"),
    ),
    Case(
        "31d",
        "nearest neighbours for five numbers of them",
        looks,
        "tests/heads/test_knn.py::test_one_look_at_the_similarities_serves_all_numbers",
        Mutation(
            "src/headstart/heads/knn.py",
            "scores[:, some] = head.scores_by(numbers, training.features[some])",
            "for at, k in enumerate(numbers): scores[at, some] = head.scores_by([k], training.features[some])[0]",
        ),
    ),
    Case(
        "31e",
        "a head that is solved while no bar stands",
        bars,
        "tests/experiment/test_signs_of_life.py",
        Mutation(
            "src/headstart/experiment/framing_choice.py",
            'with context.progress.step(f"{name}: judged", PARTS, "steps") as step, heard_by(step):',
            "if True:",
        ),
    ),
)
