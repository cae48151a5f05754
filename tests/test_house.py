"""What keeps the house in order, as counts: who names a strategy, untyped mappings, and who looks into networks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from headstart.heads import HEADS
from headstart.strategies.strategy import STRATEGIES, TRAINED_HEADS

SOURCE = Path(__file__).resolve().parents[1] / "src" / "headstart"
TREES = {
    path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(SOURCE.rglob("*.py"))
}
TABLE = "strategies/strategy.py"
MOST_UNTYPED = 60
# "linear" is a head of trained networks and a kernel too; "svm" and "knn" are heads too. These are their places.
OF_HEADS = ("heads/", "tune/heads.py")
# A column of the ranking of networks is the accuracy of a linear head, of whatever strategy.
OTHER_MEANINGS = {("report/advising.py", "linear")}


def named(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, text) for every string in code that is the name of a strategy, with or without a cut.

    What stands alone as a statement is documentation. A value that is called `head` (an argument, a default, a field,
    an option in the table of options) is the name of a head.
    """
    passed_over: set[int] = set()
    for node in ast.walk(tree):
        for value in (*_documentation(node), *_of_heads(node)):
            passed_over |= {id(part) for part in ast.walk(value)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed_over:
            kind = node.value.partition("@")[0]
            if kind in STRATEGIES and re.fullmatch(r"[a-z]+(@[\w.]*)?", node.value):
                yield node.lineno, node.value


def _documentation(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node.value


def _of_heads(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.keyword) and node.arg == "head":
        yield node.value
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "head":
        yield node
    elif isinstance(node, ast.FunctionDef):
        named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        yield from (default for argument, default in named if argument.arg == "head" and default is not None)


def names_elsewhere(trees: Mapping[str, ast.Module]) -> set[tuple[str, int, str]]:
    """Return (module, line, text) of every name of a strategy that stands outside the table of strategies."""
    return {
        (own, line, text)
        for own, tree in trees.items()
        for line, text in named(tree)
        if own != TABLE
        and not (text in {*HEADS, *TRAINED_HEADS} and own.startswith(OF_HEADS))
        and (own, text) not in OTHER_MEANINGS
    }


def test_only_its_table_names_a_strategy() -> None:
    assert names_elsewhere(TREES) == set()


NAMES = '''
"""linear"""
class Options:
    """full"""
    head: Annotated[str, Option(default="linear")]
    strategy: Annotated[str, Option(default="linear")]
def fit(*, head="linear", strategy="svm"):
    """knn"""
    if strategy == "partial" or strategy in ("full", "knn"):
        return {"scratch": 12}.get("linear", name="partial@layer3")
    return make(head="linear", text="the linear one")
'''


def test_names_are_found_where_they_decide_something() -> None:
    assert sorted(named(ast.parse(NAMES))) == [
        (6, "linear"),
        (7, "svm"),
        (9, "full"),
        (9, "knn"),
        (9, "partial"),
        (10, "linear"),
        (10, "partial@layer3"),
        (10, "scratch"),
    ]


def untyped(tree: ast.Module) -> int:
    """Return how often ``dict[str, Any]`` or ``Mapping[str, Any]`` stands in a module."""
    return sum(
        isinstance(node, ast.Subscript) and ast.unparse(node).endswith(("dict[str, Any]", "Mapping[str, Any]"))
        for node in ast.walk(tree)
    )


def test_values_are_records_and_not_untyped_mappings() -> None:
    found = {own: untyped(tree) for own, tree in TREES.items()}
    assert sum(found.values()) <= MOST_UNTYPED, {own: count for own, count in found.items() if count}


def test_untyped_mappings_are_counted_wherever_they_stand() -> None:
    code = "def f(a: dict[str, Any] | None, b: list[Mapping[str, Any]], c: dict[str, int]): ..."
    assert untyped(ast.parse(code)) == 2


NETWORKS = {
    "Backbone", "GraphModule", "Held", "Module", "OnnxEngine", "OnnxNetwork", "TorchEngine", "fx.GraphModule",
    "nn.Module", "torch.nn.Module",
}  # fmt: skip
# Layers of a network in training: which of them normalise, and what a trained head is made of.
LAYERS = {"tune/trainee.py", "tune/heads.py"}


def asks_what_network(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, class) for every ``isinstance`` that tells networks, engines, or layers of them apart."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("isinstance", "issubclass")
        ):
            for kind in ast.unparse(node.args[1]).strip("()").replace("|", ",").split(","):
                if kind.strip() in NETWORKS or kind.strip().startswith(("nn.", "torch.nn.", "fx.")):
                    yield node.lineno, kind.strip()


def asking(trees: Mapping[str, ast.Module]) -> set[tuple[str, int, str]]:
    """Return (module, line, class) of every question of that kind outside the engine room."""
    return {
        (own, line, kind)
        for own, tree in trees.items()
        for line, kind in asks_what_network(tree)
        if not own.startswith("backbones/") and (own not in LAYERS or kind in NETWORKS)
    }


def test_only_the_engine_room_asks_what_a_network_is() -> None:
    assert asking(TREES) == set()


def test_questions_about_networks_are_found() -> None:
    code = "isinstance(a, nn.Conv2d | Held)\nisinstance(b, (int, fx.GraphModule))\nisinstance(c, str)"
    assert sorted(asks_what_network(ast.parse(code))) == [(1, "Held"), (1, "nn.Conv2d"), (2, "fx.GraphModule")]
