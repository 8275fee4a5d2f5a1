"""What LlamaIndex's memories hold that Heroku's endpoints refuse: one table for all classes."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import (
    AudioBlock,
    BaseContentBlock,
    CacheControl,
    CachePoint,
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)
from llama_index.core.llms import ChatMessage
from llama_index.core.llms.llm import ToolSelection
from pydantic import BaseModel

from tests.wire_cases import PIXEL

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "GO_ON",
    "HISTORIES",
    "NOT_RUN",
    "NOT_STORED",
    "PDF",
    "PDFS",
    "UNSENDABLE",
    "History",
    "after",
    "called",
    "gone",
    "result",
]

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3"
GO_ON = "Please go on."
NOT_RUN = "was not run"
"""What a call without a result is answered with; agents say otherwise (see the test)."""

HALF = "\ud83d"  # of an emoji


class HologramBlock(BaseContentBlock):
    """A block of another package."""

    block_type: str = "hologram"
    title: str = "Leia"
    text: str = "Help me."


class SdkFunction(BaseModel):
    name: str = "add"
    arguments: str = '{"a":1}'


class SdkCall(BaseModel):
    """A call as OpenAI's SDK has it."""

    id: str = "call_1"
    type: str = "function"
    function: SdkFunction = SdkFunction()


@dataclass(frozen=True)
class History:
    """What a memory holds before the user's next turn.

    Attributes:
        messages: The messages.
        says: What the model must see of it.
        hides: What must not be sent.
        warns: Whether there is a warning; `None` where the endpoints differ.
        results: The calls and their results that are sent, as pairs of a name and a text.
    """

    messages: list[ChatMessage]
    says: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    warns: bool | None = None
    results: tuple[tuple[str, str], ...] | None = None


def called(*calls: tuple[Any, str, Any], text: str = "") -> ChatMessage:
    """A message of the model that calls tools: id, name, arguments of each."""
    blocks = [ToolCallBlock(tool_call_id=i, tool_name=n, tool_kwargs=a) for i, n, a in calls]
    return ChatMessage([*([TextBlock(text=text)] if text else []), *blocks], role="assistant")


def result(call_id: Any, text: Any, **further: Any) -> ChatMessage:
    """The result of a call."""
    kept = further if call_id is None else {"tool_call_id": call_id, **further}
    return ChatMessage(text, role="tool", additional_kwargs=kept)


def after(*messages: ChatMessage) -> list[ChatMessage]:
    """These, after the user asked for something."""
    return [ChatMessage("What is it?"), *messages]


def kept_beside(*calls: Any, **further: Any) -> ChatMessage:
    """A message of the model with calls in `additional_kwargs`, as older code keeps them."""
    return ChatMessage("", role="assistant", additional_kwargs={"tool_calls": [*calls], **further})


def holding(block: Any) -> ChatMessage:
    """A message with a block that LlamaIndex would not let in."""
    message = ChatMessage("x")
    message.blocks.append(block)
    return message


def gone(folder: Path) -> ImageBlock:
    """An image whose file was deleted since."""
    path = folder / "gone.png"
    path.write_bytes(PIXEL)
    block = ImageBlock(path=path)
    path.unlink()
    return block


# What neither endpoint takes, with what is said of it where it is older than the newest turn.
UNSENDABLE: dict[str, tuple[Any, tuple[str, ...]]] = {
    "audio": (AudioBlock(audio=b"x" * 9, format="wav"), ("audio", "wav")),
    "audio by URL": (AudioBlock(url="https://a.b/c.mp3"), ("audio", "https://a.b/c.mp3")),
    "video": (VideoBlock(video=b"x" * 9, video_mimetype="video/mp4"), ("video/mp4",)),
    "archive": (
        DocumentBlock(data=b"PK\x03\x04\x00", document_mimetype="application/zip", title="a.zip"),
        ("a.zip", "application/zip"),
    ),
    "page by URL": (
        DocumentBlock(url="https://a.b/c.html", document_mimetype="text/html"),
        ("https://a.b/c.html",),
    ),
    "document of unknown type": (DocumentBlock(data=b"\x00\x01", title="b.bin"), ("b.bin",)),
    "document without data": (DocumentBlock(title="c.bin"), ("c.bin",)),
    "image of unknown type": (ImageBlock(image=b"\x00no image"), ("image",)),
    "drawing": (
        ImageBlock(image=b"<svg/>", image_mimetype="image/svg+xml"),
        ("image/svg+xml",),
    ),
    "drawing in a URL": (
        ImageBlock(url="data:image/svg+xml;base64," + b64encode(b"<svg/>").decode()),
        ("image/svg+xml",),
    ),
    "image without data": (ImageBlock(), ("image",)),
    "citable archive": (
        CitableBlock(
            title="All",
            source="all.txt",
            content=[
                TextBlock(text="Some text."),
                DocumentBlock(data=b"PK\x03\x04\x00", document_mimetype="application/zip"),
            ],
        ),
        ("All (all.txt)", "Some text.", "application/zip"),
    ),
}

# What chat completions does not take, and the Messages endpoint does.
PDFS: dict[str, Any] = {
    "pdf": DocumentBlock(data=PDF, document_mimetype="application/pdf", title="Law"),
    "pdf by URL": DocumentBlock(url="https://a.b/law.pdf", title="Law"),
    "pdf as an image": ImageBlock(image=PDF, image_mimetype="application/pdf"),
}

HISTORIES: dict[str, History] = {
    # Blanks
    "blank system": History([ChatMessage("", role="system")], warns=False),
    "blank developer": History([ChatMessage(" \n", role="developer")], warns=False),
    "system without blocks": History([ChatMessage(role="system")], warns=False),
    "blank system in the middle": History(
        [*after(ChatMessage("This.", role="assistant")), ChatMessage("", role="system")],
        says=("What is it?", "This."),
        warns=False,
    ),
    "blank user": History(after(ChatMessage("", role="user")), says=("What is it?",)),
    "user without blocks": History([ChatMessage(role="user")]),
    "only blanks": History([ChatMessage("", role=role) for role in ("system", "user")]),
    "blank answer": History(after(ChatMessage(" \n ", role="assistant")), says=("What is it?",)),
    "answer without blocks": History(after(ChatMessage(role="assistant")), says=("What is it?",)),
    "thoughts only": History(
        after(ChatMessage([ThinkingBlock(content="Hm.")], role="assistant")), says=("What is it?",)
    ),
    "blank blocks beside text": History(
        [ChatMessage([TextBlock(text=" "), TextBlock(text="One."), TextBlock(text="")])],
        says=("One.",),
    ),
    "blank result": History(
        after(called(("c1", "add", {})), result("c1", "")), results=(("add", ""),)
    ),
    "begins with an answer": History([ChatMessage("Hello!", role="assistant")], says=("Hello!",)),
    "two answers": History(
        after(ChatMessage("One.", role="assistant"), ChatMessage("Two.", role="assistant")),
        says=("One.", "Two."),
    ),
    "answer that ends with white space": History(
        after(ChatMessage("One. \n", role="assistant")), says=("One.",)
    ),
    # Halves of characters
    "half an emoji of the user": History([ChatMessage(f"a{HALF}b")], says=("a\ufffdb",)),
    "half an emoji of the system": History(
        [ChatMessage(f"a{HALF}b", role="system")], says=("a\ufffdb",)
    ),
    "half an emoji in a result": History(
        after(called(("c1", "add", {})), result("c1", f"a{HALF}b")),
        results=(("add", "a\ufffdb"),),
    ),
    "half an emoji in arguments": History(
        after(called(("c1", "add", {"a": HALF})), result("c1", "2")),
        says=("\ufffd",),
        results=(("add", "2"),),
    ),
    "half an emoji in text arguments": History(
        after(called(("c1", "add", f'{{"a": "{HALF}"}}')), result("c1", "2")),
        says=("\ufffd",),
        results=(("add", "2"),),
    ),
    "an emoji in two halves": History([ChatMessage("\ud83d\ude00")], says=("😀",)),
    # Blocks
    "cache point at the start": History(
        [
            ChatMessage(
                [CachePoint(cache_control=CacheControl(type="ephemeral")), TextBlock(text="One.")]
            )
        ],
        says=("One.",),
        warns=False,
    ),
    "many cache points": History(
        [
            ChatMessage(
                [
                    TextBlock(text=f"Part {number}."),
                    CachePoint(cache_control=CacheControl(type="ephemeral")),
                ]
            )
            for number in range(6)
        ],
        says=("Part 0.", "Part 5."),
    ),
    "citation": History(
        after(
            ChatMessage(
                [
                    TextBlock(text="So it says."),
                    CitationBlock(
                        cited_content="x", source="s", title="t", additional_location_info={}
                    ),
                ],
                role="assistant",
            )
        ),
        says=("So it says.",),
        warns=False,
    ),
    "blank citable": History(
        [ChatMessage([CitableBlock(title="A", source="a.txt", content=""), TextBlock(text="x")])],
        says=("A (a.txt)",),
    ),
    "text in a document": History(
        [ChatMessage([DocumentBlock(data=b"a,b;c", document_mimetype="text/csv", title="T")])],
        says=("T", "a,b;c"),
        warns=False,
    ),
    "text of unknown type": History(
        [ChatMessage([DocumentBlock(data=b"Once upon a time", title="Tale")])],
        says=("Once upon a time",),
        warns=False,
    ),
    "image under another type": History(
        [ChatMessage([ImageBlock(image=PIXEL, image_mimetype="image/jpg")])],
        says=("image/png",),
        hides=("image/jpg",),
        warns=False,
    ),
    "image of the model": History(
        after(ChatMessage([TextBlock(text="Here:"), ImageBlock(image=PIXEL)], role="assistant")),
        says=("Here:", "image"),
    ),
    "image of the system": History(
        [ChatMessage([TextBlock(text="Logo:"), ImageBlock(image=PIXEL)], role="system")],
        says=("Logo:", "image/png"),
    ),
    "image in a result": History(
        after(called(("c1", "look", {})), result("c1", [ImageBlock(image=PIXEL)])),
        says=(b64encode(PIXEL).decode(),),
    ),
    "block of another package": History(
        [holding(HologramBlock())], says=("hologram", "Leia", "Help me."), warns=True
    ),
    "text among the blocks": History([holding("Plain.")], says=("Plain.",)),
    "dict among the blocks": History(
        [holding({"type": "file", "filename": "f.pdf", "data": "AAAA"})],
        says=("file", "f.pdf"),
        hides=("AAAA",),
        warns=True,
    ),
    # Calls and results
    "call without a result": History(
        after(called(("c1", "add", {"a": 1}))), says=(NOT_RUN,), warns=True
    ),
    "call without a result in the middle": History(
        after(called(("c1", "add", {"a": 1})), ChatMessage("Forget it."), ChatMessage("Or not.")),
        says=(NOT_RUN, "Forget it."),
        warns=True,
    ),
    "one of two calls without a result": History(
        after(called(("c1", "add", {}), ("c2", "sub", {})), result("c2", "Two.")),
        results=(("add", NOT_RUN), ("sub", "Two.")),
        warns=True,
    ),
    "result without its call": History([result("c9", "Nine.")], says=("Nine.",), warns=True),
    "result long after its call": History(
        after(called(("c1", "add", {})), ChatMessage("And?"), result("c1", "Late.")),
        says=("Late.",),
    ),
    "result twice": History(
        after(called(("c1", "add", {})), result("c1", "One."), result("c1", "One again.")),
        says=("One.", "One again."),
    ),
    "result without id": History(
        after(called(("c1", "add", {})), result(None, "Two.", name="add")),
        results=(("add", "Two."),),
    ),
    "ids that are missing": History(
        after(
            called((None, "add", {}), (None, "sub", {})),
            result(None, "Minus.", name="sub"),
            result(None, "Plus.", name="add"),
        ),
        results=(("add", "Plus."), ("sub", "Minus.")),
    ),
    "ids that are missing, without names": History(
        after(called((None, "add", {}), (None, "sub", {})), result(None, "1."), result(None, "2.")),
        results=(("add", "1."), ("sub", "2.")),
    ),
    "ids that are names": History(
        after(
            called(("add", "add", {"a": 1}), ("add", "add", {"a": 2})),
            result("add", "One."),
            result("add", "Two."),
        ),
        results=(("add", "One."), ("add", "Two.")),
    ),
    "ids of another provider": History(
        after(called(("call:1/ä", "add", {})), result("call:1/ä", "One.")),
        results=(("add", "One."),),
    ),
    "the same id in two rounds": History(
        after(
            called(("c1", "add", {})),
            result("c1", "One."),
            called(("c1", "add", {})),
            result("c1", "Two."),
        ),
        results=(("add", "One."), ("add", "Two.")),
    ),
    "names of another provider": History(
        after(called(("c1", "münze.wirf/" + "x" * 80, {})), result("c1", "Heads.")),
        says=("Heads.",),
        hides=("münze.wirf",),
    ),
    "arguments that are not JSON": History(
        after(called(("c1", "add", '{"a": 1, "b')), result("c1", "Broken.")),
        says=("Broken.", '\\"b'),
    ),
    "arguments that JSON does not have": History(
        after(
            called(("c1", "add", {"a": {1, 2}, "b": b"x", "c": object, "d": float("nan")})),
            result("c1", "Odd."),
        ),
        results=(("add", "Odd."),),
    ),
    "function message": History(
        after(
            kept_beside(function_call={"name": "add", "arguments": "{}"}),
            ChatMessage("Two.", role="function", additional_kwargs={"name": "add"}),
        ),
        results=(("add", "Two."),),
        warns=False,
    ),
    "function message alone": History(
        [ChatMessage("Two.", role="function", additional_kwargs={"name": "add"})], says=("Two.",)
    ),
    "roles of other models": History(
        after(
            ChatMessage("One.", role="chatbot"), ChatMessage("x"), ChatMessage("2.", role="model")
        ),
        says=("One.", "2."),
        warns=False,
    ),
    "reserved field names": History(
        after(
            ChatMessage(
                "One.",
                role="assistant",
                additional_kwargs={"tool_call_id": "c1", "name": "x", "thinking": {"a": 1}},
            )
        ),
        says=("One.",),
        warns=False,
    ),
}

NOT_STORED = {
    "arguments that JSON does not have",
    "block of another package",
    "dict among the blocks",
    "text among the blocks",
    *(name for name in HISTORIES if name.startswith("half an emoji")),
    "an emoji in two halves",
}
"""What LlamaIndex itself cannot store."""

for _name, _call in {
    "dict": {"id": "call_1", "function": {"name": "add", "arguments": '{"a":1}'}},
    "SDK": SdkCall(),
    "selection": ToolSelection(tool_id="call_1", tool_name="add", tool_kwargs={"a": 1}),
    "selection's dict": {"tool_id": "call_1", "tool_name": "add", "tool_kwargs": {"a": 1}},
    "Anthropic": {"id": "call_1", "name": "add", "input": {"a": 1}, "type": "tool_use"},
    "Ollama": {"function": {"name": "add", "arguments": {"a": 1}}},
    "Bedrock": {"toolUseId": "call_1", "name": "add", "input": {"a": 1}},
    "Gemini": {"name": "add", "args": {"a": 1}},
    "Cohere": {"id": "call_1", "name": "add", "parameters": {"a": 1}},
    "Responses": {
        "type": "function_call",
        "call_id": "call_1",
        "name": "add",
        "arguments": '{"a":1}',
    },
}.items():
    HISTORIES[f"call of {_name} beside the message"] = History(
        after(kept_beside(_call), result("call_1", "Done.")),
        results=(("add", "Done."),),
        warns=None if _name in {"Ollama", "Gemini"} else False,
    )
for _name, _call in {"a text": "add(1)", "no name": {"id": "c1"}, "no dict": 7}.items():
    HISTORIES[f"call of unknown form: {_name}"] = History(
        after(kept_beside(_call), result("c1", "Done.")), says=("Done.", "tool call"), warns=True
    )
for _role in ("user", "assistant", "tool", "system"):
    for _name, (_block, _says) in UNSENDABLE.items():
        _held = ChatMessage(
            [TextBlock(text="See:"), _block],
            role=_role,
            additional_kwargs={"tool_call_id": "c1"} if _role == "tool" else {},
        )
        HISTORIES[f"{_name} of the {_role}"] = History(
            after(called(("c1", "add", {})), _held) if _role == "tool" else after(_held),
            says=("See:", *_says),
            warns=True,
        )
    for _name, _block in PDFS.items():
        _held = ChatMessage(
            [TextBlock(text="See:"), _block],
            role=_role,
            additional_kwargs={"tool_call_id": "c1"} if _role == "tool" else {},
        )
        HISTORIES[f"{_name} of the {_role}"] = History(
            after(called(("c1", "add", {})), _held) if _role == "tool" else after(_held),
            says=("See:", "pdf"),
        )
