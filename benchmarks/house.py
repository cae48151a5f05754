"""How orderly the source is: untyped mappings, look-ups by string, cycles, who names a strategy or looks into networks.

    python benchmarks/house.py CHECKOUT [CHECKOUT ...]

One column for each checkout. What is counted is what `tests/test_house.py` and the contracts of import-linter hold;
imports for type checking count too. The tables go into docs/results.md.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import grimp

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1] / "tests"))
CYCLES = "modules in import cycles"


def lookups(tree: ast.Module) -> Iterator[int]:
    """Yield the line of every ``x["name"]`` and ``x.get("name")``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            key: ast.expr | None = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            key = node.args[0] if node.args else None
        else:
            continue
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield node.lineno


def _objects(tree: ast.Module) -> int:
    return sum(
        isinstance(node, ast.Subscript) and ast.unparse(node).endswith(("dict[str, object]", "Mapping[str, object]"))
        for node in ast.walk(tree)
    )


def in_cycles(imports: Mapping[str, set[str]]) -> set[str]:
    """Return the modules that import themselves by way of others."""

    def reached(start: str) -> set[str]:
        found, open_ = set[str](), list(imports[start])
        while open_:
            module = open_.pop()
            if module not in found:
                found.add(module)
                open_ += imports[module]
        return found

    return {module for module in imports if module in reached(module)}


def counts(checkout: Path) -> dict[str, int]:
    """Return what is counted in one checkout, by what it is."""
    source = checkout / "src" / "headstart"
    trees = {
        path.relative_to(source).as_posix(): ast.parse(path.read_text("utf-8")) for path in sorted(source.rglob("*.py"))
    }
    rules = importlib.import_module("test_house")  # what the tests hold
    return {
        "modules": len(trees),
        "`dict[str, Any]`, `Mapping[str, Any]`": sum(rules.untyped(tree) for tree in trees.values()),
        "`dict[str, object]`, `Mapping[str, object]`": sum(_objects(tree) for tree in trees.values()),
        "look-ups by a literal string": sum(len(list(lookups(tree))) for tree in trees.values()),
        CYCLES: int(_from(checkout)),
        "modules that name a strategy, its table apart": len({own for own, _, _ in rules.names_elsewhere(trees)}),
        "modules outside `backbones` that ask what a network is": len({own for own, _, _ in rules.asking(trees)}),
    }


def _from(checkout: Path) -> str:
    """Return how many modules of one checkout are in cycles, from a process of its own: a package is imported once."""
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    ran = subprocess.run([sys.executable, str(HERE), "--cycles"], env=environment, stdout=subprocess.PIPE, check=True)
    return ran.stdout.decode()


def cycles() -> int:
    """Return how many modules of the package that is imported here are in cycles, imports for type checking counted."""
    graph = grimp.build_graph("headstart", exclude_type_checking_imports=False, cache_dir=None)
    return len(in_cycles({module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}))


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", type=Path, nargs="*", metavar="CHECKOUT")
    parser.add_argument("--cycles", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.cycles:
        print(cycles())
        return
    found = [counts(checkout.resolve()) for checkout in given.checkouts]
    print(f"| | {' | '.join(checkout.resolve().name for checkout in given.checkouts)} |")
    print(f"|---|{'---:|' * len(found)}")
    for name in found[0]:
        print(f"| {name} | {' | '.join(f'{one[name]:,}' for one in found)} |")


if __name__ == "__main__":
    main()
