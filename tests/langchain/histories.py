"""Histories as LangChain's memories hold them, from any model: a table for every class.

Each is what stands before the user's newest message. `words` must reach the model, in this order.
"""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from tests.wire_cases import PIXEL

__all__ = ["HISTORIES", "NEWEST", "NOT_RUN", "PDF", "SOUND", "History"]

PDF = base64.b64encode(b"%PDF-1.4 made up for tests " * 4).decode()
IMAGE = base64.b64encode(PIXEL).decode()
SOUND = base64.b64encode(b"RIFF made up for tests " * 4).decode()
DRAWING = base64.b64encode(b"<svg id='dot'/>").decode()
NOT_RUN = "not run"
CALL: dict[str, Any] = {"name": "add", "args": {"a": 1}, "id": "c1"}


@dataclass(frozen=True)
class History:
    """Messages before the newest, and what of them must reach the model."""

    messages: list[BaseMessage]
    words: tuple[str, ...] = ()
    not_in_messages: tuple[str, ...] = field(default=(), kw_only=True)
    """Those of the words that the Messages endpoint gets in another form: it takes PDFs."""


def asked(*messages: BaseMessage) -> list[BaseMessage]:
    return [HumanMessage("First."), *messages]


def called(result: Any, **fields: Any) -> list[BaseMessage]:
    """A call, its result, and the model's words."""
    calls = [{"name": "add", "args": {"a": 1}, "id": "c1"}]
    answer = ToolMessage(result, tool_call_id="c1", **fields)
    return asked(AIMessage("", tool_calls=calls), answer, AIMessage("Done."))


def from_provider(provider: str, content: Any, **fields: Any) -> AIMessage:
    return AIMessage(content, response_metadata={"model_provider": provider}, **fields)


class Model:
    """A value that JSON does not have."""

    def __repr__(self) -> str:
        return "a made-up model"


def circle() -> dict[str, Any]:
    value: dict[str, Any] = {"name": "circle"}
    value["itself"] = value
    return value


EMPTY = {
    "a system without words": [SystemMessage("")],
    "a blank system": [SystemMessage(" \n\t")],
    "a system of blank blocks": [SystemMessage([{"type": "text", "text": " "}])],
    "a system of no blocks": [SystemMessage([])],
    "a blank developer": [SystemMessage("", additional_kwargs={"__openai_role__": "developer"})],
    "a user without words": [HumanMessage("")],
    "a blank user": [HumanMessage(" \u00a0\n")],
    "a user of blank blocks": [HumanMessage([{"type": "text", "text": " "}, ""])],
    "a user of no blocks": [HumanMessage([])],
    "a blank chat message": [ChatMessage(role="user", content=" ")],
    "an empty answer": asked(AIMessage("")),
    "a blank answer": asked(AIMessage(" \n")),
    "an answer of no blocks": asked(AIMessage([])),
    "an answer of a blank block": asked(AIMessage([{"type": "text", "text": "\n"}])),
    "an answer that ends in white space": asked(AIMessage("Yes. \n")),
    "only thoughts, of nobody knows whom": asked(
        AIMessage([{"type": "thinking", "thinking": "Hm.", "signature": "foreign"}])
    ),
    "only thoughts of another provider": asked(
        from_provider(
            "google_genai", [{"type": "thinking", "thinking": "Hm.", "signature": "foreign"}]
        )
    ),
    "an empty chunk": asked(AIMessageChunk("")),
    "an order to the memory": [RemoveMessage(id="1"), *asked()],
}

FILES = {
    "a PDF of the user": History(
        [HumanMessage([{"type": "file", "base64": PDF, "mime_type": "application/pdf"}])],
        ("application/pdf",),
        not_in_messages=("application/pdf",),
    ),
    "a PDF in OpenAI's form": History(
        [
            HumanMessage(
                [
                    {"type": "text", "text": "Read this."},
                    {
                        "type": "file",
                        "file": {
                            "filename": "plan.pdf",
                            "file_data": f"data:application/pdf;base64,{PDF}",
                        },
                    },
                ]
            )
        ],
        ("Read this.", "plan.pdf"),
    ),
    "a spreadsheet": History(
        [
            HumanMessage(
                [
                    {
                        "type": "file",
                        "base64": PDF,
                        "mime_type": "application/vnd.ms-excel",
                        "extras": {"filename": "plan.xls"},
                    }
                ]
            )
        ],
        ("plan.xls", "application/vnd.ms-excel"),
    ),
    "a file by its id": History(
        [HumanMessage([{"type": "file", "file_id": "file-77"}])], ("file-77",)
    ),
    "a text file": History(
        [
            HumanMessage(
                [
                    {
                        "type": "file",
                        "base64": base64.b64encode(b"city,degrees\nLyon,21").decode(),
                        "mime_type": "text/csv",
                    }
                ]
            )
        ],
        ("Lyon,21",),
    ),
    "sound": History(
        [HumanMessage([{"type": "audio", "base64": SOUND, "mime_type": "audio/wav"}])],
        ("audio/wav",),
    ),
    "sound in OpenAI's form": History(
        [HumanMessage([{"type": "input_audio", "input_audio": {"data": SOUND, "format": "wav"}}])],
        ("audio", "wav"),
    ),
    "a film": History(
        [HumanMessage([{"type": "video", "url": "https://example.com/cat.mp4"}])],
        ("video", "https://example.com/cat.mp4"),
    ),
    "Gemini's media": History(
        [HumanMessage([{"type": "media", "mime_type": "video/mp4", "data": SOUND}])],
        ("media", "video/mp4"),
    ),
    "an image by its id": History(
        [HumanMessage([{"type": "image", "file_id": "file-78"}])], ("file-78",)
    ),
    "an image without its type": History(
        [HumanMessage([{"type": "image", "base64": IMAGE}])], ("image",)
    ),
    "text files in older forms": History(
        [
            HumanMessage(
                [
                    {"type": "file", "source_type": "text", "text": "first words"},
                    {
                        "type": "file",
                        "source_type": "text",
                        "url": "second words",
                        "mime_type": "text/markdown",
                    },
                    {"type": "text-plain", "text": "third words", "title": "notes.txt"},
                    {"type": "document", "source": {"type": "text", "data": "fourth words"}},
                ]
            )
        ],
        ("first words", "second words", "third words", "fourth words"),
    ),
    "files that miss something": History(
        [
            HumanMessage(
                [
                    {"type": "image", "source_type": "base64", "mime_type": "image/png"},
                    {"type": "image", "source_type": "url"},
                    {"type": "image", "text": "a dot"},
                    {"type": "audio", "source_type": "id"},
                    {"type": "file", "source_type": "base64", "name": "plan.pdf"},
                    {"type": "file", "file": {"filename": "other.pdf"}},
                    {"type": "image_url"},
                    {"type": "image_url", "image_url": {"detail": "low"}},
                    {"type": "image", "source": {"type": "base64"}},
                    {"type": "document"},
                    {"type": "input_audio", "input_audio": None},
                    {"type": None, "text": "typeless"},
                    {},
                ]
            )
        ],
        ("a dot", "plan.pdf", "other.pdf", "typeless"),
    ),
    "a drawing": History(
        [HumanMessage([{"type": "image", "base64": DRAWING, "mime_type": "image/svg+xml"}])],
        ("svg",),
    ),
    "an image on somebody's disk": History(
        [HumanMessage([{"type": "image_url", "image_url": {"url": "file:///pictures/cat.png"}}])],
        ("file:///pictures/cat.png",),
    ),
    "a block without a type": History(
        [HumanMessage([{"guardContent": {"text": {"text": "guarded words"}}}, {"text": "bare"}])],
        ("guarded words", "bare"),
    ),
    "a cache point": History(
        [HumanMessage([{"type": "text", "text": "Long."}, {"cachePoint": {"type": "default"}}])],
        ("Long.",),
    ),
    "a block of another provider": History(
        [HumanMessage([{"type": "non_standard", "value": {"type": "poll", "text": "Tea?"}}])],
        ("Tea?",),
    ),
    "an image of the system": History(
        [SystemMessage(["Look:", {"type": "image", "base64": IMAGE, "mime_type": "image/png"}])],
        ("Look:", "image/png"),
    ),
    "an image of the model": History(
        asked(AIMessage([{"type": "image", "base64": IMAGE, "mime_type": "image/png"}])),
    ),
    "a PDF that was refused, then another try": History(
        [
            HumanMessage([{"type": "file", "base64": PDF, "mime_type": "application/pdf"}]),
            HumanMessage(" "),
            HumanMessage("Are you there?"),
        ],
        ("Are you there?",),
    ),
}

RESULTS = {
    "a link": History(
        called(
            [
                {
                    "type": "resource_link",
                    "name": "plan.pdf",
                    "uri": "https://example.com/plan.pdf",
                    "mimeType": "application/pdf",
                }
            ]
        ),
        ("plan.pdf", "https://example.com/plan.pdf"),
    ),
    "a link, as the MCP adapter has it": History(
        called(
            [
                {
                    "type": "file",
                    "url": "https://example.com/plan.pdf",
                    "mime_type": "application/pdf",
                }
            ]
        ),
        ("https://example.com/plan.pdf",),
    ),
    "a PDF": History(
        called(
            [
                {"type": "text", "text": "Here:"},
                {"type": "file", "base64": PDF, "mime_type": "application/pdf"},
            ],
            artifact={"pages": 3},
        ),
        ("Here:", "application/pdf"),
    ),
    "sound": History(
        called([{"type": "audio", "base64": SOUND, "mime_type": "audio/wav"}]), ("audio/wav",)
    ),
    "JSON": History(called([{"type": "json", "json": {"degrees": 21}}]), ('degrees\\":21',)),
    "a search result": History(
        called(
            [
                {
                    "type": "search_result",
                    "source": "https://example.com/rain",
                    "title": "Rain",
                    "content": [{"type": "text", "text": "It rains in Lyon."}],
                }
            ]
        ),
        ("https://example.com/rain", "It rains in Lyon."),
    ),
    "a custom tool's output": History(
        called([{"type": "custom_tool_call_output", "output": "forty-two"}]), ("forty-two",)
    ),
    "an image": History(
        called([{"type": "image", "base64": IMAGE, "mime_type": "image/png"}]), (IMAGE,)
    ),
    "text between images": History(
        called(
            [
                "Before.",
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}"}},
                "After.",
            ]
        ),
        ("Before.", "After."),
    ),
    "nothing": History(called("")),
    "no blocks": History(called([])),
    "a failure": History(called("no such city", status="error"), ("no such city",)),
    "a failure in blocks": History(
        called([{"type": "json", "json": {"code": 7}}], status="error"), ('code\\":7',)
    ),
    "a result in Anthropic's form": History(
        called([{"type": "tool_result", "tool_use_id": "c1", "content": "three"}]), ("three",)
    ),
    "a result from the user, in Anthropic's form": History(
        asked(
            AIMessage("", tool_calls=[CALL]),
            HumanMessage(
                [
                    {
                        "type": "tool_result",
                        "tool_use_id": "c1",
                        "content": [{"type": "json", "json": {"sum": 3}}],
                        "is_error": True,
                    },
                    {"type": "text", "text": "Go on."},
                ]
            ),
        ),
        ('sum\\":3', "Go on."),
    ),
    "a number": History(called("42"), ("42",)),
    "a list": History(called("[1, 2]"), ("[1, 2]",)),
}

CALLS = {
    "a call that was interrupted": History(
        asked(AIMessage("Adding.", tool_calls=[CALL])), ("Adding.", NOT_RUN)
    ),
    "a call that the user talked past": History(
        asked(AIMessage("", tool_calls=[CALL]), HumanMessage("No, wait."), AIMessage("Well?")),
        (NOT_RUN, "No, wait.", "Well?"),
    ),
    "one of two calls was run": History(
        asked(
            AIMessage("", tool_calls=[CALL, {**CALL, "id": "c2"}]),
            ToolMessage("three", tool_call_id="c2"),
        ),
        ("three",),
    ),
    "a result that comes late": History(
        asked(
            AIMessage("", tool_calls=[CALL]),
            HumanMessage("Quick!"),
            ToolMessage("three", tool_call_id="c1"),
            AIMessage("Three."),
        ),
        ("three",),
    ),
    "results out of order": History(
        asked(
            AIMessage("", tool_calls=[CALL, {**CALL, "id": "c2"}]),
            ToolMessage("two", tool_call_id="c2"),
            ToolMessage("one", tool_call_id="c1"),
        ),
        ("two",),
    ),
    "a result whose call was trimmed away": History(
        [ToolMessage("forty-two", tool_call_id="c0", name="add"), AIMessage("It is 42.")],
        ("forty-two", "It is 42."),
    ),
    "a result twice": History(
        asked(
            AIMessage("", tool_calls=[CALL]),
            ToolMessage("three", tool_call_id="c1"),
            ToolMessage("three again", tool_call_id="c1"),
        ),
        ("three", "three again"),
    ),
    "one id for two calls": History(
        asked(
            AIMessage("", tool_calls=[CALL]),
            ToolMessage("one", tool_call_id="c1"),
            AIMessage("", tool_calls=[CALL]),
            ToolMessage("two", tool_call_id="c1"),
        ),
        ("one", "two"),
    ),
    "calls without ids": History(
        asked(
            AIMessage(
                "",
                tool_calls=[
                    {"name": "add", "args": {"a": 1}, "id": None},
                    {"name": "divide", "args": {"a": 2}, "id": None},
                ],
            ),
            ToolMessage("a half", tool_call_id="", name="divide"),
            ToolMessage("three", tool_call_id="", name="add"),
            AIMessage("Both."),
        ),
        ("Both.",),
    ),
    "a function of OpenAI's first form": History(
        asked(
            AIMessage(
                "",
                additional_kwargs={"function_call": {"name": "add", "arguments": '{"a": 1}'}},
            ),
            FunctionMessage("three", name="add"),
            AIMessage("It is three."),
        ),
        ("add", "three", "It is three."),
    ),
    "a function's result alone": History(
        asked(FunctionMessage("three", name="add"), AIMessage("It is three.")),
        ("three", "It is three."),
    ),
    "ids of another provider": History(
        asked(
            AIMessage("", tool_calls=[{**CALL, "id": "functions.add:0"}]),
            ToolMessage("three", tool_call_id="functions.add:0"),
        ),
        ("three",),
    ),
    "a name with other letters": History(
        asked(
            AIMessage("", tool_calls=[{**CALL, "name": "math/add now"}]),
            ToolMessage("three", tool_call_id="c1", name="math/add now"),
        ),
        ("add_now", "three"),
    ),
    "a long name": History(
        asked(
            AIMessage("", tool_calls=[{**CALL, "name": "a" * 90}]),
            ToolMessage("three", tool_call_id="c1"),
        ),
        ("three",),
    ),
    "broken arguments": History(
        asked(
            AIMessage(
                "",
                invalid_tool_calls=[
                    {"name": "add", "args": '{"city": "Par', "id": "c1", "error": "cut"}
                ],
            )
        ),
        ("Par",),
    ),
    "broken arguments with a result": History(
        asked(
            AIMessage(
                "",
                tool_calls=[CALL],
                invalid_tool_calls=[
                    {"name": "add", "args": '{"city": "Par', "id": "c2", "error": "cut"}
                ],
            ),
            ToolMessage("three", tool_call_id="c1"),
            ToolMessage("Try again.", tool_call_id="c2", status="error"),
        ),
        ("Par", "three", "Try again."),
    ),
    "a broken call without name and id": History(
        asked(
            AIMessage(
                "I add.",
                invalid_tool_calls=[{"name": None, "args": '{"a', "id": None, "error": ""}],
            )
        ),
        ("I add.", '{\\"a'),
    ),
    "arguments that JSON does not have": History(
        asked(
            AIMessage(
                "",
                tool_calls=[
                    {**CALL, "args": {"model": Model(), "day": dt.date(2026, 1, 2)}},
                    {"name": "add", "args": {"a": float("nan")}, "id": "c2"},
                ],
            ),
            ToolMessage("three", tool_call_id="c1"),
            ToolMessage("four", tool_call_id="c2"),
        ),
        ("a made-up model", "2026-01-02"),
    ),
    "arguments that hold themselves": History(
        asked(
            AIMessage([{"type": "tool_use", "id": "c1", "name": "add", "input": circle()}]),
            ToolMessage("three", tool_call_id="c1"),
        ),
        ("circle", "three"),
    ),
    "a call in Anthropic's form only": History(
        asked(
            AIMessage([{"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 1}}]),
            ToolMessage("three", tool_call_id="c1"),
        ),
        ("add", "three"),
    ),
}

ORDER = {
    "the model speaks first": History([AIMessage("Welcome!")], ("Welcome!",)),
    "only the system": History([SystemMessage("Be brief.")], ("Be brief.",)),
    "systems everywhere": History(
        [
            SystemMessage("Be brief."),
            *asked(SystemMessage("Be kind."), AIMessage("Yes."), SystemMessage("Be glad.")),
        ],
        ("Be brief.",),
    ),
    "an image before the words": History(
        [
            HumanMessage(
                [
                    {"type": "image", "base64": IMAGE, "mime_type": "image/png"},
                    {"type": "text", "text": "A dot."},
                ]
            ),
            AIMessage("Indeed."),
        ],
        ("A dot.", "Indeed."),
    ),
    "roles in other words": History(
        [
            ChatMessage(role="human", content="First."),
            ChatMessage(role="model", content="Second."),
            ChatMessage(role="user", content="Third."),
            ChatMessage(role="assistant", content="Fourth."),
        ],
        ("First.", "Second.", "Third.", "Fourth."),
    ),
    "a role that nobody has": History(
        asked(ChatMessage(role="critic", content="Too long.")), ("First.", "Too long.")
    ),
    "the same speaker twice": History(
        [HumanMessage("One."), HumanMessage("Two."), AIMessage("Three."), AIMessage("Four.")],
        ("One.", "Two.", "Three.", "Four."),
    ),
    "names of speakers": History(
        [HumanMessage("One.", name="ada"), AIMessage("Two.", name="critic")], ("One.", "Two.")
    ),
}

HALF = "\ud83d"
SURROGATES = {
    "half an emoji of the user": History([HumanMessage(f"a{HALF}b")], ("a\ufffdb",)),
    "half an emoji of the system": History([SystemMessage(f"a{HALF}b")], ("a\ufffdb",)),
    "half an emoji of the model": History(asked(AIMessage(f"a{HALF}b")), ("a\ufffdb",)),
    "half an emoji of a tool": History(called(f"a{HALF}b"), ("a\ufffdb",)),
    "half an emoji in blocks": History(
        called([{"type": "resource_link", "name": f"a{HALF}b", "uri": "https://example.com/x"}]),
        ("a\ufffdb",),
    ),
    "half an emoji in arguments": History(
        asked(
            AIMessage("", tool_calls=[{**CALL, "args": {f"k{HALF}": f"a{HALF}b"}}]),
            ToolMessage("three", tool_call_id="c1"),
        ),
        ("a\ufffdb",),
    ),
    "an emoji in two halves": History([HumanMessage("a\ud83d\ude00b")], ("a\U0001f600b",)),
}

PROVIDERS = {
    "OpenAI's Responses API": History(
        asked(
            from_provider(
                "openai",
                [
                    {"type": "reasoning", "id": "rs_1", "summary": []},
                    {
                        "type": "web_search_call",
                        "id": "ws_1",
                        "status": "completed",
                        "action": {"type": "search", "query": "rain in Lyon"},
                    },
                    {"type": "text", "text": "It rains.", "annotations": [], "id": "msg_1"},
                    {
                        "type": "function_call",
                        "id": "fc_1",
                        "call_id": "call_1",
                        "name": "add",
                        "arguments": '{"a": 1}',
                    },
                ],
                tool_calls=[{**CALL, "id": "call_1"}],
            ),
            ToolMessage("three", tool_call_id="call_1"),
        ),
        ("rain in Lyon", "It rains.", "three"),
    ),
    "OpenAI's older form": History(
        asked(
            AIMessage(
                "It rains.",
                additional_kwargs={
                    "reasoning": {"id": "rs_1", "summary": []},
                    "tool_outputs": [
                        {
                            "type": "web_search_call",
                            "id": "ws_1",
                            "action": {"type": "search", "query": "rain in Lyon"},
                        }
                    ],
                },
            )
        ),
        ("It rains.", "rain in Lyon"),
    ),
    "OpenAI's sound": History(
        asked(
            AIMessage(
                "",
                additional_kwargs={
                    "audio": {"id": "audio_1", "data": SOUND, "transcript": "Spoken words."}
                },
            )
        ),
        ("Spoken words.",),
    ),
    "OpenAI's refusal": History(
        asked(AIMessage("", additional_kwargs={"refusal": "I won't."})), ("I won't.",)
    ),
    "an image that OpenAI made": History(
        asked(
            from_provider(
                "openai",
                [
                    {"type": "text", "text": "A cat."},
                    {
                        "type": "image_generation_call",
                        "id": "ig_1",
                        "result": IMAGE,
                        "revised_prompt": "a grey cat",
                    },
                ],
            )
        ),
        ("A cat.",),
    ),
    "a custom tool of OpenAI's": History(
        asked(
            from_provider(
                "openai",
                [
                    {
                        "type": "custom_tool_call",
                        "id": "ctc_1",
                        "call_id": "call_1",
                        "name": "run",
                        "input": "print(1)",
                    }
                ],
                tool_calls=[{"name": "run", "args": {"__arg1": "print(1)"}, "id": "call_1"}],
            ),
            ToolMessage(
                [{"type": "custom_tool_call_output", "output": "1.0"}], tool_call_id="call_1"
            ),
        ),
        ("print(1)", "1.0"),
    ),
    "Anthropic's search": History(
        asked(
            from_provider(
                "anthropic",
                [
                    {"type": "text", "text": "I search."},
                    {
                        "type": "server_tool_use",
                        "id": "srvtoolu_1",
                        "name": "web_search",
                        "input": {"query": "rain in Lyon"},
                    },
                    {
                        "type": "web_search_tool_result",
                        "tool_use_id": "srvtoolu_1",
                        "content": [
                            {
                                "type": "web_search_result",
                                "title": "Rain",
                                "url": "https://example.com/rain",
                                "encrypted_content": "x" * 900,
                            }
                        ],
                    },
                    {
                        "type": "text",
                        "text": "It rains.",
                        "citations": [
                            {
                                "type": "web_search_result_location",
                                "url": "https://example.com/rain",
                                "title": "Rain",
                                "encrypted_index": "x" * 90,
                                "cited_text": "It rains in Lyon.",
                            }
                        ],
                    },
                    {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1}},
                ],
                tool_calls=[{**CALL, "id": "toolu_1"}],
            ),
            ToolMessage("three", tool_call_id="toolu_1"),
        ),
        ("I search.", "rain in Lyon", "https://example.com/rain", "It rains.", "three"),
    ),
    "Gemini's": History(
        asked(
            from_provider(
                "google_genai",
                [
                    {"type": "thinking", "thinking": "Hm.", "signature": "Z2VtaW5p"},
                    {"type": "executable_code", "language": "PYTHON", "executable_code": "1+1"},
                    {"type": "code_execution_result", "code_execution_result": "2", "outcome": 1},
                    {"type": "text", "text": "Two.", "extras": {"signature": "Z2VtaW5p"}},
                ],
                tool_calls=[{"name": "add", "args": {"a": 1}, "id": None}],
                additional_kwargs={"function_call": {"name": "add", "arguments": '{"a": 1}'}},
            ),
            ToolMessage("three", tool_call_id="", name="add"),
        ),
        ("1+1", "Two.", "three"),
    ),
    "Bedrock's": History(
        [
            SystemMessage([{"text": "Be brief."}, {"cachePoint": {"type": "default"}}]),
            *asked(
                from_provider(
                    "bedrock_converse",
                    [
                        {
                            "type": "reasoning_content",
                            "reasoning_content": {"text": "Hm.", "signature": "YmVkcm9jaw=="},
                        },
                        {"type": "text", "text": "I add."},
                        {"type": "tool_use", "id": "tooluse_1", "name": "add", "input": {"a": 1}},
                    ],
                    tool_calls=[{**CALL, "id": "tooluse_1"}],
                ),
                ToolMessage([{"json": {"sum": 3}}], tool_call_id="tooluse_1"),
            ),
        ],
        ("Be brief.", "I add.", "sum"),
    ),
    "standard blocks": History(
        asked(
            AIMessage(
                [
                    {"type": "reasoning", "reasoning": "Hm.", "extras": {"signature": "x"}},
                    {
                        "type": "server_tool_call",
                        "id": "ws_1",
                        "name": "web_search",
                        "args": {"query": "rain in Lyon"},
                    },
                    {
                        "type": "server_tool_result",
                        "tool_call_id": "ws_1",
                        "status": "success",
                        "output": "wet",
                    },
                    {"type": "text", "text": "It rains."},
                    {"type": "non_standard", "value": {"type": "poll", "text": "Tea?"}},
                    {"type": "tool_call", "id": "c1", "name": "add", "args": {"a": 1}},
                    {
                        "type": "invalid_tool_call",
                        "id": "c2",
                        "name": "add",
                        "args": '{"a": "Par',
                        "error": "cut",
                    },
                ],
                tool_calls=[CALL],
                invalid_tool_calls=[
                    {"id": "c2", "name": "add", "args": '{"a": "Par', "error": "cut"}
                ],
                response_metadata={"output_version": "v1", "model_provider": "openai"},
            ),
            ToolMessage("three", tool_call_id="c1"),
        ),
        ("rain in Lyon", "wet", "It rains.", "Tea?", "three"),
    ),
    "a stream that was summed": History(
        asked(
            AIMessageChunk(
                [{"type": "text", "text": "I add.", "index": 0}],
                tool_call_chunks=[
                    {"name": "add", "args": '{"a": 1}', "id": "c1", "index": 0, "type": "x"}
                ],
            ),
            ToolMessage("three", tool_call_id="c1"),
        ),
        ("I add.", "three"),
    ),
    "a run of Heroku's agent": History(
        asked(
            AIMessage(
                [
                    {"type": "reasoning", "reasoning": "Let me.", "extras": {"narration": True}},
                    {"type": "server_tool_call", "id": "t1", "name": "mcp-x/run", "args": {}},
                    {
                        "type": "server_tool_result",
                        "tool_call_id": "t1",
                        "status": "success",
                        "output": "wet",
                        "extras": {
                            "content": [
                                {"type": "text", "text": "wet"},
                                {
                                    "type": "resource_link",
                                    "name": "plan.pdf",
                                    "uri": "https://example.com/plan.pdf",
                                },
                                {"type": "audio", "data": SOUND, "mimeType": "audio/wav"},
                            ]
                        },
                    },
                    {"type": "server_tool_call", "name": "mcp-x/run", "args": {}},
                    {"type": "text", "text": "It rains."},
                ],
                response_metadata={"model_provider": "heroku"},
            )
        ),
        ("Let me.", "wet", "plan.pdf", "audio/wav", "It rains."),
    ),
}

HISTORIES: dict[str, History] = {
    **{name: History(messages) for name, messages in EMPTY.items()},
    **{f"of files: {name}": history for name, history in FILES.items()},
    **{f"of results: {name}": history for name, history in RESULTS.items()},
    **{f"of calls: {name}": history for name, history in CALLS.items()},
    **{f"of turns: {name}": history for name, history in ORDER.items()},
    **SURROGATES,
    **{f"of providers: {name}": history for name, history in PROVIDERS.items()},
}

NEWEST: dict[str, HumanMessage] = {
    "no words": HumanMessage(""),
    "blank": HumanMessage(" \n"),
    "no blocks": HumanMessage([]),
    "a blank block": HumanMessage([{"type": "text", "text": " "}]),
    "sound": HumanMessage(["Hear:", {"type": "audio", "base64": SOUND, "mime_type": "audio/wav"}]),
    "a film": HumanMessage(["See:", {"type": "video", "url": "https://example.com/cat.mp4"}]),
    "a spreadsheet": HumanMessage(
        [{"type": "file", "base64": PDF, "mime_type": "application/vnd.ms-excel"}]
    ),
    "an image without its type": HumanMessage(["See:", {"type": "image", "base64": IMAGE}]),
    "an image by its id": HumanMessage(["See:", {"type": "image", "file_id": "file-78"}]),
    "a block of another provider": HumanMessage(
        [{"type": "non_standard", "value": {"type": "poll", "text": "Tea?"}}]
    ),
    "a block without a type": HumanMessage([{"guardContent": {"text": {"text": "words"}}}]),
}
"""What is refused as the newest message, by every class."""
