"""Whether the stated probabilities come true: a drawing, a sentence, and tables of all strategies."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from headstart.evidence.confidence import off_by_more_than_luck, overconfident
from headstart.evidence.intervals import wilson
from headstart.evidence.reliability import at_temperature_one, reliability
from headstart.records.held_out import HeldOutAnswers
from headstart.records.metrics import Calibration
from headstart.records.results import Results
from headstart.records.run import RunRecord
from headstart.report import calibration_tables, standing
from headstart.report.calibration_tables import TextTable
from headstart.report.page import drawings


@dataclass(frozen=True)
class Trust:
    """How far the stated probabilities of one run can be trusted.

    Parameters
    ----------
    drawing : Markup
    before : bool
        Whether the drawing shows the answers before the correction too.
    overconfident : bool
        Stated probabilities are higher on average than the answers are right.
    off : bool
        They differ from that by more than luck explains.
    unjudged : str
        Why these pictures can't tell, where they can't.
    record : Calibration, optional
    tables : sequence of TextTable
    """

    drawing: Markup
    before: bool
    overconfident: bool
    off: bool
    unjudged: str
    record: Calibration | None
    tables: tuple[TextTable, ...]


def trust(results: Results, answers: HeldOutAnswers, run: RunRecord, temperature: float | None) -> Trust:
    """Return how honest the stated probabilities are, before and after the temperature, and the prediction sets."""
    probabilities, found = answers.probabilities[run.id], results.measured(run)
    record = None if found is None else found.calibration
    after = [(each, wilson(round(each.right * each.n), each.n)) for each in reliability(answers.labels, probabilities)]
    plain = (
        None
        if temperature is None or abs(temperature - 1.0) <= 1e-9
        else at_temperature_one(probabilities, temperature)
    )
    before = () if plain is None else reliability(answers.labels, plain)
    return Trust(
        drawing=drawings.reliability_diagram(after, before),
        before=bool(before),
        overconfident=overconfident(answers, run.id),
        off=off_by_more_than_luck(record),
        unjudged=standing.unjudged_at_all(results),
        record=record,
        tables=tuple(calibration_tables.tables(results)),
    )
