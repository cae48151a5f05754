from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import headstart

# In place of ONNX Runtime: it notes what it found when it was imported, and whether it was told to add no events.
STAND_IN = """
import os
found = os.environ.get("ORT_DISABLE_TELEMETRY")
calls = []
def disable_telemetry_events():
    calls.append("no events")
"""
ASK = """
import os, sys
if sys.argv[1] == "first":
    import onnxruntime
from headstart.backbones.onnx import _runtime
runtime = _runtime()
print(runtime.found, runtime.calls, os.environ.get("ORT_DISABLE_TELEMETRY"))
"""


@pytest.mark.parametrize(
    ("who", "stated", "expected"),
    [
        ("headstart", None, "1 ['no events'] None"),
        ("first", None, "None ['no events'] None"),
        ("headstart", "0", "0 [] 0"),
        ("first", "0", "0 [] 0"),
    ],
    ids=["alone", "imported before", "wanted", "wanted, imported before"],
)
def test_onnx_runtime_is_silent_unless_the_user_says_otherwise(
    who: str, stated: str | None, expected: str, tmp_path: Path
) -> None:
    (tmp_path / "onnxruntime.py").write_text(STAND_IN, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    source = Path(headstart.__file__).parents[1]
    environment = {**kept, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(source)])}
    environment |= {} if stated is None else {"ORT_DISABLE_TELEMETRY": stated}
    done = subprocess.run(
        [sys.executable, "-c", ASK, who], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == expected, done.stderr
