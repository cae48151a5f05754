"""What was not read is told by kind, with a reason and a way out."""

from __future__ import annotations

import pytest

from headstart.base import forms
from headstart.words import skipped
from headstart.words.skipped import by_kind, is_form_of_picture, is_picture, not_read, reason_of


@pytest.fixture(autouse=True)
def no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "find_spec", lambda name: None)


def test_every_form_that_may_not_be_read_has_its_words() -> None:
    assert {name for name, form in forms.FORMS.items() if not form.read} <= set(skipped.KINDS)


def test_pictures_come_first_and_the_commonest_of_them() -> None:
    kinds = ["text"] * 3 + ["heif"] * 12 + ["hidden", "psd", "hidden-folder"]
    assert not_read(kinds) == (
        'Not read: 12 HEIC pictures (pip install "headstart[heif]" reads them), '
        "1 Photoshop file (convert it to PNG or JPEG), 3 text files, 1 hidden file, 1 hidden folder."
    )
    assert by_kind(["zip", "zip"]) == "2 zip archives (unpack them to read the pictures inside)"
    assert by_kind(["text"] * 100_000) == "100,000 text files"
    assert not_read(["", ""]) == ""


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("heif", 'a HEIC picture: pip install "headstart[heif]" reads it'),
        ("svg", "an SVG drawing: convert it to PNG or JPEG"),
        ("ole", "a Windows file such as Thumbs.db, not a picture"),
        ("empty", "an empty file, not a picture"),
        ("own", "a folder that headstart wrote: not entered"),
        ("of tomorrow", "a file of another kind, not a picture"),
    ],
)
def test_each_has_its_reason(kind: str, reason: str) -> None:
    assert reason_of(kind) == reason


def test_what_counts_as_a_picture() -> None:
    assert is_picture("")  # it should have been readable
    assert is_picture("stray")
    assert not is_form_of_picture("stray")
    assert all(is_form_of_picture(kind) for kind in ("heif", "raw", "svg", "jxl"))
    assert not any(is_picture(kind) for kind in ("text", "hidden", "zip", "own"))
