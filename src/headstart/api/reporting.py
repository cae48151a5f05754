"""The page of a run folder, made with the comparison or later from what stands there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headstart.base.errors import HeadstartError
from headstart.base.params import bad_parameter
from headstart.base.progress import Progress, Silent
from headstart.report.text import Typed

PAGE_SECONDS = 0.6  # of reading pictures while a comparison ends: the page comes within a second


def write_report(
    run: str | Path,
    *,
    data: str | Path | None = None,
    activity: bool = False,
    program: str = "headstart",
    progress: Progress | None = None,
) -> Path:
    """Make the report of a run folder anew, ``report.html`` and ``report.md``, without training anything.

    Parameters
    ----------
    run : path
        A folder that `compare` wrote; an unfinished one is shown as far as it goes.
    data : path, optional
        Where the pictures are now, if they are no longer where they were.
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
        If `activity` is asked for and the run has no network both frozen and trained.
    """
    from headstart.report.markdown import write_markdown
    from headstart.report.page.building import write_page
    from headstart.report.page.reading import read_results

    folder = Path(run)
    results = read_results(folder)
    if activity:
        root = Path(data if data is not None else results["data"].get("root") or ".")
        results = with_activity(folder, results, root, progress or Silent())
    built = write_page(
        results,
        folder,
        pictures=None if data is None else Path(data),
        typed=Typed(folder=str(folder), program=program),
    )
    write_markdown(results, folder / "report.md")
    for note in built.notes:
        (progress or Silent()).message(note)
    return built.path


def compare_runs(runs: Sequence[str | Path], *, page: str | Path | None = None) -> dict[str, Any]:
    """Put several run folders side by side: other data, other backbones, other options.

    Parameters
    ----------
    runs : sequence of path
        Folders that `compare` wrote.
    page : path, optional
        Also write a page of its own to this ``.html`` file.

    Returns
    -------
    dict
        See `headstart.report.side_by_side.side_by_side`.

    Raises
    ------
    ConfigError
        If there is no run folder given, or the page's name does not end in .html.
    StoreError
        If one is no run folder or has no result yet, or the page cannot be written.
    """
    from headstart.report.page.reading import read_results
    from headstart.report.side_by_side import side_by_side

    if not runs:
        raise bad_parameter("runs", "compare_runs", "at least one run folder", [])
    if page is not None and Path(page).suffix.lower() != ".html":
        raise bad_parameter("page", "compare_runs", "a name that ends in .html", str(page))
    found = side_by_side({str(run): read_results(Path(run)) for run in runs})
    if page is not None:
        from headstart.report.page.runs import write_runs

        write_runs(found, Path(page))
    return found


def with_activity(folder: Path, results: Mapping[str, Any], root: Path, progress: Progress) -> dict[str, Any]:
    """Return the results with what was counted of feature maps, now or before, and keep them in the run folder."""
    from headstart.strategies import RunFolder, measure_activity

    place = RunFolder(folder)
    device = str((results.get("environment") or {}).get("device") or "cpu")
    measure_activity(place, results, root=root, progress=progress, device=device)
    entry = place.counted()
    if entry == results.get("activity"):
        return dict(results)
    return place.write_results({**results, "activity": entry})


def page_of(results: Mapping[str, Any], folder: Path, pictures: Path, progress: Progress) -> None:
    """Write the page of a comparison that just ended; whatever goes wrong takes nothing from its results."""
    from headstart.report.page.building import write_page

    try:
        write_page(results, folder, pictures=pictures, typed=Typed(folder=str(folder)), seconds=PAGE_SECONDS)
    except HeadstartError:
        raise
    except Exception as error:  # noqa: BLE001 - hours of training may lie behind; the results stand
        progress.message(f"The page could not be made ({error}); results.json and report.md stand. Please report this.")
