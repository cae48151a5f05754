"""The page of a run folder, made with the comparison or later from what stands there."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from headstart.base.errors import HeadstartError
from headstart.base.outputs import PAGE, claim, claim_report
from headstart.base.params import bad_parameter
from headstart.base.typed import program as program_as_typed
from headstart.records.progress import Progress, Silent
from headstart.records.record import changed
from headstart.records.results import Results
from headstart.records.side_by_side import SideBySide
from headstart.report.text import Typed

LOOK_SHARE = 0.1  # of the time that training took: what a comparison spends on heat maps; `write_report` does the rest
PAGE_SECONDS = 0.6  # of reading pictures while a comparison ends: the page comes within a second


def write_report(
    run: str | Path,
    *,
    data: str | Path | None = None,
    quick: bool = False,
    activity: bool = False,
    program: str = "headstart",
    progress: Progress | None = None,
) -> Path:
    """Make the report of a run folder again, ``report.html`` and ``report.md``, without training anything.

    What the best two strategies look at (`headstart.explain.heat`) and the map of neighbours are computed once and
    kept in the run folder.

    Parameters
    ----------
    run : path
        A folder that `compare` wrote; an unfinished one is shown as far as it goes.
    data : path, optional
        Where the pictures are now, if they are no longer where they were.
    quick : bool
        Show only those of them that are already there.
    activity : bool
        Also count how much of the feature maps is inactive in the networks of the run, frozen and trained; what was
        counted before is not counted again.
    program : str
        How headstart is typed in the commands on the page.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    StoreError
        If there is no run folder or no result in it yet, or the page cannot be written.
    DataError
        If `data` does not exist or holds none of the pictures.
    ConfigError
        If a report stands there that headstart did not write, or `activity` is asked for and the run has no network
        both frozen and trained.
    """
    from headstart.report.markdown import write_markdown
    from headstart.report.page.building import write_page
    from headstart.report.page.reading import read_results

    folder, told = Path(run), progress or Silent()
    results = read_results(folder)
    claim_report(folder)
    if not quick:
        _look(results, folder, None if data is None else Path(data), told)
    if activity:
        root = Path(data if data is not None else results.data.root)
        results = with_activity(folder, results, root, told)
    built = write_page(
        results,
        folder,
        pictures=None if data is None else Path(data),
        typed=Typed(folder=str(folder), program=program),
    )
    write_markdown(results, folder / "report.md")
    for note in built.notes:
        told.message(note)
    return built.path


def _look(
    results: Results, folder: Path, pictures: Path | None, progress: Progress, until: float | None = None
) -> None:
    """Find out what is found out once: what the best two strategies look at, and the map of neighbours."""
    from headstart.explain.heat_maps import make_heat_maps
    from headstart.explain.neighbours import write_neighbours

    make_heat_maps(results, folder, pictures=pictures, progress=progress, until=until)
    if until is None or time.perf_counter() < until:
        write_neighbours(results, folder, progress=progress)


def compare_runs(runs: Sequence[str | Path], *, page: Annotated[str | Path | None, PAGE] = None) -> SideBySide:
    """Put several run folders side by side: other data, other backbones, other options.

    Parameters
    ----------
    runs : sequence of path
        Folders that `compare` wrote.
    page : path, optional
        Also write a page of its own to this ``.html`` file; such a page that stands there is replaced.

    Returns
    -------
    SideBySide
        What each run reached, by strategy.

    Raises
    ------
    ConfigError
        If there is no run folder given, the page's name does not end in .html, or something else stands there.
    StoreError
        If one is no run folder or has no result yet, or the page cannot be written.
    """
    from headstart.report.page.reading import read_results
    from headstart.report.side_by_side import side_by_side

    if not runs:
        raise bad_parameter("runs", "compare_runs", "at least one run folder", [])
    if page is not None:
        claim(page, PAGE, inputs=runs)
    found = side_by_side({str(run): read_results(Path(run)) for run in runs})
    if page is not None:
        from headstart.report.page.runs import write_runs

        write_runs(found, Path(page))
    return found


def standing_ids(folder: Path) -> set[str]:
    """Return which runs a run folder holds; none if there is no such folder yet."""
    from headstart.report.page.reading import read_results

    with suppress(HeadstartError):
        return {run.id for run in read_results(folder).runs}
    return set()


def with_activity(folder: Path, results: Results, root: Path, progress: Progress) -> Results:
    """Return the results with what was counted of feature maps, now or before, and keep them in the run folder."""
    from headstart.experiment import RunFolder
    from headstart.explain.activity import measure_activity

    measure_activity(folder, results, root=root, progress=progress, device=results.environment.device)
    place = RunFolder(folder)
    entry = place.counted()
    return results if entry == results.activity else place.write_results(changed(results, activity=entry))


def page_of(
    results: Results,
    folder: Path,
    pictures: Path,
    progress: Progress,
    *,
    stood: Collection[str] = (),
    whole: bool = False,
) -> None:
    """Write the page of a comparison that just ended; whatever goes wrong takes nothing from its results.

    Where networks were trained for it, beside the runs that `stood`, a tenth of that time may go into heat maps and the
    second map of the features. Heads alone end with a page at once. It reads pictures for `PAGE_SECONDS` at most, or
    all of them for a page that is to be `whole`.
    """
    from headstart.report.page.building import write_page

    new = [run for run in results.runs if run.epochs and run.id not in stood]
    trained = sum(run.seconds.fit for run in new if not run.seconds.earlier)
    try:
        if trained:
            _look(results, folder, pictures, progress, until=time.perf_counter() + LOOK_SHARE * trained)
        seconds = None if whole else PAGE_SECONDS
        write_page(
            results,
            folder,
            pictures=pictures,
            typed=Typed(folder=str(folder), program=program_as_typed()),
            seconds=seconds,
        )
    except HeadstartError:
        raise
    except Exception as error:  # noqa: BLE001 - hours of training may lie behind; the results stand
        progress.message(
            f"The page could not be made ({error}); results.json and report.md are not affected. Please report this."
        )
