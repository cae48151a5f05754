"""Answering several pictures at once: what waits is taken together, and nobody waits long for company."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from headstart.bundle import Model
from headstart.deliver.serving.messages import Answer, rows_of

AT_ONCE = (
    2  # pictures: one alone takes a tenth longer; more push each other out of the cache where batches run side by side
)
Square = NDArray[np.uint8]
_Waiting = tuple[Square, asyncio.Future[Answer]]


class Batcher:
    """Collects framed pictures and lets one classifier answer for up to `AT_ONCE` of them.

    While batches are being answered the next one collects, so under load nobody waits for anything but the processor.
    Where the processor is free, a picture waits only if others are being decoded, and `wait` seconds at most.

    Parameters
    ----------
    model : Model
    working : Executor
        The threads that decode and compute, shared by all classifiers of the process.
    side_by_side : int
        Batches that are answered at the same time.
    wait : float
        Seconds.
    counted : callable
        Told the size of every batch, and its seconds.
    """

    def __init__(
        self, model: Model, working: Executor, *, side_by_side: int, wait: float, counted: Callable[[int, float], None]
    ) -> None:
        self._model, self._working, self._wait, self._counted = model, working, wait, counted
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._free = asyncio.Semaphore(side_by_side)
        self._task: asyncio.Task[None] | None = None
        self._answering = set[asyncio.Task[None]]()
        self.coming = 0  # pictures that are being decoded

    async def answer(self, square: Square) -> Answer:
        """Return the answer for a framed picture, (side, side, 3)."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((square, answer))
        return await answer

    def close(self) -> None:
        """Stop collecting; nothing may be waiting any more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        while True:
            await self._free.acquire()  # first: what comes meanwhile joins the batch
            batch = await self._collected()
            task = asyncio.create_task(self._answered(batch))
            self._answering.add(task)  # a loop keeps no task alive
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._answering.discard(task)
        self._free.release()

    async def _collected(self) -> list[_Waiting]:
        """Return the next batch, of those that still want an answer."""
        batch = [await self._waiting.get()]
        until = perf_counter() + self._wait
        while len(batch) < AT_ONCE and (more := await self._more(until)) is not None:
            batch = [*filter(_is_wanted, batch), more]
        return list(filter(_is_wanted, batch))

    async def _more(self, until: float) -> _Waiting | None:
        """Return the next picture; None where none waits, and none that is being decoded comes in time."""
        if not self._waiting.empty():
            return self._waiting.get_nowait()
        left = until - perf_counter()
        if not self.coming or left <= 0:
            return None
        try:
            return await asyncio.wait_for(self._waiting.get(), left)
        except TimeoutError:
            return None

    async def _answered(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        begin = perf_counter()
        squares = [square for square, _ in batch]
        try:
            rows = await asyncio.get_running_loop().run_in_executor(self._working, self._rows, squares)
        except Exception as error:  # noqa: BLE001 - whoever asked is told, and the next batch gets its chance
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
            return
        self._counted(len(batch), perf_counter() - begin)
        for (_, answer), row in zip(batch, rows, strict=True):
            if not answer.done():  # its client did not wait
                answer.set_result(row)

    def _rows(self, squares: list[Square]) -> list[Answer]:
        model = self._model
        return rows_of(model.answers_of(model.features_of_squares(iter(squares))), model.classes)


def _is_wanted(one: _Waiting) -> bool:
    """Whether somebody still waits for the answer."""
    return not one[1].done()
