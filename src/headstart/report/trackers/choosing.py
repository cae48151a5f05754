"""Which trackers there are, whether their packages are installed, and telling one of them of a run folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from headstart.base.errors import DependencyError, HeadstartError, TrackerError
from headstart.base.params import check_choice
from headstart.records.progress import Progress
from headstart.records.results import Results
from headstart.report.trackers.entries import Entry, entries_of
from headstart.report.trackers.home import Home
from headstart.report.trackers.mistakes import Mistakes


class Tracker(Protocol):
    """One tracker that is open for one run folder; its module's ``open_tracker(home)`` returns it."""

    look: str  # what to type to see it

    def stands(self, entry: Entry) -> bool:
        """Return whether `entry` was logged before, whole and as it is now."""

    def log(self, entry: Entry, mistakes: Path | None) -> None:
        """Log `entry` in the place of what stands under its name; `mistakes` is a PNG of its worst mistakes."""


@dataclass(frozen=True)
class Row:
    """A tracker: how people write it, the modules it needs, and the extra of headstart that installs them."""

    title: str
    needs: tuple[str, ...]
    extra: str


TRACKERS: Mapping[str, Row] = {
    "tensorboard": Row("TensorBoard", ("tensorboard",), "tensorboard"),
    "mlflow": Row("MLflow", ("mlflow", "sqlalchemy", "alembic"), "mlflow"),
    "wandb": Row("Weights & Biases", ("wandb",), "wandb"),
}


@dataclass(frozen=True)
class Tracked:
    """What became of telling one tracker.

    Parameters
    ----------
    tracker : str
        Its name in `TRACKERS`.
    title : str
        As people write it.
    look : str
        What to type to see it; empty where nothing was logged.
    logged : int
        How many entries were logged now; those that stood are not logged again.
    error : str, optional
        Why it could not be done.
    """

    tracker: str
    title: str
    look: str = ""
    logged: int = 0
    error: str | None = None


def choose_trackers(names: Sequence[str] | str | None) -> tuple[str, ...]:
    """Return the trackers asked for, each once, in the order of the table; nothing is imported.

    Raises
    ------
    ConfigError
        If one is unknown.
    DependencyError
        If a package is missing; it names the extra that brings it.
    """
    asked = [names] if isinstance(names, str) else list(names or ())
    for name in asked:
        check_choice("trackers", "headstart", name, TRACKERS)
        row = TRACKERS[name]
        missing = [module for module in row.needs if find_spec(module) is None]
        if missing:
            raise DependencyError(
                f"{row.title} needs the package {' and '.join(missing)}, which is not installed.",
                hint=f'Nothing has started yet. Type: pip install "headstart[{row.extra}]"',
            )
    return tuple(name for name in TRACKERS if name in asked)


def tell(
    name: str, results: Results, folder: Path, *, pictures: Path | None, progress: Progress, typed: str
) -> Tracked:
    """Log a run folder to one tracker: what stands there already is left, what was begun is logged anew.

    Parameters
    ----------
    name : str
        Of `TRACKERS`.
    results : Results
        Of the folder.
    folder : Path
    pictures : Path, optional
        The data folder; by default where it was. Without it no mistakes are shown.
    typed : str
        How the folder is written in commands.

    Raises
    ------
    TrackerError
        If the tracker cannot be reached or written.
    StoreError
        If the run folder cannot be written.
    """
    row = TRACKERS[name]
    entries = entries_of(results, folder)
    mistakes = Mistakes(results, folder, pictures)
    logged = 0
    try:
        tracker: Tracker = import_module(f"headstart.report.trackers.{name}").open_tracker(Home(folder, typed))
        with progress.step(row.title, len(entries), "runs") as step:
            for entry in entries:
                if not tracker.stands(entry):
                    tracker.log(entry, mistakes.of(entry.id) if entry.run else None)
                    logged += 1
                step.advance()
    except HeadstartError:
        raise
    except Exception as error:
        raise TrackerError(
            f"{row.title} could not be reached or written ({_first_line(error)}).",
            hint=f"The results are saved. Try again with: headstart report {typed} --{name}",
        ) from error
    return Tracked(name, row.title, tracker.look, logged)


def _first_line(error: Exception) -> str:
    told = str(error).strip().partition("\n")[0].rstrip(".")
    return told or type(error).__name__
