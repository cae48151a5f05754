"""The classifier that predicts, and the folder in which it is kept."""

from headstart.bundle.engine import light, prepare, tried
from headstart.bundle.model import Model, Picture, load
from headstart.bundle.trust import Answers, Trust

__all__ = ["Answers", "Model", "Picture", "Trust", "light", "load", "prepare", "tried"]
