"""A bound to what the MCP library reads: it has none of its own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from heroku_inference._http.bodies import ANSWER_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["bound_answers"]


def bound_answers(client: Any) -> None:
    """Have an asynchronous client of httpx or httpx2 break off answers of more than 64 MiB."""
    client.event_hooks["response"].append(_bound)


async def _bound(response: Any) -> None:
    # Whichever of the two libraries it is, it asks for a stream of its own kind.
    library: Any = sys.modules[type(response).__module__.partition(".")[0]]
    inner = response.stream

    class Bounded(library.AsyncByteStream):  # type: ignore[misc] # known when it runs
        async def __aiter__(self) -> AsyncIterator[bytes]:
            read = 0
            async for piece in inner:
                read += len(piece)
                if read > ANSWER_BYTES:
                    raise library.ReadError("the answer is larger than any right one")
                yield piece

        async def aclose(self) -> None:
            await inner.aclose()

    response.stream = Bounded()
