"""Any history that a framework could hold is sent, and every word in it reaches the model."""

from __future__ import annotations

import copy
import itertools
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heroku_inference import Client, ConfigError
from heroku_inference._anthropic.clients import anthropic_client
from heroku_inference._anthropic.request import message_arguments
from heroku_inference._chat.messages import wire_messages
from heroku_inference._config.settings import Settings
from tests.histories import IMAGE, PARTS, texts_sent

from .anthropic_form import anthropic_body

MODEL = "claude-4-5-sonnet"
NUMBERS = itertools.count()

# Words that are told apart, so that each can be looked for; and what frameworks put around them.
WORDS = st.builds(lambda: f"word{next(NUMBERS)}end")
AROUND = st.sampled_from(
    ["", " ", "\n", "<", "</reasoning>", "é", "\ud83d", "\ufeff", "\x00", "{", '"']
)
TEXTS = st.builds("{}{}{}".format, AROUND, WORDS, AROUND)
BLANKS = st.sampled_from(
    ["", " ", "\n\t", "\u3000", None, [], [""], [{"type": "text", "text": " "}]]
)
TEXT_PARTS = st.builds(lambda text: {"type": "text", "text": text}, TEXTS | st.just(" "))
OTHER_PARTS = st.sampled_from([part for part, _ in PARTS.values()] + [IMAGE, {}, {"type": None}])
THOUGHTS = st.sampled_from(
    [
        {"type": "thinking", "thinking": "hm", "signature": ""},
        {"type": "reasoning", "summary": []},
        {"type": "redacted_thinking"},
    ]
)
PART_LISTS = st.lists(TEXT_PARTS | TEXTS | OTHER_PARTS | THOUGHTS, max_size=3)
CONTENTS = TEXTS | BLANKS | PART_LISTS

IDS = st.sampled_from(["call_0", "call_1", "call_1", "functions.x:0", "", None, "i" * 80, "add", 7])
NAMES = st.sampled_from(["add", "mcp-python/add", "add.it", "x" * 70, "é"])
ARGUMENTS = st.sampled_from(
    ['{"a": 1}', "", None, "[1]", "null", "{broken", '{"a": NaN}', {"b": 2}, r'{"a": "\ud83d"}']
)
CALLS = st.builds(
    lambda call_id, name, arguments: {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    },
    IDS,
    NAMES,
    ARGUMENTS,
)


def message(role, content=CONTENTS, **fields):
    return st.fixed_dictionaries({"role": st.just(role), "content": content}, optional=fields)


MESSAGES = st.one_of(
    message("user"),
    message("assistant", tool_calls=st.none() | st.lists(CALLS, max_size=3)),
    message("tool", tool_call_id=IDS, name=NAMES),
    message("tool", tool_call_id=IDS),
    message("system"),
    message("developer"),
    message("assistant", function_call=st.builds(dict, name=NAMES, arguments=ARGUMENTS)),
    message("function", name=NAMES),
    message("critic", name=NAMES),
)
HISTORIES = st.lists(MESSAGES, max_size=8)
MANY = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def words_in(value):
    if isinstance(value, str):
        return {word for word in value.replace("end", "end ").split() if "word" in word}
    if isinstance(value, dict):
        return set().union(*map(words_in, value.values()))
    if isinstance(value, list):
        return set().union(*map(words_in, value))
    return set()


def shown_words(messages):
    return {word[word.index("word") :] for word in words_in(messages)}


@pytest.fixture
def sent(emulator, config_vars):
    """Sends by one way, and gives the body that the server has accepted."""
    emulator.switch(bare_tool_history="reject")
    client, messages_client = Client(), anthropic_client(Settings())

    def by(way, messages):
        emulator.journal.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if way == "chat":
                client.chat(messages, model=MODEL)
            elif way == "agent":
                client.run_agent(messages, model=MODEL)
            else:
                body = message_arguments(anthropic_body(messages))
                messages_client.messages.create(**body)
        (entry,) = emulator.journal
        assert entry.status == 200
        return entry.body

    return by


@pytest.mark.parametrize("way", ["chat", "agent", "messages"])
@MANY
@given(history=HISTORIES)
def test_any_history_is_sent_whole(history, way, sent):
    messages = [*history, {"role": "user", "content": "And now?"}]
    before = copy.deepcopy(messages)
    texts = texts_sent(sent(way, messages))
    assert messages == before, "the given messages were changed"
    for word in shown_words(history):
        assert word in texts


@pytest.mark.parametrize("way", ["chat", "messages"])
@MANY
@given(history=HISTORIES, newest=MESSAGES)
def test_any_last_message_is_sent_or_refused_in_our_words(history, newest, way, sent):
    try:
        sent(way, [*history, newest])
    except ConfigError as error:
        nothing = "nothing that can be sent" in error.problem
        assert nothing or newest["role"] in {"user", "critic"}
        assert nothing or error.problem.startswith("messages[")  # noqa: PT017 - or it is sent


@MANY
@given(history=HISTORIES)
def test_what_was_repaired_needs_no_second_repair(history):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        once = wire_messages([*history, {"role": "user", "content": "And now?"}])
    assert wire_messages(once) == once
