"""/v1/messages: the order of turns, calls and results."""

import pytest

from tests.emulator.messages_caller import ADD, SUM, Messages, result, text, turn, use

CALLED = turn("assistant", use())
ANSWERED = turn("user", result())
ASKED = turn("user", text("And now?"))


@pytest.fixture
def ask(call):
    return Messages(call)


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ([{"role": "system", "content": "x"}], "messages.0.role: Input should be 'user'"),
        ([{"role": "user"}], "messages.0.content: Field required"),
        ([{"role": "user", "content": 3}], "messages.0.content: Input should be a valid"),
        ([SUM | {"name": "x"}], "messages.0.name: Extra inputs are not permitted"),
        (["x"], "messages.0: Input should be a valid dictionary"),
        ([turn("assistant", text("x"))], 'first message must use the "user" role'),
        ([turn("user")], "messages.0: all messages must have non-empty content"),
        ([{"role": "user", "content": ""}], "messages.0: all messages must have non-empty"),
        ([SUM, turn("assistant"), SUM], "messages.1: all messages must have non-empty content"),
        ([{"role": "user", "content": " \n"}], "must contain non-whitespace text"),
        ([SUM, turn("assistant", text(" ")), SUM], "messages: text content blocks must contain"),
        ([turn("user", text("\t")), SUM], "blocks must contain non-whitespace text"),
        (
            [SUM, CALLED, turn("user", result(content=[text("")]))],
            "messages: text content blocks must be non-empty",
        ),
        ([SUM, CALLED, turn("user", result(content=" "))], "messages: text content blocks must co"),
        ([turn("user", text(""))], "text content blocks must be non-empty"),
        ([SUM, turn("assistant", text("x "))], "cannot end with trailing whitespace"),
        ([SUM, CALLED], "messages.1: `tool_use` ids were found without `tool_result` blocks"),
        ([SUM, CALLED, ASKED], "immediately after: toolu_1. Each `tool_use` block must"),
        (
            [SUM, CALLED, turn("user", text("First this."), result())],
            "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after",
        ),
        (
            [SUM, turn("assistant", use("a"), use("b")), turn("user", result("a"))],
            "immediately after: b.",
        ),
        ([ANSWERED], "messages.0.content.0: unexpected `tool_use_id` found"),
        (
            [SUM, CALLED, turn("user", result(), result("toolu_2"))],
            "messages.2.content.1: unexpected `tool_use_id` found in `tool_result` blocks: toolu_2",
        ),
        ([SUM, CALLED, ANSWERED, turn("assistant", text("3")), ANSWERED], "messages.4.content.0"),
        ([SUM, CALLED, turn("user", result(), result())], "must have a single result"),
        (
            [SUM, turn("assistant", use(), use()), ANSWERED],
            "messages.1: `tool_use` ids must be unique",
        ),
        ([SUM, CALLED, ANSWERED, CALLED, ANSWERED], "messages.3: `tool_use` ids must be unique"),
        ([SUM, turn("assistant", use(""))], "String should match pattern '^[a-zA-Z0-9_-]+$'"),
        (
            [SUM, turn("assistant", use() | {"id": None})],
            "messages.1.content.0.tool_use.id: Field required",
        ),
        ([SUM, CALLED, turn("user", result(""))], "without `tool_result` blocks"),
        ([SUM, turn("assistant", use("a b"))], "messages.1.content.0.tool_use.id: String should"),
        (
            [SUM, turn("assistant", use() | {"input": "{}"})],
            "messages.1.content.0.tool_use.input: Input should be a valid dictionary",
        ),
        (
            [SUM, turn("assistant", use() | {"name": ""})],
            "messages.1.content.0.tool_use.name: String should match pattern",
        ),
        (
            [SUM, turn("assistant", use() | {"name": "mcp/add"}), ANSWERED],
            "tool_use.name: String should match pattern",
        ),
        (
            [SUM, turn("assistant", use() | {"name": "a" * 65}), ANSWERED],
            "tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'",
        ),
        ([SUM, CALLED, turn("user", result(is_error=3))], "tool_result.is_error: Input"),
        (
            [SUM, CALLED, turn("user", result(content=[use()]))],
            "messages.2.content.0.tool_result.content.0: Input tag 'tool_use'",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_histories_are_checked(ask, history, message):
    assert message in ask.refusal(*history)


@pytest.mark.parametrize(
    "history",
    [
        pytest.param([SUM, CALLED, ANSWERED], id="call and result"),
        pytest.param([SUM, CALLED, turn("user", result(), text("So?"))], id="text after results"),
        pytest.param([SUM, CALLED, ANSWERED, ASKED], id="neighbours of one role"),
        pytest.param(
            [SUM, turn("assistant", text("x")), CALLED, ANSWERED], id="an answer in two messages"
        ),
        pytest.param(
            [
                SUM,
                turn("assistant", use("a"), use("b")),
                turn("user", result("b")),
                turn("user", result("a")),
            ],
            id="results in any order, one a message",
        ),
        pytest.param(
            [SUM, CALLED, turn("user", result(content=[text("3")], is_error=True))],
            id="result in blocks",
        ),
        pytest.param([SUM, CALLED, turn("user", result(content=None))], id="empty result"),
        pytest.param(
            [SUM, turn("assistant", use() | {"name": "a" * 64}), ANSWERED],
            id="a tool's name of 64 letters",
        ),
        pytest.param([SUM, turn("assistant", text("Let me"))], id="an answer begun"),
        pytest.param([SUM, turn("assistant")], id="an empty answer begun"),
    ],
)
def test_valid_histories_are_accepted(ask, history):
    assert ask.answer(*history, tools=[ADD])["type"] == "message"
