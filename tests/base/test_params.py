import math

import numpy as np
import pytest

from headstart.base.errors import ConfigError
from headstart.base.params import bad_parameter, check_choice, check_integer, check_number


def test_the_sentence_names_parameter_owner_allowed_and_given() -> None:
    with pytest.raises(ConfigError) as caught:
        check_integer("epochs", "compare", 0, least=1)
    expected = "The 'epochs' parameter of compare must be a whole number of at least 1. Got 0 instead."
    assert caught.value.message == expected
    assert caught.value.message == bad_parameter("epochs", "compare", "a whole number of at least 1", 0).message
    assert "epochs" in caught.value.hint


@pytest.mark.parametrize("given", [1, 5, np.int64(3), np.uint8(2)])
def test_whole_numbers_pass_as_plain_int(given: object) -> None:
    value = check_integer("n", "f", given, least=1, most=5)
    assert value == given
    assert type(value) is int


@pytest.mark.parametrize("given", [0, 6, 2.0, "3", True, None, np.float64(2)])
def test_what_is_no_whole_number_in_range_is_refused(given: object) -> None:
    with pytest.raises(ConfigError, match="from 1 to 5"):
        check_integer("n", "f", given, least=1, most=5)


@pytest.mark.parametrize("given", [0, 0.5, 1, np.float64(0.25)])
def test_numbers_pass_as_plain_float(given: object) -> None:
    value = check_number("rate", "f", given, least=0, most=1)
    assert value == given
    assert type(value) is float


@pytest.mark.parametrize("given", [-0.1, 1.1, math.nan, math.inf, "0.5", True, None])
def test_what_is_no_number_in_range_is_refused(given: object) -> None:
    with pytest.raises(ConfigError, match="a number from 0 to 1"):
        check_number("rate", "f", given, least=0, most=1)


def test_one_sided_and_open_ranges_say_so() -> None:
    with pytest.raises(ConfigError, match="at most 2"):
        check_number("x", "f", 3, most=2)
    with pytest.raises(ConfigError, match=r"must be a number\. Got"):
        check_number("x", "f", "three")
    assert check_number("x", "f", -1e300) == -1e300


def test_a_near_miss_is_named() -> None:
    assert check_choice("strategy", "compare", "svm", ("svm", "linear")) == "svm"
    with pytest.raises(ConfigError, match="one of linear, svm") as caught:
        check_choice("strategy", "compare", "linaer", ("svm", "linear"))
    assert caught.value.hint == "Did you mean 'linear'?"
    with pytest.raises(ConfigError) as caught:
        check_choice("strategy", "compare", "zzz", ("svm", "linear"))
    assert "linear, svm" in caught.value.hint
