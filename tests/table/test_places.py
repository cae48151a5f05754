"""Paths of lists from other systems are taken where they mean one file only, and told for what they are elsewhere."""

import pytest

from headstart.base.errors import DataError
from headstart.table import apply_split_file, list_pictures, read_table


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    (folder / "p").mkdir(parents=True)
    for number in range(20):
        (folder / "p" / f"{number:02d}.jpg").write_bytes(bytes([number]))
    return folder


def listed(place, write, header="path,label", numbers=20):
    lines = [f"{write(f'p/{number:02d}')},{('ant', 'bee')[number % 2]}" for number in range(numbers)]
    place.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return place


PATHS = tuple(f"p/{number:02d}.jpg" for number in range(20))


@pytest.mark.parametrize(
    "write",
    [
        lambda name: name.replace("/", "\\") + ".jpg",
        lambda name: ".\\" + name.replace("/", "\\") + ".jpg",
        lambda name: f"./{name}.jpg",
        lambda name: f'"{name}.jpg  "',
        lambda name: name,
        lambda name: name.replace("/", "\\"),
    ],
)
def test_what_means_one_file_is_taken(data, write):
    assert read_table(listed(data / "list.csv", write)).paths == PATHS


def test_addresses_of_files_and_the_home_folder_are_taken(data, monkeypatch):
    monkeypatch.setenv("HOME", str(data))
    monkeypatch.setenv("USERPROFILE", str(data))
    assert read_table(listed(data / "a.csv", lambda name: f"{data.as_uri()}/{name}.jpg")).paths == PATHS
    assert read_table(listed(data / "b.csv", lambda name: f"~/{name}.jpg")).paths == PATHS
    assert list_pictures(f"{data.as_uri()}/p/00.jpg")[0] == (data / "p" / "00.jpg",)


def test_a_file_whose_name_has_a_backslash_comes_first(data):
    (data / "p\\00.jpg").write_bytes(b"other")
    table = read_table(listed(data / "list.csv", lambda name: name.replace("/", "\\") + ".jpg"))
    assert table.paths == ("p/01.jpg", *PATHS[2:], "p\\00.jpg")


def test_a_suffix_that_is_missing_in_some_rows_is_not_guessed(data):
    (data / "p" / "00.jpg").rename(data / "p" / "00.png")
    with pytest.raises(DataError, match=r"20 of 20 pictures in .* cannot be found") as caught:
        read_table(listed(data / "list.csv", lambda name: name))
    assert "they end in '.jpg' and '.png'" in caught.value.hint


def test_a_picture_that_is_missing_does_not_hide_the_suffix(data):
    (data / "p" / "07.jpg").unlink()
    table = read_table(listed(data / "list.csv", lambda name: name))
    assert len(table) == 19
    assert [(entry.path, entry.reason) for entry in table.skipped] == [("p/07.jpg", "no such file")]


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (lambda name: f"https://example.org/{name}.jpg", "Web addresses are not read: download the pictures"),
        (lambda name: f"s3://bucket/{name}.jpg", "Web addresses are not read"),
        (lambda name: "C:\\pictures\\" + name.replace("/", "\\") + ".jpg", "These are paths of Windows"),
        (lambda name: f"\\\\server\\{name}.jpg", "These are paths of Windows"),
        (lambda name: f"file:///nowhere/{name}.jpg", "There are no files at these addresses"),
        (lambda name: f"data/{name}.jpg", "not to the folder of the list"),
        (lambda name: f"{name[2:]}.jpg", "write 'p/' before these paths"),
        (lambda name: f"{name}.png", "they end in '.jpg'"),
        (lambda name: f"{name.upper()}.JPG", "capitals must be the same"),
        (lambda name: f"elsewhere/{name}.jpg", "Paths are relative to the folder of the list"),
    ],
)
def test_what_cannot_be_taken_is_told_for_what_it_is(data, write, told):
    with pytest.raises(DataError, match="cannot be found, more than 5 %") as caught:
        read_table(listed(data / "list.csv", write))
    assert told in caught.value.hint


def test_paths_from_the_current_folder_are_told(data, tmp_path, monkeypatch):
    monkeypatch.chdir(data.parent)
    (tmp_path / "lists").mkdir()
    with pytest.raises(DataError, match="cannot be found") as caught:
        read_table(listed(tmp_path / "lists" / "list.csv", lambda name: f"data/{name}.jpg"))
    assert f"relative to the current folder, '{tmp_path}'" in caught.value.hint


def test_a_single_address_among_files_is_listed_for_what_it_is(data):
    listed(data / "list.csv", lambda name: f"{name}.jpg")
    with (data / "list.csv").open("a") as stream:
        stream.write("https://example.org/x.jpg,ant\n")
    (entry,) = read_table(data / "list.csv").skipped
    assert (entry.path, entry.reason) == ("https://example.org/x.jpg", "no such file here: it is a web address")


def test_split_files_find_their_pictures_alike(data):
    table = read_table(listed(data / "list.csv", lambda name: f"{name}.jpg"))
    lines = [f"{path[:-4]},{table.classes[table.labels[row]]},train" for row, path in enumerate(table.paths)]
    lines = [line.replace("/", "\\") for line in lines]
    (data / "split.csv").write_text("\n".join(["path,label,split", *lines]))
    assert set(apply_split_file(table, data / "split.csv").splits.tolist()) == {"train"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("https://example.org/a.zip", "'https://example.org/a.zip' does not exist: it is a web address"),
        ("C:\\pictures", "it is a path of Windows"),
    ],
)
@pytest.mark.parametrize("read", [read_table, list_pictures])
def test_what_was_typed_is_told_for_what_it_is(given, told, read):
    with pytest.raises(DataError) as caught:
        read(given)
    assert told in caught.value.message


def test_backslashes_that_were_typed_get_a_hint(data, monkeypatch):
    monkeypatch.chdir(data)
    with pytest.raises(DataError) as caught:
        list_pictures("p\\00.jpg")
    assert "Did you mean 'p/00.jpg'?" in caught.value.hint
