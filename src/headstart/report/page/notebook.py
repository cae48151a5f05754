"""How an experiment and a verdict show themselves in a notebook: a piece of HTML that brings its own style."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headstart.report import standing
from headstart.report.page import parts
from headstart.report.page.rendering import render


def experiment_html(results: Mapping[str, Any], folder: str) -> str:
    """Return verdict and table of strategies, and where the page is."""
    context = {"opening": parts.opening(results), "strategies": parts.strategies(results), "folder": folder}
    return render("notebook.html", {**context, **_decision(results)})


def verdict_html(verdict: Mapping[str, Any]) -> str:
    """Return the sentences of `verdict` of results.json with the winner in front."""
    return render("notebook.html", {**_decision({"verdict": verdict}), "strategies": None})


def _decision(results: Mapping[str, Any]) -> dict[str, Any]:
    found = results.get("verdict") or {}
    return {
        "winner": found.get("winner"),
        "decided": standing.decided(results),
        "tied": list(found.get("tied_with") or ()),
        "said": found.get("text"),
    }
