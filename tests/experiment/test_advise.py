"""Which pictures an advice asks about where there are very many."""

from __future__ import annotations

import numpy as np

from headstart.experiment.advise import MOST_CLASSES, asked_about
from headstart.heads.preview import MOST_ROWS


def test_a_rare_class_is_asked_about_beside_thousands_of_a_common_one() -> None:
    labels = np.repeat(np.arange(2), (20 * MOST_ROWS, 6))
    places = asked_about(labels, 0)
    assert len(places) <= MOST_ROWS + 12  # half a dozen of each class at least
    assert (labels[places] == 1).sum() == 6
    assert len(np.unique(places)) == len(places)


def test_of_very_many_classes_some_are_asked_about() -> None:
    labels = np.arange(4 * MOST_CLASSES).repeat(3)
    places = asked_about(labels, 0)
    assert len(np.unique(labels[places])) == MOST_CLASSES
