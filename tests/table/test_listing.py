from pathlib import Path

import pytest

from headstart.base.errors import DataError
from headstart.table import list_pictures
from headstart.table.listing import walk


def test_files_and_folders_in_the_order_given(tmp_path, draw):
    single = draw(tmp_path / "z.png")
    first, second = draw(tmp_path / "new" / "b" / "1.jpg"), draw(tmp_path / "new" / "a.png")
    (tmp_path / "new" / "notes.txt").write_text("x")
    (tmp_path / "new" / ".x.png").write_bytes(b"x")
    files, skipped = list_pictures([single, str(tmp_path / "new"), second])
    assert files == (single, second, first)
    assert [(Path(entry.path).name, entry.kind) for entry in skipped] == [(".x.png", "hidden"), ("notes.txt", "text")]
    assert all(Path(entry.path).is_file() for entry in skipped)


def test_one_path_needs_no_list(tmp_path, draw):
    picture = draw(tmp_path / "new" / "a.png")
    assert list_pictures(tmp_path / "new")[0] == list_pictures(str(picture))[0] == (picture,)


def test_what_was_named_and_is_no_picture_is_listed(tmp_path, draw):
    picture = draw(tmp_path / "a.png")
    (tmp_path / "notes.heic").write_text("x")
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "gone.jpg")
    files, skipped = list_pictures([picture, tmp_path / "notes.heic", tmp_path / "broken.jpg"])
    assert files == (picture,)
    assert skipped[0].reason == "a text file, not a picture"
    assert "broken link" in skipped[1].reason


def test_something_that_does_not_exist_is_named(tmp_path, draw):
    draw(tmp_path / "ants.png")
    with pytest.raises(DataError, match=r"ant.png' does not exist.*Did you mean '.*ants.png'"):
        list_pictures([tmp_path / "ant.png"])


def test_no_picture_at_all_is_an_error(tmp_path):
    (tmp_path / "x.jxl").write_bytes(b"\xff\x0a")
    with pytest.raises(DataError, match=r"no readable picture.*convert it to PNG"):
        list_pictures([tmp_path / "x.jxl"])
    with pytest.raises(DataError, match="an empty list"):
        list_pictures([])


def test_a_folder_is_sorted_by_whole_paths(tmp_path, draw):
    last, first = draw(tmp_path / "b.png"), draw(tmp_path / "a" / "1.png")
    assert list_pictures(tmp_path)[0] == (first, last)


def test_dicom_is_told_by_its_bytes_or_by_its_suffix(tmp_path):
    (tmp_path / "IM0001").write_bytes(bytes(128) + b"DICM" + bytes(20))
    (tmp_path / "old.DCM").write_bytes(b"\x08\0\x05\0\x0a\0\0\0ISO_IR 100")
    (tmp_path / "notes.dcm").write_text("no picture at all")
    assert [(entry.path, entry.kind) for entry in walk(tmp_path, "").skipped] == [
        ("IM0001", "dicom"),
        ("notes.dcm", "text"),
        ("old.DCM", "dicom"),
    ]


def test_a_list_that_is_named_as_a_picture_gets_a_hint(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a.jpg\n")
    with pytest.raises(DataError) as caught:
        list_pictures(tmp_path / "list.txt")
    assert "predict takes it with --list" in caught.value.hint
    with pytest.raises(DataError) as caught:
        list_pictures(tmp_path)
    assert "--list" not in caught.value.hint
