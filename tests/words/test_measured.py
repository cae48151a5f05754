from headstart.records.plan import SplitsAsked
from headstart.words.measured import splits_text


def test_splits_are_called_by_folds_and_seeds() -> None:
    assert splits_text(SplitsAsked(folds=4, seeds=2, strategies=("linear",))) == "4 x 2 splits"
    assert splits_text(SplitsAsked(folds=None, seeds=3, strategies=("linear",))) == "3 splits"
