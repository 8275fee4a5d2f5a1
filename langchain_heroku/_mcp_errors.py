"""What goes wrong with an MCP toolkit, as errors that are LangChain's too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_inference._adapters.mcp_errors import forget_frames, toolkit_error
from langchain_heroku.errors import HerokuError, langchain_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from heroku_inference._config.settings import Settings

__all__ = ["asked", "mcp_errors"]


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
            ours = toolkit_error(error, self._settings)
            if ours is not None:
                forget_frames(error)
                raise langchain_error(ours) from None


def asked(settings: Settings) -> Callable[[Any, Callable[[Any], Awaitable[Any]]], Awaitable[Any]]:
    """An interceptor of calls to tools, by which they raise errors of ours."""

    async def call(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        with mcp_errors(settings):
            return await handler(request)

    return call
