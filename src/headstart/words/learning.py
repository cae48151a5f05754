"""What more training pictures would bring, in a sentence."""

from __future__ import annotations

from headstart.evidence.forecast import Worth, worth_of_more
from headstart.records.forecast import Forecast, LearningRecord

_ANSWERS: dict[Worth, str] = {"yes": "yes", "hardly": "hardly", "unclear": "can't tell"}


def more_pictures(forecast: Forecast, *, rising: str | None = None, by: str | None = None) -> str:
    """Return the sentence about more training pictures.

    Parameters
    ----------
    forecast : Forecast
    rising : str, optional
        The class whose recall rises most with more pictures.
    by : str, optional
        The run whose learning was judged, where that is not the winner.
    """
    low, high = (round(100 * end) for end in forecast.interval)
    many = "twice as many" if forecast.more == 2 * forecast.pictures else f"{forecast.more:,} of them"
    judged = f" (judged by {by})" if by else ""
    worth = worth_of_more(forecast.interval)
    if worth == "yes":
        most = f", above all of '{rising}'" if rising else ""
        gain = f"{low} to {high}" if high > low else f"about {high}"
        return f"More training pictures would help{most}: {many} would probably add {gain} {_points(high)}{judged}."
    if worth == "hardly":
        return f"More training pictures would hardly help: {many} would add less than 1 point{judged}."
    pictures = "Doubling your" if forecast.more == 2 * forecast.pictures else f"{forecast.more:,}"
    gain = f"nothing, or as much as {high} {_points(high)}"
    return f"{pictures} training pictures might add {gain}: these pictures can't tell{judged}."


def learning_text(learning: LearningRecord) -> str:
    """Return the sentence about more training pictures, from what stands in results.json."""
    rising = None if learning.rising is None else learning.rising.name
    by = None if learning.run == learning.winner else learning.run
    return more_pictures(learning.forecast, rising=rising, by=by)


def worth_text(learning: LearningRecord) -> str:
    """Return the short answer to whether more training pictures would help."""
    return _ANSWERS[worth_of_more(learning.forecast.interval)]


def _points(count: int) -> str:
    return "point" if count == 1 else "points"
