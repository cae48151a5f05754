"""Which folders are splits, which are classes, and what is asked about instead of guessed."""

import pytest

from headstart.base.errors import DataError
from headstart.table import check_trainable, read_table, with_splits


def fill(folder, number=3):
    folder.mkdir(parents=True, exist_ok=True)
    for place in range(number):
        (folder / f"{place}.jpg").write_bytes(f"{folder}{place}".encode())
    return folder


def codes(table):
    return [finding.code for finding in table.findings]


@pytest.mark.parametrize("inside", [("train",), ("train/steam", "train/diesel")])
@pytest.mark.parametrize("others", [("bus", "car"), ("bus/red", "bus/blue")])
def test_train_beside_other_folders_of_pictures_is_asked_about(tmp_path, inside, others):
    for name in (*inside, *others):
        fill(tmp_path / name)
    with pytest.raises(DataError, match=r"'train' may be a split or a class: next to it .* 'bus'") as caught:
        read_table(tmp_path)
    assert "give it another name" in caught.value.hint
    assert f"'{tmp_path / 'train' / 'train'}', '{tmp_path / 'train' / 'bus'}'" in caught.value.hint


def test_the_way_out_that_is_named_leads_out(tmp_path):
    for name in ("train", "bus", "car"):
        fill(tmp_path / "train" / name)
    table = with_splits(read_table(tmp_path), seed=0)
    assert table.classes == ("bus", "car", "train")


def test_folders_without_pictures_beside_train_are_no_question(tmp_path):
    for name in ("ants", "bees"):
        fill(tmp_path / "train" / name)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_bytes(b"x")
    table = read_table(tmp_path)
    assert table.classes == ("ants", "bees")
    assert [(entry.path, entry.kind) for entry in table.skipped] == [("notes", "beside")]
    assert table.findings == ()


def test_pictures_beside_complete_splits_are_set_aside_and_said(tmp_path):
    for name in ("train/a", "train/b", "test/a", "test/b", "extra/a"):
        fill(tmp_path / name)
    table = read_table(tmp_path)
    assert len(table) == 12
    (finding,) = table.findings
    assert finding.text == (
        "Only 'train' and 'test' were read. Next to that lie pictures that were not used, in 'extra'."
    )


def test_a_class_with_the_name_of_a_split_is_said(tmp_path):
    for name in ("ants", "bees", "test"):
        fill(tmp_path / name)
    table = read_table(tmp_path)
    assert table.classes == ("ants", "bees", "test")
    (finding,) = table.findings
    assert finding.subject == "test"
    assert finding.text.startswith("'test' is read as a class, like the folders next to it.")


@pytest.mark.parametrize("inside", ["", "unknown", "test", "images"])
def test_a_test_folder_without_classes_is_set_aside(tmp_path, inside):
    for name in ("ants", "bees"):
        fill(tmp_path / "train" / name, 8)
    fill(tmp_path / "test" / inside, 5)
    table = read_table(tmp_path)
    check_trainable(table)
    assert table.counts()["train"] == {"ants": 8, "bees": 8}
    assert sum(with_splits(table, seed=0).counts()["test"].values()) == 4
    assert [(entry.path, entry.reason) for entry in table.skipped] == [
        ("test/", "its 5 pictures are in no class folder: set aside")
    ]
    (finding,) = table.findings
    assert finding.text == (
        f"The 5 pictures in '{tmp_path / 'test'}' are in no class folder, so nothing can be measured with them: some "
        "of the training pictures are held out to measure. To classify them afterwards, type: headstart predict BUNDLE "
        f"{tmp_path / 'test'}"
    )


def test_the_other_measuring_split_stays(tmp_path):
    for name in ("train/a", "train/b", "val/a", "val/b"):
        fill(tmp_path / name)
    fill(tmp_path / "test")
    table = read_table(tmp_path)
    assert table.measured == "val"
    assert "val measures." in table.findings[0].text


def test_a_folder_with_the_name_of_a_class_is_a_class_also_in_test(tmp_path):
    for name in ("train/unknown", "train/bees", "test/unknown"):
        fill(tmp_path / name)
    assert read_table(tmp_path).counts()["test"] == {"bees": 0, "unknown": 3}


@pytest.mark.parametrize("prefix", ["", "train/"])
@pytest.mark.parametrize(
    ("upper", "lower"),
    [
        (("2023", "2024"), ("ants", "bees")),
        (("2023-05", "2023-06", "2023-07"), ("0", "1")),
        (("batch1", "batch2"), ("ants", "bees")),
        (("site_a", "site_b"), ("ants", "bees")),
    ],
)
def test_times_and_places_are_not_learned_as_classes(tmp_path, prefix, upper, lower):
    for one in upper:
        for name in lower:
            fill(tmp_path / prefix / one / name)
    with pytest.raises(DataError, match="do not look like classes: each holds the same subfolders") as caught:
        read_table(tmp_path)
    assert str(tmp_path / prefix / lower[0] / upper[0]) in caught.value.hint


def test_a_year_that_lacks_a_class_is_still_a_year(tmp_path):
    for name in ("2022/ants", "2023/ants", "2023/bees", "2024/ants", "2024/bees"):
        fill(tmp_path / name)
    (tmp_path / "2025").mkdir()
    with pytest.raises(DataError, match="do not look like classes"):
        read_table(tmp_path)


def test_splits_by_other_names_are_told(tmp_path):
    for name in ("training_set/ants", "training_set/bees", "test_set/ants", "test_set/bees"):
        fill(tmp_path / name)
    with pytest.raises(DataError, match="look like splits") as caught:
        read_table(tmp_path)
    assert caught.value.hint.startswith("Call the folders train, val and test.")


def test_splits_below_the_classes_are_told(tmp_path):
    for name in ("ants/train", "ants/test", "bees/train", "bees/test"):
        fill(tmp_path / name)
    with pytest.raises(DataError, match="the splits stand below the classes"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("p1/benign", "p1/malign", "p2/benign", "p2/malign"), ["same-subfolders"]),  # it may be either way
        (("ants/2023", "ants/2024", "bees/2023", "bees/2024"), []),
        (("ants/images", "bees/images"), []),
        (("ants/left", "ants/right", "bees"), []),
        (("ants/left", "ants/right", "bees/queen", "bees/drone"), []),
    ],
)
def test_subfolders_of_classes_are_a_hint_at_most(tmp_path, names, said):
    for name in names:
        fill(tmp_path / name)
    table = read_table(tmp_path)
    assert table.classes == tuple(sorted({name.split("/")[0] for name in names}))
    assert codes(table) == said


def test_subfolders_with_names_of_their_own_may_be_the_classes(tmp_path):
    for name in ("insects/ants", "insects/bees", "flowers/daisy", "flowers/tulip"):
        fill(tmp_path / "train" / name)
        fill(tmp_path / "val" / name)
    table = read_table(tmp_path)
    assert table.classes == ("flowers", "insects")
    (finding,) = table.findings
    assert finding.text == (
        "The classes here are the upper folders, 'flowers' and 'insects': all pictures in the subfolders of one, such "
        "as 'flowers/daisy' and 'flowers/tulip', count as one class. If the subfolders are the classes, put them side "
        "by side into one folder, and give that."
    )


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("insects/ants", "insects/bees", "flowers/daisy"), True),
        (("insects/ants", "insects/bees", "insects/other", "flowers/daisy", "flowers/tulip", "flowers/other"), True),
        (("dogs/n02085620-Chihuahua", "dogs/n02088094-Afghan", "cats/Abyssinian", "cats/Bengal"), True),
        (("insects/ants/2023", "insects/bees/2023", "flowers/daisy/2023", "flowers/tulip/2024"), True),
        (("sick/P001", "sick/P002", "well/P003", "well/P004"), False),  # patients
        (("ants/canon", "ants/nikon", "bees/canon", "bees/sony"), False),  # cameras
        (("ants/2023-05-01", "ants/2023-05-02", "bees/2023-06-01", "bees/2023-06-02"), False),
        (("ants/100CANON", "ants/101CANON", "bees/102CANON", "bees/103CANON"), False),
        (("ants/images", "ants/good", "bees/photos", "bees/raw"), False),
        (("insects/ants", "insects/bees", "birds"), False),
    ],
)
def test_what_only_divides_a_class_is_no_question(tmp_path, names, said):
    for name in names:
        fill(tmp_path / name)
    table = read_table(tmp_path)
    assert table.classes == tuple(sorted({name.split("/")[0] for name in names}))
    assert codes(table) == ["deeper-folders"] * said


def test_subfolders_without_pictures_are_no_question(tmp_path):
    for name in ("insects/ants", "flowers/daisy"):
        fill(tmp_path / name)
    for name in ("insects/notes", "flowers/maps"):
        (tmp_path / name).mkdir()
    assert read_table(tmp_path).findings == ()


def test_loose_pictures_beside_a_list_point_at_it(tmp_path):
    fill(tmp_path / "train")
    (tmp_path / "labels.csv").write_text("path,label\n")
    with pytest.raises(DataError, match="no class folders") as caught:
        read_table(tmp_path)
    assert caught.value.hint.startswith(f"If '{tmp_path / 'labels.csv'}' holds their labels, give that")


def test_a_class_folder_whose_name_cannot_be_seen_is_refused(tmp_path):
    fill(tmp_path / "a")
    fill(tmp_path / "\u200b")
    with pytest.raises(DataError, match=r"a name that cannot be seen: '<U\+200B>'"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        ("2023/ants", "2023/bees", "2024/ants", "2024/wasps"),
        ("2022/ants", "2022/flies", "2023/ants", "2023/bees", "2024/wasps", "2024/hornets"),
        ("site a/x/ants", "site a/x/bees", "site b/y/ants", "site b/y/bees"),
        ("2023/ants", "2023/bees", "2024/ants", "2024/bees", "misc"),
        ("2023/05/ants", "2023/05/bees", "2024/06/ants"),
    ],
)
@pytest.mark.parametrize("strays", [0, 1, 20])
def test_one_shared_subfolder_tells_that_years_and_sites_are_no_classes(tmp_path, names, strays):
    for name in names:
        fill(tmp_path / name)
        fill(tmp_path / name.split("/")[0], strays)
    with pytest.raises(DataError, match=r"do not look like classes: (each holds|several hold) the same subfolders"):
        read_table(tmp_path)


def test_splits_by_other_names_need_one_shared_class(tmp_path):
    for name in ("training_set/ants", "training_set/bees", "test_set/ants", "test_set/wasps"):
        fill(tmp_path / name)
    fill(tmp_path / "test_set", 1)
    with pytest.raises(DataError, match="look like splits: several hold"):
        read_table(tmp_path)


def test_years_with_nothing_in_common_are_said(tmp_path):
    for name in ("2023/ants", "2024/wasps"):
        fill(tmp_path / name)
    assert codes(read_table(tmp_path)) == ["deeper-folders"]


def test_years_that_share_what_only_divides_them_or_holds_no_pictures_may_be_classes(tmp_path):
    for name in ("2023/left", "2023/raw", "2024/left", "2023", "2024"):
        fill(tmp_path / name)
    for name in ("2023/notes", "2024/notes", "2024/maps", "2023/@eaDir", "2024/@eaDir"):
        (tmp_path / name).mkdir()
    assert codes(read_table(tmp_path)) == []


def test_test_pictures_below_a_class_are_said(tmp_path):
    for name in ("ants/train", "ants/test", "bees/train"):
        fill(tmp_path / name)
    fill(tmp_path / "bees", 9)
    (finding,) = read_table(tmp_path).findings
    assert finding.code == "splits-below"
    assert finding.text.startswith("'ants/test' is read as part of the class above")


def test_a_stray_picture_hides_no_splits_below_the_classes(tmp_path):
    for name in ("ants/train", "ants/test", "bees/train", "bees/test"):
        fill(tmp_path / name)
    fill(tmp_path / "ants", 1)
    with pytest.raises(DataError, match="the splits stand below the classes"):
        read_table(tmp_path)


@pytest.mark.parametrize("name", ["unlabeled", "raw", "extra", "new", "Predict"])
def test_a_folder_that_means_no_class_beside_train_is_to_be_moved(tmp_path, name):
    for folder in ("train/ants", "train/bees", name):
        fill(tmp_path / folder)
    with pytest.raises(DataError, match=f"lies '{name}', which holds pictures, too") as caught:
        read_table(tmp_path)
    assert caught.value.hint.startswith(f"If '{name}' is no class, move it out of '{tmp_path}'. If 'train' is a class")
    assert "train/train" not in caught.value.hint
