"""The open inference protocol, version 2, as KServe and Triton speak it: a picture is one element of BYTES.

In JSON it is the file in base64. With the binary extension (the header ``Inference-Header-Content-Length``) its bytes
follow the JSON as they are, each with its length before it, four bytes, the lowest first.

https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

import binascii
import struct
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from headstart.deliver.serving.hosted import Picture
from headstart.deliver.serving.messages import Answer
from headstart.deliver.serving.problems import RefusedError

HEADER = "inference-header-content-length"
INPUT = "picture"
_EXAMPLE = '{"inputs": [{"name": "picture", "shape": [1], "datatype": "BYTES", "data": ["BASE64"]}]}'
_LENGTH = struct.Struct("<I")


class Parameters(msgspec.Struct, frozen=True):
    """What of a tensor's or a request's parameters is heard; all else is passed over, as the protocol wants it."""

    binary_data_size: int | None = None
    binary_data: bool = False
    binary_data_output: bool = False


class Tensor(msgspec.Struct, frozen=True):
    """An input of a request."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any] | None = None
    parameters: Parameters = Parameters()


class Wanted(msgspec.Struct, frozen=True):
    """An output that a request asks for."""

    name: str
    parameters: Parameters = Parameters()


class Infer(msgspec.Struct, frozen=True):
    """A request."""

    inputs: list[Tensor]
    outputs: list[Wanted] | None = None
    id: str | None = None
    parameters: Parameters = Parameters()


class Sizes(msgspec.Struct, frozen=True):
    """What a binary output says of itself."""

    binary_data_size: int


class Output(msgspec.Struct, frozen=True, omit_defaults=True):
    """An output of an answer."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: list[Any] | None = None
    parameters: Sizes | None = None


class Inferred(msgspec.Struct, frozen=True, omit_defaults=True):
    """An answer."""

    model_name: str
    model_version: str
    outputs: list[Output]
    id: str | None = None


def read(body: bytes, header: str | None, *, most: int) -> tuple[Infer, list[Picture]]:
    """Return a request and its pictures.

    Parameters
    ----------
    body : bytes
    header : str, optional
        How many of its bytes are JSON, where others follow.
    most : int
        So many pictures are allowed.

    Raises
    ------
    RefusedError
        If it cannot be understood.
    """
    end = len(body)
    if header is not None:
        end = int(header) if header.isascii() and header.isdigit() and len(header) < 12 else -1
        if not 0 <= end <= len(body):
            raise RefusedError("bad-request", "Inference-Header-Content-Length is not a length within the body.", "")
    try:
        asked = msgspec.json.decode(memoryview(body)[:end], type=Infer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(
            "bad-request", f"The JSON is not an inference request: {str(error)[:200]}.", _EXAMPLE
        ) from error
    if len(asked.inputs) != 1 or asked.inputs[0].datatype != "BYTES":
        raise RefusedError("bad-request", "There must be one input, of the datatype BYTES.", _EXAMPLE)
    (tensor,) = asked.inputs
    size = tensor.parameters.binary_data_size
    contents = _decoded(tensor) if size is None else _cut(body[end:], size)
    if not contents or np.prod(tensor.shape, dtype=object) != len(contents):
        raise RefusedError(
            "bad-request", f"The shape {tensor.shape} is not that of {len(contents)} elements.", _EXAMPLE
        )
    if len(contents) > most:
        raise RefusedError(
            "too-many-pictures", f"There may be {most} pictures in one request.", "Send them in several."
        )
    return asked, [Picture(f"picture {place}", content) for place, content in enumerate(contents, 1)]


def _decoded(tensor: Tensor) -> list[bytes]:
    found = []
    for element in _flat(tensor.data or []):
        try:
            found.append(b64decode(element, validate=True) if isinstance(element, str) else None)
        except (binascii.Error, ValueError):
            found.append(None)
        if found[-1] is None:
            raise RefusedError("bad-request", "An element of 'data' is not a picture file in base64.", _EXAMPLE)
    return [content for content in found if content is not None]


def _flat(data: list[Any]) -> list[Any]:
    """Return the elements of nested lists, as deep as a shape such as [1, 1] nests them."""
    for _ in range(3):
        if any(isinstance(one, list) for one in data):
            data = [each for one in data for each in (one if isinstance(one, list) else [one])]
    return data


def _cut(content: bytes, size: int) -> list[bytes]:
    found, at = [], 0
    while at < len(content):
        if at + _LENGTH.size > len(content):
            break
        (length,) = _LENGTH.unpack_from(content, at)
        at += _LENGTH.size
        if at + length > len(content):
            break
        found.append(content[at : at + length])
        at += length
    if at != len(content) or size != len(content):
        raise RefusedError("bad-request", "The bytes after the JSON are not elements of the stated size.", "")
    return found


def answer(
    asked: Infer, answers: Sequence[Answer], *, model: str, version: str, classes: Sequence[str]
) -> tuple[bytes, int | None]:
    """Return the body of an answer, and how many of its bytes are JSON, if others follow.

    Raises
    ------
    RefusedError
        If an output is asked for that there is not.
    """
    tensors = _outputs(answers, classes)
    wanted = asked.outputs or [Wanted(name=name) for name in tensors]
    outputs, tail = [], b""
    for one in wanted:
        if one.name not in tensors:
            raise RefusedError("bad-request", f"There is no such output. There are: {', '.join(tensors)}.", "")
        datatype, values = tensors[one.name]
        if one.parameters.binary_data or (asked.outputs is None and asked.parameters.binary_data_output):
            content = _bytes(values)
            tail += content
            outputs.append(Output(one.name, datatype, values.shape, parameters=Sizes(len(content))))
        else:
            outputs.append(Output(one.name, datatype, values.shape, data=values.ravel().tolist()))
    head = msgspec.json.encode(Inferred(model, version, outputs, asked.id))
    return head + tail, len(head) if tail else None


def _outputs(answers: Sequence[Answer], classes: Sequence[str]) -> dict[str, tuple[str, NDArray[Any]]]:
    """Return the outputs by name: datatype and values, a row for each picture."""
    rows = [[one.probabilities[name] for name in classes] for one in answers]
    found: dict[str, tuple[str, NDArray[Any]]] = {
        "label": ("BYTES", np.array([one.label for one in answers], object)),
        "probabilities": ("FP32", np.array(rows, np.float32)),
    }
    sets = [one.set for one in answers]
    if None not in sets:
        members = [[name in (own or ()) for name in classes] for own in sets]
        found["set"] = ("BOOL", np.array(members, bool))
    none = [one.none_of_these for one in answers]
    if None not in none:
        found["none_of_these"] = ("BOOL", np.array(none, bool))
    return found


def _bytes(values: NDArray[Any]) -> bytes:
    if values.dtype != object:
        return values.tobytes()
    contents = [text.encode("utf-8") for text in values]
    return b"".join(_LENGTH.pack(len(content)) + content for content in contents)


class TensorAbout(msgspec.Struct, frozen=True):
    """What is known of an input or output; -1: any number."""

    name: str
    datatype: str
    shape: tuple[int, ...]


class ModelParameters(msgspec.Struct, frozen=True):
    """What the protocol has no place for: the classes, in the order of the columns."""

    classes: tuple[str, ...]


class ModelAbout(msgspec.Struct, frozen=True):
    """What is known of a model."""

    name: str
    versions: tuple[str, ...]
    platform: str
    inputs: tuple[TensorAbout, ...]
    outputs: tuple[TensorAbout, ...]
    parameters: ModelParameters


class ServerAbout(msgspec.Struct, frozen=True):
    """What is known of the server."""

    name: str
    version: str
    extensions: tuple[str, ...]


class Readiness(msgspec.Struct, frozen=True):
    """Whether a model answers."""

    name: str
    ready: bool


class Liveness(msgspec.Struct, frozen=True):
    """Whether the server lives."""

    live: bool


def about(
    name: str, version: str, classes: Sequence[str], *, engine: str, sets: bool, none_of_these: bool
) -> ModelAbout:
    """Return what is known of a classifier."""
    outputs = [TensorAbout("label", "BYTES", (-1,)), TensorAbout("probabilities", "FP32", (-1, len(classes)))]
    outputs += [TensorAbout("set", "BOOL", (-1, len(classes)))] if sets else []
    outputs += [TensorAbout("none_of_these", "BOOL", (-1,))] if none_of_these else []
    platform = "onnxruntime_onnx" if engine == "onnx" else "pytorch_python"
    inputs = (TensorAbout(INPUT, "BYTES", (-1,)),)
    return ModelAbout(name, (version,), platform, inputs, tuple(outputs), ModelParameters(tuple(classes)))
