"""Bundles of earlier formats: read as what they would say now.

Format 1 is from before their description was a record, format 2 from before it told the rules of decoding.
What a classifier needs to answer must be there. The rest (how it was made, what it reached) is taken as far as it fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from headstart.base.errors import HeadstartError
from headstart.evidence.novelty import FALSE_REJECTIONS
from headstart.records.bundle import BundleInfo, BundleManifest
from headstart.records.codec import from_plain
from headstart.records.preprocessing import BEFORE_RULES_WERE_KEPT, Preprocessing
from headstart.records.record import changed
from headstart.records.training import TrainingSettings

Old = Mapping[str, object]
_INFO = ("architecture", "read", "folded")  # without these it would answer otherwise


def from_format_1(content: Old, where: str) -> BundleManifest:
    """Return a description of format 1 as today's record.

    Parameters
    ----------
    content : mapping
        Of its ``bundle.json``.
    where : str
        It stands, for messages.

    Raises
    ------
    StoreError
        If something lacks or is garbled without which it cannot answer; the key is named.
    """
    values: dict[str, object] = {
        "format": content.get("format"),
        "headstart": content.get("headstart", "unknown"),
        "info": _some(content, _INFO),
        "calibration": _calibration(content),
        **_some(content, ("classes", "sha256")),
    }
    if "preprocessing" in content:
        values["preprocessing"] = _some(_mapping(content["preprocessing"]), Preprocessing.__struct_fields__)
    if "head" in content:
        head = _mapping(content["head"])
        values["head"] = {**_some(head, ("kind",)), "numbers": {name: head[name] for name in head if name != "kind"}}
    manifest = from_plain(values, BundleManifest, where)
    manifest = changed(manifest, info=changed(manifest.info, **_fitting(_known(content), where)))
    return before_decoding_was_kept(manifest)


def before_decoding_was_kept(manifest: BundleManifest) -> BundleManifest:
    """Return a description from before the rules of decoding were kept: it answers by those of then."""
    prepared = changed(manifest.preprocessing, decoding=BEFORE_RULES_WERE_KEPT)
    return changed(manifest, preprocessing=prepared)


def _calibration(content: Old) -> Old:
    """Return temperature and limits; none of these are None in a bundle from before there were any."""
    found = _mapping(content.get("calibration"))
    temperature = {"temperature": _mapping(content.get("head")).get("temperature", 1.0)}
    if "sets" not in found:
        return {**temperature, "sets": None, "none_of_these": None}
    none = found.get("none_of_these")
    if isinstance(none, Mapping):
        none = {"falsely": FALSE_REJECTIONS, **none}
    limits = {**_some(found, ("sets",)), **({"none_of_these": none} if "none_of_these" in found else {})}
    return {**temperature, **limits}


def _known(content: Old) -> Old:
    """Return what is known beside what it needs to answer."""
    plain = ("versions", "data_fingerprint", "flops", "pictures", "trained_on")
    measured = _mapping(content.get("measured"))
    warnings = content.get("warnings")
    return {
        **_some(content, plain),
        "strategy": _strategy(_mapping(content.get("strategy"))),
        "backbone": _backbone(_mapping(content.get("backbone"))),
        "measured": {split: value and _metrics(_mapping(value)) for split, value in measured.items()},
        "warnings": [{"code": "older", "text": text} for text in (warnings if isinstance(warnings, list) else ())],
    }


def _strategy(old: Old) -> Old:
    settings = dict(_mapping(old.get("settings")))
    readout = settings.pop("readout", "pool")
    new = {**_some(old, ("strategy", "weights", "cut", "head")), "readout": readout}
    if "converged" in settings:
        return {**new, "solved": {"converged": settings.pop("converged"), "settings": settings}}
    if "epochs" not in settings:
        return new
    chosen = settings.get("epoch_chosen")
    return {
        **new,
        "training": {
            "settings": _some(settings, TrainingSettings.__struct_fields__),
            "augment": settings.get("augment"),
            "views": settings.get("views"),
            "sides": settings.get("sides", []),
            "choosing": settings.get("epoch_chosen_on"),
            "epoch_chosen": chosen or None,  # 0 was said of a solved head that was kept
            "kept_solved_head": chosen == 0,
            "pictures": settings.get("pictures_trained_on"),
        },
    }


def _backbone(old: Old) -> Old:
    seen = _some(old, Preprocessing.__struct_fields__)
    return {**_some(old, ("name", "source", "sha256", "licence")), **({"preprocessing": seen} if seen else {})}


def _metrics(old: Old) -> Old:
    """Return what was measured; levels of prediction sets stood beside the number of pictures."""
    sets = _mapping(old.get("sets"))
    if not sets:
        return old
    levels = {name: value for name, value in sets.items() if name not in ("pictures", "units")}
    return {**old, "sets": {**_some(sets, ("pictures", "units")), "levels": levels}}


def _fitting(values: Old, where: str) -> dict[str, object]:
    """Return those of these values that a `BundleInfo` can hold."""
    found = dict[str, object]()
    for name, value in values.items():
        with suppress(HeadstartError):
            found[name] = getattr(from_plain({"architecture": "", name: value}, BundleInfo, where), name)
    return found


def _some(values: Old, names: tuple[str, ...]) -> dict[str, object]:
    return {name: values[name] for name in names if name in values}


def _mapping(value: object) -> Old:
    return value if isinstance(value, Mapping) else {}
