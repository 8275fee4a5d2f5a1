"""What goes wrong between here and an MCP toolkit, as the errors of this package.

The MCP library reports failures as groups of its HTTP library's errors, whose frames hold the key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heroku_inference._answers import Reply
from heroku_inference._error_bodies import error_from_reply, excerpt
from heroku_inference._keyless import forget_key
from langchain_heroku.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    HerokuError,
    InvalidResponseError,
    NotFoundError,
    langchain_error,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from heroku_inference._settings import Settings

__all__ = ["asked", "mcp_errors", "wrong_address"]

_NOT_HERE: Final = frozenset({400, 404, 405, 406, 415, 501})
_TERMINATED: Final = 32600  # how the MCP library tells of 404
_TIMED_OUT: Final = 408
_CLOSED: Final = -32000


def wrong_address(error: BaseException) -> bool:
    """Whether the toolkit may be served in another way than was tried."""
    return isinstance(error, APIError) and error.status_code in _NOT_HERE


class mcp_errors:  # noqa: N801 - reads as what it does: `with mcp_errors(settings):`
    """Raises what the MCP library raises in the block as errors of ours."""

    __slots__ = ("_settings",)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __enter__(self) -> None:
        """Nothing is needed before something fails."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Replace a failure; leave cancellation and what is ours alone."""
        if isinstance(error, Exception) and not isinstance(error, HerokuError):
            ours = _translated(error, self._settings.base_url)
            if ours is not None:
                forget_key(ours, self._settings.api_key)
                _forget_frames(error)
                raise ours from None


def _forget_frames(error: BaseException) -> None:
    """Drop the library's frames, whose local variables hold the key."""
    seen: set[int] = set()
    links: list[BaseException | None] = [error]
    while links:
        link = links.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        link.__traceback__ = None
        links += [link.__cause__, link.__context__, *getattr(link, "exceptions", ())]


def asked(settings: Settings) -> Callable[[Any, Callable[[Any], Awaitable[Any]]], Awaitable[Any]]:
    """An interceptor of calls to tools, by which they raise errors of ours."""

    async def call(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        with mcp_errors(settings):
            return await handler(request)

    return call


def _translated(error: Exception, base_url: str) -> HerokuError | None:
    """The error of ours that a failure means, or `None` for a mistake that is no failure."""
    leaf: BaseException = error
    while inner := getattr(leaf, "exceptions", None):
        leaf = inner[0]
    if isinstance(leaf, HerokuError):
        return leaf
    if (response := getattr(leaf, "response", None)) is not None:
        return langchain_error(error_from_reply(_reply(response)))
    if (told := getattr(leaf, "error", None)) is not None and hasattr(told, "code"):
        return _protocol_error(told, base_url)
    if isinstance(leaf, TimeoutError) or "Timeout" in type(leaf).__name__:
        return APITimeoutError(
            f"No answer from the MCP toolkit at {base_url} in time. Raise timeout=..."
        )
    if isinstance(leaf, OSError) or type(leaf).__module__.partition(".")[0] in {"httpx", "anyio"}:
        return _unreachable(base_url, f"{type(leaf).__name__}: {leaf}".rstrip(": "))
    return None


def _unreachable(base_url: str, said: str) -> HerokuError:
    return APIConnectionError(
        f"The connection to the MCP toolkit at {base_url} failed: {excerpt(said)}. Check base_url, "
        "the network and any proxy."
    )


def _reply(response: Any) -> Reply:
    try:
        body = response.content
    except RuntimeError:  # the library did not read it
        body = b""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, body)


def _protocol_error(told: Any, base_url: str) -> HerokuError:
    if abs(told.code) == _TERMINATED and "terminated" in told.message:
        return NotFoundError(
            f"There is no MCP toolkit at {base_url}/mcp. Check that base_url is the add-on's "
            "<ALIAS>_URL.",
            status_code=404,
        )
    if told.code == _TIMED_OUT:
        return APITimeoutError(
            f"No answer from the MCP toolkit at {base_url} in time: {excerpt(told.message)}. Raise "
            "timeout=..."
        )
    if told.code == _CLOSED:
        return _unreachable(base_url, told.message)
    return InvalidResponseError(f"The MCP toolkit at {base_url} failed: {excerpt(told.message)}")
