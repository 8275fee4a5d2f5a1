"""`HerokuToolSpec`: Heroku's own tools and those of MCP servers, one agents request a call."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.tools import FunctionTool, ToolMetadata

from heroku_emulator import CallTools, Emulator, Fault, Say, ToolResult
from heroku_inference import ConfigError, InvalidResponseError
from llama_index_heroku import Heroku, HerokuToolSpec
from tests.llama_index.heroku_agents import PATH, call_tools, run_to_end, say

pytestmark = [
    pytest.mark.usefixtures("runs_are_over"),
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
    ),
]

ALWAYS = [
    "html_to_markdown",
    "pdf_to_markdown",
    "code_exec_python",
    "code_exec_ruby",
    "code_exec_node",
    "code_exec_go",
]
DATABASE = ["postgres_get_schema", "postgres_run_query"]
CODE = "print(6 * 7)"


async def call_spec(spec, way):
    """Runs code, blocking or not."""
    call = getattr(spec, way)("code_exec_python", code=CODE)
    return await call if way == "arun" else call


def by_name(spec, **options):
    return {tool.metadata.name: tool for tool in spec.to_tool_list(**options)}


@pytest.mark.parametrize(
    ("arguments", "further"),
    [
        ({}, []),
        ({"app": "a"}, []),
        ({"app": "a", "db_attachment": "DB"}, DATABASE),
        ({"app": "a", "cmd": "date"}, ["dyno_run_command"]),
        ({"app": "a", "cmd": "date", "db_attachment": "DB"}, [*DATABASE, "dyno_run_command"]),
        ({"mcp_tools": ["acute-partridge/shout"]}, ["shout"]),
    ],
    ids=["nothing", "app", "database", "command", "all", "mcp"],
)
def test_only_what_can_work_is_listed(config_vars, arguments, further):
    spec = HerokuToolSpec(**arguments)
    assert spec.spec_functions == list(by_name(spec)) == [*ALWAYS, *further]


@pytest.mark.parametrize("arguments", [{"cmd": "date"}, {"db_attachment": "DB"}], ids=str)
def test_what_lacks_its_app_is_refused(config_vars, arguments):
    with pytest.raises(ConfigError, match="app="):
        HerokuToolSpec(**arguments)


REQUESTS = {
    "html_to_markdown": ({"url": "https://example.com"}, None, {}),
    "pdf_to_markdown": ({"url": "https://example.com/a.pdf"}, None, {}),
    "code_exec_python": ({"code": CODE, "packages": ["numpy"]}, None, {}),
    "code_exec_ruby": ({"code": "p 1"}, None, {}),
    "code_exec_node": ({"code": "console.log(1)"}, None, {}),
    "code_exec_go": ({"code": "package main"}, None, {}),
    "postgres_get_schema": ({}, "my-app", {"db_attachment": "DB"}),
    "postgres_run_query": ({"query": "select 1"}, "my-app", {"db_attachment": "DB"}),
    "dyno_run_command": (
        {"day": "today"},
        "my-app",
        {
            "cmd": "date",
            "description": "Tells the time.",
            "parameters": {"type": "object", "properties": {"day": {"type": "string"}}},
        },
    ),
}


def lines(arguments):
    """Values as the model is given them."""
    said = [f"{name}: {json.dumps(value)}" for name, value in arguments.items()]
    return "\n".join(said) or "There are no values."


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("way", ["run", "arun", "tool", "async tool"])
async def test_each_call_is_one_request_with_that_tool_alone(emulator, config_vars, name, way):
    arguments, app, params = REQUESTS[name]
    spec = HerokuToolSpec(
        app="my-app",
        db_attachment="DB",
        cmd="date",
        cmd_description="Tells the time.",
        cmd_parameters={"type": "object", "properties": {"day": {"type": "string"}}},
        dyno_size="performance-m",
        ttl_seconds=60,
    )
    emulator.script(call_tools((name, arguments)), ToolResult("the result"))
    if way == "run":
        output = spec.run(name, **arguments)
    elif way == "arun":
        output = await spec.arun(name, **arguments)
    elif way == "tool":
        output = by_name(spec)[name](**arguments)
    else:
        output = await by_name(spec)[name].acall(**arguments)
    assert (output.content, output.is_error, output.tool_name) == ("the result", False, name)
    assert output.raw_input == arguments
    (entry,) = emulator.journal
    assert entry.path == PATH
    runtime = {"dyno_size": "performance-m", "ttl_seconds": 60, "max_calls": 1}
    if app:
        runtime |= {"target_app_name": app, "tool_params": params}
    assert entry.body["tools"] == [{"type": "heroku_tool", "name": name, "runtime_params": runtime}]
    order, values = entry.body["messages"]
    assert name in order["content"]
    assert values["content"] == lines(arguments)


async def test_what_is_not_said_is_not_passed_on(emulator, config_vars):
    emulator.script(call_tools(("code_exec_python", {"code": CODE})), ToolResult("42"))
    await HerokuToolSpec().arun("code_exec_python", code=CODE, packages=None)
    body = emulator.journal[-1].body
    assert body["messages"][-1]["content"] == lines({"code": CODE})
    assert body["tools"][0]["runtime_params"] == {"max_calls": 1}
    assert set(body) == {"model", "messages", "tools"}


@pytest.mark.parametrize("way", ["run", "arun"])
async def test_the_run_is_left_when_the_result_is_there(emulator, config_vars, way):
    emulator.switch(pace=0.3)
    emulator.script(
        call_tools(("code_exec_python", {"code": CODE})), ToolResult("42"), say("It is 42.")
    )
    spec = HerokuToolSpec()
    await call_spec(spec, way)
    assert await asyncio.to_thread(emulator.journal[-1].wait)
    assert emulator.journal[-1].client_left


def test_a_tool_that_fails_is_an_error_and_an_image_stays_one(emulator, config_vars):
    pixel = {"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"}
    emulator.script(
        call_tools(("code_exec_python", {"code": CODE})),
        ToolResult("NameError", is_error=True),
    )
    tool = by_name(HerokuToolSpec())["code_exec_python"]
    output = tool(code=CODE)
    assert (output.content, output.is_error) == ("NameError", True)
    assert emulator.journal[-1].wait()
    emulator.script(call_tools(("code_exec_python", {"code": CODE})), ToolResult(parts=[pixel]))
    (block,) = tool(code=CODE).blocks
    assert isinstance(block, ImageBlock)
    assert block.resolve_image().read() == b"hello"


@pytest.mark.parametrize(
    ("made", "is_error"),
    [
        ({"code": CODE}, False),
        ({"source": f"{CODE}\n"}, False),
        ({"code": CODE, "packages": []}, False),
        ({"code": "print(42)"}, True),
        ({}, True),
        ("no JSON", True),
    ],
    ids=["same", "other name", "more", "other code", "nothing", "no object"],
)
def test_a_result_with_other_values_than_requested_is_an_error(
    emulator, config_vars, made, is_error
):
    emulator.script(call_tools(("code_exec_python", made)), ToolResult("42"))
    output = HerokuToolSpec().run("code_exec_python", code=CODE)
    assert output.is_error is is_error
    assert output.content.endswith("42")
    assert ("other values" in output.content) is is_error


@pytest.mark.parametrize("way", ["run", "arun"])
async def test_a_model_that_only_talks_is_an_error(emulator, config_vars, way):
    emulator.script(say("I would rather not."))
    spec = HerokuToolSpec()
    with pytest.raises(InvalidResponseError, match="rather not"):
        await call_spec(spec, way)


async def test_a_missing_tool_is_an_error(config_vars):
    with pytest.raises(ConfigError, match="postgres_run_query"):
        HerokuToolSpec().run("postgres_run_query", query="select 1")
    with pytest.raises(ConfigError, match="code_exec_rust"):
        await HerokuToolSpec().arun("code_exec_rust")
    with pytest.raises(ConfigError, match="code_exec_rust"):
        HerokuToolSpec().to_tool_list(["code_exec_rust"])


def test_some_of_the_tools_may_be_taken_and_described_anew(config_vars):
    metadata = ToolMetadata("Computes.", "compute")
    tools = HerokuToolSpec().to_tool_list(
        ["code_exec_python", "html_to_markdown"], {"code_exec_python": metadata}
    )
    assert [tool.metadata.name for tool in tools] == ["html_to_markdown", "compute"]
    assert all(isinstance(tool, FunctionTool) for tool in tools)


async def test_an_agent_calls_one_and_gets_its_error_to_see(emulator, config_vars):
    emulator.script(
        CallTools([("code_exec_python", {"code": CODE})]),
        call_tools(("code_exec_python", {"code": CODE})),
        ToolResult("out of memory", is_error=True),
        Say("It failed."),
    )
    agent = FunctionAgent(tools=HerokuToolSpec().to_tool_list(), llm=Heroku())
    done = await run_to_end(agent)
    assert done.results[0].tool_output.is_error
    assert str(done.output) == "It failed."
    chat, _, after = emulator.journal
    offered = {tool["function"]["name"]: tool["function"] for tool in chat.body["tools"]}
    assert list(offered) == ALWAYS
    assert offered["code_exec_python"]["parameters"]["required"] == ["code"]
    assert after.body["messages"][-1]["content"] == "out of memory"


async def test_a_refused_request_is_a_failed_tool_to_an_agent(emulator, config_vars):
    emulator.script(
        CallTools([("code_exec_python", {"code": CODE})]), Fault(403, path=PATH), Say("No access.")
    )
    done = await run_to_end(FunctionAgent(tools=HerokuToolSpec().to_tool_list(), llm=Heroku()))
    assert done.results[0].tool_output.is_error
    assert "403" in done.results[0].tool_output.content


def test_the_engine_of_an_emulator_does_true_work(emulator):
    with Emulator(engine="deterministic", run_code=True) as working:
        spec = HerokuToolSpec(
            model="claude-4-5-sonnet", api_key=working.api_key, base_url=working.url
        )
        output = spec.run("code_exec_python", code=CODE)
    assert "42" in output.content
    assert (output.raw_input, output.is_error) == ({"code": CODE}, False)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_works_and_none_shows_a_key(emulator, config_vars, copied):
    emulator.script(call_tools(("code_exec_python", {"code": CODE})), ToolResult("42"))
    spec = copied(HerokuToolSpec())
    assert spec.run("code_exec_python", code=CODE).content == "42"
    assert emulator.api_key not in repr(spec) + repr(vars(spec)) + str(spec.to_tool_list())
    assert emulator.api_key.encode() not in pickle.dumps(spec)
