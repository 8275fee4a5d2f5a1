"""The one loop over a stream of events, blocking and async: for chat, agents and Messages.

A reader turns events into items; the loop knows how streams end. A stream may end by its end mark,
by the end of the body, or by a broken connection, and only the reader knows whether the answer was
complete by then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from heroku_inference._errors import APIConnectionError, APITimeoutError, StreamInterruptedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator

    from heroku_inference._http.sse import Event

__all__ = ["EventReader", "async_batches", "batches"]

_Item = TypeVar("_Item")
_Item_co = TypeVar("_Item_co", covariant=True)


class EventReader(Protocol[_Item_co]):
    """Turns the events of one stream into items."""

    @property
    def done(self) -> bool:
        """Whether the server said that this was all."""

    def read(self, event: str | None, data: bytes, /) -> Iterable[_Item_co]:
        """The items that this event completes; raises the error that it means."""

    def finish(self) -> Iterable[_Item_co]:
        """The items that the end completes; raises `StreamInterruptedError` if it came early."""


class _Events(Protocol):
    """An event stream of the blocking transport."""

    def __iter__(self) -> Iterator[list[Event]]: ...

    def drain(self) -> None: ...

    def close(self) -> None: ...


class _AsyncEvents(Protocol):
    """An event stream of the async transport."""

    def __aiter__(self) -> AsyncIterator[list[Event]]: ...

    async def drain(self) -> None: ...

    async def close(self) -> None: ...


def batches(stream: _Events, reader: EventReader[_Item]) -> Generator[Iterable[_Item]]:
    """The items of a stream, those of one read of the network together; closes the stream.

    Use up each batch before the next: its events are read one by one as you iterate, so that the
    items before an error in it are not lost, and nothing is added to the cost of an item.

    Raises:
        APIError: An event is an error, or none came in time.
        InvalidResponseError: An event is not what the API documents.
        StreamInterruptedError: The stream ended, or broke, before the answer was complete.
    """
    broken: APIConnectionError | None = None
    try:
        try:
            for events in stream:
                yield (item for name, data in events for item in reader.read(name, data))
                if reader.done:
                    break
        except APIConnectionError as error:
            broken = error
        yield _last_items(reader, broken)
        # Read to the end of its body, the connection can be used again.
        stream.drain()
    finally:
        stream.close()


async def async_batches(
    stream: _AsyncEvents, reader: EventReader[_Item]
) -> AsyncGenerator[Iterable[_Item]]:
    """Like `batches`, async. Close it (`contextlib.aclosing`) when leaving it before its end."""
    broken: APIConnectionError | None = None
    try:
        try:
            async for events in stream:
                yield (item for name, data in events for item in reader.read(name, data))
                if reader.done:
                    break
        except APIConnectionError as error:
            broken = error
        yield _last_items(reader, broken)
        await stream.drain()
    finally:
        await stream.close()


def _last_items(reader: EventReader[_Item], broken: APIConnectionError | None) -> Iterable[_Item]:
    """What the end completes, unless the stream ended, or broke, before the answer was complete."""
    try:
        return reader.finish()
    except StreamInterruptedError as interrupted:
        if not isinstance(broken, APITimeoutError):
            raise interrupted from broken
        broken.partial, broken.steps = interrupted.partial, interrupted.steps
    raise broken
