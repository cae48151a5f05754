import functools
import http.server
import json
import threading

import pytest

from headstart.base.errors import ConfigError, DataError
from headstart.base.files import sha256_of_file
from headstart.records.progress import Silent
from headstart.table import DATA_SETS, fetch_archive, read_table
from headstart.table.download import RECORD


class Heard(Silent):
    """A listener that keeps what was said."""

    def __init__(self):
        self.messages = []

    def message(self, text):
        self.messages.append(text)


@pytest.fixture
def archive(tmp_path, picture_folder):
    import shutil

    made = shutil.make_archive(str(tmp_path / "served" / "set"), "zip", tmp_path, "pictures")
    return type(tmp_path)(made)


@pytest.fixture
def served(archive, monkeypatch):
    """The address of a server on this machine that gives the archive, and what it was asked for."""
    monkeypatch.setenv("no_proxy", "*")
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *details):
            asked.append(self.path)

        def do_GET(self):
            if self.path != "/short.zip":
                super().do_GET()
                return
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"half of it")

    handler = functools.partial(Handler, directory=str(archive.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_set_is_fetched_checked_and_readable(served, archive, tmp_path, picture_folder):
    address, _ = served
    sha256 = sha256_of_file(archive)
    target = fetch_archive(f"{address}/set.zip", sha256, tmp_path / "new" / "set", progress=Silent())
    table, original = read_table(target), read_table(picture_folder)
    assert table.fingerprint() == original.fingerprint()
    assert [(entry.path, entry.kind) for entry in table.skipped] == [(RECORD, "hidden")]
    assert json.loads((target / RECORD).read_text()) == {"url": f"{address}/set.zip", "sha256": sha256}
    assert left(tmp_path / "new") == ["set"]


def test_a_second_fetch_of_the_same_does_nothing(served, archive, tmp_path):
    address, asked = served
    heard = Heard()
    for _ in range(2):
        fetch_archive(f"{address}/set.zip", None, tmp_path / "set", progress=heard)
    assert len(asked) == 1
    assert "nothing was downloaded" in heard.messages[-1]


def test_something_else_at_the_target_is_not_touched(archive, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="headstart did not write"):
        fetch_archive(archive.as_uri(), None, tmp_path / "mine", progress=Silent())
    assert left(tmp_path / "mine") == ["thesis.txt"]


def test_an_empty_folder_is_as_good_as_none(archive, tmp_path):
    (tmp_path / "empty").mkdir()
    fetch_archive(archive.as_uri(), None, tmp_path / "empty", progress=Silent())
    with pytest.raises(ConfigError, match="was not downloaded from"):
        fetch_archive("https://example.org/other.zip", None, tmp_path / "empty", progress=Silent())


def test_another_checksum_is_refused_and_nothing_kept(archive, tmp_path):
    with pytest.raises(DataError, match="not 0000"):
        fetch_archive(archive.as_uri(), "0" * 64, tmp_path / "new" / "set", progress=Silent())
    assert left(tmp_path / "new") == []


def test_without_a_known_checksum_the_first_one_counts(archive, tmp_path, cache):
    heard = Heard()
    fetch_archive(archive.as_uri(), None, tmp_path / "one", progress=heard)
    assert sha256_of_file(archive) in heard.messages[0]
    assert "No checksum is known" in heard.messages[0]
    fetch_archive(archive.as_uri(), None, tmp_path / "two", progress=heard)
    assert len(heard.messages) == 1
    archive.write_bytes(archive.read_bytes() + b"\0")
    with pytest.raises(DataError, match="of the first download"):
        fetch_archive(archive.as_uri(), None, tmp_path / "three", progress=heard)
    assert not (tmp_path / "three").exists()
    assert len(list((cache / "fetched").iterdir())) == 1


def test_what_a_server_does_wrong_is_said(served, tmp_path):
    address, _ = served
    for name, message in (("none.zip", r"\(404 "), ("short.zip", "10 of 1000 bytes|IncompleteRead")):
        with pytest.raises(DataError, match=message):
            fetch_archive(f"{address}/{name}", None, tmp_path / "new" / "set", progress=Silent())
        assert left(tmp_path / "new") == []


def test_nobody_listens(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(DataError, match="could not be fetched"):
        fetch_archive("http://127.0.0.1:9/set.zip", None, tmp_path / "set", progress=Silent())


def test_too_much_is_refused(archive, tmp_path):
    with pytest.raises(DataError, match="more than 1000 bytes"):
        fetch_archive(archive.as_uri(), None, tmp_path / "new" / "set", progress=Silent(), most_bytes=1000)
    assert left(tmp_path / "new") == []


def test_offline_never_touches_the_network(tmp_path, no_network, monkeypatch, archive):
    url = DATA_SETS["hymenoptera"].url
    with pytest.raises(DataError, match="offline"):
        fetch_archive(url, None, tmp_path / "set", progress=Silent(), offline=True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DataError, match="offline"):
        fetch_archive(url, None, tmp_path / "set", progress=Silent())
    fetch_archive(archive.as_uri(), None, tmp_path / "set", progress=Silent())  # a copy at hand is fine


@pytest.mark.parametrize("url", ["ftp://example.org/x.zip", "data:,x", "x.zip"])
def test_other_addresses_are_refused(tmp_path, url):
    with pytest.raises(ConfigError, match="not an address to download from"):
        fetch_archive(url, None, tmp_path / "set", progress=Silent())


def test_no_checksum_is_claimed_that_nobody_has_seen():
    assert DATA_SETS["hymenoptera"].sha256 is None
    assert DATA_SETS["hymenoptera"].url.startswith("https://")
