"""What was planned and chosen for a run folder: written before the work, found again when the run goes on or grows."""

from __future__ import annotations

from importlib.metadata import version

from headstart.base.errors import ConfigError, DataError
from headstart.base.process import processors
from headstart.experiment.conclude import environment, versions
from headstart.experiment.folder import RunFolder
from headstart.experiment.framing_choice import choose
from headstart.experiment.networks import EngineCandidate, recalled
from headstart.experiment.plan import Speed, describe, estimate
from headstart.experiment.prepare import Prepared
from headstart.records.plan import Depths, Engine, PlanRecord, PlanStep
from headstart.strategies.resolved import Choices
from headstart.strategies.strategy import strategy_of
from headstart.table import read_rows, write_split

ELSEWHERE = "Start again in another folder with --out."


def planned(
    prepared: Prepared, folder: RunFolder, fingerprint: str, depths: Depths | None = None
) -> tuple[Prepared, PlanRecord, Choices]:
    """Return the experiment on its engine, the plan and the choices: those that stand in the folder, or new ones.

    What is new is written before the work. A plan that stands grows by the strategies that it lacks. `depths` are kept
    for the next call.

    Raises
    ------
    ConfigError
        If what stands in the folder was made on another machine, or seen otherwise than what comes beside it would be.
    """
    standing = folder.plan()
    if standing is None:
        prepared = prepared.with_preferred_engine()
    else:
        prepared = _continued(prepared, standing, folder)
        if set(standing.request.strategies).issuperset(prepared.request.strategies):
            return prepared, standing, choices_in(standing)
    steps = estimate(prepared, _speed(prepared))
    threads = environment(prepared.resolved.device).threads
    prepared.context.progress.message(describe(steps, threads))
    choices = choose(prepared.context)
    if standing is not None:
        _check_same_choices(standing, choices, prepared)
        known = {(step.step, step.bytes): step for step in standing.steps}  # activations may have grown
        steps = tuple(known.get((step.step, step.bytes), step) for step in steps)
    write_split(prepared.table, folder.path / "split.parquet")
    plan = _record(prepared, choices, steps, fingerprint, depths, standing)
    folder.write_plan(plan)
    return prepared, plan, choices


def _record(
    prepared: Prepared,
    choices: Choices,
    steps: tuple[PlanStep, ...],
    fingerprint: str,
    depths: Depths | None,
    standing: PlanRecord | None,
) -> PlanRecord:
    request, resolved = prepared.request, prepared.resolved
    return PlanRecord(
        fingerprint=fingerprint,
        request=request,
        preprocessing=choices.preprocessing,
        augment=choices.augment,
        chosen_by=choices.losses,
        engine=resolved.engine,
        engine_version=_engine_version(resolved.engine),
        depths=depths or (standing.depths if standing else None),
        precision=str(request.training.get("precision", "float32")),
        batch_size={one.name: one.training.batch_size for one in resolved.strategies if one.training},
        activation_limit=resolved.activation_limit,
        device=resolved.device,
        threads=environment(resolved.device).threads,
        versions=versions(),
        weights=_weights_of(prepared),
        pictures=prepared.table.fingerprint(),
        repeated_splits=standing.repeated_splits if standing else None,
        advice=standing.advice if standing else None,
        steps=steps,
        seconds=dict(prepared.passes.seconds),
        decoding=resolved.decoding,
    )


def choices_in(plan: PlanRecord) -> Choices:
    """Return what was chosen, as a plan has it."""
    return Choices(plan.preprocessing, plan.augment, plan.chosen_by)


def _speed(prepared: Prepared) -> Speed:
    """Return the pace of this machine; heads alone take seconds, of which a calibration would be a fair part."""
    if not prepared.resolved.trained:
        return Speed()
    from headstart.experiment.calibrate import calibrate  # torch

    return calibrate(prepared.resolved)


def _engine_version(engine: Engine) -> str:
    return version("onnxruntime" if engine == "onnx" else "torch")


def _continued(prepared: Prepared, plan: PlanRecord, folder: RunFolder) -> Prepared:
    """Return the experiment as it was begun; refuse where it would not end the same."""
    _check_same_pictures(plan, prepared, folder)
    _check_same_machine(plan, prepared)
    _check_engine(plan, prepared)
    return prepared.with_engine(plan.engine).continued_from({**plan.seconds, **_shared_seconds(folder)})


def _check_engine(plan: PlanRecord, prepared: Prepared) -> None:
    """Go on with the engine that an experiment was begun with; a graph that is gone from the cache is made anew."""
    backbone = prepared.resolved.backbone
    if plan.engine == "torch" or backbone is None:
        return
    here = version("onnxruntime")
    if plan.engine_version != here:
        raise ConfigError(
            f"This run was started with onnxruntime {plan.engine_version}; with {here} its results could differ.",
            hint=ELSEWHERE,
        )
    held = backbone.held
    if held.kept is not None and held.kept.opens():
        return
    held.kept = None
    EngineCandidate(prepared.request, backbone, prepared.passes.squares(backbone.preprocessing)).keep()
    again = recalled(prepared.request)
    if again is None or again.held.kept is None or not again.held.kept.opens():
        raise ConfigError(
            f"This run was started with {backbone.name} as an exported graph, which cannot be made here.",
            hint=ELSEWHERE,
        )
    held.kept = again.held.kept


def _weights_of(prepared: Prepared) -> str | None:
    backbone = prepared.resolved.backbone
    return None if backbone is None else backbone.sha256


def _shared_seconds(folder: RunFolder) -> dict[str, float]:
    """Return what the steps that runs share have taken so far."""
    results = folder.results()
    steps = () if results is None else results.plan
    return {step.step: step.seconds for step in steps if step.seconds and step.kind in ("shared", "curve")}


def _check_same_pictures(plan: PlanRecord, prepared: Prepared, folder: RunFolder) -> None:
    """Refuse to continue with other usable pictures: another split would set pictures learned from against the others.

    A file can be unreadable on one day and readable on the next, or fall under another limit of its size.
    """
    if plan.pictures == prepared.table.fingerprint():
        return
    before, now = {row.path for row in read_rows(folder.path / "split.parquet")}, set(prepared.table.paths)
    told = [f"'{min(now - before)}' could not be read then and can now"] if now - before else []
    told += [f"'{min(before - now)}' could be read then and cannot now"] if before - now else []
    raise DataError(
        "The pictures of this run have changed since it was started: "
        f"{', '.join(told) or 'they are divided differently'}.",
        hint=f"Restore them, or {ELSEWHERE[0].lower()}{ELSEWHERE[1:]}",
    )


def _check_same_machine(plan: PlanRecord, prepared: Prepared) -> None:
    """Refuse to continue where numbers would be rounded otherwise than before, or come from other weights."""
    resolved, weights = prepared.resolved, _weights_of(prepared)
    if plan.weights is not None and weights is not None and plan.weights != weights:
        raise ConfigError(
            f"This run was started with other weights of {resolved.need_backbone().name} than those found now.",
            hint=ELSEWHERE,
        )
    for package, number in versions().items():
        before = plan.versions.get(package)
        if before != number:
            raise ConfigError(
                f"This run was started with {package} {before}; with {number} its results could differ.", hint=ELSEWHERE
            )
    threads = environment(resolved.device).threads
    for name, then, now in (("device", plan.device, resolved.device), ("threads", plan.threads, threads)):
        if then != now:
            possible = name == "device" or plan.threads <= processors()
            raise ConfigError(
                f"This run was started with {name} {then}; with {now} its results could differ.",
                hint=f"Continue with --{name} {then}, or start again in another folder with --out."
                if possible
                else ELSEWHERE,
            )


def _check_same_choices(plan: PlanRecord, choices: Choices, prepared: Prepared) -> None:
    """Refuse to grow where what stands was seen otherwise, and so could not be compared on equal terms."""
    before, earlier = choices_in(plan), plan.request.strategies
    trained = any(not strategy_of(name).solves for name in earlier)
    if before.preprocessing == choices.preprocessing and (not trained or before.augment == choices.augment):
        return
    added = ", ".join(name for name in prepared.request.strategies if name not in earlier)
    raise ConfigError(
        f"With {added}, pictures would be framed, stored or augmented differently than for {', '.join(earlier)}.",
        hint=f"Compare all of them on equal terms: {ELSEWHERE[0].lower()}{ELSEWHERE[1:]}",
    )
