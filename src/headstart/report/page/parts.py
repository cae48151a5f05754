"""What stands in each section of the page: plain values, and drawings where there are some. No file is read here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup

from headstart.evidence.intervals import wilson
from headstart.evidence.reliability import at_temperature_one, reliability
from headstart.report import calibration_tables, standing, text
from headstart.report.cells import probability
from headstart.report.numbers import decimal, seconds_text
from headstart.report.page import drawings, matrices, svg
from headstart.report.page.advised import quadrants
from headstart.report.page.answers import counted, off_by_more_than_luck, promises_too_much, seriated
from headstart.report.page.drawings import points
from headstart.report.page.mapped import coloured, feature_map
from headstart.report.page.questions import PLAIN
from headstart.report.page.reading import HeldOutAnswers, Places
from headstart.report.page.svg import Scale

Results = Mapping[str, Any]
Context = dict[str, Any]

MOST_PAIRS = 15


def opening(results: Results) -> Context:
    """Return title, what was compared on what, and the verdict's sentences."""
    recipe, data = (results.get("recipe") or {}).get("title"), results["data"]
    title = recipe or data.get("title")
    facts = [text.describe_data(results), text.describe_backbone(results), text.describe_machine(results)]
    return {
        "title": title[:1].upper() + title[1:] if title else str(data.get("name") or "Pictures"),
        "facts": [fact for fact in facts if fact],
        "said": (results.get("verdict") or {}).get("text"),
        "complete": results.get("complete", True),
    }


def winner_card(results: Results, typed: text.Typed) -> Context | None:
    """Return the recommended strategy, what it reached, and what to type to use it."""
    decision, split = results.get("verdict") or {}, standing.measured_split(results)
    run = next((run for run in results["runs"] if run["id"] == decision.get("winner")), None)
    if run is None:
        return None
    found, bundle = standing.metrics_of(run, split), text.quoted(f"{typed.folder}/{run['bundle']}")
    commands = [
        ("Answer for new pictures", f"{typed.program} predict {bundle} PICTURES"),
        (
            "… into a table and a sheet of pictures",
            f"{typed.program} predict {bundle} PICTURES --csv answers.csv --grid answers.png",
        ),
        ("Measure it on other labelled pictures", f"{typed.program} evaluate {bundle} FOLDER"),
        ("In Python", f'import headstart as hs\nhs.load({typed.folder + "/" + run["bundle"]!r}).predict(["new.jpg"])'),
    ]
    return {
        "id": run["id"],
        "decided": standing.decided(results),
        "plain": PLAIN.get(run["strategy"], ""),
        "accuracy": found.get("accuracy"),
        "interval": found.get("interval"),
        "bar": svg.interval_bar(
            found.get("accuracy"), found.get("interval"), Scale(0.0, 1.0, 0, 100), strategy=run["strategy"]
        ),
        "n": found.get("n"),
        "split": split,
        "optimistic": found.get("used_for_choosing"),
        "tied": list(decision.get("tied_with") or ()),
        "commands": commands if typed.folder else [],
    }


def strategies(results: Results) -> Context:
    """Return the rows of the table of strategies, best first, with bars on one scale."""
    split, runs = standing.measured_split(results), standing.ranked(results)
    scale = svg.share_scale(
        (e for run in runs for e in standing.metrics_of(run, split).get("interval") or ()), 0.0, 100.0
    )
    rows = []
    for run in runs:
        found, held = standing.metrics_of(run, split), run.get("parameters") or {}
        rows.append(
            {
                "id": run["id"],
                "strategy": run["strategy"],
                "plain": PLAIN.get(run["strategy"], ""),
                "sign": _key(run["strategy"]),
                "cut": standing.cut_of(run),
                "mark": _mark(run["id"], results),
                "accuracy": found.get("accuracy"),
                "interval": found.get("interval"),
                "bar": svg.interval_bar(found.get("accuracy"), found.get("interval"), scale, strategy=run["strategy"]),
                "loss": found.get("loss"),
                "macro_f1": found.get("macro_f1"),
                "seconds": (run.get("seconds") or {}).get("total"),
                "trained": held.get("trained") or 0,
                "size": held.get("total"),
                "flops": run.get("flops"),
            }
        )
    n = next((found["n"] for run in runs if (found := standing.metrics_of(run, split))), None)
    chance, late = standing.chance_accuracy(results), results.get("not_run") or []
    return {"rows": rows, "n": n, "split": split, "low": scale.low, "high": scale.high, "chance": chance, "late": late}


def _mark(name: str, results: Results) -> str:
    """Return what the verdict makes of a run, in a word or two."""
    decision = results.get("verdict") or {}
    if name == decision.get("winner"):
        return "in doubt" if standing.marks(results)[name] == standing.DOUBTFUL else "taken"
    if name in (decision.get("same_as") or {}):
        return f"head of {decision['same_as'][name]}"
    return "tied" if name in (decision.get("tied_with") or ()) else ""


def pairs(results: Results) -> Context | None:
    """Return the differences between strategies with their intervals, the winner's first, on one scale around zero."""
    winner, found = (results.get("verdict") or {}).get("winner"), list(results.get("comparisons") or ())
    if not found:
        return None
    found.sort(key=lambda pair: winner not in (pair["a"], pair["b"]))
    shown = [_turned(pair, winner) for pair in found[:MOST_PAIRS]]
    reach = max(0.01, *(abs(end) for pair in shown for end in pair["interval"] or (pair["difference"],)))
    scale = Scale(-reach * 1.05, reach * 1.05, 0.0, 100.0)
    rows = [
        {
            **pair,
            "points": points(pair["difference"]),
            "ends": " to ".join(points(end) for end in pair["interval"] or ()),
            "bar": svg.interval_bar(pair["difference"], pair["interval"], scale, strategy=pair["a"], zero=True),
            "p": probability(pair.get("p")),
            "adjusted": probability(pair.get("p_adjusted")),
            "told": pair.get("p_adjusted") is not None and float(pair["p_adjusted"]) < 0.05,
        }
        for pair in shown
    ]
    first = [row for row in rows if winner in (row["a"], row["b"])] or rows[:5]
    others = [row for row in rows if row not in first]
    return {
        "rows": first,
        "others": others,
        "left": len(found) - len(shown),
        "group": any(p.get("unit") == "group" for p in found),
    }


def _turned(pair: Mapping[str, Any], winner: str | None) -> Context:
    """Return a pair with the winner first, or the more accurate one."""
    ends = pair.get("interval")
    if pair["b"] != winner and (pair["a"] == winner or pair["difference"] >= 0):
        return {**pair, "interval": ends}
    return {
        **pair,
        "a": pair["b"],
        "b": pair["a"],
        "difference": -pair["difference"],
        "interval": ends and [-ends[1], -ends[0]],
    }


def classes(results: Results, answers: HeldOutAnswers, run: str) -> Context:
    """Return the table of classes, the hardest first, and the confusion matrix in the form that fits its size."""
    metrics = standing.metrics_of(_run(results, run), standing.measured_split(results))
    matrix = counted(answers, run)
    sizes, recalls = matrix.sum(axis=1), metrics.get("per_class_recall") or [None] * len(matrix)
    limits = metrics.get("per_class_recall_intervals") or [None] * len(matrix)
    rows, scale = [], Scale(0.0, 1.0, 0.0, 100.0)
    for at, name in enumerate(answers.classes):
        wrong = np.where(np.arange(len(matrix)) == at, 0, matrix[at])
        taken = [(answers.classes[k], int(wrong[k])) for k in np.argsort(-wrong, kind="stable")[:2] if wrong[k]]
        kind = (_run(results, run) or {}).get("strategy", "linear")
        bar = svg.interval_bar(recalls[at], limits[at], scale, strategy=kind)
        rows.append(
            {"name": name, "recall": recalls[at], "ends": limits[at], "bar": bar, "n": int(sizes[at]), "taken": taken}
        )
    rows.sort(key=lambda row: (row["recall"] is None, row["recall"] or 0.0))
    small = len(matrix) <= matrices.MOST_NUMBERED
    return {
        "rows": rows,
        "small": matrices.numbered(matrix, answers.classes) if small else None,
        "large": Markup("") if small else matrices.drawn(matrix, seriated(matrix)),
        "cells": [] if small else matrices.sparse(matrix),
        "names": list(answers.classes),
        "macro_f1": metrics.get("macro_f1"),
        "balanced": metrics.get("balanced_accuracy"),
    }


def sure(results: Results, answers: HeldOutAnswers, run: str, temperature: float | None) -> Context:
    """Return how honest the stated probabilities are, before and after the temperature, and the prediction sets."""
    probabilities = answers.probabilities[run]
    record = standing.metrics_of(_run(results, run), standing.measured_split(results)).get("calibration") or {}
    after = reliability(answers.labels, probabilities)
    for entry in after:
        entry["interval"] = wilson(round(entry["right"] * entry["n"]), entry["n"])
    changed = temperature is not None and abs(temperature - 1.0) > 1e-9
    before = reliability(answers.labels, at_temperature_one(probabilities, temperature or 1.0)) if changed else None
    return {
        "drawing": drawings.promises(after, before),
        "before": bool(before),
        "too_much": promises_too_much(answers, run),
        "off": off_by_more_than_luck(record),
        "temperature": temperature,
        "record": record,
        "tables": calibration_tables.tables(results),
    }


def feature_map_of(results: Results, answers: HeldOutAnswers, run: str, places: Places, near: Places) -> Context | None:
    """Return the map of the features with its key, where there is one, and beside it that by neighbours."""
    drawn = feature_map(answers, run, places)
    if not drawn:
        return None
    colours = coloured(answers)
    key = [(answers.classes[label], _key(svg.STRATEGIES[at])) for at, label in enumerate(colours)]
    return {
        "drawing": drawn,
        "near": feature_map(answers, run, near, "which of them the network finds alike"),
        "key": key,
        "others": len(answers.classes) - len(colours),
        "explained": sum((results.get("map") or {}).get("explained") or [0.0]),
        "names": list(enumerate(answers.classes)),
    }


def _key(strategy: str) -> Markup:
    return svg.tag("svg", svg.symbol(strategy, 8, 8, 5), viewBox="0 0 16 16", class_="key", aria_hidden="true")


def advice(results: Results) -> Context | None:
    """Return the chart of size and similarity with its sentences, where an advice was made."""
    found = results.get("advice")
    if not found or not found.get("size") or not found.get("similarity"):
        return None
    return {"drawing": quadrants(found), "said": found.get("text"), "strategy": found.get("strategy")}


def over_splits(results: Results) -> Context | None:
    """Return what every strategy reached over folds and seeds."""
    found = results.get("resampling")
    if not found:
        return None
    entries = sorted(found["strategies"], key=lambda entry: -entry["accuracy"])
    scale = svg.share_scale((e for entry in entries for e in (*entry["interval"], entry["lowest"])), 0.0, 100.0)
    rows = [
        {**entry, "bar": svg.interval_bar(entry["accuracy"], entry["interval"], scale, strategy=entry["strategy"])}
        for entry in entries
    ]
    how = (
        f"{found['folds']} folds, {found['seeds']} times over" if found["folds"] else f"{found['seeds']} random splits"
    )
    return {"rows": rows, "how": how, "train": found["train"], "test": found["test"]}


def data(results: Results) -> Context:
    """Return counts by class and split with bars, and the skipped files."""
    found = results["data"]
    counts, names = found.get("counts", {}), found.get("classes", [])
    splits = [split for split in ("train", "val", "test") if sum((counts.get(split) or {}).values())]
    most = max((counts[split].get(name, 0) for split in splits for name in names), default=0) or 1
    rows = [
        {
            "name": name,
            "cells": [(counts[s].get(name, 0), matrices.bar(counts[s].get(name, 0) / most, "filled")) for s in splits],
        }
        for name in names
    ]
    return {
        "splits": splits,
        "rows": rows,
        "totals": [sum(counts[split].values()) for split in splits],
        "skipped": found.get("skipped") or [],
        "ignored": found.get("ignored") or 0,
        "fingerprint": found.get("fingerprint"),
    }


def making(results: Results) -> Context:
    """Return plan against actual time, settings, environment, and how to do it again."""
    steps = results.get("plan") or []
    most = max((s for step in steps for s in (step.get("seconds"), step.get("estimated_seconds")) if s), default=1.0)
    rows = [
        {
            "step": step["step"],
            "estimated": seconds_text(step.get("estimated_seconds")),
            "taken": seconds_text(step.get("seconds")),
            "bars": [
                matrices.bar((step.get(key) or 0.0) / most, kind)
                for key, kind in (("estimated_seconds", "planned"), ("seconds", "filled"))
            ],
        }
        for step in steps
    ]
    return {
        "plan": rows,
        "settings": [
            (run["id"], [(k, plain(v)) for k, v in (run.get("settings") or {}).items()]) for run in results["runs"]
        ],
        "chosen": _chosen(results),
        "backbone": [
            (key, plain(value)) for key, value in (results.get("backbone") or {}).items() if value is not None
        ],
        "environment": [(key, plain(value)) for key, value in (results.get("environment") or {}).items()],
        "command": results.get("command"),
        "seed": results.get("seed"),
        "version": results.get("headstart"),
    }


def _chosen(results: Results) -> list[tuple[str, str, list[tuple[str, str]]]]:
    chosen = results.get("chosen") or {}
    tried = chosen.get("by") or {}
    return [
        (what, chosen[what], [(name, decimal(loss)) for name, loss in (tried.get(what) or {}).items()])
        for what in ("framing", "augment")
        if chosen.get(what)
    ]


def plain(value: Any) -> str:
    """Return a value of the results as a person reads it."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {plain(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(plain(item) for item in value) or "–"
    return "–" if value is None else str(value)


def _run(results: Results, name: str) -> Mapping[str, Any]:
    return next((run for run in results["runs"] if run["id"] == name), {})
