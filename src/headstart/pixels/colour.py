"""Colours as the file means them: profiles and gammas are converted to sRGB, as browsers and viewers do.

Profiles by LittleCMS, relative colorimetric. A profile that says what sRGB says leaves the picture as it is, to the
bit; one that cannot be read, or is of another kind than the picture, is passed over.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

_SAME = 2  # of 255: closer than that, a profile is sRGB
_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_BANDS = {"RGB": 3, "L": 1, "CMYK": 4}
_USUAL_GAMMA = 0.45455
_GAMMA_SAME = 0.02
_SRGB_PLACES = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)  # white, red, green, blue: x, y
_NEAR = 0.01
_SRGB_CODES = {(1, 13), (1, 1), (1, 6), (2, 2), (1, 2)}  # primaries and curve, as H.273 counts them

Transform = ImageCms.ImageCmsTransform


@dataclass(frozen=True)
class Profile:
    """What becomes of a picture's profile.

    Parameters
    ----------
    mode : str
        In which mode a picture must be to be converted.
    transform : ImageCmsTransform, optional
        None: it is sRGB already.
    """

    mode: str
    transform: Transform | None


def profile_of(content: object, mode: str, *, grey: bool = False) -> Profile | None:
    """Return how pictures of `mode` with that profile are converted; None if it cannot be used for them.

    `grey`: all of its colours are greys, also where it is held as RGBA.
    """
    if not isinstance(content, bytes) or not content:
        return None
    found = _profile(content)
    if found is None or mode == found.mode:
        return found
    if grey and found.mode == "L":
        return found
    # Grey with a colour profile is what many programs write; grey is a colour too.
    return found if mode in {"RGB": ("RGBA", "L", "LA"), "L": ("LA",)}.get(found.mode, ()) else None


def states_other_colours(info: Mapping[Any, Any]) -> bool:
    """Return whether colours other than sRGB's are stated in a way that is not read: cHRM or cICP of a PNG, nclx."""
    if info.get("icc_profile"):
        return False
    stated, places = info.get("cicp"), np.asarray(info.get("chromaticity", ()), float)
    named = places.shape == (len(_SRGB_PLACES),) and "srgb" not in info
    if named and np.abs(places - _SRGB_PLACES).max() > _NEAR:
        return True
    if isinstance(stated, tuple) and stated[:2] not in _SRGB_CODES:
        return True
    nclx = info.get("nclx_profile")
    return isinstance(nclx, Mapping) and nclx.get("color_primaries") not in (None, 1, 2)


def to_srgb(image: Image.Image, profile: Profile) -> Image.Image:
    """Return a picture of the profile's mode (or RGBA, LA: opacity stays) in sRGB."""
    if profile.transform is None:
        return image
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    plain = image if image.mode == profile.mode else image.convert(profile.mode)
    converted = ImageCms.applyTransform(plain, profile.transform)
    if converted is None:
        raise RuntimeError("applyTransform was not asked to work in place")
    if alpha is not None:
        converted.putalpha(alpha)
    return converted


def with_gamma(image: Image.Image, table: Sequence[int]) -> Image.Image:
    """Return the picture with its colours, not its opacity, looked up in a table of 256 values."""
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    plain = image.convert(image.mode.removesuffix("A")) if alpha is not None else image
    changed = plain.point(list(table) * len(plain.getbands()))
    if alpha is not None:
        changed.putalpha(alpha)
    return changed


def gamma_table(gamma: object) -> Sequence[int] | None:
    """Return what 256 values become that were stored with a PNG's gamma; None if it is the usual one."""
    if not isinstance(gamma, float | int) or not 0.01 < gamma < 10 or abs(gamma - _USUAL_GAMMA) < _GAMMA_SAME:
        return None
    values = np.arange(256) / 255
    return [int(value) for value in np.rint(255 * values ** (_USUAL_GAMMA / gamma))]


@lru_cache(maxsize=64)
def _profile(content: bytes) -> Profile | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(content))
        mode = _MODES.get(source.profile.xcolor_space)
        if mode is None:
            return None
        target = ImageCms.createProfile("sRGB")
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        transform = ImageCms.buildTransform(source, target, mode, "RGB", intent)
        return Profile(mode, None if _changes_nothing(transform, mode) else transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _changes_nothing(transform: Transform, mode: str) -> bool:
    """Whether no colour of a fine grid is moved by more than rounding."""
    if mode == "CMYK":
        return False
    steps = np.linspace(0, 255, 18 if mode == "RGB" else 256).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(*[steps] * _BANDS[mode]), axis=-1).reshape(1, -1, _BANDS[mode])
    before = Image.fromarray(grid if mode == "RGB" else grid[..., 0])
    after = ImageCms.applyTransform(before, transform)
    difference = np.asarray(after).astype(int) - np.asarray(before.convert("RGB"))
    return bool(np.abs(difference).max() <= _SAME)
