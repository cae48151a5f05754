"""The one door to ONNX: a network written as a graph, and the session that answers without torch.

A graph gives the same answers as the network up to rounding (some 1e-6 of a feature). It is an engine, never
the original: what is trained, saved and measured stays the network itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.engine import Batches, EngineName, Features
from headstart.base.environment import silence
from headstart.base.errors import EngineError
from headstart.base.files import durable_writer
from headstart.base.process import thread_budget
from headstart.records.preprocessing import Preprocessing

if TYPE_CHECKING:
    from torch import nn

_OPSET = 18
_INPUT, _OUTPUT = "pictures", "features"
_AT_ONCE = 8  # pictures: what a layer says of them stays in the processor's cache; 64 at once take seven times as long


class OnnxNetwork:
    """A network as a graph: normalised pictures to pooled features.

    Parameters
    ----------
    file : Path
        The graph, its weights inside.
    threads : int, optional
        By default the process's budget.

    Raises
    ------
    EngineError
        If ONNX Runtime cannot read it.
    """

    def __init__(self, file: Path, *, threads: int | None = None) -> None:
        self._session = _session(file, str(file), threads)

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return features, (n, d), of normalised pictures, (n, 3, side, side) float32."""
        parts = [batch[begin : begin + _AT_ONCE] for begin in range(0, max(len(batch), 1), _AT_ONCE)]
        try:
            said = [self._session.run([_OUTPUT], {_INPUT: part})[0] for part in parts]
        except Exception as error:
            raise EngineError(
                f"The exported network failed on {len(batch)} pictures ({error}).", hint="Use --engine torch."
            ) from error
        return np.asarray(np.concatenate(said), np.float32)

    @property
    def name(self) -> EngineName:
        """It runs in ONNX Runtime."""
        return "onnx"

    @property
    def network(self) -> NoReturn:
        """There is none."""
        raise RuntimeError("an exported graph holds no network: load the bundle with headstart.load")

    @property
    def answering(self) -> NoReturn:
        """There is none: the graph answers by itself."""
        raise RuntimeError("an exported graph holds no network: load the bundle with headstart.load")

    @property
    def folded(self) -> None:
        """Nothing is saved of it, so nothing need be said."""
        return None

    def features_of(self, batches: Batches, preprocessing: Preprocessing, *, device: str = "cpu") -> Features:
        """Yield features of batches of framed pictures; a graph runs on the processor, whatever the device."""
        del device
        for batch in batches:
            yield self(normalise(batch, preprocessing))

    def tensors(self) -> NoReturn:
        """Raise: it has no weights of its own to save."""
        raise RuntimeError("an exported graph has no weights to save: load the bundle with headstart.load")


class OnnxFile:
    """A whole graph of whatever inputs and outputs, with what it says of itself.

    Parameters
    ----------
    content : bytes
        Of the file: so nothing outside it can be taken in, as weights kept beside it would be.
    name : str
        Of the file, for messages.
    threads : int, optional
        By default the process's budget.

    Raises
    ------
    EngineError
        If ONNX Runtime cannot read it.
    """

    def __init__(self, content: bytes, name: str, *, threads: int | None = None) -> None:
        self.name = name
        self._session = _session(content, name, threads)

    @property
    def metadata(self) -> Mapping[str, str]:
        """Texts that stand in the file, by key."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of what it takes."""
        return tuple(one.name for one in self._session.get_inputs())

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what it gives."""
        return tuple(one.name for one in self._session.get_outputs())

    def run(self, outputs: Sequence[str], inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return outputs by name.

        Raises
        ------
        EngineError
            If it fails.
        """
        try:
            found = self._session.run(list(outputs), dict(inputs))
        except Exception as error:
            raise EngineError(f"'{self.name}' failed ({error}).", hint="Export it again.") from error
        return {name: np.asarray(value) for name, value in zip(outputs, found, strict=True)}


def _session(source: Path | bytes, name: str, threads: int | None) -> Any:
    """Return a session on the processor."""
    onnxruntime = _runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_budget(threads)
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Waiting threads that spin would take the processor from everybody else between two batches.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own exceptions share no base class
        raise EngineError(f"'{name}' cannot be read by ONNX Runtime ({error}).", hint="Export it again.") from error


def _runtime() -> Any:
    """Return ONNX Runtime, which tells its makers nothing unless the user has set ``ORT_DISABLE_TELEMETRY``.

    It reads the variable once, when it is imported, and would otherwise write a device identifier and a list of events
    into the user's home and send them. Where another part of the program has imported it before, that cannot be undone;
    then at least no events are added for what headstart computes.
    """
    with silence():
        import onnxruntime
    if "ORT_DISABLE_TELEMETRY" not in environ:
        onnxruntime.disable_telemetry_events()
    return onnxruntime


def normalise(batch: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Return framed pictures, (n, S, S, 3), as the network wants them, (n, 3, S, S): the same floats as torch's."""
    pictures = np.ascontiguousarray(batch.transpose(0, 3, 1, 2), np.float32)
    pictures /= np.float32(255.0)
    pictures -= np.array(preprocessing.mean, np.float32).reshape(1, 3, 1, 1)
    pictures /= np.array(preprocessing.std, np.float32).reshape(1, 3, 1, 1)
    return pictures


def export(network: nn.Module, side: int, file: Path) -> None:
    """Write `network` (pictures of `side` pixels, any number at a time) as a graph, weights inside.

    The network itself is left as it is.

    Raises
    ------
    EngineError
        If it has an operation that ONNX lacks.
    StoreError
        If the file cannot be written.
    """
    import torch

    from headstart.backbones.forward import evaluating

    example = torch.zeros(2, 3, side, side)
    axes: dict[str, dict[int, str]] = {_INPUT: {0: "n"}, _OUTPUT: {0: "n"}}
    with durable_writer(file) as temporary, evaluating(network), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer, and of an exporter that is old, small and quick
        try:
            torch.onnx.export(
                network,
                (example,),
                temporary,
                dynamo=False,
                opset_version=_OPSET,
                input_names=[_INPUT],
                output_names=[_OUTPUT],
                dynamic_axes=axes,
            )
        except (OSError, MemoryError):
            raise
        except Exception as error:  # whatever the tracer stumbles over
            raise EngineError(
                f"The network cannot be written as an ONNX graph ({error}).", hint="Use --engine torch."
            ) from error


def to_eight_bits(source: Path, target: Path, batches: Iterable[NDArray[np.float32]]) -> None:
    """Write a network as `export` wrote it once more, computing with whole numbers of 8 bits.

    ONNX Runtime's static quantisation: weights by channel, in 7 of the 8 bits, for on processors without the newest
    instructions sums of full 8 bits run over and answers would differ from machine to machine.

    Parameters
    ----------
    source, target : Path
    batches : iterable of array, (n, 3, side, side) float32
        Normalised pictures; their ranges are taken over.

    Raises
    ------
    EngineError
        If it cannot be done.
    """
    _runtime()
    with silence():
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """Hands out one batch after the other."""

        def __init__(self) -> None:
            self.left = iter(batches)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            batch = next(self.left, None)
            return None if batch is None else {_INPUT: batch}

    ready = target.with_suffix(".ready.onnx")
    try:
        quant_pre_process(source, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            target,
            Reader(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
        )
    except (OSError, MemoryError):
        raise
    except Exception as error:  # whatever it stumbles over
        raise EngineError(
            f"The network cannot be brought to 8 bits ({error}).", hint="Export it without --int8."
        ) from error
