"""Pictures go in, answers or reasons come out."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest
from answering import answering
from odd_pictures import READ, REFUSED, chunk

from headstart.bundle import Trust
from headstart.deliver.serving.problems import REASONS
from headstart.evidence.conformal import PredictionSets
from headstart.evidence.novelty import Familiar

from .conftest import VERSION, Asker, Serving, jpeg


def test_a_picture_gets_its_answer_with_the_version(ask: Asker) -> None:
    found = ask("POST", "/v1/predict", jpeg())
    assert found.status_code == 200
    content = found.json()
    (answer,) = content.pop("answers")
    assert content == {"model": "colours", "version": VERSION}
    assert (answer["name"], answer["label"], answer["notes"]) == ("picture 1", "green", [])
    assert list(answer["probabilities"]) == ["blue", "green", "red"]
    assert answer["probability"] == max(answer["probabilities"].values())
    assert answer["set"] is None
    assert answer["none_of_these"] is None


def test_the_answer_is_that_of_the_classifier(ask: Asker) -> None:
    picture = READ["photo.jfif"].content
    (answer,) = ask("POST", "/v1/predict", picture).json()["answers"]
    expected = answering().predict_proba(picture)[0]
    assert list(answer["probabilities"].values()) == expected.tolist()


def test_sets_and_none_of_these_are_told_where_they_are_known(serving: Serving) -> None:
    trust = Trust(
        sets=PredictionSets(pictures=100, units=100, thresholds={0.95: 0.2}),
        familiar=Familiar(examples=np.eye(3, dtype=np.float32)[:1], limit=0.1, pictures=10),
    )
    ask = serving(model=replace(answering(), trust=trust))
    (green,) = ask("POST", "/v1/predict", jpeg()).json()["answers"]
    assert (green["set"], green["none_of_these"]) == (["green"], True)
    assert ask("GET", "/v1/models").json()["models"][0]["none_of_these"] is True


def test_several_pictures_are_answered_in_their_order_by_their_names(ask: Asker) -> None:
    files = [
        ("a", ("red ✓.jpg", jpeg((250, 0, 0)), "image/jpeg")),
        ("a", ("notes.txt", b"no picture at all", "text/plain")),
        ("b", ("blue.png", jpeg((0, 0, 250), "PNG"), "image/png")),
    ]
    answers = ask("POST", "/v1/predict", files=files).json()["answers"]
    assert [one["name"] for one in answers] == ["red ✓.jpg", "notes.txt", "blue.png"]
    assert [one.get("label") for one in answers] == ["red", None, "blue"]
    assert answers[1] == {"name": "notes.txt", "error": "not a picture: begins with 'no picture a'"}


def test_where_no_picture_can_be_read_the_request_is_refused(ask: Asker) -> None:
    found = ask("POST", "/v1/predict", files=[("a", ("a.gif", REFUSED["old.gif"][0], "image/gif"))])
    assert (found.status_code, found.json()["detail"]) == (415, "a GIF, a form that is not read")


def test_notes_travel_with_the_answer(ask: Asker) -> None:
    (answer,) = ask("POST", "/v1/predict", READ["turned.png"].content).json()["answers"]
    assert answer["notes"] == ["turned"]


@pytest.mark.parametrize("name", REFUSED)
def test_every_refused_picture_is_told_why(name: str, ask: Asker) -> None:
    content, reason = REFUSED[name]
    found = ask("POST", "/v1/predict", content)
    assert found.status_code in (415, 422)
    assert found.headers["content-type"] == "application/problem+json"
    assert found.json()["detail"].startswith(reason)
    assert ask("POST", "/v1/predict", jpeg()).status_code == 200


def png_of(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


OTHERS = {
    "100 megapixels": (png_of(10_000, 10_000), 413, "10000 x 10000 pixels, over the limit of 65 megapixels"),
    "a bomb": (png_of(60_000, 60_000), 413, "60000 x 60000 pixels"),
    "no pixel": (png_of(0, 0), 422, ""),
    "ONNX": (b"\x08\x08\x12\x07pytorch\x1a\x052.8.0:\x9b\x05\n\xfe\x01", 415, "not a picture"),
    "a zip": (b"PK\x03\x04" + bytes(40), 415, "not a picture: a zip archive"),
    "a PDF": (b"%PDF-1.7\n" + bytes(40), 415, "not a picture: a PDF document"),
    "a cut JPEG": (jpeg()[:400], 422, "truncated"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_too_large_or_no_picture_is_told_so(name: str, ask: Asker) -> None:
    content, status, reason = OTHERS[name]
    found = ask("POST", "/v1/predict", content)
    assert (found.status_code, found.json()["status"]) == (status, status)
    assert found.json()["detail"].startswith(reason)
    assert found.json()["type"].removeprefix("urn:headstart:") in REASONS


@pytest.mark.parametrize(
    ("kind", "status"),
    [("image/png", 200), ("image/x-anything", 200), ("application/octet-stream", 200), ("", 200), ("text/plain", 415)],
)
def test_the_bytes_say_what_a_picture_is(kind: str, status: int, ask: Asker) -> None:
    assert ask("POST", "/v1/predict", jpeg(), headers={"content-type": kind}).status_code == status


def test_a_web_address_is_never_fetched(ask: Asker, no_network: None) -> None:
    body = b'{"url": "http://example.org/bird.jpg"}'
    found = ask("POST", "/v1/predict", body, headers={"content-type": "application/json"})
    assert found.status_code == 415
    assert "Addresses are not fetched" in found.json()["hint"]


def test_curl_alone_is_told_what_to_add(ask: Asker) -> None:
    found = ask("POST", "/v1/predict", jpeg(), headers={"content-type": "application/x-www-form-urlencoded"})
    assert found.json()["hint"] == "curl: add -H 'Content-Type: image/jpeg'."


def test_one_of_several_classifiers_is_asked_by_name(serving: Serving) -> None:
    ask = serving(names="first second")
    assert [one["name"] for one in ask("GET", "/v1/models").json()["models"]] == ["first", "second"]
    assert ask("POST", "/v1/predict", jpeg()).json()["model"] == "first"
    assert ask("POST", "/v1/predict?model=second", jpeg()).json()["model"] == "second"
    unknown = ask("POST", "/v1/predict?model=third", jpeg())
    assert (unknown.status_code, "There are: first, second." in unknown.json()["detail"]) == (404, True)


@pytest.mark.parametrize("query", ["Model=second", "modle=second", "model=first&model=second", "model=second&x=1"])
def test_a_mistyped_question_is_not_answered_by_the_first(query: str, serving: Serving) -> None:
    ask = serving(names="first second")
    for path in ("/v1/predict", "/v1/heat"):
        found = ask("POST", f"{path}?{query}", jpeg())
        assert (found.status_code, "?model=NAME" in found.json()["hint"]) == (400, True)


def test_a_heat_map_has_eight_by_eight_cells_and_a_sentence(ask: Asker) -> None:
    found = ask("POST", "/v1/heat", jpeg()).json()
    assert np.array(found.pop("cells")).shape == (8, 8)
    assert found.pop("sentence")
    assert found.pop("probability") > 0.9
    assert found == {
        "model": "colours", "version": VERSION, "name": "picture 1", "label": "green", "framing": "squash", "shown": 1.0
    }  # fmt: skip


def test_heat_maps_are_of_one_picture(ask: Asker) -> None:
    two = [("a", (f"{k}.jpg", jpeg(), "image/jpeg")) for k in range(2)]
    assert ask("POST", "/v1/heat", files=two).status_code == 413


def test_only_so_many_heat_maps_wait(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.deliver.serving.shelf.HEAT_QUEUE", 1)
    statuses = [one.status_code for one in serving().together([("POST", "/v1/heat", jpeg(), {})] * 3)]
    assert sorted(statuses) == [200, 503, 503]


def test_the_front_answers_until_the_page_stands_there(ask: Asker) -> None:
    found = ask("GET", "/")
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert b"headstart" in found.content


def test_the_description_has_every_route_and_examples(ask: Asker) -> None:
    found = ask("GET", "/openapi.json").json()
    assert {*found["paths"]} == {
        *("/livez", "/readyz", "/metrics", "/v1/models", "/v1/predict", "/v1/heat"),
        *("/v2", "/v2/health/live", "/v2/health/ready"),
        *("/v2/models/{name}", "/v2/models/{name}/ready", "/v2/models/{name}/infer"),
    }
    text = msgspec.json.encode(found).decode()
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in found["components"]["schemas"]
    answered: Any = found["paths"]["/v1/predict"]["post"]["responses"]["200"]["content"]["application/json"]
    assert answered["example"]["answers"][0]["label"] == "bees"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/predict", 405), ("GET", "/nothing", 404)])
def test_what_is_not_there_is_a_problem_too(method: str, path: str, status: int, ask: Asker) -> None:
    found = ask(method, path)
    assert (found.status_code, found.json()["status"]) == (status, status)
    assert found.headers.get("allow") == ("POST" if status == 405 else None)
