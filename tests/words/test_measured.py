from headstart.records.plan import SplitsAsked
from headstart.words.measured import learned_from, not_on_all, splits_text


def test_splits_are_called_by_folds_and_seeds() -> None:
    assert splits_text(SplitsAsked(folds=4, seeds=2, strategies=("linear",))) == "4 x 2 splits"
    assert splits_text(SplitsAsked(folds=None, seeds=3, strategies=("linear",))) == "3 splits"


def test_who_learned_from_fewer_pictures_is_said_with_both_numbers() -> None:
    assert learned_from(("scratch",), 195, 244) == (
        "scratch learned from 195 of the 244 training pictures: the other 49 judged it"
    )
    assert not_on_all(("partial", "full"), ("linear", "knn"), 180, 225) == (
        "partial and full learned from 180 of the 225 training pictures: the other 45 judged them; linear and "
        "knn learned from all 225."
    )
