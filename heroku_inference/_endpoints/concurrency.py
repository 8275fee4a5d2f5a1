"""Bounded concurrency with results in order: one function over many items, on threads or tasks.

Embeddings and rerank drive their requests through it.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from itertools import chain, islice
from math import inf
from typing import TYPE_CHECKING, TypeVar

from heroku_inference._errors import ConfigError
from heroku_inference._pause import abandoned

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable

__all__ = ["amap_in_order", "check_concurrency", "map_as_done", "map_in_order"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_in_order(
    function: Callable[[_Item], _Result], items: Iterable[_Item], max_concurrency: int
) -> Generator[_Result]:
    """Yield `function(item)` for each item, in order, computing ahead on threads.

    Items are taken as needed, so `items` may be endless. At most `max_concurrency` calls run at
    a time, and at most twice as many items are taken ahead of the results that were consumed.

    Errors keep their position: results before the failing item come first, whether a call fails
    or the taking of an item does. Once a call failed, none for a later item starts. When
    the generator ends, fails or is closed, no call is left running: it waits for those under way,
    except where they `pause`. A single item is computed in the caller's own thread.
    """
    source = _Source(items)
    first = list(islice(source, 2))
    taken = chain(first, source)
    if len(first) < 2 or max_concurrency == 1:  # noqa: PLR2004 - there is nothing to overlap
        yield from map(function, taken)
    else:
        yield from _on_threads(function, taken, max_concurrency)
    source.check()


def _on_threads(
    function: Callable[[_Item], _Result], items: Iterator[_Item], max_concurrency: int
) -> Generator[_Result]:
    numbered = enumerate(items)
    failed_at = inf
    given_up = threading.Event()

    def run(number: int, item: _Item) -> _Result:
        nonlocal failed_at
        # Items before the one that failed are still computed: their results are yielded first.
        if number > failed_at or given_up.is_set():
            raise CancelledError
        abandoned.set(given_up)
        try:
            return function(item)
        except BaseException:
            failed_at = min(failed_at, number)
            raise

    ahead: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(max_concurrency, thread_name_prefix="heroku-inference")
    try:
        while True:
            for number, item in islice(numbered, _room(len(ahead), max_concurrency, failed_at)):
                ahead.append(pool.submit(copy_context().run, run, number, item))
            if not ahead:
                return
            yield ahead.popleft().result()
    finally:
        given_up.set()
        pool.shutdown(cancel_futures=True)


def map_as_done(
    function: Callable[[_Item], _Result],
    items: Iterable[_Item],
    max_concurrency: int,
    *,
    ahead: int,
    heartbeat: float,
) -> Generator[_Result | None]:
    """Yield `function(item)` for each item as soon as it is there: a slow one holds up no other.

    Items are taken in the caller's thread, at most `ahead` of them before their results. `None`
    comes after each `heartbeat` seconds without a result. The first error is raised at once, and
    no call starts after it; when the generator ends, fails or is closed, no call is left running,
    as with `map_in_order`.
    """
    taken = iter(items)
    given_up = threading.Event()
    errors: list[BaseException] = []  # those after the first come from calls that were given up

    def run(item: _Item) -> _Result:
        if given_up.is_set():
            raise CancelledError
        abandoned.set(given_up)
        try:
            return function(item)
        except BaseException as error:
            errors.append(error)
            given_up.set()
            raise

    running: set[Future[_Result]] = set()
    pool = ThreadPoolExecutor(max_concurrency, thread_name_prefix="heroku-inference")
    try:
        while True:
            for item in islice(taken, ahead - len(running)):
                running.add(pool.submit(copy_context().run, run, item))
            if not running:
                return
            done, running = wait(running, heartbeat, FIRST_COMPLETED)
            if errors:
                raise errors[0]
            yield from (future.result() for future in done)
            if not done:
                yield None
    finally:
        given_up.set()
        pool.shutdown(cancel_futures=True)


async def amap_in_order(
    function: Callable[[_Item], Awaitable[_Result]], items: Iterable[_Item], max_concurrency: int
) -> AsyncGenerator[_Result]:
    """Yield `await function(item)` for each item, in order, computing ahead in tasks.

    The promises of `map_in_order` hold, except that calls under way are cancelled when the
    generator ends early. Close it (`contextlib.aclosing`) when leaving it before its end.
    """
    source = _Source(items)
    numbered = enumerate(source)
    slots = asyncio.Semaphore(max_concurrency)
    failed_at = inf

    async def run(number: int, item: _Item) -> _Result:
        nonlocal failed_at
        async with slots:
            if number > failed_at:
                raise asyncio.CancelledError
            try:
                return await function(item)
            except BaseException:
                failed_at = min(failed_at, number)
                raise

    ahead: deque[asyncio.Task[_Result]] = deque()
    try:
        while True:
            for number, item in islice(numbered, _room(len(ahead), max_concurrency, failed_at)):
                ahead.append(asyncio.create_task(run(number, item)))
            if not ahead:
                break
            yield await ahead.popleft()
    finally:
        for task in ahead:
            task.cancel()
        await asyncio.gather(*ahead, return_exceptions=True)
    source.check()


def _room(ahead: int, max_concurrency: int, failed_at: float) -> int:
    """How many more items to take."""
    # Twice as many as run at a time: while the oldest is slow, those behind it can still begin.
    return 2 * max_concurrency - ahead if failed_at == inf else 0


class _Source(Iterator[_Item]):
    """The caller's items. If taking one fails, they end before it, and `check` raises the error."""

    def __init__(self, items: Iterable[_Item]) -> None:
        self._items = iter(items)
        self._error: Exception | None = None

    def __next__(self) -> _Item:
        try:
            return next(self._items)
        except StopIteration:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised in its turn
            self._error = error
            self._items = iter(())
            raise StopIteration from None

    def check(self) -> None:
        if self._error is not None:
            raise self._error


def check_concurrency(max_concurrency: object) -> None:
    """Refuse a concurrency that would never start anything."""
    if not isinstance(max_concurrency, int) or max_concurrency < 1:
        raise ConfigError(
            f"max_concurrency must be a whole number from 1, got {max_concurrency!r}.",
            "Leave it out for the default of 8.",
        )
