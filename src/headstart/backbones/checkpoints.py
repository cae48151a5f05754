"""Reading files of weights without ever unpickling, and filling networks from them completely."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from headstart.base.errors import WeightsError
from headstart.records.preprocessing import Preprocessing

_WRAPPERS = ("state_dict", "model", "model_state_dict")
_PREFIXES = ("module.", "_orig_mod.")
_SHOWN = 5
# What torch raises for a file that holds more than tensors. No pickle is imported or read here.
_REFUSAL = torch.serialization.pickle.UnpicklingError  # type: ignore[attr-defined]


def read_file(path: Path) -> Any:
    """Return the content of a safetensors file, or of a torch file read with ``weights_only=True``.

    Raises
    ------
    WeightsError
        If the file is missing, damaged, or holds more than tensors.
    """
    if not path.is_file():
        raise WeightsError(f"There is no file '{path}'.", hint="Check the path given as weights.")
    try:
        if path.suffix.lower() == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except _REFUSAL as error:
        raise _refused(path, error) from error
    except (SafetensorError, OSError, RuntimeError, EOFError, ValueError, LookupError) as error:
        raise WeightsError(
            f"'{path}' is damaged or contains no weights ({_first_line(error)}).",
            hint="Get the file again; headstart reads .safetensors, .pth and .pt.",
        ) from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the named tensors of a file of weights, floating ones as float32.

    Checkpoints (``{"state_dict": …}``, ``{"model": …}``) and the prefix ``module.`` of data-parallel
    training are understood.

    Raises
    ------
    WeightsError
        As `read_file`, or if no named tensors are in it.
    """
    content = read_file(path)
    while isinstance(content, Mapping):
        inner = next((content[key] for key in _WRAPPERS if isinstance(content.get(key), Mapping)), None)
        if inner is None:
            break
        content = inner
    named = content.items() if isinstance(content, Mapping) else ()
    tensors = {str(name): value for name, value in named if isinstance(value, Tensor)}
    if not tensors:
        raise WeightsError(
            f"'{path}' contains no named tensors.",
            hint="Save the network's state_dict() and give that file.",
        )
    for prefix in _PREFIXES:
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}


def fill(network: nn.Module, tensors: Mapping[str, Tensor], *, classifier: Iterable[str], origin: str) -> None:
    """Load `tensors` into `network`; every floating tensor outside the classifier must find its place.

    Parameters
    ----------
    network : nn.Module
        Without a classifier.
    tensors : mapping of str to Tensor
    classifier : iterable of str
        Module names whose tensors are left out.
    origin : str
        Where the tensors come from, for the error.

    Raises
    ------
    WeightsError
        If a tensor is missing, has another shape, or has no place in the network. Nothing is loaded then.
    """
    heads = tuple(f"{name}." for name in classifier)
    own = network.state_dict()
    given = {name: tensor for name, tensor in tensors.items() if name in own or not name.startswith(heads)}
    floating = [name for name, tensor in own.items() if tensor.is_floating_point()]
    faults = {
        "missing": [name for name in floating if name not in given],
        "of another shape": [
            f"{name} {tuple(given[name].shape)} instead of {tuple(own[name].shape)}"
            for name in own
            if name in given and given[name].shape != own[name].shape
        ],
        "without a place in the network": [
            name for name in given if name not in own and given[name].is_floating_point()
        ],
    }
    if any(faults.values()):
        found = "; ".join(f"{kind}: {_some(names)}" for kind, names in faults.items() if names)
        raise WeightsError(
            f"The weights of {origin} do not fit the network ({found}).",
            hint="Name the network they were made for with --backbone.",
        )
    network.load_state_dict({**own, **{name: given[name] for name in own if name in given}})


def read_card(path: Path) -> dict[str, object]:
    """Return the JSON that stands beside a file of weights (same stem), or nothing.

    Raises
    ------
    WeightsError
        If it is there but cannot be read.
    """
    card = path.with_suffix(".json")
    if not card.is_file():
        return {}
    try:
        content = json.loads(card.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise WeightsError(
            f"'{card}', next to the weights, cannot be read ({error}).", hint="Correct it or remove it."
        ) from error
    if not isinstance(content, dict):
        raise WeightsError(f"'{card}' is not a JSON object.", hint="Correct it or remove it.")
    return content


def preprocessing_from_card(card: Mapping[str, object], default: Preprocessing, path: Path) -> Preprocessing:
    """Return `default` with whatever `card` says in its place.

    Raises
    ------
    WeightsError
        If an entry cannot be right.
    """
    try:
        found = Preprocessing(
            input_size=_side(card.get("input_size", default.input_size)),
            crop=_number(card.get("crop_pct", default.crop)),
            interpolation=str(card.get("interpolation", default.interpolation)),
            mean=_by_channel(card.get("mean", default.mean)),
            std=_by_channel(card.get("std", default.std)),
            framing=default.framing,
            stored_side=default.stored_side,
        )
    except (TypeError, ValueError, IndexError) as error:
        raise _bad_card(path, str(error)) from error
    if found.interpolation not in ("nearest", "bilinear", "bicubic", "lanczos"):
        raise _bad_card(path, f"interpolation {found.interpolation!r}")
    if not (0 < found.crop <= 1 and found.input_size >= 1 and min(found.std) > 0):
        raise _bad_card(path, "input_size, crop_pct or std out of range")
    return found


def _side(given: object) -> int:
    """Return the side of a picture that is stated as S or as [3, S, S]."""
    return int(_number(given[-1] if isinstance(given, list) else given))


def _number(given: object) -> float:
    if not isinstance(given, int | float | str):
        raise TypeError(f"{given!r} is not a number")
    return float(given)


def _by_channel(given: object) -> tuple[float, float, float]:
    if not isinstance(given, list | tuple):
        raise TypeError(f"{given!r} is not three numbers")
    red, green, blue = map(_number, given)
    return red, green, blue


def licence_from_card(card: Mapping[str, object]) -> str:
    """Return what `card` says about the licence."""
    keys = ("licence", "license", "licence_of_source_repo", "license_of_source_repo")
    return next((str(card[key]) for key in keys if card.get(key)), "not stated with the file")


def _bad_card(path: Path, reason: str) -> WeightsError:
    return WeightsError(
        f"'{path.with_suffix('.json')}' next to the weights has an entry that cannot be right ({reason}).",
        hint="Give input_size [3, S, S], crop_pct above 0 and at most 1, three numbers each for mean and "
        "std, and interpolation nearest, bilinear, bicubic or lanczos.",
    )


def _refused(path: Path, error: Exception) -> WeightsError:
    reason = next((line for line in str(error).splitlines() if "GLOBAL" in line), _first_line(error))
    return WeightsError(
        f"'{path}' contains Python objects besides tensors. These could run code, so it is not read "
        f"({reason.strip()[:300]}).",
        hint='If you trust it, convert it once: python -c "import torch, safetensors.torch as s; c = '
        f"torch.load('{path.name}', map_location='cpu', weights_only=False); c = c.get('state_dict', c) if "
        "isinstance(c, dict) else c.state_dict(); s.save_file({k: v.contiguous() for k, v in c.items() if "
        f"hasattr(v, 'contiguous')}}, '{path.stem}.safetensors')\"",
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown
