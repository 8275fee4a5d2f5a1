"""Bounded concurrency with results in order, on threads and in tasks."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import aclosing
from contextvars import ContextVar
from itertools import count, islice

import pytest

from heroku_inference import _in_order
from heroku_inference._errors import ConfigError
from heroku_inference._in_order import amap_in_order, check_concurrency, map_in_order, pause


class Load:
    """Doubles numbers, slower for early ones, and remembers how many it did at a time."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.running = 0
        self.most = 0
        self.started: list[int] = []
        self._fail_at = fail_at
        self._lock = threading.Lock()

    def __call__(self, number: int) -> int:
        self._begin(number)
        try:
            time.sleep(0.02 / (number + 1))
            return self._answer(number)
        finally:
            self._end()

    async def awaited(self, number: int) -> int:
        self._begin(number)
        try:
            await asyncio.sleep(0.02 / (number + 1))
            return self._answer(number)
        finally:
            self._end()

    def _begin(self, number: int) -> None:
        with self._lock:
            self.started.append(number)
            self.running += 1
            self.most = max(self.most, self.running)

    def _answer(self, number: int) -> int:
        if number == self._fail_at:
            raise LookupError(number)
        return 2 * number

    def _end(self) -> None:
        with self._lock:
            self.running -= 1


async def collected(load: Load, items, max_concurrency: int, *, awaited: bool) -> list[int]:
    if awaited:
        return [result async for result in amap_in_order(load.awaited, items, max_concurrency)]
    return list(map_in_order(load, items, max_concurrency))


both = pytest.mark.parametrize("awaited", [False, True], ids=["threads", "tasks"])


@both
@pytest.mark.parametrize("size", [0, 1, 2, 30])
async def test_results_come_in_the_order_of_the_items(size, awaited):
    assert await collected(Load(), range(size), 4, awaited=awaited) == [
        2 * number for number in range(size)
    ]


@both
@pytest.mark.parametrize("max_concurrency", [1, 3])
async def test_no_more_run_at_a_time_than_allowed(max_concurrency, awaited):
    load = Load()
    await collected(load, range(20), max_concurrency, awaited=awaited)
    assert load.most == max_concurrency


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


@both
async def test_items_are_taken_as_needed_and_nothing_runs_after_closing(awaited):
    load = Load()
    taken = count()
    if awaited:
        async with aclosing(amap_in_order(load.awaited, taken, 2)) as results:
            assert [await anext(results), await anext(results)] == [0, 2]
    else:
        results = map_in_order(load, taken, 2)
        assert list(islice(results, 2)) == [0, 2]
        results.close()
    assert load.running == 0
    assert next(taken) <= 8


def test_one_item_is_computed_in_the_callers_thread():
    assert list(map_in_order(lambda _: threading.current_thread(), [1], 8)) == [
        threading.current_thread()
    ]


def test_threads_see_the_callers_context():
    variable: ContextVar[str] = ContextVar("variable")
    variable.set("set by the caller")
    assert set(map_in_order(lambda _: variable.get(), range(5), 3)) == {"set by the caller"}


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


async def test_cancelling_the_consumer_cancels_what_runs():
    running: set[int] = set()
    three_run = asyncio.Event()

    async def endless(number: int) -> None:
        running.add(number)
        if len(running) == 3:
            three_run.set()
        try:
            await asyncio.sleep(60)
        finally:
            running.discard(number)

    async def consume():
        return [result async for result in amap_in_order(endless, count(), 3)]

    task = asyncio.create_task(consume())
    await three_run.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not running


async def results_and_error(results, *, awaited: bool):
    """What came, and what then went wrong."""
    came = []
    try:
        if awaited:
            async for result in results:
                came.append(result)  # noqa: PERF401 - what came before an error is kept
        else:
            came.extend(results)
    except BaseException as error:  # noqa: BLE001 - it is what is asked for
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
async def test_a_source_that_failed_is_not_asked_again(awaited):
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


@both
def test_nothing_is_taken_before_the_first_result_is_asked_for(awaited):
    function = amap_in_order if awaited else map_in_order
    taken = count()
    function(abs, taken, 2)
    assert next(taken) == 0


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


@pytest.mark.parametrize("ends", ["closed", "failed"])
def test_a_pause_ends_with_the_generator(ends):
    paused = threading.Barrier(3)
    cut: list[BaseException] = []

    def function(number: int) -> int:
        if number == 0:
            paused.wait(5)
            if ends == "failed":
                raise LookupError
            return number
        paused.wait(5)
        try:
            pause(60)
        except CancelledError as error:
            cut.append(error)
            raise
        return number

    start = time.monotonic()
    results = map_in_order(function, range(3), 3)
    if ends == "failed":
        with pytest.raises(LookupError):
            next(results)
    else:
        assert next(results) == 0
        results.close()
    assert time.monotonic() - start < 5
    assert len(cut) == 2


def test_a_pause_lasts_its_time():
    def paused(_: int) -> float:
        start = time.monotonic()
        pause(0.02)
        return time.monotonic() - start

    assert paused(0) >= 0.02
    assert min(map_in_order(paused, range(3), 3)) >= 0.02


@pytest.mark.parametrize("max_concurrency", [0, -1, 1.5, "8"])
def test_a_concurrency_that_starts_nothing_is_refused(max_concurrency):
    with pytest.raises(ConfigError, match="at least 1"):
        check_concurrency(max_concurrency)
