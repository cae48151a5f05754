"""What an exported classifier says of itself, and how it compares with the bundle that it was made from."""

from __future__ import annotations

from typing import Literal

from headstart.records.preprocessing import Preprocessing
from headstart.records.record import Count, Figure, Interval, Record, Share, changed

InputForm = Literal["picture", "squares"]
FORMS: tuple[InputForm, ...] = ("picture", "squares")


class ExportedFacts(Record, omit_defaults=True):
    """Stands as JSON under ``headstart`` in the metadata of an exported file.

    Parameters
    ----------
    bundle : str
        Fingerprint of the bundle that it was made from (`headstart.bundle.fingerprint_of`).
    level : float
        How often the prediction set holds the true class.
    threshold : float, optional
        What a class's probability must reach to be in the set; None: there are no sets at this level.
    limit : float, optional
        Beyond this distance a picture is none of the classes; None where it is not known.
    input : str
        ``"picture"``: one of any size; ``"squares"``: many, framed already.
    eight_bits : bool
        Whether the network computes with whole numbers of 8 bits.
    """

    format: Count
    headstart: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    bundle: str
    network: str
    strategy: str
    licence: str
    level: Share
    input: InputForm
    threshold: Figure | None = None
    limit: Figure | None = None
    eight_bits: bool = False


class Differing(Record):
    """One picture, and how differently the two answer for it."""

    path: str
    difference: Figure
    bundle: str
    exported: str


class Agreement(Record):
    """How far an exported classifier and its bundle agree, one way of asking.

    Parameters
    ----------
    pictures : int
    worst : float
        The largest difference of a probability.
    median : float
        Of each picture's largest difference.
    same : int
        Pictures with the same answer.
    ties : int
        Pictures with another answer where the bundle's two most probable classes lie closer than `bound` allows.
    bound : float
        What the largest difference may be.
    same_sets, same_none : int, optional
        Pictures with the same prediction set, and the same word on none of these; None where there are none.
    other : int
        Pictures whose set or whose word on none of these is another one, though nothing lies near a limit.
    worst_pictures : tuple of Differing
        Those that differ most.
    """

    pictures: Count
    worst: Figure
    median: Figure
    same: Count
    ties: Count
    bound: Figure
    same_sets: Count | None = None
    same_none: Count | None = None
    other: Count = 0
    worst_pictures: tuple[Differing, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether answers, sets and words on none of these are the same, but for ties, and probabilities near."""
        return self.worst <= self.bound and self.same + self.ties == self.pictures and not self.other


class Drop(Record):
    """What 8 bits cost in accuracy on labelled pictures that were not learned from, with the interval of the loss."""

    pictures: Count
    split: str
    bundle_right: Count
    exported_right: Count
    difference: Figure
    interval: Interval
    most: Share


class Parity(Record, omit_defaults=True):
    """The proof that goes with an exported file: on which pictures it was run beside its bundle, and what came of it.

    Parameters
    ----------
    file, sha256 : str
        The exported file.
    kinds : mapping of str to int
        How many pictures of each kind were asked about.
    on_squares : Agreement
        Asked about the very same squares.
    from_files : Agreement, optional
        From file to answer, scaled by either in its own way; None where the file takes squares only.
    at_full_size : Agreement, optional
        The same of large JPEGs, of a program that does not let the decoder make them smaller: for information.
    drop : Drop, optional
        With 8 bits.
    unread : tuple of str
        Pictures that could not be read.
    agrees : bool
        Whether the exported file may be used in the bundle's place, as `judged` says it.
    """

    format: Count
    headstart: str
    agrees: bool
    file: str
    sha256: str
    facts: ExportedFacts
    versions: dict[str, str]
    kinds: dict[str, Count]
    on_squares: Agreement
    from_files: Agreement | None = None
    at_full_size: Agreement | None = None
    drop: Drop | None = None
    unread: tuple[str, ...] = ()


def judged(parity: Parity) -> Parity:
    """Return the proof with its verdict; with 8 bits the drop decides, if it is known."""
    drop = parity.drop
    if parity.facts.eight_bits:
        return changed(parity, agrees=drop is None or drop.difference <= drop.most)
    whole = parity.from_files is None or parity.from_files.agrees
    return changed(parity, agrees=parity.on_squares.agrees and whole)
