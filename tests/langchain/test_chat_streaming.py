"""A stream's pieces add up to the plain answer, in every form of the wire and of LangChain."""

import asyncio
import json

import pytest

from heroku_emulator import CallTools, RawStream, Say
from langchain_heroku import ChatHeroku, errors
from tests.wire_cases import SWITCHES

pytestmark = pytest.mark.usefixtures("config_vars")

ANSWERS = {
    "text": Say("Grüße aus Köln 🌍, and more than one line.\n\nReally."),
    "reasoning": Say("Four.", reasoning="Two and two\nmake four. 🤔"),
    "reasoning, text and parallel tools": CallTools(
        [("add", {"a": 1, "b": [2, {"c": "é"}]}), ("now", {}), ("add", {"a": 3})],
        text="Let me add.",
        reasoning="They want sums.",
        ids=["tooluse_1", "tooluse_2", "tooluse_3"],
    ),
    "tool only": CallTools([("now", {})], ids=["tooluse_1"]),
}
NO_HEADERS = {"request_id_header": "none", "rate_limit_headers": False}


@pytest.fixture
def llm():
    return ChatHeroku(model="claude-4-5-sonnet")


def facts(message):
    """What a message says, but for what differs from call to call."""
    blocks = [
        {key: value for key, value in block.items() if key not in {"index", "id"}}
        for block in message.content_blocks
    ]
    metadata = {
        key: value
        for key, value in message.response_metadata.items()
        if key in {"finish_reason", "model_name", "model_provider", "token_usage"}
    }
    calls = [(call["name"], call["args"], call["id"]) for call in message.tool_calls]
    thoughts = message.additional_kwargs
    return message.text, blocks, calls, thoughts, message.usage_metadata, metadata


def summed(chunks):
    first, *rest = chunks
    for chunk in rest:
        first += chunk
    return first


async def streamed(llm):
    return summed([chunk async for chunk in llm.astream("Go.")])


async def output_of_events(llm):
    stream = await llm.astream_events("Go.", version="v3")
    return await stream.output


READINGS = {
    "invoke": lambda llm: llm.invoke("Go."),
    "ainvoke": lambda llm: asyncio.run(llm.ainvoke("Go.")),
    "stream": lambda llm: summed(llm.stream("Go.")),
    "astream": lambda llm: asyncio.run(streamed(llm)),
    "events v3": lambda llm: llm.stream_events("Go.", version="v3").output,
    "async events v3": lambda llm: asyncio.run(output_of_events(llm)),
    "invoke that streams": lambda llm: llm.model_copy(update={"streaming": True}).invoke("Go."),
}


@pytest.mark.parametrize(
    "switches", [*SWITCHES.values(), NO_HEADERS], ids=[*SWITCHES, "no headers"]
)
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_every_way_to_read_an_answer_reads_the_same(emulator, llm, answer, switches):
    emulator.switch(**switches)
    emulator.script(*[answer] * (2 * len(READINGS)))
    expected = facts(READINGS["invoke"](llm))
    read = {
        f"{name}, {version}": facts(reading(llm.model_copy(update={"output_version": version})))
        for version in (None, "v1")
        for name, reading in READINGS.items()
        if (name, version) != ("invoke", None)
    }
    for name, seen in read.items():
        assert seen == expected, name


def test_streams_have_one_text_block_in_v1_and_distinct_tool_calls(emulator, llm):
    emulator.script(ANSWERS["reasoning, text and parallel tools"])
    message = summed(llm.model_copy(update={"output_version": "v1"}).stream("Go."))
    assert [block["type"] for block in message.content] == [
        "reasoning",
        "text",
        "tool_call",
        "tool_call",
        "tool_call",
    ]


def test_each_fact_is_reported_once(emulator, llm):
    emulator.script(ANSWERS["reasoning"])
    chunks = list(llm.stream("Go."))
    for name in ("model_name", "id", "finish_reason", "request_id", "system_fingerprint"):
        assert sum(name in chunk.response_metadata for chunk in chunks) == 1, name
    assert sum(chunk.usage_metadata is not None for chunk in chunks) == 1
    assert [chunk.chunk_position for chunk in chunks if chunk.chunk_position] == ["last"]
    assert chunks[-1].chunk_position == "last"
    assert chunks[-1].usage_metadata  # so core had to add no chunk of its own


def test_the_reasoning_stands_under_both_names(emulator, llm):
    emulator.script(ANSWERS["reasoning"])
    thoughts = summed(llm.stream("Go.")).additional_kwargs
    assert thoughts["reasoning"] == {"thinking": "Two and two\nmake four. 🤔"}
    assert thoughts["reasoning_content"] == "Two and two\nmake four. 🤔"


def test_a_signature_after_the_reasoning_belongs_to_it(emulator, llm):
    deltas = [
        {"reasoning": {"thinking": "hm"}},
        {"reasoning": {"signature": "s"}},
        {"content": "Four."},
    ]
    frames = [{"choices": [{"delta": delta}]} for delta in deltas]
    frames.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    parts = [f"event: message\ndata: {json.dumps(frame)}\n\n" for frame in frames]
    emulator.script(RawStream([*parts, "data: [DONE]\n\n"], times=2))
    block = {"type": "reasoning", "reasoning": "hm", "extras": {"signature": "s"}}
    assert summed(llm.stream("Go.")).content_blocks[0] == block
    v1 = summed(llm.model_copy(update={"output_version": "v1"}).stream("Go.")).content_blocks[0]
    assert v1 == {**block, "index": "lc_reasoning"}


@pytest.mark.parametrize("on_model", [True, False])
def test_a_stream_reports_no_usage_when_usage_is_off(emulator, llm, on_model):
    if on_model:
        llm = ChatHeroku(model="claude-4-5-sonnet", stream_usage=False)
    message = summed(llm.stream("Go.", **({} if on_model else {"stream_usage": False})))
    assert message.usage_metadata is None
    assert "token_usage" not in message.response_metadata


def test_streaming_set_to_false_makes_even_streams_plain(emulator):
    llm = ChatHeroku(model="claude-4-5-sonnet", streaming=False)
    (chunk,) = llm.stream("Go.")
    assert chunk.text
    assert "stream" not in emulator.journal[-1].body


def test_several_answers_cannot_be_one_stream(emulator, llm):
    with pytest.raises(errors.ConfigError, match="n=2"):
        list(llm.stream("Go.", n=2))
    assert len(emulator.journal) == 0
