"""Files in, rows out, some hundred at a time: whatever was asked, memory holds no more than that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from headstart.base.errors import EngineError
from headstart.bundle import Answers, Classifier
from headstart.bundle.rows import predictions
from headstart.deliver.answers.asked import Entry, Listed, parts
from headstart.deliver.answers.passed import PassedOver
from headstart.deliver.answers.shards import Shards
from headstart.pixels.given import Given
from headstart.records.answer_tables import Columns, Row
from headstart.records.notes import Note
from headstart.records.preprocessing import RULES
from headstart.records.progress import Progress, Silent, Step
from headstart.records.results import Skipped
from headstart.table.kinds import NO_FILE, fault_of
from headstart.table.places import what_it_is
from headstart.words.reading import apart_from_cropping, counted_findings, made_with_older_rules, tell_reading

TOGETHER = 512  # pictures: enough that decoding and the network seldom wait for each other, few enough to hold
_EXAMPLES = 3  # pictures that could not be read, told at the end


class Answering:
    """A classifier, and the folder into which its answers go.

    Parameters
    ----------
    classifier : Classifier
    columns : Columns
    shards : Shards
    passed : PassedOver
    instead : callable, optional
        Returns the classifier that answers if an exported network fails.
    progress : Progress, optional
    """

    def __init__(
        self,
        classifier: Classifier,
        columns: Columns,
        shards: Shards,
        passed: PassedOver,
        *,
        instead: Callable[[], Classifier] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.shards, self.passed, self.progress = shards, passed, progress or Silent()
        self.repeated = 0
        self.examples: list[Skipped] = []
        self._classifier, self._columns, self._instead = classifier, columns, instead
        self._notes: Counter[Note] = Counter()
        self._firsts: dict[Note, str] = {}

    def use(self, classifier: Classifier) -> None:
        """Let the same classifier answer on another engine from now on."""
        self._classifier = classifier

    def all_of(self, listed: Listed) -> None:
        """Answer all that is listed and has no row yet."""
        left = len(listed) - len(self.shards.seen)
        with self.progress.step("predict", max(left, 1)) as step:
            for together in parts(listed, TOGETHER):
                self.some(together, step)

    def some(
        self, entries: Sequence[Entry], step: Step, *, hold: Callable[[Entry], bool] = lambda _: False
    ) -> list[Row]:
        """Answer those of some files that have no row yet.

        Parameters
        ----------
        entries : sequence of Entry
        step : Step
        hold : callable
            Whether what could not be read shall have no row yet.

        Returns
        -------
        list of Prediction or Skipped
            The rows that were written.
        """
        new = self.without_row(entries)
        self.repeated += len(entries) - len(new)
        rows, files = dict[str, Row](), list[Entry]()
        for entry in new:
            fault = _fault(entry)
            if fault is None:
                files.append(entry)
            elif fault.picture:
                rows[entry.name] = Skipped(path=entry.name, reason=fault.reason)
            elif not hold(entry):
                self.passed.add(fault)
        step.advance(len(new) - len(files))
        rows |= self._examined(files, step)
        held = {entry.name for entry in new if isinstance(rows.get(entry.name), Skipped) and hold(entry)}
        ordered = [rows[entry.name] for entry in new if entry.name in rows and entry.name not in held]
        self.examples += [row for row in ordered if isinstance(row, Skipped)][: _EXAMPLES - len(self.examples)]
        self.shards.add(ordered)
        return ordered

    def tell(self) -> None:
        """Say how the pictures were read, once for all of them."""
        decoding, framing = self._classifier.preprocessing.decoding, self._classifier.preprocessing.framing
        if decoding.rule < RULES.rule and self.shards.written:
            self.progress.message(made_with_older_rules(decoding.rule))
        found = counted_findings(self._notes, self._firsts, white=decoding.white)
        tell_reading(apart_from_cropping(found, framing), self.progress)

    def without_row(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return the files that have no row yet and may get one, each once."""
        once = list({entry.name: entry for entry in entries}.values())
        names = [entry.name for entry in once]
        known = zip(self.shards.seen.known(names), self.passed.seen.known(names), strict=True)
        return [entry for entry, there in zip(once, known, strict=True) if not any(there)]

    def _examined(self, files: Sequence[Entry], step: Step) -> dict[str, Row]:
        """Return the row of each file by its name."""
        if not files:
            return {}
        given = [_given(entry, number) for number, entry in enumerate(files, 1)]
        answers, faulty = self._asked(given, _Counted(step))
        rows: dict[str, Row] = {files[at].name: Skipped(path=files[at].name, reason=why) for at, why in faulty.items()}
        names = [entry.name for at, entry in enumerate(files) if at not in faulty]
        for row in predictions(names, answers, self._columns):
            rows[row.path] = row
            for note in row.notes:
                self._notes[note] += 1
                self._firsts.setdefault(note, row.path)
        return rows

    def _asked(self, given: list[Given], progress: Progress) -> tuple[Answers, dict[int, str]]:
        try:
            return self._classifier.examine(given, progress=progress)
        except EngineError as error:
            if self._instead is None:
                raise
            self.progress.message(f"{error.message} The network itself answers instead.")
            self._classifier, self._instead = self._instead(), None
            return self._classifier.examine(given, progress=progress)


def _fault(entry: Entry) -> Skipped | None:
    """Return why a file is not read, as it is told; None if it is taken for a picture."""
    found = fault_of(entry.place, entry.place, named=entry.named, regular=entry.regular)
    if found is None:
        return None
    missing = found.reason == NO_FILE
    told = what_it_is(entry.place) if missing else ""
    why = f"{found.reason} here: it is {told}" if told else found.reason
    return Skipped(path=found.path, reason=why, kind=found.kind, picture=entry.named or missing or found.picture)


def _given(entry: Entry, number: int) -> Given:
    return Given(Path(entry.place), number, entry.name)


class _Counted(Silent):
    """Counts on in a step that is open, and says nothing: what is said of some hundred pictures is said at the end."""

    def __init__(self, step: Step) -> None:
        self._step = step

    @contextmanager
    def step(self, name: str, total: int, unit: str = "pictures") -> Iterator[Step]:  # noqa: ARG002
        """Count in the step that is open."""
        yield self._step
