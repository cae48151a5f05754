"""How a picture becomes the network's square: it travels with the weights."""

from __future__ import annotations

import json

import pytest

from headstart.base.errors import StoreError
from headstart.records.codec import encoded, from_plain, plain
from headstart.records.preprocessing import Preprocessing


def test_preprocessing_travels_through_json() -> None:
    there = Preprocessing(
        input_size=64, crop=0.9, interpolation="bilinear", mean=(0.5, 0.5, 0.5), std=(0.1, 0.2, 0.3), framing="pad"
    )
    back = from_plain(json.loads(encoded(there)), Preprocessing, "here")
    assert back == there
    assert hash(back) == hash(there), "lists instead of tuples would not be hashable"
    with pytest.raises(StoreError, match="added_later"):
        from_plain({**plain(there), "added_later": 1}, Preprocessing, "here")


def test_preprocessing_is_fixed_and_knows_the_stored_side() -> None:
    preprocessing = Preprocessing(input_size=224, crop=0.875)
    assert preprocessing.short_side == 256
    with pytest.raises(AttributeError, match="immutable"):
        preprocessing.input_size = 64  # type: ignore[misc]
