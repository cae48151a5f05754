"""Ask a server what nobody should ask, thousands of times: no answer may be a 500, none may hang, the process lives on.

::

    python benchmarks/serve_fuzz.py BUNDLE PICTURES [--mutated 2000] [--examples 300]

Starts `headstart serve BUNDLE`. First schemathesis makes requests for every route, from what /openapi.json says of it.
Then files from the folder PICTURES, in every form that is read, and the odd pictures of the tests are sent as bodies
with something changed: bytes turned over, cut out, doubled, put in, numbers of their headers set to extremes, ends cut
off, two files joined. Last come clients that go away, trickle, or say one length and send another. Prints how many
answers there were by status, and the slowest; ends with exit code 1 if one was a 500, took longer than half a minute,
or the server does not answer as before.
"""

from __future__ import annotations

import argparse
import http.client
import io
import os
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from PIL import Image

HANG = 30.0  # seconds
FORMS = ("JPEG", "PNG", "WEBP", "AVIF", "BMP", "TIFF")
EXTREMES = (b"\x00\x00", b"\xff\xff", b"\x7f\xff", b"\x00\x01", b"\xff\xd9", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff")
Answers = Counter[str]


@contextmanager
def server(bundle: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Yield a server and its port."""
    command = [sys.executable, "-m", "headstart", "serve", str(bundle), "--port", "0", "--seconds", "5"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = 0
    for line in process.stdout:
        if line.startswith("Answering at"):
            port = int(line.rpartition(":")[2])
        if "Ctrl-C" in line:
            break
    if not port:
        raise SystemExit("the server has not started")
    try:
        yield process, port
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def ask(port: int, path: str, body: bytes, kind: str) -> tuple[int, bytes]:
    """Return status and content of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANG)
    try:
        connection.request("POST", path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def originals(folder: Path, rng: random.Random) -> list[bytes]:
    """Return sound pictures of every form, small ones of a folder, and the odd ones of the tests."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    odd: Any = import_module("odd_pictures")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    found = [one.content for one in odd.READ.values()] + [content for content, _ in odd.REFUSED.values()]
    for number, file in enumerate(rng.sample(files, min(12, len(files)))):
        with Image.open(file) as opened:
            small = opened.convert("RGB")
            small.thumbnail((200, 200))
        buffer = io.BytesIO()
        small.save(buffer, FORMS[number % len(FORMS)])
        found += [buffer.getvalue(), file.read_bytes()]
    return found


def mutated(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """Return a file with one to five things changed in it."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(changed) + 1) if rng.random() < 0.5 else rng.randrange(min(len(changed), 200) + 1)
        end = min(len(changed), at + rng.randint(1, 64))
        way = rng.randrange(7)
        if way == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif way == 1:
            del changed[at:end]
        elif way == 2:
            changed[at:at] = changed[at:end] * rng.randint(1, 50)
        elif way == 3:
            changed[at:at] = rng.randbytes(rng.randint(1, 64))
        elif way == 4:
            extreme = rng.choice(EXTREMES)
            changed[at : at + len(extreme)] = extreme
        elif way == 5:
            del changed[at:]
        else:
            changed[at:] = other[at:]
    return bytes(changed)


def send_mutated(port: int, count: int, pictures: list[bytes], rng: random.Random) -> tuple[Answers, float]:
    """Send changed pictures; return the answers by status and the longest time."""
    answers, slowest = Answers(), 0.0
    for number in range(count):
        content = mutated(rng.choice(pictures), rng.choice(pictures), rng)
        begin = time.perf_counter()
        try:
            status, said = ask(port, "/v1/predict", content, rng.choice(("image/jpeg", "image/png", "image/x-odd")))
            answers[str(status)] += 1
        except (OSError, http.client.HTTPException) as error:
            status, said = 0, repr(error).encode()
            answers[type(error).__name__] += 1
        slowest = max(slowest, time.perf_counter() - begin)
        if status in (0, 500):
            kept = Path(f"serve_fuzz_{number}.bin")
            kept.write_bytes(content)
            print(f"{status} for {kept}: {said[:300]!r}", flush=True)
    return answers, slowest


def send_described(port: int, examples: int) -> Answers:
    """Send what schemathesis makes of the description; return the answers by status."""
    import json

    import schemathesis
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANG)
    connection.request("GET", "/openapi.json")
    described = schemathesis.openapi.from_dict(json.loads(connection.getresponse().read()))
    connection.close()
    answers = Answers()

    def sends(operation: Any) -> Callable[[], None]:
        @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(data=st.data())
        def send(data: Any) -> None:
            answer = data.draw(operation.as_strategy()).call(base_url=f"http://127.0.0.1:{port}", timeout=HANG)
            answers[str(answer.status_code)] += 1

        return send

    operations: list[Any] = list(described.get_all_operations())
    for found in operations:
        sends(found.ok())()
    return answers


def raw(port: int, *parts: bytes, pause: float = 0.0, wait: bool = True) -> str:
    """Send bytes as they are, one part after the other; return the status line, or how it ended."""
    with socket.create_connection(("127.0.0.1", port), timeout=HANG) as connection:
        try:
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)
            return connection.recv(65536).split(b"\r\n")[0].decode() or "closed" if wait else "left"
        except (BrokenPipeError, ConnectionResetError):
            return "closed"


def send_strange(port: int) -> Answers:
    """Be a client that goes away, trickles or contradicts itself; return what came back."""
    head = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n"
    long = head + b"Content-Length: 100000\r\n\r\n"
    tries: dict[str, Callable[[], str]] = {
        "goes away": lambda: raw(port, long, bytes(1000), wait=False),
        "trickles": lambda: raw(port, long, *[b"\xff"] * 30, pause=0.2),
        "never sends the body": lambda: raw(port, long),
        "never sends the head": lambda: raw(port, b"POST /v1/pre"),
        "says a huge length": lambda: raw(port, head + b"Content-Length: 99999999999999999999\r\n\r\n"),
        "says a negative length": lambda: raw(port, head + b"Content-Length: -1\r\n\r\n"),
        "says two lengths": lambda: raw(port, head + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        "sends chunks that are none": lambda: raw(port, head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        "speaks no HTTP": lambda: raw(port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
        "sends a head of a megabyte": lambda: raw(port, head + b"X: " + b"a" * 1_000_000),
        "sends one byte more": lambda: raw(port, head + b"Content-Length: 1\r\n\r\nab"),
    }
    answers = Answers()
    for what, send in tries.items():
        said = send()
        answers[said] += 1
        print(f"  a client that {what}: {said}", flush=True)
    return answers


def resident(process: subprocess.Popen[str]) -> str:
    """Return how much memory a process takes, where the system says it."""
    try:
        pages = int(Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return "?"
    return f"{pages * os.sysconf('SC_PAGE_SIZE') / 1e6:.0f} MB"


def shown(answers: Answers) -> str:
    """Return answers by status in one line."""
    return ", ".join(f"{count:,} x {status}" for status, count in sorted(answers.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--mutated", type=int, default=2000)
    parser.add_argument("--examples", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    pictures = originals(options.pictures, rng)
    with server(options.bundle) as (process, port):
        sound = next(one for one in pictures[::-1] if ask(port, "/v1/predict", one, "image/jpeg")[0] == 200)
        before = ask(port, "/v1/predict", sound, "image/jpeg")
        print(f"memory at first: {resident(process)}")
        described = send_described(port, options.examples)
        print(f"schemathesis: {shown(described)}; memory {resident(process)}", flush=True)
        odd, slowest = send_mutated(port, options.mutated, pictures, rng)
        print(f"changed pictures: {shown(odd)}; the slowest {slowest:.1f} s; memory {resident(process)}", flush=True)
        strange = send_strange(port)
        same = ask(port, "/v1/predict", sound, "image/jpeg") == before
        print(f"afterwards the server answers {'as before' if same else 'OTHERWISE'}")
        statuses = {status for status in (described + odd) if not status.isdigit() or status == "500"}
        failed = bool(statuses) or any(" 500" in line for line in strange)
        return int(failed or not same or slowest >= HANG or process.poll() is not None)


if __name__ == "__main__":
    sys.exit(main())
