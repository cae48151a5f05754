"""From a bundle to a page: claimed, proven, written, and answering in a browser as the bundle does in Python."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deliver.web.conftest import Opened
from deliver.web.toy import Toy
from deliver_models import CLASSES, scene, small_model
from PIL import Image
from typer.testing import CliRunner

import headstart as hs
from headstart.base.errors import BundleError, ConfigError, DependencyError
from headstart.base.outputs import WEB, claim
from headstart.cli.app import app
from headstart.deliver.web import engine as engines
from headstart.deliver.web import page as pages
from headstart.records.preprocessing import Decoding
from headstart.records.record import changed


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return pictures of several forms; one is large, one long, one grey."""
    folder, rng = tmp_path / "photos", np.random.default_rng(5)
    folder.mkdir()
    sizes = [(90, 130), (130, 90), (300, 400), (30, 20), (64, 64), (70, 200)]
    for number, size in enumerate(sizes):
        image = Image.fromarray(scene(size, rng)).convert("L" if number == 4 else "RGB")
        image.save(folder / f"{number}.{'jpg' if number % 2 else 'png'}", quality=92)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "framing"), [("kernel", "pad"), ("neighbours", "squash")])
def test_an_exported_page_answers_in_a_browser_as_in_python(
    browser: Any, needs_engine: None, photos: Path, tmp_path: Path, kind: str, framing: str
) -> None:
    bundle = small_model(kind, framing=framing).save(tmp_path / "a.bundle")
    place = tmp_path / "a.html"
    parity = hs.export(bundle, place, to="web", data=photos)
    assert parity.file == "a.html"
    page = Opened(browser, place.as_uri()).ready()
    files = sorted(photos.iterdir())
    page.give(*files)
    with page.page.expect_download() as waiting:
        page.page.locator("#table").click()
    found = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text(encoding="utf-8-sig"))))
    for row, wanted in zip(found, hs.predict(bundle, files).rows, strict=True):
        apart = max(abs(float(row[f"p_{name}"]) - wanted.probabilities[name]) for name in CLASSES)
        assert apart < (1e-4 if row["path"].endswith("png") else 1e-2), row["path"]
        assert wanted.set is not None
        assert row["set"].removeprefix("'") == "|".join(wanted.set)
        assert row["none_of_these"] == str(wanted.none_of_these).lower()
    assert page.faults == []
    page.close()


def test_only_pages_of_ours_are_replaced(colours_page: Path, photos: Path, tmp_path: Path) -> None:
    bundle, place = small_model().save(tmp_path / "a.bundle"), tmp_path / "a.html"
    place.write_text("<!doctype html><title>my thesis</title>", encoding="utf-8")
    with pytest.raises(ConfigError, match="headstart did not write"):
        hs.export(bundle, place, to="web", data=photos)
    assert "thesis" in place.read_text(encoding="utf-8")
    place.write_bytes(colours_page.read_bytes())
    assert claim(place, WEB) == place
    with place.open("a", encoding="utf-8") as written:
        written.write("<p>my words")
    with pytest.raises(ConfigError, match="was changed since"):
        hs.export(bundle, place, to="web", data=photos)
    with pytest.raises(ConfigError, match=r"must end in \.html"):
        hs.export(bundle, tmp_path / "a.onnx", to="web", data=photos)
    with pytest.raises(ConfigError, match="reads pictures by itself"):
        hs.export(bundle, tmp_path / "b.html", to="web", input="squares", data=photos)


def test_without_the_engine_nothing_is_begun_and_it_says_what_to_do(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_ROOM", tmp_path)
    (tmp_path / "engine.json").write_text(
        '{"package": "p", "version": "1", "integrity": "", "files": {"a.mjs": "00"}}', encoding="utf-8"
    )
    bundle = small_model().save(tmp_path / "a.bundle")
    with pytest.raises(DependencyError, match="make engine"):
        hs.export(bundle, tmp_path / "a.html", to="web", data=photos)
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "a.mjs.gz").write_bytes(b"another")
    with pytest.raises(DependencyError, match="damaged, or of another version"):
        hs.export(bundle, tmp_path / "a.html", to="web", data=photos)
    assert not (tmp_path / "a.html").exists()


def test_rules_that_no_browser_follows_are_refused(tmp_path: Path) -> None:
    toy = Toy()
    old = Toy(preprocessing=changed(toy.preprocessing, decoding=Decoding(rule=1)))
    with pytest.raises(BundleError, match="older headstart"):
        pages.write_page(tmp_path / "a.html", graph=toy.graph, classifier=old, name="a")
    assert not (tmp_path / "a.html").exists()


def test_equal_classifiers_make_equal_pages(needs_engine: None, colours_page: Path, tmp_path: Path) -> None:
    toy = Toy()
    again = pages.write_page(tmp_path / "again.html", graph=toy.graph, classifier=toy, name="colours")
    text = again.read_text(encoding="utf-8")
    assert text[:400] == colours_page.read_text(encoding="utf-8")[:400]
    assert "Permission is hereby granted" in text  # the notice of the engine goes with it
    assert "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'wasm-unsafe-eval'" in text
    assert "connect-src" not in text[:2000]


def test_the_command_says_what_may_be_written() -> None:
    result = CliRunner().invoke(app, ["export", "a.bundle", "--to", "pdf"], prog_name="headstart")
    assert result.exit_code == 2
    assert "onnx, web" in result.stderr
