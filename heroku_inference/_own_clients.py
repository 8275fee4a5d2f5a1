"""HTTP clients that callers pass: those of httpx2, and of httpx, which it continues."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from types import ModuleType

    import httpx
    import httpx2

    HttpClient = httpx2.Client | httpx.Client
    AsyncHttpClient = httpx2.AsyncClient | httpx.AsyncClient
else:  # neither library is imported to describe an argument
    HttpClient = AsyncHttpClient = Any

__all__ = ["AsyncHttpClient", "HttpClient", "check_http_client", "library_of"]

_LIBRARIES: Final = ("httpx2", "httpx")


def check_http_client(name: str, value: object) -> None:
    """Accept `None` or a client of httpx2 or httpx, an asynchronous one for `async_http_client`.

    Raises:
        ConfigError: `value` is neither.
    """
    if value is None:
        return
    kind = "AsyncClient" if name.startswith("async_") else "Client"
    if not any(isinstance(value, getattr(library, kind)) for library in _loaded()):
        raise ConfigError(
            f"{name} must be an httpx2.{kind} or httpx.{kind}, "
            f"got a value of type {type(value).__name__}.",
            "Pass one that is open, or leave it out for the connections of the process.",
        )


def library_of(client: object) -> Any:
    """The library, as a module, that an accepted client belongs to."""
    return next(lib for lib in _loaded() if isinstance(client, (lib.Client, lib.AsyncClient)))


def _loaded() -> list[ModuleType]:
    # Whoever made a client has loaded its library: neither is imported to look at a value.
    return [sys.modules[name] for name in _LIBRARIES if name in sys.modules]
