import os
import shutil
import sys
import unicodedata

import pytest

from headstart.base.errors import DataError
from headstart.table import check_trainable, read_table, with_splits

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")


def fill(folder, number=3, suffix=".jpg"):
    """Write `number` files that differ in their bytes; the table never decodes them."""
    folder.mkdir(parents=True, exist_ok=True)
    for place in range(number):
        (folder / f"{place}{suffix}").write_bytes(f"{folder}{place}".encode("utf-8", "surrogateescape"))
    return folder


def reasons(table):
    return {skipped.path: skipped.reason for skipped in table.skipped}


def test_train_and_val(picture_folder):
    table = read_table(picture_folder)
    assert table.classes == ("circle", "square")
    assert table.counts() == {
        "train": {"circle": 12, "square": 12},
        "val": {"circle": 6, "square": 6},
        "test": {},
    }
    assert table.paths[0] == "train/circle/circle_00.png"
    assert table.root == picture_folder
    assert all(len(digest) == 64 for digest in table.digests)
    check_trainable(table)


def test_a_single_folder_has_no_splits_until_they_are_made(single_folder):
    table = read_table(str(single_folder))
    assert set(table.splits.tolist()) == {""}
    assert table.paths[0] == "circle/circle_00.png"
    assert with_splits(table, seed=0).counts() == {
        "train": {"circle": 13, "square": 14},
        "val": {},
        "test": {"circle": 5, "square": 4},
    }


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (("train", "validation", "test"), ["test", "train", "val"]),
        (("Train", "VALID"), ["train", "val"]),
        (("training", "testing"), ["test", "train"]),
        (("train ", "TEST\u200b"), ["test", "train"]),
        (("val", "test"), ["test", "val"]),
        (("test",), ["test"]),
    ],
)
def test_names_of_split_folders(tmp_path, names, splits):
    for name in names:
        fill(tmp_path / name / "a")
        fill(tmp_path / name / "b")
    assert sorted(set(read_table(tmp_path).splits.tolist())) == splits


def test_two_folders_for_one_split_are_refused(tmp_path):
    for name in ("train", "val", "validation"):
        fill(tmp_path / name / "a")
    with pytest.raises(DataError, match="same split: val, validation"):
        read_table(tmp_path)


def test_a_class_may_be_called_test_beside_others(tmp_path):
    for name in ("test", "exam"):
        fill(tmp_path / name)
    assert read_table(tmp_path).classes == ("exam", "test")


def test_folders_beside_the_splits_are_listed_and_not_read(tmp_path):
    for name in ("train", "test", "test_simple"):
        fill(tmp_path / name / "a")
    table = read_table(tmp_path)
    assert len(table) == 6
    assert reasons(table) == {"test_simple": "not read: it is next to the folders of the splits"}


@pytest.mark.parametrize("suffix", [".jpg", ".JPG", ".jpeg", ".JPEG", ".png", ".WebP", ".bmp", ".tif", ".TIFF"])
def test_suffixes_of_pictures(tmp_path, suffix):
    fill(tmp_path / "a", suffix=suffix)
    fill(tmp_path / "b", suffix=suffix)
    assert len(read_table(tmp_path)) == 6


def test_whatever_is_not_read_is_listed_by_name_with_its_reason(tmp_path):
    for name in ("a", "b"):
        fill(tmp_path / name)
    fill(tmp_path / "a" / ".hidden")
    fill(tmp_path / "__MACOSX" / "a")
    fill(tmp_path / "b" / "@eaDir" / "0.jpg")
    (fill(tmp_path / "pictures.run" / "train").parent / "plan.json").write_bytes(b"{}")
    (tmp_path / "pictures.run" / "split.parquet").write_bytes(b"")
    for name in ("a/.x.jpg", "a/notes.txt", "readme.md"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "b" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    (tmp_path / "b" / "pages.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "b" / "more.zip").write_bytes(b"PK\x03\x04")
    table = read_table(tmp_path)
    assert len(table) == 6
    assert table.classes == ("a", "b")
    assert reasons(table) == {
        "__MACOSX": "a folder of an archiver or file server: not entered",
        "a/.hidden": "a hidden folder: not entered",
        "a/.x.jpg": "hidden: its name begins with a dot",
        "a/notes.txt": "a text file, not a picture",
        "b/@eaDir": "a folder of an archiver or file server: not entered",
        "b/Thumbs.db": "a Windows file such as Thumbs.db, not a picture",
        "b/more.zip": "a zip archive: unpack it to read the pictures inside",
        "b/pages.pdf": "a PDF document, not a picture",
        "pictures.run": "a folder that headstart wrote: not entered",
        "readme.md": "a text file, not a picture",
    }
    assert not any(entry.unreadable or entry.picture for entry in table.skipped)


def test_pictures_are_told_by_their_first_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("headstart.base.forms.find_spec", lambda name: None)  # no package that reads HEIC
    jpeg, gif, heic = b"\xff\xd8\xff\xe0", b"GIF89a", b"\0\0\0\x18ftypheic"
    avif, tiff = b"\0\0\0\x1cftypavif", b"II*\0\x08\0\0\0"
    heads = {"x.jfif": jpeg, "x.jpe": b"any", "IMG_0001": jpeg, "x.jpg_large": jpeg, "x.avif": avif}
    others = {
        "x.gif": gif,
        "x.heic": heic,
        "IMG_0002": heic,
        "x.nef": tiff,
        "x.cr3": b"\0\0\0\x18ftypcrx ",
        "x.svg": b"<svg ",
    }
    for name, head in {**heads, **others}.items():
        for folder in ("a", "b"):
            fill(tmp_path / folder, number=0)
            (tmp_path / folder / name).write_bytes(head + folder.encode() + name.encode())
    table = read_table(tmp_path)
    assert [path.removeprefix("a/") for path in table.paths[: len(heads)]] == sorted(heads)
    kinds = {entry.path.removeprefix("a/"): entry.kind for entry in table.skipped if entry.path.startswith("a/")}
    assert kinds == {
        "x.gif": "gif",
        "x.heic": "heif",
        "IMG_0002": "heif",
        "x.nef": "raw",
        "x.cr3": "raw",
        "x.svg": "svg",
    }
    assert not any(entry.unreadable for entry in table.skipped)  # sound, so not counted for the 5 % rule ...
    (finding,) = table.findings  # ... but said
    assert finding.code == "other-forms"
    assert 'pip install "headstart[heif]" reads them' in finding.text


@pytest.mark.parametrize("name", ["home.run", "rose.bundle", "plans"])
def test_a_class_may_be_called_as_a_run_folder_is(tmp_path, name):
    fill(tmp_path / name)
    fill(tmp_path / "other")
    (tmp_path / name / "plan.json").write_bytes(b"{}")  # one file alone makes it none of ours
    assert read_table(tmp_path).classes == tuple(sorted((name, "other")))


def test_a_picture_beside_the_class_folders_is_listed(tmp_path):
    for name in ("a", "b"):
        fill(tmp_path / name)
    (tmp_path / "stray.jpg").write_bytes(b"x")
    assert reasons(read_table(tmp_path)) == {"stray.jpg": "it is not in a class folder"}


def test_nested_folders_belong_to_their_class(tmp_path):
    fill(tmp_path / "a" / "2024" / "spring")
    fill(tmp_path / "a" / "2025")
    fill(tmp_path / "b")
    table = read_table(tmp_path)
    assert table.counts()[""] == {"a": 6, "b": 3}
    assert table.paths[0] == "a/2024/spring/0.jpg"


def test_names_of_any_language_are_compared_as_people_read_them(tmp_path):
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    names = ["개미", "زنبور عسل", "two words", composed]
    for name in (*names, decomposed):
        fill(tmp_path / "train" / name)
        fill(tmp_path / "val" / unicodedata.normalize("NFD", name))
    table = read_table(tmp_path)
    assert table.classes == tuple(sorted(names))
    on_disk = {path.name for path in (tmp_path / "train").iterdir()}
    assert {path.split("/")[1] for path in table.paths if path.startswith("train")} == on_disk  # paths stay as they are
    assert table.findings == ()
    check_trainable(table)


def test_names_that_only_look_alike_are_classes_with_a_hint(tmp_path):
    for name in ("Ants", "ants", "bees", "bee\u200bs", "1", "1.0", "wasp", "wasp "):
        fill(tmp_path / name)
    table = read_table(tmp_path)
    assert len(table.classes) == 8
    (finding,) = table.findings
    assert finding.code == "names-alike"
    assert "'1' and '1.0'; 'Ants' and 'ants'; 'bees' and 'bee<U+200B>s'; 'wasp' and 'wasp<U+0020>'." in finding.text


@posix
def test_names_that_are_no_unicode(tmp_path):
    for name in ("a", "b"):
        fill(tmp_path / name, number=20)
    try:
        (tmp_path / "a" / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"x")
    except OSError:
        pytest.skip("this disk refuses such names")
    assert reasons(read_table(tmp_path)) == {"a/caf\\xe9.jpg": "its name is not valid UTF-8: rename it"}
    fill(tmp_path / os.fsdecode(b"ros\xe9"))
    with pytest.raises(DataError, match="not valid UTF-8"):
        read_table(tmp_path)


def test_classes_map_by_name_and_a_missing_one_shifts_nothing(tmp_path):
    for name in ("a", "b", "c"):
        fill(tmp_path / "train" / name)
    fill(tmp_path / "val" / "c")
    (tmp_path / "val" / "b").mkdir()
    (tmp_path / "test").mkdir()
    table = read_table(tmp_path)
    check_trainable(table)
    assert table.counts()["val"] == {"a": 0, "b": 0, "c": 3}
    (tmp_path / "val" / "zebra").mkdir()  # empty: no class
    assert read_table(tmp_path).classes == ("a", "b", "c")
    fill(tmp_path / "val" / "zebra")
    with pytest.raises(DataError, match="'zebra' has pictures in val but not in train"):
        check_trainable(read_table(tmp_path))


@pytest.mark.parametrize("parent", ["train", "."])
def test_an_empty_class_folder_is_named(tmp_path, parent):
    for name in ("a", "b"):
        fill(tmp_path / parent / name)
    (tmp_path / parent / "nothing").mkdir()
    table = read_table(tmp_path)
    for check in (check_trainable, lambda table: with_splits(table, seed=0)):
        with pytest.raises(DataError, match="Class 'nothing' has no readable picture"):
            check(table)


def test_pictures_without_class_folders_get_the_two_layouts_explained(tmp_path):
    fill(tmp_path / "pictures")
    with pytest.raises(DataError, match="holds 3 pictures but no class folders") as caught:
        read_table(tmp_path / "pictures")
    assert "DATA/train/CLASS" in caught.value.hint
    assert "DATA/CLASS" in caught.value.hint
    fill(tmp_path / "data" / "train")
    with pytest.raises(DataError, match="no class folders"):
        read_table(tmp_path / "data")


def test_a_folder_without_a_picture(tmp_path):
    with pytest.raises(DataError, match="no readable picture"):
        read_table(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.jxl").write_bytes(b"\xff\x0a")
    (tmp_path / "a" / "x.txt").write_bytes(b"x")
    with pytest.raises(DataError, match="no readable picture") as caught:
        read_table(tmp_path)
    assert "What lies there: 1 JPEG XL picture (convert it to PNG or JPEG), 1 text file." in caught.value.hint


def test_a_missing_folder_names_the_nearest(tmp_path):
    (tmp_path / "photos").mkdir()
    with pytest.raises(DataError, match="does not exist") as caught:
        read_table(tmp_path / "photoz" / "train")
    assert f"'{tmp_path}'" in caught.value.hint
    assert f"'{tmp_path / 'photos'}'" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "content", "told", "way_out"),
    [
        ("photos.zip", b"PK\x03\x04", "it is a zip archive", "Unpack the archive, and give the folder."),
        ("photos", b"\x1f\x8b", "it is a gzip archive", "Unpack the archive, and give the folder."),
        ("photos.tar", b"\0", "it is a file of another kind", "Unpack the archive, and give the folder."),
        ("list.xlsx", b"PK\x03\x04", "it is a zip archive", "Save the sheet as CSV, and give that."),
        ("photo.jpg", b"\xff\xd8\xff", "it is a JPEG", "Give the folder that holds the pictures, or a list."),
    ],
)
def test_another_kind_of_file_is_told_what_is_read(tmp_path, name, content, told, way_out):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="neither a folder nor a list") as caught:
        read_table(tmp_path / name)
    assert told in caught.value.message
    assert caught.value.hint.startswith(way_out)
    assert ".parquet" in caught.value.hint


@posix
def test_links_are_followed_and_cycles_survived(tmp_path):
    elsewhere = fill(tmp_path / "elsewhere" / "more")
    data = tmp_path / "data"
    fill(data / "a")
    fill(data / "b", number=40)
    (data / "a" / "more").symlink_to(elsewhere)
    (data / "a" / "up").symlink_to(data)
    (data / "a" / "self").symlink_to(data / "a")
    (elsewhere / "round").symlink_to(elsewhere)
    (data / "a" / "linked.jpg").symlink_to(elsewhere / "0.jpg")
    (data / "a" / "broken.jpg").symlink_to(tmp_path / "gone.jpg")
    (data / "a" / "loop.jpg").symlink_to(data / "a" / "loop.jpg")
    (data / "c").symlink_to(fill(tmp_path / "elsewhere" / "c"))
    (data / "back").symlink_to(tmp_path)
    table = read_table(data)
    assert table.classes == ("a", "b", "c")
    assert table.counts()[""] == {"a": 7, "b": 40, "c": 3}
    assert {path for path in table.paths if path.startswith("a/more")} == {f"a/more/{n}.jpg" for n in range(3)}
    cycle = "a link to a folder that is read already: not entered"
    broken = "a broken link: its target does not exist"
    assert reasons(table) == {
        "a/broken.jpg": broken,
        "a/loop.jpg": broken,
        "a/more/round": cycle,
        "a/self": cycle,
        "a/up": cycle,
        "back": "a link to a folder above it: not entered",
    }


@posix
def test_what_is_no_regular_file_is_never_opened(tmp_path):
    for name in ("a", "b"):
        fill(tmp_path / name, number=15)
    os.mkfifo(tmp_path / "a" / "pipe.jpg")  # reading it would wait for ever
    assert reasons(read_table(tmp_path)) == {"a/pipe.jpg": "not a regular file"}


def test_too_many_broken_files_stop_and_are_listed(tmp_path):
    for name in ("a", "b"):
        fill(tmp_path / name, number=9)
    (tmp_path / "a" / "empty.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"1 of 19 pictures .*'a/empty.jpg' \(the file is empty"):
        read_table(tmp_path)


def test_the_order_on_disk_does_not_matter(single_folder, tmp_path, monkeypatch):
    table = with_splits(read_table(single_folder), seed=0)
    copy = tmp_path / "copy"
    for path in sorted(single_folder.rglob("*"), reverse=True):
        if path.is_file():
            (copy / path.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy / path.parent.name)
    scandir = os.scandir

    class Reversed:
        def __init__(self, folder):
            with scandir(folder) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *details):
            return None

    monkeypatch.setattr(os, "scandir", Reversed)
    other = with_splits(read_table(copy, threads=4), seed=0)
    assert other.paths == table.paths
    assert other.splits.tolist() == table.splits.tolist()
    assert other.fingerprint() == table.fingerprint()


def test_the_data_folder_is_only_read(picture_folder):
    before = {path: path.stat().st_mtime_ns for path in picture_folder.rglob("*")}
    with_splits(read_table(picture_folder), seed=0)
    assert {path: path.stat().st_mtime_ns for path in picture_folder.rglob("*")} == before


@pytest.mark.shared
def test_the_tutorial_s_ants_and_bees(shared):
    table = read_table(shared / "data" / "hymenoptera")
    assert table.counts()["train"] == {"ants": 123, "bees": 121}
    assert table.counts()["val"] == {"ants": 70, "bees": 83}
    assert reasons(table) == {"train/ants/imageNotFound.gif": "a GIF picture: convert it to PNG or JPEG"}
