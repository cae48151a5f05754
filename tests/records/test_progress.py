import pytest

from headstart.records.progress import Progress, Silent


def test_silence_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    progress: Progress = Silent()
    with progress.step("decode", 3) as step:
        step.advance()
        step.advance(2)
    with progress.step("fit", 1, unit="heads") as step:
        step.advance(1)
    progress.message("3 files skipped")
    progress.epoch("full", {"epoch": 1})
    progress.result({"id": "full"})
    assert capsys.readouterr() == ("", "")


def test_an_error_inside_a_step_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError), Silent().step("decode", 3):
        raise ZeroDivisionError
