"""How the pictures were read: whatever was cut, turned or converted, said once for all pictures that it happened to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from headstart.records.findings import Finding
from headstart.records.notes import NOTES, Note
from headstart.records.progress import Progress
from headstart.words.numbers import counted, joined

_CODE = "read-"
_FEW, _NEARLY_ALL = 5, 0.9  # pictures of a class, and share of it, from which on a note may give it away


class _Said(NamedTuple):
    """The sentence after "3 pictures", for one and for several, and its short form in a list; `warns`: it may hurt."""

    one: str
    several: str
    short: str
    warns: bool = False


_SAID: Mapping[Note, _Said] = {
    "beyond-white": _Said(
        "holds values above {white:,}, which is white in this data set: they are cut to white.",
        "hold values above {white:,}, which is white in this data set: they are cut to white.",
        "cut at white",
        warns=True,
    ),
    "cmyk": _Said(
        "is CMYK without a colour profile, so its colours are approximate.",
        "are CMYK without a colour profile, so their colours are approximate.",
        "converted from CMYK without a colour profile",
    ),
    "dim": _Said(
        "has 16 bits, but no value above 4,095, so it is nearly black. Save it as 8 bits, or scale it.",
        "have 16 bits, but no value above 4,095, so they are nearly black. Save them as 8 bits, or scale them.",
        "nearly black, because they use only the lower of 16 bits",
        warns=True,
    ),
    "elongated": _Said(
        "is more than twice as long as it is wide, and the crop shows only its middle: less than half of it.",
        "are more than twice as long as they are wide, and the crop shows only their middle: less than half of them.",
        "cropped to their middle",
        warns=True,
    ),
    "fourth-channel": _Said(
        "has a fourth channel, of which the file does not say that it is opacity: it is not used.",
        "have a fourth channel, of which the files do not say that it is opacity: it is not used.",
        "read without their fourth channel",
    ),
    "gamma": _Said(
        "states an unusual gamma and was converted to sRGB, as browsers do.",
        "state an unusual gamma and were converted to sRGB, as browsers do.",
        "converted from an unusual gamma",
    ),
    "long": _Said(
        "is more than 16 times as long as it is wide: it is kept whole, but small.",
        "are more than 16 times as long as they are wide: they are kept whole, but small.",
        "very long and therefore small",
    ),
    "negative": _Said(
        "is stored with white as zero and was turned round, as viewers do.",
        "are stored with white as zero and were turned round, as viewers do.",
        "stored with white as zero, and turned round",
    ),
    "opacity": _Said(
        "is transparent in parts and was laid on white, as viewers do.",
        "are transparent in parts and were laid on white, as viewers do.",
        "transparent in parts, and laid on white",
    ),
    "pages": _Said(
        "holds several pages or frames: only the first one is read.",
        "hold several pages or frames: only the first one is read.",
        "read from their first page",
        warns=True,
    ),
    "profile": _Said(
        "has a colour profile other than sRGB and was converted, as viewers do.",
        "have a colour profile other than sRGB and were converted, as viewers do.",
        "converted from a colour profile to sRGB",
    ),
    "profile-ignored": _Said(
        "states colours in a way that cannot be used: they are taken for sRGB.",
        "state colours in a way that cannot be used: they are taken for sRGB.",
        "taken for sRGB, because what they state of their colours cannot be used",
    ),
    "transparent": _Said(
        "is fully transparent: nothing but white can be seen of it.",
        "are fully transparent: nothing but white can be seen of them.",
        "fully transparent",
        warns=True,
    ),
    "turned": _Said(
        "was turned upright, as its camera noted (EXIF).",
        "were turned upright, as their cameras noted (EXIF).",
        "turned upright (EXIF)",
    ),
    "white": _Said(
        "has 16 bits; in this data set no value is above {white:,}, so that is white.",
        "have 16 bits; in this data set no value is above {white:,}, so that is white.",
        "of 16 bits, with {white:,} as white",
    ),
}


def read_findings(notes: Iterable[tuple[str, Sequence[Note]]], *, white: int) -> tuple[Finding, ...]:
    """Return a finding for each kind of note.

    Parameters
    ----------
    notes : iterable of (path, notes)
    white : int
        The value that is white in pictures of 16 bits.
    """
    paths: dict[Note, list[str]] = {note: [] for note in NOTES}
    for path, said in notes:
        for note in said:
            paths[note].append(path)
    return tuple(_finding(note, len(found), found, white) for note, found in paths.items() if found)


def of_one_picture(*, white: int) -> dict[str, str]:
    """Return what is said of a single picture, by note: for example that it was turned upright."""
    return {note: f"This picture {said.one.format(white=white)}" for note, said in _SAID.items()}


def counted_findings(counts: Mapping[Note, int], firsts: Mapping[Note, str], *, white: int) -> tuple[Finding, ...]:
    """Return the same for pictures of which only the number and the first one's path are known: too many to keep."""
    return tuple(_finding(note, counts[note], [firsts[note]], white) for note in NOTES if counts.get(note))


def _finding(note: Note, count: int, paths: Sequence[str], white: int) -> Finding:
    said, such = _SAID[note], f" For example '{paths[0]}'." if _SAID[note].warns else ""
    rest = (said.one if count == 1 else said.several).format(white=white)
    return Finding(
        code=_CODE + note,
        severity="warning" if said.warns else "note",
        numbers={"pictures": count, "white": white},
        pictures=tuple(paths),
        text=f"{counted(count, 'picture')} {rest}{such}",
    )


def told_by_reading(noted: Iterable[tuple[str, Sequence[Note]]], everything: Sequence[str]) -> tuple[Finding, ...]:
    """Return a finding for each kind of note that a whole class has and no other: it may give the class away.

    Parameters
    ----------
    noted : iterable of (class, notes)
        For each picture with notes.
    everything : sequence of str
        The class of every picture.
    """
    sizes, found = Counter(everything), list[Finding]()
    by_note: dict[Note, Counter[str]] = {note: Counter() for note in NOTES}
    for label, notes in noted:
        for note in notes:
            by_note[note][label] += 1
    for note, counts in by_note.items():
        (label, count), *others = counts.most_common() or [("", 0)]
        if others or len(sizes) < 2 or count < max(_FEW, _NEARLY_ALL * sizes[label]):
            continue
        found.append(
            Finding(
                code="told-by-reading",
                subject=label,
                numbers={"pictures": count, "of": sizes[label]},
                text=(
                    f"{count:,} of the {sizes[label]:,} pictures of '{label}', and none of another class, were "
                    f"{_SAID[note].short.split(',')[0].format(white=0)}. A classifier may know the class by that, and "
                    "not by what the pictures show. Take or save the pictures of all classes in the same way."
                ),
            )
        )
    return tuple(found)


def is_reading_note(finding: Finding) -> bool:
    """Return whether a finding only tells how pictures were read, so that nobody must be warned."""
    return finding.code.startswith(_CODE) and finding.severity == "note"


def apart_from_cropping(findings: Iterable[Finding], framing: str | None = None) -> tuple[Finding, ...]:
    """Return the findings without what does not hold by this framing: less than half is seen, or all, but small."""
    return tuple(one for one in findings if one.code != _CODE + not_said_of(framing))


def not_said_of(framing: str | None) -> Note:
    """Return which of the two notes on long pictures does not hold by this framing."""
    return "long" if framing == "crop" else "elongated"


def read_line(findings: Iterable[Finding]) -> str | None:
    """Return one line for all that only tells how pictures were read; None if there is nothing."""
    parts = []
    for finding in filter(is_reading_note, findings):
        short = next((said.short for note, said in _SAID.items() if finding.code == _CODE + note), None)
        if short is not None:
            parts.append(f"{finding.numbers['pictures']:,.0f} {short.format(white=int(finding.numbers['white']))}")
    return f"How the pictures were read: {joined(parts)}." if parts else None


def tell_reading(findings: Iterable[Finding], progress: Progress) -> None:
    """Say each warning, and in one line all that only tells how pictures were read."""
    told = list(findings)
    for finding in told:
        if not is_reading_note(finding):
            progress.message(finding.text)
    line = read_line(told)
    if line is not None:
        progress.message(line)


def made_with_older_rules(rule: int) -> str:
    """Tell how a classifier that was made by an earlier rule reads pictures (`headstart.records.preprocessing`)."""
    if rule > 1:
        return (
            "This classifier was made with an older headstart, and reads pictures as that did: large pictures that are "
            "no JPEGs come out a little softer. Make it again to read all forms alike."
        )
    return (
        "This classifier was made with an older headstart, and reads pictures as that did: it does not use colour "
        "profiles, keeps only the middle of very long pictures, and takes some TIFFs for negatives or for transparent. "
        "Make it again to read them as viewers show them."
    )
