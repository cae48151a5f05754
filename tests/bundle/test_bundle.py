from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headstart import backbones, bundle
from headstart.backbones.engine import TorchEngine
from headstart.base.errors import BundleError, ConfigError, DataError
from headstart.base.types import Affine, Head, Kernel, Neighbours
from headstart.bundle import Model
from headstart.records.bundle import BundleInfo, BundleStrategy
from headstart.records.metrics import Metrics, MetricsBySplit
from headstart.records.record import changed

SCRATCH = BundleStrategy(strategy="scratch", weights="random", cut="input", head="linear")
CLASSES = ("개미", "مورچه", "bee with spaces")


def heads(width: int) -> dict[str, Head]:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(9, width)).astype(np.float32)
    mean, scale = np.zeros(width, np.float32), np.ones(width, np.float32)
    return {
        "affine": Affine(weight=numbers[:3], bias=np.zeros(3, np.float32), temperature=1.3),
        "kernel": Kernel(
            support=numbers, coefficients=numbers[:, :3], bias=np.zeros(3, np.float32), mean=mean, scale=scale,
            gamma=0.01, temperature=0.7,
        ),
        "neighbours": Neighbours(
            examples=numbers, labels=np.arange(9) % 3, mean=mean, scale=scale, k=3, classes=3, temperature=2.0
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Model:
    backbone = backbones.load("convnet64", random=True, seed=0)
    return Model(
        engine=TorchEngine(backbone.network.eval(), backbone.preprocessing.input_size),
        head=heads(backbone.features)["affine"],
        preprocessing=backbone.preprocessing,
        classes=CLASSES,
        info=BundleInfo(architecture="convnet64", strategy=SCRATCH),
    )


@pytest.mark.parametrize("kind", ["affine", "kernel", "neighbours"])
def test_a_kept_model_answers_bit_for_bit(model: Model, kind: str, picture_folder: Path, tmp_path: Path) -> None:
    model = replace(model, head=heads(model.head.weight.shape[1])[kind])
    pictures = sorted(picture_folder.rglob("*.png"))
    model.save(tmp_path / "kept.bundle")
    again = bundle.load(tmp_path / "kept.bundle")
    assert np.array_equal(again.predict_proba(pictures), model.predict_proba(pictures))
    assert again.classes == CLASSES
    assert sorted(path.name for path in (tmp_path / "kept.bundle").iterdir()) == [
        "README.md",
        "bundle.json",
        "model.safetensors",
    ]


@pytest.mark.parametrize("decided", [True, False])
def test_whether_its_network_is_folded_is_decided_once(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decided: bool
) -> None:
    """A network at the edge of agreement would else be folded today and not tomorrow, and round otherwise."""
    edge = "headstart.backbones.folding.AGREE"
    monkeypatch.setattr(edge, 1.0 if decided else -1.0)
    again = replace(model, engine=TorchEngine(model.network, 64))  # asked anew
    assert (again.answering is not again.network) is decided
    again.save(tmp_path / "a.bundle")
    monkeypatch.setattr(edge, -1.0 if decided else 1.0)
    more = again.told(info=changed(again.info, pictures=7))
    assert (more.answering, more.info.pictures) == (again.answering, 7)
    more.save(tmp_path / "b.bundle")
    for name in ("a.bundle", "b.bundle"):
        loaded = bundle.load(tmp_path / name)
        assert (loaded.answering is not loaded.network) is decided


def test_alone_in_a_batch_or_in_another_order_the_answer_is_the_same(model: Model, picture_folder: Path) -> None:
    pictures = sorted(picture_folder.rglob("*.png"))
    together = model.predict_proba(pictures)
    backwards = model.predict_proba(pictures[::-1])[::-1]
    alone = np.concatenate([model.predict_proba([picture]) for picture in pictures])
    assert np.abs(together - alone).max() < 1e-5
    assert np.abs(together - backwards).max() < 1e-5
    assert together.shape == (len(pictures), 3)
    assert together.sum(axis=1) == pytest.approx(1)


def test_arrays_and_files_give_the_same(model: Model, picture_folder: Path) -> None:
    from PIL import Image

    file = next(picture_folder.rglob("*.png"))
    array = np.asarray(Image.open(file).convert("RGB"))
    assert np.array_equal(model.predict_proba([file]), model.predict_proba([array]))


def test_an_unreadable_picture_is_named(model: Model, tmp_path: Path, picture_folder: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    good = next(picture_folder.rglob("*.png"))
    with pytest.raises(DataError, match=r"broken\.jpg"):
        model.predict([good, broken])
    answers, faulty = model.answer([broken, good])
    assert list(faulty) == [0]
    assert len(answers) == 1


def test_no_pictures_no_answers(model: Model) -> None:
    assert model.predict_proba([]).shape == (0, 3)


def test_replacing_a_bundle_leaves_no_litter(model: Model, tmp_path: Path) -> None:
    for _ in range(2):
        model.save(tmp_path / "a.bundle")
    assert [path.name for path in tmp_path.iterdir()] == ["a.bundle"]


def test_interrupted_between_the_two_renames_the_old_bundle_stands_again(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.save(tmp_path / "a.bundle")
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if self.suffix == ".part":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.save(tmp_path / "a.bundle")
    assert [path.name for path in tmp_path.iterdir()] == ["a.bundle"]
    assert bundle.load(tmp_path / "a.bundle").classes == model.classes


def test_killed_between_the_two_renames_the_old_bundle_is_found(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "a.bundle").rename(tmp_path / ".a.bundle.0123abcd.old")
    with pytest.raises(BundleError, match="does not exist"):  # replaced long ago, and then deleted by its owner
        bundle.load(tmp_path / "a.bundle")
    (tmp_path / ".a.bundle.89abcdef.part").mkdir()
    assert bundle.load(tmp_path / "a.bundle").classes == model.classes
    model.save(tmp_path / "a.bundle")
    assert [path.name for path in tmp_path.iterdir()] == ["a.bundle"]


def test_a_neighbour_that_is_being_written_is_left_alone(model: Model, tmp_path: Path) -> None:
    theirs = tmp_path / ".a.bundle.v2.0123abcd.part"
    theirs.mkdir()
    model.save(tmp_path / "a.bundle")
    assert theirs.is_dir()


def test_a_card_that_somebody_wrote_on_is_not_replaced(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "a.bundle")
    model.save(tmp_path / "a.bundle")
    card = tmp_path / "a.bundle" / "README.md"
    card.write_text(card.read_text(encoding="utf-8") + "Camera 3, north side.\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"README\.md' was changed since"):
        model.save(tmp_path / "a.bundle")
    assert card.read_text(encoding="utf-8").endswith("north side.\n")


def test_a_foreign_folder_is_not_touched(model: Model, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match=r"not a bundle: it holds 'thesis\.txt'"):
        model.save(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def spoil_tensors(folder: Path) -> None:
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-3] ^= 8
    (folder / "model.safetensors").write_bytes(bytes(content))


def edit(folder: Path, change: Callable[[dict], None]) -> None:
    info = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    change(info)
    (folder / "bundle.json").write_text(json.dumps(info), encoding="utf-8")


def spoil_format(folder: Path) -> None:
    edit(folder, lambda info: info.update(format=99))


def drop_head(folder: Path) -> None:
    edit(folder, lambda info: info.pop("head"))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (spoil_tensors, "damaged"),
        (spoil_format, "format 99"),
        (drop_head, "head"),
        (lambda folder: edit(folder, lambda info: info["info"].pop("architecture")), "architecture"),
        (lambda folder: edit(folder, lambda info: info["preprocessing"].update(input_size="wide")), "input_size"),
        (lambda folder: edit(folder, lambda info: info.update(colour="red")), "colour"),
        (lambda folder: edit(folder, lambda info: info["head"].update(kind="forest")), "kind 'forest'"),
        (lambda folder: edit(folder, lambda info: info["head"]["numbers"].pop("temperature")), r"head\.temperature"),
        (lambda folder: edit(folder, lambda info: info["head"]["numbers"].update(depth=3)), r"head\.depth"),
        (lambda folder: edit(folder, lambda info: info["info"].update(architecture="convnet4")), "do not fit"),
        (lambda folder: edit(folder, lambda info: info["info"].update(read=["blocks.9"])), r"blocks\.9"),
        (lambda folder: edit(folder, lambda info: info.update(format=0)), "format"),
        (lambda folder: (folder / "bundle.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "bundle.json").unlink(), "not a bundle"),
        (lambda folder: (folder / "model.safetensors").unlink(), "damaged"),
    ],
)
def test_damage_is_found(model: Model, tmp_path: Path, spoil, says: str) -> None:
    model.save(tmp_path / "a.bundle")
    spoil(tmp_path / "a.bundle")
    with pytest.raises(BundleError, match=says):
        bundle.load(tmp_path / "a.bundle")


def test_the_card_says_what_a_person_needs(model: Model, tmp_path: Path) -> None:
    share = {"macro_f1": 0.9, "macro_f1_interval": (0.6, 0.98), "interval_kind": "wilson", "unit": "picture"}
    balanced = {"balanced_accuracy": 0.9, "balanced_accuracy_interval": (0.6, 0.98)}
    recalls = {"per_class_recall": (0.9,) * 3, "per_class_recall_intervals": (None,) * 3}
    metrics = Metrics(n=10, accuracy=0.9, loss=0.3, interval=(0.6, 0.98), **share, **balanced, **recalls)
    measured = MetricsBySplit(val=metrics)
    model.told(info=changed(model.info, measured=measured)).save(tmp_path / "a")
    card = (tmp_path / "a" / "README.md").read_text(encoding="utf-8")
    assert all(name in card for name in CLASSES)
    assert "val: accuracy 0.900 on 10 pictures (95 % interval 0.600 to 0.980), log loss 0.300." in card
    assert "the network started from random weights, and all of it was trained. Its head is linear." in card
    assert "headstart predict" in card


def test_one_picture_alone_will_do(model: Model, picture_folder: Path) -> None:
    file = next(picture_folder.rglob("*.png"))
    assert model.predict(str(file)) == model.predict([file])
    assert np.array_equal(model.predict_proba(file), model.predict_proba([file]))
    with pytest.raises(DataError, match="is a folder"):
        model.predict(picture_folder)


def test_a_model_says_in_one_line_what_it_is(model: Model) -> None:
    assert repr(model) == "<Model scratch on convnet64, 3 classes>"


def test_a_misspelt_bundle_has_its_neighbours_named(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "a.run" / "bundles" / "linear")
    with pytest.raises(BundleError, match=r"does not exist.* Did you mean '.*/bundles/linear'"):
        bundle.load(tmp_path / "a.run" / "bundles" / "lineer")
    with pytest.raises(BundleError, match="bundles/linear"):
        bundle.load(tmp_path / "a.run")


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "convnet64"])
def test_a_pickled_classifier_comes_back_through_the_door_of_its_libraries(name: str, tmp_path: Path) -> None:
    """As scikit-learn's worker processes do it; else timm would import the compiler, and W&B as W&B likes."""
    backbone = backbones.load(name, random=True, image_size=64)
    for engine in (TorchEngine(backbone.network.eval(), 64), backbone.held):
        model = Model(
            engine=engine,
            head=heads(backbone.features)["affine"],
            preprocessing=backbone.preprocessing,
            classes=CLASSES,
            info=BundleInfo(architecture=name),
        )
        (tmp_path / "kept").write_bytes(pickle.dumps(model))
        code = (
            "import pickle, sys; from pathlib import Path; "
            "model = pickle.loads(Path(sys.argv[1]).read_bytes()); "
            "assert len(model.classes) == 3; "
            "sys.exit('headstart.backbones.libraries' not in sys.modules or 'torch._inductor' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", code, str(tmp_path / "kept")], check=False).returncode == 0


def test_a_copy_has_a_network_of_its_own_and_decides_nothing_anew(
    model: Model, picture_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = sorted(picture_folder.rglob("*.png"))[:4]
    before = model.predict_proba(pictures)
    monkeypatch.setattr("headstart.backbones.folding.AGREE", -1.0)  # folded today, and not if it were asked now
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert again.network is not model.network
        assert np.array_equal(again.predict_proba(pictures), before)
        assert again.info == model.info


def test_a_network_that_is_made_later_answers_and_is_kept_as_one_that_was_made(
    picture_folder: Path, tmp_path: Path
) -> None:
    pictures = sorted(picture_folder.rglob("*.png"))[:4]
    backbone = backbones.load("convnet64", random=True, seed=0)
    common = {
        "head": heads(backbone.features)["affine"], "preprocessing": backbone.preprocessing, "classes": CLASSES,
        "info": BundleInfo(architecture="convnet64"),
    }  # fmt: skip
    made = Model(engine=TorchEngine(backbone.network, 64), **common)
    later = Model(engine=backbone.held, **common)
    assert np.array_equal(later.predict_proba(pictures), made.predict_proba(pictures))
    again = bundle.load(later.save(tmp_path / "later.bundle"))
    assert again.info.folded is None, "nothing was decided"
    assert np.array_equal(again.predict_proba(pictures), made.predict_proba(pictures))
    assert (made.engine.name, later.engine.name) == ("torch", "torch")
