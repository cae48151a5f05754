"""A classifier as one ONNX file: it answers as the bundle does, or it is not written."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from deliver_models import CLASSES, scene, scenes, small_model
from PIL import Image

import headstart as hs
from headstart.base.errors import BundleError, ConfigError, DataError, EngineError
from headstart.base.types import Affine, Head
from headstart.bundle import Model
from headstart.deliver.onnx import graph as graphs
from headstart.deliver.onnx.classifier import Exported, open_exported, opened
from headstart.deliver.onnx.heads import probabilities_of
from headstart.deliver.onnx.parity import prove
from headstart.deliver.onnx.seal import sealed
from headstart.deliver.onnx.sketch import Sketch
from headstart.pixels.given import given_pictures
from headstart.records.exported import Parity
from headstart.records.progress import Silent
from headstart.records.record import changed

KINDS = ("affine", "kernel", "neighbours")


def exported_of(model: Model, form: Any = "picture") -> Exported:
    return opened(content_of(model, form), "made.onnx")


def content_of(model: Model, form: Any = "picture") -> bytes:
    made = graphs.built(model, graphs.traced(model), graphs.facts_of(model, "0" * 64, form))
    return sealed(bytes(made.SerializeToString()))


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture(scope="module")
def exported(model: Model) -> Exported:
    return exported_of(model)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder with a folder for each class: JPEG and PNG, turned, grey, with a hole, large and tiny."""
    folder = tmp_path / "photos"
    rng = np.random.default_rng(5)
    for place, size in enumerate([(90, 130), (130, 90), (30, 20), (900, 1200), (64, 64), (70, 200)] * 2):
        image = Image.fromarray(scene(size, rng))
        place_of = folder / ["train", "test"][place % 2] / CLASSES[place % 3].replace("=", "")
        place_of.mkdir(parents=True, exist_ok=True)
        if place % 3 == 0:
            exif = Image.Exif()
            exif[274] = 6
            image.save(place_of / f"{place}.jpg", exif=exif, quality=95)
        elif place % 3 == 1:
            image.convert("L").save(place_of / f"{place}.png")
        else:
            image.putalpha(Image.fromarray(scene(size, rng)[..., 0]))
            image.save(place_of / f"{place}.png")
    return folder


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["picture", "squares"])
def test_it_answers_as_the_classifier_does(kind: str, form: str) -> None:
    model = small_model(kind)
    pictures = [*scenes(8), *model.squares(scenes(8))]  # the network has learned from the latter
    wanted, _ = model.examine(pictures)
    found, _ = exported_of(model, form).examine(pictures)
    np.testing.assert_allclose(found.probabilities, wanted.probabilities, atol=2e-3 if form == "picture" else 1e-6)
    assert wanted.sets() is not None
    assert np.array_equal(found.sets(), wanted.sets())
    assert np.array_equal(found.none_of_these(), wanted.none_of_these())


def test_some_sets_are_large_and_some_pictures_are_none_of_these(model: Model) -> None:
    answers, _ = model.examine(scenes(8))
    sizes = answers.sets().sum(axis=1)
    assert len(set(sizes.tolist())) > 1, "or the test above says nothing of sets"
    assert len(set(answers.none_of_these().tolist())) > 1 or answers.none_of_these().all()


@pytest.mark.parametrize("kind", KINDS)
def test_heads_are_computed_in_double_precision(kind: str) -> None:
    import onnxruntime

    model = small_model(kind)
    features = np.random.default_rng(2).normal(size=(20, model.head.arrays()[_wide(kind)].shape[-1]))
    sketch = Sketch()
    given = sketch.input("features", "float64", ("n", features.shape[1]))
    sketch.output(probabilities_of(sketch, given, model.head), "p", "float64", ("n", 3))
    session = onnxruntime.InferenceSession(sketch.model("head").SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, {"features": features})[0]
    np.testing.assert_allclose(found, model.head.probabilities(features), atol=1e-12)


def _wide(kind: str) -> str:
    return {"affine": "weight", "kernel": "support", "neighbours": "examples"}[kind]


def test_any_number_of_squares_at_a_time(model: Model) -> None:
    exported = exported_of(model, "squares")
    squares = model.squares(scenes(8)) * 3
    together, _ = exported.examine(squares)
    for count in (1, 7, 8, 9):
        alone, _ = exported.examine(squares[:count])
        np.testing.assert_allclose(alone.probabilities, together.probabilities[:count], atol=1e-6)


def test_a_program_without_headstart_reads_everything(model: Model, exported: Exported) -> None:
    import onnxruntime

    content = graphs.built(model, graphs.traced(model), exported.facts).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    picture = scenes(1)[0]
    names = [one.name for one in session.get_outputs()]
    answer = dict(zip(names, session.run(None, {"picture": picture}), strict=True))
    best = int(np.argmax(answer["probabilities"]))
    assert str(answer["label"]) == CLASSES[best]
    assert answer["probabilities"].shape == (3,)
    assert answer["probabilities"].dtype == np.float32
    assert answer["set"].shape == (3,)
    assert answer["set"].dtype == bool
    assert answer["set"][best]
    assert answer["none_of_these"].shape == ()
    assert np.array_equal(answer["square"], exported.square_of(picture))
    assert json.loads(session.get_modelmeta().custom_metadata_map["classes"]) == list(CLASSES)


def test_what_is_not_known_is_left_out() -> None:
    exported = exported_of(small_model(trust=False))
    assert exported.file.outputs == ("probabilities", "label", "square")
    answers, _ = exported.examine(scenes(2))
    assert answers.sets() is None
    assert answers.none_of_these() is None


def test_its_weights_are_inside(model: Model) -> None:
    made = graphs.built(model, graphs.traced(model), graphs.facts_of(model, "0" * 64, "picture"))
    onnx.checker.check_model(made, full_check=True)
    assert all(one.data_location == onnx.TensorProto.DEFAULT for one in made.graph.initializer)


def test_a_kind_of_head_without_nodes_is_refused(model: Model) -> None:
    class Odd(Affine, kind="odd-to-export"):
        """A head that only headstart knows."""

    odd: Head = Odd(weight=np.zeros((3, 4)), bias=np.zeros(3))
    with pytest.raises(EngineError, match="odd-to-export"):
        exported_of(replace(model, head=odd))


# ------------------------------------------------------------------------------------------ the gate


def wrong(model: Model, **preprocessing: Any) -> Exported:
    """Return an export that frames or normalises in another way, and keeps quiet about it."""
    other = replace(model, preprocessing=changed(model.preprocessing, **preprocessing))
    made = graphs.built(other, graphs.traced(model), graphs.facts_of(model, "0" * 64, "picture"))
    return opened(sealed(made.SerializeToString()), "wrong.onnx")


@pytest.mark.parametrize("slip", [{"framing": "squash"}, {"mean": (0.5, 0.5, 0.5)}, {"crop": 1.0}, {"framing": "pad"}])
def test_a_slip_in_preprocessing_is_found(model: Model, photos: Path, slip: dict[str, Any]) -> None:
    files = given_pictures(sorted(file for file in photos.rglob("*") if file.is_file()))
    assert prove(exported_of(model), model, files, progress=Silent()).agrees
    found = prove(wrong(model, **slip), model, files, progress=Silent())
    assert not found.agrees
    assert (found.on_squares.agrees) == ("mean" not in slip), "equal squares tell framing from arithmetic"
    assert found.from_files is not None
    assert len(found.from_files.worst_pictures) == 5


def test_a_temperature_that_is_a_little_off_is_found_on_equal_squares(model: Model, photos: Path) -> None:
    files = given_pictures(sorted(file for file in photos.rglob("*") if file.is_file()))
    off = replace(model, head=replace(model.head, temperature=model.head.temperature * 1.01))
    found = prove(opened(content_of(off), "x.onnx"), model, files, progress=Silent())
    assert 1e-4 < found.on_squares.worst < 1e-2
    assert not found.on_squares.agrees


@pytest.mark.parametrize("threshold", [0.0, 0.34, 0.999])
def test_where_no_class_reaches_the_threshold_the_set_is_the_answer(model: Model, threshold: float) -> None:
    assert model.trust is not None
    sets = replace(model.trust.sets, thresholds={0.95: threshold})
    other = replace(model, trust=replace(model.trust, sets=sets))
    wanted, _ = other.examine(other.squares(scenes(8)))
    found, _ = exported_of(other, "squares").examine(other.squares(scenes(8)))
    assert np.array_equal(found.sets(), wanted.sets())
    assert (found.sets().sum(axis=1) >= 1).all()
    assert threshold < 0.999 or (found.sets().sum(axis=1) == 1).all()


def test_swapped_classes_are_found(model: Model, photos: Path) -> None:
    files = given_pictures(sorted(file for file in photos.rglob("*") if file.is_file()))
    head = model.head
    assert isinstance(head, Affine)
    turned = replace(model, head=replace(head, weight=head.weight[::-1]))
    made = graphs.built(turned, graphs.traced(model), graphs.facts_of(model, "0" * 64, "picture"))
    assert not prove(opened(sealed(made.SerializeToString()), "x.onnx"), model, files, progress=Silent()).agrees


def test_what_does_not_agree_is_not_written(
    model: Model, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = model.save(tmp_path / "kept.bundle")
    right = graphs.square_of
    slip = {"framing": "squash"}
    monkeypatch.setattr(graphs, "square_of", lambda draw, picture, own: right(draw, picture, changed(own, **slip)))
    with pytest.raises(EngineError, match="does not answer as the bundle from file to answer") as refused:
        hs.export(bundle, tmp_path / "birds.onnx", data=photos)
    assert "Worst: '" in refused.value.message
    assert "--input squares" in refused.value.hint
    assert not list(tmp_path.glob("birds*"))


def test_ties_are_told_apart_from_mistakes(model: Model) -> None:
    from headstart.bundle import Answers
    from headstart.deliver.onnx.parity import _Both

    mine = np.array([[0.5001, 0.4999, 0.0], [0.9, 0.05, 0.05], [0.6, 0.4, 0.0]])
    its = np.array([[0.4999, 0.5001, 0.0], [0.9, 0.05, 0.05], [0.4, 0.6, 0.0]])
    both = _Both(Answers(probabilities=mine), Answers(probabilities=its), ["a", "b", "c"], CLASSES)
    found = both.agreement(0.001)
    assert (found.pictures, found.same, found.ties) == (3, 1, 1)
    assert not found.agrees
    first = _Both(Answers(probabilities=mine[:2]), Answers(probabilities=its[:2]), ["a", "b"], CLASSES)
    assert first.agreement(0.001).agrees


# ------------------------------------------------------------------------------------------ the verb


def test_a_file_its_proof_and_its_card(model: Model, photos: Path, tmp_path: Path) -> None:
    bundle = model.save(tmp_path / "kept.bundle")
    parity = hs.export(bundle, tmp_path / "birds.onnx", data=photos)
    assert parity.agrees
    assert parity.on_squares.pictures == 12
    assert len(parity.kinds) > 5
    assert any("turned" in kind for kind in parity.kinds)
    written = json.loads((tmp_path / "birds.parity.json").read_text(encoding="utf-8"))
    assert written["file"] == "birds.onnx"
    assert written["sha256"] == parity.sha256
    assert written["agrees"] is True, "the verdict is there for programs, too"
    card = (tmp_path / "birds.card.md").read_text(encoding="utf-8")
    assert CLASSES[2] in card
    assert "12 of 12 answers are the same" in card
    again = hs.export(bundle, tmp_path / "birds.onnx", data=photos)  # ours is replaced
    assert again.sha256 == parity.sha256, "equal bundles give equal bytes"
    found = hs.verify(tmp_path / "birds.onnx", bundle, photos)
    assert found.agrees
    assert found.from_files is not None


def test_the_ten_lines_of_the_card_run(model: Model, photos: Path, tmp_path: Path) -> None:
    bundle = model.save(tmp_path / "kept.bundle")
    hs.export(bundle, tmp_path / "birds.onnx", data=photos)
    text = (tmp_path / "birds.card.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    file = next(photos.rglob("*.jpg"))
    (tmp_path / "new.jpg").write_bytes(file.read_bytes())
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(model.predict([file])[0])


def test_without_pictures_it_says_what_to_give(model: Model, tmp_path: Path) -> None:
    bundle = model.save(tmp_path / "kept.bundle")
    with pytest.raises(ConfigError, match="No pictures are known") as refused:
        hs.export(bundle, tmp_path / "birds.onnx")
    assert "--data" in refused.value.hint


def test_what_is_not_ours_is_not_replaced(model: Model, photos: Path, tmp_path: Path) -> None:
    bundle = model.save(tmp_path / "kept.bundle")
    for name in ("birds.onnx", "birds.parity.json", "birds.card.md"):
        place = tmp_path / name
        place.write_bytes(b"somebody's work")
        with pytest.raises(ConfigError):
            hs.export(bundle, tmp_path / "birds.onnx", data=photos)
        assert place.read_bytes() == b"somebody's work"
        place.unlink()


def test_an_edited_export_is_not_replaced(model: Model, photos: Path, tmp_path: Path) -> None:
    bundle = model.save(tmp_path / "kept.bundle")
    place = tmp_path / "birds.onnx"
    hs.export(bundle, place, data=photos)
    place.write_bytes(place.read_bytes() + b"\0")
    with pytest.raises(ConfigError, match="changed since"):
        hs.export(bundle, place, data=photos)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is an empty file"),
        (b"GIF89a", "it is a GIF"),
        (b"\x08\x01\x12\xff\xff", "cannot be read"),
        ("foreign", "has not written"),
        ("newer", "format 99"),
    ],
)
def test_what_is_no_export_of_ours(model: Model, tmp_path: Path, content: Any, said: str) -> None:
    place = tmp_path / "odd.onnx"
    if isinstance(content, str):
        made = graphs.built(model, graphs.traced(model), graphs.facts_of(model, "0" * 64, "picture"))
        for entry in list(made.metadata_props):
            if entry.key == "headstart" and content == "foreign":
                made.metadata_props.remove(entry)
            elif entry.key == "headstart":
                entry.value = json.dumps({**json.loads(entry.value), "format": 99})
        content = sealed(made.SerializeToString())
    place.write_bytes(content)
    with pytest.raises((BundleError, EngineError), match=said) as refused:
        open_exported(place)
    assert refused.value.hint


@pytest.mark.parametrize("place", [100, -200, -80, -1])
def test_a_damaged_file_does_not_answer(model: Model, tmp_path: Path, place: int) -> None:
    content = bytearray(content_of(model))
    content[place] ^= 1
    (tmp_path / "odd.onnx").write_bytes(content)
    with pytest.raises((BundleError, EngineError)):
        open_exported(tmp_path / "odd.onnx")


def test_a_label_or_a_set_that_is_another_one_is_found(
    model: Model, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Probabilities alone would not tell."""
    files = given_pictures(sorted(file for file in photos.rglob("*") if file.is_file()))
    sketch = graphs.Sketch
    right = {name: getattr(sketch, name) for name in ("constant", "add")}

    def reversed_names(own: Any, value: Any) -> str:
        return str(right["constant"](own, value[::-1] if isinstance(value, tuple) else value))

    def other(kind: str, instead: str) -> Any:
        def add(own: Any, node: str, *given: str, **how: Any) -> str:
            return str(right["add"](own, instead if node == kind else node, *given, **how))

        return add

    slips = [("constant", reversed_names), ("add", other("GreaterOrEqual", "LessOrEqual"))]
    for name, slip in slips:
        monkeypatch.setattr(sketch, name, slip)
        made = content_of(model)
        monkeypatch.setattr(sketch, name, right[name])
        found = prove(opened(made, "x.onnx"), model, files, progress=Silent())
        assert not found.on_squares.agrees, name
        assert found.on_squares.worst < 1e-5, "the probabilities are right"


def test_another_bundle_is_refused(model: Model, photos: Path, tmp_path: Path) -> None:
    bundle = model.save(tmp_path / "kept.bundle")
    hs.export(bundle, tmp_path / "birds.onnx", data=photos)
    other = small_model("kernel").save(tmp_path / "other.bundle")
    with pytest.raises(ConfigError, match="was not made from"):
        hs.verify(tmp_path / "birds.onnx", other, photos)
    with pytest.raises(ConfigError, match="is an ONNX file"):
        hs.export(tmp_path / "birds.onnx", tmp_path / "again.onnx", data=photos)


def test_a_web_page_is_no_exported_file_and_an_exported_file_is_no_bundle(
    model: Model, photos: Path, tmp_path: Path
) -> None:
    bundle = model.save(tmp_path / "kept.bundle")
    hs.export(bundle, tmp_path / "birds.onnx", data=photos)
    (tmp_path / "birds.html").write_text("<!doctype html><title>birds</title>", encoding="utf-8")
    with pytest.raises(BundleError, match="is no exported file: it is a web page"):
        hs.verify(tmp_path / "birds.html", bundle, photos)
    with pytest.raises(BundleError, match="is not a bundle") as caught:
        hs.pack(tmp_path / "birds.onnx")
    assert "predict and evaluate" in caught.value.hint
    assert "headstart fit" in caught.value.hint


def test_what_cannot_be_read_proves_nothing(model: Model, photos: Path, tmp_path: Path) -> None:
    bundle = model.save(tmp_path / "kept.bundle")
    hs.export(bundle, tmp_path / "birds.onnx", data=photos)
    (tmp_path / "half.jpg").write_bytes(b"\xff\xd8\xff\xe0 half of it")
    with pytest.raises(DataError, match=r"None of 1 picture can be read, so nothing is proved: '.*half.jpg'"):
        hs.verify(tmp_path / "birds.onnx", bundle, [tmp_path / "half.jpg"])


def test_eight_bits_are_measured_and_refused_beyond_the_drop(tmp_path: Path, photos: Path) -> None:
    from headstart.table import read_table

    model = small_model()
    table = read_table(photos)
    seen = tuple(digest[:16] for row, digest in enumerate(table.digests) if "train" in str(table.file(row)))
    plain = tuple(sorted(name.replace("=", "") for name in CLASSES))
    model = replace(model, classes=plain, info=changed(model.info, trained_on=seen))
    bundle = model.save(tmp_path / "kept.bundle")
    parity: Parity = hs.export(bundle, tmp_path / "small.onnx", data=photos, int8=True, max_drop=1.0)
    assert parity.drop is not None
    assert parity.drop.pictures == 6
    assert parity.facts.eight_bits
    assert parity.drop.difference == pytest.approx((parity.drop.bundle_right - parity.drop.exported_right) / 6)
    quantised = onnx.load(tmp_path / "small.onnx")
    assert any(node.op_type == "QuantizeLinear" for node in quantised.graph.node)


def test_too_large_a_drop_is_refused(tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from headstart.deliver.onnx import writing
    from headstart.records.exported import Drop

    def cost(*_: Any) -> Drop:
        lost = {"bundle_right": 80, "exported_right": 70, "difference": 0.1, "interval": (0.03, 0.2)}
        return Drop(pictures=100, split="test", most=0.01, **lost)

    monkeypatch.setattr(writing.eight_bits, "drop", cost)
    monkeypatch.setattr(writing.eight_bits, "traced", lambda model, *_: graphs.traced(model))
    bundle = small_model().save(tmp_path / "kept.bundle")
    with pytest.raises(EngineError, match=r"right on 70 of 100 .* 10\.0 points less") as refused:
        hs.export(bundle, tmp_path / "small.onnx", data=photos, int8=True)
    assert refused.value.hint.endswith("--max-drop 0.1"), "which is enough"
    assert not (tmp_path / "small.onnx").exists()


def test_an_odd_preprocessing_has_a_way_out(tmp_path: Path, photos: Path) -> None:
    model = small_model(interpolation="lanczos")
    bundle = model.save(tmp_path / "kept.bundle")
    with pytest.raises(EngineError, match="lanczos"):
        hs.export(bundle, tmp_path / "birds.onnx", data=photos)
    assert hs.export(bundle, tmp_path / "birds.onnx", data=photos, input="squares").agrees
