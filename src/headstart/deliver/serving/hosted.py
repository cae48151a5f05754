"""One version of one classifier as it answers here: decoding, batches, heat maps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.backbones.engine import Batches, Features
from headstart.base.errors import PictureError, PictureSizeError
from headstart.base.forms import HEAD, form_of
from headstart.base.process import thread_budget
from headstart.bundle import Model
from headstart.deliver.serving.batching import AT_ONCE, Batcher, Square
from headstart.deliver.serving.figures import Figures
from headstart.deliver.serving.messages import Answer, HeatAnswer, Served, Unread, named
from headstart.deliver.serving.problems import RefusedError
from headstart.deliver.serving.settings import Settings
from headstart.evidence.heat import looked_at
from headstart.explain.heat import heat_of
from headstart.pixels import frame
from headstart.pixels.decode import decode_noted
from headstart.records.notes import Note
from headstart.records.preprocessing import Preprocessing
from headstart.words.heat import looked_text


@dataclass(frozen=True)
class Picture:
    """A picture of a request: what its client calls it, and its bytes."""

    name: str
    content: bytes


class Workers:
    """The threads of the process: those that decode and compute, one for each processor, and one for heat maps.

    Threads of their own for decoding and for computing would push each other's data out of the processors' caches.
    """

    def __init__(self) -> None:
        self.count = thread_budget()
        self.working = ThreadPoolExecutor(self.count, "working")
        self.heat = ThreadPoolExecutor(1, "heat")

    def close(self) -> None:
        """End the threads; what they have not begun is dropped."""
        for pool in (self.working, self.heat):
            pool.shutdown(wait=False, cancel_futures=True)


class Hosted:
    """One version of one classifier.

    Parameters
    ----------
    name, version : str
    model : Model
    """

    def __init__(
        self, name: str, version: str, model: Model, *, workers: Workers, settings: Settings, figures: Figures
    ) -> None:
        self.name, self.version, self.model = name, version, model
        self._workers, self._pixels = workers, settings.pixels
        counted = partial(figures.batch, name)
        self._batcher = Batcher(
            model, workers.working, side_by_side=workers.count, wait=settings.wait / 1000, counted=counted
        )
        self._shared = replace(model, engine=_InTurn(model.engine, workers.working))
        self.asked = 0  # requests under way
        self.retired = False

    async def answers(self, pictures: Sequence[Picture]) -> tuple[Answer | RefusedError, ...]:
        """Return the answer for each picture, or why there is none, in order."""
        found = await asyncio.gather(*map(self._answer, pictures), return_exceptions=True)
        for one in found:
            if isinstance(one, BaseException) and not isinstance(one, RefusedError):
                raise one
        return tuple(found)  # type: ignore[arg-type]

    async def heat(self, picture: Picture) -> HeatAnswer:
        """Return where in a picture the evidence lies."""
        square, _ = await self._square(picture.content)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._workers.heat, self._heat, picture.name, square)

    def close(self) -> None:
        """Answer no more, once the last request is answered."""
        self.retired = True
        if not self.asked:
            self._batcher.close()

    def begin(self) -> None:
        """Note that a request is under way, which this version and no other will answer."""
        self.asked += 1

    def end(self) -> None:
        """Note that it is done."""
        self.asked -= 1
        if self.retired and not self.asked:
            self._batcher.close()

    def served(self) -> Served:
        """Return what is to be known of it."""
        model, info = self.model, self.model.info
        measured = info.measured.of("test") or info.measured.of("val")
        familiar = model.trust is not None and model.trust.familiar is not None
        return Served(
            name=self.name,
            version=self.version,
            classes=model.classes,
            strategy=None if info.strategy is None else info.strategy.strategy,
            network=info.architecture,
            engine=model.engine.name,
            side=model.preprocessing.input_size,
            sets=model.trust is not None,
            none_of_these=familiar,
            accuracy=None if measured is None else measured.accuracy,
            interval=None if measured is None else measured.interval,
            measured_on=None if measured is None else measured.n,
        )

    async def _answer(self, picture: Picture) -> Answer:
        self._batcher.coming += 1
        try:
            square, notes = await self._square(picture.content)
        finally:
            self._batcher.coming -= 1
        return named(await self._batcher.answer(square), picture.name, notes)

    async def _square(self, content: bytes) -> tuple[Square, tuple[Note, ...]]:
        loop = asyncio.get_running_loop()
        decode = partial(square_of, content, self.model.preprocessing, self._pixels)
        return await loop.run_in_executor(self._workers.working, decode)

    def _heat(self, name: str, square: Square) -> HeatAnswer:
        (heat,), preprocessing = heat_of([self._shared], square), self.model.preprocessing
        looked = looked_at(heat.falls, heat.alone, heat.named, heat.answer)
        return HeatAnswer(
            model=self.name,
            version=self.version,
            name=name,
            label=heat.answer,
            probability=heat.stated,
            cells=tuple(map(tuple, heat.cells().tolist())),
            framing=preprocessing.framing,
            shown=preprocessing.crop if preprocessing.framing == "crop" else 1.0,
            sentence=looked_text(looked),
        )


def square_of(content: bytes, preprocessing: Preprocessing, pixels: int) -> tuple[Square, tuple[Note, ...]]:
    """Return the square of a picture and what was done to it.

    Raises
    ------
    RefusedError
        If the picture cannot be used; it says why.
    """
    form = form_of(content[:HEAD])
    try:
        decoded = decode_noted(
            content, short_side=preprocessing.decode_side, decoding=preprocessing.decoding, max_pixels=pixels
        )
    except PictureSizeError as error:
        raise RefusedError("picture-size", error.message, "Shrink the picture.") from error
    except PictureError as error:
        hint = "Send a JPEG, PNG, WebP, AVIF, BMP or TIFF."
        if content and not form.is_read:
            raise RefusedError("kind", error.message, hint) from error
        raise RefusedError("picture", error.message, "Send the picture again, or save it anew.") from error
    return frame(decoded.pixels, preprocessing), decoded.notes


def told(found: Answer | RefusedError, picture: Picture) -> Answer | Unread:
    """Return an answer as it stands among several, or why there is none."""
    return Unread(name=picture.name, error=found.detail) if isinstance(found, RefusedError) else found


class _InTurn:
    """An engine whose work is done in small parts by the threads that compute, in turn with what others ask.

    A heat map asks for 73 answers; those who want one need not wait for all of them.
    """

    def __init__(self, engine: Any, working: Executor) -> None:
        self._engine, self._working = engine, working
        self.name, self.folded = engine.name, None

    def features_of(self, batches: Batches, preprocessing: Preprocessing, *, device: str = "cpu") -> Features:
        """Yield features of batches of framed pictures."""
        for batch in batches:
            for begin in range(0, len(batch), AT_ONCE):
                part = batch[begin : begin + AT_ONCE]
                yield from self._working.submit(self._said, part, preprocessing, device).result()

    def _said(self, part: Square, preprocessing: Preprocessing, device: str) -> list[NDArray[np.float32]]:
        return list(self._engine.features_of(iter([part]), preprocessing, device=device))

    @property
    def network(self) -> Any:
        """That of the engine behind it."""
        return self._engine.network

    @property
    def answering(self) -> Any:
        """That of the engine behind it."""
        return self._engine.answering

    def tensors(self) -> Any:
        """Those of the engine behind it."""
        return self._engine.tensors()
