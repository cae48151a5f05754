"""The documents point at things that exist, and the commands they show are commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headstart.cli.reference import reference
from headstart.strategies.strategy import STRATEGIES

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
WORDS = """
strategy verdict tie baseline accuracy recall recipe interval advice
train test val held-out split fold seed group class augmentation framing view epoch
backbone pretrained frozen fine-tuning head probe stage cut prefix suffix depth readout features activity
calibration temperature coverage abstain forecast
run experiment bundle engine cache
record finding reason division resolved
"""
PHRASES = {
    "p value",
    "training pictures",
    "choosing pictures",
    "measuring pictures",
    "out of fold",
    "log loss",
    "learning curve",
    "prediction set",
    "none of these",
    "heat map",
    "confusion matrix",
    "run folder",
    "dry run",
    "frozen pass",
    "training input",
    "training cache",
    "engine cache",
}

PATH = re.compile(r"`((?:[\w.-]+/)*[\w.-]+(?:\.py|/))`")


def _decisions() -> list[str]:
    return (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8").split("\n## ")[1:]


@pytest.mark.parametrize("decision", _decisions(), ids=lambda text: text.partition("\n")[0][:40])
def test_a_decision_has_five_short_lines_and_no_place_holders(decision: str) -> None:
    lines = [line for line in decision.splitlines()[1:] if line.strip()]
    assert [line.partition(": ")[0] for line in lines] == [
        f"- **{word}**" for word in ("What", "Why", "Measured", "Rejected", "Where")
    ]
    assert all(re.search("[a-z]", line.partition(":")[2]) for line in lines)
    assert [line for line in lines if len(line) > 160] == []


def test_no_two_decisions_have_the_same_heading() -> None:
    headings = [text.partition("\n")[0] for text in _decisions()]
    assert len(headings) == len(set(headings))


def unknown_paths(text: str) -> list[str]:
    """Return the Python files and folders, in back-ticks, that neither the repository nor the package has."""
    homes = (ROOT, ROOT / "src" / "headstart")
    return [path for path in PATH.findall(text) if not any((home / path).exists() for home in homes)]


@pytest.mark.parametrize("decision", _decisions(), ids=lambda text: text.partition("\n")[0][:40])
def test_the_places_that_a_decision_names_exist(decision: str) -> None:
    assert PATH.search(decision.partition("- **Where**")[2]) or "`Makefile`" in decision
    assert unknown_paths(decision) == []


def test_the_check_of_paths_finds_what_it_looks_for() -> None:
    assert unknown_paths("`evidence/verdict.py`, `tests/test_docs.py`, `heads/`, `heat.json`") == []
    assert unknown_paths("`evidence/learned.py` and `cellar/`") == ["evidence/learned.py", "cellar/"]


def shown_commands(text: str) -> list[str]:
    """Return the command lines of headstart in the console blocks of a page."""
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = re.findall(r"^\$ (?:\S*/)?headstart (.*)$", "\n".join(blocks), re.MULTILINE)
    return [line.split("#")[0] for line in lines]


def unknown_words(command: str, helps: dict[str, str]) -> list[str]:
    """Return what of a shown command is neither a command nor an option of it."""
    words = command.split()
    name = next((name for name in (" ".join(words[:2]), words[0]) if name in helps), None)
    if name is None:
        return [words[0]]
    options = [word.split("=")[0] for word in words if word.startswith("--")]
    return [option for option in options if not re.search(rf"{option}(?![\w-])", helps[name])]


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    """The help text of each command, by its name."""
    parts = re.split(r"^## headstart ?(.*)$", reference(), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@EACH_PAGE
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (page.parent / link).exists()] == []


@EACH_PAGE
def test_shown_commands_are_commands_with_these_options(page: Path, helps: dict[str, str]) -> None:
    commands = shown_commands(page.read_text(encoding="utf-8"))
    assert {command: unknown for command in commands if (unknown := unknown_words(command, helps))} == {}


def test_the_check_of_commands_finds_what_it_looks_for(helps: dict[str, str]) -> None:
    page = "```console\n$ headstart compare a --epochs 3\n$ .venv/bin/headstart compare a --epoch 3\nheadstart x\n```\n"
    good, bad = shown_commands(page)
    assert unknown_words(good, helps) == []
    assert unknown_words(bad, helps) == ["--epoch"]
    assert unknown_words("comprae a", helps) == ["comprae"]
    assert unknown_words("data fetch hymenoptera", helps) == []


MET = ("README.md", "docs/quickstart.md", "docs/glossary.md")


def test_every_word_of_the_house_is_explained() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\*\*([\w -]+)\*\*: ", glossary, re.MULTILINE)) == {*WORDS.split(), *PHRASES}


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_is_explained_wherever_somebody_meets_its_name(name: str, helps: dict[str, str]) -> None:
    """In the README, the quickstart, the glossary and the help of the commands that take it."""
    told = {page: " ".join((ROOT / page).read_text(encoding="utf-8").split()) for page in MET}
    plain = STRATEGIES[name].plain
    assert f"`{name}`" in told["README.md"]
    assert f"| `{name}` | {plain} |" in told["docs/quickstart.md"]
    assert re.search(rf"\*\*{name}\*\* \(strategy[^)]*\): {re.escape(plain)}", told["docs/glossary.md"])
    for command in ("compare", "fit"):
        assert f"{name}: {STRATEGIES[name].summary}" in " ".join(helps[command].split()), command


SAID = [*(ROOT / "src" / "headstart" / "words").glob("*.py"), *(ROOT / "src" / "headstart" / "report").rglob("*.*")]


def test_what_chooses_an_epoch_is_never_called_held_out() -> None:
    """Held-out pictures measure; what chooses is set aside, so that nobody takes the one for the other."""
    said = {file.name: file.read_text(encoding="utf-8") for file in SAID if file.suffix in (".py", ".html")}
    assert len(said) > 30
    assert [name for name, text in said.items() if re.search("held back|kept back|held aside", text)] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 700
