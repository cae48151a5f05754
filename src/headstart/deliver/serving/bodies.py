"""From the body of a request to its pictures: one alone, or several in a form; all in memory, nothing on the disk."""

from __future__ import annotations

import logging

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from headstart.deliver.serving.hosted import Picture
from headstart.deliver.serving.problems import RefusedError

LONGEST_NAME = 200  # letters of a picture's name that are said back
_HEADER = 8192  # bytes of what stands above one part
logging.getLogger("python_multipart").addHandler(logging.NullHandler())  # it would log bytes of bodies
logging.getLogger("python_multipart").propagate = False
_RAW = "Send the bytes of one picture with the header 'Content-Type: image/jpeg', or several as multipart/form-data."


def pictures_of(body: bytes, content_type: str, *, most: int) -> list[Picture]:
    """Return the pictures of a request, in order.

    Parameters
    ----------
    body : bytes
    content_type : str
        As the request states it. Whether it is image/jpeg or image/png is not believed: the bytes say what they are.
    most : int
        So many pictures are allowed.

    Raises
    ------
    RefusedError
        If the body is of another kind, damaged, or holds no picture or too many.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _parts(body, content_type, most)
    if kind.startswith("image/") or kind in ("", "application/octet-stream"):
        return [Picture("picture 1", body)]
    hint = _RAW
    if kind == "application/x-www-form-urlencoded":  # what curl says of --data-binary by itself
        hint = "curl: add -H 'Content-Type: image/jpeg'."
    elif kind == "application/json":
        hint = f"{_RAW} Addresses are not fetched. Base64 in JSON goes to /v2/models/NAME/infer."
    raise RefusedError("kind", f"A body of the type '{kind[:80]}' holds no picture.", hint)


class _Form:
    """Callbacks of the parser: collects the parts that are files."""

    def __init__(self, most: int) -> None:
        self.pictures: list[Picture] = []
        self.ended = False
        self._most = most
        self._content, self._disposition = bytearray(), b""
        self._field, self._value, self._above = bytearray(), bytearray(), 0

    def on_part_begin(self) -> None:
        self._content, self._disposition, self._above = bytearray(), b"", 0

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]
        self._count(end - start)

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._count(end - start)

    def on_header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._field, self._value = bytearray(), bytearray()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._content += data[start:end]

    def on_part_end(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"filename" not in options:
            raise RefusedError(
                "bad-request",
                "A part of the form is not a file.",
                "Send each picture as a file: curl -F picture=@bird.jpg",
            )
        if len(self.pictures) == self._most:
            raise RefusedError(
                "too-many-pictures", f"There may be {self._most} pictures in one request.", "Send them in several."
            )
        name = options[b"filename"].decode("utf-8", "replace")[:LONGEST_NAME]
        self.pictures.append(Picture(name or f"picture {len(self.pictures) + 1}", bytes(self._content)))

    def on_end(self) -> None:
        self.ended = True

    def _count(self, more: int) -> None:
        self._above += more
        if self._above > _HEADER:
            raise RefusedError("bad-request", "The headers of a part are too long.", "Send the picture's name alone.")


def _parts(body: bytes, content_type: str, most: int) -> list[Picture]:
    form = _Form(most)
    try:
        _, options = parse_options_header(content_type)
        names = ("part_begin", "header_field", "header_value", "header_end", "part_data", "part_end", "end")
        parser = MultipartParser(
            options[b"boundary"],
            {f"on_{name}": getattr(form, f"on_{name}") for name in names},  # type: ignore[arg-type]
        )
        parser.write(body)
        parser.finalize()
    except KeyError:
        raise RefusedError("bad-request", "The Content-Type names no boundary.", "Let your client write it.") from None
    except (FormParserError, ValueError) as error:
        raise RefusedError(
            "bad-request", "The form cannot be read.", "Send it again, as multipart/form-data."
        ) from error
    if not form.ended:
        raise RefusedError("bad-request", "The form ends too early.", "Send it again.")
    if not form.pictures:
        raise RefusedError("bad-request", "The form holds no picture.", "Send one: curl -F picture=@bird.jpg")
    return form.pictures
