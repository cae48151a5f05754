"""A lock keeps a second process out, and ends with the first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from headstart.base.errors import StoreError
from headstart.base.locks import held

HOLD = """
import sys, time
from pathlib import Path
from headstart.base.locks import held
with held(Path(sys.argv[1]), what="taken", hint=""):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(file)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match="taken by another"), held(file, what="taken by another", hint="wait"):
            pass
        process.kill()
    with held(file, what="taken", hint=""):
        assert file.is_file()


def test_a_lock_is_free_again_after_its_block(tmp_path: Path) -> None:
    entered = 0
    for _ in range(2):
        with held(tmp_path / "lock", what="taken", hint=""):
            entered += 1
    assert entered == 2


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"), held(tmp_path / "nowhere" / "lock", what="", hint=""):
        pass
