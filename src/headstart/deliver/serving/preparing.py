"""What a server needs of a bundle's network before it can do without: its graph, and its known answers.

``python -m headstart.deliver.serving.preparing BUNDLE`` does it in a process of its own: torch is then never in that of
the server, whose requests would have to share Python with its import and its export for many seconds.
"""

from __future__ import annotations

import sys
from pathlib import Path

from headstart import bundle
from headstart.base.errors import HeadstartError
from headstart.base.process import tune_process
from headstart.bundle.known import generated_squares, keep_known_answers


def prepare_for_serving(folder: Path) -> None:
    """Leave the graph of a bundle in the cache, where it can be made, and what the network itself answers.

    Raises
    ------
    BundleError
        If the bundle is missing, damaged or of a newer format.
    StoreError
        If the cache cannot be written.
    """
    network = bundle.load(folder)
    if not bundle.tried(folder):
        bundle.prepare(network, folder, generated_squares(network.preprocessing.input_size))
    if bundle.light(folder) is not None:
        keep_known_answers(network, folder)


if __name__ == "__main__":
    tune_process()
    try:
        prepare_for_serving(Path(sys.argv[1]))
    except HeadstartError:  # the server meets the same error, and tells it
        sys.exit(1)
