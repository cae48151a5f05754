import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from headstart.base import errors
from headstart.base.errors import ConfigError, DataError, HeadstartError, PictureError
from headstart.base.params import check_choice


def every_kind(kind: type[HeadstartError] = HeadstartError) -> list[type[HeadstartError]]:
    return [kind, *(deeper for below in kind.__subclasses__() for deeper in every_kind(below))]


@pytest.mark.parametrize("kind", every_kind(), ids=lambda kind: kind.__name__)
def test_message_and_hint_survive_the_way_home_from_a_worker(kind: type[HeadstartError]) -> None:
    error = kind("'a.jpg' is empty.", hint="Remove it.")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert (back.message, back.hint) == ("'a.jpg' is empty.", "Remove it.")
    assert str(back) == str(error) == "'a.jpg' is empty. Remove it."


def test_an_error_crosses_a_real_process() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        future = pool.submit(check_choice, "strategies", "compare", "linaer", ("linear", "svm"))
    with pytest.raises(ConfigError, match="linear, svm") as caught:
        future.result()
    assert caught.value.hint == "Did you mean 'linear'?"


def test_the_drawn_tree_is_the_real_one() -> None:
    drawn = errors.__doc__ or ""
    for kind in every_kind():
        assert kind.__name__ in drawn
        line = next(line for line in drawn.splitlines() if kind.__name__ in line)
        assert f" {kind.exit_code} " in line + " ", f"{kind.__name__} leaves with {kind.exit_code}"


def test_exit_codes_tell_the_families_apart() -> None:
    families = [kind.exit_code for kind in HeadstartError.__subclasses__()]
    assert len(set(families)) == len(families)
    assert min(families) > HeadstartError.exit_code == 1
    assert PictureError.exit_code == DataError.exit_code


def test_a_hint_is_not_optional() -> None:
    with pytest.raises(TypeError, match="hint"):
        DataError("'a' is wrong.")  # type: ignore[call-arg]
