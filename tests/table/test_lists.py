import unicodedata

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headstart.base.errors import DataError
from headstart.table import check_trainable, read_table


@pytest.fixture
def data(tmp_path):
    """A folder ``data/p`` with 20 files that differ in their bytes."""
    folder = tmp_path / "data"
    (folder / "p").mkdir(parents=True)
    for number in range(20):
        (folder / "p" / f"{number:02d}.jpg").write_bytes(bytes([number]))
    return folder


def rows(count=20):
    return [(f"p/{number:02d}.jpg", ("ant", "bee")[number % 2]) for number in range(count)]


def write(data, text, name="list.csv"):
    (data / name).write_text(text, encoding="utf-8")
    return data / name


def lines(header, entries, separator=","):
    return "\n".join([header, *(separator.join(entry) for entry in entries)]) + "\n"


def test_csv_with_path_and_label(data):
    table = read_table(write(data, lines("path,label", rows())))
    assert len(table) == 20
    assert table.classes == ("ant", "bee")
    assert table.root == data
    assert set(table.splits.tolist()) == {""}
    assert [table.classes[label] for label in table.labels[:3]] == ["ant", "bee", "ant"]
    assert table.file(3).is_file()
    check_trainable(table)


def test_the_order_of_the_lines_does_not_matter(data):
    one = read_table(write(data, lines("path,label", rows())))
    other = read_table(write(data, lines("path,label", reversed(rows())), "other.csv"))
    assert one.fingerprint() == other.fingerprint()


@pytest.mark.parametrize(
    ("name", "separator", "header"),
    [
        ("list.tsv", "\t", "path\tlabel\tsplit\tgroup"),
        ("list.csv", ",", "Path, LABEL, Split, Group"),
        ("list.CSV", ";", "\ufeffpath;label;split;group"),
        ("list.csv", "\t", "path\tlabel\tsplit\tgroup"),
        ("list.csv", "\t", '\n"path"\tlabel\tsplit\tgroup, if any'),
        ("list.tsv", ",", "path,label,split,group"),
        ("list.tsv", ";", "path;label;split;group"),
        ("list.csv", ";", "sep=;\npath;label;split;group"),
        ("list.csv", "|", '\ufeff"sep=|"\r\npath|label|split|group'),
        ("list.tsv", "\t", "sep=\t\npath\tlabel\tsplit\tgroup"),
    ],
)
def test_all_columns_in_every_form_of_text(data, name, separator, header):
    entries = [(*row, ("train", "Validation")[place >= 16], f"g{place // 4}") for place, row in enumerate(rows())]
    table = read_table(write(data, lines(header, entries, separator) + "\n", name))
    assert table.counts() == {"train": {"ant": 8, "bee": 8}, "val": {"ant": 2, "bee": 2}, "test": {}}
    assert table.groups[:5].tolist() == ["g0"] * 4 + ["g1"] or "if any" in header


def test_lines_are_counted_as_they_stand_in_the_file(data):
    with pytest.raises(DataError, match="empty label in line 4"):
        read_table(write(data, "sep=;\npath;label\np/00.jpg;ant\np/01.jpg;\n"))


def test_pictures_without_a_group_are_counted_where_others_have_one(data):
    grouped = [(*row, "g" if place < 12 else "") for place, row in enumerate(rows())]
    (finding,) = read_table(write(data, lines("path,label,group", grouped))).findings
    assert finding.text == (
        "8 of 20 pictures have no group: each counts as a group of its own. If some of them belong together, fill in "
        "their group."
    )
    for group in ("", "g"):
        same = [(*row, group or f"g{place}") for place, row in enumerate(rows())]
        assert read_table(write(data, lines("path,label,group", same))).findings == ()


def test_parquet_with_numbers_and_nothing_for_a_group(data):
    columns = {
        "path": [path for path, _ in rows()],
        "label": pa.array([place % 2 for place in range(20)]).dictionary_encode(),
        "group": [None, *(["g"] * 19)],
    }
    folder = data / "split=7"  # a folder name that must not become a column
    folder.mkdir()
    columns["path"] = [f"../{path}" for path in columns["path"]]
    pq.write_table(pa.table(columns), folder / "list.parquet")
    table = read_table(folder / "list.parquet")
    assert table.classes == ("0", "1")
    assert table.groups[:2].tolist() == ["", "g"]
    assert set(table.splits.tolist()) == {""}
    assert table.file(0).is_file()


def test_absolute_paths_below_the_list_become_relative(data, tmp_path):
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(b"outside")
    entries = [(str(data / path), label) for path, label in rows()] + [(str(outside), "ant")]
    table = read_table(write(data, lines("path,label", entries)))
    assert "p/00.jpg" in table.paths
    assert outside.as_posix() in table.paths
    assert all(table.file(row).is_file() for row in range(len(table)))


def test_columns_of_other_names_are_no_matter(data):
    table = read_table(write(data, lines("path,label,probability,set", [(*row, "0.9", "a") for row in rows()])))
    assert len(table) == 20


def test_quotes_keep_separators_and_names_of_any_language(data):
    name = "개미, زنبور.jpg"
    (data / name).write_bytes(b"new")
    table = read_table(write(data, lines("path,label", [*rows(), (f'"{name}"', "개미")])))
    assert name in table.paths
    assert "개미" in table.classes


def test_the_other_unicode_form_of_a_name_is_found(data):
    name = unicodedata.normalize("NFD", "café.jpg")
    (data / name).write_bytes(b"new")
    listed = unicodedata.normalize("NFC", name)
    table = read_table(write(data, lines("path,label", [*rows(), (listed, "ant")])))
    assert len(table) == 21
    assert all(table.file(row).exists() for row in range(21))
    assert name in table.paths or listed in table.paths


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column 'path'; its columns are none"),
        ("file,label\na.jpg,x\n", "no column 'path'; its columns are 'file', 'label'"),
        ("path,class\na.jpg,x\n", "no column 'label'"),
        ("path,label\na.jpg\n", "Line 2 .* has 1 cells where the first line has 2"),
        ("path,label\na.jpg,ant\nb.jpg,\n", "empty label in line 3"),
        (
            "path,label,probability,set,none_of_these,p_ant\na.jpg,ant,0.9,ant,false,0.9\n",
            "what a classifier answ",
        ),
        ("path,label\n,ant\n", "empty path in line 2"),
        ("path,label,split\na.jpg,ant,train\nb.jpg,ant,dev\n", "split 'dev' in line 3"),
        ("path,label,split\na.jpg,ant,train\nb.jpg,ant,\n", "split '' in line 3"),
        ("path,label\na.jpg,ant\nb.jpg,ant\n./a.jpg,bee\n", "1 picture more than once: 'a.jpg'"),
    ],
)
def test_faults_of_a_list_are_named(data, text, message):
    with pytest.raises(DataError, match=message):
        read_table(write(data, text))


@pytest.mark.parametrize("text", ["undefined", "Missing", "?", "-", "none"])
def test_what_may_mean_a_missing_label_is_said(data, text):
    table = read_table(
        write(data, lines("path,label", [(path, text if label == "ant" else label) for path, label in rows()]))
    )
    assert [finding.code for finding in table.findings] == ["perhaps-missing"]


def test_a_list_that_is_no_text_and_a_parquet_that_is_none(data):
    (data / "list.csv").write_bytes(b"path,label\ncaf\xe9.jpg,ant\n")
    with pytest.raises(DataError, match="cannot be read as a list"):
        read_table(data / "list.csv")
    (data / "list.parquet").write_bytes(b"path,label\n")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_table(data / "list.parquet")


def test_missing_files_are_skipped_and_counted(data):
    table = read_table(write(data, lines("path,label", [*rows(), ("p/gone.jpg", "ant")])))
    assert [(entry.path, entry.reason) for entry in table.skipped] == [("p/gone.jpg", "no such file")]
    with pytest.raises(DataError, match=r"2 of 22 pictures .*gone.jpg"):
        read_table(write(data, lines("path,label", [*rows(), ("p/gone.jpg", "ant"), ("q.jpg", "bee")])))


def test_listed_files_of_other_kinds_are_skipped_with_what_to_do(data):
    (data / "IMG_1").write_bytes(b"\xff\xd8\xff\xe0")
    (data / "x.jxl").write_bytes(b"\xff\x0a")
    (data / "x.txt").write_bytes(b"x")
    listed = [*rows(), ("IMG_1", "ant"), ("x.jxl", "ant"), ("x.txt", "bee")]
    table = read_table(write(data, lines("path,label", listed)))
    assert len(table) == 21
    # What a list names as a picture and is none counts as one that cannot be read.
    assert [(entry.reason, entry.unreadable) for entry in table.skipped] == [
        ("a JPEG XL picture: convert it to PNG or JPEG", False),
        ("a text file, not a picture", True),
    ]


def test_a_class_whose_files_are_all_missing_is_named(data):
    table = read_table(write(data, lines("path,label", [*rows(), ("gone.jpg", "wasp")])))
    with pytest.raises(DataError, match="'wasp' has no readable picture"):
        check_trainable(table)


@pytest.mark.parametrize(
    "header",
    [
        "path,label,Label",
        "path,label,path",
        "path,label,LABEL ",
        "path,label,\u200blabel",
        "path,label,split,Split",
        "path,label,group,group",
    ],
)
def test_two_columns_of_one_name_are_an_error_that_names_both(data, header):
    names = header.split(",")
    entries = [(*row, *["x"] * (len(names) - 2)) for row in rows()]
    with pytest.raises(DataError, match="has 2 columns for the") as caught:
        read_table(write(data, lines(header, entries)))
    arrays = [[entry[at] for entry in entries] for at in range(len(names))]
    pq.write_table(pa.table(arrays, names=names), data / "list.parquet")
    with pytest.raises(DataError, match="has 2 columns for the") as same:
        read_table(data / "list.parquet")
    twice = [name for name in names if names[-1].strip("\u200b ").lower() == name.strip("\u200b ").lower()]
    assert all(repr(name) in caught.value.message for name in twice)
    assert all(repr(name) in same.value.message for name in twice)


@pytest.mark.parametrize("text", ["nan", "NaN", "NULL", "<NA>", "#N/A", "#DIV/0!", "#REF!", "  ", "\u200b"])
def test_a_missing_label_is_an_error_that_names_the_lines(data, text):
    with pytest.raises(DataError, match="empty label in line 22, line 23"):
        read_table(write(data, lines("path,label", [*rows(), ("x.jpg", text), ("y.jpg", text)])))


@pytest.mark.parametrize(
    "labels",
    [
        pa.array([None, *("ab" * 9), "a"]),
        pa.array([float("nan"), *([0.0, 1.0] * 9), 1.0]),
        pa.array([None, *([0, 1] * 9), 1]),
        pa.array([None, *("ab" * 9), "a"]).dictionary_encode(),
    ],
)
def test_nothing_in_a_parquet_is_no_class(data, labels):
    pq.write_table(pa.table({"path": [path for path, _ in rows()], "label": labels}), data / "list.parquet")
    with pytest.raises(DataError, match=r"empty label in row 1[.]"):
        read_table(data / "list.parquet")


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([0.0, 1.0], ("0", "1")),  # as pandas has whole numbers beside a missing one
        ([0.5, 1.0], ("0.5", "1.0")),
        ([b"ant", b"bee"], ("ant", "bee")),
        ([True, False], ("False", "True")),
    ],
)
def test_labels_of_other_types_have_the_names_that_people_expect(data, labels, classes):
    columns = {"path": [path for path, _ in rows()], "label": labels * 10}
    pq.write_table(pa.table(columns), data / "list.parquet")
    assert read_table(data / "list.parquet").classes == classes


def test_several_labels_of_a_picture_are_refused(data):
    columns = {"path": [path for path, _ in rows()], "label": [["a", "b"]] * 20}
    pq.write_table(pa.table(columns), data / "list.parquet")
    with pytest.raises(DataError, match="holds a list where one value is expected"):
        read_table(data / "list.parquet")


def test_a_label_that_may_mean_missing_is_a_class_and_is_said(data):
    entries = [(path, "none" if label == "ant" else label) for path, label in rows()]
    table = read_table(write(data, lines("path,label", entries)))
    assert table.classes == ("bee", "none")
    (finding,) = table.findings
    assert finding.text == (
        "'none' is a class here, with 10 pictures. If it means that the label is missing, leave these pictures out."
    )


def test_missing_groups_are_not_one_group(data):
    entries = [(*row, ("nan", "NULL", "", "g")[place % 4]) for place, row in enumerate(rows())]
    table = read_table(write(data, lines("path,label,group", entries)))
    assert table.groups[:4].tolist() == ["", "", "", "g"]


def test_both_forms_of_a_letter_are_one_class_and_one_group(data):
    forms = [unicodedata.normalize(form, "é") for form in ("NFC", "NFD")]
    entries = []
    for place, (path, label) in enumerate(rows()):
        name = forms[place // 2 % 2] if label == "ant" else label
        entries.append((path, name, forms[place % 2], "train"))
    table = read_table(write(data, lines("path,label,group,split", entries)))
    assert table.classes == ("bee", forms[0])
    assert set(table.groups.tolist()) == {forms[0]}


def test_groups_that_only_look_alike_are_said(data):
    entries = [(*row, ("hive 1", "Hive 1", "hive 2")[place % 3]) for place, row in enumerate(rows())]
    (finding,) = read_table(write(data, lines("path,label,group", entries))).findings
    assert "count as different groups" in finding.text
    assert "'Hive 1' and 'hive 1'." in finding.text
