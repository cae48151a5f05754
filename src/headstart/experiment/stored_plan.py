"""What was planned and chosen for a run folder: written before the work, found again when the run goes on or grows."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from headstart.base.errors import ConfigError, DataError
from headstart.base.process import processors
from headstart.experiment.conclude import environment, versions
from headstart.experiment.depths import Depths
from headstart.experiment.folder import RunFolder
from headstart.experiment.framing_choice import choose
from headstart.experiment.ground import Choices, Ground
from headstart.experiment.networks import EngineCandidate, recalled
from headstart.experiment.plan import Speed, describe, estimate
from headstart.experiment.request import Request
from headstart.records.preprocessing import Preprocessing
from headstart.strategies.settings import training_settings
from headstart.strategies.strategy import is_strategy, strategy_of
from headstart.table import read_rows, write_split

ELSEWHERE = "Begin anew in another folder with --out."


def planned(
    ground: Ground, folder: RunFolder, fingerprint: str, depths: Depths | None = None
) -> tuple[dict[str, Any], Choices]:
    """Return the plan and the choices: those that stand in the folder, or new ones, written before the work.

    A plan that stands grows by the strategies of `ground` that it lacks. `depths` are kept for the next call.

    Raises
    ------
    ConfigError
        If what stands in the folder was made on another machine, or seen otherwise than what comes beside it would be.
    """
    standing = folder.plan()
    if standing is None:
        ground.engine = ground.preferred_engine()
    else:
        _check_same_pictures(standing, ground, folder)
        _check_same_machine(standing, ground)
        _take_engine(ground, standing)
        ground.before = {**standing["seconds"], **_shared_seconds(folder)}
        ground.activation_limit = standing["activation_limit"]
        if set(folder.planned()).issuperset(ground.request.strategies):
            return standing, _choices_in(standing)
    steps = estimate(ground, _speed(ground))
    base = environment(ground.device)
    ground.progress.message(describe(steps, base["threads"]))
    choices = choose(ground)
    if standing is not None:
        _check_same_choices(standing, choices, ground.request)
        known = {(step["step"], step["bytes"]): step for step in standing["steps"]}  # activations may have grown
        steps = [known.get((step["step"], step["bytes"]), step) for step in steps]
    write_split(ground.table, folder.path / "split.parquet")
    plan = {
        "schema": 1,
        "fingerprint": fingerprint,
        "request": ground.request.to_dict(),
        "preprocessing": choices.preprocessing.to_dict(),
        "augment": choices.augment,
        "chosen_by": choices.notes,
        "engine": ground.engine,
        "engine_version": version("onnxruntime" if ground.engine == "onnx" else "torch"),
        "depths": depths.to_dict() if depths else (standing or {}).get("depths"),
        "precision": ground.request.training.get("precision", "float32"),
        "batch_size": {name: training_settings(ground.request, name).batch_size for name in ground.request.trained},
        "activation_limit": ground.activation_limit,
        "device": ground.device,
        "threads": base["threads"],
        "versions": versions(),
        "weights": _weights_of(ground),
        "pictures": ground.table.fingerprint(),
        "resampling": None if standing is None else standing.get("resampling"),
        "advice": None if standing is None else standing.get("advice"),
        "steps": steps,
        "seconds": dict(ground.seconds),
    }
    folder.write_plan(plan)
    return plan, choices


def _speed(ground: Ground) -> Speed:
    """Return the pace of this machine; heads alone take seconds, of which a calibration would be a fair part."""
    if not ground.request.trained:
        return Speed()
    from headstart.experiment.calibrate import calibrate  # torch

    return calibrate(ground)


def _take_engine(ground: Ground, plan: Mapping[str, Any]) -> None:
    """Go on with the engine that an experiment was begun with; a graph that is gone from the cache is made anew."""
    ground.engine = plan["engine"]
    if ground.engine == "torch" or ground.backbone is None:
        return
    name, here = ground.backbone.name, version("onnxruntime")
    if plan["engine_version"] != here:
        raise ConfigError(
            f"This run was begun with onnxruntime {plan['engine_version']}; with {here} it would not end the same.",
            hint=ELSEWHERE,
        )
    held = ground.backbone.held
    if held.kept is not None and held.kept.opens():
        return
    held.kept = None
    EngineCandidate(ground.request, ground.backbone, ground.squares(ground.backbone.preprocessing)).keep()
    again = recalled(ground.request)
    if again is None or again.held.kept is None or not again.held.kept.opens():
        raise ConfigError(
            f"This run was begun with {name} as an exported graph, which cannot be made here.", hint=ELSEWHERE
        )
    held.kept = again.held.kept


def stored_side(folder: RunFolder) -> int | None:
    """Return to which short side, in pixels, the pictures of the runs in `folder` were decoded; None without a plan."""
    plan = folder.plan()
    return None if plan is None else _choices_in(plan).preprocessing.decode_side


def _choices_in(plan: Mapping[str, Any]) -> Choices:
    return Choices(Preprocessing.from_dict(plan["preprocessing"]), plan["augment"], plan["chosen_by"])


def _weights_of(ground: Ground) -> str | None:
    return None if ground.backbone is None else ground.backbone.sha256


def _shared_seconds(folder: RunFolder) -> dict[str, float]:
    """Return what the steps that runs share have taken so far."""
    steps = (folder.results() or {}).get("plan", [])
    return {step["step"]: step["seconds"] for step in steps if step["seconds"] and not is_strategy(step["step"])}


def _check_same_pictures(plan: Mapping[str, Any], ground: Ground, folder: RunFolder) -> None:
    """Refuse to continue with other usable pictures: another split would set pictures learned from against the others.

    A file can be unreadable on one day and readable on the next, or fall under another limit of its size.
    """
    if plan["pictures"] == ground.table.fingerprint():
        return
    before, now = {row.path for row in read_rows(folder.path / "split.parquet")}, set(ground.table.paths)
    told = [f"'{min(now - before)}' could not be read then and can now"] if now - before else []
    told += [f"'{min(before - now)}' could be read then and cannot now"] if before - now else []
    raise DataError(
        f"The pictures of this run are not those it was begun with: {', '.join(told) or 'they are divided otherwise'}.",
        hint=f"Make them as they were, or begin anew: {ELSEWHERE[0].lower()}{ELSEWHERE[1:]}",
    )


def _check_same_machine(plan: Mapping[str, Any], ground: Ground) -> None:
    """Refuse to continue where numbers would be rounded otherwise than before, or come from other weights."""
    weights = _weights_of(ground)
    if plan["weights"] is not None and weights is not None and plan["weights"] != weights:
        raise ConfigError(
            f"This run was begun with other weights of {ground.need_backbone().name} than are found now.",
            hint=ELSEWHERE,
        )
    here = {"device": ground.device, "threads": environment(ground.device)["threads"]}
    for package, number in versions().items():
        before = plan.get("versions", {}).get(package)
        if before != number:
            raise ConfigError(
                f"This run was begun with {package} {before}; with {number} it would not end the same.", hint=ELSEWHERE
            )
    for name, value in here.items():
        if plan[name] != value:
            possible = name == "device" or plan[name] <= processors()
            raise ConfigError(
                f"This run was begun with {name} {plan[name]}; with {value} it would not end the same.",
                hint=f"Continue with --{name} {plan[name]}, or begin anew in another folder with --out."
                if possible
                else ELSEWHERE,
            )


def _check_same_choices(plan: Mapping[str, Any], choices: Choices, request: Request) -> None:
    """Refuse to grow where what stands was seen otherwise, and so could not be compared on equal terms."""
    before, earlier = _choices_in(plan), plan["request"]["strategies"]
    trained = any(strategy_of(name).trained != "none" for name in earlier)
    if before.preprocessing == choices.preprocessing and (not trained or before.augment == choices.augment):
        return
    added = ", ".join(name for name in request.strategies if name not in earlier)
    raise ConfigError(
        f"With {added} the pictures would be framed, stored or augmented otherwise than for {', '.join(earlier)}.",
        hint=f"Compare all of them on equal terms: {ELSEWHERE[0].lower()}{ELSEWHERE[1:]}",
    )
