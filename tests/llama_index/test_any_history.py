"""Any history that LlamaIndex could hold is sent, and every word in it reaches the model."""

from __future__ import annotations

import itertools
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_index.core.base.llms.types import (
    AudioBlock,
    CacheControl,
    CachePoint,
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)
from llama_index.core.llms import ChatMessage, MessageRole

from heroku_inference import ConfigError
from tests.histories import texts_sent
from tests.llama_index.histories import GO_ON, PDF, PDFS, UNSENDABLE
from tests.llama_index.test_histories import SENDERS, user_warnings
from tests.wire_cases import PIXEL

pytestmark = [
    pytest.mark.usefixtures("config_vars"),
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning"  # LlamaIndex's workflows use what is deprecated
    ),
]

NUMBERS = itertools.count()
MANY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# Words that are told apart, so that each can be looked for; and what stands around them.
WORDS = st.builds(lambda: f"word{next(NUMBERS)}end")
AROUND = st.sampled_from(["", " ", "\n", "<", "</reasoning>", "é", "\ud83d", "\ufeff", "\x00", "{"])
TEXTS = st.builds("{}{}{}".format, AROUND, WORDS, AROUND)
BLANKS = st.sampled_from(["", " ", "\n\t", "\u3000"])
TEXT_BLOCKS = st.builds(TextBlock, text=TEXTS | BLANKS)
OTHER_BLOCKS = st.one_of(
    st.sampled_from(
        [
            *(block for block, _ in UNSENDABLE.values()),
            *PDFS.values(),
            ImageBlock(image=PIXEL),
            ImageBlock(url="https://a.b/c.png", detail="low"),
            ImageBlock(url="file:///cat.png"),
            AudioBlock(url="https://a.b/c.ogg"),
            VideoBlock(),
            DocumentBlock(data=PDF),
            DocumentBlock(data=b"{}", document_mimetype="application/json", title=" "),
            CachePoint(cache_control=CacheControl(type="ephemeral")),
            CitationBlock(cited_content="x", source="s", title="t", additional_location_info={}),
            ThinkingBlock(content="Hm."),
            ThinkingBlock(),
        ]
    ),
    st.builds(
        lambda title, content: CitableBlock(title=title, source="a.txt", content=[content]),
        TEXTS | BLANKS,
        TEXT_BLOCKS,
    ),
    st.builds(lambda text: DocumentBlock(data=f"# {text}".encode(), title="Notes"), WORDS),
)
IDS = st.sampled_from(["call_0", "call_1", "call_1", "functions.x:0", "", None, "i" * 80, "add"])
NAMES = st.sampled_from(["add", "mcp-python/add", "add.it", "x" * 70, "é"])
ARGUMENTS = st.sampled_from(
    ['{"a": 1}', "", "[1]", "null", "{broken", '{"a": NaN}', {"b": 2}, {"a": {1}}, {"c": b"x"}]
)
CALL_BLOCKS = st.builds(ToolCallBlock, tool_call_id=IDS, tool_name=NAMES, tool_kwargs=ARGUMENTS)
KEPT_CALLS = st.one_of(
    st.builds(
        lambda i, n, a: {"id": i, "type": "function", "function": {"name": n, "arguments": a}},
        IDS,
        NAMES,
        ARGUMENTS,
    ),
    st.builds(
        lambda i, n, a: {"tool_id": i, "tool_name": n, "tool_kwargs": a}, IDS, NAMES, ARGUMENTS
    ),
    st.builds(lambda i, n, a: {"id": i, "name": n, "input": a}, IDS, NAMES, ARGUMENTS),
    st.sampled_from([{}, "add(1)", None, 3, {"id": "call_0"}, {"function": {"name": ""}}]),
)
FURTHER = st.fixed_dictionaries(
    {},
    optional={
        "tool_call_id": IDS,
        "name": NAMES,
        "tool_calls": st.lists(KEPT_CALLS, max_size=3) | KEPT_CALLS,
        "function_call": st.builds(dict, name=NAMES, arguments=ARGUMENTS),
        "refusal": TEXTS | st.none(),
        "cache_control": st.just({"type": "ephemeral"}),
    },
)
MESSAGES = st.builds(
    lambda role, blocks, further: ChatMessage(
        role=role, blocks=deepcopy(blocks), additional_kwargs=further
    ),
    st.sampled_from(MessageRole),
    st.lists(TEXT_BLOCKS | OTHER_BLOCKS | CALL_BLOCKS, max_size=3),
    FURTHER,
)
HISTORIES = st.lists(MESSAGES, max_size=8)


def words_of(messages):
    """The words of texts that some class could be tempted to leave out."""
    for message in messages:
        for block in message.blocks:
            inner = block.content if isinstance(block, CitableBlock) else [block]
            texts = [one.text for one in inner if isinstance(one, TextBlock)]
            if isinstance(block, CitableBlock):
                texts.append(block.title)
            if isinstance(block, DocumentBlock) and block.title == "Notes":
                texts.append(block.resolve_document().read().decode())
            for text in texts:
                if "word" in text:
                    yield text[text.index("word") : text.index("end") + 3]


@pytest.fixture
def sent(emulator):
    """Sends by one way, and gives the body that the server has accepted."""
    emulator.switch(bare_tool_history="reject")

    def by(way, messages):
        emulator.journal.clear()
        with user_warnings() as warned:
            SENDERS[way](messages)
        (entry,) = emulator.journal
        assert entry.status == 200
        assert len(warned) <= 1
        return entry.body

    return by


@pytest.mark.parametrize("way", ["Heroku.chat", "HerokuMessages.chat", "HerokuAgent.run"])
@MANY
@given(history=HISTORIES)
def test_any_history_is_sent_whole(history, way, sent):
    messages = [*history, ChatMessage(GO_ON)]
    before = deepcopy(messages)
    texts = texts_sent(sent(way, messages))
    assert messages == before, "the given messages were changed"
    for word in words_of(history):
        assert word in texts


@pytest.mark.parametrize("way", ["Heroku.chat", "HerokuMessages.chat"])
@MANY
@given(history=HISTORIES, newest=MESSAGES)
def test_any_last_message_is_sent_or_refused_in_our_words(history, newest, way, sent):
    try:
        sent(way, [*history, newest])
    except ConfigError as error:
        nothing = "nothing that can be sent" in error.problem
        assert nothing or newest.role == "user"
        assert nothing or error.problem.startswith(f"messages[{len(history)}]: ")  # noqa: PT017 - or it is sent
