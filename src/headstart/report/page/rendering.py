"""The templates: everything that is not markup already is escaped, and what steers or turns text is taken out."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from headstart.base.pages import colours, json_in_page
from headstart.base.signs import displayed
from headstart.report.numbers import decimal, quantity, seconds_text
from headstart.report.page.drawings import percent, points


def render(template: str, **values: object) -> str:
    """Return a template filled in; a value that is missing is an error."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    loader = PackageLoader("headstart.report.page", "templates")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters |= {
        "percent": percent,
        "decimal": decimal,
        "quantity": quantity,
        "duration": seconds_text,
        "points": points,
        "spelled": spelled,
        "isolated": isolated,
        "data": as_data,
    }
    environment.globals["colours"] = Markup(colours())  # noqa: S704 - our own
    environment.globals["raw"] = lambda name: Markup(loader.get_source(environment, name)[0])  # noqa: S704 - our own
    return environment


def _shown(value: object) -> object:
    """Return what stands on the page for a value: of a text what can be seen."""
    return displayed(value, lines=True) if isinstance(value, str) and not isinstance(value, Markup) else value


def isolated(told: str, names: Sequence[str]) -> Markup:
    """Return a sentence in which names that run from right to left turn nothing around them."""
    told = displayed(told)
    for name in sorted({displayed(name) for name in names if _runs_left(name)}, key=len, reverse=True):
        told = told.replace(name, f"\u2068{name}\u2069")
    return escape(told)


def _runs_left(name: str) -> bool:
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in name)


def spelled(items: Sequence[str]) -> str:
    """Return for example ``knn, svm and partial``."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def as_data(value: object) -> Markup:
    """Return a value as JSON that can stand in a script element, whatever names it holds."""
    return Markup(json_in_page(json.dumps(value, ensure_ascii=False, separators=(",", ":"))))  # noqa: S704 - escaped
