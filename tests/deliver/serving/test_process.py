"""The process: it opens a bundle, answers, takes a new one in its place, and ends without losing an answer."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import headstart
import headstart as hs
from headstart import backbones, bundle
from headstart.backbones.engine import TorchEngine
from headstart.base.errors import BundleError, ConfigError
from headstart.base.types import Affine
from headstart.bundle import Model, known
from headstart.bundle.folder import read_manifest
from headstart.deliver.serving import opening, server
from headstart.deliver.serving import shelf as shelves
from headstart.deliver.serving.settings import Settings
from headstart.deliver.serving.shelf import Shelf
from headstart.records.bundle import BundleInfo
from headstart.records.codec import read_record, write_record
from headstart.records.record import changed

from .conftest import jpeg

ELSEWHERE = {
    "test_a_bundle_is_prepared_in_a_process_of_its_own",
    "test_a_server_that_stops_gives_up_what_it_prepares",
    "test_whatever_goes_wrong_in_the_other_process_is_told_by_this_one",
}


def saved(folder: Path, *classes: str) -> Path:
    """Save a small network with a head of some classes."""
    backbone = backbones.load("convnet64", random=True, seed=0, image_size=32)
    weight = np.random.default_rng(len(classes)).normal(size=(len(classes), backbone.features)).astype(np.float32)
    return Model(
        engine=TorchEngine(backbone.network.eval(), backbone.preprocessing.input_size),
        head=Affine(weight=weight, bias=np.zeros(len(classes), np.float32)),
        preprocessing=backbone.preprocessing,
        classes=classes,
        info=BundleInfo(architecture="convnet64"),
    ).save(folder)


@pytest.fixture(autouse=True)
def here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prepare bundles in this process, which has torch already; another one takes seconds to import it."""
    if request.node.originalname not in ELSEWHERE:
        monkeypatch.setattr(opening.Opener, "_prepared", lambda *_: False)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return saved(tmp_path / "x.bundle", "a", "b")


def replaced(place: Path, *classes: str) -> None:
    saved(place, *classes)


# --- opening ----------------------------------------------------------------------------------------------------------


def test_a_bundle_is_prepared_in_a_process_of_its_own(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "load", lambda *_: pytest.fail("torch was loaded into this process"))
    said: list[str] = []
    assert opening.Opener(said.append).open(place)[1].engine.name == "onnx"
    assert len(said) == 1
    monkeypatch.setattr(opening.Opener, "_prepared", lambda *_: pytest.fail("torch was needed again"))
    assert opening.Opener(said.append).open(place)[1].engine.name == "onnx"
    assert len(said) == 1


def test_a_graph_that_predict_has_made_gets_its_known_answers(place: Path) -> None:
    bundle.prepare(bundle.load(place), place, known.generated_squares(32))
    assert known.known_answers(place) is None
    opening.Opener(print).open(place)
    found = known.known_answers(place)
    assert found is not None
    np.testing.assert_allclose(
        found.probabilities, known.answers_for(bundle.load(place), known.generated_squares(32)), atol=1e-9
    )


def test_a_graph_that_no_longer_answers_as_it_did_is_refused(place: Path) -> None:
    opening.Opener(print).open(place)
    file = next(bundle.engine.entry_of(read_manifest(place).sha256).glob("known-*.json"))
    found = read_record(file, known.KnownAnswers)
    rows = tuple(tuple(reversed(row)) for row in found.probabilities)
    write_record(file, changed(found, probabilities=rows))
    with pytest.raises(BundleError, match="no longer answers") as caught:
        opening.Opener(print).open(place)
    assert "headstart cache clear engines" in caught.value.hint


def test_a_bundle_in_one_file_is_the_same_and_is_seen_when_it_changes(place: Path, tmp_path: Path) -> None:
    packed = hs.pack(place, out=tmp_path / "x.zip")
    version, model = opening.Opener(print).open(packed)
    assert (version, model.engine.name) == (opening.version_of(place), "onnx")
    assert model.head.weight.dtype == np.float64, "small questions do not widen it again and again"
    before = shelves._seen(packed)
    packed.unlink()
    assert shelves._seen(packed) is None
    hs.pack(place, out=packed)
    assert shelves._seen(packed) not in (None, before)


def test_one_that_is_replaced_while_it_is_prepared_leaves_nothing_under_the_new_name(
    place: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the old network's graph would answer for the new bundle, for ever and without a word."""
    network = bundle.load(place)
    squares = known.generated_squares(network.preprocessing.input_size)
    other = saved(place.with_name("other.bundle"), "a", "b", "c")
    shutil.rmtree(place)
    other.rename(place)
    with pytest.raises(BundleError, match="was replaced"):
        bundle.prepare(network, place, squares)
    with pytest.raises(BundleError, match="was replaced"):
        known.keep_known_answers(network, place)
    assert not bundle.tried(place)
    assert not list(cache.rglob("known-*.json"))


def test_so_does_one_with_another_head_alone(place: Path) -> None:
    network = bundle.load(place)
    replace(network, head=replace(network.head, weight=-network.head.weight)).save(place)
    with pytest.raises(BundleError, match="was replaced"):
        known.keep_known_answers(network, place)


def test_replaced_in_the_midst_of_opening_is_no_error(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = iter(["old", "new", "new", "new"])
    model = bundle.load(place)
    ends = iter([BundleError("half of it", hint="x"), None])

    def opened(*_: object) -> Model:
        if (error := next(ends)) is not None:
            raise error
        return model

    monkeypatch.setattr(opening, "version_of", lambda _: next(versions))
    monkeypatch.setattr(opening.Opener, "_opened", opened)
    assert opening.Opener(print).open(place)[0] == "new"


def test_a_bundle_that_is_replaced_while_it_is_opened_is_opened_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the old tensors would answer under the new version's name, or the other way round."""
    versions = iter(["old", "new", "new", "new"])
    opened: list[Path] = []
    model = bundle.load(place)
    monkeypatch.setattr(opening, "version_of", lambda _: next(versions))
    monkeypatch.setattr(opening.Opener, "_opened", lambda _, where: opened.append(where) or model)
    assert opening.Opener(print).open(place)[0] == "new"
    assert len(opened) == 2


def test_one_that_never_stands_still_is_an_error(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = iter("abcdefgh")
    model = bundle.load(place)
    monkeypatch.setattr(opening, "version_of", lambda _: next(versions))
    monkeypatch.setattr(opening.Opener, "_opened", lambda *_: model)
    with pytest.raises(BundleError, match="replaced again and again"):
        opening.Opener(print).open(place)


@pytest.mark.parametrize("why", ["cache", "export"])
def test_without_a_graph_the_network_itself_answers_and_that_is_said(
    why: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why == "cache":
        monkeypatch.setattr(opening, "writable", lambda _: False)
    else:
        monkeypatch.setattr(bundle, "light", lambda _: None)
    said: list[str] = []
    assert opening.Opener(said.append).open(place)[1].engine.name == "torch"
    assert "itself" in said[-1]


def test_whatever_goes_wrong_in_the_other_process_is_told_by_this_one(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    assert opening.Opener(print).open(place)[1].engine.name == "onnx", "it was prepared here"
    damage(place)
    with pytest.raises(BundleError, match="not the file that was saved"):
        opening.Opener(print).open(place)


@pytest.mark.skipif(sys.platform == "win32", reason="a script of Unix stands in")
def test_a_server_that_stops_gives_up_what_it_prepares(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "endless"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    opener = opening.Opener(print)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(opener.open, place)
        while opener._child is None:
            time.sleep(0.01)
        opener.close()
        with pytest.raises(BundleError, match="stopping"):
            asked.result()
    with pytest.raises(BundleError, match="stopping"):
        opener.open(place)


# --- replacing --------------------------------------------------------------------------------------------------------


@pytest.fixture
def shelf(place: Path) -> Iterator[Shelf]:
    said: list[str] = []
    made = Shelf({"x": place}, Settings(), said.append)
    made.said = said  # type: ignore[attr-defined]
    asyncio.run(made.open_all())
    yield made
    made.close()


def test_a_request_is_answered_by_the_version_with_which_it_began(shelf: Shelf, place: Path) -> None:
    old = shelf.of("x")
    with shelf.asking(old, 1, "") as asked:
        replaced(place, "a", "b", "c")
        asyncio.run(shelf.renew("x"))
        assert shelf.of("x").version != old.version
        assert shelf.of("x").model.classes == ("a", "b", "c")
        assert asked.model.classes == ("a", "b")
        assert (old.retired, old.asked) == (True, 1)
    assert old.asked == 0
    assert f"in place of {old.version}" in shelf.said[-2]  # type: ignore[attr-defined]
    assert shelf.said[-1] == "! x has other classes than before: a, b, c."  # type: ignore[attr-defined]


def test_a_version_that_was_replaced_goes_with_its_last_request(
    shelf: Shelf, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, closed = shelf.of("x"), list[int]()
    monkeypatch.setattr(old._batcher, "close", lambda: closed.append(old.asked))
    with shelf.asking(old, 1, ""):
        with shelf.asking(old, 1, ""):
            replaced(place, "a", "b", "c")
            asyncio.run(shelf.renew("x"))
        assert closed == [], "another request of it is still under way"
    assert closed == [0]


def damage(place: Path) -> None:
    (place / "model.safetensors").write_bytes(b"half of it")


def of_a_newer_format(place: Path) -> None:
    content = json.loads((place / "bundle.json").read_text())
    (place / "bundle.json").write_text(json.dumps({**content, "format": 99}))


@pytest.mark.parametrize(("harm", "said"), [(damage, "not the file that was saved"), (of_a_newer_format, "format 99")])
def test_a_bundle_that_is_not_sound_replaces_nothing(
    harm: Callable[[Path], None], said: str, shelf: Shelf, place: Path
) -> None:
    version = shelf.of("x").version
    replaced(place, "a", "b", "c")
    harm(place)
    asyncio.run(shelf.renew("x"))
    assert shelf.of("x").version == version
    assert f"! x stays at version {version}." in shelf.said[-1]  # type: ignore[attr-defined]
    assert said in shelf.said[-1]  # type: ignore[attr-defined]
    assert 'outcome="failed"} 1' in shelf.figures.text([], ready=True)


def test_the_folder_is_looked_at_again_and_again(shelf: Shelf, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.deliver.serving.shelf.LOOK", 0.01)

    async def seen(change: Callable[[], object], wanted: Callable[[], bool]) -> None:
        watching = asyncio.create_task(shelf.watch())
        await asyncio.sleep(0.03)
        change()
        for _ in range(1000):
            if wanted():
                break
            await asyncio.sleep(0.01)
        watching.cancel()
        assert wanted()

    replaced(place.with_name("new.bundle"), "a", "b", "c")
    version = opening.version_of(place.with_name("new.bundle"))

    def swap() -> None:
        shutil.rmtree(place)
        place.with_name("new.bundle").rename(place)

    asyncio.run(seen(swap, lambda: shelf.of("x").version == version))
    asyncio.run(seen(lambda: damage(place), lambda: "stays at" in shelf.said[-1]))  # type: ignore[attr-defined]
    assert shelf.of("x").version == version


# --- the process ------------------------------------------------------------------------------------------------------


class Process:
    """A server in a process of its own."""

    def __init__(self, *arguments: object, cache: Path) -> None:
        command = [sys.executable, "-m", "headstart", "serve", *map(str, arguments)]
        environment = {
            **{name: value for name, value in os.environ.items() if name != "HEADSTART_TOKEN"},
            "HEADSTART_CACHE": str(cache),
            "PYTHONPATH": str(Path(headstart.__file__).parents[1]),
        }
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.said: list[str] = []
        self._listening = threading.Thread(target=self._listen)
        self._listening.start()

    def close(self) -> None:
        """End it, if it still runs."""
        self.process.kill()
        self.process.wait()
        self._listening.join()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self.said.append(line.rstrip())

    def wait_for(self, text: str) -> str:
        """Return the line that has a text, once it was said."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for line in list(self.said):
                if text in line:
                    return line
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"'{text}' was never said: {self.said}")

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        """Return status and content of an answer."""
        port = int(self.wait_for("Answering at").rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": "image/jpeg"} if body else {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@pytest.fixture
def start(cache: Path) -> Iterator[Callable[..., Process]]:
    made: list[Process] = []

    def begin(*arguments: object) -> Process:
        made.append(Process(*arguments, cache=cache))
        return made[-1]

    yield begin
    for each in made:
        each.close()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_a_server_swaps_its_bundle_under_load_and_stops_after_the_last_answer(
    place: Path, start: Callable[..., Process]
) -> None:
    opening.Opener(print).open(place)  # so that neither start nor swap needs torch
    first = opening.version_of(place)
    new = saved(place.with_name("new.bundle"), "a", "b", "c")
    opening.Opener(print).open(new)
    second = opening.version_of(new)
    serving = start(place, "--port", "0")
    serving.wait_for("Ctrl-C stops it")
    assert serving.ask("GET", "/readyz") == (200, {"status": "ready"})
    found: list[tuple[int, Any]] = []
    going = threading.Event()

    def go_on() -> None:
        while not going.is_set():
            found.append(serving.ask("POST", "/v1/predict", jpeg()))

    thread = threading.Thread(target=go_on)
    thread.start()
    place.rename(place.with_name("old.bundle"))
    new.rename(place)
    serving.wait_for("answers from now on")
    count = len(found)
    while len(found) < count + 3:
        time.sleep(0.01)
    going.set()
    thread.join()
    assert {status for status, _ in found} == {200}
    classes = {first: ["a", "b"], second: ["a", "b", "c"]}
    versions = [content["version"] for _, content in found]
    assert versions == sorted(versions, key=[first, second].index)
    assert set(versions) == {first, second}
    assert all(list(one["answers"][0]["probabilities"]) == classes[one["version"]] for _, one in found)
    heat = threading.Thread(target=lambda: found.append(serving.ask("POST", "/v1/heat", jpeg())))
    heat.start()
    time.sleep(0.05)
    serving.process.send_signal(signal.SIGTERM)
    heat.join()
    assert found[-1][0] == 200
    assert serving.process.wait(30) == 0
    serving.close()
    assert serving.said[-1].startswith("stopping")
    assert not any("Traceback" in line for line in serving.said)


def test_a_head_has_a_limit_and_the_body_of_a_request_that_offers_an_upgrade_is_its_body(
    place: Path, start: Callable[..., Process]
) -> None:
    opening.Opener(print).open(place)
    serving = start(place, "--port", "0")
    serving.wait_for("Ctrl-C stops it")
    port = int(serving.wait_for("Answering at").rpartition(":")[2])
    body = jpeg()
    head = f"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nConnection: close, Upgrade\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as asking:
        asking.sendall(f"{head}Upgrade: h2c\r\n\r\n".encode())
        time.sleep(0.05)
        asking.sendall(body)
        said = b"".join(iter(lambda: asking.recv(65536), b""))
    assert said.count(b"HTTP/1.1") == 1
    assert said.startswith(b"HTTP/1.1 200")
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=30) as asking, contextlib.suppress(OSError):
        asking.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        while sent < 50_000_000:
            asking.sendall(b"x: " + b"y" * 60_000 + b"\r\n")
            sent += 60_000
    assert sent < 20_000_000, "else one connection could fill the memory"
    serving.close()


def test_it_stops_after_the_last_answer_or_at_once_when_it_is_asked_again(shelf: Shelf) -> None:
    uvicorn = SimpleNamespace(should_exit=False, force_exit=False)

    async def work() -> None:
        shelf.under_way = 1
        draining = asyncio.create_task(server._drain(shelf, uvicorn))  # type: ignore[arg-type]
        await asyncio.sleep(5 * server._GLANCE)
        assert shelf.stopping
        assert not uvicorn.should_exit, "one request is still being answered"
        shelf.under_way = 0
        await draining
        assert uvicorn.should_exit
        assert not uvicorn.force_exit
        await server._drain(shelf, uvicorn)  # type: ignore[arg-type]
        assert uvicorn.force_exit

    asyncio.run(work())
    assert "1 request is still being answered" in shelf.said[-1]  # type: ignore[attr-defined]


class Connection:
    """What the server knows of a connection: its last request, and where its bytes go."""

    def __init__(self, *, done: bool | None) -> None:
        self.cycle = None if done is None else SimpleNamespace(response_complete=done)
        self.closed = False
        self.transport = SimpleNamespace(close=lambda: setattr(self, "closed", True))


def test_connections_that_bring_no_request_are_closed_and_those_at_work_are_not() -> None:
    silent, done, working, busy = (Connection(done=done) for done in (None, True, False, True))
    state = SimpleNamespace(server_state=SimpleNamespace(connections={silent, done, working, busy}))

    async def sweep() -> None:
        sweeping = asyncio.create_task(server._sweep(state, 0.05))  # type: ignore[arg-type]
        for _ in range(50):
            await asyncio.sleep(0.01)
            busy.cycle = SimpleNamespace(response_complete=True)  # it was asked again meanwhile
            if silent.closed and done.closed:
                break
        sweeping.cancel()

    asyncio.run(sweep())
    assert [one.closed for one in (silent, done, working, busy)] == [True, True, False, False]


def test_a_port_that_is_taken_is_an_error(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen at 127.0.0.1:{port}") as caught:
            hs.serve(place, port=port)
    assert "--port" in caught.value.hint
    with pytest.raises(ConfigError, match="cannot listen at 256"):
        hs.serve(place, host="256.256.256.256")


def test_a_notebook_is_told_to_use_a_terminal(place: Path) -> None:
    async def notebook() -> None:
        hs.serve(place, port=0)

    with pytest.raises(ConfigError, match="a process of its own"):
        asyncio.run(notebook())


def test_a_damaged_bundle_ends_the_start_with_its_error(place: Path) -> None:
    damage(place)
    with pytest.raises(BundleError, match="not the file that was saved"):
        hs.serve(place, port=0)
    of_a_newer_format(place)
    with pytest.raises(BundleError, match="format 99") as caught:
        hs.serve(place, port=0)
    assert "newer headstart" in caught.value.hint
