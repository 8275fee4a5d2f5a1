"""Any history that LangChain can hold is sent, and every word in it reaches the model."""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from heroku_inference import ConfigError
from langchain_heroku import ChatHeroku, ChatHerokuAgent, ChatHerokuMessages
from tests.histories import IMAGE, PARTS
from tests.langchain.histories import HISTORIES as TABLE

MODEL = "claude-4-5-sonnet"
NUMBERS = itertools.count()

# Words that are told apart, so that each can be looked for; and what may stand around them.
WORDS = st.builds(lambda: f"kw{next(NUMBERS)}end")
AROUND = st.sampled_from(["", " ", "\n", "<", "</reasoning>", "é", "\ud83d", "\x00", "{", '"'])
TEXTS = st.builds("{}{}{}".format, AROUND, WORDS, AROUND)
BLANKS = st.sampled_from(["", " ", "\n\t", "\u3000"])
TEXT_BLOCKS = st.builds(
    lambda kind, text: {"type": kind, "text": text},
    st.sampled_from(["text", "text", "input_text", "output_text", "text-plain"]),
    TEXTS | BLANKS,
)


def blocks_of_the_table():
    """Every block of the table of histories, and those of the shared one."""
    for history in TABLE.values():
        for message in history.messages:
            if not isinstance(message.content, str):
                yield from message.content
    yield from (part for part, _ in PARTS.values())


# Not what is signed: a signature is refused if the message says falsely that it is Claude's.
FOUND = [
    block
    for block in blocks_of_the_table()
    if "itself" not in str(block) and "signature" not in block
]
OTHER_BLOCKS = st.sampled_from([*FOUND, IMAGE, {"type": None}, {"type": ["text"]}])
BLOCKS = TEXT_BLOCKS | TEXTS | OTHER_BLOCKS
CONTENTS = TEXTS | BLANKS | st.lists(BLOCKS, max_size=3)

IDS = st.sampled_from(["call_0", "call_1", "call_1", "functions.x:0", "", "i" * 80, "add"])
NAMES = st.sampled_from(["add", "mcp-python/add", "add.it", "x" * 70, "é"])
VALUES = st.none() | st.integers() | st.floats() | TEXTS | st.builds(object)
ARGUMENTS = st.dictionaries(TEXTS, VALUES, max_size=2)
TOOL_CALLS = st.fixed_dictionaries({"name": NAMES, "args": ARGUMENTS, "id": st.none() | IDS})
INVALID_CALLS = st.fixed_dictionaries(
    {
        "name": st.none() | NAMES,
        "args": st.none() | st.builds('{{"a": "{}'.format, WORDS),
        "id": st.none() | IDS,
        "error": st.none(),
    }
)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "model_provider": st.sampled_from(["anthropic", "heroku", "openai", "google_genai"]),
        "output_version": st.sampled_from(["v1", "v0"]),
    },
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "refusal": TEXTS,
        "reasoning_content": st.just("hm"),
        "function_call": st.builds(lambda name: {"name": name, "arguments": "{}"}, NAMES),
        "audio": st.just({"id": "a", "transcript": "spoken"}),
        "tool_outputs": st.just([{"type": "web_search_call", "id": "ws"}]),
    },
)
ANSWERS = st.builds(
    AIMessage,
    CONTENTS,
    tool_calls=st.lists(TOOL_CALLS, max_size=2),
    invalid_tool_calls=st.lists(INVALID_CALLS, max_size=1),
    response_metadata=METADATA,
    additional_kwargs=FIELDS,
)
MESSAGES = st.one_of(
    st.builds(HumanMessage, CONTENTS),
    ANSWERS,
    ANSWERS,
    st.builds(AIMessageChunk, CONTENTS),
    st.builds(SystemMessage, CONTENTS),
    st.builds(
        ToolMessage,
        CONTENTS,
        tool_call_id=IDS,
        name=st.none() | NAMES,
        status=st.sampled_from(["success", "error"]),
    ),
    st.builds(FunctionMessage, CONTENTS, name=NAMES),
    st.builds(
        ChatMessage, CONTENTS, role=st.sampled_from(["user", "assistant", "human", "critic"])
    ),
    st.just(RemoveMessage(id="1")),
)
HISTORIES = st.lists(MESSAGES, max_size=7)
MANY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def words_of(value):
    if isinstance(value, str):
        return {word.partition("end")[0] + "end" for word in _after("kw", value)}
    if isinstance(value, dict):
        return set().union(*map(words_of, [*value, *value.values()]))
    if isinstance(value, list):
        return set().union(*map(words_of, value))
    return set()


def _after(mark, text):
    return [mark + piece for piece in text.split(mark)[1:]]


def words_in(message):
    """The words that the model must see."""
    calls = getattr(message, "tool_calls", []), getattr(message, "invalid_tool_calls", [])
    words = words_of([message.content, *map(list, calls)])
    if message.response_metadata.get("output_version") != "v1":
        words |= words_of(message.additional_kwargs.get("refusal"))
    return words


CLASSES = {"chat": ChatHeroku, "agent": ChatHerokuAgent, "messages": ChatHerokuMessages}


WAYS = {
    "invoke": lambda llm, messages: llm.invoke(messages),
    "stream": lambda llm, messages: list(llm.stream(messages)),
    "ainvoke": lambda llm, messages: asyncio.run(llm.ainvoke(messages)),
}


@pytest.fixture
def sent(emulator, config_vars):
    """Send by one class, and return the body that the server has accepted."""
    emulator.switch(bare_tool_history="reject")
    models = {kind: one(model=MODEL) for kind, one in CLASSES.items()}

    def by(kind, way, messages):
        emulator.journal.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            WAYS[way](models[kind], messages)
        (entry,) = emulator.journal
        assert entry.status == 200
        return entry.body

    return by


@pytest.mark.parametrize("kind", CLASSES)
@MANY
@given(history=HISTORIES, way=st.sampled_from(list(WAYS)))
def test_any_history_is_sent_whole(history, kind, way, sent):
    messages = [*history, HumanMessage("And now?")]
    before = copy.deepcopy(messages)
    texts = json.dumps(sent(kind, way, messages), ensure_ascii=False)
    assert [message.content for message in messages] == [message.content for message in before]
    for message in history:
        for word in words_in(message):
            assert word in texts


@pytest.mark.parametrize("kind", CLASSES)
@MANY
@given(history=HISTORIES, newest=MESSAGES, way=st.sampled_from(list(WAYS)))
def test_any_last_message_is_sent_or_refused_in_our_words(history, newest, kind, way, sent):
    try:
        sent(kind, way, [*history, newest])
    except ConfigError as error:
        nothing = "nothing that can be sent" in error.problem or "is empty" in error.problem
        places = [n for n, one in enumerate([*history, newest]) if one.type != "remove"]
        assert nothing or [*history, newest][places[-1]].type in {"human", "chat"}
        assert nothing or error.problem.startswith(f"messages[{places[-1]}]: ")  # noqa: PT017
