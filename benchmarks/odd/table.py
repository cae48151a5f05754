"""Folders and lists: what lies beside the pictures, names that look alike, columns, labels and paths."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from PIL import Image

from odd.case import Case, Checkout, Mutation, Outcome

_READ = """
import sys
from headstart.base.errors import HeadstartError
from headstart.table import check_trainable, read_table
try:
    table = read_table(sys.argv[1] if len(sys.argv) > 1 else {data!r})
    check_trainable(table)
    print("classes", ", ".join(map(ascii, table.classes)) + ";", len(table), "pictures;", len(table.skipped), "listed")
    print(" ".join(getattr(found, "text", "") for found in getattr(table, "findings", ())))
except HeadstartError as error:
    print("error:", error.message, "|", error.hint)
"""


def _draw(folder: Path, names: Iterable[str], number: int = 6, suffix: str = ".png") -> None:
    """Write small pictures of two shades, each other than all others."""
    for shade, name in enumerate(names):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for place in range(number):
            color = (40 * shade + place, 20 * place, len(name))
            Image.new("RGB", (24, 24), color).save(folder / name / f"{place}{suffix}")


def _read(checkout: Checkout, data: Path) -> str:
    return checkout.python(_READ.format(data=data.name), folder=data.parent).out


def _list(place: Path, header: str, rows: Iterable[str], name: str = "list.csv") -> Path:
    (place / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return place / name


def _last(ended: Outcome) -> str:
    return f"exit code {ended.code}: " + " ".join((ended.err or ended.out).split())[:300]


def _other_forms(place: Path, checkout: Checkout) -> str:
    _draw(place / "data", ("ants", "bees"))
    _draw(place, ("new",), 1)
    picture = Image.open(place / "new" / "0.png")
    picture.save(place / "new" / "a.jfif", "JPEG")
    picture.save(place / "new" / "IMG_0001", "JPEG")
    (place / "new" / "b.jxl").write_bytes(b"\xff\x0a" + bytes(40))
    (place / "new" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0" * 8)
    checkout.command("fit", "data", "--strategy", "knn", "--out", "b.bundle", "--quiet", folder=place)
    ended = checkout.command("predict", "b.bundle", "new", "--json", "--quiet", folder=place)
    answer = json.loads(ended.out)
    return f"{len(answer['rows'])} answers, skipped: {', '.join(Path(one['path']).name for one in answer['skipped'])}"


def _home_run(place: Path, checkout: Checkout) -> str:
    _draw(place / "data", ("home.run", "strike", "ball"))
    return _read(checkout, place / "data")


def _other_forms_only(place: Path, checkout: Checkout) -> str:
    _draw(place / "data", ("ants", "bees"))
    (place / "data" / "wasps").mkdir()
    (place / "data" / "wasps" / "a.psd").write_bytes(b"8BPS" + bytes(40))
    (place / "data" / "wasps" / "b.jxl").write_bytes(b"\xff\x0a" + bytes(40))
    return _read(checkout, place / "data")


def _train_class(place: Path, checkout: Checkout) -> str:
    _draw(place / "data", ("train/steam", "train/diesel", "bus", "car"))
    return _read(checkout, place / "data")


def _loose_train(place: Path, checkout: Checkout) -> str:
    _draw(place / "data", ("train", "bus", "car"))
    return _read(checkout, place / "data")


def _test_class(place: Path, checkout: Checkout) -> str:
    _draw(place / "data", ("ants", "bees", "test"))
    return _read(checkout, place / "data")


def _kaggle(place: Path, checkout: Checkout) -> str:
    _draw(place / "data", ("train/ants", "train/bees", "test"))
    return _read(checkout, place / "data")


def _years(place: Path, checkout: Checkout) -> str:
    _draw(place / "data", ("2023/ants", "2023/bees", "2024/ants", "2024/bees"))
    return _read(checkout, place / "data")


def _splits_below(place: Path, checkout: Checkout) -> str:
    _draw(place / "data", ("ants/train", "ants/test", "bees/train", "bees/test"))
    return _read(checkout, place / "data")


def _unicode_forms(place: Path, checkout: Checkout) -> str:
    name = unicodedata.normalize("NFC", "gu\u00eape")
    other = unicodedata.normalize("NFD", name)
    _draw(place / "data", (f"train/{name}", "train/bees", f"val/{other}", "val/bees"))
    return _read(checkout, place / "data")


def _look_alikes(place: Path, checkout: Checkout) -> str:
    _draw(place / "data", ("Ants", "ants", "bees"))
    return _read(checkout, place / "data")


def _nested(place: Path, checkout: Checkout) -> str:
    _draw(place / "data", ("insects/ants", "insects/bees", "flowers/daisy", "flowers/tulip"))
    return _read(checkout, place / "data")


_SPLIT = """
from headstart.base.errors import HeadstartError
from headstart.table import read_table, with_splits
try:
    table = with_splits(read_table({data!r}), seed=0)
    test = table.splits == "test"
    print(int(test.sum()), "test pictures,", int((test & (table.groups != "")).sum()), "of a named group;")
    print(" ".join(getattr(found, "text", "") for found in getattr(table, "findings", ())))
except HeadstartError as error:
    print("error:", error.message, "|", error.hint)
"""


def _blank_groups(place: Path, checkout: Checkout) -> str:
    for label in "ab":
        _draw(place, (f"p{label}",), 24)
    rows = [f"p{label}/{at}.png,{label},{f'{label}{at // 2}' if at < 8 else ''}" for label in "ab" for at in range(24)]
    for at in range(24):
        Image.new("RGB", (24, 24), (at, 99, 200)).save(place / "pb" / f"{at}.png")
    listed = _list(place, "path,label,group", rows)
    return checkout.python(_SPLIT.format(data=listed.name), folder=place).out


def _all_copies(place: Path, checkout: Checkout) -> str:
    for shade, name in enumerate(("ants", "bees")):
        (place / "data" / name).mkdir(parents=True)
        for at in range(20):
            Image.new("RGB", (24, 24), (90 * shade, 0, 0)).save(place / "data" / name / f"{at}.png")
    return checkout.python(_SPLIT.format(data="data"), folder=place).out


def _separated(place: Path, checkout: Checkout, begin: str = "", by: str = "\t") -> str:
    _draw(place, ("p",), 12)
    rows = [f"p/{at}.png{by}{'ab'[at % 2]}" for at in range(12)]
    return _read(checkout, _list(place, f"{begin}path{by}label", rows))


def _columns(place: Path, checkout: Checkout) -> str:
    _draw(place, ("p",), 12)
    rows = [f"p/{at}.png,{'ab'[at % 2]},{'ba'[at % 2]}" for at in range(12)]
    return _read(checkout, _list(place, "path,label,Label", rows))


def _missing_labels(place: Path, checkout: Checkout) -> str:
    _draw(place, ("p",), 12)
    return _read(checkout, _list(place, "path,label", [f"p/{at}.png,{('a', 'b', 'nan')[at % 3]}" for at in range(12)]))


def _nan_in_parquet(place: Path, checkout: Checkout) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    _draw(place, ("p",), 12)
    labels = [float("nan") if at % 3 == 2 else float(at % 3) for at in range(12)]
    pq.write_table(pa.table({"path": [f"p/{at}.png" for at in range(12)], "label": labels}), place / "list.parquet")
    return _read(checkout, place / "list.parquet")


def _backslashes(place: Path, checkout: Checkout) -> str:
    _draw(place, ("p",), 12)
    return _read(checkout, _list(place, "path,label", [f"p\\{at}.png,{'ab'[at % 2]}" for at in range(12)]))


def _no_suffix(place: Path, checkout: Checkout) -> str:
    _draw(place, ("p",), 12)
    return _read(checkout, _list(place, "path,label", [f"p/{at},{'ab'[at % 2]}" for at in range(12)]))


def _addresses(place: Path, checkout: Checkout) -> str:
    _draw(place, ("p",), 12)
    return _read(checkout, _list(place, "path,label", [f"https://x.org/{at}.png,{'ab'[at % 2]}" for at in range(12)]))


def _from_here(place: Path, checkout: Checkout) -> str:
    _draw(place, ("p",), 12)
    (place / "lists").mkdir()
    rows = [f"p/{at}.png,{'ab'[at % 2]}" for at in range(12)]
    listed = _list(place / "lists", "path,label", rows)
    return checkout.python(_READ.format(data=f"lists/{listed.name}"), folder=place).out


def _archive(place: Path, checkout: Checkout) -> str:
    (place / "photos").write_bytes(b"PK\x03\x04" + bytes(40))
    return _last(checkout.command("plan", "photos", "--strategies", "knn", folder=place))


_FOLDERS, _KINDS = "src/headstart/table/folders.py", "src/headstart/table/kinds.py"
_COLUMNS, _PLACES, _LAYOUTS, _SPLITS = (
    f"src/headstart/table/{name}.py" for name in ("columns", "places", "layouts", "splits")
)
_IN = "tests/table/test_"

CASES = (
    Case(
        number="10",
        title="`.jfif`, a JPEG without suffix, JPEG XL and Thumbs.db in a folder to predict",
        recipe=_other_forms,
        test=f"{_IN}folders.py::test_pictures_are_told_by_their_first_bytes",
        mutation=Mutation(_KINDS, "    if form.is_read:", "    if form.is_read and by_name:"),
    ),
    Case(
        number="10b",
        title="A class folder called `home.run`",
        recipe=_home_run,
        test=f"{_IN}folders.py::test_a_class_may_be_called_as_a_run_folder_is",
        mutation=Mutation(_KINDS, 'begun = folder.name.lower().endswith(".run")', "return True"),
    ),
    Case(
        number="10c",
        title="A class with only Photoshop and JPEG XL",
        recipe=_other_forms_only,
        test=f"{_IN}table.py::test_an_empty_class_is_named_with_what_was_skipped",
        mutation=Mutation("src/headstart/table/table.py", 'f": its folder holds {held}."', '"."'),
    ),
    Case(
        number="10d",
        title="Files beside the pictures that are only counted",
        recipe=_other_forms_only,
        test=f"{_IN}folders.py::test_whatever_is_not_read_is_listed_by_name_with_its_reason",
        mutation=Mutation(
            "src/headstart/table/listing.py",
            "            found.skipped.append(Skipped.of(printable(prefix + entry.name), kind))",
            "            continue",
        ),
    ),
    Case(
        number="11",
        title="`train/steam`, `train/diesel` beside `bus/`, `car/`",
        recipe=_train_class,
        test=f"{_IN}layouts.py::test_train_beside_other_folders_of_pictures_is_asked_about",
        mutation=Mutation(_LAYOUTS, "    if not others:", "    if others:"),
    ),
    Case(
        number="11b",
        title="A class called `train` beside `bus/`, `car/`",
        recipe=_loose_train,
        test=f"{_IN}layouts.py::test_the_way_out_that_is_named_leads_out",
        mutation=Mutation(
            _LAYOUTS, 'if not known or ("train" not in splits and beside):', "if not known or len(known) == 1:"
        ),
    ),
    Case(
        number="11c",
        title="A class called `test` beside `ants/`, `bees/`",
        recipe=_test_class,
        test=f"{_IN}layouts.py::test_a_class_with_the_name_of_a_split_is_said",
        mutation=Mutation(_FOLDERS, "        if len(names) > 1:", "        if not names:"),
    ),
    Case(
        number="12",
        title="`train/` with classes and `test/` with loose pictures",
        recipe=_kaggle,
        test=f"{_IN}layouts.py::test_a_test_folder_without_classes_is_set_aside",
        mutation=Mutation(_LAYOUTS, "        return bool(level.files)", "        return False"),
    ),
    Case(
        number="12b",
        title="Years over classes: `2023/ants`, `2024/ants`",
        recipe=_years,
        test=f"{_IN}layouts.py::test_times_and_places_are_not_learned_as_classes",
        mutation=Mutation(_LAYOUTS, "    if all(_COLLECTION.fullmatch(name) for name in above):", "    if not above:"),
    ),
    Case(
        number="12c",
        title="Splits below the classes: `ants/train`, `ants/test`",
        recipe=_splits_below,
        test=f"{_IN}layouts.py::test_splits_below_the_classes_are_told",
        mutation=Mutation(_LAYOUTS, "    if all(split_of(name) for name in below):", "    if not below:"),
    ),
    Case(
        number="12d",
        title="Nested classes: `insects/ants`, `flowers/daisy`",
        recipe=_nested,
        test=f"{_IN}layouts.py::test_subfolders_with_names_of_their_own_may_be_the_classes",
        mutation=Mutation(_LAYOUTS, " or _perhaps_deeper(folder, inside)", " or ()"),
    ),
    Case(
        number="13",
        title="A class in NFC in train and in NFD in val",
        recipe=_unicode_forms,
        test=f"{_IN}folders.py::test_names_of_any_language_are_compared_as_people_read_them",
        mutation=Mutation("src/headstart/table/names.py", 'return unicodedata.normalize("NFC", name)', "return name"),
    ),
    Case(
        number="13b",
        title="Classes `Ants` and `ants`",
        recipe=_look_alikes,
        test=f"{_IN}folders.py::test_names_that_only_look_alike_are_classes_with_a_hint",
        mutation=Mutation("src/headstart/table/names.py", ".casefold()", ""),
    ),
    Case(
        number="14",
        title="`path,label,Label`",
        recipe=_columns,
        test=f"{_IN}lists.py::test_two_columns_of_one_name_are_an_error_that_names_both",
        mutation=Mutation(_COLUMNS, "written.get(plain, [])) > 1:", "written.get(plain, [])) > 2:"),
    ),
    Case(
        number="14b",
        title="Tabs in a file called `.csv`",
        recipe=_separated,
        test=f"{_IN}lists.py::test_all_columns_in_every_form_of_text",
        mutation=Mutation(_COLUMNS, '_SEPARATORS = (",", "\\t", ";")', '_SEPARATORS = (",", ";")'),
    ),
    Case(
        number="14c",
        title="Excel's first line `sep=;`",
        recipe=partial(_separated, begin="sep=;\n", by=";"),
        test=f"{_IN}lists.py::test_all_columns_in_every_form_of_text",
        mutation=Mutation(_COLUMNS, "_SAID.fullmatch(written[0]) if written else None", "None"),
    ),
    Case(
        number="14d",
        title="A `group` column with blank cells",
        recipe=_blank_groups,
        test=f"{_IN}splits.py::test_pictures_with_and_without_a_group_are_held_out_in_proportion",
        mutation=Mutation(_SPLITS, "    return both if missed(both) < missed(plain) else plain", "    return plain"),
    ),
    Case(
        number="14e",
        title="Twenty copies of one file in each class",
        recipe=_all_copies,
        test=f"{_IN}splits.py::test_copies_are_named_where_nothing_can_be_held_out",
        mutation=Mutation(_SPLITS, "        if len(digests) > len(set(digests)):", "        if not digests:"),
    ),
    Case(
        number="15",
        title="Labels `nan` in a CSV",
        recipe=_missing_labels,
        test=f"{_IN}lists.py::test_a_missing_label_is_an_error_that_names_the_lines",
        mutation=Mutation("src/headstart/table/lists.py", "in_words=labels_are_new", "in_words=False"),
    ),
    Case(
        number="15b",
        title="Labels that are NaN in Parquet",
        recipe=_nan_in_parquet,
        test=f"{_IN}lists.py::test_nothing_in_a_parquet_is_no_class",
        mutation=Mutation("src/headstart/table/parquet.py", "or value != value ", ""),
    ),
    Case(
        number="16",
        title="Paths with backslashes",
        recipe=_backslashes,
        test=f"{_IN}places.py::test_what_means_one_file_is_taken",
        mutation=Mutation(_PLACES, '        if "\\\\" in plain:', "        if not plain:"),
    ),
    Case(
        number="16b",
        title="Names without their suffix",
        recipe=_no_suffix,
        test=f"{_IN}places.py::test_a_picture_that_is_missing_does_not_hide_the_suffix",
        mutation=Mutation(_PLACES, "for suffix in fitting}) != 1:", "for suffix in fitting}) != 2:"),
    ),
    Case(
        number="16c",
        title="Web addresses",
        recipe=_addresses,
        test=f"{_IN}places.py::test_what_cannot_be_taken_is_told_for_what_it_is",
        mutation=Mutation(_PLACES, "    if _ADDRESS.match(path):", "    if not path:"),
    ),
    Case(
        number="16d",
        title="Paths relative to the current folder",
        recipe=_from_here,
        test=f"{_IN}places.py::test_paths_from_the_current_folder_are_told",
        mutation=Mutation(_PLACES, "    if here != home and", "    if here == home and"),
    ),
    Case(
        number="16e",
        title="An archive given as data, whatever its name",
        recipe=_archive,
        test=f"{_IN}folders.py::test_another_kind_of_file_is_told_what_is_read",
        mutation=Mutation("src/headstart/table/read.py", 'or "archive" in _said(path)', ""),
    ),
)
