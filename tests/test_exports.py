"""What `headstart` declares is what it exports, no more and no less."""

import ast
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import headstart


def test_all_is_sorted_and_names_each_thing_once() -> None:
    assert list(headstart.__all__) == sorted(set(headstart.__all__))


def test_everything_declared_is_there() -> None:
    assert dir(headstart) == list(headstart.__all__), "completion in a shell offers what dir() says"
    for name in headstart.__all__:
        assert getattr(headstart, name) is not None


def test_everything_of_ours_that_is_there_is_declared() -> None:
    ours = {
        name
        for name, thing in vars(headstart).items()
        if not name.startswith("_") and str(getattr(thing, "__module__", "")).startswith("headstart")
    }
    assert ours <= set(headstart.__all__)


def test_type_checkers_see_what_is_declared() -> None:
    # The names are imported lazily; a type checker reads only the imports under TYPE_CHECKING.
    tree = ast.parse(Path(headstart.__file__).read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.asname or alias.name for node in imports for alias in node.names}
    assert sorted(seen | {"__version__"}) == list(headstart.__all__)
    for node in imports:
        for alias in node.names:
            assert getattr(import_module(node.module or ""), alias.name) is getattr(headstart, alias.name)


def test_the_version_is_that_of_the_package() -> None:
    assert headstart.__version__ == version("headstart")


def test_a_wrong_name_is_an_ordinary_error() -> None:
    assert not hasattr(headstart, "comprae")
