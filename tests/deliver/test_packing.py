"""A bundle as one file: equal bytes for equal bundles, and every verb takes it."""

from __future__ import annotations

import inspect
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.test_outputs import commands, notes_of
from drawing import draw_classes
from typer.testing import CliRunner

import headstart as hs
from headstart import backbones, bundle
from headstart.backbones.engine import TorchEngine
from headstart.base.errors import BundleError, ConfigError
from headstart.base.outputs import READ
from headstart.base.types import Affine
from headstart.bundle import Model
from headstart.bundle.folder import read_manifest
from headstart.cli.app import app
from headstart.deliver import packing
from headstart.records.bundle import BundleInfo


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bundle, the same as a zip, and pictures."""
    folder = tmp_path_factory.mktemp("packing")
    backbone = backbones.load("convnet64", random=True, seed=0)
    weight = np.random.default_rng(0).normal(size=(2, backbone.features)).astype(np.float32)
    Model(
        engine=TorchEngine(backbone.network.eval(), backbone.preprocessing.input_size),
        head=Affine(weight=weight, bias=np.zeros(2, np.float32)),
        preprocessing=backbone.preprocessing,
        classes=("circle", "square"),
        info=BundleInfo(architecture="convnet64"),
    ).save(folder / "shapes.bundle")
    hs.pack(folder / "shapes.bundle", out=folder / "shapes.zip")
    draw_classes(folder / "pictures", 2, 0)
    hs.export(folder / "shapes.bundle", folder / "shapes.onnx", data=folder / "pictures")
    return folder


# --- the same bytes ---------------------------------------------------------------------------------------------------


def test_equal_bundles_are_equal_zips(place: Path, tmp_path: Path) -> None:
    """Whatever they are called, whenever they were copied, and in whatever order the disk lists them."""
    shutil.copytree(place / "shapes.bundle", tmp_path / "other name")
    for age, name in enumerate(("model.safetensors", "README.md", "bundle.json")):
        os.utime(tmp_path / "other name" / name, (10**9 + age, 10**9 + age))
        (tmp_path / "other name" / name).chmod(0o600)
    hs.pack(tmp_path / "other name", out=tmp_path / "a.zip")
    hs.pack(place / "shapes.zip", out=tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes() == (place / "shapes.zip").read_bytes()


def test_the_zip_is_one_that_every_program_reads(place: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(place / "shapes.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["bundle.json", "README.md", "model.safetensors"]
        archive.extractall(tmp_path / "out")
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == {
        file.name: file.read_bytes() for file in (place / "shapes.bundle").iterdir()
    }
    assert hs.load(tmp_path / "out").classes == ("circle", "square")


def test_its_fingerprint_is_that_of_the_folder(place: Path) -> None:
    assert read_manifest(place / "shapes.zip").sha256 == read_manifest(place / "shapes.bundle").sha256


# --- what stands there ------------------------------------------------------------------------------------------------


def test_a_zip_of_ours_is_replaced_unless_it_was_changed(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "shapes.zip"
    for _ in range(2):
        assert hs.pack(place / "shapes.bundle", out=out) == out
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("notes.txt", "mine")
    before = out.read_bytes()
    with pytest.raises(ConfigError, match="was changed since headstart wrote it"):
        hs.pack(place / "shapes.bundle", out=out)
    assert out.read_bytes() == before


@pytest.mark.parametrize("out", ["shapes.zip", "shapes.bundle", "shapes.tar"])
def test_no_bundle_is_packed_over_itself_nor_under_another_name(out: str, place: Path) -> None:
    before = (place / "shapes.zip").read_bytes()
    source = place / ("shapes.zip" if out == "shapes.zip" else "shapes.bundle")
    with pytest.raises(ConfigError, match=r"is to be read for it|is a folder|must end in"):
        hs.pack(source, out=place / out)
    assert (place / "shapes.zip").read_bytes() == before


@pytest.mark.parametrize(("name", "packed"), [("a.bundle", "a.zip"), ("partial@features.4", "partial@features.4.zip")])
def test_its_usual_name_is_the_bundles(
    name: str, packed: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(place / "shapes.bundle", tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert hs.pack(name) == Path(packed)
    with pytest.raises(ConfigError, match=r"already exists.*--out"):
        hs.pack(name)


def test_what_is_no_part_of_a_bundle_is_left_out_and_said(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "shapes.bundle", tmp_path / "a.bundle")
    (tmp_path / "a.bundle" / "notes.txt").write_text("mine")
    (tmp_path / "a.bundle" / ".DS_Store").write_text("")
    result = CliRunner().invoke(app, ["pack", str(tmp_path / "a.bundle"), "--out", str(tmp_path / "a.zip")])
    assert result.exit_code == 0, result.output
    assert "Left out, because a bundle has no such file: notes.txt." in result.output
    assert (tmp_path / "a.zip").read_bytes() == (place / "shapes.zip").read_bytes()


def test_what_is_damaged_is_not_packed(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "shapes.bundle", tmp_path / "a.bundle")
    (tmp_path / "a.bundle" / "model.safetensors").write_bytes(b"0")
    with pytest.raises(BundleError, match="damaged"):
        hs.pack(tmp_path / "a.bundle", out=tmp_path / "a.zip")
    assert [file.name for file in tmp_path.iterdir()] == ["a.bundle"]


def test_a_bundle_that_is_replaced_meanwhile_is_not_packed_half_and_half(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, source = packing._store, tmp_path / "a.bundle"
    shutil.copytree(place / "shapes.bundle", source)

    def slowly(files: Any, name: str, archive: zipfile.ZipFile) -> None:
        if name == "model.safetensors":
            (source / name).write_bytes(b"of another bundle")
        store(files, name, archive)

    monkeypatch.setattr(packing, "_store", slowly)
    with pytest.raises(BundleError, match=r"'.*a\.bundle' was changed while it was packed"):
        hs.pack(source, out=tmp_path / "a.zip")
    assert [file.name for file in tmp_path.iterdir()] == ["a.bundle"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_killed_while_it_packs_nothing_stands_under_its_name(place: Path, tmp_path: Path) -> None:
    slowly = (
        "import sys, time, headstart as hs; from headstart.deliver import packing; "
        "store = packing._store; packing._store = lambda *a: (store(*a), print(flush=True), time.sleep(60)); "
        "hs.pack(sys.argv[1], out='a.zip')"
    )
    command = [sys.executable, "-c", slowly, str(place / "shapes.bundle")]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    assert not (tmp_path / "a.zip").exists()


# --- every verb -------------------------------------------------------------------------------------------------------

# What to type and to call for every verb that takes a bundle. A new one is red until it stands here.
TYPED: dict[str, list[str]] = {
    "evaluate": ["evaluate", "{bundle}", "pictures", "--json"],
    "predict": ["predict", "{bundle}", "pictures", "--json", "--engine", "torch"],
    "pack": ["pack", "{bundle}", "--out", "{out}.zip"],
    "export": ["export", "{bundle}", "--out", "{out}.onnx", "--data", "pictures", "--json"],
    "verify": ["verify", "shapes.onnx", "{bundle}", "pictures", "--json"],
}
ENDLESS = {"serve"}  # tried with a zip in tests/deliver/serving
GIVEN_AS = {"source", "folder", "bundle", "bundles"}
CALLED: dict[str, Callable[[Path, Path], object]] = {
    "load": lambda bundle, _: hs.load(bundle).predict_proba(sorted(Path("pictures").rglob("*.png"))).tolist(),
    "evaluate": lambda bundle, _: hs.evaluate(bundle, "pictures").rows,
    "predict": lambda bundle, _: hs.predict(bundle, "pictures").rows,
    "prepare_engine": lambda bundle, _: prepared(bundle),
    "pack": lambda bundle, out: hs.pack(bundle, out=out.with_suffix(".zip")).read_bytes(),
    "export": lambda bundle, out: hs.export(bundle, out.with_suffix(".onnx"), data="pictures"),
    "verify": lambda bundle, _: hs.verify("shapes.onnx", bundle, "pictures"),
}


def prepared(place: Path) -> Any:
    """Export the network, and return what the graph says in a process that has forgotten the network."""
    shutil.rmtree(Path(os.environ["HEADSTART_CACHE"]) / "engines", ignore_errors=True)
    assert hs.prepare_engine(place, "pictures")
    found = hs.load(place)
    assert found.engine.name == "onnx"
    assert found.network is not None, "the network behind the graph is read from the same place"
    return found.predict_proba(sorted(Path("pictures").rglob("*.png"))).tolist()


def typed_verbs() -> Iterator[str]:
    """Yield every command that takes a bundle, or several."""
    for name, function in commands(app):
        for _, _, notes in notes_of(function):
            if READ in notes and any(str(getattr(note, "metavar", "")).startswith("BUNDLE") for note in notes):
                yield name


def called_verbs() -> Iterator[str]:
    """Yield every verb of the library that reads a bundle, by what that parameter is called everywhere."""
    for name in hs.__all__:
        if inspect.isfunction(verb := getattr(hs, name)) and inspect.signature(verb).parameters.keys() & GIVEN_AS:
            yield name


def test_every_verb_that_takes_a_bundle_is_tried() -> None:
    assert set(typed_verbs()) - ENDLESS == TYPED.keys()
    assert set(called_verbs()) - ENDLESS == CALLED.keys()


@pytest.mark.parametrize("verb", TYPED)
def test_every_command_takes_a_zip(verb: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    before = sorted(place.rglob("*"))
    said = []
    for name in ("shapes.bundle", "shapes.zip"):
        typed = [part.format(bundle=name, out=tmp_path / "a") for part in TYPED[verb]]
        result = CliRunner().invoke(app, typed)
        assert result.exit_code == 0, result.output
        said.append(result.stdout)
    assert said[0] == said[1]
    assert sorted(place.rglob("*")) == before, "nothing was unpacked beside it"


@pytest.mark.parametrize("verb", CALLED)
def test_every_function_takes_a_zip(verb: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    call = CALLED[verb]
    assert call(Path("shapes.zip"), tmp_path / "a") == call(Path("shapes.bundle"), tmp_path / "a")


def test_folder_and_zip_share_what_is_in_the_cache(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    assert hs.prepare_engine("shapes.bundle", "pictures")
    assert bundle.tried(Path("shapes.zip"))
    assert bundle.light(Path("shapes.zip")) is not None


def test_reading_a_zip_leaves_no_file_open(place: Path) -> None:
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("the system does not say which files are open")
    before = len(list(descriptors.iterdir()))
    for _ in range(100):
        read_manifest(place / "shapes.zip")
    assert len(list(descriptors.iterdir())) == before
