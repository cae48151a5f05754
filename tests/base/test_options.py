"""One entry of a table is enough: it appears in signatures, docstrings, completions, checks and on the command line."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Annotated, TypedDict, Unpack, get_type_hints

import pytest

from headstart.base.errors import ConfigError
from headstart.base.options import Option, completed, options_of, takes, type_shown


class Cakes(TypedDict, total=False):
    size: Annotated[int, Option(help="How wide.", default=20, kind="number", least=5, most=40)]
    icing: Annotated[str | None, Option(help="What covers it.", more="None: nothing.", choices=("sugar", "lemon"))]
    oven: Annotated[str, Option(help="Which oven.", default="auto", choices=("gas",), auto=True, flag=None)]


@takes(Cakes, lambda verb: {"dough": f"{verb} takes ready dough."})
def bake(count: int, **options: Unpack[Cakes]) -> Mapping[str, object]:
    """Bake cakes.

    Parameters
    ----------
    count : int
        How many.
    **options
        See the table.

    Returns
    -------
    mapping
    """
    return {"count": count, **options}


def test_a_table_is_read_in_its_order() -> None:
    rows = options_of(Cakes)
    assert list(rows) == ["size", "icing", "oven"]
    assert [row.typed for row in rows.values()] == ["--size", "--icing", None]
    assert [row.values for row in rows.values()] == ["", "sugar|lemon", "auto|gas"]
    assert [row.default_shown for row in rows.values()] == ["20", "", "auto"]


def test_an_entry_without_an_option_is_a_mistake() -> None:
    class Wrong(TypedDict):
        size: int

    with pytest.raises(TypeError, match="'size'"):
        options_of(Wrong)


def test_a_function_shows_its_options() -> None:
    parameters = inspect.signature(bake).parameters
    assert list(parameters) == ["count", "size", "icing", "oven"]
    assert (parameters["size"].default, parameters["size"].annotation) == (20, int)
    assert bake.__doc__ is not None
    assert "    icing\n        What covers it. None: nothing.\n" in bake.__doc__
    assert "**options" not in bake.__doc__
    assert "    Returns\n" in bake.__doc__


def test_a_function_is_given_what_was_said() -> None:
    assert bake(2, size=10) == {"count": 2, "size": 10}
    assert completed(Cakes, {"size": 10}) == {"size": 10, "icing": None, "oven": "auto"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sise", r"bake\(\) has no option 'sise'. Did you mean 'size'\?"),
        ("dough", r"bake\(\) has no option 'dough'. bake takes ready dough."),
        ("xyz", r"bake\(\) has no option 'xyz'. Its options: count, icing, oven, size."),
    ],
)
def test_unknown_options_are_refused(name: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        bake(1, **{name: 1})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("size", 4, "'size' must be a whole number from 5 to 40. It is 4 now."),
        ("size", 41, "is 41"),
        ("size", 9.5, "is 9.5"),
        ("size", True, "is True"),
        ("size", None, "is None"),
        ("size", {"a": 10, "b": 1}, "is 1 now"),
        ("icing", "lemn", r"'icing' must be one of sugar, lemon, not 'lemn'. Did you mean 'lemon'\?"),
        ("oven", None, "not None"),
    ],
)
def test_what_is_not_allowed_is_refused(name: str, given: object, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        options_of(Cakes)[name].check(given)


def test_what_is_allowed_passes() -> None:
    for name, given in (("size", 5), ("size", 40), ("icing", None), ("icing", "sugar"), ("oven", "auto")):
        options_of(Cakes)[name].check(given)


def test_types_read_as_people_write_them() -> None:
    assert [type_shown(hint) for hint in get_type_hints(Cakes).values()] == ["int", "str", "str"]
