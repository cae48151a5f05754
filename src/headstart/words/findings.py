"""Everything that a reader is warned of: one function for each finding, with its code and its sentence.

A `Finding` without a subject is about all of the results; its givers name the run where they know it.
"""

from __future__ import annotations

from collections.abc import Sequence

from headstart.records.findings import Finding
from headstart.words.judging import holds, quoted
from headstart.words.numbers import counted, joined, picture_of, pictures_of

KEPT_SOLVED_HEAD = "kept-solved-head"
NOT_JUDGED = "not-judged"


def kept_solved_head(pictures: int) -> Finding:
    """Tell that training was no better than the head on the frozen network, judged on so many `pictures`."""
    return Finding(
        code=KEPT_SOLVED_HEAD,
        severity="note",
        numbers={"pictures": float(pictures)},
        text=(
            f"Training more of the network did not help (judged on {counted(pictures, 'training picture')} set aside "
            "for this), so only the classifier on top has learned from your pictures."
        ),
    )


def both_answer(pictures: int) -> Finding:
    """Tell that trained and frozen network answer together, judged on so many `pictures`; 0: there were too few."""
    judged = (
        f"on {counted(pictures, 'training picture')} set aside to judge, the pretrained one alone was not better"
        if pictures
        else "with so few training pictures nobody can say which is better alone"
    )
    return Finding(
        code="both-answer",
        severity="note",
        numbers={"pictures": float(pictures)},
        text=f"The trained and the pretrained network answer together: {judged}.",
    )


def start_kept(run: str, pictures: int) -> Finding:
    """Tell that no epoch was better than the start, judged on so many held-out training `pictures`."""
    return Finding(
        code="start-kept",
        subject=run,
        numbers={"pictures": pictures},
        text=(
            f"No epoch of {run} was better than its start on the {counted(pictures, 'training picture')} set "
            "aside to judge it, so the start is kept."
        ),
    )


def short_of_memory(run: str, before: int, now: int) -> Finding:
    """Tell that so many pictures at once did not fit into memory."""
    text = f"{counted(before, 'picture')} at once do not fit into memory: continuing with {now}."
    return Finding(code="short-of-memory", subject=run, numbers={"before": before, "now": now}, text=text)


def full_precision(run: str, precision: str, where: str) -> Finding:
    """Tell that lower precision gave numbers that are not finite, so that the training began anew in float32."""
    text = f"With precision '{precision}' its loss was no longer a finite number in {where}. It was trained in float32."
    return Finding(code="full-precision", subject=run, text=text)


def chosen_on_measuring(split: str, last: float | None = None) -> Finding:
    """Tell that the pictures that measure also chose the epoch; `last` is the accuracy of the last one."""
    unchosen = "" if last is None else f" (the last epoch, which was not chosen, had {last:.3f})"
    return Finding(
        code="chosen-on-measuring",
        numbers={} if last is None else {"last": last},
        text=(
            f"The {picture_of(split)}s that measure also chose the epoch, so this accuracy is too high{unchosen}. "
            "Choosing inside the training pictures (the default) avoids that."
        ),
    )


def near_chance(accuracy: float, *, most_common: str, chance: float, sure: bool = True) -> Finding:
    """Tell that the accuracy is no better than always naming the most common class; likely causes only where `sure`."""
    causes = (
        ". Likely causes: too few pictures or epochs, a learning rate that is too high or too low, labels that do not "
        "belong to their pictures, or classes that this network can't see."
    )
    return Finding(
        code="near-chance",
        numbers={"accuracy": accuracy, "chance": chance},
        text=(
            f"Accuracy {accuracy:.3f} is no better than always answering '{most_common}' ({chance:.3f})"
            f"{causes if sure else ', but these pictures are too few to say why.'}"
        ),
    )


def not_judged(split: str, absent: Sequence[str]) -> Finding:
    """Tell that classes can't be judged, because the pictures that measure hold none of them."""
    return Finding(
        code=NOT_JUDGED,
        severity="note",
        subject=split,
        numbers={"classes": len(absent)},
        text=f"{quoted(absent)} can't be judged: {holds(split, absent, 0, them=_them(absent))}.",
    )


def chosen_without(split: str, absent: Sequence[str]) -> Finding:
    """Tell that the pictures that chose the epoch hold none of some classes."""
    return Finding(
        code="chosen-without-class",
        subject=split,
        numbers={"classes": len(absent)},
        text=(
            f"The epoch was chosen without {quoted(absent)}: {holds(split, absent, 0, them=_them(absent))}. Put "
            f"pictures of {_them(absent)} there, or leave that split out: then training pictures choose."
        ),
    )


def _them(classes: Sequence[str]) -> str:
    return "them" if len(classes) > 1 else "it"


def untrue_shares(ece: float, by_luck_at_most: float) -> Finding:
    """Tell that the stated probabilities are off by far more than luck explains."""
    return Finding(
        code="untrue-shares",
        numbers={"ece": ece, "by_luck_at_most": by_luck_at_most},
        text=(
            f"Do not rely on its probabilities: they are off by {ece:.2f} on average, and luck alone explains at most "
            f"{by_luck_at_most:.2f}."
        ),
    )


def no_stages_to_read(network: str) -> Finding:
    """Tell that the network has no stages that a head could read."""
    text = f"{network} has no stages that can be read, so heads read only its last features."
    return Finding(code="no-stages-to-read", text=text)


def not_converged(gradient: float, *, tolerance: float, steps: int) -> Finding:
    """Tell that the logistic head was not solved to its tolerance."""
    return Finding(
        code="not-converged",
        numbers={"gradient": gradient, "tolerance": tolerance, "steps": steps},
        text=(
            f"The logistic head did not quite converge in {steps} steps (gradient {gradient:.1g} instead of "
            f"{tolerance:.0e}), so its probabilities may be slightly off."
        ),
    )


def choice_not_converged(gradient: float, *, steps: int) -> Finding:
    """Tell that the logistic heads that choose the strength were not solved."""
    return Finding(
        code="choice-not-converged",
        numbers={"gradient": gradient, "steps": steps},
        text=(
            f"The logistic heads that choose the regularisation did not converge in {steps} steps (gradient "
            f"{gradient:.1g}), so another strength may be better, and the probabilities may be off."
        ),
    )


def svm_not_converged(steps: int) -> Finding:
    """Tell that the support vector machine was not solved."""
    text = f"The support vector machine did not converge in {steps:,} steps, so its answers may be slightly off."
    return Finding(code="not-converged", numbers={"steps": steps}, text=text)


def svm_on_some(kept: int, given: int) -> Finding:
    """Tell that the support vector machine has learned from some of the pictures."""
    return Finding(
        code="learned-from-some",
        severity="note",
        numbers={"kept": kept, "given": given},
        text=(
            f"The support vector machine learned from {kept:,} of the {given:,} training pictures, drawn from every "
            "class, because all of them do not fit into memory."
        ),
    )


def copies_across(
    one: str, other: str, pictures: Sequence[str], *, relabelled: Sequence[str] = (), label_there: str = ""
) -> Finding:
    """Tell that copies of pictures of split `one` are in split `other` too.

    Parameters
    ----------
    one, other : str
        The splits.
    pictures : sequence of str
        Those of `other` that are also in `one`.
    relabelled : sequence of str
        Those of them that have another label in `one`; of the first it is `label_there`.
    """
    numbers: dict[str, float] = {"pictures": len(pictures), "relabelled": len(relabelled)}
    are = f"are exact copies of {picture_of(one)}s" if len(pictures) > 1 else f"is an exact copy of a {picture_of(one)}"
    found, first = f"{pictures_of(other, len(pictures))} {are}", f"First: '{(relabelled or pictures)[0]}'"
    text = f"{found}, which makes accuracies too high. {first}."
    if relabelled:
        has = "has" if len(relabelled) == 1 else "have"
        text = f"{found}; {len(relabelled):,} {has} another label there: check them. {first} ('{label_there}' there)."
    return Finding(code="copies-across-splits", subject=other, numbers=numbers, pictures=tuple(pictures), text=text)


def contradicting_labels(split: str, pairs: Sequence[tuple[str, str]], *, labels: tuple[str, str]) -> Finding:
    """Tell that pictures stand twice in one split, with different labels; `labels` are those of the first pair."""
    (before, after), (one, other) = pairs[0], labels
    are = (
        "is an exact copy of another, with another label"
        if len(pairs) == 1
        else ("are exact copies of others, with other labels")
    )
    return Finding(
        code="contradicting-labels",
        subject=split,
        numbers={"pictures": len(pairs)},
        pictures=tuple(path for pair in pairs for path in pair),
        text=(
            f"{pictures_of(split, len(pairs))} {are}: '{before}' is '{one}', '{after}' is '{other}'. "
            "Check these labels."
        ),
    )


def out_of_time(strategies: Sequence[str]) -> Finding:
    """Tell that there was no time left for some strategies; each as a person reads it, such as "full (about 3 min)"."""
    text = f"There was no time for {joined(strategies)}. Run the same command without --budget to continue."
    return Finding(code="out-of-time", severity="note", numbers={"strategies": len(strategies)}, text=text)
