"""Messages of LlamaIndex, from whichever model they came, as Heroku accepts them."""

from __future__ import annotations

from base64 import b64decode, b64encode
from io import BytesIO

import pytest
from llama_index.core.base.llms.types import (
    AudioBlock,
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
from llama_index.core.llms import ChatMessage, MessageRole
from llama_index.core.llms.llm import ToolSelection
from pydantic import BaseModel

from heroku_inference import ConfigError
from llama_index_heroku import Heroku
from llama_index_heroku._messages import wire_messages

PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
DATA_URL = f"data:image/png;base64,{b64encode(PNG).decode()}"
CALL = {"id": "1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}

RESULT = ChatMessage("2", role="tool", additional_kwargs={"tool_call_id": "1"})


class Function(BaseModel):
    name: str = "add"
    arguments: str = '{"a":1}'


class SdkCall(BaseModel):
    id: str = "1"
    type: str = "function"
    function: Function = Function()


def parts(*blocks, role="user"):
    (message,) = wire_messages([ChatMessage(list(blocks), role=role)])
    return message["content"]


def test_roles_are_heroku_s():
    roles = [wire_messages([ChatMessage("x", role=role)])[0]["role"] for role in MessageRole]
    assert set(roles) == {"system", "developer", "user", "assistant", "tool"}
    assert [roles[list(MessageRole).index(role)] for role in ("chatbot", "model", "function")] == [
        "assistant",
        "assistant",
        "tool",
    ]


@pytest.mark.parametrize(
    "block",
    [
        ImageBlock(image=PNG),
        ImageBlock(image=b64encode(PNG)),
        ImageBlock(image=BytesIO(PNG)),
        ImageBlock(url=DATA_URL),
    ],
    ids=["bytes", "base64", "file object", "data url"],
)
def test_image_data_is_sent_as_a_data_url(block):
    assert parts(block) == [{"type": "image_url", "image_url": {"url": DATA_URL}}]


def test_an_image_file_is_read_and_a_url_passed_on(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(PNG)
    assert parts(ImageBlock(path=path))[0]["image_url"]["url"] == DATA_URL
    url = "https://example.com/x.png"
    assert parts(ImageBlock(url=url, detail="low"))[0]["image_url"] == {"url": url, "detail": "low"}


def test_an_image_of_unknown_type_is_refused():
    with pytest.raises(ConfigError, match="image_mimetype"):
        parts(ImageBlock(image=BytesIO(b"no image at all")))


def test_images_reach_the_server(emulator, config_vars):
    Heroku().chat([ChatMessage([TextBlock(text="What is this?"), ImageBlock(image=PNG)])])
    assert emulator.journal[-1].body["messages"][0]["content"][1]["type"] == "image_url"


def test_images_that_tools_return_are_shown_by_the_user(emulator, config_vars):
    def called(number):
        return ToolCallBlock(tool_call_id=number, tool_name="look", tool_kwargs={})

    def output(number, *blocks):
        return ChatMessage(list(blocks), role="tool", additional_kwargs={"tool_call_id": number})

    talk = [
        ChatMessage("Look."),
        ChatMessage([called("1"), called("2")], role="assistant"),
        output("1", ImageBlock(image=PNG)),
        output("2", TextBlock(text="Nothing."), ImageBlock(image=PNG)),
    ]
    for messages in (talk, [*talk, ChatMessage("And?")]):
        Heroku().chat(messages)
        wire = emulator.journal[-1].body["messages"]
        roles = ["user", "assistant", "tool", "tool", "user", "user"]
        assert [message["role"] for message in wire] == roles[: len(messages) + 1]
        shown = wire[4]["content"]
        assert [part["type"] for part in shown] == ["text", "image_url"] * 2
        assert [part["text"] for part in shown[::2]] == ["Result of 1:", "Result of 2:"]
        assert wire[2]["content"] == "The image is shown in the next message."
        assert wire[3]["content"] == "Nothing."


@pytest.mark.parametrize(
    "block",
    [
        AudioBlock(audio=b"x", format="wav"),
        VideoBlock(video=b"x", video_mimetype="video/mp4"),
        DocumentBlock(data=b"%PDF-1.7", document_mimetype="application/pdf"),
        DocumentBlock(url="https://example.com/x.txt", document_mimetype="text/plain"),
        DocumentBlock(data=b"\x00"),
    ],
    ids=["audio", "video", "pdf", "url", "unknown"],
)
def test_what_heroku_cannot_take_is_refused_by_name(block):
    with pytest.raises(ConfigError, match=rf"messages\[0\]: a {type(block).__name__}"):
        parts(TextBlock(text="x"), block)


def test_documents_and_sources_become_text(tmp_path):
    path = tmp_path / "notes.md"
    path.write_text("# Notes")
    told = parts(
        DocumentBlock(data=b"a,b", document_mimetype="text/csv", title="Table"),
        DocumentBlock(path=path, document_mimetype="text/markdown", title="Notes"),
        CitableBlock(title="A", source="a.txt", content=[TextBlock(text="said")]),
    )
    assert [part["text"] for part in told] == [
        "Table:\na,b",
        "Notes:\n# Notes",
        "A (a.txt):",
        "said",
    ]


def test_a_document_is_text_by_its_name_or_its_content(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b")
    told = parts(
        DocumentBlock(path=path, title="Table"),
        DocumentBlock(data=b"# Notes, all of them", title="notes.md"),
        DocumentBlock(data="Für später: ja".encode(), title="Tale"),
    )
    assert [part["text"] for part in told] == [
        "Table:\na,b",
        "notes.md:\n# Notes, all of them",
        "Tale:\nFür später: ja",
    ]


def test_an_image_is_sent_under_its_own_type():
    assert parts(ImageBlock(image=PNG, image_mimetype="image/jpeg")) == [
        {"type": "image_url", "image_url": {"url": DATA_URL}}
    ]


def test_thoughts_cache_points_and_citations_are_left_out():
    told = parts(
        ThinkingBlock(content="Hm."),
        TextBlock(text="Four."),
        CachePoint(cache_control=CacheControl(type="ephemeral")),
        CitationBlock(cited_content="x", source="s", title="t", additional_location_info={}),
        role="assistant",
    )
    assert told == [{"type": "text", "text": "Four."}]


@pytest.mark.parametrize(
    "call",
    [
        CALL,
        SdkCall(),
        ToolSelection(tool_id="1", tool_name="add", tool_kwargs={"a": 1}),
        {"tool_id": "1", "tool_name": "add", "tool_kwargs": {"a": 1}},
    ],
    ids=["dict", "sdk object", "selection", "selection dict"],
)
def test_calls_are_read_in_every_stored_form(emulator, config_vars, call):
    message = ChatMessage(role="assistant", additional_kwargs={"tool_calls": [call]})
    Heroku().chat([ChatMessage("Add."), message, RESULT, ChatMessage("And?")])
    assert emulator.journal[-1].body["messages"][1]["tool_calls"] == [CALL]


def test_calls_stored_twice_are_sent_once():
    block = ToolCallBlock(tool_call_id="1", tool_name="add", tool_kwargs='{"a":1}')
    message = ChatMessage([block], role="assistant", additional_kwargs={"tool_calls": [CALL]})
    assert wire_messages([message])[0]["tool_calls"] == [CALL]


def test_what_frameworks_keep_beside_a_message_is_not_sent():
    message = ChatMessage("x", role="assistant", additional_kwargs={"tool_call_id": "1", "y": 2})
    assert wire_messages([message])[0].keys() == {"role", "content"}


def test_a_refusal_is_remembered():
    message = ChatMessage("", role="assistant", additional_kwargs={"refusal": "No."})
    assert wire_messages([message])[0]["refusal"] == "No."
