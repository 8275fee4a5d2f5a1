"""A right answer of each endpoint, and what else could stand in each of its fields."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = Path(__file__).parents[1] / "samples"
_HOLE = "@hole@"
_MISSING = object()

WRONG: dict[str, Any] = {
    "missing": _MISSING,
    "null": b"null",
    "true": b"true",
    "no text": b'""',
    "a number as text": b'"5"',
    "0": b"0",
    "5": b"5",
    "-1": b"-1",
    "1.5": b"1.5",
    "1e400": b"1e400",
    "100 digits": b"9" * 100,
    "5000 digits": b"9" * 5000,
    "no list": b"[]",
    "a list": b'[[1], "x"]',
    "a list of null": b"[null]",
    "no object": b"{}",
    "an object": b'{"a": {"b": 1}}',
    "150 lists": b"[" * 150 + b"]" * 150,
    "200 lists": b"[" * 200 + b"]" * 200,
    "200 objects": b'{"a":' * 200 + b"1" + b"}" * 200,
    "5000 lists": b"[" * 5000 + b"]" * 5000,
    "half an emoji": rb'"\ud83d"',
    "not UTF-8": b'"\xff"',
    "a control character": rb'"\u0000"',
    "150 lists as text": rb'"{\"a\": ' + b"[" * 150 + b"]" * 150 + rb'}"',
    "5000 lists as text": rb'"{\"a\": ' + b"[" * 5000 + b"]" * 5000 + rb'}"',
}
"""JSON that can stand where another type belongs."""

BYTE_ORDER_MARK = "a byte order mark before it"
_TEXTS = frozenset(
    {
        "a number as text",
        "half an emoji",
        "not UTF-8",
        "a control character",
        "150 lists as text",
        "5000 lists as text",
    }
)
_WORDS = frozenset({"content", "text", "thinking", "refusal"})

TEXT = "Hello there"
"""What the model says."""

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Endpoint:
    """A right answer.

    Attributes:
        events: What it is made of: one JSON text, or the events of a stream.
        names: The name of each event; none for a plain answer.
        essential: The fields that it makes no sense without. What is wrong anywhere else must not
            lose what is right.
    """

    events: list[Any]
    names: list[str | None] | None = None
    essential: frozenset[Path_] = frozenset()

    def cases(self) -> Iterator[Case]:
        """The answer with one value that is wrong, for each place and each wrong value."""
        for number, event in enumerate(self.events):
            for path in _paths(event):
                for name, value in WRONG.items():
                    if path or value is not _MISSING:
                        yield Case(self, number, path, name)
            if number == 0:
                yield Case(self, number, (), BYTE_ORDER_MARK)

    def body(self, wrong: Case | None = None) -> bytes:
        """What is sent."""
        texts = [json.dumps(event).encode() for event in self.events]
        if wrong is not None and wrong.value == BYTE_ORDER_MARK and self.names is None:
            return b"\xef\xbb\xbf" + texts[0]
        if wrong is not None and wrong.value != BYTE_ORDER_MARK:
            texts[wrong.number] = _spoilt(self.events[wrong.number], wrong.path, WRONG[wrong.value])
        if self.names is None:
            return texts[0]
        frames = []
        for name, text in zip(self.names, texts, strict=True):
            head = b"" if name is None else b"event: %s\n" % name.encode()
            frames.append(head + b"data: " + text + b"\n\n")
        mark = b"\xef\xbb\xbf" if wrong is not None and wrong.value == BYTE_ORDER_MARK else b""
        end = b"" if self.names[0] == "message_start" else b"data: [DONE]\n\n"
        return mark + b"".join(frames) + end

    @property
    def text(self) -> str:
        """What the model says in it, if it is a model's answer."""
        return TEXT if "there" in json.dumps(self.events) else ""

    @property
    def content_type(self) -> str:
        return "application/json" if self.names is None else "text/event-stream"


@dataclass(frozen=True)
class Case:
    """One wrong value at one place."""

    endpoint: Endpoint = field(repr=False)
    number: int
    path: Path_
    value: str

    @property
    def may_fail(self) -> bool:
        """Whether what is left may be of no use: not if odd words stand where words belong."""
        right = self.endpoint.events[self.number]
        for name in self.path:
            right = right[name]
        is_odd_text = self.value in _TEXTS and self.path and self.path[-1] in _WORDS
        if self.value == BYTE_ORDER_MARK or (is_odd_text and isinstance(right, str | None)):
            return False
        return self.path in self.endpoint.essential

    @property
    def keeps_text(self) -> bool:
        """Whether what the model says must not change."""
        return self.path not in self.endpoint.essential

    def __str__(self) -> str:
        return f"{self.number}:{'.'.join(map(str, self.path))} = {self.value}"


def _paths(value: Any, here: Path_ = ()) -> Iterator[Path_]:
    yield here
    parts: Any = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for name, part in parts:
        yield from _paths(part, (*here, name))


def _spoilt(value: Any, path: Path_, wrong: Any) -> bytes:
    if not path:
        return wrong
    copy = json.loads(json.dumps(value))
    place = copy
    for name in path[:-1]:
        place = place[name]
    if wrong is _MISSING:
        del place[path[-1]]
        return json.dumps(copy).encode()
    place[path[-1]] = _HOLE
    return json.dumps(copy).encode().replace(b'"%s"' % _HOLE.encode(), wrong)


def _sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text())


def _paths_of(*texts: str) -> frozenset[Path_]:
    return frozenset(
        tuple(int(part) if part.isdigit() else part for part in text.split(".")) if text else ()
        for text in texts
    )


_CALL = {
    "id": "tooluse_1",
    "type": "function",
    "function": {"name": "add", "arguments": '{"a": 1}'},
}
_COUNTS = {
    "prompt_tokens": 4,
    "completion_tokens": 2,
    "total_tokens": 6,
    "prompt_tokens_details": {"cached_tokens": 1},
    "completion_tokens_details": {"reasoning_tokens": 1},
}
_ORIGIN = {
    "id": "chatcmpl-1",
    "created": 1745617422,
    "model": "claude-4-sonnet",
    "system_fingerprint": "heroku-inf-1",
}


def _chunk(delta: dict[str, Any], finish_reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {**_ORIGIN, "object": "chat.completion.chunk", "choices": [choice], **more}


def _chat() -> Endpoint:
    answer = _sample("chat_text_and_tool_call.json")
    message = answer["choices"][0]["message"]
    message["content"] = TEXT
    message["reasoning"] = {"thinking": "Hm.", "signature": "abc"}
    answer["usage"] = _COUNTS
    return Endpoint(
        [answer],
        essential=_paths_of(
            "",
            "choices",
            "choices.0",
            "choices.0.message",
            "choices.0.message.content",
            "choices.0.message.reasoning",
            "choices.0.message.reasoning.thinking",
            "choices.0.message.refusal",
            "choices.0.message.tool_calls",
            "choices.0.message.tool_calls.0",
            "choices.0.message.tool_calls.0.function",
            "choices.0.message.tool_calls.0.function.name",
            "choices.0.message.tool_calls.0.function.arguments",
        ),
    )


def _chat_stream() -> Endpoint:
    opening = {"index": 0, **_CALL, "function": {"name": "add", "arguments": ""}}
    more = {"index": 0, "function": {"name": "", "arguments": '{"a": 1}'}}
    events = [
        _chunk({"role": "assistant", "reasoning": {"thinking": "Hm.", "signature": "abc"}}),
        _chunk({"content": "Hello "}),
        _chunk({"content": "there", "refusal": None}),
        _chunk({"tool_calls": [opening]}),
        _chunk({"tool_calls": [more]}),
        _chunk({}, "tool_calls"),
        {**_ORIGIN, "choices": [], "usage": _COUNTS},
    ]
    essential = {
        (): range(7),
        ("choices",): range(7),
        ("choices", 0): range(6),
        ("choices", 0, "delta"): range(6),
        ("choices", 0, "delta", "content"): (1, 2),
        ("choices", 0, "delta", "refusal"): (2,),
        ("choices", 0, "delta", "reasoning"): (0,),
        ("choices", 0, "delta", "reasoning", "thinking"): (0,),
        ("choices", 0, "delta", "tool_calls"): (3, 4),
        ("choices", 0, "delta", "tool_calls", 0): (3, 4),
        ("choices", 0, "delta", "tool_calls", 0, "id"): (3, 4),
        ("choices", 0, "delta", "tool_calls", 0, "index"): (3, 4),
        ("choices", 0, "delta", "tool_calls", 0, "function"): (3, 4),
        ("choices", 0, "delta", "tool_calls", 0, "function", "name"): (3, 4),
        ("choices", 0, "delta", "tool_calls", 0, "function", "arguments"): (3, 4),
        ("choices", 0, "finish_reason"): (5,),
    }
    return Endpoint(events, [None] * len(events), frozenset(essential))


def _agent() -> Endpoint:
    frames = (SAMPLES / "agents_mcp_tool.sse").read_text().split("\n\n")
    events = [
        json.loads(frame.split("data:", 1)[1])
        for frame in frames
        if "data:" in frame and "[DONE]" not in frame
    ]
    events[-1]["choices"][0]["message"]["content"] = TEXT
    return Endpoint(
        events,
        ["message"] * len(events),
        _paths_of(
            "",
            "choices",
            "choices.0",
            "choices.0.finish_reason",
            "choices.0.message",
            "choices.0.message.role",
            "choices.0.message.content",
            "choices.0.message.refusal",
            "choices.0.message.tool_calls",
            "choices.0.message.tool_calls.0",
            "choices.0.message.tool_calls.0.function",
            "choices.0.message.tool_calls.0.function.name",
        ),
    )


def _tool_run() -> Endpoint:
    """A run that was only to call one tool, which ends with its result."""
    run = _agent()
    said, result = json.loads(json.dumps(run.events[:2]))
    call = said["choices"][0]["message"]["tool_calls"][0]
    call["function"] = {"name": "code_exec_python", "arguments": '{"code": "print(1)"}'}
    message = result["choices"][0]["message"]
    message["name"] = "code_exec_python"
    message["content"] = "Tool 'code_exec_python' returned result: " + json.dumps(
        {
            "content": [{"type": "text", "text": "1"}, {"type": "image", "data": "aGk="}],
            "isError": False,
        }
    )
    return Endpoint([said, result], ["message"] * 2, run.essential)


_BLOCKS = [
    {"type": "thinking", "thinking": "Hm.", "signature": "abc"},
    {"type": "text", "text": TEXT},
    {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1}},
]
_USAGE = {
    "input_tokens": 4,
    "output_tokens": 2,
    "cache_read_input_tokens": 1,
    "cache_creation_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 0},
    "output_tokens_details": {"thinking_tokens": 1},
    "service_tier": "standard",
}


def _messages() -> Endpoint:
    answer = _sample("messages_answer.json")
    answer |= {"content": _BLOCKS, "stop_reason": "tool_use", "stop_sequence": None}
    answer |= {"usage": _USAGE}
    blocks = [f"content.{n}" for n in range(3)]
    fields = [
        "0.type",
        "0.thinking",
        "1.type",
        "1.text",
        "2.type",
        "2.name",
        "2.input",
        "2.input.a",
    ]
    return Endpoint(
        [answer],
        essential=_paths_of("", "content", *blocks, *(f"content.{name}" for name in fields)),
    )


def _messages_stream() -> Endpoint:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": "claude-4-sonnet",
        "stop_reason": None,
        "stop_sequence": None,
        "usage": _USAGE,
    }
    pieces = [
        (
            {"type": "thinking", "thinking": "", "signature": ""},
            "thinking_delta",
            "thinking",
            "Hm.",
        ),
        (None, "signature_delta", "signature", "abc"),
        ({"type": "text", "text": ""}, "text_delta", "text", TEXT),
        (
            {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {}},
            "input_json_delta",
            "partial_json",
            '{"a": 1}',
        ),
    ]
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
    index = -1
    for start, kind, name, value in pieces:
        if start is not None:
            index += 1
            block = {"type": "content_block_start", "index": index, "content_block": start}
            events.append(block)
        delta = {"type": kind, name: value}
        events.append({"type": "content_block_delta", "index": index, "delta": delta})
    events += [{"type": "content_block_stop", "index": number} for number in range(3)]
    ending = {"stop_reason": "tool_use", "stop_sequence": None}
    events.append({"type": "message_delta", "delta": ending, "usage": {"output_tokens": 2}})
    events.append({"type": "message_stop"})
    essential = [
        "",
        "type",
        "index",
        "message",
        "message.content",
        "content_block",
        "content_block.type",
        "content_block.text",
        "content_block.thinking",
        "content_block.name",
        "content_block.input",
        "delta",
        "delta.type",
        "delta.text",
        "delta.thinking",
        "delta.partial_json",
        "delta.stop_reason",
    ]
    return Endpoint(events, [event["type"] for event in events], _paths_of(*essential))


def _vector(index: int) -> dict[str, Any]:
    return {"object": "embedding", "index": index, "embedding": [0.5, 0.25]}


_PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
_SERVER = {
    "id": "b1",
    "app_id": "a1",
    "process_type": "mcp",
    "process_command": "python server.py",
    "created_at": "2025-05-01T00:00:00Z",
    "updated_at": "2025-05-01T00:00:00Z",
    "namespace": "mcp",
    "server_status": "registered",
    "primitives_status": "synced",
    "tools": [
        {
            "name": "add",
            "namespaced_name": "mcp/add",
            "description": "Adds",
            "input_schema": {"type": "object"},
            "annotations": {"readOnlyHint": True},
        }
    ],
}

ENDPOINTS = {
    "chat": _chat(),
    "chat stream": _chat_stream(),
    "agent": _agent(),
    "tool run": _tool_run(),
    "messages": _messages(),
    "messages stream": _messages_stream(),
    "embeddings": Endpoint(
        [
            {
                "object": "list",
                "data": [_vector(0), _vector(1)],
                "model": "cohere-embed-multilingual",
                "usage": {"prompt_tokens": 4, "total_tokens": 4},
            }
        ],
        essential=_paths_of(
            "",
            "data",
            *(
                f"data.{n}{name}"
                for n in (0, 1)
                for name in ("", ".index", ".embedding", ".embedding.0", ".embedding.1")
            ),
        ),
    ),
    "rerank": Endpoint(
        [
            {
                "id": "r1",
                "results": [
                    {"index": 1, "relevance_score": 0.5},
                    {"index": 0, "relevance_score": 0.25},
                ],
                "meta": {"billed_units": {"search_units": 1}},
            }
        ],
        essential=_paths_of(
            "",
            "results",
            *(f"results.{n}{name}" for n in (0, 1) for name in ("", ".index", ".relevance_score")),
        ),
    ),
    "image": Endpoint(
        [{"created": 1745617422, "data": [{"b64_json": _PIXEL, "revised_prompt": "A fox"}]}],
        essential=_paths_of("", "data", "data.0", "data.0.b64_json"),
    ),
    "models": Endpoint(
        [_sample("available_models.json")[:2]],
        essential=_paths_of("", "0", "1", "0.model_id", "1.model_id"),
    ),
    "mcp servers": Endpoint(
        [[_SERVER]],
        essential=_paths_of(
            "", "0", "0.id", "0.namespace", "0.tools", "0.tools.0", "0.tools.0.name"
        ),
    ),
}
"""Whole answers and streams, by what they answer."""

ERRORS = Endpoint(
    [{"error": {"code": 400, "message": "No such field", "type": "invalid_request"}}],
    essential=_paths_of("", "error", "error.code", "error.message", "error.type"),
)
"""The body of a refusal."""
