"""The steps of a run as its stream brings them, blocking and async."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heroku_inference._agents.reading import AgentReader
from heroku_inference._errors import APIConnectionError, APITimeoutError, StreamInterruptedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from heroku_inference._agents.steps import AgentStep
    from heroku_inference._http.async_transport import AsyncEventStream
    from heroku_inference._http.transport import EventStream

__all__ = ["agent_steps", "async_agent_steps"]


def agent_steps(stream: EventStream) -> Generator[AgentStep]:
    """Each step as soon as it is whole; closes the stream.

    Raises:
        APIError: The run failed; `steps` holds what the agent had done, as in all of these.
        InvalidResponseError: An event is not what the API documents.
        StreamInterruptedError: The run ended without a final message.
    """
    reader = AgentReader(stream.reply)
    broken: APIConnectionError | None = None
    try:
        try:
            for events in stream:
                for name, data in events:
                    yield from reader.read(name, data)
                if reader.done:
                    break
        except APIConnectionError as error:
            broken = error
        yield from _last_steps(reader, broken)
        stream.drain()
    finally:
        stream.close()


async def async_agent_steps(stream: AsyncEventStream) -> AsyncGenerator[AgentStep]:
    """`agent_steps`, async."""
    reader = AgentReader(stream.reply)
    broken: APIConnectionError | None = None
    try:
        try:
            async for events in stream:
                for name, data in events:
                    for step in reader.read(name, data):
                        yield step
                if reader.done:
                    break
        except APIConnectionError as error:
            broken = error
        for step in _last_steps(reader, broken):
            yield step
        await stream.drain()
    finally:
        await stream.close()


def _last_steps(reader: AgentReader, broken: APIConnectionError | None) -> list[AgentStep]:
    """What the end completes, unless the run ended, or broke, before its final message."""
    try:
        return reader.finish()
    except StreamInterruptedError as interrupted:
        if isinstance(broken, APITimeoutError):
            raise reader.with_steps(broken) from interrupted
        raise interrupted from broken
