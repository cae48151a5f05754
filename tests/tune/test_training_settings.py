"""Settings are checked when they are made, and say what would be right."""

import json
from typing import Any

import pytest

from headstart.base.errors import ConfigError
from headstart.records.codec import from_plain, plain
from headstart.records.training import TrainingSettings


def test_what_is_written_is_plain_and_complete() -> None:
    settings = TrainingSettings(epochs=3, patience=2, clip=None)
    assert from_plain(json.loads(json.dumps(plain(settings))), TrainingSettings, "settings") == settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", 2.5),
        ("batch_size", 1),
        ("optimizer", "adam"),
        ("schedule", "linear"),
        ("batch_norm", "off"),
        ("precision", "float16"),
        ("choose", "f1"),
        ("head_rate", -1.0),
        ("backbone_rate", float("nan")),
        ("weight_decay", "much"),
        ("momentum", 1.5),
        ("gamma", 2.0),
        ("step_size", 0),
        ("warmup", 1.1),
        ("label_smoothing", 1.1),
        ("patience", 0),
        ("clip", 0.0),
        ("average", -1.0),
        ("refit", 1),
    ],
)
def test_a_wrong_value_is_named(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"'{name}' parameter of TrainingSettings"):
        TrainingSettings(**{name: value})
