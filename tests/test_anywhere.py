"""A classifier that was moved, renamed, made read-only, given to others: its answers are the same as ever."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from base.test_outputs import state
from drawing import draw_classes
from numpy.typing import NDArray

import headstart as hs
from headstart import backbones, bundle
from headstart.api import prepare_engine
from headstart.backbones.engine import TorchEngine
from headstart.base.errors import StoreError
from headstart.base.files import cache_folder, cache_writable
from headstart.base.types import Affine
from headstart.bundle import Model
from headstart.records.bundle import BundleInfo

FORMS = ("shapes.bundle", "shapes.zip")
EXPORTED = "shapes.onnx"
AGREE = 1e-5  # between the network and its graph
FROM_FILE = 0.01  # between the bundle and an exported file, which frames the picture itself
Answers = NDArray[np.float64]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a classifier in both forms, and pictures."""
    folder = tmp_path_factory.mktemp("made")
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
    hs.export(folder / "shapes.bundle", folder / EXPORTED, data=folder / "pictures")
    return folder


@pytest.fixture(scope="module")
def usual(made: Path) -> Answers:
    """What the network answers where it was made."""
    return answers(made / "shapes.bundle", made / "pictures")


@pytest.fixture(scope="module")
def exported(made: Path) -> Path:
    """A cache with the graph of its network."""
    with pytest.MonkeyPatch.context() as context:
        context.setenv("HEADSTART_CACHE", str(made / "cache"))
        assert prepare_engine(made / "shapes.bundle", made / "pictures")
    return (made / "cache").rename(made.with_name(f"{made.name}.cache"))


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of that folder."""
    shutil.copytree(made, tmp_path / "here")
    yield tmp_path / "here"
    for path in tmp_path.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)


@pytest.fixture
def graph(made: Path, exported: Path) -> None:
    """The graph of its network, in the cache of this test."""
    shutil.copytree(exported, cache_folder(), dirs_exist_ok=True)


def answers(classifier: Path, pictures: Path, **options: str) -> Answers:
    return np.array([list(row.probabilities.values()) for row in hs.predict(classifier, pictures, **options).rows])


# --- in this process --------------------------------------------------------------------------------------------------


def moved(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Blanks, letters of other scripts, signs that shells and addresses know."""
    return place.rename(place.parent / "Vögel & 개미 (2) #1 %20 'x'")


def linked(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (place.parent / "link").symlink_to(place)
    return place.parent / "link"


def relative(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(place / "pictures")
    return Path("..")


def read_only(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in (*place.rglob("*"), place):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return place


def without_home(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Such as the user of a container whose number has no name."""

    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("HEADSTART_CACHE", "HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    return place


def without_cache(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEADSTART_CACHE", str(place / "shapes.zip" / "cache"))
    return place


def read_only_cache(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in Path(os.environ["HEADSTART_CACHE"]).rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return place


CIRCUMSTANCES: tuple[Callable[[Path, pytest.MonkeyPatch], Path], ...] = (
    moved,
    linked,
    relative,
    read_only,
    without_home,
    without_cache,
    read_only_cache,
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("circumstance", CIRCUMSTANCES)
def test_it_answers_the_same(
    circumstance: Callable[[Path, pytest.MonkeyPatch], Path],
    form: str,
    graph: None,
    place: Path,
    usual: Answers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = state(place)
    there = circumstance(place, monkeypatch)
    found = answers(there / form, there / "pictures")
    np.testing.assert_allclose(found, usual, rtol=0, atol=AGREE)
    assert np.array_equal(answers(there / form, there / "pictures", engine="torch"), usual)
    if circumstance is not moved:
        assert state(place) == before, "nothing was written beside it"


@pytest.mark.parametrize("circumstance", CIRCUMSTANCES)
def test_an_exported_file_answers_the_same(
    circumstance: Callable[[Path, pytest.MonkeyPatch], Path],
    made: Path,
    place: Path,
    usual: Answers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = answers(made / EXPORTED, made / "pictures")
    np.testing.assert_allclose(first, usual, rtol=0, atol=FROM_FILE)
    there = circumstance(place, monkeypatch)
    assert np.array_equal(answers(there / EXPORTED, there / "pictures"), first)


def test_the_graph_is_used_wherever_the_bundle_lies(graph: None, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The graph belongs to what the bundle holds, not to where it is."""
    there = moved(place, monkeypatch)
    assert all(bundle.light(there / form) is not None for form in FORMS)


def test_without_a_home_it_is_said_where_the_cache_goes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_home(place, monkeypatch)
    assert not cache_writable()
    assert not prepare_engine(place / "shapes.bundle", place / "pictures")
    with pytest.raises(StoreError, match=r"no home folder.*HEADSTART_CACHE"):
        cache_folder()


def test_a_grid_is_drawn_without_a_home(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_home(place, monkeypatch)
    for _ in range(2):
        hs.predict(place / "shapes.zip", place / "pictures", grid=place.parent / "grid.png")
    assert (place.parent / "grid.png").is_file()


# --- in another -------------------------------------------------------------------------------------------------------

WITHOUT_TORCH = """
import importlib.metadata as metadata, sys
gone = ("torch", "torchvision", "timm", "safetensors.torch")
class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(gone):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Nowhere())
version = metadata.version
def installed(name):
    if name in gone:
        raise metadata.PackageNotFoundError(name)
    return version(name)
metadata.version = installed
from headstart.cli import main
main()
"""

# Python itself and its packages may lie where only their owner may look: so all is imported before.
AS_ANOTHER = """
import json, os, sys, headstart as hs
forms, pictures = sys.argv[1:-1], sys.argv[-1]
for form in forms:
    hs.predict(form, pictures)
for name in ("HOME", "XDG_CACHE_HOME", "HEADSTART_CACHE"):
    os.environ.pop(name, None)
os.setgroups([])
os.setresgid(54321, 54321, 54321)
os.setresuid(54321, 54321, 54321)
try:
    open("mine", "w")
except PermissionError:
    print(json.dumps([[list(row.probabilities.values()) for row in hs.predict(form, pictures).rows] for form in forms]))
"""


def ran(program: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


@pytest.mark.parametrize("form", FORMS)
def test_it_answers_without_torch(form: str, graph: None, place: Path, usual: Answers) -> None:
    done = ran(WITHOUT_TORCH, "predict", form, "pictures", "--json", "--grid", "../grid.png", folder=place)
    assert done.returncode == 0, done.stderr
    found = [list(row["probabilities"].values()) for row in json.loads(done.stdout)["rows"]]
    np.testing.assert_allclose(found, usual, rtol=0, atol=AGREE)


def test_an_exported_file_answers_without_torch_and_without_a_cache(place: Path, usual: Answers) -> None:
    done = ran(WITHOUT_TORCH, "predict", EXPORTED, "pictures", "--json", folder=place)
    assert done.returncode == 0, done.stderr
    found = [list(row["probabilities"].values()) for row in json.loads(done.stdout)["rows"]]
    np.testing.assert_allclose(found, usual, rtol=0, atol=FROM_FILE)


def test_where_only_torch_could_answer_it_says_so(place: Path) -> None:
    done = ran(WITHOUT_TORCH, "predict", "shapes.zip", "pictures", folder=place)
    assert done.returncode == 7
    assert "The network of 'shapes.zip' needs the package torch, which is not installed." in done.stderr
    assert "pip install torch" in done.stderr
    assert ".onnx" in done.stderr


def test_it_answers_another_user(place: Path, usual: Answers) -> None:
    """One who has no name, no home, no cache, and owns nothing of it."""
    if getattr(os, "getuid", lambda: 1)() != 0:
        pytest.skip("only root may become another user")
    for path in (place, *place.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    done = ran(AS_ANOTHER, *FORMS, EXPORTED, "pictures", folder=place)
    assert done.returncode == 0, done.stderr
    for form, found in zip((*FORMS, EXPORTED), json.loads(done.stdout), strict=True):
        np.testing.assert_allclose(found, usual, rtol=0, atol=FROM_FILE if form == EXPORTED else AGREE)
