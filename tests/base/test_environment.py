import os
from contextlib import suppress

from headstart.base.environment import SILENT, environment, silence


def test_what_was_lent_is_taken_away_again(monkeypatch):
    monkeypatch.delenv("HEADSTART_LENT", raising=False)
    with suppress(RuntimeError), environment({"HEADSTART_LENT": "1"}):
        assert os.environ["HEADSTART_LENT"] == "1"
        raise RuntimeError("the work failed")
    assert "HEADSTART_LENT" not in os.environ


def test_what_the_user_has_set_stays_as_it_is(monkeypatch):
    monkeypatch.setenv("HEADSTART_LENT", "mine")
    with environment({"HEADSTART_LENT": "1"}):
        assert os.environ["HEADSTART_LENT"] == "mine"
    assert os.environ["HEADSTART_LENT"] == "mine"


def test_a_package_that_writes_the_variable_itself_leaves_nothing_behind(monkeypatch):
    monkeypatch.delenv("WANDB_ERROR_REPORTING", raising=False)
    with silence():
        # As W&B's development versions do when they are imported.
        os.environ["WANDB_ERROR_REPORTING"] = os.environ.get("WANDB_ERROR_REPORTING", "True")
        assert os.environ["WANDB_ERROR_REPORTING"] == "false"
    assert "WANDB_ERROR_REPORTING" not in os.environ


def test_silence_says_it_to_every_package(monkeypatch):
    for name in SILENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")  # who wants it on
    with silence():
        told = {name: os.environ[name] for name in SILENT}
    assert told == {**SILENT, "ORT_DISABLE_TELEMETRY": "0"}
    assert not os.environ.keys() & (SILENT.keys() - {"ORT_DISABLE_TELEMETRY"})


def test_what_one_thread_needs_no_other_takes_away(monkeypatch):
    monkeypatch.delenv("HEADSTART_LENT", raising=False)
    first, second = environment({"HEADSTART_LENT": "1"}), environment({"HEADSTART_LENT": "1"})
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert os.environ["HEADSTART_LENT"] == "1"
    second.__exit__(None, None, None)
    assert "HEADSTART_LENT" not in os.environ
