"""Files of columns: what is written is read again, and what is damaged or of other classes is refused by its name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from headstart.base.errors import StoreError
from headstart.records.columns import ActivityFile, MapFile, PredictionsFile

CLASSES = ("bee with spaces", "مورچه", "개미")
PATHS = ["val/개미/1.jpg", "test/a.jpg", "test/b.jpg", "test/c.jpg"]
LABELS = np.array([2, 0, 1, 2])
SPLITS = ["val", "test", "test", "test"]
PROBABILITIES = np.array([[0.1, 0.2, 0.7], [1 / 3, 1 / 3, 1 / 3], [0.6, 0.3, 0.1], [0.0, 1e-17, 1.0]])


@pytest.fixture
def predictions(tmp_path: Path) -> PredictionsFile:
    file = PredictionsFile(tmp_path / "predictions" / "linear.parquet")
    file.write(CLASSES, paths=PATHS, labels=LABELS, splits=SPLITS, probabilities=PROBABILITIES)
    return file


@pytest.fixture
def mapped(tmp_path: Path) -> MapFile:
    return MapFile(tmp_path / "map.parquet")


def halved(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def flipped(path: Path) -> None:
    """Damage the values and leave the description at the end of the file as it is."""
    whole = path.read_bytes()
    path.write_bytes(whole[:5] + bytes([whole[5] ^ 0xFF]) + whole[6:])


def test_predictions_come_back_by_split_and_to_the_last_bit(predictions: PredictionsFile) -> None:
    assert predictions.stands()
    test, val = predictions.read(CLASSES, "test"), predictions.read(CLASSES, "val")
    assert test.paths == tuple(PATHS[1:])
    assert test.labels.tolist() == [0, 1, 2]
    assert test.probabilities.dtype == np.float64
    assert np.array_equal(test.probabilities, PROBABILITIES[1:])
    assert test.answered.tolist() == [0, 0, 2], "the first of equal ones"
    assert test.correct.tolist() == [True, False, True]
    assert (val.paths, val.labels.tolist()) == ((PATHS[0],), [2])
    assert np.array_equal(val.probabilities, PROBABILITIES[:1])


def test_the_columns_have_the_names_that_are_documented(predictions: PredictionsFile) -> None:
    stored = pq.read_table(predictions.path).to_pydict()
    assert list(stored) == ["path", "label", "split", *(f"p_{name}" for name in CLASSES)]
    assert stored["label"] == [CLASSES[label] for label in LABELS]


def test_a_split_without_pictures_is_empty(predictions: PredictionsFile) -> None:
    none = predictions.read(CLASSES, "train")
    assert (none.paths, none.labels.shape, none.probabilities.shape) == ((), (0,), (0, 3))
    assert none.answered.shape == none.correct.shape == (0,)


def test_the_order_of_classes_is_the_reader_s(predictions: PredictionsFile) -> None:
    turned = predictions.read(CLASSES[::-1], "test")
    assert turned.labels.tolist() == [2, 1, 0]
    assert np.array_equal(turned.probabilities, PROBABILITIES[1:, ::-1])


@pytest.mark.parametrize(
    ("classes", "names"), [((*CLASSES, "wasp"), "p_wasp"), (("wasp", *CLASSES[1:]), "p_wasp"), (CLASSES[1:], "bee")]
)
def test_predictions_of_other_classes_are_refused(
    predictions: PredictionsFile, classes: tuple[str, ...], names: str
) -> None:
    with pytest.raises(StoreError, match=rf"linear\.parquet' cannot be read .*{names}"):
        predictions.read(classes, "test")


def test_a_file_of_something_else_is_no_predictions(predictions: PredictionsFile) -> None:
    MapFile(predictions.path).write(["a"], np.zeros((1, 2)))
    with pytest.raises(StoreError, match="no column 'label'"):
        predictions.read(CLASSES, "test")


def test_damaged_or_missing_predictions_are_refused_by_their_name(predictions: PredictionsFile) -> None:
    halved(predictions.path)
    assert not predictions.stands()
    with pytest.raises(StoreError, match=r"linear\.parquet' cannot be read"):
        predictions.read(CLASSES, "test")
    predictions.path.unlink()
    assert not predictions.stands()
    with pytest.raises(StoreError, match=r"linear\.parquet' cannot be read") as caught:
        predictions.read(CLASSES, "test")
    assert caught.value.hint == "Remove that file and run the same command: it will be made again."


def test_damage_that_the_description_does_not_show_is_found_in_reading(predictions: PredictionsFile) -> None:
    flipped(predictions.path)
    assert predictions.stands(), "as far as its own description says"
    with pytest.raises(StoreError, match=r"linear\.parquet' cannot be read"):
        predictions.read(CLASSES, "test")


def test_a_map_comes_back_with_all_its_components(mapped: MapFile) -> None:
    components = np.random.default_rng(0).normal(size=(3, 5))
    mapped.write(PATHS[:3], components, source="0123")
    assert pq.read_schema(mapped.path).names == ["path", "x", "y", "c3", "c4", "c5"]
    found = mapped.read()
    assert found is not None
    assert found.paths == tuple(PATHS[:3])
    assert np.array_equal(found.components[:, :2], components[:, :2])
    assert np.array_equal(found.components[:, 2:], components[:, 2:].astype(np.float32))
    assert found.places == {path: tuple(row) for path, row in zip(PATHS[:3], components[:, :2].tolist(), strict=True)}
    assert mapped.source() == "0123"


def test_a_map_of_two_components_names_no_source(mapped: MapFile) -> None:
    mapped.write(PATHS, PROBABILITIES[:, :2])
    found = mapped.read()
    assert found is not None
    assert np.array_equal(found.components, PROBABILITIES[:, :2])
    assert mapped.source() == ""


def test_a_map_of_no_picture_is_empty(mapped: MapFile) -> None:
    mapped.write([], np.zeros((0, 2)))
    found = mapped.read()
    assert found is not None
    assert (found.paths, found.components.shape, found.places) == ((), (0, 2), {})


@pytest.mark.parametrize("damage", [halved, flipped, Path.unlink])
def test_a_map_that_is_damaged_or_gone_is_none(mapped: MapFile, damage: object) -> None:
    mapped.write(PATHS, PROBABILITIES, source="0123")
    damage(mapped.path)  # type: ignore[operator]
    assert mapped.read() is None
    assert mapped.source() == ("0123" if damage is flipped else "")


def test_a_file_of_something_else_is_no_map(predictions: PredictionsFile) -> None:
    assert MapFile(predictions.path).read() is None
    assert MapFile(predictions.path).source() == ""


def test_shares_of_inactive_units_come_back_by_stage(tmp_path: Path) -> None:
    file = ActivityFile(tmp_path / "activity" / "full.parquet")
    inactive, capped = PROBABILITIES[:, :2], PROBABILITIES[:, 1:]
    file.write(PATHS, ["layer3", "layer4"], inactive=inactive, capped=capped)
    assert file.stands()
    for found, there in zip(file.read(["layer4", "layer3"]), (inactive, capped), strict=True):
        assert np.array_equal(found, there[:, ::-1])
    with pytest.raises(StoreError, match="layer5"):
        file.read(["layer5"])
    halved(file.path)
    assert not file.stands()
    with pytest.raises(StoreError, match=r"full\.parquet' cannot be read"):
        file.read(["layer3"])
