"""From a bundle to a classifier that has shown that it answers as the bundle does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from headstart import bundle
from headstart.base.errors import BundleError
from headstart.base.files import cache_folder, writable
from headstart.bundle import Model
from headstart.bundle.folder import read_manifest
from headstart.bundle.known import answers_as_known, generated_squares, keep_known_answers, known_answers

Say = Callable[[str], None]


def open_classifier(folder: Path, say: Say) -> Model:
    """Return the classifier of a bundle on its exported graph, made if it is not there, and checked.

    Where there can be no graph (the cache cannot be written, or the network cannot be exported), the network itself
    answers, and that is said.

    Raises
    ------
    BundleError
        If the bundle is missing, damaged or of a newer format, or its graph does not answer as the network has.
    """
    found, known = bundle.light(folder), known_answers(folder)
    if found is None or known is None:
        found = _made(folder, found, say)
        known = known_answers(folder)
    if known is None:  # the network itself: there is nothing that it could be compared with
        return found
    if not answers_as_known(found, known):
        raise BundleError(
            f"The exported graph of '{folder}' no longer answers as its network does.",
            hint="Make it again: headstart cache clear engines, then the same command.",
        )
    return found


def _made(folder: Path, graph: Model | None, say: Say) -> Model:
    """Return what answers, after the network itself was asked once."""
    network = bundle.load(folder)
    if not writable(cache_folder()):
        say(f"The cache cannot be written, so the network of '{folder}' itself answers: slower, with torch.")
        return network
    if graph is None and not bundle.tried(folder):
        say(f"exporting the network of '{folder}' (only once) …")
        bundle.prepare(network, folder, generated_squares(network.preprocessing.input_size))
        graph = bundle.light(folder)
    if graph is None:
        say(f"The network of '{folder}' cannot be exported, so it answers itself: slower, with torch.")
        return network
    keep_known_answers(network, folder)
    return graph


def version_of(folder: Path) -> str:
    """Return what tells one bundle from another: the first 12 characters of its checksum."""
    return read_manifest(folder).sha256[:12]
