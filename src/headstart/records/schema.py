"""The JSON Schema of `results.json`, made from the records: ``python -m headstart.records.schema FILE``.

With ``--check`` nothing is written; a file that differs from what the records say is an error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from headstart.base.files import write_text
from headstart.records.results import Results


def schema() -> str:
    """Return the schema as indented JSON text."""
    (entry,), components = msgspec.json.schema_components([Results], ref_template="#/$defs/{name}")
    found = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "results.json of headstart",
        **entry,
        "$defs": dict(sorted(components.items())),
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the schema, or check it; return the exit code."""
    paths = [Path(argument) for argument in arguments if argument != "--check"]
    if len(paths) != 1:
        sys.stderr.write("Usage: python -m headstart.records.schema [--check] FILE\n")
        return 2
    if "--check" not in arguments:
        write_text(paths[0], schema())
        return 0
    if paths[0].is_file() and paths[0].read_text(encoding="utf-8") == schema():
        return 0
    sys.stderr.write(f"{paths[0]} is stale: python -m headstart.records.schema {paths[0]}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
