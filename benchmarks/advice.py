"""Compare the advice with what every strategy really reaches (`benchmarks/tasks.py`), and with simpler rules.

::

    python benchmarks/tasks.py SHARED --out WORK                 # first the truth: hours, in pieces
    python benchmarks/advice.py profiles SHARED --out WORK       # then what one frozen pass tells, split by split
    python benchmarks/advice.py page --out WORK                  # the tables of docs/advice.md
    python benchmarks/advice.py ranking SHARED --out WORK        # whether the better networks are ranked higher
    python benchmarks/advice.py cost SHARED --out WORK           # what it adds to one frozen pass; on an idle machine

Regret is the mean accuracy of a task's best strategy minus that of the strategy that a rule takes, in points. Means are
over splits; that of a trained strategy is that of `linear` plus the mean difference from it in the same splits. Borders
are also set on the other sets of pictures each time. How many errors training corrects, and when twice as many pictures
are of no use, is not: both were found on these tasks. Division 0 does not count, as in `benchmarks/training.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from measuring import processor, write_section
from tasks import DEFAULT, FIRST, OTHER_SETS, OTHERS, SIZES, Task, context_of, prepared_for, read_truth, splits

import headstart as hs
from headstart.evidence.advice import CHART, MENDED, Profile, advise
from headstart.evidence.logme import logme
from headstart.experiment.advise import how_they_look, previewed, profile_of, reference_head
from headstart.experiment.fit import fit_one
from headstart.experiment.framing_choice import undecided
from headstart.experiment.rank import scored
from headstart.records.codec import from_plain, plain
from headstart.records.plan import ChoiceLosses
from headstart.strategies.resolved import Choices
from headstart.strategies.strategy import BY_WHAT_IS_TRAINED
from headstart.words.advice import ALIKE

PAGE = Path(__file__).resolve().parents[1] / "docs" / "advice.md"
HEADS = ("linear", "lda", "svm", "knn")
REPEATS = 6
RANKED, RANKED_SIZES = 5, (10, 0)  # splits; pictures of a class
APART = 0.03  # two networks clearly differ: more than what may be luck in five splits
SCORES = {
    "linear": "linear probe, out of fold: accuracy (decides)",
    "loss": "linear probe, out of fold: log loss",
    "ridge": "ridge regression, one left out",
    "neighbours": "five nearest neighbours",
    "logme": "LogME",
}
COSTED = ("hymenoptera", "flowers5", "cars20")
MANY_EACH = 100  # pictures of a class: where a chart with fixed thresholds draws the line


class Seen(NamedTuple):
    """One task: mean accuracies by strategy with their standard errors, and what was advised in each split."""

    task: Task
    means: dict[str, float]
    errors: dict[str, float]
    numbers: dict[str, int]
    profiles: dict[int, Profile]
    scores: dict[int, float]  # LogME
    accuracies: dict[str, dict[int, float]]
    held_out: int

    @property
    def best(self) -> float:
        """The mean of the best strategy."""
        return max(self.means.values())

    def regret(self, strategy: str) -> float:
        """Return what taking this strategy costs, in points; where `full` was not tried, it counts as `partial`."""
        taken = strategy if strategy in self.means else "partial"
        return 100 * (self.best - self.means[taken])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("profiles", "page", "ranking", "cost"))
    parser.add_argument("shared", type=Path, nargs="?")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default=",".join(SIZES))
    parser.add_argument("--sizes", help="pictures of a class, separated by commas; 0 is all")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--first", type=int, default=FIRST, help="the first division")
    options = parser.parse_args()
    hs.tune_process()
    if options.part == "profiles":
        sizes = None if options.sizes is None else set(map(int, options.sizes.split(",")))
        for name in options.only.split(","):
            write_profiles(
                options.shared, options.out, name, sizes, range(options.first, options.first + options.repeats)
            )
        return
    if options.part == "ranking":
        write_scores(options.shared, options.out)
        write_section("ranking", ranking_section(read_lines(options.out / "ranking.jsonl")), page=PAGE)
        return
    if options.part == "cost":
        write_section("cost", cost_section(options.shared, options.out), page=PAGE)
        return
    every = seen(options.out)
    write_section("tasks", tasks_section(every), page=PAGE)
    write_section("rules", rules_section(every), page=PAGE)
    write_section("expectations", expectations_section(every), page=PAGE)


# ------------------------------------------------------------------------------------------- measuring


def write_profiles(shared: Path, out: Path, name: str, sizes: set[int] | None, divisions: range) -> None:
    """Add to WORK/profiles.jsonl what one frozen pass tells in every split of the set's tasks."""
    file = out / "profiles.jsonl"
    standing = {(one["task"], one["seed"]) for one in read_lines(file)}
    prepared = prepared_for(shared, out, name, DEFAULT, HEADS)
    for task in (Task(name, DEFAULT, size) for size in SIZES[name] if sizes is None or size in sizes):
        for split in splits(prepared, task, len(divisions), divisions.start):
            if (task.name, split.seed) in standing:
                continue
            context = context_of(prepared, split)
            preprocessing, division = undecided(context), context.division
            features = context.passes.features("train", preprocessing)
            score = logme(features, division.labels[division.train], len(division.classes))
            told = plain(profile_of(context, preprocessing))
            line = {"task": task.name, "seed": split.seed, "logme": score, **told}
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(line) + "\n")
        print(task.name, flush=True)


def read_lines(file: Path) -> list[dict[str, Any]]:
    """Return the lines of a JSON lines file, none where there is none."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def seen(out: Path) -> list[Seen]:
    """Return every task of which heads, `partial` and profiles are known."""
    truth: dict[str, dict[str, dict[int, dict[str, Any]]]] = defaultdict(lambda: defaultdict(dict))
    for one in (line for line in read_truth(out) if line["seed"] >= FIRST):
        truth[one["task"]][one["strategy"]][one["seed"]] = one
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in (line for line in read_lines(out / "profiles.jsonl") if line["seed"] >= FIRST):
        told[one["task"]].append(one)
    found = []
    for name, by_strategy in truth.items():
        pictures, network, size = name.split("/")
        if network != DEFAULT or not {*HEADS, "partial"} <= set(by_strategy) or not told[name]:
            continue
        task = Task(pictures, network, 0 if size == "all" else int(size))
        accuracies = {
            strategy: {seed: one["accuracy"] for seed, one in runs.items()} for strategy, runs in by_strategy.items()
        }
        means, errors = zip(*(_mean(accuracies, strategy) for strategy in accuracies), strict=True)
        found.append(
            Seen(
                task,
                dict(zip(accuracies, means, strict=True)),
                dict(zip(accuracies, errors, strict=True)),
                {strategy: len(runs) for strategy, runs in accuracies.items()},
                {one["seed"]: from_plain(one, Profile, "profiles.jsonl") for one in told[name]},
                {one["seed"]: one["logme"] for one in told[name]},
                accuracies,
                next(iter(by_strategy["linear"].values()))["held_out"],
            )
        )
    order = list(SIZES)
    return sorted(found, key=lambda one: (order.index(one.task.pictures), one.task.size or 10**6))


def _mean(accuracies: Mapping[str, Mapping[int, float]], strategy: str) -> tuple[float, float]:
    """Return mean accuracy and standard error; of trained strategies by their difference from `linear`."""
    own, linear = accuracies[strategy], accuracies["linear"]
    if strategy in HEADS:
        values = np.array(list(own.values()))
        return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan
    gains = np.array([own[seed] - linear[seed] for seed in own if seed in linear])
    error = gains.std(ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else np.nan
    return float(np.mean(list(linear.values())) + gains.mean()), float(error)


def write_scores(shared: Path, out: Path) -> None:
    """Add to WORK/ranking.jsonl how each score rates each network in some splits, and what was reached."""
    file = out / "ranking.jsonl"
    standing = {(one["task"], one["network"], one["seed"]) for one in read_lines(file)}
    for name in OTHER_SETS:
        for network in (DEFAULT, *OTHERS):
            prepared = prepared_for(shared, out, name, network, ("linear",))
            (linear,) = prepared.resolved.strategies
            for size in RANKED_SIZES:
                for split in splits(prepared, Task(name, network, size), RANKED):
                    if (f"{name}, {size or 'all'}", network, split.seed) in standing:
                        continue
                    context = context_of(prepared, split)
                    scores, _ = scored(replace(prepared, context=context), network)
                    fitted = fit_one(context, Choices(undecided(context), "none", ChoiceLosses()), linear)
                    right = fitted.probabilities.argmax(axis=1) == context.division.labels[context.division.held_out]
                    line = {score: getattr(scores, score) for score in SCORES}
                    where = {"task": f"{name}, {size or 'all'}", "network": network, "seed": split.seed}
                    with file.open("a", encoding="utf-8") as lines:
                        lines.write(json.dumps({**where, **line, "truth": float(right.mean())}) + "\n")
            print(name, network, flush=True)


def ranking_section(lines: Sequence[Mapping[str, Any]]) -> str:
    """Return how often each score puts two networks in the right order, and what its first choice costs."""
    means: dict[str, dict[str, float]] = defaultdict(dict)
    for task, network in {(one["task"], one["network"]) for one in lines}:
        own = [one["truth"] for one in lines if (one["task"], one["network"]) == (task, network)]
        means[task][network] = float(np.mean(own))
    divided: dict[tuple[str, int], dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for one in lines:
        divided[one["task"], one["seed"]][one["network"]] = one
    whole = {key: found for key, found in divided.items() if len(found) == len(OTHERS) + 1}
    told = [
        f"`python benchmarks/advice.py ranking SHARED --out WORK`: {len(means)} tasks (seven sets, {RANKED_SIZES[0]} "
        f"of a class and all), {len(OTHERS) + 1} networks, {len(whole)} splits. The right order is that of `linear` on "
        "the held-out pictures, mean over the splits. Regret: of the network with the highest score, in points.",
        "",
        f"| score | pairs in the right order | of pairs that differ by over {100 * APART:.0f} points | mean regret |",
        "|---|---|---|---|",
    ]
    signs = {"linear": 1, "loss": -1, "ridge": 1, "neighbours": 1, "logme": 1}
    for score, sign in signs.items():
        right, clear, regrets = [], [], []
        for (task, _), found in whole.items():
            truth = means[task]
            for a, b in combinations(found, 2):
                ahead = sign * (found[a][score] - found[b][score])
                right.append(0.5 if ahead == 0 else float((ahead > 0) == (truth[a] > truth[b])))
                clear += [right[-1]] if abs(truth[a] - truth[b]) > APART else []
            best = max(found, key=lambda network: sign * found[network][score])
            regrets.append(100 * (max(truth.values()) - truth[best]))
        told.append(f"| {SCORES[score]} | {np.mean(right):.2f} | {np.mean(clear):.2f} | {np.mean(regrets):.2f} |")
    always = [100 * (max(means[task].values()) - means[task][DEFAULT]) for task, _ in whole]
    told.append(f"| always EfficientNet-Lite0 |  |  | {np.mean(always):.2f} |")
    return "\n".join(told)


def cost_section(shared: Path, out: Path) -> str:
    """Return how long one frozen pass over the training pictures takes, and what the advice adds to it."""
    lines = [
        f"`python benchmarks/advice.py cost SHARED --out WORK`, {processor()}, seconds. Only `headstart advise` also "
        "calibrates the plan and looks at 48 pictures.",
        "",
        "| pictures of | training | frozen pass | head | a handful, ridge, k-NN | learning curve | look | adds |",
        "|---" * 8 + "|",
    ]
    for name in COSTED:
        with TemporaryDirectory() as empty:
            os.environ["HEADSTART_CACHE"] = empty  # or there would be nothing left to do
            context = prepared_for(shared, out, name, DEFAULT, HEADS).context
            preprocessing = undecided(context)
            steps: list[Callable[[], object]] = [
                partial(context.passes.features, "looked at", preprocessing, readout="stages"),
                partial(reference_head, context, preprocessing),
                partial(previewed, context, preprocessing, "stages"),
                partial(profile_of, context, preprocessing, with_shift=False),
                partial(how_they_look, context, preprocessing),
            ]
            frozen, head, handful, rest, look = map(_seconds, steps)
        curve = max(rest - handful, 0.0)  # a profile asks the handful again
        told = " | ".join(f"{value:.1f}" for value in (frozen, head, handful, curve, look))
        adds = (head + handful + curve + look) / frozen
        lines.append(f"| {name} | {len(context.division.train)} | {told} | {adds:.2f} passes |")
    return "\n".join(lines)


def _seconds(step: Callable[[], object]) -> float:
    begin = time.perf_counter()
    step()
    return time.perf_counter() - begin


# --------------------------------------------------------------------------------------------- tables


def tasks_section(every: Sequence[Seen]) -> str:
    """Return one line for each task."""
    lines = [
        f"`python benchmarks/advice.py page --out benchmarks/measured`: {len(every)} tasks. Means over the splits. In "
        "brackets: the standard error of the difference from `linear`, and how many splits were trained. "
        "Told: how far five pictures of each class get from guessing (0) to no mistakes (1). Doubling: points that "
        "twice as many pictures would add. Looks: how many times as much the late features vary. Advised: the strategy "
        "advised most often, and in how many of the splits.",
        "",
        "| set, pictures of a class | told | looks | doubling | linear | lda | svm | knn | partial (±, splits) | "
        "full | scratch | advised | regret |",
        "|---" * 13 + "|",
    ]
    for one in every:
        told = np.mean([found.told for found in one.profiles.values() if found.told is not None])
        gains = [found.doubled.gain for found in one.profiles.values() if found.doubled]
        looks = np.mean([found.factor for found in one.profiles.values()])
        names = [advise(found, BY_WHAT_IS_TRAINED, {}).strategy for found in one.profiles.values()]
        advised = max(sorted(set(names)), key=names.count)
        trained = [
            f"{one.means[name]:.3f} (± {_points(one.errors[name])}, {one.numbers[name]})" if name in one.means else ""
            for name in ("partial", "full", "scratch")
        ]
        heads = " | ".join(f"{one.means[name]:.3f}" for name in HEADS)
        regret = np.mean([one.regret(name) for name in names])
        lines.append(
            f"| {one.task.pictures}, {one.task.size or 'all'} | {told:.2f} | {looks:.1f} "
            f"| {f'{100 * np.mean(gains):+.1f}' if gains else 'too few'} | {heads} | {' | '.join(trained)} "
            f"| {advised} ({names.count(advised)} of {len(names)}) | {regret:.1f} |"
        )
    return "\n".join(lines)


def _points(value: float) -> str:
    return "?" if np.isnan(value) else f"{100 * value:.1f}"


Rule = Callable[[Seen, int], str]


def rules_section(every: Sequence[Seen]) -> str:
    """Return the mean regret of every rule."""
    rules: list[tuple[str, Rule]] = [
        ("**the advice**", lambda one, seed: advise(one.profiles[seed], BY_WHAT_IS_TRAINED, {}).strategy),
        ("similarity alone, its border set on the other sets", _by_border(every, _surely_told)),
        ("always `linear`", lambda one, seed: "linear"),  # noqa: ARG005 - rules take the same
        ("always `lda`", lambda one, seed: "lda"),  # noqa: ARG005
        ("always `svm`", lambda one, seed: "svm"),  # noqa: ARG005
        ("always `knn`", lambda one, seed: "knn"),  # noqa: ARG005
        ("always `partial`", lambda one, seed: "partial"),  # noqa: ARG005
        ("the chart, with our measures", lambda one, seed: advise(one.profiles[seed], BY_WHAT_IS_TRAINED, {}).chart),
        (f"the plain chart: {MANY_EACH} pictures of a class, factor {ALIKE:.0f}", _plain_chart),
        ("border on the factor, set on the other sets", _by_border(every, _looks)),
        ("border on LogME, set on the other sets", _by_border(every, lambda one, seed: one.scores[seed])),
        ("border on the expected accuracy, set on the other sets", _by_border(every, _accuracy)),
    ]
    lines = [
        f"{len(every)} tasks; mean of {sum(len(one.profiles) for one in every)} splits, points of accuracy. Where "
        "`full` was not tried, it counts as `partial`.",
        "",
        "| rule | mean regret | mean over sets | worst task |",
        "|---|---|---|---|",
    ]
    for name, rule in rules:
        regrets = {one.task.name: np.mean([one.regret(rule(one, seed)) for seed in one.profiles]) for one in every}
        by_set: dict[str, list[float]] = defaultdict(list)
        for one in every:
            by_set[one.task.pictures].append(float(regrets[one.task.name]))
        worst = max(regrets, key=lambda task: regrets[task])
        lines.append(
            f"| {name} | {np.mean(list(regrets.values())):.2f} | {np.mean([np.mean(v) for v in by_set.values()]):.2f} "
            f"| {regrets[worst]:.1f} ({worst.replace('/lite0/', ', ')}) |"
        )
    return "\n".join([*lines, "", _floor(every), *_of_subsets(every)])


def _of_subsets(every: Sequence[Seen]) -> list[str]:
    """Return a line for each strategy that was trained on some of the tasks only."""
    lines = []
    for name in ("full", "scratch"):
        own = [one for one in every if name in one.means]
        if not own:
            continue
        always = np.mean([one.regret(name) for one in own])
        advised = np.mean(
            [
                one.regret(advise(found, BY_WHAT_IS_TRAINED, {}).strategy)
                for one in own
                for found in one.profiles.values()
            ]
        )
        lines.append(
            f"- `{name}` was trained on {len(own)} tasks, in one split of each. Always taking it there has a regret of "
            f"{always:.1f}; the advice on the same tasks has {advised:.1f}."
        )
    return lines


def _plain_chart(one: Seen, seed: int) -> str:
    found = one.profiles[seed]
    many = found.pictures >= MANY_EACH * found.classes
    alike = found.factor is not None and found.factor < ALIKE
    return BY_WHAT_IS_TRAINED[CHART["large" if many else "small", "similar" if alike else "dissimilar"]]


def _surely_told(one: Seen, seed: int) -> float | None:
    found = one.profiles[seed]
    return None if found.told is None else found.told - found.told_error


def _looks(one: Seen, seed: int) -> float:
    return -(one.profiles[seed].factor or 1.0)


def _accuracy(one: Seen, seed: int) -> float:
    return one.profiles[seed].accuracy[0]


def _by_border(every: Sequence[Seen], measure: Callable[[Seen, int], float | None]) -> Rule:
    """Return the rule that trains below a border: for each set, the border that is best on all other sets."""

    def value(one: Seen, seed: int) -> float:
        found = measure(one, seed)
        return -np.inf if found is None else float(found)

    borders: dict[str, float] = {}
    for name in {one.task.pictures for one in every}:
        others = [one for one in every if one.task.pictures != name]
        values = sorted({value(one, seed) for one in others for seed in one.profiles} - {-np.inf})
        tried = [values[0] - 1, *((a + b) / 2 for a, b in pairwise(values)), values[-1] + 1]
        costs = []
        for border in tried:
            regrets = [
                np.mean([one.regret("partial" if value(one, seed) < border else "linear") for seed in one.profiles])
                for one in others
            ]
            costs.append(float(np.mean(regrets)))
        best = np.flatnonzero(np.array(costs) <= min(costs) + 1e-9)
        borders[name] = tried[int(best[len(best) // 2])]
    return lambda one, seed: "partial" if value(one, seed) < borders[one.task.pictures] else "linear"


def _floor(every: Sequence[Seen]) -> str:
    """Return the regret of trying everything in one split and taking what is best on its held-out pictures."""
    regrets, advised = [], []
    for one in every:
        for seed in set(one.profiles) & set(one.accuracies.get("partial", {})):
            on = {name: found[seed] for name, found in one.accuracies.items() if seed in found}
            regrets.append(one.regret(max(on, key=lambda name: on[name])))
            advised.append(one.regret(advise(one.profiles[seed], BY_WHAT_IS_TRAINED, {}).strategy))
    return (
        f"- The noise floor: trying everything in one split and taking what is best on its held-out pictures loses "
        f"{np.mean(regrets):.2f} ({len(regrets)} splits in which `partial` was trained; its mean comes from the same "
        f"splits, so the floor is nearer 0 than it should be). The advice loses {np.mean(advised):.2f} there."
    )


def expectations_section(every: Sequence[Seen]) -> str:
    """Return how often the accuracy on the held-out pictures lay in the interval that was expected beforehand."""
    inside: dict[str, list[bool]] = defaultdict(list)
    bare: dict[str, list[bool]] = defaultdict(list)
    errors: dict[str, list[float]] = defaultdict(list)
    mended: dict[str, list[float]] = defaultdict(list)
    for one in every:
        for seed, found in one.profiles.items():
            for expected in advise(found, BY_WHAT_IS_TRAINED, {}).expected:
                reached = one.accuracies[expected.strategy].get(seed)
                if reached is None:
                    continue
                low, high = expected.interval
                own = 1.96 * np.sqrt(
                    max(expected.accuracy * (1 - expected.accuracy), 0.25 / one.held_out) / one.held_out
                )
                middle = expected.accuracy
                within = middle - np.hypot(middle - low, own) <= reached <= middle + np.hypot(high - middle, own)
                inside[expected.strategy].append(bool(within))
                bare[expected.strategy].append(low <= reached <= high)
                errors[expected.strategy].append(middle - reached)
        trains = [found.trains for found in one.profiles.values()]
        if trains and np.mean(trains) > 0.5:
            gain = one.means["partial"] - one.means["linear"]
            mended[one.task.pictures].append(gain / (1 - one.means["linear"]))
    lines = [
        "What was expected beforehand for new pictures. The luck of the held-out pictures is added to the interval.",
        "",
        "| strategy | splits | inside the 95 % interval | without that luck | mean error | mean absolute error |",
        "|---|---|---|---|---|---|",
    ]
    for name, held in inside.items():
        lines.append(
            f"| {name} | {len(held)} | {np.mean(held):.3f} | {np.mean(bare[name]):.3f} "
            f"| {100 * np.mean(errors[name]):+.1f} | {100 * np.mean(np.abs(errors[name])):.1f} |"
        )
    shares = ", ".join(f"{name} {np.mean(values):.2f}" for name, values in mended.items())
    return "\n".join(
        [
            *lines,
            "",
            f"Where it is advised, `partial` corrected these shares of the errors of `linear`, by set: {shares}. The "
            f"advice expects {MENDED[0]} ± {MENDED[1]}.",
        ]
    )


if __name__ == "__main__":
    main()
