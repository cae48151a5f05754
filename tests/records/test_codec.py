"""Records become JSON and come back, and whatever is wrong with a file is said by the name of its key."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report.sample import sample_results

from headstart.base.errors import StoreError
from headstart.records.codec import encoded, from_plain, plain, read_record, write_record
from headstart.records.metrics import Metrics
from headstart.records.preprocessing import Preprocessing
from headstart.records.record import changed
from headstart.records.results import SCHEMA, Results, Skipped

Change = Callable[[dict[str, Any]], object]
TRAINED = next(at for at, run in enumerate(sample_results().runs) if run.training is not None)


def read(path: Path) -> Results:
    return read_record(path, Results, schema=SCHEMA, again="Run it again.")


def changed_file(tmp_path: Path, change: Change) -> Path:
    """Write the sample results with a change by hand."""
    content = json.loads(encoded(sample_results()))
    change(content)
    path = tmp_path / "results.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_record(tmp_path / "results.json", sample_results())
    assert read(tmp_path / "results.json") == sample_results()
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8")) == json.loads(encoded(sample_results()))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda found: found.pop("seed"), r"results\.json' is damaged: object missing required field `seed`"),
        (lambda found: found["runs"][2].pop("cut"), r"at runs\[2\]: object missing required field `cut`"),
        (lambda found: found.update(seconds=1), "object contains unknown field `seconds`"),
        (lambda found: found["runs"][0].update(settings={}), r"at runs\[0\]: object contains unknown field `settings`"),
        (lambda found: found.update(seed="0"), "at seed: expected `int`, got `str`"),
        (lambda found: found.update(complete=1), "at complete: expected `bool`, got `int`"),
        (lambda found: found.update(verdict=None), "at verdict: expected `object`, got `null`"),
        (lambda found: found.update(measuring="train"), "at measuring: invalid enum value 'train'"),
        (
            lambda found: found["runs"][1]["metrics"]["test"].update(accuracy="0.9"),
            r"at runs\[1\]\.metrics\.test\.accuracy: expected `float`, got `str`",
        ),
        (lambda found: found["runs"][1]["metrics"]["test"].update(n=150.0), r"\.n: expected `int`, got `float`"),
        (lambda found: found["runs"][1]["metrics"]["test"].update(n=True), r"\.n: expected `int`, got `bool`"),
        (
            lambda found: found["runs"][1]["metrics"]["test"].update(interval=[0.1]),
            r"\.interval: expected `array` of length 2, got 1",
        ),
        (
            lambda found: found["runs"][TRAINED]["training"]["settings"].update(epochs=0),
            rf"at runs\[{TRAINED}\]\.training\.settings\.epochs: expected `int` >= 1",
        ),
        (
            lambda found: found["runs"][TRAINED]["training"]["settings"].update(epoch=3),
            rf"at runs\[{TRAINED}\]\.training\.settings: object contains unknown field `epoch`",
        ),
    ],
)
def test_a_damaged_file_is_refused_and_its_key_named(tmp_path: Path, change: Change, says: str) -> None:
    with pytest.raises(StoreError, match=says) as caught:
        read(changed_file(tmp_path, change))
    assert caught.value.hint == "Run it again."


def test_an_older_schema_is_refused_with_the_command_that_makes_it_anew(tmp_path: Path) -> None:
    command = sample_results().command
    assert command
    with pytest.raises(StoreError, match="has schema 1; this headstart reads schema 2") as caught:
        read(changed_file(tmp_path, lambda found: found.update(schema=1)))
    assert caught.value.hint == f"Remove the folder, or choose another one with --out, and run again: {command}"


def test_an_older_schema_without_a_command_says_what_to_do(tmp_path: Path) -> None:
    path = changed_file(tmp_path, lambda found: (found.update(schema=1), found.pop("command")))
    with pytest.raises(StoreError, match="has schema 1") as caught:
        read(path)
    assert caught.value.hint == "Run it again."
    with pytest.raises(StoreError, match="has schema 1") as caught:
        read_record(path, Results, schema=SCHEMA)
    assert caught.value.hint == "Remove the folder and run the same command again."


def test_a_newer_schema_is_refused_whatever_else_it_holds(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="has schema 3; this headstart reads schema 2") as caught:
        read(changed_file(tmp_path, lambda found: found.update(schema=3, added_later=1)))
    assert caught.value.hint == "Read it with the newer headstart that wrote it."


@pytest.mark.parametrize("stated", ["2", True, None, 2.0, [2]])
def test_what_is_no_schema_is_called_unknown(tmp_path: Path, stated: object) -> None:
    with pytest.raises(StoreError, match="has schema unknown; this headstart reads schema 2"):
        read(changed_file(tmp_path, lambda found: found.update(schema=stated)))


@pytest.mark.parametrize("content", ["", '{"schema": 2,', "[]", "null", '"schema"'])
def test_a_file_that_is_no_record_is_refused_by_its_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "results.json").write_text(content, encoding="utf-8")
    with pytest.raises(StoreError, match=r"results\.json"):
        read(tmp_path / "results.json")


def test_a_file_that_is_not_there_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"results\.json' cannot be read"):
        read(tmp_path / "results.json")


def test_what_is_no_number_is_written_as_null(tmp_path: Path) -> None:
    (measured,) = [run.metrics.test for run in sample_results().runs[:1]]
    assert measured is not None
    recalls = (float("nan"), float("inf"), 0.5)
    write_record(tmp_path / "metrics.json", changed(measured, per_class_recall=recalls))
    assert "NaN" not in (tmp_path / "metrics.json").read_text(encoding="utf-8")
    assert read_record(tmp_path / "metrics.json", Metrics).per_class_recall == (None, None, 0.5)
    assert json.loads(encoded(changed(measured, loss=float("nan"))))["loss"] is None


def test_numbers_come_back_to_the_last_bit(tmp_path: Path) -> None:
    measured = sample_results().runs[0].metrics.test
    assert measured is not None
    third = changed(measured, loss=1 / 3, accuracy=0.1 + 0.2, macro_f1=5e-324)
    write_record(tmp_path / "metrics.json", third)
    assert read_record(tmp_path / "metrics.json", Metrics) == third


def test_names_of_files_that_cannot_be_decoded_survive(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    results = sample_results()
    there = changed(results, data=changed(results.data, root=f"/{name}", skipped=(Skipped(path=name, reason="x"),)))
    write_record(tmp_path / "results.json", there)
    back = read(tmp_path / "results.json")
    assert back == there
    assert os.fsencode(back.data.skipped[0].path) == b"caf\xe9.jpg"


def test_numpy_values_and_paths_become_plain() -> None:
    found = plain(
        {"a": np.float64(1.5), "b": np.arange(2), "c": Path("x") / "y", "d": np.bool_(True), "e": np.int64(4)}
    )
    assert found == {"a": 1.5, "b": [0, 1], "c": "x/y", "d": True, "e": 4}
    assert {type(found[name]) for name in "acde"} == {float, str, bool, int}
    with pytest.raises(TypeError, match="object"):
        plain({"a": object()})


def test_records_are_frozen_and_know_no_other_names() -> None:
    results = sample_results()
    with pytest.raises(AttributeError):
        results.seed = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        changed(results, sead=1)
    with pytest.raises(TypeError):
        Preprocessing(64)  # type: ignore[misc]  # values are given by name
    assert changed(results, seed=7).seed == 7 != results.seed


def test_plain_values_are_read_as_strictly() -> None:
    with pytest.raises(StoreError, match=r"'here' is damaged at mean: expected `array` of length 3, got 2"):
        from_plain({"input_size": 64, "mean": [0.5, 0.5]}, Preprocessing, "here")
