"""Conversations as memories hold them: one table that every class is held against.

All are in OpenAI's shape, with parts and fields as frameworks store them. Each can be sent. What
`seen` names reaches the model, and what `unseen` names does not. The tests of an adapter convert
them into their framework's messages, and leave those out that it cannot express.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import pytest

from tests.wire_cases import PIXEL

__all__ = [
    "HISTORIES",
    "REFUSED",
    "History",
    "Refused",
    "each_history",
    "each_refused",
    "images_sent",
    "texts_sent",
]

Message = dict[str, Any]


@dataclass(frozen=True)
class History:
    """A conversation, and what of it the model must see."""

    name: str
    messages: list[Message]
    seen: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    warns: bool | None = False
    """Whether one `UserWarning` says what was repaired; `None` where the endpoints differ."""
    images: int = 0
    """How many images reach the model."""

    @property
    def seen_by_agents(self) -> tuple[str, ...]:
        """What an agent sees: the server may have run a call whose result is missing."""
        return tuple(NOT_KNOWN if text == NOT_RUN else text for text in self.seen)


@dataclass(frozen=True)
class Refused:
    """A newest turn that is refused before anything is sent; once it is older, it is described."""

    name: str
    message: Message
    error: str
    """A regular expression for the error."""
    seen: tuple[str, ...] = ()
    """What the model sees of it in the next turn."""
    taken_by_messages: bool = False
    """Whether the Messages endpoint takes it."""


def each_history(*, without=()):
    """Parametrizes a test over all histories, by name; `without` are names to leave out."""
    chosen = [history for history in HISTORIES if history.name not in without]
    return pytest.mark.parametrize("history", chosen, ids=[history.name for history in chosen])


def each_refused(*, without=()):
    """Parametrizes a test over all refused turns, by name."""
    chosen = [turn for turn in REFUSED if turn.name not in without]
    return pytest.mark.parametrize("refused", chosen, ids=[turn.name for turn in chosen])


def texts_sent(body: Message) -> str:
    """Every text of a request, of either endpoint: content, names and arguments, results."""
    return "\n".join(_texts([body.get("system"), body["messages"]]))


def images_sent(body: Message) -> int:
    """How many images a request has, of either endpoint."""
    return _images(body["messages"])


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    if isinstance(value, dict):
        kept = (inner for key, inner in value.items() if key not in {"type", "role", "image_url"})
        return [text for inner in kept for text in _texts(inner)]
    return []


def _images(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_images, value))
    if isinstance(value, dict):
        return (value.get("type") in {"image", "image_url"}) + _images(list(value.values()))
    return 0


def user(content: Any) -> Message:
    return {"role": "user", "content": content}


def system(content: Any) -> Message:
    return {"role": "system", "content": content}


def said(content: Any = "Good.", **fields: Any) -> Message:
    return {"role": "assistant", "content": content, **fields}


def call(
    call_id: Any = "call_1", name: Any = "add", arguments: Any = '{"a": 1, "b": 2}'
) -> Message:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def called(*calls: Message, content: Any = "") -> Message:
    return {"role": "assistant", "content": content, "tool_calls": list(calls or [call()])}


def result(call_id: Any = "call_1", content: Any = "The sum is three.", **fields: Any) -> Message:
    return {"role": "tool", "tool_call_id": call_id, "content": content, **fields}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


HELLO, NEXT = user("Hello there"), user("And now?")
PNG = f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"
IMAGE = {"type": "image_url", "image_url": {"url": PNG}}
NOT_RUN = "This call was not run"
NOT_KNOWN = "The result of this call is not known."
GONE = "whose call is no longer part of this conversation"
THREE = "The sum is three."

# What no endpoint takes, by name: the part, and what the model is told of it.
PARTS: dict[str, tuple[Message, tuple[str, ...]]] = {
    "a link to a resource": (
        {
            "type": "resource_link",
            "uri": "file:///report.txt",
            "name": "report.txt",
            "mimeType": "text/plain",
            "description": "The yearly report",
        },
        ("resource_link", "report.txt", "file:///report.txt", "text/plain", "The yearly report"),
    ),
    "a resource with its text": (
        {
            "type": "resource",
            "resource": {"uri": "file:///a.txt", "mimeType": "text/plain", "text": "Blue sky"},
        },
        ("file:///a.txt", "Blue sky"),
    ),
    "a PDF in OpenAI's form": (
        {
            "type": "file",
            "file": {"filename": "plan.pdf", "file_data": "data:application/pdf;base64,QUJD"},
        },
        ("file", "plan.pdf", "application/pdf"),
    ),
    "a PDF in LangChain's form": (
        {
            "type": "file",
            "base64": "QUJD",
            "mime_type": "application/pdf",
            "extras": {"filename": "plan.pdf"},
        },
        ("file", "plan.pdf", "application/pdf"),
    ),
    "a file by its id": ({"type": "file", "file": {"file_id": "file-7"}}, ("file", "file-7")),
    "a table as a file": (
        {"type": "file", "base64": encoded("city,rain\nBergen,9"), "mime_type": "text/csv"},
        ("Bergen,9",),
    ),
    "a recording": (
        {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}},
        ("input_audio", "wav"),
    ),
    "a film": (
        {"type": "video", "url": "https://example.com/film.mp4", "mime_type": "video/mp4"},
        ("video", "https://example.com/film.mp4", "video/mp4"),
    ),
    "JSON": ({"type": "json", "json": {"rain": [1, 2]}}, ('"rain"',)),
    "a search result": (
        {
            "type": "search_result",
            "source": "https://example.com/rain",
            "title": "Rain in Bergen",
            "content": [{"type": "text", "text": "It rains on 239 days."}],
        },
        ("Rain in Bergen", "https://example.com/rain", "It rains on 239 days."),
    ),
    "the output of a custom tool": (
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "Forty-two"},
        ("Forty-two",),
    ),
    "a block of another provider": (
        {"type": "non_standard", "value": {"type": "weather_card", "city": "Bergen"}},
        ("weather_card", "Bergen"),
    ),
    "a part without a type": ({"city": "Bergen"}, ("Bergen",)),
}

_SERVER_TOOLS = [
    {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "rain"}},
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srv_1",
        "content": [
            {
                "type": "web_search_result",
                "title": "Rain in Bergen",
                "url": "https://example.com/rain",
                "encrypted_content": "SECRET",
            }
        ],
    },
    {"type": "text", "text": "It rains."},
]

HISTORIES: list[History] = [
    # Plain
    History("one message", [HELLO], ("Hello there",)),
    History("a conversation", [system("Be kind."), HELLO, said(), NEXT], ("Be kind.", "Good.")),
    # Blanks
    History("an empty system prompt", [system(""), HELLO], ("Hello there",)),
    History("a blank developer message", [{"role": "developer", "content": " \n"}, HELLO]),
    History("a slot without context", [HELLO, said(), system(""), NEXT], ("Hello there", "Good.")),
    History("an older blank turn", [user("  "), said(), NEXT], ("Good.",), warns=True),
    History("two users, the older one blank", [HELLO, said(), user(""), NEXT], warns=True),
    History("a user without content", [user(None), user([]), NEXT], warns=True),
    History("an answer of white space", [HELLO, said(" \n"), NEXT], ("Hello there",)),
    History("an answer without content", [HELLO, said(None), said([]), NEXT]),
    History(
        "blank texts beside an image", [user([" ", IMAGE, {"type": "text", "text": ""}])], images=1
    ),
    History(
        "a blank part of an answer", [HELLO, said([{"type": "text", "text": ""}, "Yes."]), NEXT]
    ),
    # Half characters
    History(
        "half a character from the user", [user("caf\ud83d au lait")], ("caf\ufffd au",), warns=True
    ),
    History("two halves of one character", [user("smile \ud83d\ude00")], ("smile 😀",), warns=True),
    History(
        "half a character in the system", [system("x\udc00y"), HELLO], ("x\ufffdy",), warns=True
    ),
    History(
        "half a character in a part",
        [user([{"type": "text", "text": "a\ud83d"}, IMAGE])],
        ("a\ufffd",),
        warns=True,
        images=1,
    ),
    History(
        "half a character in a result",
        [HELLO, called(), result(content="a\ud83db"), NEXT],
        ("a\ufffdb",),
        warns=True,
    ),
    History(
        "half a character in arguments",
        [HELLO, called(call(arguments='{"a": "x\ud83d"}')), result(), NEXT],
        ("x\ufffd", THREE),
        warns=True,
    ),
    History(
        "half a character, escaped, in arguments",
        [HELLO, called(call(arguments=r'{"a": "x\ud83d"}')), result(), NEXT],
        ("x\ufffd", THREE),
        warns=None,
    ),
    # What Heroku does not take
    *(
        History(
            f"{name} in a result",
            [HELLO, called(), result(content=[part]), NEXT],
            seen,
            ("QUJD",),
            warns=True,
        )
        for name, (part, seen) in PARTS.items()
    ),
    *(
        History(
            f"{name} in an older turn",
            [user([{"type": "text", "text": "Look"}, part]), said(), NEXT],
            ("Look", *seen),
            ("QUJD",),
            warns=True,
        )
        for name, (part, seen) in PARTS.items()
    ),
    History(
        "a refused turn right before the newest",
        [HELLO, said(), user([PARTS["a recording"][0]]), NEXT],
        ("wav",),
        ("QUJD",),
        warns=True,
    ),
    History(
        "a file in an answer",
        [
            HELLO,
            said([{"type": "text", "text": "Here"}, PARTS["a PDF in LangChain's form"][0]]),
            NEXT,
        ],
        ("Here", "plan.pdf"),
        ("QUJD",),
        warns=True,
    ),
    History(
        "a file in the system prompt",
        [system(["Read", PARTS["a file by its id"][0]]), HELLO],
        ("Read", "file-7"),
        warns=True,
    ),
    History(
        "blocks of another provider's own tools",
        [HELLO, said(_SERVER_TOOLS), NEXT],
        ("web_search", "Rain in Bergen", "It rains."),
        ("SECRET",),
        warns=True,
    ),
    History(
        "a result that is a mapping",
        [HELLO, called(), result(content={"type": "text", "text": THREE}), NEXT],
        (THREE,),
    ),
    # Images
    History("an image of the user's", [user(["What?", IMAGE]), said(), NEXT], ("What?",), images=1),
    History("an image from a tool", [HELLO, called(), result(content=[IMAGE]), NEXT], images=1),
    History(
        "an older image that cannot be fetched",
        [
            user(["Look", {"type": "image_url", "image_url": {"url": "file:///cat.png"}}]),
            said(),
            NEXT,
        ],
        ("Look", "file:///cat.png"),
        warns=True,
    ),
    History(
        "an older image with broken data",
        [
            user(
                ["Look", {"type": "image_url", "image_url": {"url": "data:image/png;base64,A=A"}}]
            ),
            said(),
            NEXT,
        ],
        ("Look",),
        warns=True,
    ),
    # Names, ids and arguments
    History(
        "names with a namespace",
        [HELLO, called(call(name="mcp-python/code_exec")), result(), NEXT],
        ("code_exec", THREE),
    ),
    History(
        "names that are too long",
        [HELLO, called(call(name="x" * 70)), result(), NEXT],
        ("x" * 64, THREE),
        ("x" * 65,),
    ),
    History(
        "names that become one",
        [
            HELLO,
            called(call("a", "a.b"), call("b", "a b")),
            result("a", "one"),
            result("b", "two"),
            NEXT,
        ],
        ("a_b", "one", "two"),
    ),
    History(
        "ids of another provider",
        [HELLO, called(call("functions.add:0")), result("functions.add:0"), NEXT],
        (THREE,),
        (NOT_RUN,),
    ),
    History(
        "ids that are too long",
        [HELLO, called(call("i" * 90)), result("i" * 90), NEXT],
        (THREE,),
        (NOT_RUN,),
    ),
    History(
        "no ids",
        [
            HELLO,
            called(call(None), call(None, "sub")),
            result(None, name="sub"),
            result(None, "Four.", name="add"),
            NEXT,
        ],
        (THREE, "Four."),
        (NOT_RUN, GONE),
    ),
    History(
        "no ids and no names",
        [HELLO, called(call(""), call("")), result("", "one"), result(None, "two"), NEXT],
        ("one", "two"),
        (NOT_RUN, GONE),
    ),
    History(
        "no ids in two turns",
        [
            HELLO,
            called(call(None)),
            result(None, "one"),
            called(call(None)),
            result(None, "two"),
            NEXT,
        ],
        ("one", "two"),
        (NOT_RUN, GONE),
    ),
    History(
        "the same id in each turn",
        [
            HELLO,
            called(call("call_0")),
            result("call_0", "one"),
            called(call("call_0")),
            result("call_0", "two"),
            NEXT,
        ],
        ("one", "two"),
        (NOT_RUN, GONE),
    ),
    History(
        "the same id in one turn",
        [HELLO, called(call("add"), call("add")), result("add", "one"), result("add", "two"), NEXT],
        ("one", "two"),
        (NOT_RUN, GONE),
    ),
    History(
        "results by the tool's name",
        [
            HELLO,
            called(call(None), call(None, "sub")),
            result("sub", "one"),
            result("add", "two"),
            NEXT,
        ],
        ("one", "two"),
        (NOT_RUN, GONE),
    ),
    History(
        "arguments that are not JSON",
        [HELLO, called(call(arguments="{'a': 1")), result(), NEXT],
        ("{'a': 1", THREE),
    ),
    History(
        "arguments that are not an object",
        [HELLO, called(call(arguments="[1, 2]")), result(), NEXT],
        (THREE,),
    ),
    History(
        "arguments without a number",
        [HELLO, called(call(arguments='{"a": NaN, "b": Infinity}')), result(), NEXT],
        ("NaN", THREE),
    ),
    History(
        "no arguments",
        [
            HELLO,
            called(call(arguments=""), call("c2", arguments=None)),
            result(),
            result("c2"),
            NEXT,
        ],
        (THREE,),
    ),
    History(
        "arguments as an object",
        [HELLO, called(call(arguments={"a": 17})), result(), NEXT],
        ("a", THREE),
    ),
    History(
        "an empty list of calls",
        [HELLO, said(tool_calls=[]), said(tool_calls=None), NEXT],
        ("Good.",),
    ),
    History(
        "a call that names no tool",
        [HELLO, said("Hm.", tool_calls=[call(name="")]), NEXT],
        ("Hm.",),
        warns=True,
    ),
    History(
        "the calls of 2023",
        [
            HELLO,
            said(None, function_call={"name": "add", "arguments": "{}"}),
            {"role": "function", "name": "add", "content": THREE},
            NEXT,
        ],
        ("add", THREE),
        (NOT_RUN, GONE),
    ),
    # Calls and results
    History("a call and its result", [HELLO, called(), result(), NEXT], (THREE,)),
    History("a call that was never run", [HELLO, called(), NEXT], (NOT_RUN,), warns=True),
    History("a call at the end", [HELLO, called()], (NOT_RUN,), warns=True),
    History(
        "a call at the end after words",
        [HELLO, called(content="One moment.")],
        ("One moment.", NOT_RUN),
        warns=True,
    ),
    History(
        "one of two calls",
        [HELLO, called(call("a"), call("b")), result("b", "two"), NEXT],
        ("two", NOT_RUN),
        warns=True,
    ),
    History(
        "one of two calls at the end",
        [HELLO, called(call("a"), call("b")), result("a", "one")],
        ("one", NOT_RUN),
        warns=True,
    ),
    History(
        "results in another order",
        [HELLO, called(call("a"), call("b")), result("b", "two"), result("a", "one"), NEXT],
        ("one", "two"),
        (NOT_RUN,),
    ),
    History(
        "a result after other words",
        [HELLO, called(), user("Wait"), result(), NEXT],
        ("Wait", THREE),
        (NOT_RUN, GONE),
        warns=True,
    ),
    History(
        "a result after an answer",
        [HELLO, called(), said("Hm."), result(), NEXT],
        ("Hm.", THREE),
        (NOT_RUN, GONE),
        warns=True,
    ),
    History(
        "a result before its call",
        [HELLO, result(), called(), NEXT],
        (THREE,),
        (NOT_RUN, GONE),
        warns=True,
    ),
    History(
        "two results of one call",
        [HELLO, called(), result(content="Half."), result(content="All."), NEXT],
        ("Half.", "All."),
        warns=True,
    ),
    History(
        "the same result twice", [HELLO, called(), result(), result(), NEXT], (THREE,), (GONE,)
    ),
    History(
        "a result whose call was trimmed away",
        [result(name="add"), NEXT],
        (THREE, "add", GONE),
        warns=True,
    ),
    History(
        "a result without its call in the middle",
        [HELLO, said(), result("other"), NEXT],
        (THREE, GONE),
        warns=True,
    ),
    History(
        "a result without its call at the end", [HELLO, result("other")], (THREE, GONE), warns=True
    ),
    History(
        "a result with an image and no call",
        [result(content=["Look", IMAGE]), NEXT],
        ("Look", GONE),
        warns=True,
        images=1,
    ),
    History(
        "empty results",
        [HELLO, called(call("a"), call("b")), result("a", ""), result("b", None), NEXT],
        (),
        (NOT_RUN,),
    ),
    History(
        "a result that is bare JSON", [HELLO, called(), result(content="[1, 2]"), NEXT], ("[1, 2]",)
    ),
    History(
        "results in Anthropic's form",
        [
            HELLO,
            said([{"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}}]),
            user([{"type": "tool_result", "tool_use_id": "t1", "content": THREE}]),
        ],
        ("add", THREE),
        (NOT_RUN, GONE),
    ),
    History(
        "words beside a result in Anthropic's form",
        [
            HELLO,
            called(),
            user(
                [
                    {
                        "type": "tool_result",
                        "tool_use_id": "call_1",
                        "content": [{"type": "text", "text": THREE}],
                    },
                    {"type": "text", "text": "And now?"},
                ]
            ),
        ],
        (THREE, "And now?"),
        (NOT_RUN, GONE),
    ),
    # Roles and fields
    History(
        "a role that Heroku does not have",
        [HELLO, {"role": "critic", "content": "Too short."}, NEXT],
        ("critic", "Too short."),
        warns=True,
    ),
    History(
        "other names of roles",
        [{"role": "human", "content": "Hello there"}, {"role": "ai", "content": "Good."}, NEXT],
        ("Hello there", "Good."),
    ),
    History(
        "fields of other providers",
        [{**HELLO, "mood": "merry"}, said(audio={"id": "a1"}), NEXT],
        ("Hello there", "Good."),
        warns=True,
    ),
    History(
        "thoughts of other providers",
        [
            HELLO,
            said(
                [
                    {"type": "thinking", "thinking": "HIDDEN"},
                    {"type": "reasoning", "reasoning": "HIDDEN"},
                    {"type": "text", "text": "Good."},
                ]
            ),
            NEXT,
        ],
        ("Good.",),
        ("HIDDEN",),
    ),
    History(
        "marks for the cache",
        [
            user([{"type": "text", "text": "Hello there", "cache_control": {"type": "ephemeral"}}]),
            said(),
            NEXT,
        ],
        ("Hello there",),
    ),
    # Who begins and who ends
    History("the assistant begins", [said("Welcome!"), HELLO], ("Welcome!", "Hello there")),
    History("the assistant ends", [HELLO, said("The answer is ")], ("The answer is",)),
    History("two answers in a row", [HELLO, said("One."), said("Two."), NEXT], ("One.", "Two.")),
    History(
        "a call after an answer in a row",
        [HELLO, said("One."), called(), result(), NEXT],
        ("One.", THREE),
    ),
]

REFUSED: list[Refused] = [
    Refused("blank", user(" \n"), "the user message is empty"),
    Refused("empty", user(""), "the user message is empty"),
    Refused("no parts", user([]), "the user message is empty"),
    *(
        Refused(
            name, user([{"type": "text", "text": "Look"}, part]), "cannot be sent", ("Look", *seen)
        )
        for name, (part, seen) in PARTS.items()
    ),
]
