"""`HerokuAgent` alone: one request a run, and an event for everything that the server did."""

from __future__ import annotations

import base64
import json

import pytest
from llama_index.core.base.llms.types import ImageBlock, TextBlock, ThinkingBlock
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.workflow import Context, JsonPickleSerializer
from pydantic import BaseModel

from heroku_emulator import CallTools, ToolResult
from heroku_inference import AgentResult, agent_tools
from llama_index_heroku import Heroku, HerokuAgent
from tests.llama_index.heroku_agents import PATH, call_tools, compute, run_to_end, say
from tests.mcp_server import PIXEL

pytestmark = [
    pytest.mark.usefixtures("config_vars"),
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
    ),
]

STORED = JsonPickleSerializer()  # pydantic cannot write a memory as JSON
PYTHON = agent_tools.code_exec_python(max_calls=2)


def agent(**arguments):
    return HerokuAgent(heroku_tools=[PYTHON], **arguments)


def bodies(emulator):
    return [entry.body for entry in emulator.journal if entry.path == PATH]


async def test_text_calls_and_results_are_reported_in_order(emulator):
    emulator.script(*compute())
    done = await run_to_end(agent())
    assert done.order == ["AgentStream", "ToolCall", "ToolCallResult", "AgentStream"]
    assert [(one.delta, one.response) for one in done.words] == [
        ("I compute.", "I compute."),
        ("It is 42.", "It is 42."),
    ]
    (call,), (result,) = done.calls, done.results
    assert (call.tool_name, call.tool_kwargs) == ("code_exec_python", {"code": "print(6 * 7)"})
    assert call.tool_id == result.tool_id == done.words[0].tool_calls[0].tool_id == "call_1"
    assert (result.tool_output.content, result.tool_output.is_error) == ("42", False)
    assert result.tool_output.raw_output.startswith("Tool 'code_exec_python' returned result: ")
    assert result.tool_output.raw_input == call.tool_kwargs
    assert not result.return_direct


async def test_the_output_holds_the_whole_run_and_one_request_was_made(emulator):
    emulator.script(*compute())
    output = (await run_to_end(agent())).output
    assert str(output) == output.response.content == "It is 42."
    assert [call.tool_output.content for call in output.tool_calls] == ["42"]
    assert isinstance(output.raw, AgentResult)
    assert [step.text for step in output.raw.steps] == ["I compute.", "42", "It is 42."]
    told = output.response.additional_kwargs
    assert told["total_tokens"] == output.raw.usage.total_tokens
    assert told["total_tokens"] == told["prompt_tokens"] + told["completion_tokens"]
    assert told["finish_reason"] == "stop"
    assert told["request_id"]
    assert len(emulator.journal) == 1


async def test_the_request_says_what_the_user_said_and_no_more(emulator):
    emulator.script(say("Hello."), say("Hello."))
    await agent().run("Hello")
    await agent(
        system_prompt="Be brief.",
        temperature=0.1,
        stop="END",
        max_tokens_per_inference_request=100,
        extra_body={"top_p": None},
    ).run("Hello")
    plain, full = bodies(emulator)
    tool = {"type": "heroku_tool", "name": "code_exec_python", "runtime_params": {"max_calls": 2}}
    hello = {"role": "user", "content": "Hello"}
    assert plain == {"model": "claude-4-5-sonnet", "messages": [hello], "tools": [tool]}
    assert full == {
        **plain,
        "messages": [{"role": "system", "content": "Be brief."}, hello],
        "temperature": 0.1,
        "stop": ["END"],
        "max_tokens_per_inference_request": 100,
        "top_p": None,
    }


async def test_an_agent_without_tools_answers(emulator):
    emulator.script(say("Hello.", reasoning="A greeting."))
    done = await run_to_end(HerokuAgent(), "Hello")
    assert (done.order, str(done.output)) == (["AgentStream"], "Hello.")
    assert done.words[0].thinking_delta == "A greeting."
    assert isinstance(done.output.response.blocks[0], ThinkingBlock)
    assert not bodies(emulator)[0].get("tools")


async def test_without_streaming_tools_are_reported_and_text_is_not(emulator):
    emulator.script(*compute())
    done = await run_to_end(agent(streaming=False))
    assert (done.order, str(done.output)) == (["ToolCall", "ToolCallResult"], "It is 42.")


async def test_several_calls_get_their_own_results_and_errors_stay_errors(emulator):
    emulator.script(
        call_tools(
            ("code_exec_python", {"code": "a"}), ("code_exec_python", "no JSON"), ids=["x", "y"]
        ),
        ToolResult("", parts=[{"type": "image", "data": base64.b64encode(PIXEL).decode(),
                               "mimeType": "image/png"}]),
        ToolResult("no such name", is_error=True),
        say("Done."),
    )  # fmt: skip
    first, second = (await run_to_end(agent())).results
    image = first.tool_output.blocks[0]
    assert isinstance(image, ImageBlock)
    assert image.resolve_image().read() == PIXEL
    assert (first.tool_id, first.tool_kwargs) == ("x", {"code": "a"})
    assert (second.tool_id, second.tool_kwargs) == ("y", {"arguments": "no JSON"})
    assert (second.tool_output.content, second.tool_output.is_error) == ("no such name", True)


async def test_memory_remembers_the_tools_and_can_be_sent_to_agent_and_chat_alike(emulator):
    emulator.script(*compute(), say("I said 42."))
    memory = ChatMemoryBuffer.from_defaults(token_limit=100_000)
    await agent().run("What is 6 * 7?", memory=memory)
    roles = [message.role.value for message in memory.get_all()]
    assert roles == ["user", "assistant", "tool", "assistant"]
    await agent().run("What did you say?", memory=memory)
    sent = bodies(emulator)[-1]["messages"]
    assert [message["role"] for message in sent] == [*roles, "user"]
    assert sent[1]["tool_calls"][0]["id"] == sent[2]["tool_call_id"] == "call_1"
    history = [*memory.get_all(), ChatMessage("And again?")]
    assert Heroku().chat(history).message.content
    assert emulator.journal[-1].status == 200


@pytest.mark.parametrize("name", ["mcp-python/code_exec_python", "a" * 80], ids=["mcp", "long"])
async def test_names_that_only_the_server_may_use_are_remembered_in_a_form_that_chat_takes(
    emulator, name
):
    emulator.script(call_tools((name, {"code": "1"})), ToolResult("1"), say("One."))
    memory = ChatMemoryBuffer.from_defaults(token_limit=100_000)
    done = await run_to_end(agent(), memory=memory)
    assert done.results[0].tool_name == name
    assert Heroku().chat([*memory.get_all(), ChatMessage("Sure?")]).message.content


async def test_a_call_without_a_result_is_remembered_with_an_answer(emulator):
    frames = [
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "content": "Tool 'g' returned result: late", "tool_call_id": "c0",
         "name": "g"},
        {"role": "assistant", "content": "Done."},
    ]  # fmt: skip
    emulator.script(raw_run(frames))
    memory = ChatMemoryBuffer.from_defaults(token_limit=100_000)
    await agent().run("Go.", memory=memory)
    kept = [(message.role.value, message.content) for message in memory.get_all()]
    assert ("tool", "The result of this call is not known.") in kept
    assert ("tool", "late") in kept
    assert Heroku().chat([*memory.get_all(), ChatMessage("Sure?")]).message.content


def raw_run(messages):
    """A stream of these messages, as Heroku frames them."""
    from heroku_emulator import RawStream

    frames = []
    for message in messages:
        is_tool = message["role"] == "tool"
        reason = "" if is_tool else "tool_calls" if "tool_calls" in message else "stop"
        event = {
            "id": "chatcmpl-1",
            "object": "tool.completion" if is_tool else "chat.completion",
            "created": 1748541138,
            "system_fingerprint": "heroku-inf-1",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {},
        }
        frames.append(f"event:message\ndata:{json.dumps(event)}\n\n")
    return RawStream([*frames, "event:done\ndata:[DONE]\n\n"], path=PATH)


async def test_a_conversation_goes_on_in_its_context_stored_or_not(emulator):
    emulator.script(*compute(), say("I said 42."), say("Yes."))
    runner = agent()
    context = Context(runner)
    await runner.run("What is 6 * 7?", ctx=context)
    stored = json.loads(json.dumps(context.to_dict(STORED)))
    await runner.run("What did you say?", ctx=Context.from_dict(runner, stored, STORED))
    assert [message["role"] for message in bodies(emulator)[-1]["messages"]] == [
        "user", "assistant", "tool", "assistant", "user",
    ]  # fmt: skip


async def test_a_history_can_be_passed_and_is_not_changed(emulator):
    emulator.script(say("Ada."))
    history = [ChatMessage("My name is Ada."), ChatMessage("Hello, Ada.", role="assistant")]
    before = [message.model_copy(deep=True) for message in history]
    await agent().run("What is my name?", chat_history=history)
    assert history == before
    assert len(bodies(emulator)[0]["messages"]) == 3


async def test_the_model_sees_the_state(emulator):
    emulator.script(say("One."))
    await agent(initial_state={"counter": 1}).run("Count.")
    assert "{'counter': 1}" in bodies(emulator)[0]["messages"][-1]["content"]


class Total(BaseModel):
    """A total."""

    total: int


async def test_an_answer_gets_a_form_by_one_chat_of_the_same_model(emulator):
    emulator.script(*compute(), CallTools([("Total", {"total": 42})]))
    output = await agent(output_cls=Total).run("What is 6 * 7?")
    assert output.get_pydantic_model(Total) == Total(total=42)
    run, chat = emulator.journal
    assert (run.path, chat.path) == (PATH, "/v1/chat/completions")
    assert run.body["model"] == chat.body["model"]
    assert "42" in json.dumps(chat.body["messages"])


async def test_a_run_is_one_turn_and_a_limit_of_one_turn_has_the_model_sum_up(emulator):
    emulator.script(*compute())
    stopping = agent(early_stopping_method="generate")
    output = await stopping.run("What is 6 * 7?", max_iterations=1)
    assert [entry.path for entry in emulator.journal] == [PATH, "/v1/chat/completions"]
    assert output.response.content


async def test_runs_at_once_do_not_mix(emulator):
    import asyncio

    emulator.script(say("Hello."), say("Hello."), say("Hello."))
    runner = agent()
    outputs = await asyncio.gather(*(runner.run(f"Question {n}") for n in range(3)))
    assert [str(output) for output in outputs] == ["Hello."] * 3
    asked = sorted(body["messages"][-1]["content"] for body in bodies(emulator))
    assert asked == ["Question 0", "Question 1", "Question 2"]
    assert all(len(body["messages"]) == 1 for body in bodies(emulator))


async def test_other_content_is_described_by_its_type(emulator):
    parts = [
        {"type": "text", "text": "Here:"},
        {"type": "resource", "resource": {"uri": "file:///a.txt", "text": "inside"}},
        {"type": "audio", "data": "AAAA", "mimeType": "audio/wav"},
        {"type": "resource_link", "uri": "file:///b.txt", "name": "b"},
    ]
    emulator.script(call_tools(("code_exec_python", {})), ToolResult(parts=parts), say("Done."))
    (result,) = (await run_to_end(agent())).results
    assert [block.text for block in result.tool_output.blocks if isinstance(block, TextBlock)] == [
        "Here:",
        "[resource at file:///a.txt]\ninside",
        "[audio (audio/wav); its content is not included]",
        '[resource_link "b" at file:///b.txt; its content is not included]',
    ]
    assert "AAAA" in result.tool_output.raw_output
