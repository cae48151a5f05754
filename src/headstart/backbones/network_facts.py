"""What is known of a network without it: numbers and names."""

from __future__ import annotations

from headstart.records.record import Amount, Count, Record

# How people write the names of the networks that come with headstart.
TITLES = {"tf_efficientnet_lite0": "EfficientNet-Lite0", "tf_efficientnet_lite2": "EfficientNet-Lite2"}


class Stage(Record, kw_only=False):
    """A named place where a backbone can be cut; the cut stands before the stage.

    Parameters
    ----------
    name : str
        As in the network (``layer3``, ``blocks.5``); ``"pool"`` is the end, where nothing is left.
    parameters : int
        Weights in the stage.
    shape : tuple of int
        Of the activation that enters the stage, without the batch.
    flops : float
        Multiplications and additions of the stage for one picture.
    """

    name: str
    parameters: Count
    shape: tuple[Count, ...]
    flops: Amount


class Facts(Record, kw_only=False):
    """What follows from a network alone, and is asked for more often than the network.

    Parameters
    ----------
    parameters : int
        Number of weights.
    stages : tuple of Stage
        The places to cut, first to last; the last is ``"pool"``.
    places : tuple of str
        Stages before which the readout ``"stages"`` reads.
    blocks : tuple of int
        How many features each part of that readout has, in order: what is read before a stage is two, the means and the
        largest values of its channels; the network's own features are the last.
    """

    parameters: Count
    stages: tuple[Stage, ...]
    places: tuple[str, ...]
    blocks: tuple[Count, ...]

    @property
    def width(self) -> int:
        """How many features that readout has."""
        return sum(self.blocks)
