"""`import headstart` and `headstart --help` answer at once: heavy libraries wait until they are needed."""

import json
import os
import subprocess
import sys

import pytest

HEAVY = {
    "PIL",
    "accelerate",
    "huggingface_hub",
    "jinja2",
    "joblib",
    "markupsafe",
    "pandas",
    "pyarrow",
    "safetensors",
    "scipy",
    "sklearn",
    "timm",
    "torch",
    "torchvision",
    "transformers",
}

IMPORT = "import headstart"
HELP = """
import contextlib, io, sys
sys.argv = ["headstart", "--help"]
from headstart.cli import main
with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
    main()
assert "compare" in shown.getvalue(), shown.getvalue()
"""
LIST_MODULES = "\nimport json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("code", [IMPORT, HELP], ids=["import", "help"])
def test_nothing_heavy_is_imported(code: str) -> None:
    loaded = set(json.loads(run(code + LIST_MODULES).splitlines()[-1]))
    assert "headstart" in loaded
    assert sorted(loaded & HEAVY) == []


def test_the_list_of_modules_would_show_a_heavy_one() -> None:
    loaded = json.loads(run("import pyarrow" + LIST_MODULES).splitlines()[-1])
    assert "pyarrow" in loaded


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="reads the processor time of one child by wait4")
def test_help_answers_in_under_half_a_second() -> None:
    # Processor time, and the best of five: other work on the machine must not fail this.
    times = []
    for _ in range(5):
        child = subprocess.Popen([sys.executable, "-c", HELP])
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0
        times.append(usage.ru_utime + usage.ru_stime)
    assert min(times) < 0.5
