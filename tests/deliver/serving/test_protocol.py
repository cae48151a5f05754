"""The open inference protocol, as clients of KServe and Triton speak it."""

from __future__ import annotations

import json
import struct
from base64 import b64encode
from typing import Any

import numpy as np
import pytest

from headstart.deliver.serving import protocol

from .conftest import VERSION, Asker, Serving, jpeg

PATH = "/v2/models/colours/infer"
JSON = {"content-type": "application/json"}


def request(*pictures: bytes, **more: Any) -> bytes:
    data = [b64encode(picture).decode() for picture in pictures]
    tensor = {"name": "picture", "shape": [len(pictures)], "datatype": "BYTES", "data": data}
    return json.dumps({"inputs": [tensor], **more}).encode()


def test_a_picture_in_base64_is_answered(ask: Asker) -> None:
    found = ask("POST", PATH, request(jpeg(), jpeg((250, 0, 0)), id="42"), headers=JSON).json()
    assert (found["model_name"], found["model_version"], found["id"]) == ("colours", VERSION, "42")
    outputs = {one["name"]: one for one in found["outputs"]}
    assert outputs.keys() == {"label", "probabilities"}
    assert outputs["label"] == {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["green", "red"]}
    assert (outputs["probabilities"]["datatype"], outputs["probabilities"]["shape"]) == ("FP32", [2, 3])
    assert np.array(outputs["probabilities"]["data"]).reshape(2, 3).argmax(axis=1).tolist() == [1, 2]


def test_the_binary_extension_goes_both_ways(ask: Asker) -> None:
    elements = b"".join(struct.pack("<I", len(one)) + one for one in (jpeg(), jpeg((0, 0, 250))))
    parameters = {"binary_data_size": len(elements)}
    tensor = {"name": "picture", "shape": [2, 1], "datatype": "BYTES", "parameters": parameters}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    headers = {"content-type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))}
    found = ask("POST", PATH, head + elements, headers=headers)
    length = int(found.headers["inference-header-content-length"])
    assert found.headers["content-type"] == "application/octet-stream"
    label, probabilities = json.loads(found.content[:length])["outputs"]
    tail = found.content[length:]
    size = label["parameters"]["binary_data_size"]
    assert protocol._cut(tail[:size], size) == [b"green", b"blue"]
    rest = tail[size:]
    assert len(rest) == probabilities["parameters"]["binary_data_size"]
    assert np.frombuffer(rest, "<f4").reshape(2, 3).argmax(axis=1).tolist() == [1, 0]


def test_only_the_outputs_that_are_asked_for_are_given(ask: Asker) -> None:
    asked = request(jpeg(), outputs=[{"name": "label", "parameters": {"binary_data": False, "classification": 1}}])
    assert [one["name"] for one in ask("POST", PATH, asked, headers=JSON).json()["outputs"]] == ["label"]


WRONG = {
    "no JSON": b"{",
    "no inputs": b"{}",
    "a list": b"[]",
    "none": b'{"inputs": []}',
    "numbers": b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1.0]}]}',
    "no base64": b'{"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": ["%%%"]}]}',
    "no text": b'{"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": [1]}]}',
    "another shape": b'{"inputs": [{"name": "x", "shape": [2], "datatype": "BYTES", "data": ["AAAA"]}]}',
    "a huge shape": b'{"inputs": [{"name": "x", "shape": [99999999, 99999999], "datatype": "BYTES", "data": [""]}]}',
    "no data": b'{"inputs": [{"name": "x", "shape": [0], "datatype": "BYTES"}]}',
    "another output": request(jpeg(), outputs=[{"name": "embedding"}]),
    "deep": b'{"inputs": ' + b"[" * 100_000,
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_understood_is_told_as_the_protocol_has_it(name: str, ask: Asker) -> None:
    found = ask("POST", PATH, WRONG[name], headers=JSON)
    assert found.status_code == 400
    assert found.json()["error"] == found.json()["detail"] != ""


@pytest.mark.parametrize("length", ["-1", "x", "99999", "9" * 40, ""])
def test_a_wrong_length_of_the_header_is_refused(length: str, ask: Asker) -> None:
    headers = {**JSON, "Inference-Header-Content-Length": length}
    assert ask("POST", PATH, request(jpeg()), headers=headers).status_code == 400


@pytest.mark.parametrize("tail", [b"", b"\1", struct.pack("<I", 100), struct.pack("<I", 2) + b"abc"])
def test_wrong_bytes_after_the_json_are_refused(tail: bytes, ask: Asker) -> None:
    parameters = {"binary_data_size": len(tail)}
    tensor = {"name": "picture", "shape": [1], "datatype": "BYTES", "parameters": parameters}
    head = json.dumps({"inputs": [tensor]}).encode()
    headers = {**JSON, "Inference-Header-Content-Length": str(len(head))}
    assert ask("POST", PATH, head + tail, headers=headers).status_code == 400


def test_a_picture_that_cannot_be_read_refuses_the_request(ask: Asker) -> None:
    found = ask("POST", PATH, request(jpeg(), b"GIF89a"), headers=JSON)
    assert (found.status_code, found.json()["error"]) == (415, "a GIF, a form that is not read")


def test_what_the_server_and_its_models_are(ask: Asker) -> None:
    assert ask("GET", "/v2").json()["extensions"] == ["binary_tensor_data"]
    about = ask("GET", "/v2/models/colours").json()
    assert (about["name"], about["versions"], about["platform"]) == ("colours", [VERSION], "pytorch_python")
    assert about["inputs"] == [{"name": "picture", "datatype": "BYTES", "shape": [-1]}]
    assert about["outputs"][1] == {"name": "probabilities", "datatype": "FP32", "shape": [-1, 3]}
    assert about["parameters"] == {"classes": ["blue", "green", "red"]}
    assert ask("GET", "/v2/models/colours/ready").json() == {"name": "colours", "ready": True}
    assert ask("GET", "/v2/models/other/ready").status_code == 404


def test_many_elements_are_too_many(serving: Serving) -> None:
    assert serving(pictures=1)("POST", PATH, request(jpeg(), jpeg()), headers=JSON).status_code == 413
