"""POST /v1/agents/heroku: the answers, compared with the published one, in every form."""

import json
import re
import time

import pytest

from heroku_emulator import CallTools, ToolResult
from tests.emulator.agents_caller import (
    CODE,
    PATH,
    SHOWN,
    call_tools,
    messages_of,
    results_of,
    say,
    unwrap,
)

DYNO = {
    "type": "heroku_tool",
    "name": "dyno_run_command",
    "runtime_params": {"target_app_name": "app", "tool_params": {"cmd": "date"}},
}


def structure(value):
    """Returns the keys in order and the type of every value."""
    if isinstance(value, dict):
        return [(key, structure(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [structure(inner) for inner in value]
    return type(value).__name__


def test_a_run_equals_the_published_one_key_by_key(emulator, call, sample):
    published = sample("agents_mcp_tool.sse")
    lines = [line for line in published.splitlines() if line.startswith("data:{")]
    first, result, last = (json.loads(line.removeprefix("data:")) for line in lines)
    asked, returned, answer = messages_of((first, result, last))
    function = asked["tool_calls"][0]["function"]
    call_id = asked["tool_calls"][0]["id"]
    emulator.switch(sse_space=False)
    emulator.script(
        CallTools(
            [("code_exec_python", function["arguments"])],
            text=asked["content"],
            ids=[call_id],
            path=PATH,
        ),
        ToolResult(unwrap(returned["content"])["content"][0]["text"]),
        say(answer["content"]),
    )
    text = call.agents(tools=[CODE]).text
    steps = [json.loads(line.removeprefix("data:")) for line in text.splitlines() if "{" in line]
    assert structure(steps) == structure([first, result, last])
    assert messages_of(steps) == [asked, returned, answer]
    reasons = [step["choices"][0]["finish_reason"] for step in steps]
    assert reasons == ["tool_calls", "", "stop"]
    frames = [re.sub(r"data:\{.*\}", "data:{}", block) for block in (text, published + "\n")]
    assert frames[0].rstrip("\n") == frames[1].rstrip("\n")


def test_all_frames_share_id_and_fingerprint_and_time_moves_on(emulator, call):
    began = time.time_ns()
    emulator.script(call_tools("code_exec_python"), ToolResult("1", delay=1.1), say("Done."))
    steps = call.agent_steps(tools=[CODE])
    assert len({(step["id"], step["system_fingerprint"]) for step in steps}) == 1
    assert re.fullmatch(r"chatcmpl-[0-9a-f]{21}", steps[0]["id"])
    assert 0 <= int(steps[0]["id"][9:25], 16) - began < 1_000_000_000
    created = [step["created"] for step in steps]
    assert created == sorted(created)
    assert created[0] < created[1]


def test_each_inference_has_its_usage(emulator, call):
    emulator.script(call_tools("code_exec_python"), ToolResult("one two"), say("Done."))
    first, result, last = call.agent_steps(tools=[CODE])
    assert "model" not in result
    assert result["usage"] == {}
    assert last["usage"]["prompt_tokens"] > first["usage"]["prompt_tokens"]
    assert last["usage"]["completion_tokens"] == emulator.engine.count_tokens("Done.")
    spent = first["usage"]["total_tokens"] + last["usage"]["total_tokens"]
    left = call.agents().headers["x-ratelimit-remaining-tokens"]
    assert int(left) == 800_000 - spent


def test_parallel_calls_have_a_result_each(emulator, call):
    emulator.script(
        call_tools("code_exec_python", "code_exec_python"),
        ToolResult("1"),
        ToolResult("2", is_error=True),
        say("Done."),
    )
    steps = call.agent_steps(tools=[CODE])
    asked, *results, _ = messages_of(steps)
    assert [each["tool_call_id"] for each in results] == [one["id"] for one in asked["tool_calls"]]
    assert [unwrap(each["content"]) for each in results] == [
        {"content": [{"type": "text", "text": "1"}], "isError": False},
        {"content": [{"type": "text", "text": "2"}], "isError": True},
    ]


def test_a_result_can_have_any_parts_or_any_form(emulator, call):
    image = {"type": "image", "data": "aGk=", "mimeType": "image/png"}
    emulator.script(
        call_tools("code_exec_python", "code_exec_python"),
        ToolResult(parts=[image]),
        ToolResult(raw="No prefix."),
        say("Done."),
    )
    first, second = results_of(call.agent_steps(tools=[CODE]))
    assert unwrap(first)["content"] == [image]
    assert second == "No prefix."


@pytest.mark.parametrize(
    ("form", "plain", "mcp"),
    [("documented", True, False), ("plain", True, True), ("mcp", False, False)],
)
def test_results_of_dynos_are_plain_and_others_are_mcp(emulator, call, form, plain, mcp):
    emulator.switch(tool_results=form)
    emulator.script(
        call_tools("dyno_run_command", "code_exec_python"),
        ToolResult("Fri May 30"),
        ToolResult("Fri May 30"),
        say("Done."),
    )
    on_dyno, on_mcp = results_of(call.agent_steps(tools=[DYNO, CODE]))
    assert (on_dyno == "Tool 'dyno_run_command' returned result: Fri May 30") is plain
    assert (on_mcp == f"Tool '{SHOWN}' returned result: Fri May 30") is mcp


@pytest.mark.parametrize("name", ["code_exec_python", SHOWN])
def test_mcp_tools_are_always_shown_with_their_namespace(emulator, call, name):
    emulator.script(call_tools(name), ToolResult("1"), say("Done."))
    asked, result, _ = messages_of(call.agent_steps(tools=[CODE | {"name": name}]))
    assert asked["tool_calls"][0]["function"]["name"] == result["name"] == SHOWN
    emulator.switch(tool_names="plain")
    emulator.script(call_tools(name), ToolResult("1"), say("Done."))
    _, result, _ = messages_of(call.agent_steps(tools=[CODE | {"name": name}]))
    assert result["name"] == "code_exec_python"
    assert result["content"].startswith("Tool 'code_exec_python' returned")


FORMS = [
    {},
    {"sse_space": False},
    {"terminator": "message"},
    {"terminator": "none"},
    {"heartbeats": True},
    {"agent_blanks": "null"},
    {"agent_blanks": "zeros"},
    {"agent_blanks": "absent"},
    {"empty_content": "null"},
    {"empty_content": "absent"},
    {"tool_calls_first": True},
    {"agent_messages": "delta"},
    {"agent_messages": "chunks"},
    *({"split_bytes": size} for size in (1, 7, 100_000)),
]


@pytest.mark.parametrize("switches", FORMS, ids=str)
def test_every_form_says_the_same(emulator, call, switches):
    emulator.switch(**switches)
    emulator.script(call_tools("code_exec_python"), ToolResult("Größe 你好"), say("Fertig 🎉."))
    choices = [choice for step in call.agent_steps(tools=[CODE]) for choice in step["choices"]]
    spoken = [choice.get("message") or choice.get("delta") for choice in choices]
    texts = [each["content"] for each in spoken if each.get("content")]
    tool = next(text for text in texts if "returned result" in text)
    assert unwrap(tool)["content"][0]["text"] == "Größe 你好"
    assert "".join(text for text in texts if text != tool) == "Fertig 🎉."
    reasons = [choice.get("finish_reason") for choice in choices]
    assert [reason for reason in reasons if reason] == ["tool_calls", "stop"]


@pytest.mark.parametrize(
    ("form", "content"),
    [("empty", {"content": ""}), ("null", {"content": None}), ("absent", {})],
)
def test_content_beside_tool_calls_can_be_missing(emulator, call, form, content):
    emulator.switch(empty_content=form)
    emulator.script(call_tools("code_exec_python"), ToolResult("1"), say("Done."))
    asked = messages_of(call.agent_steps(tools=[CODE]))[0]
    assert {key: asked[key] for key in ("content",) if key in asked} == content
