"""What a page is held against when it is opened: drawings, and what Python answers for them.

They are drawn, never taken from anybody's pictures, because the page is passed on.
"""

from __future__ import annotations

import base64

from headstart.base.errors import BundleError
from headstart.bundle import Classifier
from headstart.deliver.web.facts import Check
from headstart.pixels.drawn import DrawnAs, draw_test_picture

SAME_PIXELS = 0.001  # of a PNG the page makes the very pixels that Python makes, so only the engine can differ
SAME_FILE = 0.02  # of a JPEG the browser's decoder may differ by a shade; one that is not turned differs by far more
_DRAWINGS = 6


def checks_of(classifier: Classifier) -> tuple[Check, ...]:
    """Return a PNG and a JPEG, turned by its EXIF, with what Python answers for each.

    Of several drawings those are taken of which the classifier is least sure: there a fault shows most.
    """
    return (
        _check(classifier, "a PNG", "png", SAME_PIXELS),
        _check(classifier, "a JPEG that a camera has turned", "jpeg", SAME_FILE),
    )


def _check(classifier: Classifier, name: str, kind: DrawnAs, most: float) -> Check:
    drawn = [draw_test_picture(seed, kind) for seed in range(_DRAWINGS)]
    answers, faulty = classifier.examine(drawn)
    if faulty:
        raise BundleError(
            f"The classifier cannot answer a drawing: {next(iter(faulty.values()))}.", hint="Make the classifier again."
        )
    least = int(answers.probabilities.max(axis=1).argmin())
    return Check(
        name=name,
        picture=base64.b64encode(drawn[least]).decode("ascii"),
        probabilities=tuple(answers.probabilities[least].tolist()),
        most=most,
    )
