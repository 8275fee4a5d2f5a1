"""Bounded concurrency with results in order: one function over many items, on threads or tasks.

Embeddings and rerank drive their requests through it.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextvars import copy_context
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Iterator

__all__ = ["amap_in_order", "check_concurrency", "map_in_order"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_in_order(
    function: Callable[[_Item], _Result], items: Iterable[_Item], max_concurrency: int
) -> Generator[_Result]:
    """Yield `function(item)` for each item, in order, computing ahead on threads.

    Items are taken as needed, so `items` may be endless. At most `max_concurrency` calls run at
    a time, and at most twice as many items are taken ahead of the results that were consumed.

    After a call fails no further one starts; its error is raised in its place, behind the
    results of the items before it. When the generator ends, fails or is closed, no call is left
    running: it waits for those under way. A single item is computed in the caller's own thread.
    """
    source = iter(items)
    first = list(islice(source, 2))
    source = chain(first, source)
    if len(first) < 2 or max_concurrency == 1:  # noqa: PLR2004 - there is nothing to overlap
        return (function(item) for item in source)
    return _on_threads(function, source, max_concurrency)


def _on_threads(
    function: Callable[[_Item], _Result], source: Iterator[_Item], max_concurrency: int
) -> Generator[_Result]:
    stopped = threading.Event()

    def run(item: _Item) -> _Result:
        if stopped.is_set():
            raise CancelledError
        try:
            return function(item)
        except BaseException:
            stopped.set()
            raise

    ahead: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(max_concurrency, thread_name_prefix="heroku-inference")
    try:
        while True:
            for item in islice(source, _room(ahead, max_concurrency, stopped=stopped.is_set())):
                ahead.append(pool.submit(copy_context().run, run, item))
            if not ahead:
                return
            yield ahead.popleft().result()
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)


async def amap_in_order(
    function: Callable[[_Item], Awaitable[_Result]], items: Iterable[_Item], max_concurrency: int
) -> AsyncGenerator[_Result]:
    """Yield `await function(item)` for each item, in order, computing ahead in tasks.

    The promises of `map_in_order` hold, except that calls under way are cancelled when the
    generator ends early. Close it (`contextlib.aclosing`) when leaving it before its end.
    """
    source = iter(items)
    slots = asyncio.Semaphore(max_concurrency)
    stopped = False

    async def run(item: _Item) -> _Result:
        nonlocal stopped
        async with slots:
            if stopped:
                raise asyncio.CancelledError
            try:
                return await function(item)
            except BaseException:
                stopped = True
                raise

    ahead: deque[asyncio.Task[_Result]] = deque()
    try:
        while True:
            for item in islice(source, _room(ahead, max_concurrency, stopped=stopped)):
                ahead.append(asyncio.create_task(run(item)))
            if not ahead:
                return
            yield await ahead.popleft()
    finally:
        for task in ahead:
            task.cancel()
        await asyncio.gather(*ahead, return_exceptions=True)


def _room(
    ahead: deque[Future[_Result]] | deque[asyncio.Task[_Result]],
    max_concurrency: int,
    *,
    stopped: bool,
) -> int:
    # Twice as many as run at a time: while the oldest is slow, those behind it can still begin.
    return 0 if stopped else 2 * max_concurrency - len(ahead)


def check_concurrency(max_concurrency: int) -> None:
    """Refuse a concurrency that would never start anything."""
    if max_concurrency < 1:
        raise ConfigError(f"max_concurrency={max_concurrency} must be at least 1.")
