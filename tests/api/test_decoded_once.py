"""Every picture is decoded exactly once, whatever is asked of it afterwards."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from drawing import draw_classes
from experiments import PLAIN, Interrupting

import headstart as hs
from headstart.pixels import store


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[Path]:
    """How often each file was decoded, over all runs of a test."""
    counts: Counter[Path] = Counter()
    decode = store.decode_noted

    def counted(source: Path, **options: Any) -> Any:
        counts[source] += 1
        return decode(source, **options)

    monkeypatch.setattr(store, "decode_noted", counted)
    return counts


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    draw_classes(tmp_path / "pictures" / "train", 10, 0)
    draw_classes(tmp_path / "pictures" / "val", 4, 100)
    return tmp_path / "pictures"


def other_network(file: Path) -> Path:
    import timm
    from safetensors.torch import save_file

    network = timm.create_model("mobilenetv3_small_050", pretrained=False)
    file.with_suffix(".json").write_text(json.dumps({"architecture": "mobilenetv3_small_050"}))
    save_file(network.state_dict(), file)
    return file


def test_a_second_head_and_a_second_backbone_decode_nothing(pictures: Path, tmp_path: Path, decoded: Counter[Path]):
    every = dict.fromkeys([path for path in pictures.rglob("*") if path.is_file()], 1)
    hs.compare(pictures, strategies="linear", out=tmp_path / "linear.run", **PLAIN)
    assert decoded == every
    hs.compare(pictures, strategies="knn,partial", out=tmp_path / "more.run", **PLAIN)
    weights = other_network(tmp_path / "other.safetensors")
    second = hs.compare(pictures, strategies="linear", weights=weights, out=tmp_path / "other.run", **PLAIN)
    assert second.results.backbone.name == "mobilenetv3_small_050"
    assert decoded == every


@pytest.mark.parametrize("after", [33, 40, 90])
def test_an_interrupted_comparison_that_goes_on_decodes_nothing_twice(
    pictures: Path, tmp_path: Path, decoded: Counter[Path], after: int
):
    options = {"strategies": "linear,partial", "out": tmp_path / "run", "threads": 1, **PLAIN}
    with pytest.raises(KeyboardInterrupt):
        hs.compare(pictures, progress=Interrupting(after), **options)
    begun = len(decoded)
    assert begun
    hs.compare(pictures, **options)
    assert decoded == dict.fromkeys([path for path in pictures.rglob("*") if path.is_file()], 1)
    assert (begun == len(decoded)) == (after == 90), "one is interrupted after all were decoded"
