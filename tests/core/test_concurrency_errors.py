"""Bounded concurrency when something fails: what is before it comes, nothing behind it begins."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from heroku_inference._endpoints import concurrency as _in_order
from heroku_inference._endpoints.concurrency import amap_in_order, map_in_order
from tests.core.number_load import Load

both = pytest.mark.parametrize("awaited", [False, True], ids=["threads", "tasks"])


@both
async def test_an_error_comes_behind_the_results_before_it_and_nothing_more_is_started(awaited):
    load = Load(fail_at=2)
    if awaited:
        results = amap_in_order(load.awaited, range(100), 2)
        assert [await anext(results), await anext(results)] == [0, 2]
        with pytest.raises(LookupError):
            await anext(results)
    else:
        results = map_in_order(load, range(100), 2)
        assert [next(results), next(results)] == [0, 2]
        with pytest.raises(LookupError):
            next(results)
    assert len(load.started) <= 6
    assert load.running == 0


def test_queued_items_behind_a_failed_one_are_skipped():
    gate = threading.Event()
    done: list[int] = []

    def function(number: int) -> None:
        if number == 0:
            gate.wait(5)
            time.sleep(0.05)  # until the failure has been noticed
        if number == 1:
            gate.set()
            raise LookupError(number)
        done.append(number)

    with pytest.raises(LookupError):
        list(map_in_order(function, range(4), 2))
    assert set(done) <= {0}


async def test_queued_tasks_behind_a_failed_one_are_skipped():
    done: list[int] = []

    async def function(number: int) -> None:
        await asyncio.sleep(0.01 * number)
        if number == 1:
            raise LookupError(number)
        if number == 0:
            await asyncio.sleep(0.05)  # until the failure has been noticed
        done.append(number)

    with pytest.raises(LookupError):
        [result async for result in amap_in_order(function, range(4), 2)]
    assert done == [0]


async def results_and_error(results, *, awaited: bool):
    """What came, and what then went wrong."""
    came = []
    try:
        if awaited:
            async for result in results:
                came.append(result)  # noqa: PERF401 - what came before an error is kept
        else:
            came.extend(results)
    except BaseException as error:  # noqa: BLE001 - the error is the result
        return came, error
    return came, None


def failing_at(position: int, size: int = 50):
    for number in range(size):
        if number == position:
            raise OSError(f"line {number} cannot be read")
        yield number


@both
@pytest.mark.parametrize("max_concurrency", [1, 2, 8])
@pytest.mark.parametrize("position", [0, 1, 10])
async def test_an_error_of_the_source_comes_behind_the_results_before_it(
    position, max_concurrency, awaited
):
    load = Load()
    source = failing_at(position)
    results = (
        amap_in_order(load.awaited, source, max_concurrency)
        if awaited
        else map_in_order(load, source, max_concurrency)
    )
    came, error = await results_and_error(results, awaited=awaited)
    assert came == [2 * number for number in range(position)]
    assert isinstance(error, OSError)
    assert str(error) == f"line {position} cannot be read"


@both
async def test_a_failed_source_is_not_read_again(awaited):
    class Broken:
        asked = 0

        def __iter__(self):
            return self

        def __next__(self):
            self.asked += 1
            if self.asked == 3:
                raise OSError
            return self.asked

    source = Broken()
    load = Load()
    results = amap_in_order(load.awaited, source, 4) if awaited else map_in_order(load, source, 4)
    came, error = await results_and_error(results, awaited=awaited)
    assert came == [2, 4]
    assert isinstance(error, OSError)
    assert source.asked == 3


def test_an_item_that_starts_after_a_later_one_failed_is_computed_all_the_same(monkeypatch):
    third_failed = threading.Event()

    class LateForSecond(ThreadPoolExecutor):
        """Has taken the second item from its queue, but is slow to begin with it."""

        def submit(self, function, /, *args):
            def begin():
                if args[-1] == 2:
                    third_failed.wait(5)
                try:
                    return function(*args)
                finally:
                    if args[-1] == 3:
                        third_failed.set()

            return super().submit(begin)

    def function(number: int) -> int:
        if number == 3:
            raise LookupError(number)
        return number

    monkeypatch.setattr(_in_order, "ThreadPoolExecutor", LateForSecond)
    results = map_in_order(function, [0, 1, 2, 3, 4], 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(LookupError):
        next(results)
