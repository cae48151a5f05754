import stat
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headstart.base.errors import DataError, StoreError
from headstart.records.progress import Silent
from headstart.table.archives import extract_zip


def make_zip(path, members):
    """Write a zip of (name or ZipInfo, content) pairs."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members:
            archive.writestr(member, content)
    return path


def extract(archive, target, **limits):
    return extract_zip(archive, target, progress=Silent(), **limits)


def left(folder):
    return sorted(path.name for path in folder.iterdir())


GOOD = [("set/train/a/1.jpg", b"one"), ("set/train/b/두 번째.jpg", b"two"), ("set/", b"")]


def test_a_single_top_folder_becomes_the_target(tmp_path):
    archive = make_zip(tmp_path / "x.zip", [*GOOD, ("__MACOSX/set/._x", b"rest")])
    target = extract(archive, tmp_path / "deep" / "target")
    files = {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert files == {"train/a/1.jpg": b"one", "train/b/두 번째.jpg": b"two"}
    assert left(tmp_path / "deep") == ["target"]


def test_several_at_the_top_stay(tmp_path, monkeypatch):
    archive = make_zip(tmp_path / "x.zip", [("a/1.jpg", b"one"), ("b/1.jpg", b"two")])
    monkeypatch.chdir(tmp_path)
    extract(archive, type(tmp_path)("target"))
    assert left(tmp_path / "target") == ["a", "b"]


def link(name):
    member = zipfile.ZipInfo(name)
    member.create_system = 3
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("../evil.jpg", "leads out"),
        ("a/../../evil.jpg", "leads out"),
        ("/evil.jpg", "leads out"),
        ("C:/evil.jpg", "leads out"),
        ("..\\evil.jpg", "leads out"),
        (link("evil"), "a link or a device"),
        ("set/train/a/1.jpg", "twice"),
        ("set/train/A/1.JPG", "twice"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_unsafe_archives_are_refused_before_anything_is_written(tmp_path, member, message):
    archive = make_zip(tmp_path / "x.zip", [*GOOD, (member, b"/etc/passwd")])
    with pytest.raises(DataError, match=message):
        extract(archive, tmp_path / "inside" / "target")
    assert left(tmp_path / "inside") == []
    assert left(tmp_path) == ["inside", "x.zip"]


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), st.booleans())
@example("\0", True)
@example("\0", False)
@example("/", True)
def test_no_name_leads_out(tmp_path_factory, name, up):
    folder = tmp_path_factory.mktemp("zip")
    member = zipfile.ZipInfo("x")
    member.filename = member.orig_filename = ("../" if up else "") + name  # as a hostile writer would
    archive = make_zip(folder / "x.zip", [("keep/1.jpg", b"one"), (member, b"evil")])
    try:
        extract(archive, folder / "inside" / "target")
    except (DataError, StoreError):
        assert left(folder / "inside") == []
    else:
        assert not up
        assert left(folder / "inside") == ["target"]
    assert left(folder) == ["inside", "x.zip"]


def test_bombs_are_bounded(tmp_path):
    archive = make_zip(tmp_path / "x.zip", [("bomb", b"\0" * 3_000_000)])
    assert archive.stat().st_size < 10_000
    with pytest.raises(DataError, match="3000000 bytes in all"):
        extract(archive, tmp_path / "target", most_bytes=2_999_999)
    with pytest.raises(DataError, match="2 files"):
        extract(make_zip(tmp_path / "y.zip", GOOD), tmp_path / "target", most_files=1)
    assert left(tmp_path) == ["x.zip", "y.zip"]


def test_an_archive_that_lies_about_its_size_is_refused(tmp_path):
    archive = make_zip(tmp_path / "x.zip", [("bomb", b"\0" * 3_000_000)])
    content = archive.read_bytes()
    archive.write_bytes(content.replace((3_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(DataError, match="cannot be read as a zip archive"):
        extract(archive, tmp_path / "target", most_bytes=1000)
    assert left(tmp_path) == ["x.zip"]


def test_a_damaged_archive_leaves_nothing(tmp_path):
    archive = make_zip(tmp_path / "x.zip", [("a/1.jpg", bytes(range(256)) * 40)])
    content = bytearray(archive.read_bytes())
    content[60] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as a zip archive"):
        extract(archive, tmp_path / "target")
    (tmp_path / "y.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match="cannot be read as a zip archive"):
        extract(tmp_path / "y.zip", tmp_path / "target")
    assert left(tmp_path) == ["x.zip", "y.zip"]


def test_what_is_there_is_not_touched(tmp_path):
    archive = make_zip(tmp_path / "x.zip", GOOD)
    (tmp_path / "target").mkdir()
    with pytest.raises(DataError, match="exists already"):
        extract(archive, tmp_path / "target")
    assert left(tmp_path / "target") == []


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    archive = make_zip(tmp_path / "x.zip", GOOD)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match="disk is full"):
        extract(archive, tmp_path / "target")
    assert left(tmp_path) == ["x.zip"]
