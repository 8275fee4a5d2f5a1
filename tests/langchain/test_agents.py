"""A run of Heroku's agent as one message: what is in it, whole and in pieces, v0 and v1."""

import json

import pytest
from langchain_core.callbacks import UsageMetadataCallbackHandler

from heroku_emulator import CallTools, RawStream, Say, ToolResult
from heroku_inference import agent_tools
from langchain_heroku import ChatHerokuAgent
from tests.langchain.agent_runs import (
    BLOCKS,
    PATH,
    RUN,
    WAYS,
    astream_chunks,
    stream_chunks,
    without_index,
)

pytestmark = pytest.mark.usefixtures("config_vars")


@pytest.fixture
def agent():
    return ChatHerokuAgent(tools=[agent_tools.code_exec_python()])


@pytest.fixture(params=WAYS.values(), ids=WAYS.keys())
def ask(request):
    """An agent's message, by each way to have it run."""
    return lambda agent, question="How much is six times seven?", **options: request.param(
        agent, question, **options
    )


@pytest.mark.parametrize("output_version", [None, "v0", "v1"])
def test_a_message_holds_all_that_happened_in_order(emulator, ask, output_version):
    emulator.script(*RUN)
    agent = ChatHerokuAgent(tools=["code_exec_python"], output_version=output_version)
    message = ask(agent)
    assert without_index(message.content_blocks) == BLOCKS
    assert without_index(message.content) == BLOCKS
    assert message.text == "It is 42."
    assert message.tool_calls == message.invalid_tool_calls == []


@pytest.mark.parametrize("extras", [{}, {"signature": "s"}], ids=["unsigned", "signed"])
def test_thinking_keeps_its_signature(emulator, ask, agent, extras):
    thought = {"role": "assistant", "content": "42", "reasoning": {"thinking": "hm", **extras}}
    choice = {"index": 0, "message": thought, "finish_reason": "stop"}
    event = {"id": "run", "object": "chat.completion", "model": "m", "choices": [choice]}
    frames = f"event: message\ndata: {json.dumps(event)}\n\nevent: done\ndata: [DONE]\n\n"
    emulator.script(RawStream(frames.encode(), path=PATH))
    reasoning, text = without_index(ask(agent).content_blocks)
    signed = {"extras": extras} if extras else {}
    assert reasoning == {"type": "reasoning", "reasoning": "hm", **signed}
    assert text == {"type": "text", "text": "42"}


def test_a_stream_adds_up_to_the_message_and_its_metadata(emulator, agent):
    emulator.switch(rate_limit_headers=False)
    messages = []
    for way in WAYS.values():
        emulator.script(*RUN)
        messages.append(way(agent, "How much is six times seven?"))
    first = messages[0]
    for message in messages:
        assert message.usage_metadata == first.usage_metadata
        metadata, same = message.response_metadata, first.response_metadata
        assert metadata["id"]
        assert metadata["request_id"]
        ours = {name: same[name] for name in same if name not in {"id", "request_id"}}
        assert {name: metadata[name] for name in ours} == ours
    assert ours.keys() == {
        "finish_reason",
        "model_name",
        "model_provider",
        "system_fingerprint",
        "token_usage",
    }
    assert ours["finish_reason"] == "stop"


def test_rate_limits_are_reported(emulator, ask, agent):
    emulator.script(Say("Yes.", path=PATH))
    assert ask(agent).response_metadata["rate_limits"]["limit_requests"]


def test_tokens_are_summed_over_the_turns_of_the_model(emulator, ask, agent):
    emulator.script(*RUN)
    counter = UsageMetadataCallbackHandler()
    message = ask(agent, config={"callbacks": [counter]})
    emulator.script(*RUN)
    turns = [chunk.usage_metadata for chunk in stream_chunks(agent) if chunk.usage_metadata]
    assert len(turns) == 3
    total = {name: sum(turn[name] for turn in turns) for name in turns[0]}
    assert message.usage_metadata == total
    assert counter.usage_metadata == {"claude-4-5-sonnet": total}
    used = message.response_metadata["token_usage"]
    assert [used["prompt_tokens"], used["completion_tokens"], used["total_tokens"]] == [
        *total.values()
    ]


@pytest.mark.parametrize("stream", [stream_chunks, astream_chunks])
@pytest.mark.parametrize("output_version", ["v0", "v1"])
def test_a_stream_has_a_chunk_for_each_step(emulator, stream, output_version):
    emulator.script(*RUN)
    chunks = stream(ChatHerokuAgent(tools=["code_exec_python"], output_version=output_version))
    kinds = [[block["type"] for block in chunk.content_blocks] for chunk in chunks]
    assert kinds == [
        ["reasoning", "server_tool_call"],
        ["server_tool_result"],
        ["server_tool_call", "server_tool_call"],
        ["server_tool_result"],
        ["server_tool_result"],
        ["text"],
        [],
    ]
    assert [chunk.text for chunk in chunks if chunk.text] == ["It is 42."]


def test_an_event_stream_of_version_3_tells_the_same(emulator, agent):
    emulator.script(*RUN)
    events = agent.stream_events("How much?", version="v3")
    assert "".join(events.text) == "It is 42."
    output = events.output
    assert without_index(output.content) == BLOCKS
    assert output.text == "It is 42."


@pytest.mark.parametrize("output_version", ["v0", "v1"])
def test_an_answer_without_tools_is_like_any_chat_models(emulator, ask, output_version):
    emulator.script(Say("Paris.", path=PATH))
    message = ask(ChatHerokuAgent(output_version=output_version))
    assert message.text == "Paris."
    assert (message.content == "Paris.") == (output_version == "v0")
    assert without_index(message.content_blocks) == [{"type": "text", "text": "Paris."}]
    assert "tools" not in emulator.journal[-1].body


def test_reasoning_and_text_do_not_mix(emulator, ask, agent):
    emulator.script(
        CallTools([("code_exec_python", {})], text="I look.", reasoning="Hm.", path=PATH),
        ToolResult("1"),
        Say("One.", reasoning="Clear.", path=PATH),
    )
    message = ask(agent)
    thoughts = [block for block in message.content_blocks if block["type"] == "reasoning"]
    assert [thought["reasoning"] for thought in thoughts] == ["Hm.", "I look.", "Clear."]
    assert [bool(thought.get("extras")) for thought in thoughts] == [False, True, False]
    assert message.text == "One."


def test_an_answer_cut_by_its_limit_says_so(emulator, ask, agent):
    emulator.script(Say("One two", finish_reason="length", path=PATH))
    assert ask(agent).response_metadata["finish_reason"] == "length"
