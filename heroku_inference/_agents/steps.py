"""What an agent did, as values: the messages of its model, and the results of its tools."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heroku_inference._values import Reply, ToolCall, Usage

__all__ = ["AgentMessage", "AgentStep", "AgentToolResult"]


@dataclass(slots=True)
class AgentMessage:
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


@dataclass(slots=True)
class AgentToolResult:
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
