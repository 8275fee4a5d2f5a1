"""One request to the API as a value, its headers, and the event of a retry."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Protocol

from heroku_inference._errors import APIError
from heroku_inference._public_names import publish
from heroku_inference._values import Reply

__all__ = ["HARMLESS_HEADERS", "Call", "MaskedHeaders", "RetryEvent", "StreamForm", "StreamSum"]

HARMLESS_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "anthropic-beta",
        "anthropic-version",
        "content-type",
        "host",
        "user-agent",
    }
)
"""Headers whose values may be shown; any other may be a secret."""


class StreamSum(Protocol):
    """Reads the events of a stream, and writes them down as the plain answer."""

    @property
    def done(self) -> bool:
        """Whether the server said that this was all."""

    def read(self, event: str | None, data: bytes, /) -> Iterable[object]:
        """Take this event; raises the error that it means."""

    def finish(self) -> Iterable[object]:
        """Take the end; raises `StreamInterruptedError` if it came early."""

    def body(self) -> bytes:
        """The body that the plain answer would have."""


@dataclass(frozen=True)
class RetryEvent:
    """A failed attempt that is about to be repeated.

    Attributes:
        attempt: Number of the attempt that failed, from 1.
        wait: Seconds until the next one.
        error: Why it failed.
    """

    attempt: int
    wait: float
    error: APIError


@dataclass(frozen=True, slots=True)
class StreamForm:
    """How a call for a whole answer is made as a stream.

    Attributes:
        sum: Sums up the stream that came with this reply.
        fields: What to add to the body, where it does not have them.
    """

    sum: Callable[[Reply], StreamSum]
    fields: Mapping[str, Any] = field(default_factory=dict)


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
        own_timeout: Seconds that the user set for this call: they come before all others.
        query: The parameters of its URL, encoded.
        stream_form: How to get the same answer by a stream, after the server has cut it.
        is_summed: Whether the answer is a stream that is to be summed up by `stream_form`.
    """

    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    on_retry: Callable[[RetryEvent], None] | None = None
    repeatable: bool = True
    timeout: float | None = None
    stream_form: StreamForm | None = None
    is_summed: bool = False
    own_timeout: float | None = None
    query: str = ""

    @property
    def target(self) -> str:
        """The path, with the query if there is one."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def summed(self, form: StreamForm) -> "Call":
        """The same call as a stream that is summed up."""
        return replace(
            self, body={**form.fields, **(self.body or {}), "stream": True}, is_summed=True
        )

    @property
    def method(self) -> str:
        """`POST` with a body, `GET` without."""
        return "GET" if self.body is None else "POST"


class _MaskedPairs(list[tuple[bytes, bytes]]):
    def __repr__(self) -> str:
        return f"[{len(self)} headers]"


class MaskedHeaders(dict[str, str]):
    """Headers whose `repr` keeps secrets out of tracebacks that print local variables.

    They are not changed once they are made.
    """

    @cached_property
    def encoded(self) -> list[tuple[bytes, bytes]]:
        """The headers as they are sent; every call of a client sends the same ones."""
        return _MaskedPairs((name.encode("ascii"), self[name].encode()) for name in self)

    def __repr__(self) -> str:
        return repr({name: self[name] if name in HARMLESS_HEADERS else "***" for name in self})


publish(__name__)
