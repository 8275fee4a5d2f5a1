"""What the API answered, as values. Pure data; built by the reading modules."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from heroku_inference._decoding import decoded_json
from heroku_inference._public_names import publish

if TYPE_CHECKING:
    from heroku_inference._headers import RateLimits

__all__ = [
    "AgentMessage",
    "AgentStep",
    "AgentToolResult",
    "ChatChunk",
    "ChatResult",
    "Reply",
    "Shown",
    "ShownAnswer",
    "ToolCall",
    "ToolCallDelta",
    "Usage",
]


class Shown:
    """A dataclass with a short `repr`, and a table in notebooks."""

    __slots__ = ()

    def __repr__(self) -> str:
        from heroku_inference._display import one_line  # noqa: PLC0415 - needed rarely

        return one_line(self)

    def _repr_html_(self) -> str | None:
        from heroku_inference._display import record_html  # noqa: PLC0415 - needed rarely

        return record_html(self)


class ShownAnswer(Shown):
    """An answer, whose text notebooks show."""

    __slots__ = ()

    def _repr_markdown_(self) -> str | None:
        from heroku_inference._display import answer_markdown  # noqa: PLC0415 - needed rarely

        return answer_markdown(self)

    def _repr_html_(self) -> str | None:
        from heroku_inference._display import answer_html  # noqa: PLC0415 - needed rarely

        return answer_html(self)


@dataclass(frozen=True, repr=False)
class Reply:
    """One HTTP answer: status, headers with lower-case names, and the body's bytes.

    The body of a streamed answer is empty here: its events are read one by one.
    """

    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced."""
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """The body decoded as JSON, once; raises `ValueError` if it is not JSON.

        It is always the same value, so copy it before you change it.
        """
        known = self.__dict__
        if "_decoded" not in known:
            known["_decoded"] = decoded_json(self.body)
        return known["_decoded"]

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, whichever header carries it."""
        return self.headers.get("x-request-id") or self.headers.get("request-id")

    @cached_property
    def rate_limits(self) -> "RateLimits":
        """The add-on's limits as this answer reported them."""
        from heroku_inference._headers import rate_limits_of  # noqa: PLC0415 - needed rarely

        return rate_limits_of(self.headers)

    def __repr__(self) -> str:
        size = len(self.body)
        return f"Reply({self.status_code}, <{size} bytes>, request_id={self.request_id!r})"


@dataclass(frozen=True, slots=True, repr=False)
class Usage(Shown):
    """Tokens of one call. `dict(usage)` has all six fields; `+` sums two.

    Heroku documents the first three numbers. The details are `None` unless the server sends them.

    Attributes:
        prompt_tokens: Tokens of the prompt.
        completion_tokens: Tokens of the answer, thinking included.
        total_tokens: Both together.
        cached_tokens: Tokens of the prompt that were read from a cache.
        cache_creation_tokens: Tokens of the prompt that were written to a cache.
        reasoning_tokens: Tokens of the answer that are thinking.
    """

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int | None = None
    cache_creation_tokens: int | None = None
    reasoning_tokens: int | None = None

    def keys(self) -> Collection[str]:
        """The names of the fields, as a mapping has them."""
        return self.__dataclass_fields__.keys()

    # pandas takes what can be iterated for a row without names.
    __iter__ = None

    def __getitem__(self, name: str) -> int | None:
        if name not in self.keys():
            raise KeyError(name)
        count: int | None = getattr(self, name)
        return count

    def __add__(self, other: "Usage") -> "Usage":
        """The tokens of both; a detail that neither tells stays unknown."""
        if not isinstance(other, Usage):
            return NotImplemented
        pairs = [(self[name], other[name]) for name in self.keys()]
        sums: Any = (None if a is b is None else (a or 0) + (b or 0) for a, b in pairs)
        return Usage(*sums)


@dataclass(frozen=True, slots=True, repr=False)
class ToolCall(Shown):
    """A tool the model wants called; `arguments` is the JSON text exactly as it wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(slots=True, repr=False)
class ToolCallDelta(Shown):
    """A piece of a tool call in a stream.

    `index` counts the calls of the answer from 0 in the order they open, whatever numbers the
    wire used. `id` and `name` are `None` on pieces that carry only more of `arguments`.
    """

    index: int
    id: str | None
    name: str | None
    arguments: str


@dataclass(slots=True, repr=False)
class ChatResult(ShownAnswer):
    """One whole answer of a chat model.

    Attributes:
        text: What the model said; empty when it only called tools.
        reasoning: Its thinking, when asked for with `include_reasoning` and given.
        reasoning_signature: The signature of the thinking, should the server send one.
        tool_calls: The tools it wants called, in order.
        finish_reason: `stop`, `length` or `tool_calls`; other values pass through.
        usage: Tokens of the call, or `None` when the server reported none.
        refusal: The refusal text, should the server send one.
        id: The server's id of the answer.
        model: The model that answered.
        created: Unix time in seconds.
        system_fingerprint: The server's build.
        reply: Status and headers of the HTTP answer, with `request_id` and `rate_limits`.
    """

    text: str
    reasoning: str | None = None
    reasoning_signature: str | None = None
    tool_calls: list[ToolCall] = field(default_factory=list)
    finish_reason: str | None = None
    usage: Usage | None = None
    refusal: str | None = None
    id: str | None = None
    model: str | None = None
    created: int | None = None
    system_fingerprint: str | None = None
    reply: Reply | None = None


@dataclass(slots=True, repr=False)
class ChatChunk(Shown):
    """One piece of a streamed answer; each field holds only what this piece adds.

    `finish_reason` comes once, `usage` at most once and never before it. `id`, `model`,
    `created` and `system_fingerprint` are on the first piece, `reply` too. `replaced_calls` holds
    the ids of calls in earlier pieces that do not count: their arguments could not be read, and the
    model was asked again (`tool_call_retries`).
    """

    text: str = ""
    reasoning: str = ""
    reasoning_signature: str | None = None
    tool_calls: list[ToolCallDelta] = field(default_factory=list)
    finish_reason: str | None = None
    usage: Usage | None = None
    refusal: str = ""
    id: str | None = None
    model: str | None = None
    created: int | None = None
    system_fingerprint: str | None = None
    reply: Reply | None = None
    replaced_calls: tuple[str, ...] = ()


@dataclass(slots=True, repr=False)
class AgentMessage(ShownAnswer):
    """One whole message of the agent's model; the last one of a run is its answer.

    Attributes:
        text: What the model said; may be empty when it calls tools.
        reasoning: Its thinking, should the server give it.
        reasoning_signature: The signature of the thinking, should the server send one.
        tool_calls: The tools that Heroku runs next.
        finish_reason: `tool_calls`, `stop` or `length`; other values pass through.
        usage: Tokens of this one call of the model, or `None` when the server reported none.
        refusal: The refusal text, should the server send one.
        id: The server's id of the run, the same in all of its steps.
        model: The model that spoke.
        created: Unix time in seconds.
        system_fingerprint: The server's build.
        reply: Status and headers of the HTTP answer, with `request_id` and `rate_limits`.
    """

    text: str
    reasoning: str | None = None
    reasoning_signature: str | None = None
    tool_calls: list[ToolCall] = field(default_factory=list)
    finish_reason: str | None = None
    usage: Usage | None = None
    refusal: str | None = None
    id: str | None = None
    model: str | None = None
    created: int | None = None
    system_fingerprint: str | None = None
    reply: Reply | None = field(default=None, repr=False)


@dataclass(slots=True, repr=False)
class AgentToolResult(Shown):
    """What a tool gave back to the agent.

    Attributes:
        tool_call_id: Which of the agent's calls it answers.
        name: The tool as the server names it: MCP tools as `namespace/name`.
        text: What the tool said, without the server's words around it: the text of an MCP result,
            or the output of a command.
        is_error: Whether an MCP tool reported that it failed.
        content: The parts of an MCP result, images and resources among them; empty for plain text.
        raw: The whole as the server sent it.
        id: The server's id of the run, the same in all of its steps.
        created: Unix time in seconds.
        system_fingerprint: The server's build.
        reply: Status and headers of the HTTP answer, with `request_id` and `rate_limits`.
    """

    tool_call_id: str | None
    name: str
    text: str
    is_error: bool = False
    content: list[dict[str, Any]] = field(default_factory=list)
    raw: str = ""
    id: str | None = None
    created: int | None = None
    system_fingerprint: str | None = None
    reply: Reply | None = field(default=None, repr=False)


AgentStep = AgentMessage | AgentToolResult
"""One step of a run."""


publish(__name__)
