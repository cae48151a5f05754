import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headstart.base.streams import stream, stream_seed


def test_the_same_name_gives_the_same_numbers() -> None:
    a, b = stream(0, "augment", 3), stream(0, "augment", 3)
    np.testing.assert_array_equal(a.random(50), b.random(50))


def test_seed_and_every_name_matter_and_order_of_asking_does_not() -> None:
    first = {
        names: stream_seed(seed, *names) for seed, names in [(0, ("a",)), (0, ("b",)), (0, ("a", 1)), (0, (1, "a"))]
    }
    again = {names: stream_seed(0, *names) for names in reversed(list(first))}
    assert first == again
    assert len(set(first.values())) == len(first)
    assert stream_seed(1, "a") != stream_seed(0, "a")


def test_joined_names_are_not_their_parts() -> None:
    assert stream_seed(1, "2", "3") != stream_seed(12, "3") != stream_seed(1, "23")
    assert stream_seed(0, "ab", "c") != stream_seed(0, "a", "bc")


@given(st.integers(0, 2**70), st.text(), st.integers())
def test_seeds_fit_every_library(seed: int, name: str, number: int) -> None:
    assert 0 <= stream_seed(seed, name, number) < 2**63


def test_the_numbers_are_the_same_in_every_process_and_version() -> None:
    # Written down once: a change here would change every run that somebody wants to repeat.
    assert stream_seed(0, "split") == 6812300375708456965
    code = "from headstart.base.streams import stream_seed; print(stream_seed(0, 'split'))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(other.stdout) == 6812300375708456965
