"""`ImageClassifier` as scikit-learn knows estimators, and what it says of parameters, labels and groups."""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from answering import answering
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

import headstart as hs
from headstart.base.errors import ConfigError, DataError, HeadstartError
from headstart.strategies.passes import fake_backbone
from headstart.table import Table

PARAMETERS = inspect.signature(hs.ImageClassifier).parameters
NOWHERE_RIGHT = (object(), 3.5, -1, "", " ", b"x", [], {}, ("a",), float("nan"), np.zeros(3), PARAMETERS, "\0")
TEXTS = ("strategy", "head", "framing", "augment", "readout", "device", "weights")  # where not every text is right


def pictures(count: int = 12) -> list[np.ndarray]:
    """Return pictures that are blue, green and red in turn."""
    return [np.full((9, 8, 3), 40, np.uint8) + np.eye(3, dtype=np.uint8)[2 - k % 3] * 160 for k in range(count)]


LABELS = ["blue", "green", "red"] * 4


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the fit was asked for, (table, request), in the place of a fit."""
    heard: list[Any] = []

    def fit_table(table: Table, request: Any, **_: Any) -> Any:
        heard.append((table, request))
        return answering(*table.classes)

    monkeypatch.setattr("headstart.estimator.fit_table", fit_table)
    return heard


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_wrong_value_of_any_parameter_names_it_and_the_class(name: str, asked: list[Any]) -> None:
    wrong = [*NOWHERE_RIGHT, *(["nonsense"] if name in TEXTS else []), *([None] if not _may_be_none(name) else [])]
    if name == "offline":
        wrong += [0, "no"]
    for value in wrong:
        if name == "epochs" and isinstance(value, dict):
            continue  # a number for no strategy: each takes its own
        with pytest.raises(ConfigError, match=f"^The '{name}' parameter of ImageClassifier must be ") as caught:
            hs.ImageClassifier(**{name: value}).fit(pictures(), LABELS)
        assert caught.value.hint
        assert "compare" not in caught.value.message
    assert not asked


def _may_be_none(name: str) -> bool:
    return PARAMETERS[name].default is None or name == "random_state"


def test_a_near_miss_is_told_the_right_word() -> None:
    with pytest.raises(ConfigError, match=r"'strategy' parameter of ImageClassifier.*'lineer'") as caught:
        hs.ImageClassifier(strategy="lineer").fit(pictures(), LABELS)
    assert caught.value.hint == "Did you mean 'linear'?"
    with pytest.raises(ConfigError, match=r"'cut' parameter of ImageClassifier.*'auto'") as caught:
        hs.ImageClassifier(strategy="partial", cut="auto").fit(pictures(), LABELS)
    assert "headstart.compare" in caught.value.hint
    with pytest.raises(ConfigError, match="ImageClassifier: Both 'cut' and 'unfreeze'"):
        hs.ImageClassifier(strategy="partial", cut="late", unfreeze=1).fit(pictures(), LABELS)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("backbone", {"backbone": "resnet1800"}),
        ("scratch", {"strategy": "scratch", "scratch": "convnet65"}),
        ("cut", {"strategy": "partial", "cut": "blocks.99"}),
        ("unfreeze", {"strategy": "partial", "unfreeze": 99}),
        ("strategy", {"strategy": "partial@blocks.99"}),
        ("image_size", {"image_size": 5000}),
        ("device", {"device": "mps"}),
    ],
)
def test_what_only_the_network_can_refuse_is_named_too(
    name: str, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "partial" in given.get("strategy", ""):
        known = fake_backbone(8, stages=("input", "middle", "late"))
        monkeypatch.setattr("headstart.experiment.networks.recalled", lambda request: known)
    with pytest.raises(HeadstartError, match=f"^The '{name}' parameter of ImageClassifier ") as caught:
        hs.ImageClassifier(**given).fit(pictures(), LABELS)
    assert str(given[name]) in caught.value.message


@pytest.mark.parametrize("name", ["class_weight", "seed", "strategies", "n_jobs", "views", "stategy"])
def test_a_parameter_that_there_is_not_is_refused_with_a_way_out(name: str) -> None:
    with pytest.raises(ConfigError, match=f"ImageClassifier.* no option '{name}'") as caught:
        hs.ImageClassifier(**{name: 1})
    assert caught.value.hint
    with pytest.raises(ConfigError, match="by name"):
        hs.ImageClassifier("linear")


def test_weights_of_pictures_are_refused_by_name(asked: list[Any]) -> None:
    with pytest.raises(ConfigError, match="sample_weight"):
        hs.ImageClassifier().fit(pictures(), LABELS, sample_weight=np.ones(12))
    assert not has_fit_parameter(hs.ImageClassifier(), "sample_weight")
    assert not asked


@pytest.mark.parametrize("state", [5, np.int64(5), np.uint8(5)])
def test_a_whole_number_of_any_kind_is_the_seed(state: Any, asked: list[Any]) -> None:
    classifier = hs.ImageClassifier(random_state=state).fit(pictures(), LABELS)
    assert (asked[0][1].seed, classifier.seed_, type(classifier.seed_)) == (5, 5, int)


def test_no_random_state_draws_one_as_scikit_learn_does_and_says_which(asked: list[Any]) -> None:
    np.random.seed(3)
    first, second = (hs.ImageClassifier(random_state=None).fit(pictures(), LABELS).seed_ for _ in range(2))
    np.random.seed(3)
    assert hs.ImageClassifier(random_state=None).fit(pictures(), LABELS).seed_ == first != second
    of_state = [
        hs.ImageClassifier(random_state=np.random.RandomState(1)).fit(pictures(), LABELS).seed_ for _ in range(2)
    ]
    assert of_state[0] == of_state[1]
    assert [request.seed for _, request in asked[-2:]] == of_state


def test_parameters_stay_as_they_were_given(asked: list[Any], tmp_path: Path) -> None:
    state, size = np.random.RandomState(0), np.int64(64)
    classifier = hs.ImageClassifier(random_state=state, image_size=size)
    classifier.fit(pictures(), LABELS)
    assert classifier.get_params()["random_state"] is state
    assert classifier.get_params()["image_size"] is size
    assert type(asked[0][1].image_size) is int


# --- labels and groups ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["a"] * 12, r"only one class, 'a'"),
        (["a"] * 11 + ["b"], "'b' only once"),
        (["a", "b"] * 5, "12 pictures and 10 y"),
        (["a", "b"] * 5 + ["a", None], "Label 12"),
        (["a", "b"] * 5 + ["a", float("nan")], "Label 12"),
        (np.array(["a", "b"] * 5 + ["a", float("nan")]), "Label 12"),
        (np.array([0.0, 1.0] * 5 + [0.0, np.nan]), "Label 12"),
        (["a", 1] * 6, "mixes"),
        ([1, "1"] * 6, "mixes"),
        (np.linspace(0, 1, 12), "measurements"),
        (np.eye(12), "argmax"),
        (np.zeros(12, complex), "not classes"),
        (None, "y"),
        (3, "y"),
    ],
)
def test_labels_that_are_none_are_named(labels: Any, said: str, asked: list[Any]) -> None:
    with pytest.raises(DataError, match=said) as caught:
        hs.ImageClassifier().fit(pictures(), labels)
    assert "folder" not in str(caught.value), "there are no folders here"
    assert not asked


@pytest.mark.parametrize("classes", [["b", "a"], [10, 9], [True, False], [2.0, 1.0], ["é", "e"], [b"b", b"a"]])
def test_labels_come_back_as_they_were_given(classes: list[Any], asked: list[Any]) -> None:
    pandas = pytest.importorskip("pandas")
    labels = [classes[k % 2] for k in range(12)]
    for form in (labels, np.array(labels), np.array(labels)[:, None], pandas.Series(labels, index=range(5, 17))):
        classifier = hs.ImageClassifier().fit(pictures(), form)
        assert classifier.classes_.tolist() == sorted(
            one.decode() if isinstance(one, bytes) else one for one in classes
        )
        assert asked[-1][0].labels.tolist().count(0) == 6


def test_groups_go_into_the_table(asked: list[Any]) -> None:
    groups = np.repeat(["patient 1", "patient 2", "patient 3"], 4)
    hs.ImageClassifier().fit(pictures(), LABELS, groups=groups)
    assert asked[0][0].groups.tolist() == groups.tolist()
    with pytest.raises(DataError, match="12 pictures and 3 groups"):
        hs.ImageClassifier().fit(pictures(), LABELS, groups=groups[:3])
    scores = cross_val_score(
        hs.ImageClassifier(), pictures(), LABELS, groups=groups, cv=GroupKFold(3), params={"groups": groups}
    )
    assert scores.tolist() == [1, 1, 1]
    assert {tuple(sorted(set(table.groups))) for table, _ in asked[1:]} == {
        ("patient 1", "patient 2"),
        ("patient 1", "patient 3"),
        ("patient 2", "patient 3"),
    }


def test_pictures_that_cannot_be_read_are_called_by_what_they_are() -> None:
    options: dict[str, Any] = {"image_size": 64, "framing": "squash", "augment": "none", "readout": "pool"}
    with pytest.raises(DataError, match=r"1 of 12 pictures cannot be read, first 'picture 02 \(bytes\)'"):
        hs.ImageClassifier(**options).fit([*pictures()[:1], b"GIF", *pictures()[2:]], LABELS)
    with pytest.raises(DataError, match=r"'https://a\.org/b\.png' cannot be used: a web address"):
        hs.ImageClassifier(**options).fit([*pictures()[1:], "https://a.org/b.png"], LABELS)


# --- scikit-learn's own checks and tools ------------------------------------------------------------------------------

# What needs no X. All other checks fit on rows of numbers, of which a classifier of pictures learns nothing; a tag says
# so (`two_d_array` is False), and `check_estimator` itself leaves them out for it.
WITHOUT_X = (
    "check_do_not_raise_errors_in_init_or_set_param",
    "check_estimator_cloneable",
    "check_estimator_get_tags_default_keys",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
)


@pytest.mark.parametrize("name", [name for name in WITHOUT_X if hasattr(estimator_checks, name)])
def test_scikit_learns_checks_that_need_no_rows_of_numbers(name: str) -> None:
    getattr(estimator_checks, name)("ImageClassifier", hs.ImageClassifier())


def test_scikit_learns_check_of_estimators() -> None:
    with pytest.warns(UserWarning, match="Can't test estimator ImageClassifier"):
        estimator_checks.check_estimator(hs.ImageClassifier(), on_skip=None)


def test_rows_of_features_are_refused_with_the_way_to_pictures() -> None:
    with pytest.raises(DataError, match=r"float64 with shape \(12, 64\)"):
        hs.ImageClassifier().fit(np.zeros((12, 64)), LABELS)
    with pytest.raises(DataError, match="one grey picture"):
        hs.ImageClassifier().fit(np.zeros((12, 64), np.uint8), LABELS)


def test_its_tools_take_it(asked: list[Any]) -> None:
    from PIL import Image

    y = np.array(LABELS)
    for X in (pictures(), np.stack(pictures()), list(map(Image.fromarray, pictures()))):
        assert cross_val_score(hs.ImageClassifier(), X, y, cv=3).tolist() == [1, 1, 1]
    assert cross_val_predict(hs.ImageClassifier(), pictures(), y, cv=3, method="predict_proba").shape == (12, 3)
    search = GridSearchCV(
        Pipeline([("classify", hs.ImageClassifier())]), {"classify__strategy": ["linear", "knn"]}, cv=2
    )
    assert search.fit(pictures(), y).score(pictures(), y) == 1
    assert {request.strategies for _, request in asked} == {("linear",), ("knn",)}


def test_it_is_fitted_after_a_fit_and_not_after_one_that_failed(asked: list[Any]) -> None:
    classifier = hs.ImageClassifier()
    with pytest.raises(DataError):
        classifier.fit(pictures(), ["a"] * 12)
    with pytest.raises(ValueError, match="not fitted"):
        check_is_fitted(classifier)
    check_is_fitted(classifier.fit(pictures(), LABELS))
    assert not hasattr(clone(classifier), "model_")
    again = pickle.loads(pickle.dumps(classifier))
    assert again.predict(pictures()).tolist() == LABELS
    assert np.allclose(np.exp(again.predict_log_proba(pictures())), classifier.predict_proba(pictures()))


def test_a_score_of_other_labels_than_were_learned_is_an_error(asked: list[Any]) -> None:
    classifier = hs.ImageClassifier().fit(pictures(), LABELS)
    assert classifier.score(pictures(), LABELS) == 1
    assert classifier.score(pictures(), ["blue"] * 12, sample_weight=[1, 0, 0] * 4) == 1
    with pytest.raises(DataError, match="same kind"):
        classifier.score(pictures(), [0, 1, 2] * 4)
