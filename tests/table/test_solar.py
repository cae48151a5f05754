import importlib.util
from collections import Counter

import pytest

from headstart.base.errors import ConfigError, DataError, DependencyError
from headstart.table import solar, solar_cells

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("elpv_dataset") is None, reason="needs the package elpv-dataset (extra 'demo')"
)


@needs_package
def test_the_sample_has_the_proportions_of_the_whole():
    table = solar_cells(pictures=100, seed=1)
    counts = table.counts()
    assert {name: counts["train"][name] + counts["test"][name] for name in table.classes} == {
        "defective": 31,  # 821 of 2,624
        "functional": 69,
    }
    assert counts["test"] == {"defective": 8, "functional": 17}
    assert counts["val"] == {}
    assert table.file(0).is_file()
    assert table.paths[0].startswith("images/cell")


@needs_package
def test_the_seed_decides_sample_and_split():
    one, again, other = (solar_cells(pictures=40, seed=seed) for seed in (0, 0, 1))
    assert one.fingerprint() == again.fingerprint() != other.fingerprint()
    assert one.paths != other.paths


@needs_package
def test_the_package_is_not_imported():
    import sys

    solar_cells(pictures=16)
    assert "elpv_dataset" not in sys.modules


def pretend(tmp_path, monkeypatch, text):
    """Let the data folder be one of 200 small files."""
    (tmp_path / "images").mkdir()
    for number in range(200):
        (tmp_path / "images" / f"{number:03d}.png").write_bytes(bytes([number]))
    (tmp_path / "labels.csv").write_text(text)
    monkeypatch.setattr(solar, "_data_folder", lambda: tmp_path)


def test_all_pictures_and_where_a_half_belongs(tmp_path, monkeypatch):
    probabilities = [0.0, 0.3333333333333333, 0.6666666666666666, 1.0, 0.5]
    lines = [f"images/{number:03d}.png  {probabilities[number % 5]}  mono" for number in range(200)]
    pretend(tmp_path, monkeypatch, "\n".join(lines))
    table = solar_cells(pictures=None)
    assert Counter(table.classes[label] for label in table.labels) == {"functional": 80, "defective": 120}
    assert table.counts()["test"] == {"defective": 30, "functional": 20}


@pytest.mark.parametrize("pictures", [0, 15, 201, 2.5, True])
def test_a_size_that_cannot_be(tmp_path, monkeypatch, pictures):
    pretend(tmp_path, monkeypatch, "\n".join(f"images/{n:03d}.png {n % 2} mono" for n in range(200)))
    with pytest.raises(ConfigError, match="'pictures'"):
        solar_cells(pictures=pictures)


def test_a_damaged_package(tmp_path, monkeypatch):
    pretend(tmp_path, monkeypatch, "images/000.png\n")
    with pytest.raises(DataError, match="Install the package elpv-dataset again"):
        solar_cells()


def test_without_the_package(monkeypatch):
    monkeypatch.setattr(solar, "_PACKAGE", "no_such_package_of_pictures")
    with pytest.raises(DependencyError, match="pip install elpv-dataset"):
        solar_cells()
