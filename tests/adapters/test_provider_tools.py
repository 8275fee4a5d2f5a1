"""Tools that a provider runs are refused by name, in every class: Heroku has none of them."""

from __future__ import annotations

import pytest
from langchain_core.tools import StructuredTool

from heroku_emulator import Emulator
from heroku_inference import Client, ConfigError
from langchain_heroku import ChatHeroku, ChatHerokuAgent, ChatHerokuMessages
from llama_index_heroku import Heroku, HerokuAgent, HerokuMessages
from tests.adapters.conftest import LangChain, every_model

WAYS = ("send", "stream", "asend", "astream")
TOOLS = {
    "web_search": ({"type": "web_search_20250305", "name": "web_search"}, "html_to_markdown"),
    "web_fetch": ({"type": "web_fetch_20250910", "name": "web_fetch"}, "html_to_markdown"),
    "web_search_preview": ({"type": "web_search_preview"}, "html_to_markdown"),
    "bash": ({"type": "bash_20250124", "name": "bash"}, "code_exec_python"),
    "code_execution": ({"type": "code_execution_20250522", "name": "x"}, "code_exec_python"),
    "code_interpreter": ({"type": "code_interpreter", "container": {}}, "code_exec_python"),
    "text_editor": ({"type": "text_editor_20250728", "name": "x"}, "Pass a function"),
    "memory": ({"type": "memory_20250818", "name": "memory"}, "Pass a function"),
    "computer": ({"type": "computer_20250124", "name": "computer"}, "Pass a function"),
    "file_search": ({"type": "file_search", "vector_store_ids": ["v"]}, "Pass a function"),
    "custom": ({"type": "custom", "name": "x", "description": "Free text."}, "one argument"),
    "image_generation": ({"type": "image_generation"}, "HerokuImageTool"),
    "mcp": ({"type": "mcp", "server_label": "x", "server_url": "https://x"}, "load_mcp_tools"),
}
every_tool = pytest.mark.parametrize("tool", TOOLS)


def check(error, tool, emulator):
    definition, remedy = TOOLS[tool]
    assert f"is of the type {definition['type']!r}, which Heroku's models do not" in str(error)
    assert remedy in error.remedy
    assert len(emulator.journal) == 0


@every_tool
@pytest.mark.parametrize("kind", [ChatHeroku, ChatHerokuMessages])
def test_langchain_refuses_it_when_it_is_bound(emulator, config_vars, kind, tool):
    with pytest.raises(ConfigError) as caught:
        kind(model="claude-4-5-sonnet").bind_tools([TOOLS[tool][0]])
    check(caught.value, tool, emulator)


@every_tool
@every_model
@pytest.mark.parametrize("way", WAYS)
def test_a_call_refuses_it(emulator, adapter, make, way, tool):
    llm = make()
    definitions = [TOOLS[tool][0]]
    adapter = Bound if issubclass(adapter, LangChain) else adapter
    with pytest.raises(ConfigError) as caught:
        getattr(adapter, way)(llm, adapter.messages(("user", "Hi")), tools=definitions)
    check(caught.value, tool, emulator)


class Bound(LangChain):
    """`LangChain`, with tools as an option of the call: past `bind_tools`."""

    @staticmethod
    def send(llm, messages, tools):
        return LangChain.send(llm.bind(tools=tools), messages)

    @staticmethod
    def stream(llm, messages, tools):
        return LangChain.stream(llm.bind(tools=tools), messages)

    @staticmethod
    def asend(llm, messages, tools):
        return LangChain.asend(llm.bind(tools=tools), messages)

    @staticmethod
    def astream(llm, messages, tools):
        return LangChain.astream(llm.bind(tools=tools), messages)


@every_tool
def test_the_core_refuses_it(emulator, config_vars, tool):
    with pytest.raises(ConfigError) as caught:
        Client().chat([{"role": "user", "content": "Hi"}], tools=[TOOLS[tool][0]])
    check(caught.value, tool, emulator)


@every_tool
def test_the_tools_of_a_llama_index_model_are_refused(emulator: Emulator, config_vars, tool):
    with pytest.raises(ConfigError) as caught:
        HerokuMessages(model="claude-4-5-sonnet", tools=[TOOLS[tool][0]]).complete("Hi")
    check(caught.value, tool, emulator)


@every_tool
def test_agents_refuse_it(emulator, config_vars, tool):
    if tool == "mcp":
        pytest.skip("agents have MCP tools")
    with pytest.raises(ConfigError, match="tool"):
        ChatHerokuAgent(model="claude-4-5-sonnet", tools=[TOOLS[tool][0]]).invoke("Hi")
    with pytest.raises(ConfigError, match="tool"):
        HerokuAgent(model="claude-4-5-sonnet", heroku_tools=[TOOLS[tool][0]])
    assert len(emulator.journal) == 0


@pytest.mark.parametrize("kind", [ChatHeroku, ChatHerokuMessages])
def test_a_tool_object_with_a_definition_for_a_provider_is_refused(emulator, config_vars, kind):
    tool = StructuredTool.from_function(lambda: "x", name="bash", description="d")
    tool.extras = {"provider_tool_definition": TOOLS["bash"][0]}
    with pytest.raises(ConfigError) as caught:
        kind(model="claude-4-5-sonnet").bind_tools([tool])
    check(caught.value, "bash", emulator)


@pytest.mark.parametrize("kind", [ChatHeroku, ChatHerokuMessages])
def test_anthropics_word_for_a_function_is_none_of_them(emulator, config_vars, kind):
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    tool = {"type": "custom", "name": "weather", "description": "d", "input_schema": schema}
    kind(model="claude-4-5-sonnet").bind_tools([tool]).invoke("Hi")
    (sent,) = emulator.journal[-1].body["tools"]
    function = sent.get("function", sent)
    assert function["name"] == "weather"
    assert (function.get("parameters") or function["input_schema"]) == schema


def test_heroku_refuses_nothing_else(emulator, config_vars):
    tool = {"type": "function", "function": {"name": "now", "description": "The time."}}
    Heroku(model="claude-4-5-sonnet").complete("Hi", tools=[tool])
    assert emulator.journal[-1].body["tools"][0]["function"]["name"] == "now"
