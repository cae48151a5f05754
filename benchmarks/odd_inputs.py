"""Inputs that users stumbled over: what came out before and after, and what holds each.

    python benchmarks/odd_inputs.py BEFORE AFTER [--only 1,5a] [--mutate]

BEFORE and AFTER are checkouts. Every recipe in ``benchmarks/odd/`` is run on both. ``--mutate`` also breaks, in a
copy of AFTER, the mechanism of each case and runs the test that must turn red. Prints the table; all cases together
write it into docs/odd-inputs.md.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs" / "odd-inputs.md"
sys.path.insert(0, str(HERE))

from measuring import write_section  # noqa: E402
from odd.case import Case, Checkout  # noqa: E402


def all_cases() -> list[Case]:
    """Return the cases of all modules in ``odd/``, by number."""
    found: list[Case] = []
    for module in pkgutil.iter_modules([str(HERE / "odd")]):
        if module.name != "case":
            found += importlib.import_module(f"odd.{module.name}").CASES
    return sorted(found, key=lambda case: (int("".join(filter(str.isdigit, case.number))), case.number))


def outcome(case: Case, root: Path) -> str:
    """Return what the recipe says of a checkout."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "work"
        place.mkdir()
        try:
            said = case.recipe(place, Checkout(root, Path(folder) / "cache"))
        except subprocess.TimeoutExpired:
            said = "did not end in time"
    return " ".join(said.split())


def turns_red(case: Case, root: Path) -> bool:
    """Return whether the test is green on a copy of the checkout and red once the mechanism is broken there."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".git", ".venv", "*.run", ".*_cache"))
        if not _passes(case.test, copy):
            raise SystemExit(f"case {case.number}: {case.test} is red before anything was broken")
        file = copy / case.mutation.file
        content = file.read_text(encoding="utf-8")
        if content.count(case.mutation.old) != 1:
            raise SystemExit(f"case {case.number}: its mutation no longer fits {case.mutation.file}")
        file.write_text(content.replace(case.mutation.old, case.mutation.new), encoding="utf-8")
        return not _passes(case.test, copy)


def _passes(test: str, checkout: Path) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test]
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, check=False)
    return done.returncode == 0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--only", default="", help="numbers of cases, divided by commas")
    parser.add_argument("--mutate", action="store_true", help="break each mechanism and see its test turn red")
    asked = parser.parse_args()
    only = set(filter(None, asked.only.split(",")))
    lines = ["| case | input | before | now | broken on purpose |", "|---|---|---|---|---|"]
    print("\n".join(lines))
    for case in all_cases():
        if only and case.number not in only:
            continue
        before, after = outcome(case, asked.before.resolve()), outcome(case, asked.after.resolve())
        red = ("red" if turns_red(case, asked.after.resolve()) else "STILL GREEN") if asked.mutate else "not run"
        held = f"{red}: `{case.test.removeprefix('tests/')}`"
        cells = (case.number, case.title, before, after, held)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        print(lines[-1], flush=True)
    if not only:
        write_section("odd-inputs", "\n".join(lines), page=DOCS)


if __name__ == "__main__":
    main()
