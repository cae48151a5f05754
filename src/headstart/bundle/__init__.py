"""The classifier that predicts, and the folder in which it is kept."""

from headstart.bundle.model import Model, Picture, load

__all__ = ["Model", "Picture", "load"]
