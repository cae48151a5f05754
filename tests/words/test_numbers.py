from __future__ import annotations

import pytest

from headstart.words.numbers import counted, joined, number_text, p_text, percent, percents, pictures_of, rounded


def test_names_are_joined_as_a_person_would() -> None:
    assert [joined(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_small_numbers_are_words() -> None:
    assert [number_text(count) for count in (0, 4, 10, 11, 1200)] == ["no", "four", "ten", "11", "1,200"]


def test_one_is_singular() -> None:
    assert (counted(1, "group"), counted(1200, "group")) == ("1 group", "1,200 groups")
    assert (pictures_of("val", 1), pictures_of("test", 2)) == ("1 validation picture", "2 test pictures")
    assert (pictures_of("train", 3), pictures_of("", 3)) == ("3 training pictures", "3 pictures")


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0, "0 %"), (0.001, "under 1 %"), (0.867, "87 %"), (0.994, "99 %"), (0.9999, "over 99 %"), (1.0, "100 %")],
)
def test_only_all_is_a_hundred_percent(share: float, said: str) -> None:
    assert percent(share) == said
    assert percents((0.85, 0.944)) == "85 to 94 %"


def test_p_has_the_figures_that_matter() -> None:
    assert [p_text(p) for p in (0.00099, 0.0123, 0.0991, 0.634)] == ["p < 0.001", "p = 0.012", "p = 0.099", "p = 0.63"]


def test_a_forecast_is_no_count() -> None:
    assert [rounded(pictures) for pictures in (7, 94, 1234, 7811, 14_900)] == [7, 100, 1300, 8000, 15_000]
