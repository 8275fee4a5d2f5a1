"""Bounded concurrency with results in order, on threads and in tasks."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import CancelledError
from contextlib import aclosing
from contextvars import ContextVar
from itertools import count, islice

import pytest

from heroku_inference._endpoints.concurrency import (
    amap_in_order,
    check_concurrency,
    map_as_done,
    map_in_order,
)
from heroku_inference._errors import ConfigError
from heroku_inference._pause import pause
from tests.core.number_load import Load


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


@both
def test_no_item_is_taken_before_the_first_result_is_requested(awaited):
    function = amap_in_order if awaited else map_in_order
    taken = count()
    function(abs, taken, 2)
    assert next(taken) == 0


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
    with pytest.raises(ConfigError, match="whole number from 1"):
        check_concurrency(max_concurrency)


def test_as_done_a_slow_item_holds_up_no_other():
    slow = threading.Event()

    def call(number):
        if number == 0:
            assert slow.wait(5)
        return number

    results = []
    for result in map_as_done(call, range(40), 2, ahead=4, heartbeat=0.02):
        if result is None:  # nothing else is left
            slow.set()
        else:
            results.append(result)
    assert results[-1] == 0
    assert sorted(results) == list(range(40))


def test_as_done_the_first_error_is_raised_and_no_call_starts_after_it():
    called = []
    release = threading.Event()

    def call(number):
        called.append(number)
        if number == 1:
            release.set()
            raise ZeroDivisionError
        release.wait(5)
        pause(5)  # ends when the error comes

    began = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        list(map_as_done(call, range(40), 2, ahead=20, heartbeat=5))
    assert called == [0, 1]
    assert time.monotonic() - began < 4


def test_as_done_items_are_taken_no_further_ahead_than_asked():
    taken = count()
    results = map_as_done(lambda number: number, taken, 2, ahead=6, heartbeat=5)
    next(results)
    results.close()
    assert next(taken) == 6
