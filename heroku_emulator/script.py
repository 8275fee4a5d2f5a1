"""Scripted answers and faults for the next requests, in order. No I/O."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from typing import Any, ClassVar, Literal

from heroku_emulator.errors import FIREWALL_PAGE

__all__ = [
    "CallTools",
    "Cut",
    "ErrorEvent",
    "Fault",
    "RawBody",
    "RawStream",
    "Reset",
    "Say",
    "Script",
    "Step",
    "ToolResult",
]

_CHAT = "/v1/chat/completions"
_AGENTS = "/v1/agents/heroku"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a script. Answers need a request that passes validation; faults take any."""

    comes_first: ClassVar[bool] = False
    """Whether the step comes before all checks, even those of key and body."""
    home: ClassVar[str] = ""
    """The default of `path`."""

    times: int = 1
    """The number of requests that it serves."""
    path: str | None = None
    """Serves only requests whose path ends with this, for example `/v1/embeddings`.

    Default: chat completions for chat answers, any path for other steps; a `Cut` then waits for a
    stream.
    """

    @property
    def waits_for_stream(self) -> bool:
        """Whether only streamed requests use the step."""
        return False

    def serves(self, path: str, *, streamed: bool = False) -> bool:
        """Says whether this step serves a request to `path`."""
        if self.waits_for_stream and not streamed:
            return False
        return path.endswith(self.home if self.path is None else self.path)

    def __str__(self) -> str:
        """Returns the step as a test would write it, without defaults."""
        arguments = [
            f"{field.name}={value!r}"
            for field in fields(self)
            if (value := getattr(self, field.name)) != _default(field)
        ]
        return f"{type(self).__name__}({', '.join(arguments)})"


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


@dataclass(frozen=True, slots=True)
class Say(Step):
    """A chat answer in text: `Say("Paris.")`. Stop sequences and `max_tokens` do not apply."""

    home: ClassVar[str] = _CHAT

    text: str
    reasoning: str | None = None
    """Sent even if the request does not ask for it."""
    finish_reason: str | None = None
    """Default: `stop`. `""` makes an answer that never says why it ended."""


@dataclass(frozen=True, slots=True)
class CallTools(Step):
    """A chat answer that calls tools: `CallTools([("add", {"a": 1, "b": 2})])`.

    Arguments given as a `str` are sent unchanged, valid JSON or not: Heroku does not check what a
    model writes. Names are not checked either.
    """

    home: ClassVar[str] = _CHAT

    calls: Sequence[tuple[str, Mapping[str, Any] | str]]
    text: str = ""
    reasoning: str | None = None
    finish_reason: str | None = None
    """Default: `tool_calls`."""
    ids: Sequence[str] | None = None
    """Ids of the calls; default: generated in Heroku's form, `tooluse_…`."""


@dataclass(frozen=True, slots=True)
class ToolResult(Step):
    """The result of an agent's next tool call, which does not run: `ToolResult("4 files")`.

    Only a tool call uses this step, and only when it is the next one; script the answers around
    it with `path="/v1/agents/heroku"`.
    """

    home: ClassVar[str] = _AGENTS

    text: str = ""
    is_error: bool = False
    parts: Sequence[Mapping[str, Any]] | None = None
    """Parts of the MCP result; default: one text part. Plain results are only the text."""
    raw: str | None = None
    """The whole content, without `Tool '…' returned result: ` before it."""
    delay: float = 0.0
    """Seconds that the tool takes."""


@dataclass(frozen=True, slots=True)
class RawBody(Step):
    """Any body: bytes and text unchanged, other values as compact JSON."""

    body: Any
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawStream(Step):
    """The bytes of an event stream, one write for each part.

    The switches `pace`, `gap_after` and `split_bytes` apply to the parts as they do to frames.
    """

    home: ClassVar[str] = _CHAT

    parts: bytes | str | Sequence[bytes | str]
    status: int = 200

    def pieces(self) -> Iterator[bytes]:
        """Yields the bytes of each write."""
        parts = [self.parts] if isinstance(self.parts, bytes | str) else self.parts
        return (part.encode() if isinstance(part, str) else part for part in parts)


@dataclass(frozen=True, slots=True)
class Fault(Step):
    """An answer with an error status, before any validation.

    `Fault(429, headers={"retry-after": "1"}, times=2)` fails two requests.
    The body is an error in the current envelope, unless `body` replaces it; `message` and
    `error_type` default to those of the status. With `delay` (seconds) the server waits first:
    `Fault(delay=60)` looks like a server that hangs.
    """

    comes_first: ClassVar[bool] = True

    status: int = 500
    message: str | None = None
    error_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    content_type: str | None = None
    delay: float = 0.0

    @classmethod
    def html403(cls, *, times: int = 1, path: str | None = None) -> Fault:
        """Returns the block page of the edge firewall: status 403, HTML."""
        return cls(
            403,
            headers={"server": "CloudFront", "x-cache": "Error from cloudfront"},
            body=FIREWALL_PAGE,
            content_type="text/html",
            times=times,
            path=path,
        )

    @classmethod
    def empty(cls, status: int = 503, *, times: int = 1, path: str | None = None) -> Fault:
        """Returns an error without a body."""
        return cls(status, body=b"", content_type="text/plain", times=times, path=path)

    @classmethod
    def not_json(cls, *, times: int = 1, path: str | None = None) -> Fault:
        """Returns status 200 with a page instead of JSON."""
        page = "<html><body>Welcome</body></html>"
        return cls(200, body=page, content_type="text/html", times=times, path=path)

    @classmethod
    def wrong_shape(cls, body: Any = None, *, times: int = 1, path: str | None = None) -> Fault:
        """Returns status 200 with JSON in a shape that no endpoint uses."""
        return cls(200, body={"unexpected": True} if body is None else body, times=times, path=path)


@dataclass(frozen=True, slots=True)
class Reset(Step):
    """The connection is reset before any answer; with `politely` it is closed without one."""

    comes_first: ClassVar[bool] = True

    politely: bool = False
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Cut(Step):
    """The connection is lost in the middle of an answer.

    A stream breaks off after `after` frames. With `politely` it ends early but well formed, without
    finish reason and `[DONE]`. Plain answers break in the middle of their body, but only with
    `path`, such as `Cut(path="/v1/embeddings")`: without it, the step waits for a stream.
    """

    after: int = 2
    answer: Say | CallTools | None = None
    """The answer; default: the engine's."""
    politely: bool = False

    @property
    def waits_for_stream(self) -> bool:
        """Whether only streamed requests use the step: without `path`."""
        return self.path is None


@dataclass(frozen=True, slots=True)
class ErrorEvent(Step):
    """The stream sends `event: error` after `after` frames, and ends.

    Without a stream the error is a plain answer.
    """

    home: ClassVar[str] = _CHAT

    after: int = 2
    form: Literal["object", "string", "flat", "text"] = "object"
    """The shape of its data: error envelope `object`, `string` or `flat`, or the bare message."""
    status: int = 500
    message: str | None = None
    answer: Say | CallTools | None = None


class Script:
    """The queue of steps. Thread-safe."""

    def __init__(self) -> None:
        self._steps: deque[Step] = deque()
        self._lock = threading.Lock()

    def append(self, *steps: Step) -> None:
        """Appends steps to the queue.

        Raises:
            ValueError: A step would serve no request.
        """
        if any(step.times < 1 for step in steps):
            raise ValueError("times must be at least 1")
        with self._lock:
            self._steps.extend(steps)

    def take(
        self,
        path: str,
        *,
        streamed: bool = False,
        first: bool = False,
        kinds: tuple[type[Step], ...] = (Step,),
    ) -> Step | None:
        """Takes the next step for a request to `path`, if it is of one of these kinds.

        With `first`, only if it comes before all checks.
        """
        with self._lock:
            for position, step in enumerate(self._steps):
                if step.serves(path, streamed=streamed):
                    fits = isinstance(step, kinds) and (step.comes_first or not first)
                    return self._use(position, step) if fits else None
        return None

    def _use(self, position: int, step: Step) -> Step:
        if step.times > 1:
            self._steps[position] = replace(step, times=step.times - 1)
        else:
            del self._steps[position]
        return replace(step, times=1)

    def clear(self) -> None:
        """Removes every step."""
        with self._lock:
            self._steps.clear()

    def __len__(self) -> int:
        """The number of requests that the remaining steps would serve."""
        with self._lock:
            return sum(step.times for step in self._steps)

    def __iter__(self) -> Iterator[Step]:
        """The remaining steps, in order; `times` counts the requests each would serve."""
        with self._lock:
            return iter(tuple(self._steps))
