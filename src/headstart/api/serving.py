"""A classifier behind HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Unpack

from headstart.base.errors import DependencyError
from headstart.base.options import completed, options_of, takes
from headstart.base.process import settle_threads
from headstart.experiment.option_table import ServeOptions, elsewhere
from headstart.records.progress import Progress, Silent

_NEEDS = ("fastapi", "uvicorn", "python_multipart")


@takes(ServeOptions, elsewhere)
def serve(
    bundles: str | Path | Sequence[str | Path] | Mapping[str, str | Path],
    *,
    progress: Progress | None = None,
    **options: Unpack[ServeOptions],
) -> None:
    """Answer for pictures over HTTP, until the process is asked to stop.

    Each classifier answers on its exported graph, which is made if it is not there. Requests that were accepted are
    answered before the process ends. A bundle that is replaced in its place answers from then on.

    Parameters
    ----------
    bundles : path, or many of them
        Bundles, each called by the name of its folder or ``NAME=BUNDLE``; or a mapping of names to bundles.
    progress : Progress, optional
        A listener; it is told the address, and what happens.
    **options
        See below.

    Raises
    ------
    BundleError
        If a bundle is missing, damaged or of a newer format.
    ConfigError
        If nobody can listen at the address, or an option cannot be right.
    DependencyError
        If the packages for serving are not installed.
    """
    chosen = completed(ServeOptions, options)
    for name, option in options_of(ServeOptions).items():
        option.check(dict(chosen)[name])
    if any(find_spec(module) is None for module in _NEEDS):
        raise DependencyError(
            "Serving needs packages that are not installed.", hint='Install them: pip install "headstart[serve]"'
        )
    from headstart.deliver.serving.greeting import greeting
    from headstart.deliver.serving.names import named_places
    from headstart.deliver.serving.server import run
    from headstart.deliver.serving.settings import MEGA, Settings, token_of

    settle_threads(chosen.get("threads"))
    settings = Settings(
        host=chosen["host"],
        port=chosen["port"],
        token=token_of(chosen["token_file"]),
        body=chosen["most_megabytes"] * MEGA,
        pixels=chosen["most_megapixels"] * MEGA,
        pictures=chosen["most_pictures"],
        queue=chosen["queue"],
        per_client=chosen["per_client"],
        seconds=chosen["seconds"],
    )
    listener = progress or Silent()

    def ready(lines: Iterable[str]) -> None:
        for line in lines:
            listener.message(line)

    run(named_places(bundles), settings, listener.message, lambda shelf, address: ready(greeting(shelf, address)))
