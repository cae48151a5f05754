"""The key of a kept training holds all that its result hangs on, and nothing that it does not; and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from builders import CHOICES as DRAWN
from builders import STAGES, prepared_of, run_of, table_of

from headstart.base.errors import StoreError
from headstart.experiment import training_cache as trainings
from headstart.experiment.cuts import named
from headstart.experiment.folder import RunFolder
from headstart.experiment.request import Request
from headstart.experiment.training_cache import CachedTraining, TrainingFacts, training_of
from headstart.records.environment import Environment
from headstart.records.preprocessing import Preprocessing
from headstart.records.record import changed
from headstart.strategies.passes import fake_backbone
from headstart.strategies.resolved import Choices

TABLE = table_of("train val", each=4)
CHOICES = Choices(Preprocessing(input_size=224), "photo", DRAWN.losses)
ENVIRONMENT = Environment(
    python="3.11", platform="linux", versions={"torch": "2"}, cpu="one", threads=2, cores=2, device="cpu"
)


class Facts:
    """What a training hangs on, each of which a test may change."""

    def __init__(self) -> None:
        self.strategy = "partial"
        self.request = Request(strategies=("partial",), cut="late")
        self.table, self.choices = TABLE, CHOICES
        self.engine, self.limit, self.weights = "onnx", 10**9, "ab" * 32
        self.environment = ENVIRONMENT
        self.onnxruntime, self.headstart, self.sources, self.capability = "1.22", "0.1.0", "s", "AVX2"

    def training(self, patch: pytest.MonkeyPatch) -> CachedTraining:
        patch.setattr(trainings, "environment", lambda device: changed(self.environment, device=device))
        patch.setattr(trainings, "version", lambda name: self.onnxruntime)
        patch.setattr(trainings.own, "__version__", self.headstart)
        patch.setattr(trainings, "_sources", lambda: self.sources)
        patch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: self.capability)
        backbone = replace(fake_backbone(12, stages=STAGES), sha256=self.weights)
        prepared = prepared_of(self.table, request=self.request, backbone=backbone)
        resolved = replace(
            prepared.resolved,
            engine=self.engine,  # type: ignore[arg-type]
            activation_limit=self.limit,
            device=self.environment.device,
        )
        prepared = replace(prepared, context=replace(prepared.context, resolved=resolved))
        return training_of(prepared, self.choices, named(self.strategy, self.request, backbone))

    def key(self, patch: pytest.MonkeyPatch) -> str:
        return self.training(patch).key


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> Facts:
    for name in ("MKL_CBWR", "OPENBLAS_CORETYPE", "ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA"):
        monkeypatch.delenv(name, raising=False)
    return Facts()


def asked(**options: Any) -> Callable[[Facts], None]:
    return lambda facts: setattr(facts, "request", changed(facts.request, **options))


def of_table(**fields: Any) -> Callable[[Facts], None]:
    return lambda facts: setattr(facts, "table", replace(facts.table, **fields))


def put(**values: Any) -> Callable[[Facts], None]:
    return lambda facts: vars(facts).update(values)


def machine(**values: Any) -> Callable[[Facts], None]:
    return lambda facts: setattr(facts, "environment", changed(facts.environment, **values))


def other(column: Any, row: int, value: Any) -> Any:
    """Return a column with another value in one row."""
    found = list(column)
    found[row] = value
    return tuple(found)


MATTERS = {
    "strategy": put(strategy="full"),
    "seed": asked(seed=1),
    "epochs": asked(epochs=3),
    "epochs of one": asked(epochs={"partial": 3}),
    "cut": asked(cut="middle"),
    "head": asked(head="pool-bn"),
    "views": asked(views=2),
    "select": asked(select="val"),
    "readout": asked(readout="pool"),
    "interval": asked(interval="clopper-pearson"),
    "a setting": asked(training={"batch_size": 7}),
    "a rate that happens to be the default": asked(training={"head_rate": 1e-3}),
    "a label": of_table(labels=np.array(other(TABLE.labels, 0, 1))),
    "a class's name": of_table(classes=("a", "wasp")),
    "a picture": of_table(digests=other(TABLE.digests, 0, "9")),
    "a path": of_table(paths=other(TABLE.paths, 0, "0000.jpg")),
    "the split": of_table(splits=TABLE.splits[::-1]),
    "a group": of_table(groups=np.array(other(TABLE.groups, 0, "g"))),
    "framing": put(choices=replace(CHOICES, preprocessing=changed(CHOICES.preprocessing, framing="squash"))),
    "size": put(choices=replace(CHOICES, preprocessing=changed(CHOICES.preprocessing, input_size=192))),
    "augmentation": put(choices=replace(CHOICES, augment="none")),
    "engine": put(engine="torch"),
    "the engine's version": put(onnxruntime="1.23"),
    "room for activations": put(limit=10),
    "weights": put(weights="cd" * 32),
    "threads": machine(threads=1),
    "processor": machine(cpu="two"),
    "torch": machine(versions={"torch": "3"}),
    "headstart": put(headstart="0.2.0"),
    "its code": put(sources="t"),
    "instructions": put(capability="AVX512"),
}
DOES_NOT = {
    "offline": asked(offline=True),
    "other strategies": asked(strategies=("partial", "full")),
    "folds": asked(folds=5, seeds=2),
    "where the pictures lie": of_table(root=Path("elsewhere/drawn")),
    "how it was chosen": put(choices=replace(CHOICES, losses=changed(CHOICES.losses, framing={"crop": 0.3}))),
}


@pytest.mark.parametrize("name", MATTERS)
def test_what_the_result_hangs_on_is_in_the_key(facts: Facts, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = facts.key(monkeypatch)
    MATTERS[name](facts)
    assert facts.key(monkeypatch) != before


@pytest.mark.parametrize("name", DOES_NOT)
def test_what_it_does_not_hang_on_is_not(facts: Facts, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = facts.key(monkeypatch)
    DOES_NOT[name](facts)
    assert facts.key(monkeypatch) == before


def test_what_steers_the_libraries_is_in_the_key(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [facts.key(monkeypatch)]
    for name in ("MKL_CBWR", "OPENBLAS_CORETYPE", "ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
        keys.append(facts.key(monkeypatch))
    assert len(set(keys)) == len(keys)
    monkeypatch.setenv("EDITOR", "1")
    assert facts.key(monkeypatch) == keys[-1]


def test_only_stored_activations_hang_on_the_room_for_them(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    facts.strategy = "full"
    before = facts.key(monkeypatch)
    facts.limit = 10
    assert facts.key(monkeypatch) == before


def test_only_the_graph_hangs_on_its_engine(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    facts.engine = "torch"
    before = facts.key(monkeypatch)
    facts.onnxruntime = "9"
    assert facts.key(monkeypatch) == before


def test_a_network_of_ones_own_needs_no_weights(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    with_weights = facts.key(monkeypatch)
    facts.weights = None
    assert facts.key(monkeypatch) != with_weights


def test_the_cut_says_which_training_it_is_and_not_its_name(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = facts.training(monkeypatch)
    facts.strategy = "partial@late"
    assert facts.training(monkeypatch).key == usual.key
    facts.strategy = "partial@middle"
    found = facts.training(monkeypatch)
    assert found.key != usual.key
    assert (found.facts.strategy, found.facts.cut) == ("partial", "middle")
    assert (found.facts.data, found.facts.pictures) == ("drawn", 16)


@pytest.fixture
def kept(tmp_path: Path) -> tuple[CachedTraining, RunFolder]:
    """Return a training that was kept from one run folder, and another run folder."""
    first, second = RunFolder(tmp_path / "first.run"), RunFolder(tmp_path / "second.run")
    name = "partial"
    for folder in (first, second):
        folder.path.mkdir()
    first.bundle(name).mkdir(parents=True)
    first.predictions(name).path.parent.mkdir()
    first.predictions(name).path.write_bytes(b"answers")
    training = CachedTraining("cd" * 32, TrainingFacts(strategy=name, cut="late", data="drawn", pictures=16))
    first.bundle(name).joinpath("bundle.json").write_text("{}")
    training.keep(first, run_of(name, 3, 4), said_nothing)
    return training, second


def said_nothing(text: str) -> None:
    raise AssertionError(text)


@pytest.fixture
def any_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bundles are copied as they are: what makes one is another test's."""
    monkeypatch.setattr(trainings, "read_folder", lambda folder: folder)
    monkeypatch.setattr(trainings, "write_folder", lambda content, folder: folder.mkdir(parents=True))


def test_what_was_kept_comes_back_under_the_name_that_it_is_asked_by(
    kept: tuple[CachedTraining, RunFolder], any_bundle: None
) -> None:
    training, folder = kept
    assert training.stands()
    record = training.restore(folder, "partial@late")
    assert record is not None
    assert (record.id, record.bundle) == ("partial@late", "bundles/partial@late")
    assert record.predictions == "predictions/partial@late.parquet"
    assert (record.seconds.earlier, record.strategy) == (True, "partial")
    assert folder.predictions("partial@late").path.read_bytes() == b"answers"
    assert folder.bundle("partial@late").is_dir()


@pytest.mark.parametrize("file", ["predictions.parquet", "record.json", "bundle/bundle.json", "manifest.json"])
def test_what_is_damaged_is_not_taken(kept: tuple[CachedTraining, RunFolder], file: str) -> None:
    training, folder = kept
    (training.place / file).write_bytes(b"damaged")
    assert not training.stands()
    assert training.restore(folder, "partial") is None
    (training.place / file).unlink()
    assert not training.stands()


def test_another_key_in_the_same_place_is_not_it(kept: tuple[CachedTraining, RunFolder]) -> None:
    training, _ = kept
    assert not replace(training, key=training.key[:32] + "0" * 32).stands()


def test_where_the_run_folder_cannot_be_written_that_is_said(
    kept: tuple[CachedTraining, RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("The disk is full.", hint="Make room.")

    training, folder = kept
    monkeypatch.setattr(trainings, "read_folder", lambda folder: folder)
    monkeypatch.setattr(trainings, "write_folder", full)
    with pytest.raises(StoreError, match="disk is full"):
        training.restore(folder, "partial")


def test_a_cache_that_cannot_be_written_costs_a_sentence(tmp_path: Path) -> None:
    said: list[str] = []
    training = CachedTraining("ef" * 32, TrainingFacts(strategy="full", cut=None, data="drawn", pictures=16))
    training.place.parent.parent.mkdir(parents=True, exist_ok=True)
    training.place.parent.write_text("a file in the place of the folder")
    folder = RunFolder(tmp_path / "x.run")
    folder.bundle("full").mkdir(parents=True)
    training.keep(folder, run_of("full", 3, 4), said.append)
    assert len(said) == 1
    assert said[0].startswith("full: the training could not be kept for other run folders")
