"""The key of a kept training holds all that its result hangs on, and nothing that it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from headstart.experiment import training_cache as trainings
from headstart.experiment.ground import Choices
from headstart.experiment.request import Request
from headstart.records.preprocessing import Preprocessing
from headstart.strategies.strategy import STRATEGIES
from headstart.table import Table

TABLE = Table(
    root=SimpleNamespace(name="x"),  # type: ignore[arg-type]
    paths=tuple("abcdef"),
    labels=np.array([0, 0, 0, 1, 1, 1]),
    classes=("ant", "bee"),
    splits=np.array(["train", "train", "val"] * 2),
    groups=np.full(6, "", dtype="<U1"),
    digests=tuple("123456"),
)
CHOICES = Choices(Preprocessing(input_size=224), "photo")
ENVIRONMENT = {"python": "3.11", "torch": "2", "cpu": "one", "threads": 2, "cores": 2, "device": "cpu"}


class Facts:
    """What a training hangs on, each of which a test may change."""

    def __init__(self) -> None:
        self.strategy = STRATEGIES["partial"]
        self.request = Request(strategies=("partial",))
        self.table, self.choices = TABLE, CHOICES
        self.engine, self.limit, self.weights = "onnx", 10**9, "ab" * 32
        self.environment = dict(ENVIRONMENT)
        self.onnxruntime, self.headstart, self.sources, self.capability = "1.22", "0.1.0", "s", "AVX2"

    def key(self, patch: pytest.MonkeyPatch) -> str:
        patch.setattr(trainings, "environment", lambda device: {**self.environment, "device": device})
        patch.setattr(trainings, "version", lambda name: self.onnxruntime)
        patch.setattr(trainings.headstart, "__version__", self.headstart)
        patch.setattr(trainings, "_sources", lambda: self.sources)
        patch.setattr(trainings, "check_cut", lambda request, backbone, cut: cut or request.cut or request.unfreeze)
        patch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: self.capability)
        backbone = None if self.weights is None else SimpleNamespace(describe=lambda: {"sha256": self.weights})
        ground: Any = SimpleNamespace(
            table=self.table,
            request=self.request,
            engine=self.engine,
            activation_limit=self.limit,
            backbone=backbone,
            need_backbone=lambda: backbone,
            device=self.environment["device"],
        )
        return trainings.training_of(ground, self.choices, self.strategy).key


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> Facts:
    for name in ("MKL_CBWR", "OPENBLAS_CORETYPE", "ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA"):
        monkeypatch.delenv(name, raising=False)
    return Facts()


def asked(**options: Any) -> Callable[[Facts], None]:
    return lambda facts: setattr(facts, "request", replace(facts.request, **options))


def of_table(**fields: Any) -> Callable[[Facts], None]:
    return lambda facts: setattr(facts, "table", replace(facts.table, **fields))


def put(**values: Any) -> Callable[[Facts], None]:
    return lambda facts: vars(facts).update(values)


def machine(**values: Any) -> Callable[[Facts], None]:
    return lambda facts: facts.environment.update(values)


MATTERS = {
    "strategy": put(strategy=STRATEGIES["full"]),
    "seed": asked(seed=1),
    "epochs": asked(epochs=3),
    "epochs of one": asked(epochs={"partial": 3}),
    "cut": asked(cut="blocks.3"),
    "head": asked(head="pool-bn"),
    "views": asked(views=2),
    "select": asked(select="val"),
    "readout": asked(readout="pool"),
    "interval": asked(interval="clopper-pearson"),
    "a setting": asked(training={"batch_size": 7}),
    "a rate that happens to be the default": asked(training={"head_rate": 1e-3}),
    "a label": of_table(labels=np.array([0, 0, 1, 1, 1, 1])),
    "a class's name": of_table(classes=("ant", "wasp")),
    "a picture": of_table(digests=tuple("923456")),
    "a path": of_table(paths=tuple("Abcdef")),
    "the split": of_table(splits=np.array(["train", "val", "train"] * 2)),
    "a group": of_table(groups=np.array(["g", "g", "", "", "", ""])),
    "framing": put(choices=Choices(replace(CHOICES.preprocessing, framing="squash"), "photo")),
    "size": put(choices=Choices(replace(CHOICES.preprocessing, input_size=192), "photo")),
    "augmentation": put(choices=Choices(CHOICES.preprocessing, "none")),
    "engine": put(engine="torch"),
    "the engine's version": put(onnxruntime="1.23"),
    "room for activations": put(limit=10),
    "weights": put(weights="cd" * 32),
    "threads": machine(threads=1),
    "processor": machine(cpu="two"),
    "torch": machine(torch="3"),
    "headstart": put(headstart="0.2.0"),
    "its code": put(sources="t"),
    "instructions": put(capability="AVX512"),
}
DOES_NOT = {
    "offline": asked(offline=True),
    "other strategies": asked(strategies=("partial", "full")),
    "folds": asked(folds=5, seeds=2),
    "where the pictures lie": of_table(root=SimpleNamespace(name="y")),
    "how it was chosen": put(choices=replace(CHOICES, notes={"framing": 0.3})),
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
    facts.strategy = STRATEGIES["full"]
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
