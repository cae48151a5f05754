import pytest

from headstart.backbones.names import of_library, resolve
from headstart.base.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "library", "full"),
    [
        ("resnet18", "timm", "resnet18"),
        ("resnet18.a1_in1k", "timm", "resnet18.a1_in1k"),
        ("torchvision/resnet18", "torchvision", "resnet18"),
        ("torchvision/resnet50.IMAGENET1K_V1", "torchvision", "resnet50.IMAGENET1K_V1"),
        ("alexnet", "torchvision", "alexnet"),
        ("googlenet", "torchvision", "googlenet"),
        ("squeezenet1_1", "torchvision", "squeezenet1_1"),
        ("mobilenet_v2", "torchvision", "mobilenet_v2"),
        ("shufflenet_v2_x1_0", "torchvision", "shufflenet_v2_x1_0"),
        ("convnet64", "headstart", "convnet64"),
    ],
)
def test_a_name_belongs_to_a_library(name, library, full):
    found = resolve(name)
    assert (found.library, found.full) == (library, full)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("resnet81", "resnet18"),
        ("torchvision/resnt18", "torchvision/resnet18"),
        ("resnet18.a9_in1k", "resnet18.a1_in1k"),
        ("torchvision/resnet50.IMAGENET1K_V9", "torchvision/resnet50.IMAGENET1K_V"),
        ("convnet46", "convnet4"),
        ("squeezenet1", "squeezenet1_1"),
    ],
)
def test_an_unknown_name_gets_near_ones(name, near):
    with pytest.raises(ConfigError, match=name) as caught:
        resolve(name)
    assert near in caught.value.hint


def test_an_unknown_name_without_near_ones_says_what_there_is():
    with pytest.raises(ConfigError) as caught:
        resolve("xyzzy-plugh")
    assert "torchvision/NAME" in caught.value.hint


def test_names_of_libraries():
    assert of_library("torchvision", "resnet18") == "torchvision/resnet18"
    assert of_library("timm", "resnet18") == "resnet18"
