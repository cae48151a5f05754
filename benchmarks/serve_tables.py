"""What `serve_peers.py` measured, as Markdown."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from measuring import processor

Rounds = Sequence[Mapping[str, Any]]
CLIENTS = (1, 8, 16, 32)
TITLES = {
    "headstart": "`headstart serve`",
    "litserve": "LitServe",
    "bentoml": "BentoML",
    "naive": "FastAPI + torch, as in tutorials",
}


def section(
    options: argparse.Namespace,
    chosen: Mapping[str, Mapping[str, Any]],
    rounds: Mapping[str, Rounds],
    *,
    offline: float | None = None,
    swapped: Mapping[str, Any] | None = None,
) -> str:
    """Return the whole section."""
    own = median(one[str(n)]["own_share"] for its in rounds.values() for one in its for n in CLIENTS)
    told = {side: ", ".join(f"{name} {value}" for name, value in its.items()) for side, its in chosen.items() if its}
    settings = "; ".join(f"{TITLES[side]}: {text}" for side, text in told.items())
    lines = [
        "### Beside other servers",
        "",
        f"`python benchmarks/serve_peers.py BUNDLE PICTURES`: rounds in turn: {options.repeats}, "
        f"{options.seconds:g} s for each number of clients, medians.",
        f"{processor()}, two cores for server and load together. The load is plain asyncio on sockets and takes "
        f"{100 * own:.0f} % of one of them (median).",
        "Connections stay open. headstart takes the JPEG as the body, the others as an upload.",
    ]
    lines += [f"Of the settings that were tried, the quickest at 32 clients were taken. {settings}."] if told else []
    lines += ["", *speed(rounds), "", *ratios(rounds), "", *endurance(rounds, options.overload), ""]
    if offline is not None:
        rate_16 = rate(rounds["headstart"], 16)
        lines.append(
            f"- Without a server the same bundle answers for {offline:.1f} pictures/s. At 16 clients `headstart serve` "
            f"does {100 * rate_16 / offline:.0f} % of that."
        )
    if swapped is not None:
        failed = sum(swapped["failed"].values()) + sum(n for said, n in swapped["statuses"].items() if said != "200")
        lines.append(
            f"- The bundle was replaced {options.swaps} times while 8 clients asked: {swapped['served']:,} answers, "
            f"of {swapped['versions']} versions, {failed} failed, {swapped['mixed']} mixed (an answer that is not of "
            "the version it names)."
        )
    return "\n".join(lines)


def rate(rounds: Rounds, clients: int) -> float:
    """Return pictures a second, the median of all rounds."""
    return float(median(one[str(clients)]["per_second"] for one in rounds))


def milliseconds(rounds: Rounds, clients: int, name: str) -> str:
    """Return a quantile of the time for an answer, the median of all rounds."""
    return f"{1000 * median(one[str(clients)][name] or float('nan') for one in rounds):,.0f}"


def speed(rounds: Mapping[str, Rounds]) -> list[str]:
    """Return the tables of rates and times."""
    heads = " | ".join(f"{n} client{'s' * (n > 1)}" for n in CLIENTS)
    lines = [f"| pictures/s at | {heads} | worst difference of a probability |", f"|---|{'---|' * len(CLIENTS)}---|"]
    for side, its in rounds.items():
        rates = [f"{rate(its, n):.1f}" for n in CLIENTS]
        worst = max(one["worst"] for one in its)
        lines.append(f"| {TITLES[side]} | {' | '.join(rates)} | {worst:.4f} |")
    lines += ["", f"| ms for an answer, median and 99 %, at | {heads} |", f"|---|{'---|' * len(CLIENTS)}"]
    for side, its in rounds.items():
        times = [f"{milliseconds(its, n, 'p50')} / {milliseconds(its, n, 'p99')}" for n in CLIENTS]
        lines.append(f"| {TITLES[side]} | {' | '.join(times)} |")
    return lines


def ratios(rounds: Mapping[str, Rounds]) -> list[str]:
    """Return how many times as many pictures headstart answers for, by the number of clients."""
    if "headstart" not in rounds:
        return []
    lines = []
    for side, its in rounds.items():
        if side != "headstart":
            times = [
                f"{rate(rounds['headstart'], n) / rate(its, n):.2f} at {n}{' client' if n == 1 else ''}"
                for n in CLIENTS
            ]
            lines.append(
                f"- Pictures/s of {TITLES['headstart']} divided by those of {TITLES[side]}: {', '.join(times)}."
            )
    return lines


def endurance(rounds: Mapping[str, Rounds], overload: float) -> list[str]:
    """Return the table of memory and overload."""
    lines = [
        f"| | memory before, MB | and after requests, MB | sent at {overload:g} times the rate | answered | 503 "
        "| other statuses | failed or not sent | p50 / p99 of the answered, ms | 8 clients afterwards |",
        f"|---|{'---|' * 9}",
    ]
    for side, its in rounds.items():
        last = its[-1]
        before, count, after = last["memory"]
        found = last["overload"]
        others = {status: n for status, n in found["statuses"].items() if status not in ("200", "503")}
        lost = sum(found["failed"].values()) + found["unsent"]
        sent = sum(found["statuses"].values()) + lost
        p50, p99 = (f"{1000 * (found[name] or float('nan')):,.0f}" for name in ("p50", "p99"))
        again = "all answered" if set(last["after"]["statuses"]) == {"200"} else str(last["after"]["statuses"])
        lines.append(
            f"| {TITLES[side]} | {before:,.0f} | {after:,.0f} after {count:,} | {sent:,} | {found['served']:,} "
            f"| {found['statuses'].get('503', 0):,} | {others or 'none'} | {lost:,} | {p50} / {p99} | {again} |"
        )
    return lines
