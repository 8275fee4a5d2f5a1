"""A bound to what the MCP library reads: it has none of its own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from heroku_inference._http.bodies import ANSWER_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

__all__ = ["bounding_auth"]


def bounding_auth(client: Any) -> Any:
    """An `Auth` that breaks off answers of more than 64 MiB, for this client and others like it.

    It leaves requests alone. An `Auth` sees every answer, and LlamaIndex's MCP client hands its own
    on to the clients that it makes by itself, for SSE.

    Args:
        client: An asynchronous client of httpx or httpx2; the `Auth` is of the same library.
    """
    library: Any = sys.modules[type(client).__module__.partition(".")[0]]

    class Bounded(library.AsyncByteStream):  # type: ignore[misc] # known when it runs
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        async def __aiter__(self) -> AsyncIterator[bytes]:
            read = 0
            async for piece in self._inner:
                read += len(piece)
                if read > ANSWER_BYTES:
                    raise library.ReadError("the answer is larger than any right one")
                yield piece

        async def aclose(self) -> None:
            await self._inner.aclose()

    class BoundingAuth(library.Auth):  # type: ignore[misc] # known when it runs
        async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
            response = yield request
            response.stream = Bounded(response.stream)

    return BoundingAuth()
