"""The middlewares that LangChain ships, each doing its work on an agent of ours."""

from __future__ import annotations

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    ClearToolUsesEdit,
    ContextEditingMiddleware,
    FilesystemFileSearchMiddleware,
    HostExecutionPolicy,
    LLMToolEmulator,
    LLMToolSelectorMiddleware,
    ModelCallLimitMiddleware,
    ModelFallbackMiddleware,
    ModelRetryMiddleware,
    PIIMiddleware,
    ShellToolMiddleware,
    SummarizationMiddleware,
    TodoListMiddleware,
    ToolCallLimitMiddleware,
    ToolErrorMiddleware,
    ToolRetryMiddleware,
)
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from heroku_emulator import CallTools, Fault, Say

LOOK = CallTools([("weather", {"city": "Lyon"})])
LOOK_TWICE = CallTools([("weather", {"city": "Lyon"}), ("weather", {"city": "Oslo"})])
AT_ONCE = {"initial_delay": 0, "jitter": False}


def weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}."


def clock() -> str:
    """The time of day."""
    return "noon"


@pytest.fixture
def ask(chat_model, run):
    """Ask an agent with one middleware."""

    def ask(middleware, text="How is it in Lyon?", tools=(weather,), before=()):
        agent = create_agent(chat_model(max_retries=0), tools, middleware=[middleware])
        return run(agent, {"messages": [*before, HumanMessage(text)]})

    return ask


def results(state):
    return [one.text for one in state["messages"] if isinstance(one, ToolMessage)]


def test_summarization_sends_the_summary(ask, chat_model, script, sent):
    script(Say("They spoke of Lyon."), Say("Sunny."))
    call = AIMessage("", tool_calls=[{"name": "weather", "args": {"city": "Lyon"}, "id": "1"}])
    before = [
        HumanMessage("Warm there?"),
        call,
        ToolMessage("Sunny.", tool_call_id="1"),
        AIMessage("Ok"),
    ]
    summing = SummarizationMiddleware(chat_model(), trigger=("messages", 3), keep=("messages", 1))
    assert ask(summing, before=before)["messages"][-1].text == "Sunny."
    asked, told = sent()
    assert "Warm there?" in asked
    assert "They spoke of Lyon." in told
    assert "Warm there?" not in told


@pytest.mark.parametrize("count", ["approximate", "model"])
def test_context_editing_clears_old_results(ask, script, sent, count):
    script(LOOK, CallTools([("weather", {"city": "Oslo"})]), Say("Sunny in both."))
    edit = ClearToolUsesEdit(trigger=20, keep=1, placeholder="[forgotten]")
    ask(ContextEditingMiddleware(edits=[edit], token_count_method=count))
    assert "[forgotten]" in sent()[-1]
    assert "Sunny in Lyon." not in sent()[-1]
    assert "Sunny in Oslo." in sent()[-1]


def test_model_call_limit_ends_the_run(ask, script):
    script(LOOK)
    state = ask(ModelCallLimitMiddleware(run_limit=1, exit_behavior="end"))
    assert "limit" in state["messages"][-1].text


def test_tool_call_limit_tells_the_model(ask, script, sent):
    script(LOOK_TWICE, Say("Sunny in Lyon at least."))
    state = ask(ToolCallLimitMiddleware(tool_name="weather", run_limit=1))
    assert results(state)[-1] == "Sunny in Lyon."
    assert "limit exceeded" in sent()[-1]


@pytest.mark.parametrize(
    ("strategy", "shown"), [("redact", "[REDACTED_EMAIL]"), ("mask", "@****.com")]
)
def test_pii_never_leaves_the_program(ask, script, sent, strategy, shown):
    script(Say("Noted."))
    ask(PIIMiddleware("email", strategy=strategy), "I am ada@example.com.")
    assert shown in sent()[-1]
    assert "ada@example.com" not in sent()[-1]


def test_todo_list_is_kept(ask, script, sent):
    todos = [{"content": "Look up Lyon", "status": "in_progress"}]
    script(CallTools([("write_todos", {"todos": todos})]), LOOK, Say("Sunny."))
    assert ask(TodoListMiddleware())["todos"] == todos
    assert "write_todos" in sent()[0]
    assert "Updated todo list" in sent()[1]


def test_tool_selector_binds_the_chosen_tool_alone(ask, chat_model, script, emulator):
    script(CallTools([("ToolSelectionResponse", {"tools": ["weather"]})]), LOOK)
    script(CallTools([("ToolSelectionResponse", {"tools": ["weather"]})]), Say("Sunny."))
    selector = LLMToolSelectorMiddleware(model=chat_model(), max_tools=1)
    state = ask(selector, tools=[weather, clock])
    assert state["messages"][-1].text == "Sunny."
    bound = [entry.body["tools"] for entry in emulator.journal][1::2]
    assert all("clock" not in str(tools) for tools in bound)


def test_tool_emulator_lets_a_model_play_the_tool(ask, chat_model, script, sent):
    script(LOOK, Say("Snow in Lyon."), Say("It snows."))
    state = ask(LLMToolEmulator(tools=["weather"], model=chat_model()))
    assert results(state) == ["Snow in Lyon."]
    assert "You are emulating" in sent()[1]
    assert "Snow in Lyon." in sent()[-1]


def test_tool_retry_tries_again(ask, script, sent):
    tries = []

    def flaky() -> str:
        """The weather, sometimes."""
        tries.append(1)
        if len(tries) < 3:
            raise ConnectionError("no line")
        return "Sunny."

    script(CallTools([("flaky", {})]), Say("Sunny."))
    assert results(ask(ToolRetryMiddleware(max_retries=2, **AT_ONCE), tools=[flaky])) == ["Sunny."]
    assert "Sunny." in sent()[-1]


def test_tool_errors_reach_the_model(ask, script, sent):
    def broken() -> str:
        """The weather, never."""
        raise ValueError("no such city")

    script(CallTools([("broken", {})]), Say("Sorry."))
    ask(ToolErrorMiddleware(lambda error, _: f"It failed: {error}"), tools=[broken])
    assert "It failed: no such city" in sent()[-1]


def test_model_retry_tries_again(ask, emulator, script, endpoint):
    emulator.script(Fault(503))
    script(Say("Sunny."))
    retry = ModelRetryMiddleware(max_retries=1, **AT_ONCE)
    assert ask(retry)["messages"][-1].text == "Sunny."
    assert [entry.status for entry in emulator.journal] == [503, 200]


def test_model_fallback_asks_another_model(ask, chat_model, emulator, script):
    emulator.script(Fault(503))
    script(Say("Sunny."))
    fallback = ModelFallbackMiddleware(chat_model(model="claude-4-5-haiku"))
    assert ask(fallback)["messages"][-1].text == "Sunny."
    assert emulator.journal[-1].body["model"] == "claude-4-5-haiku"


def test_file_search_finds_a_file(ask, script, sent, tmp_path):
    (tmp_path / "notes.md").write_text("Lyon is sunny.\n")
    script(
        CallTools([("glob_search", {"pattern": "*.md"}), ("grep_search", {"pattern": "sunny"})]),
        Say("In notes.md."),
    )
    ask(FilesystemFileSearchMiddleware(root_path=str(tmp_path), use_ripgrep=False))
    assert sent()[-1].count("/notes.md") == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pipes left open
def test_a_shell_keeps_its_state(ask, script, sent, tmp_path):
    script(
        CallTools([("shell", {"command": "city=Lyon"})]),
        CallTools([("shell", {"command": "echo In $city."})]),
        Say("In Lyon."),
    )
    shell = ShellToolMiddleware(tmp_path, execution_policy=HostExecutionPolicy())
    state = ask(shell, tools=[])
    assert results(state)[-1].strip() == "In Lyon."
