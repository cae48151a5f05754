"""Building networks that end in pooled features, at any picture size their library allows."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from headstart.backbones.libraries import timm, torchvision
from headstart.backbones.names import NetworkName, resolve
from headstart.backbones.scratch import SCRATCH, SCRATCH_PREPROCESSING
from headstart.base.errors import ConfigError
from headstart.base.params import check_integer
from headstart.base.streams import stream_seed
from headstart.records.preprocessing import Framing, Preprocessing

_CLASSES = 1000  # of ImageNet: how torchvision's classifiers are recognised
_AUXILIARY = ("aux1", "aux2", "AuxLogits")
_TIMM_FRAMINGS: dict[str, Framing] = {"center": "crop", "squash": "squash", "border": "pad"}
# What building or running a network at a size it was not made for may raise.
SIZE_ERRORS = (AssertionError, LookupError, NotImplementedError, RuntimeError, TypeError, ValueError)


def create(name: str, *, image_size: int | None = None, seed: int = 0) -> nn.Module:
    """Return a network without its weights: to be filled from a bundle, or trained from scratch.

    Parameters
    ----------
    name : str
        As in `load`.
    image_size : int, optional
        Side of the pictures in pixels; by default that of the network's own metadata.
    seed : int
        Of the random weights. The random state of the process is not touched.

    Returns
    -------
    nn.Module
        float32, normalised (N, 3, S, S) to pooled features (N, D); in evaluation mode.

    Raises
    ------
    ConfigError
        If the name is unknown, or the network is not made for that size.
    """
    address = resolve(name)
    with random_state(seed, name):
        network = build(address)
        if image_size is not None:
            network = resize(network, address, image_size)
    return network.eval()


@contextmanager
def random_state(seed: int, name: str) -> Iterator[None]:
    """Draw from a named stream of `seed`, and leave the process's own random state as it was."""
    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed, which would seed the graphics cards too.
        torch.default_generator.manual_seed(stream_seed(seed, "backbone", name))
        yield


def build(address: NetworkName) -> nn.Module:
    """Return the network at its own picture size, with random weights and no classifier."""
    if address.library == "headstart":
        return SCRATCH[address.architecture]()
    if address.library == "timm":
        network: nn.Module = timm.create_model(address.full, num_classes=0)
        return network
    return _torchvision_network(address.architecture)


def classifier_names(network: nn.Module, address: NetworkName) -> tuple[str, ...]:
    """Return the module names under which files keep the classifier that `build` left out."""
    if address.library == "headstart":
        return ("head",)
    if address.library == "timm":
        given = timm_config(network).get("classifier") or ("head", "fc", "classifier")
        return (given,) if isinstance(given, str) else tuple(given)
    return (_classifier_path(_torchvision_whole(address.architecture)), *_AUXILIARY)


def timm_config(network: nn.Module) -> dict[str, Any]:
    """Return what timm knows about a network that it built: its weights' metadata."""
    return cast("dict[str, Any]", network.pretrained_cfg)


def resize(network: nn.Module, address: NetworkName, image_size: int) -> nn.Module:
    """Return `network`, its weights kept, for pictures of another size.

    Raises
    ------
    ConfigError
        If the network is made for one size only.
    """
    check_integer("image_size", "load", image_size, least=8, most=4096)
    native = preprocessing_of(network, address).input_size
    if image_size == native:
        return network
    try:
        if address.library == "timm":
            return _resize_timm(network, address, image_size)
        if address.architecture.startswith("vit_"):
            return _resize_torchvision_vit(network, address.architecture, image_size)
    except SIZE_ERRORS as error:
        raise wrong_size(address.full, image_size, native, error) from error
    return network


def wrong_size(name: str, image_size: int, native: int, error: Exception) -> ConfigError:
    """Return the error for pictures of a size that the network does not take."""
    reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    found = ConfigError(
        f"The network '{name}' does not take pictures of {image_size} pixels ({reason}).",
        hint=f"Leave the image size out (its own is {native}), or choose another network.",
    )
    found.parameter = "image_size"
    return found


def preprocessing_of(network: nn.Module, address: NetworkName) -> Preprocessing:
    """Return how pictures are prepared for `network`, from its library's metadata."""
    if address.library == "headstart":
        return SCRATCH_PREPROCESSING[address.architecture]
    if address.library == "timm":
        return _timm_preprocessing(network)
    return _torchvision_preprocessing(torchvision_weights(address))


def torchvision_weights(address: NetworkName) -> Any:
    """Return the entry of torchvision's list of weights: the one tagged, or its default."""
    known = torchvision.models.get_model_weights(address.architecture)
    return known[address.tag] if address.tag else known.DEFAULT


def _timm_preprocessing(network: nn.Module) -> Preprocessing:
    resolve_config = cast("Any", timm.data).resolve_data_config
    config = resolve_config(pretrained_cfg=timm_config(network))
    interpolation = str(config["interpolation"])
    return Preprocessing(
        input_size=int(config["input_size"][-1]),
        crop=float(config["crop_pct"]),
        interpolation="bilinear" if interpolation == "random" else interpolation,
        mean=_three(config["mean"]),
        std=_three(config["std"]),
        framing=_TIMM_FRAMINGS.get(str(config.get("crop_mode", "center")), "crop"),
    )


def _torchvision_preprocessing(weights: Any) -> Preprocessing:
    transforms = weights.transforms()
    size, short_side = int(transforms.crop_size[0]), int(transforms.resize_size[0])
    return Preprocessing(
        input_size=size,
        crop=size / short_side,
        interpolation=str(transforms.interpolation.value),
        mean=_three(transforms.mean),
        std=_three(transforms.std),
    )


def _three(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _resize_timm(network: nn.Module, address: NetworkName, image_size: int) -> nn.Module:
    side = (image_size, image_size)
    if hasattr(network, "set_input_size"):
        with warnings.catch_warnings():  # timm's interpolation of positions warns about its own indexing
            warnings.simplefilter("ignore", UserWarning)
            cast("Any", network).set_input_size(img_size=side)
        return network
    if not timm_config(network).get("fixed_input_size", False):
        return network
    other: nn.Module = timm.create_model(address.full, num_classes=0, img_size=side)
    state = network.state_dict()
    if any(tensor.shape != state[name].shape for name, tensor in other.state_dict().items()):
        raise ValueError("the shapes of its weights depend on the size")
    other.load_state_dict(state)
    return other


def _resize_torchvision_vit(network: nn.Module, architecture: str, image_size: int) -> nn.Module:
    other = _torchvision_network(architecture, image_size=image_size)
    patch = int(other.patch_size)  # type: ignore[arg-type]
    vision_transformer = torchvision.models.vision_transformer
    state: dict[str, Tensor] = vision_transformer.interpolate_embeddings(image_size, patch, network.state_dict())
    other.load_state_dict(state)
    return other


def _torchvision_network(architecture: str, **options: Any) -> nn.Module:
    network = _torchvision_whole(architecture, **options)
    for name in _AUXILIARY:
        if hasattr(network, name):
            setattr(network, name, None)
    if hasattr(network, "aux_logits"):
        cast("Any", network).aux_logits = False
    _remove_classifier(network, _classifier_path(network))
    return network


def _torchvision_whole(architecture: str, **options: Any) -> nn.Module:
    if architecture in ("googlenet", "inception_v3"):
        # Their weights want the network itself to turn ImageNet's normalisation into their own.
        options |= {"transform_input": True, "init_weights": True}
    network: nn.Module = torchvision.models.get_model(architecture, weights=None, **options)
    return network


def _classifier_path(network: nn.Module) -> str:
    """Return the name of the last layer with 1000 outputs that is not an auxiliary classifier's."""
    layers = [name for name, module in network.named_modules() if _outputs(module) == _CLASSES]
    path: str = [name for name in layers if not name.startswith(_AUXILIARY)][-1]
    return path


def _remove_classifier(network: nn.Module, path: str) -> None:
    """Put identities in place of the classifier and the dropout around it.

    What follows it in the same list goes too unless it pools: SqueezeNet averages after its classifier.
    """
    parent, _, last = path.rpartition(".")
    behind = False
    for name, module in list(network.get_submodule(parent).named_children()):
        behind = behind or name == last
        if name == last or isinstance(module, nn.Dropout) or (behind and isinstance(module, nn.ReLU)):
            setattr(network.get_submodule(parent), name, nn.Identity())


def _outputs(module: nn.Module) -> int | None:
    if isinstance(module, nn.Linear):
        return module.out_features
    return module.out_channels if isinstance(module, nn.Conv2d) else None
