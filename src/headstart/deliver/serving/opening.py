"""From a bundle to a classifier that has shown that it answers as the bundle does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from headstart import bundle
from headstart.base.errors import BundleError
from headstart.base.files import cache_folder, writable
from headstart.bundle import Model
from headstart.bundle.folder import fingerprint_of
from headstart.bundle.known import KnownAnswers, answers_as_known, known_answers
from headstart.deliver.serving.preparing import prepare_for_serving

Say = Callable[[str], None]


class Opener:
    """Opens the classifiers of one server.

    Parameters
    ----------
    say : callable
        Told what takes long, and what answers in an unusual way.
    """

    def __init__(self, say: Say) -> None:
        self._say, self._lock, self._closed = say, Lock(), False
        self._child: subprocess.Popen[bytes] | None = None

    def open(self, place: Path) -> tuple[str, Model]:
        """Return the version of the bundle that stands at a place, and its classifier: of one and the same bundle.

        It answers on its exported graph, which is made if it is not there, and checked. Where there can be no graph
        (the cache cannot be written, or the network cannot be exported), the network itself answers, and that is said.

        Raises
        ------
        BundleError
            If the bundle is missing, damaged or of a newer format, or its graph does not answer as the network has.
        """
        for _ in range(3):
            version = version_of(place)
            try:
                model = self._opened(place)
            except BundleError:
                if version_of(place) == version:
                    raise
                continue
            if version_of(place) == version:
                return version, model.widened()
        raise BundleError(f"'{place}' was replaced again and again while it was opened.", hint="Replace it once.")

    def close(self) -> None:
        """Open nothing more; what is being prepared is given up."""
        with self._lock:
            self._closed = True
            if self._child is not None:
                self._child.kill()

    def _opened(self, place: Path) -> Model:
        graph, known = bundle.light(place), known_answers(place)
        if graph is None or known is None:
            graph, known = self._made(place)
        if graph is None or known is None:
            return bundle.load(place)
        if not answers_as_known(graph, known):
            raise BundleError(
                f"The exported graph of '{place}' no longer answers as its network does.",
                hint="Make it again: headstart cache clear engines, then the same command.",
            )
        return graph

    def _made(self, place: Path) -> tuple[Model | None, KnownAnswers | None]:
        """Return graph and known answers, after the network itself was asked; None where there can be none."""
        if not writable(cache_folder()):
            self._say(f"The cache cannot be written, so the network of '{place}' itself answers: slower, with torch.")
            return None, None
        if not bundle.tried(place):
            self._say(f"exporting the network of '{place}' (only once) …")
        if not self._prepared(place):
            prepare_for_serving(place)
        graph, known = bundle.light(place), known_answers(place)
        if graph is None or known is None:
            self._say(f"The network of '{place}' cannot be exported, so it answers itself: slower, with torch.")
        return graph, known

    def _prepared(self, place: Path) -> bool:
        """Prepare in a process of its own; return whether that has worked."""
        if not sys.executable:
            return False
        command = [sys.executable, "-m", "headstart.deliver.serving.preparing", str(place)]
        with self._lock:
            if self._closed:
                raise BundleError("The server is stopping.", hint="Start it again.")
            nowhere = subprocess.DEVNULL
            self._child = subprocess.Popen(  # noqa: S603 - our own module
                command, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
            )
        done = self._child.wait() == 0
        with self._lock:
            self._child = None
            if self._closed:
                raise BundleError("The server is stopping.", hint="Start it again.")
        return done


def version_of(place: Path) -> str:
    """Return what tells one bundle from another: the first 12 characters of its fingerprint."""
    return fingerprint_of(place)[:12]
