"""The requests that the probe makes, each once, in the order in which they are worth asking."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._endpoints import paths

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heroku_inference._config.settings import Kind

__all__ = ["EXCHANGES", "Exchange"]

_NEWEST: Final = "claude-opus-4-8"
_SHORT: Final = 32  # tokens that are enough for a few words
_BUDGET: Final = 1024  # the smallest thinking budget (docs: extended thinking)
_ROOM: Final = 512  # tokens beside the thinking
_TOOLS: Final = 500  # tokens of instructions that the host adds for tools, rounded up


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request, and the most tokens that it can cost.

    Attributes:
        name: What questions call it.
        path: Below the base URL.
        body: What is sent as JSON; `None` for a GET. A model that is missing is filled in.
        headers: Sent besides the usual ones; a value of `None` takes a usual one away.
        kind: Whose settings are used.
        model: The model to ask, if not the one of the config vars.
        answer_tokens: The most tokens of the answer; 0 where none are generated.
    """

    name: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    kind: Kind = "chat"
    model: str | None = None
    answer_tokens: int = 0

    @property
    def most_tokens(self) -> int:
        """No request can cost more: a token is at least one byte of what is sent."""
        if self.body is None:
            return 0
        written = json.dumps(self.body, ensure_ascii=False).encode()
        return len(written) + self.answer_tokens + (_TOOLS if "tools" in self.body else 0)


def _user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def _chat(name: str, text: str = "Answer with the one word: lighthouse", **more: Any) -> Exchange:
    tokens = more.pop("answer_tokens", _SHORT)
    model = more.pop("model", None)
    body = {"messages": _user(text), "max_tokens": tokens, **more}
    return Exchange(name=name, path=paths.CHAT, body=body, model=model, answer_tokens=tokens)


def _tool(name: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    function = {"name": name, "description": "Adds two numbers.", "parameters": parameters, **more}
    return {"type": "function", "function": function}


_NUMBERS: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
    "required": ["a", "b"],
}
_ADD: Final = _tool("add", _NUMBERS)
_MULTIPLY: Final = _tool("multiply", _NUMBERS)
_FORCED: Final = {"type": "function", "function": {"name": "add"}}
_CALLED: Final[list[dict[str, Any]]] = [
    *_user("Add 2 and 3."),
    {
        "role": "assistant",
        "content": "I add them.",
        "tool_calls": [
            {
                "id": "tooluse_probe",
                "type": "function",
                "function": {"name": "add", "arguments": '{"a":2,"b":3}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "tooluse_probe", "content": "The sum is 5."},
]


def _schema(name: str, prop: dict[str, Any], **more: Any) -> Exchange:
    parameters = {"type": "object", "properties": {"a": prop}, **more}
    return _chat(name, "Say hello.", tools=[_tool("add", parameters)], tool_choice="auto")


def _messages(name: str, **more: Any) -> Exchange:
    tokens = more.pop("answer_tokens", _SHORT)
    model = more.pop("model", None)
    body = {"messages": _user("Say hello."), "max_tokens": tokens, **more}
    return Exchange(name=name, path=paths.MESSAGES, body=body, model=model, answer_tokens=tokens)


def _embed(name: str, *texts: str, **more: Any) -> Exchange:
    body = {"input": list(texts), "input_type": "search_document", **more}
    return Exchange(name=name, path=paths.EMBEDDINGS, body=body, kind="embedding")


EXCHANGES: Final = (
    # Section by section, what would change the library most comes first.
    _chat("stream", stream=True),
    _chat("stream-with-usage", stream=True, stream_options={"include_usage": True}),
    _schema("any-of", {"anyOf": [{"type": "number"}, {"type": "null"}]}),
    _schema("refs", {"$ref": "#/$defs/amount"}, **{"$defs": {"amount": {"type": "number"}}}),
    _schema("title", {"type": "number", "title": "A"}, title="Numbers"),
    _schema("dollar-schema", {"type": "number"}, **{"$schema": "http://json-schema.org/schema#"}),
    _chat("strict", "Say hello.", tools=[_tool("add", _NUMBERS, strict=True)]),
    Exchange(
        name="history-without-tools",
        path=paths.CHAT,
        body={"messages": _CALLED, "max_tokens": _SHORT},
        answer_tokens=_SHORT,
    ),
    _chat("seed", seed=7),
    _chat("user", user="probe"),
    _chat("stop-as-text", stop="\n\n"),
    _embed("2048-characters", "lighthouse " * 186 + "ab"),
    _embed("3000-bytes", "灯" * 1000),
    _chat("temperature-newest", temperature=0.5, model=_NEWEST),
    _chat("effort-newest", reasoning_effort="low", model=_NEWEST, answer_tokens=_BUDGET + _ROOM),
    _chat(
        "thinking-newest",
        extended_thinking={"enabled": True, "budget_tokens": _BUDGET, "include_reasoning": True},
        model=_NEWEST,
        answer_tokens=_BUDGET + _ROOM,
    ),
    _messages(
        "adaptive", thinking={"type": "adaptive"}, model=_NEWEST, answer_tokens=_BUDGET + _ROOM
    ),
    Exchange(name="models", path=paths.MODELS, headers={"authorization": None}),
    # Refusals and their bodies.
    Exchange(
        name="bad-key",
        path=paths.CHAT,
        body={"messages": _user("Say hello."), "max_tokens": _SHORT},
        headers={"authorization": "Bearer not-a-key"},
    ),
    _chat("unknown-parameter", no_such_parameter=1),
    _chat("unknown-parameter-ignored", no_such_parameter=1, allow_ignored_params=True),
    _chat("unknown-model", model="no-such-model"),
    _chat("ended-model", model="claude-3-7-sonnet"),
    _chat("eu-model", model="claude-3-haiku"),
    _chat("us-model", model="nova-2-lite"),
    Exchange(
        name="empty-content",
        path=paths.CHAT,
        body={
            "messages": [_CALLED[0], {**_CALLED[1], "content": ""}, _CALLED[2]],
            "tools": [_ADD],
            "max_tokens": _SHORT,
        },
        answer_tokens=_SHORT,
    ),
    Exchange(
        name="broken-arguments",
        path=paths.CHAT,
        body={
            "messages": [
                _CALLED[0],
                {
                    **_CALLED[1],
                    "tool_calls": [
                        {
                            "id": "tooluse_probe",
                            "type": "function",
                            "function": {"name": "add", "arguments": "[2, 3]"},
                        }
                    ],
                },
                _CALLED[2],
            ],
            "tools": [_ADD],
            "max_tokens": _SHORT,
        },
        answer_tokens=_SHORT,
    ),
    _chat("loopback-url", "What is at http://localhost:3000/ ?"),
    _chat("markup", "What does <script>alert(1)</script> do?"),
    _chat(
        "picture",
        answer_tokens=_SHORT,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "https://www.heroku.com/logo.png"}},
                ],
            }
        ],
    ),
    # Answers.
    _chat("plain"),
    _chat("cut", "Count from one to a hundred in words.", answer_tokens=4),
    _chat(
        "thinking",
        extended_thinking={"enabled": True, "budget_tokens": _BUDGET, "include_reasoning": True},
        answer_tokens=_BUDGET + _ROOM,
    ),
    _chat(
        "response-format",
        "Where is the Eiffel Tower?",
        answer_tokens=128,
        response_format={"type": "json_object"},
    ),
    _chat("tool-call", "add(2, 3)", tools=[_ADD], tool_choice=_FORCED, answer_tokens=128),
    _chat(
        "tool-stream",
        "First say what you do, then call add(2, 3).",
        tools=[_ADD],
        stream=True,
        answer_tokens=256,
    ),
    _chat(
        "two-calls-stream",
        "Call add(2, 3) and multiply(4, 5).",
        tools=[_ADD, _MULTIPLY],
        stream=True,
        answer_tokens=256,
    ),
    # The other endpoints.
    _embed("vectors", "one", "two"),
    Exchange(
        name="rerank",
        path=paths.RERANK,
        body={"query": "harbour", "documents": ["a lighthouse", "a forest"]},
        kind="rerank",
    ),
    _messages("messages-error", temperature=7),
    _messages(
        "messages-thinking",
        thinking={"type": "enabled", "budget_tokens": _BUDGET},
        answer_tokens=_BUDGET + _ROOM,
    ),
    _messages("messages-stream", stream=True),
    Exchange(
        name="agent-cap",
        path=paths.AGENTS,
        body={"messages": _user("Say hello."), "max_tokens_per_inference_request": 100_000},
        answer_tokens=_SHORT,
    ),
    Exchange(
        name="agent",
        path=paths.AGENTS,
        body={
            "messages": _user("Run this code: print(6 * 7)"),
            "tools": [{"type": "mcp", "name": "code_exec_python"}],
            "max_tokens_per_inference_request": 256,
        },
        answer_tokens=4 * 256,
    ),
    Exchange(name="mcp-servers", path=paths.MCP_SERVERS),
    Exchange(name="mcp-sse", path=paths.MCP_SSE),
    Exchange(
        name="mcp-http",
        path=paths.MCP,
        body={
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "heroku-inference probe", "version": "1"},
            },
        },
        headers={"accept": "application/json, text/event-stream"},
    ),
)
"""In this order: what is stopped early has asked the questions that matter most."""
