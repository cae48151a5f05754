"""The classifier that predicts, and the folder in which it is kept."""

from headstart.bundle.engine import light, prepare, tried
from headstart.bundle.model import Model, Picture, load

__all__ = ["Model", "Picture", "light", "load", "prepare", "tried"]
