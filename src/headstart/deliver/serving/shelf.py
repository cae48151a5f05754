"""The classifiers that answer here, by name; and how one is replaced while it answers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from time import perf_counter

from headstart.base.errors import HeadstartError
from headstart.bundle import Model
from headstart.bundle.forms import MANIFEST, TENSORS
from headstart.deliver.serving.figures import Figures
from headstart.deliver.serving.hosted import Hosted, Workers
from headstart.deliver.serving.names import some_of
from headstart.deliver.serving.opening import Opener, Say
from headstart.deliver.serving.problems import RefusedError
from headstart.deliver.serving.settings import Settings

HEAT_QUEUE = 4  # heat maps that are drawn or wait at once
LEAST_ROOM = 0.1  # of the queue, however slow it goes
SLOWER = 1.1  # times as long as usual: no sign of anything yet
LOOK = 1.0  # seconds between two looks at the folders
_Seen = tuple[tuple[int, int, int], ...]


class Shelf:
    """Everything that the requests of one server share.

    Parameters
    ----------
    places : mapping of str to Path
        The bundles, by name; the first one answers where none is named.
    settings : Settings
    say : callable
        Told in a line what whoever runs the server should know.
    """

    def __init__(self, places: Mapping[str, Path], settings: Settings, say: Say) -> None:
        self.settings, self.say = settings, say
        self.figures, self.workers = Figures(), Workers()
        self.stopping = False
        self.under_way = 0  # requests that were accepted
        self._places = dict(places)
        self._hosted: dict[str, Hosted] = {}
        self._opener = Opener(say)
        self._drawing = 0
        self._clients: Counter[str] = Counter()
        self._seen: dict[str, _Seen | None] = {}

    @property
    def ready(self) -> bool:
        """Whether every classifier has shown that it answers, and none is asked to stop."""
        return not self.stopping and len(self._hosted) == len(self._places)

    @property
    def hosted(self) -> list[Hosted]:
        """The classifiers that answer now, in the order in which they were named."""
        return [self._hosted[name] for name in self._places if name in self._hosted]

    def of(self, name: str | None) -> Hosted:
        """Return the classifier of this name, by default the first.

        Raises
        ------
        RefusedError
            If there is none, or it is not ready.
        """
        wanted = next(iter(self._places)) if name is None else name
        if wanted not in self._places:
            listed = ", ".join(self._places)
            raise RefusedError(
                "not-found", f"There is no classifier of that name. There are: {listed}.", "GET /v1/models"
            )
        if wanted not in self._hosted:
            raise RefusedError(
                "starting", "The classifier is still being opened.", "Try again in some seconds.", again=5
            )
        return self._hosted[wanted]

    @contextmanager
    def asking(self, hosted: Hosted, pictures: int, client: str) -> Iterator[Hosted]:
        """Let pictures of a client wait for this version of a classifier, if the queue has room for them.

        Raises
        ------
        RefusedError
            If it has none.
        """
        self.check_room(pictures, client)
        self.figures.waiting += pictures
        self._clients[client] += pictures
        hosted.begin()
        begin, among = perf_counter(), self.figures.waiting
        try:
            yield hosted
            self.figures.answered(perf_counter() - begin, among)
        finally:
            hosted.end()
            self.figures.waiting -= pictures
            self._clients[client] -= pictures
            if not self._clients[client]:
                del self._clients[client]

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Let one heat map more be drawn; each asks for as many answers as dozens of pictures.

        Raises
        ------
        RefusedError
            If several are waiting already.
        """
        if self._drawing >= HEAT_QUEUE:
            raise RefusedError("queue", f"{HEAT_QUEUE} heat maps are waiting already.", "Try again later.", again=5)
        self._drawing += 1
        try:
            yield
        finally:
            self._drawing -= 1

    def check_room(self, pictures: int, client: str) -> None:
        """Raise a RefusedError if so many more pictures of a client cannot wait; a request alone always may."""
        waiting, limit = self.figures.waiting, self.settings.per_client
        if limit is not None and self._clients[client] + pictures > limit:
            said = f"{self._clients[client]} pictures of yours are waiting; {limit} may."
            raise RefusedError("client-queue", said, "Wait for answers before you ask again.", again=self._relief())
        room = self._room()
        if waiting and waiting + pictures > room:
            said = f"{waiting} pictures are waiting; {room} may."
            raise RefusedError("queue", said, "Try again later.", again=self._relief())

    def put(self, name: str, version: str, model: Model) -> Hosted:
        """Let a classifier answer from now on; requests under way are answered by the one that they began with."""
        old = self._hosted.get(name)
        new = Hosted(name, version, model, workers=self.workers, settings=self.settings, figures=self.figures)
        self._hosted[name] = new
        if old is not None:
            old.close()
        return new

    async def open_all(self) -> None:
        """Open every classifier; the first that cannot be opened is the error.

        Raises
        ------
        HeadstartError
        """
        for name, place in self._places.items():
            self._seen[name] = _seen(place)
            version, model = await asyncio.to_thread(self._opener.open, place)
            self.put(name, version, model)

    async def watch(self) -> None:
        """Replace each classifier whose bundle is replaced, for ever."""
        pending: dict[str, _Seen] = {}
        while True:
            await asyncio.sleep(LOOK)
            for name, place in self._places.items():
                now = _seen(place)
                if now is None or now == self._seen[name]:
                    pending.pop(name, None)
                elif pending.get(name) != now:  # it may be half copied: look once more
                    pending[name] = now
                else:
                    self._seen[name] = pending.pop(name)
                    await self.renew(name)

    async def renew(self, name: str) -> None:
        """Open the bundle that stands at a classifier's place now; if it is not sound, the one that answers goes on."""
        place, old = self._places[name], self._hosted[name]
        try:
            version, model = await asyncio.to_thread(self._opener.open, place)
        except HeadstartError as error:
            if self.stopping:
                return
            self.figures.swapped(name, "failed")
            self.say(f"! {name} stays at version {old.version}. {error.message} {error.hint}")
            return
        if version == old.version:  # touched, or put back
            return
        self.put(name, version, model)
        self.figures.swapped(name, "done")
        self.say(f"{name}: version {version} answers from now on, in place of {old.version}.")
        if model.classes != old.model.classes:
            self.say(f"! {name} has other classes than before: {some_of(model.classes)}.")

    def close(self) -> None:
        """End the threads, and what they wait for."""
        self._opener.close()
        for one in self.hosted:
            one.close()
        self.workers.close()

    def _room(self) -> int:
        """Return how many pictures may wait: fewer while the server is overrun, so that nobody waits longer than else.

        To refuse thousands takes the processor from those who are answered. What waits then takes longer, and the same
        queue would be a longer wait.
        """
        queue, figures = self.settings.queue, self.figures
        if figures.per_picture <= SLOWER * figures.usual:
            return queue
        return max(1, int(queue * max(LEAST_ROOM, figures.usual / figures.per_picture)))

    def _relief(self) -> int:
        """Return in how many seconds what waits now will be answered."""
        return max(1, ceil(self.figures.waiting * self.figures.per_picture))


def _seen(place: Path) -> _Seen | None:
    """Return what changes when the bundle at a place is replaced; None while it is not whole."""
    try:
        files = [place] if place.is_file() else [place / MANIFEST, place / TENSORS]
        return tuple((status.st_mtime_ns, status.st_size, status.st_ino) for status in (file.stat() for file in files))
    except OSError:
        return None
