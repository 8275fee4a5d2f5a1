"""One request to the API, as a value, and its headers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from heroku_inference._errors import RetryEvent


__all__ = ["Call", "MaskedHeaders"]

_HARMLESS: Final = frozenset({"accept", "accept-encoding", "content-type", "user-agent"})


@dataclass(slots=True)
class Call:
    """One request to the API.

    Attributes:
        path: Below the base URL, for example `/v1/rerank`.
        body: What is sent as JSON; `None` for a GET.
        headers: Sent besides the usual ones.
        on_retry: Called with each failed attempt that is about to be repeated.
        repeatable: Whether a failed attempt may be repeated: not when it may have acted.
        timeout: Seconds that the server may stay silent, unless the user set a timeout.
    """

    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    on_retry: Callable[[RetryEvent], None] | None = None
    repeatable: bool = True
    timeout: float | None = None

    @property
    def method(self) -> str:
        """`POST` with a body, `GET` without."""
        return "GET" if self.body is None else "POST"


class MaskedHeaders(dict[str, str]):
    """Headers whose `repr` keeps secrets out of tracebacks that print local variables."""

    def __repr__(self) -> str:
        return repr({name: self[name] if name in _HARMLESS else "***" for name in self})
