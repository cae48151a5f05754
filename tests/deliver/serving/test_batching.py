"""What waits is answered together; who is alone does not wait."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import numpy as np
import pytest
from answering import answering

from headstart.deliver.serving.batching import AT_ONCE, Batcher

from .conftest import Serving, Slow, jpeg


def square(colour: int) -> Any:
    made = np.zeros((8, 8, 3), np.uint8)
    made[..., colour] = 200
    return made


def batched(work: Any, *, wait: float = 0.0, side_by_side: int = 1) -> tuple[Any, list[int]]:
    """Return what came of `work`, given a batcher and its engine, and the sizes of the batches."""
    engine, sizes = Slow(), list[int]()

    async def run() -> Any:
        with ThreadPoolExecutor(side_by_side) as working:
            model = replace(answering(), engine=engine)
            batcher = Batcher(
                model, working, side_by_side=side_by_side, wait=wait, counted=lambda size, _: sizes.append(size)
            )
            try:
                return await work(batcher, engine)
            finally:
                engine.go.set()
                batcher.close()

    return asyncio.run(run()), sizes


def test_what_comes_while_others_are_answered_is_answered_together_in_parts() -> None:
    async def work(batcher: Batcher, engine: Slow) -> Any:
        asked = [asyncio.create_task(batcher.answer(square(k % 3))) for k in range(2 * AT_ONCE + 3)]
        await asyncio.sleep(0.02)
        engine.go.set()
        return [one.label for one in await asyncio.gather(*asked)]

    labels, sizes = batched(work)
    assert labels == [("red", "green", "blue")[k % 3] for k in range(2 * AT_ONCE + 3)]
    assert sizes == [AT_ONCE, AT_ONCE, AT_ONCE, 1]


def test_batches_are_answered_side_by_side_and_each_picture_gets_its_own_answer() -> None:
    both = Barrier(2)  # opens only when two batches are under way

    class Pair(Slow):
        def features_of(self, batches: Any, preprocessing: Any, *, device: str = "cpu") -> Any:
            both.wait(30)
            return super().features_of(batches, preprocessing, device=device)

    async def work(batcher: Batcher, engine: Slow) -> Any:
        batcher._model = replace(answering(), engine=(pair := Pair()))
        pair.go.set()
        return [one.label for one in await asyncio.gather(*(batcher.answer(square(k % 3)) for k in range(4 * AT_ONCE)))]

    labels, sizes = batched(work, side_by_side=2)
    assert labels == [("red", "green", "blue")[k % 3] for k in range(4 * AT_ONCE)]
    assert sizes == [AT_ONCE] * 4


def test_no_more_batches_are_under_way_than_there_is_room_for() -> None:
    async def work(batcher: Batcher, engine: Slow) -> Any:
        asked = [asyncio.create_task(batcher.answer(square(0))) for _ in range(5 * AT_ONCE)]
        await asyncio.sleep(0.05)
        under_way = len(batcher._answering)
        engine.go.set()
        await asyncio.gather(*asked)
        return under_way

    assert batched(work, side_by_side=2)[0] == 2


def test_who_is_alone_is_answered_at_once_however_long_others_may_be_waited_for() -> None:
    async def work(batcher: Batcher, engine: Slow) -> Any:
        engine.go.set()
        return await asyncio.wait_for(batcher.answer(square(0)), 10)

    assert batched(work, wait=60.0)[1] == [1]


def test_pictures_that_are_being_decoded_are_waited_for() -> None:
    async def work(batcher: Batcher, engine: Slow) -> Any:
        engine.go.set()
        batcher.coming = 1
        first = asyncio.create_task(batcher.answer(square(0)))
        await asyncio.sleep(0.01)
        batcher.coming = 0
        return await asyncio.gather(first, batcher.answer(square(1)))

    assert batched(work, wait=60.0)[1] == [2]


def test_but_not_longer_than_the_bound() -> None:
    async def work(batcher: Batcher, engine: Slow) -> Any:
        engine.go.set()
        batcher.coming = 1
        return await asyncio.wait_for(batcher.answer(square(0)), 10)

    assert batched(work, wait=0.01)[1] == [1]


def test_who_no_longer_waits_is_left_out() -> None:
    async def work(batcher: Batcher, engine: Slow) -> Any:
        asked = [asyncio.create_task(batcher.answer(square(0))) for _ in range(AT_ONCE)]
        await asyncio.sleep(0.02)
        later = [asyncio.create_task(batcher.answer(square(0))) for _ in range(AT_ONCE + 2)]
        await asyncio.sleep(0)
        later[0].cancel()
        later[-1].cancel()
        engine.go.set()
        found = await asyncio.gather(*asked, *later[1:-1])
        await asyncio.sleep(0.05)  # a batch of nobody would be answered now
        return found

    assert batched(work)[1] == [AT_ONCE, AT_ONCE]


def test_an_error_reaches_everybody_of_the_batch_and_nobody_after_it() -> None:
    class Once(Slow):
        def features_of(self, batches: Any, preprocessing: Any, *, device: str = "cpu") -> Any:
            if not self.sizes:
                self.sizes.append(0)
                raise ValueError("once")
            return super().features_of(batches, preprocessing, device=device)

    async def work(batcher: Batcher, engine: Slow) -> Any:
        engine.go.set()
        broken = Once()
        broken.go.set()
        batcher._model = replace(answering(), engine=broken)
        found = await asyncio.gather(*(batcher.answer(square(0)) for _ in range(2)), return_exceptions=True)
        return [*found, await batcher.answer(square(1))]

    (*errors, after), _ = batched(work)
    assert [str(one) for one in errors] == ["once", "once"]
    assert after.label == "green"


def test_a_heat_map_lets_others_go_between(serving: Serving) -> None:
    """73 answers are asked for in parts, and a picture that comes meanwhile waits for one of them only."""
    engine = Slow()
    engine.go.set()
    ask = serving(model=replace(answering(), engine=engine))
    found = ask.together([("POST", "/v1/heat", jpeg(), {}), ("POST", "/v1/predict", jpeg(), {})])
    assert [one.status_code for one in found] == [200, 200]
    assert sum(engine.sizes) == 74
    assert max(engine.sizes) <= AT_ONCE


@pytest.mark.parametrize("count", [1, 9])
def test_answers_do_not_hang_on_who_is_asked_with_them(count: int, serving: Serving) -> None:
    ask = serving()
    found = ask.together([("POST", "/v1/predict", jpeg((k * 20, 100, 30)), {}) for k in range(count)])
    alone = [ask("POST", "/v1/predict", jpeg((k * 20, 100, 30))) for k in range(count)]
    assert [one.json() for one in found] == [one.json() for one in alone]
