"""Heads: features and labels in, arrays that answer out. A new head is one new file and one new row here."""

from __future__ import annotations

from headstart.heads import knn, logistic, svm
from headstart.heads.training import Fitted, Fitter, Solver

FITTERS: dict[str, Fitter] = {"logistic": logistic.fit, "svm": svm.fit, "knn": knn.fit}

# The same heads with settings that were chosen before: nothing is cross-validated.
SOLVERS: dict[str, Solver] = {"logistic": logistic.solve, "svm": svm.solve, "knn": knn.solve}

__all__ = ["FITTERS", "SOLVERS", "Fitted", "Fitter", "Solver"]
