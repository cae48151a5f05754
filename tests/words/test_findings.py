"""What a reader is warned of: codes for programs, sentences for people."""

from __future__ import annotations

import pytest

from headstart.records.findings import Finding
from headstart.words import findings

CASES = [
    (
        findings.kept_solved_head(54),
        "kept-solved-head",
        "Training more of the network did not help (judged on 54 training pictures set aside for this), so only "
        "the classifier on top has learned from your pictures.",
    ),
    (
        findings.both_answer(54),
        "both-answer",
        "The trained and the pretrained network answer together: on 54 training pictures set aside to judge, the "
        "pretrained one alone was not better.",
    ),
    (
        findings.both_answer(0),
        "both-answer",
        "The trained and the pretrained network answer together: with so few training pictures nobody can say which is "
        "better alone.",
    ),
    (
        findings.start_kept("full", 12),
        "start-kept",
        "No epoch of full was better than its start on the 12 training pictures set aside to judge it, so the start is "
        "kept.",
    ),
    (
        findings.short_of_memory("full", 8, 4),
        "short-of-memory",
        "8 pictures at once do not fit into memory: continuing with 4.",
    ),
    (
        findings.full_precision("full", "bf16", "epoch 2, step 3"),
        "full-precision",
        "With precision 'bf16' its loss was no longer a finite number in epoch 2, step 3. It was trained in float32.",
    ),
    (
        findings.chosen_on_measuring("val", 0.912),
        "chosen-on-measuring",
        "The validation pictures that measure also chose the epoch, so this accuracy is too high (the last epoch, "
        "which was not chosen, had 0.912). Choosing inside the training pictures (the default) avoids that.",
    ),
    (
        findings.chosen_on_measuring("val"),
        "chosen-on-measuring",
        "The validation pictures that measure also chose the epoch, so this accuracy is too high. Choosing inside the "
        "training pictures (the default) avoids that.",
    ),
    (
        findings.near_chance(0.5, most_common="bees", chance=0.542),
        "near-chance",
        "Accuracy 0.500 is no better than always answering 'bees' (0.542). Likely causes: too few pictures or epochs, "
        "a learning rate that is too high or too low, labels that do not belong to their pictures, or classes that "
        "this network can't see.",
    ),
    (
        findings.untrue_shares(0.21, 0.08),
        "untrue-shares",
        "Do not rely on its probabilities: they are off by 0.21 on average, and luck alone explains at most 0.08.",
    ),
    (
        findings.no_stages_to_read("vit"),
        "no-stages-to-read",
        "vit has no stages that can be read, so heads read only its last features.",
    ),
    (
        findings.not_converged(0.02, tolerance=1e-6, steps=100),
        "not-converged",
        "The logistic head did not quite converge in 100 steps (gradient 0.02 instead of 1e-06), so its probabilities "
        "may be slightly off.",
    ),
    (
        findings.choice_not_converged(0.2, steps=100),
        "choice-not-converged",
        "The logistic heads that choose the regularisation did not converge in 100 steps (gradient 0.2), so another "
        "strength may be better, and the probabilities may be off.",
    ),
    (
        findings.svm_not_converged(1_000_000),
        "not-converged",
        "The support vector machine did not converge in 1,000,000 steps, so its answers may be slightly off.",
    ),
    (
        findings.svm_on_some(6000, 9000),
        "learned-from-some",
        "The support vector machine learned from 6,000 of the 9,000 training pictures, drawn from every class, because "
        "all of them do not fit into memory.",
    ),
    (
        findings.copies_across("train", "val", ["a.png", "b.png"]),
        "copies-across-splits",
        "2 validation pictures are exact copies of training pictures, which makes accuracies too high. First: 'a.png'.",
    ),
    (
        findings.copies_across("val", "test", ["a.png"], relabelled=["a.png"], label_there="ants"),
        "copies-across-splits",
        "1 test picture is an exact copy of a validation picture; 1 has another label there: check them. "
        "First: 'a.png' ('ants' there).",
    ),
    (
        findings.contradicting_labels("train", [("a.png", "b.png")], labels=("ants", "bees")),
        "contradicting-labels",
        "1 training picture is an exact copy of another, with another label: 'a.png' is 'ants', 'b.png' is 'bees'. "
        "Check these labels.",
    ),
    (
        findings.contradicting_labels("val", [("a", "b"), ("c", "d")], labels=("ants", "bees")),
        "contradicting-labels",
        "2 validation pictures are exact copies of others, with other labels: 'a' is 'ants', 'b' is 'bees'. "
        "Check these labels.",
    ),
    (
        findings.out_of_time(["full (about 3 min)", "scratch"]),
        "out-of-time",
        "There was no time for full (about 3 min) and scratch. Run the same command without --budget to continue.",
    ),
]


@pytest.mark.parametrize(("found", "code", "text"), CASES, ids=[code for _, code, _ in CASES])
def test_what_is_said(found: Finding, code: str, text: str) -> None:
    assert (found.code, found.text) == (code, text)


def test_programs_read_the_rest() -> None:
    found = findings.copies_across("train", "val", ["a.png", "b.png"], relabelled=["b.png"], label_there="ants")
    assert (found.subject, found.pictures) == ("val", ("a.png", "b.png"))
    assert found.numbers == {"pictures": 2, "relabelled": 1}
    assert found.severity == "warning"
    pairs = findings.contradicting_labels("val", [("a", "b"), ("c", "d")], labels=("x", "y"))
    assert (pairs.subject, pairs.pictures) == ("val", ("a", "b", "c", "d"))
    assert findings.kept_solved_head(9).severity == "note"
    assert findings.short_of_memory("full", 8, 4).subject == "full"
