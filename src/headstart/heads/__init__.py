"""Heads: features and labels in, arrays that answer out. A new head is one new file and one new row here."""

from __future__ import annotations

from headstart.heads import knn, lda, logistic, svm
from headstart.heads.training import Fitted, HeadMethod

HEADS: dict[str, HeadMethod] = {
    "logistic": HeadMethod(logistic.fit, logistic.solve, logistic.memory),
    "lda": HeadMethod(lda.fit, lda.solve, lda.memory),
    "svm": HeadMethod(svm.fit, svm.solve, svm.memory),
    "knn": HeadMethod(knn.fit, knn.solve, knn.memory),
}

__all__ = ["HEADS", "Fitted", "HeadMethod"]
