"""Outputs, and the command line: what is written where, and what is said of it."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from odd.case import Case, Checkout, Mutation

_SMALL = ("--strategy", "linear", "--image-size", "64", "--framing", "squash", "--augment", "none", "--quiet")
_OUTPUTS = "src/headstart/base/outputs.py"
_SEALS = "src/headstart/base/seals.py"


def _draw(folder: Path, classes: tuple[str, ...] = ("ants", "bees"), each: int = 12) -> Path:
    rng = np.random.default_rng(0)
    for place, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            pixels = rng.integers(0, 90, (48, 48, 3))
            pixels[8:40, 8:40, place % 3] += 140
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.jpg", quality=95)
    return folder


def _bundle(place: Path, checkout: Checkout, classes: tuple[str, ...] = ("ants", "bees"), each: int = 12) -> Path:
    _draw(place / "photos", classes, each)
    checkout.command("fit", "photos", *_SMALL, "--out", "a.bundle", folder=place)
    return place / "a.bundle"


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _changed(before: dict[str, str], folder: Path) -> str:
    after = _hashes(folder)
    lost = sum(after.get(name) != digest for name, digest in before.items())
    return f"{lost} of {len(before)} files lost" if lost else "nothing lost"


def _globbed(option: str, *, suffix: str = "jpg") -> Callable[[Path, Checkout], str]:
    def recipe(place: Path, checkout: Checkout) -> str:
        _bundle(place, checkout)
        new = _draw(place / "new", each=3) / "ants"
        if suffix != "jpg":
            for file in new.iterdir():
                Image.open(file).save(file.with_suffix(f".{suffix}"))
        before = _hashes(new)
        pictures = [str(file.relative_to(place)) for file in sorted(new.glob(f"*.{suffix}"))]
        done = checkout.command("predict", "a.bundle", option, *pictures, folder=place)
        return f"exit code {done.code}, {_changed(before, new)}"

    return recipe


def _python(code: str) -> Callable[[Path, Checkout], str]:
    def recipe(place: Path, checkout: Checkout) -> str:
        return checkout.python(code, folder=place).out

    return recipe


def _own_work(place: Path, checkout: Checkout) -> str:
    """Name as --out a folder with a bundle.json of another program."""
    _draw(place / "photos")
    (place / "project").mkdir()
    (place / "project" / "bundle.json").write_text('{"name": "web"}', encoding="utf-8")
    (place / "project" / "thesis.txt").write_text("years of work", encoding="utf-8")
    before = _hashes(place / "project")
    done = checkout.command("fit", "photos", *_SMALL, "--out", "project", folder=place)
    return f"exit code {done.code}, {_changed(before, place / 'project')}"


def _notes(place: Path, checkout: Checkout) -> str:
    bundle = _bundle(place, checkout)
    (bundle / "notes.txt").write_text("which camera, which site", encoding="utf-8")
    done = checkout.command("fit", "photos", *_SMALL, "--out", "a.bundle", folder=place)
    return f"exit code {done.code}, notes {'kept' if (bundle / 'notes.txt').exists() else 'lost'}"


def _look_default(place: Path, checkout: Checkout) -> str:
    _draw(place / "photos")
    (place / "look.png").write_bytes((place / "photos/ants/0.jpg").read_bytes())
    before = _hashes(place)
    done = checkout.command("look", "photos", "--quiet", folder=place)
    return f"exit code {done.code}, {_changed(before, place)}"


def _table(place: Path, checkout: Checkout) -> str:
    _bundle(place, checkout, ("=1+1", "Bären"))
    (place / "photos" / "Bären" / "0.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")
    done = checkout.command("predict", "a.bundle", "photos", "--csv", "a.csv", "--quiet", folder=place)
    content = (place / "a.csv").read_bytes()
    rows = content.decode("utf-8-sig").splitlines()
    formulas = sum(row.split(",")[1].startswith("=") for row in rows[1:])
    mark = "with" if content.startswith(b"\xef\xbb\xbf") else "no"
    return f"exit code {done.code}, {mark} byte order mark, {len(rows) - 1} rows for 24 files, {formulas} formulas"


def _hung_up(place: Path, checkout: Checkout) -> str:
    _draw(place / "photos", each=30)
    environment = {
        **os.environ,
        "PYTHONPATH": str(checkout.root / "src"),
        "HEADSTART_CACHE": str(checkout.cache),
    }
    command = [sys.executable, "-m", "headstart", "compare", "photos", "--strategies", "full"]
    with subprocess.Popen(command, cwd=place, env=environment, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.readline()
        time.sleep(0.5)
        process.send_signal(signal.SIGHUP)
        said = process.stderr.read().decode("utf-8", "replace").strip().splitlines()
    return f"exit code {process.returncode}: {said[-1] if said else 'nothing said'}"


def _grid(place: Path, checkout: Checkout) -> str:
    _bundle(place, checkout, each=24)  # of fewer nobody can say what is like none of them
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3))
    Image.fromarray(noise.astype(np.uint8)).save(place / "noise.png")
    code = (
        "import headstart as hs, headstart.report.grid as g\n"
        "g.draw_grid = lambda tiles, *a, **k: [print('below it:', t.caption, t.second) for t in tiles] and ()\n"
        "r = hs.predict('a.bundle', ['noise.png'], grid='g.png').rows[0]\n"
        "print('none of these:', r.none_of_these)"
    )
    return checkout.python(code, folder=place).out


def _rights(place: Path, checkout: Checkout) -> str:
    files = sorted(_bundle(place, checkout).iterdir())
    return ", ".join(f"{file.name} {file.stat().st_mode & 0o777:o}" for file in files)


def _cache_list(place: Path, checkout: Checkout) -> str:
    _bundle(place, checkout)
    for side in (32, 48, 96, 128):
        small = [*_SMALL[:3], str(side), *_SMALL[4:]]
        checkout.command("fit", "photos", *small, "--out", "b.bundle", folder=place)
    lines = checkout.command("cache", "list", folder=place).out.splitlines()
    kinds = sum(line.startswith("features") for line in lines)
    return f"{kinds} lines of features; {'says' if any('cache clear' in line for line in lines) else 'no'} way to clear"


def _error_name(place: Path, checkout: Checkout) -> str:
    done = checkout.command("compare", "\x1b]0;title\x07", folder=place)
    return f"exit code {done.code}, {'an escape sequence' if chr(27) in done.err else 'nothing'} reaches the terminal"


def _corrected(option: str, name: str) -> Callable[[Path, Checkout], str]:
    def recipe(place: Path, checkout: Checkout) -> str:
        """Write answers, change them by hand, and type the same command again."""
        _bundle(place, checkout)
        command = ("predict", "a.bundle", "photos/ants", option, name, "--quiet")
        checkout.command(*command, folder=place)
        again = checkout.command(*command, folder=place)
        if name.endswith(".png"):
            with Image.open(place / name) as drawn:
                drawn.transpose(Image.Transpose.ROTATE_180).save(place / name)
        else:
            content = (place / name).read_bytes()
            (place / name).write_bytes(content.replace(b"ants,0", b"wasps,0") + b"photos/mine.jpg,ants\n")
        before = _hashes(place)
        done = checkout.command(*command, folder=place)
        return f"untouched: exit code {again.code}; changed: exit code {done.code}, {_changed(before, place)}"

    return recipe


def _card(place: Path, checkout: Checkout) -> str:
    card = _bundle(place, checkout) / "README.md"
    card.write_text(card.read_text(encoding="utf-8") + "Camera 3, north side.\n", encoding="utf-8")
    done = checkout.command("fit", "photos", *_SMALL, "--out", "a.bundle", folder=place)
    kept = "north side" in card.read_text(encoding="utf-8")
    return f"exit code {done.code}, what was added is {'kept' if kept else 'lost'}"


def _lying(place: Path, checkout: Checkout) -> str:
    _bundle(place, checkout)
    names = ("a.xlsx", "a.json", "a.tsv", "a.parquet")
    for name in names:
        checkout.command("predict", "a.bundle", "photos/ants", "--csv", name, "--quiet", folder=place)
    return f"{sum((place / name).exists() for name in names)} of {len(names)} names lie"


def _model_file(place: Path, checkout: Checkout) -> str:
    _draw(place / "photos")
    done = checkout.command("fit", "photos", *_SMALL, "--out", "model.pth", folder=place)
    return f"exit code {done.code}, {'a folder called model.pth' if (place / 'model.pth').is_dir() else 'nothing made'}"


def _look_told(place: Path, checkout: Checkout) -> str:
    _draw(place / "photos")
    (place / "look.png").write_bytes((place / "photos/ants/0.jpg").read_bytes())
    said = " ".join(checkout.command("look", "photos", "--quiet", folder=place).err.split())
    return "speaks of the shell" if "shell" in said else "names --grid" if "none is typed" in said else "nothing said"


def _linked(place: Path, checkout: Checkout) -> str:
    _draw(place / "real")
    (place / "photos").symlink_to("real")
    checkout.command("fit", "photos", *_SMALL, folder=place)
    return ", ".join(sorted(found.name for found in place.glob("*.bundle"))) or "nothing made"


_CHANGED = "tests/base/test_outputs.py::test_what_was_changed_since_is_not_replaced"
_TRIED = "tests/cli/test_outputs.py::test_no_command_writes_over_what_it_did_not_write"
CASES = (
    Case(
        "1",
        "`predict BUNDLE --csv new/*.jpg`",
        _globbed("--csv"),
        _TRIED,
        Mutation(
            "src/headstart/cli/classifiers.py", "        claim(table, CSV, inputs=[bundle, *files])\n", "        pass\n"
        ),
    ),
    Case(
        "1a",
        "`predict BUNDLE --grid new/*.png`",
        _globbed("--grid", suffix="png"),
        _TRIED,
        Mutation(_OUTPUTS, '    return "" if is_drawn(begin) else form_of(begin).said\n', '    return ""\n'),
    ),
    Case(
        "1b",
        "`fit --out` on a folder with somebody else's bundle.json",
        _own_work,
        "tests/base/test_outputs.py::test_a_folder_of_somebody_else_is_refused",
        Mutation(_OUTPUTS, 'return "" if said or damaged else min(names)', 'return ""'),
    ),
    Case(
        "1e",
        "`fit --out` on a bundle beside whose files somebody keeps notes",
        _notes,
        "tests/base/test_outputs.py::test_a_bundle_in_which_something_else_was_put_is_not_replaced",
        Mutation(_OUTPUTS, "    if strange or not names:\n", "    if not names:\n"),
    ),
    Case(
        "1c",
        "`look` where a look.png of the user lies",
        _look_default,
        _TRIED,
        Mutation("src/headstart/api/inspecting.py", "    claim(grid, LOOK, inputs=[data])\n", ""),
    ),
    Case(
        "1d",
        "an option that forgets to say that it writes",
        _python(
            "from headstart.base.options import Option\n"
            "try: Option(help='Where it goes.', kind='file'); print('accepted')\n"
            "except TypeError: print('refused when it is declared')"
        ),
        "tests/cli/test_outputs.py::test_whatever_may_be_a_path_says_whether_it_is_read_or_written",
        Mutation("src/headstart/cli/pictures.py", "    PICTURES,\n]", "]"),
    ),
    Case(
        "1f",
        "`predict --csv a.csv` typed again after a.csv was corrected by hand",
        _corrected("--csv", "a.csv"),
        "tests/cli/test_commands.py::test_a_table_that_somebody_corrected_is_not_replaced",
        Mutation(_OUTPUTS, "return None if is_remembered(path) else path", "return None"),
    ),
    Case(
        "1g",
        "`predict --grid a.png` typed again after a.png was drawn on",
        _corrected("--grid", "a.png"),
        _CHANGED,
        Mutation(_SEALS, "return content == body + _ending(body, png=png)", "return True"),
    ),
    Case(
        "1h",
        "`fit --out` on a bundle whose README.md somebody wrote on",
        _card,
        "tests/bundle/test_bundle.py::test_a_card_that_somebody_wrote_on_is_not_replaced",
        Mutation(_OUTPUTS, "    if path.is_dir():\n        _check_edited(path, output)\n", ""),
    ),
    Case(
        "1i",
        "`predict --csv` with the name of an Excel, JSON, TSV or Parquet file",
        _lying,
        "tests/base/test_outputs.py::test_no_file_has_a_name_that_lies",
        Mutation(_OUTPUTS, "    if path.suffix.lower() != output.suffix:\n", "    if not output.suffix:\n"),
    ),
    Case(
        "1j",
        "`fit --out model.pth`, which would be a folder",
        _model_file,
        "tests/base/test_outputs.py::test_no_folder_has_the_name_of_a_file",
        Mutation(_OUTPUTS, "path.suffix.lower() in _FILE_NAMES", "path.suffix.lower() in ()"),
    ),
    Case(
        "1k",
        "what `look` says where a look.png of the user lies and no name was typed",
        _look_told,
        "tests/base/test_outputs.py::test_a_usual_name_that_is_taken_is_called_so",
        Mutation(_OUTPUTS, "if output.usual and str(path) == output.usual:", "if False:"),
    ),
    Case(
        "1l",
        "a link to the pictures: what the result is called",
        _linked,
        "tests/experiment/test_request.py::test_the_run_folder_is_called_as_the_data_were_typed",
        Mutation(
            "src/headstart/experiment/request.py",
            'path.name if path.name not in ("", "..") else path.resolve().name',
            "path.resolve().name",
        ),
    ),
    Case(
        "2",
        "CSV with classes `=1+1` and `Bären`, one picture cut off",
        _table,
        "tests/report/test_answers.py",
        Mutation("src/headstart/report/answers.py", '_MARK = "\\ufeff"', '_MARK = ""'),
    ),
    Case(
        "2a",
        "names and classes that a spreadsheet takes for formulas",
        _table,
        "tests/base/test_cells.py",
        Mutation("src/headstart/base/cells.py", "\"'*[=+", "\"'*[+"),
    ),
    Case(
        "2b",
        "an escape sequence in the name of a folder that is missing",
        _error_name,
        "tests/cli/test_commands.py::test_no_name_steers_the_terminal_whatever_is_printed",
        Mutation(
            "src/headstart/cli/edge.py", '    return clean(" ".join(text.split()))', '    return " ".join(text.split())'
        ),
    ),
    Case(
        "20",
        "SIGHUP while `compare` works",
        _hung_up,
        "tests/cli/test_hung_up.py",
        Mutation("src/headstart/cli/edge.py", "        _silence_closed_terminals()\n", ""),
    ),
    Case(
        "22",
        "`predict --grid` of a picture of another world",
        _grid,
        "tests/words/test_answers.py",
        Mutation(
            "src/headstart/words/answers.py",
            "    names = [row.label, *_others(row)]\n",
            "    names = [row.label]\n",
        ),
    ),
    Case(
        "26",
        "rights of a bundle's files",
        _rights,
        "tests/base/test_files.py::test_whatever_writes_a_file_it_has_the_rights_that_the_umask_gives",
        Mutation("src/headstart/base/files.py", "            temporary.chmod(rights)\n", "            pass\n"),
    ),
    Case(
        "28",
        "`cache list` after five trainings",
        _cache_list,
        "tests/cli/test_commands.py::test_the_cache_is_summed_by_kind",
        Mutation("src/headstart/cli/caches.py", "entry_lines if single else kind_lines", "entry_lines"),
    ),
    Case(
        "28a",
        "an entry of the cache that was not used for a month",
        _python(
            "import os, json, pathlib\n"
            "from headstart.base import cache\n"
            "from headstart.base.files import cache_folder\n"
            "old = cache_folder() / 'features' / ('0' * 32); old.mkdir(parents=True)\n"
            "(old / 'manifest.json').write_text('{}'); os.utime(old / 'manifest.json', (1, 1))\n"
            "print(len(cache.make_room()), 'removed')"
        ),
        "tests/base/test_cache.py::test_what_nobody_used_for_a_month_goes_however_much_room_there_is",
        Mutation("src/headstart/base/cache.py", "total <= allowed and unused < FORGOTTEN", "total <= allowed"),
    ),
)
