"""Records that were damaged or edited: run folders and bundles whose files hold something else."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from odd.case import Case, Checkout, Mutation

_TESTS = "tests/records/test_damaged.py"
# Ends with one line: what came of each edit of results.json.
_EDITS = """
import copy, json, pathlib, re
import headstart as hs
from headstart.base.errors import HeadstartError

folder = pathlib.Path("some.run")
file = folder / "results.json"
kept = json.loads(file.read_text(encoding="utf-8"))

def put(content, place, value):
    *above, last = place.split(".")
    for key in above:
        content = content[int(key) if key.isdigit() else key]
    content[int(last) if last.isdigit() else last] = value

def tried(edits):
    found = []
    for place, value in edits:
        content = copy.deepcopy(kept)
        put(content, place, value)
        file.write_text(json.dumps(content), encoding="utf-8")
        try:
            hs.write_report(folder, quick=True)
            found.append("shown")
        except HeadstartError as error:
            named = re.sub("[^a-z_]", "", place.rpartition(".")[2] or place) in str(error)
            found.append("refused" if named else "refused, key not named")
        except Exception as error:
            found.append("traceback")
    return ", ".join(f"{found.count(each)} {each}" for each in sorted(set(found)))
"""
_NUMBERS = """
print(tried([
    ("runs.0.metrics.val.accuracy", 1e308), ("runs.0.metrics.val.interval", [1e308, -1e308]),
    ("runs.0.metrics.val.per_class_recall", []), ("learning.sizes", [-1.0, 2.0]), ("learning.accuracy", []),
    ("learning.forecast.interval", [-1e300, 1e300]), ("data.classes", ["ants"]), ("data.counts.val", {"ants": -3}),
    ("runs.0.seconds.total", -1.0), ("runs.0.flops", float("inf")), ("verdict.winner", "another"),
    ("runs.0.preprocessing.input_size", 0),
]))
"""
_TEXTS = r"""
SCRIPT = "<script>alert(1)</script> [a](javascript:alert(1))"
raw = 0
places = ("data.fingerprint", "chosen.framing", "chosen.augment", "runs.0.bundle", "verdict.text", "learning.run")
(folder / "report.md").unlink()
for place in places:
    tried([(place, SCRIPT)])
    if (folder / "report.md").exists():
        text = re.sub("(?s)```.*?```", "", (folder / "report.md").read_text(encoding="utf-8"))
        raw += bool(re.search(r"(?<!\\)<script|(?<!\\)\[a", text.replace(f"`{SCRIPT}`", "")))
        (folder / "report.md").unlink()
print(f"{raw} of {len(places)} fields reach report.md as markup")
"""
_TURNING = r"""
tried([("data.title", "pictures \x1b[2J\u202egpj")])
page = (folder / "report.html").read_text(encoding="utf-8")
print("the page holds signs that steer or turn text" if re.search("[\x1b\u202e]", page) else "none in the page")
"""
_OUTSIDE = """
secret = pathlib.Path("secret.parquet")
secret.write_bytes((folder / kept["runs"][0]["predictions"]).read_bytes())
print(tried([(f"runs.{at}.predictions", "../secret.parquet") for at in range(len(kept["runs"]))]))
"""
_COLUMNS = """
import pyarrow as pa, pyarrow.parquet as pq
place = folder / next(run["predictions"] for run in kept["runs"] if run["id"] == kept["verdict"]["winner"])
found = []
table = pq.read_table(place)
for name, value in (("p_ants", None), ("p_ants", 7.0), ("p_ants", float("nan")), ("path", "a.png")):
    at = table.column_names.index(name)
    kind = table.schema.field(name).type
    pq.write_table(table.set_column(at, name, pa.array([value] * len(table), kind)), place)
    try:
        hs.write_report(folder, quick=True)
        page = (folder / "report.html").read_text(encoding="utf-8")
        found.append("said" if "missing or unreadable" in page or "holds no predictions" in page else "shown")
    except Exception as error:
        found.append("traceback" if not isinstance(error, HeadstartError) else "said")
print(", ".join(f"{found.count(each)} {each}" for each in sorted(set(found))))
"""


def _folder(place: Path, checkout: Checkout) -> None:
    """Make a run folder of drawn pictures."""
    draw = """
import numpy as np, pathlib
from PIL import Image
rng = np.random.default_rng(0)
for split, count in (("train", 12), ("val", 6)):
    for channel, name in enumerate(("ants", "bees")):
        folder = pathlib.Path("pics", split, name)
        folder.mkdir(parents=True)
        for at in range(count):
            pixels = rng.integers(0, 90, (48, 48, 3)).astype(np.uint8)
            pixels[10:30, 10:30, channel] += np.uint8(120)
            Image.fromarray(pixels).save(folder / f"{at}.png")
"""
    checkout.python(draw, folder=place)
    made = checkout.command(
        *("compare", "pics", "--strategies", "knn,linear", "--image-size", "48", "--out", "some.run"), folder=place
    )
    if made.code:
        raise RuntimeError(made.err)


def _said(code: str) -> Callable[[Path, Checkout], str]:
    def recipe(place: Path, checkout: Checkout) -> str:
        _folder(place, checkout)
        done = checkout.python(_EDITS + code, folder=place)
        return (done.out.strip() or done.err.strip()).splitlines()[-1]

    return recipe


def _pipe(name: str) -> Callable[[Path, Checkout], str]:
    """Return a recipe that asks for the report of a run folder in which a file is a pipe."""

    def recipe(place: Path, checkout: Checkout) -> str:
        _folder(place, checkout)
        file = place / "some.run" / name
        file.unlink(missing_ok=True)
        subprocess.run(["mkfifo", str(file)], check=True)
        try:
            done = checkout.command("report", "some.run", "--quick", folder=place, timeout=60)
        except subprocess.TimeoutExpired:
            return "hangs"
        return f"ends with exit code {done.code}"

    return recipe


CASES = (
    Case(
        "19",
        "results.json with twelve values out of any range, one at a time",
        _said(_NUMBERS),
        f"{_TESTS}::test_every_number_of_a_record_says_what_it_can_be",
        Mutation(
            "src/headstart/records/record.py",
            "Share = Annotated[float, Meta(ge=-_ROUNDED, le=1 + _ROUNDED)]",
            "Share = float",
        ),
    ),
    Case(
        "19a",
        "markup as the value of a field of results.json",
        _said(_TEXTS),
        f"{_TESTS}::test_no_text_of_any_field_becomes_markup_and_no_number_stops_a_report",
        Mutation(
            "src/headstart/report/cells.py",
            'return Marked("\\n".join(map(escaped, lines)))',
            'return Marked("\\n".join(lines))',
        ),
    ),
    Case(
        "19b",
        "signs that steer a terminal or turn the order of letters, on the page",
        _said(_TURNING),
        f"{_TESTS}::test_no_text_of_any_field_becomes_markup_and_no_number_stops_a_report",
        Mutation("src/headstart/report/page/rendering.py", "        finalize=_shown,\n", ""),
    ),
    Case(
        "19c",
        "heat.json is a pipe",
        _pipe("heat.json"),
        f"{_TESTS}::test_what_is_no_file_is_refused_and_not_read_for_ever",
        Mutation("src/headstart/base/files.py", "if path.exists() and not path.is_file():", "if False:"),
    ),
    Case(
        "19d",
        "a file of predictions is a pipe",
        _pipe("predictions/linear.parquet"),
        f"{_TESTS}::test_what_is_no_file_is_refused_and_not_read_for_ever",
        Mutation("src/headstart/records/columns.py", "if path.exists() and not path.is_file():", "if False:"),
    ),
    Case(
        "19e",
        "predictions outside the run folder",
        _said(_OUTSIDE),
        f"{_TESTS}::test_values_that_contradict_each_other_are_named",
        Mutation("src/headstart/records/run.py", "    predictions: Inside\n", "    predictions: str\n"),
    ),
    Case(
        "19f",
        "columns of predictions with nothing, 7, no number, one path for all",
        _said(_COLUMNS),
        f"{_TESTS}::test_a_column_of_anything_else_is_refused_by_its_file",
        Mutation(
            "src/headstart/records/columns.py",
            "if not pa.types.is_floating(column.type) or column.null_count:",
            "if False:",
        ),
    ),
)
