"""How an experiment and a verdict show themselves in a notebook: a piece of HTML that brings its own style."""

from __future__ import annotations

from headstart.records.results import Results
from headstart.records.verdict import VerdictRecord
from headstart.report.page.opening import Opening, heading, opening
from headstart.report.page.ranking import Ranking, ranking
from headstart.report.page.rendering import render


def experiment_html(results: Results, folder: str) -> str:
    """Return verdict and table of strategies, and where the page is."""
    return _render(results.verdict, opening(results), ranking(results), folder)


def verdict_html(verdict: VerdictRecord) -> str:
    """Return the sentences of a verdict with the winner in front."""
    return _render(verdict)


def _render(
    verdict: VerdictRecord, top: Opening | None = None, strategies: Ranking | None = None, folder: str = ""
) -> str:
    return render(
        "notebook.html",
        verdict=verdict,
        heading=heading(verdict),
        opening=top,
        strategies=strategies,
        folder=folder,
    )
