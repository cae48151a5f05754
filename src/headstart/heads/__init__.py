"""Heads: features and labels in, arrays that answer out. A new head is one new file and one new row here."""

from __future__ import annotations

from headstart.heads import knn, logistic, svm
from headstart.heads.training import Fitted, Fitter

FITTERS: dict[str, Fitter] = {"logistic": logistic.fit, "svm": svm.fit, "knn": knn.fit}

__all__ = ["FITTERS", "Fitted", "Fitter"]
