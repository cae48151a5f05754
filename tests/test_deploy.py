"""What docs/deploy.md tells people to type is run: the Python lines, the steps of the container; C++ is compiled."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from deliver_models import small_model
from drawing import draw_classes, draw_picture

import headstart as hs
from headstart.bundle import Model

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
STAND_IN_FOR_STB = """#pragma once
extern "C" { unsigned char* stbi_load(char const*, int*, int*, int*, int); void stbi_image_free(void*); }
"""


def block(language: str) -> str:
    """Return the only block of the page in this language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture(scope="module")
def place(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the page speaks of: an exported classifier and a picture."""
    folder = tmp_path_factory.mktemp("deploy")
    model.save(folder / "birds.bundle")
    draw_classes(folder / "pictures", 2, 0)
    hs.export(folder / "birds.bundle", folder / "birds.onnx", data=folder / "pictures")
    draw_picture(folder / "new.jpg", seed=3)
    return folder


def test_the_lines_of_python_answer_as_the_bundle(place: Path, model: Model) -> None:
    """In a process that knows neither headstart nor torch."""
    alone = "import sys; sys.modules.update(dict.fromkeys(('headstart', 'torch', 'timm', 'onnx')))\n"
    done = subprocess.run(
        [sys.executable, "-c", alone + block("python")],
        cwd=place,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": ""},
        check=True,
    )
    wanted = model.predict_proba([place / "new.jpg"])[0]
    label, _, shares = done.stdout.strip().partition(" {")
    found = json.loads("{" + shares.replace("'", '"'))
    assert tuple(found) == model.classes
    np.testing.assert_allclose(list(found.values()), wanted, rtol=0, atol=0.01)
    assert label == model.classes[wanted.argmax()]


def test_the_page_names_what_the_file_takes_and_gives(place: Path) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(place / "birds.onnx")
    told = set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE))
    there = {one.name for one in (*session.get_inputs(), *session.get_outputs())}
    assert told <= there
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["classes"]) == json.loads(metadata["headstart"])["classes"]


def test_the_lines_of_cpp_compile(tmp_path: Path) -> None:
    """Against a stand-in for stb_image.h, which no system has."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no compiler for C++ is installed")
    (tmp_path / "stb_image.h").write_text(STAND_IN_FOR_STB)
    (tmp_path / "main.cpp").write_text(block("cpp"))
    (tmp_path / "header.cpp").write_text("#include <onnxruntime_cxx_api.h>\n")
    usual = ["/usr/include/onnxruntime", "/usr/include/onnxruntime/core/session", "/usr/local/include/onnxruntime"]
    options = ["-std=c++17", "-fsyntax-only", "-I", str(tmp_path), *(f"-I{folder}" for folder in usual)]
    if subprocess.run([compiler, *options, tmp_path / "header.cpp"], capture_output=True, check=False).returncode:
        pytest.skip("the headers of ONNX Runtime for C++ are not installed")
    done = subprocess.run([compiler, *options, tmp_path / "main.cpp"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# --- the container ----------------------------------------------------------------------------------------------------


class Steps:
    """The steps of a Containerfile, done in a folder that stands for the container's disk."""

    def __init__(self, disk: Path, context: Path) -> None:
        self.disk, self.context = disk, context
        self.environment = {"PATH": f"{disk / 'python' / 'bin'}:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
        for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE"):  # where this machine gets packages
            if name in os.environ:
                self.environment[name] = os.environ[name]
        if (Path.home() / ".config" / "pip" / "pip.conf").is_file():
            self.environment.setdefault("PIP_CONFIG_FILE", str(Path.home() / ".config" / "pip" / "pip.conf"))
        self.start: list[str] = []
        self.health: list[str] = []

    def here(self, text: str) -> str:
        """Return a step with the places of the container's disk as they are on this one."""
        return re.sub(r"(?<![\w.:/])/(src|srv|tmp)\b", lambda found: str(self.disk / found[1]), text)

    def do(self, step: str) -> None:
        """Do one step."""
        word, _, rest = step.partition(" ")
        if word == "RUN":
            subprocess.run(shlex.split(self.here(rest)), env=self.environment, check=True, capture_output=True)
        elif word == "COPY":
            source, target = rest.split()
            self.copy(self.context / source, Path(self.here(target)))
        elif word == "ENV":
            name, _, value = rest.partition("=")
            self.environment[name] = self.here(value)
        elif word == "CMD":
            self.start = [self.here(part) for part in json.loads(rest)]
        elif word == "HEALTHCHECK":
            self.health = json.loads(rest.removeprefix("CMD "))
        else:
            assert word in ("FROM", "USER", "EXPOSE"), f"the test does not know how to {word}"

    @staticmethod
    def copy(source: Path, target: Path) -> None:
        """Copy a file, or of a checkout what is needed to install it."""
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file():
            shutil.copy(source, target)
            return
        shutil.copytree(source / "src", target / "src", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(source / name, target / name)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the steps are those of Linux")
def test_the_steps_of_the_container_end_in_a_server_that_answers(place: Path, tmp_path: Path) -> None:
    from headstart.cli.app import app

    if "serve" not in [command.callback.__name__ for command in app.registered_commands if command.callback]:
        pytest.skip("this headstart has no server")
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "headstart").symlink_to(ROOT)
    shutil.copy(place / "birds.onnx", tmp_path / "context")
    disk = tmp_path / "disk"
    subprocess.run([sys.executable, "-m", "venv", disk / "python"], check=True)
    steps = Steps(disk, tmp_path / "context")
    try:
        for step in block("dockerfile").splitlines():
            steps.do(step)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace")
        if "No matching distribution" in said or "onnection" in said:
            pytest.skip("packages cannot be had here: pip reaches no index")
        raise AssertionError(said) from error
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = ["127.0.0.1" if part == "0.0.0.0" else part for part in steps.start]
    with subprocess.Popen([*start, "--port", str(port)], env=steps.environment, cwd=disk) as server:
        try:
            wait_until_ready(server, port)
            answer = json.loads(asked(f"http://127.0.0.1:{port}/v1/predict", (place / "new.jpg").read_bytes()))
            healthy = [part.replace(":8000", f":{port}") for part in steps.health]
            subprocess.run(healthy, env=steps.environment, check=True)
        finally:
            server.terminate()
            server.wait(30)
    (row,) = hs.predict(place / "birds.onnx", place / "new.jpg").rows
    assert answer["answers"][0]["label"] == row.label
    assert answer["answers"][0]["probabilities"] == pytest.approx(row.probabilities, abs=1e-6)


def asked(address: str, picture: bytes | None = None) -> bytes:
    """Return what a server answers."""
    request = urllib.request.Request(address, data=picture, headers={"Content-Type": "image/jpeg"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())


def wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    """Wait until a server says that it is ready; fail if it ends first."""
    for _ in range(300):
        assert server.poll() is None, "the server ended before it was ready"
        with suppress(OSError, urllib.error.URLError):
            asked(f"http://127.0.0.1:{port}/readyz")
            return
        time.sleep(0.2)
    raise AssertionError("the server is not ready after a minute")
