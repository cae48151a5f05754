"""What a server is told on its way in: names, tokens, limits; and what it says of itself."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

import headstart as hs
from headstart.base.errors import BundleError, ConfigError, DependencyError
from headstart.deliver.serving.greeting import greeting
from headstart.deliver.serving.names import named_places, some_of
from headstart.deliver.serving.settings import Settings, token_of

from .conftest import Serving

TOKEN = "a-token-of-sixteen-letters"


def test_a_classifier_is_called_by_its_folder_or_as_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "a=b").mkdir()
    found = named_places(["birds.bundle", "runs/x/bundles/svm", "my=bees.bundle", "Käfer 2.zip", tmp_path / "a=b"])
    assert found == {
        "birds": Path("birds.bundle"),
        "svm": Path("runs/x/bundles/svm"),
        "my": Path("bees.bundle"),
        "K-fer-2": Path("Käfer 2.zip"),
        "a-b": tmp_path / "a=b",
    }
    assert named_places("one.bundle") == {"one": Path("one.bundle")}
    assert named_places({"x": "one.bundle"}) == {"x": Path("one.bundle")}


def test_names_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="No bundle"):
        named_places([])
    with pytest.raises(ConfigError, match="would both be called 'svm'"):
        named_places(["a.run/bundles/svm", "b.run/bundles/svm"])
    for name in ("a/b", "", "..", "ä", "x" * 65):
        with pytest.raises(ConfigError, match="in an address"):
            named_places({name: "one.bundle"})


def test_a_token_is_read_from_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert token_of(file, {"HEADSTART_TOKEN": "x" * 20}) == TOKEN.encode()
    assert token_of(None, {"HEADSTART_TOKEN": TOKEN}) == TOKEN.encode()
    assert token_of(None, {}) is None


@pytest.mark.parametrize("token", ["", "short", "two words of length", "ümläute-ümläute-ümläute"])
def test_a_weak_token_is_refused_and_never_said_back(token: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(token, encoding="utf-8")
    for given, environment in ((file, {}), (None, {"HEADSTART_TOKEN": token})):
        with pytest.raises(ConfigError, match="at least 16") as caught:
            token_of(given, environment)
        assert not token or token not in str(caught.value)


def test_a_token_file_must_be_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a file"):
        token_of(tmp_path)
    with pytest.raises(ConfigError, match="no token file"):
        token_of(tmp_path / "none")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ConfigError, match="is not a file"):
            token_of(tmp_path / "pipe")


@pytest.mark.parametrize(
    ("host", "local"), [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False)]
)
def test_a_server_that_others_reach_without_a_token_says_so(host: str, local: bool, serving: Serving) -> None:
    ask = serving(host=host)
    said = "\n".join(greeting(ask.shelf, "http://127.0.0.1:8000"))
    assert Settings(host=host).is_local == local
    assert ("there is no token" in said) == (not local)
    assert "--data-binary @picture.jpg 'http://127.0.0.1:8000/v1/predict'" in said
    assert "3 classes (blue, green, red)" in said


def test_the_greeting_never_says_the_token(serving: Serving) -> None:
    said = "\n".join(greeting(serving(token=TOKEN.encode(), names="a b").shelf, "http://x"))
    assert TOKEN not in said
    assert "Bearer YOUR_TOKEN" in said
    assert "?model=a" in said


def test_errors_come_before_anything_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BundleError, match="does not exist"):
        hs.serve(tmp_path / "none.bundle")
    with pytest.raises(ConfigError, match="'port' must be a whole number from 0 to 65535"):
        hs.serve(tmp_path / "none.bundle", port=70000)
    monkeypatch.setattr("headstart.api.serving._NEEDS", ("a_package_that_is_not_there",))
    with pytest.raises(DependencyError, match="headstart\\[serve\\]"):
        hs.serve(tmp_path / "none.bundle")


def test_small_answers_go_at_once() -> None:
    """Where a socket does not say that it is TCP, asyncio leaves Nagle's way on, and each answer waits for 40 ms."""
    from headstart.deliver.serving.server import _listening

    with _listening(Settings(port=0)) as listener, socket.create_connection(listener.getsockname()[:2]) as client:
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP
            assert client is not None


def test_classes_are_named_so_that_one_can_count_them() -> None:
    assert some_of(("ants", "bees")) == "ants, bees"
    assert some_of(("löwen, zahn", "rose")) == "'löwen, zahn', rose"
    assert some_of(tuple("abcdefgh")) == "a, b, c, d, e, f and 2 more"
