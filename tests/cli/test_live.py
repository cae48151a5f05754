"""Listeners: what a terminal, a log file and nobody see of a long job."""

from __future__ import annotations

import io
import time

import pytest
from cli.stand_in import StandIn
from report.sample import run_of, sample_results
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from headstart.cli.live import LiveProgress, PlainProgress, QuietProgress, listener
from headstart.cli.rows import Track, bar_line, epoch_heads, epoch_line, result_line, step_line
from headstart.records.metrics import MetricsBySplit
from headstart.records.record import changed
from headstart.report.standing import Standing


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def console(*, terminal: bool = False, width: int = 100, height: int = 30, encoding: str = "utf-8") -> Console:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace", write_through=True)
    return Console(
        file=stream, force_terminal=terminal, width=width, height=height, markup=False, highlight=False, no_color=True
    )


def written(screen: Console) -> str:
    assert isinstance(screen.file, io.TextIOWrapper)
    screen.file.flush()
    buffer = screen.file.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(screen.file.encoding)


def test_plain_lines_of_a_whole_job() -> None:
    screen = console()
    with PlainProgress(screen) as progress:
        StandIn()._work(progress)
    lines = written(screen).splitlines()
    assert lines[0].startswith("plan: decode 1 s")
    assert sum(line.startswith("decode") for line in lines) == 1
    assert sum(line.startswith("  epoch") for line in lines) == 3
    assert sum(line.lstrip().startswith(("1 ", "2 ", "3 ", "4 ")) for line in lines) == 4 + 3 + 3
    assert "partial: 0.887 (0.826 to 0.928) on 150 test pictures, 19 s · best so far" in lines
    assert lines[-1] == "full: 0.880 (0.818 to 0.923) on 150 test pictures, 95 s · best so far: partial 0.887"
    assert "\x1b" not in written(screen)


def test_a_long_step_gives_signs_of_life() -> None:
    clock, screen = Clock(), console()
    progress = PlainProgress(screen, clock=clock)
    with progress.step("features", 100) as step:
        for _ in range(10):
            clock.now += 4.0
            step.advance(10)
    lines = written(screen).splitlines()
    assert [line.split("/100")[0].split()[-1] for line in lines[:-1]] == ["30", "60", "90"]
    assert lines[-1].split() == ["features", "40", "s", "100", "pictures", "2.5/s"]


def test_a_step_that_counts_nothing_gives_signs_of_life() -> None:
    screen = console()
    with PlainProgress(screen, pause=0.05) as progress, progress.step("svm", 1):
        end = time.monotonic() + 5
        while written(screen).count("svm") < 2 and time.monotonic() < end:
            time.sleep(0.01)
    assert written(screen).count("svm") >= 3


def test_a_step_that_failed_leaves_no_line() -> None:
    screen = console()
    with PlainProgress(screen) as progress, pytest.raises(ValueError, match="no"), progress.step("decode", 3):
        raise ValueError("no")
    assert written(screen) == ""


def test_a_step_inside_another_or_inside_a_run_leaves_no_line() -> None:
    screen = console()
    with PlainProgress(screen) as progress:
        with progress.step("outer", 1), progress.step("inner", 1):
            pass
        with progress.step("full: epoch 1 of 2", 1):
            pass
    assert [line.split()[0] for line in written(screen).splitlines()] == ["outer"]


def test_quiet_is_quiet() -> None:
    screen = console()
    with QuietProgress(screen) as progress:
        StandIn()._work(progress)
    assert written(screen) == ""


def test_the_live_view_shows_results_and_the_step() -> None:
    clock, screen = Clock(), console(terminal=True, width=60)
    progress = LiveProgress(screen, clock=clock)
    for name in ("scratch", "full"):
        progress.result(run_of(sample_results(), name))
    with progress.step("full: epoch 3 of 8", 400) as step:
        step.advance(100)
        clock.now += 2
        with screen.capture() as captured:
            screen.print(progress.render())
    lines = captured.get().splitlines()
    assert lines[2].startswith("  full")
    assert "best so far: full 0.880" in lines[4]
    assert lines[-1].startswith("full 3/8")
    assert lines[-1].endswith("100/400     50/s  6 s left")
    assert all(Text.from_ansi(line).cell_len <= 60 for line in lines)


def test_the_live_view_fits_a_low_terminal() -> None:
    screen = console(terminal=True, height=12)
    progress = LiveProgress(screen)
    for number in range(40):
        progress.result(changed(sample_results().runs[0], id=f"run {number}"))
    with screen.capture() as captured:
        screen.print(progress.render())
    assert len(captured.get().splitlines()) <= 11
    assert "… and 37 more" in captured.get()


def test_the_live_view_leaves_epochs_and_steps_behind() -> None:
    screen = console(terminal=True)
    with LiveProgress(screen) as progress:
        StandIn()._work(progress)
    shown = written(screen)
    assert "decode" in shown
    assert "0.560   8.5e-04" in shown
    assert shown.rstrip().endswith(("\x1b[?25h", "\x1b[2K")) or "\x1b[?25h" in shown  # the cursor is back


def test_a_terminal_without_unicode_gets_ascii() -> None:
    screen = console(terminal=True, encoding="ascii")
    progress = LiveProgress(screen)
    progress.result(sample_results().runs[0])
    with progress.step("decode", 10) as step:
        step.advance(5)
        with screen.capture() as captured:
            screen.print(progress.render())
    assert captured.get().isascii()
    assert "|--" in captured.get()
    assert "###" in captured.get()


def test_a_run_told_twice_takes_its_old_place() -> None:
    progress = QuietProgress(console())
    for _ in range(2):
        progress.result(sample_results().runs[0])
    assert len(progress._runs) == 1


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(listener(quiet=False), PlainProgress)
    assert isinstance(listener(quiet=True), QuietProgress)


@pytest.mark.parametrize("width", [60, 80, 110])
def test_lines_fit_and_columns_stand_under_their_titles(width: int) -> None:
    one = run_of(sample_results(), "partial").epochs[0]
    assert cell_len(epoch_heads(width)) == cell_len(epoch_line(one, width)) <= width
    blank = changed(one, choosing_loss=None, choosing_accuracy=None)
    assert cell_len(epoch_line(blank, width)) == cell_len(epoch_heads(width))
    for done in (0, 1, 99_999):
        track = Track("a very long name of some step", 100_000, "pictures", 0.0, done=done)
        assert cell_len(bar_line(track, 3000.0, width)) <= width
        assert cell_len(step_line(track, 12.0)) <= max(width, 70)


def test_a_run_without_metrics_is_done() -> None:
    run = changed(run_of(sample_results(), "full"), metrics=MetricsBySplit())
    assert result_line(run, Standing.so_far([run])) == "full: done, not measured"
