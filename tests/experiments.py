"""What tests of whole experiments share: quick options, and results without times."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

QUICK: dict[str, Any] = {"image_size": 64, "epochs": 2, "views": 2}
TIMES = ("seconds", "images_per_second", "estimated_seconds")


def without_times(value: Any) -> Any:
    """Return results without what is allowed to differ between two runs: times, and where they were written."""
    if isinstance(value, Mapping):
        return {key: without_times(item) for key, item in value.items() if key not in (*TIMES, "command")}
    if isinstance(value, list):
        return [without_times(item) for item in value]
    return value


def read_results(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))
