"""The JSON Schema of results.json is made from the records, and the one in the docs is the latest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from report.sample import sample_results

from headstart.records.codec import encoded
from headstart.records.results import Results
from headstart.records.schema import main, schema

DOCS = Path(__file__).resolve().parents[2] / "docs" / "results.schema.json"


def test_the_schema_in_the_docs_is_not_stale() -> None:
    assert main(["--check", str(DOCS)]) == 0
    assert DOCS.read_text(encoding="utf-8") == schema()


def test_a_stale_or_missing_schema_fails_the_check_and_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "results.schema.json"
    assert main(["--check", str(place)]) == 1
    assert not place.exists()
    assert main([str(place)]) == 0
    assert main([str(place), "--check"]) == 0
    assert capsys.readouterr().err.count("is stale: python -m headstart.records.schema") == 1
    stale = schema().replace('"seed"', '"sead"')
    place.write_text(stale, encoding="utf-8")
    assert main(["--check", str(place)]) == 1
    assert place.read_text(encoding="utf-8") == stale


@pytest.mark.parametrize("arguments", [[], ["--check"], ["a", "b"]])
def test_one_file_must_be_named(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("Usage: ")


def test_every_key_of_results_is_in_the_schema_and_no_other() -> None:
    made = json.loads(schema())
    results = made["$defs"]["Results"]
    assert set(results["properties"]) == set(Results.__struct_fields__)
    assert results["additionalProperties"] is False
    assert all(part.get("additionalProperties") is False for part in made["$defs"].values() if "properties" in part)
    assert made["$ref"] == "#/$defs/Results"


def test_references_of_the_schema_lead_somewhere_and_the_sample_follows_them() -> None:
    made = json.loads(schema())
    _follow(json.loads(encoded(sample_results())), {"$ref": made["$ref"]}, made["$defs"], "results")


def _follow(value: Any, part: dict[str, Any], parts: dict[str, Any], where: str) -> None:
    """Walk along a value as the schema says: objects have their required keys and no others."""
    if "$ref" in part:
        part = parts[part["$ref"].removeprefix("#/$defs/")]
    if "anyOf" in part:
        kinds = [one for one in part["anyOf"] if one.get("type") != "null"]
        if value is None or len(kinds) != 1:
            assert value is not None or len(kinds) < len(part["anyOf"]), where
            return
        part = kinds[0] if "$ref" not in kinds[0] else parts[kinds[0]["$ref"].removeprefix("#/$defs/")]
    if "properties" in part:
        assert set(part.get("required", ())) <= set(value) <= set(part["properties"]), where
        for key, item in value.items():
            _follow(item, part["properties"][key], parts, f"{where}.{key}")
    elif part.get("type") == "array" and isinstance(part.get("items"), dict):
        assert isinstance(value, list), where
        for at, item in enumerate(value):
            _follow(item, part["items"], parts, f"{where}[{at}]")
