"""The classifier that predicts, and the folder in which it is kept."""

from headstart.bundle.classifier import Classifier
from headstart.bundle.engine import light, on_graph, prepare, tried
from headstart.bundle.folder import fingerprint_of
from headstart.bundle.model import Model, load
from headstart.bundle.trust import Answers, Trust

__all__ = ["Answers", "Classifier", "Model", "Trust", "fingerprint_of", "light", "load", "on_graph", "prepare", "tried"]
