"""Results as data: sequences and matrices of vectors, mappings, rows of tables, short forms."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import asdict, fields, is_dataclass
from html.parser import HTMLParser

import numpy as np
import pytest

from heroku_emulator import CallTools, Say
from heroku_inference import (
    KNOWN_MODELS,
    AgentMessage,
    AgentResult,
    AsyncClient,
    AvailableModel,
    ChatChunk,
    ChatResult,
    Client,
    EmbeddingBatch,
    EmbeddingResult,
    McpServer,
    Reply,
    RerankHit,
    RerankResult,
    ToolCall,
    ToolCallDelta,
    Usage,
    aclose_connections,
)
from heroku_inference.cli.checks.outcomes import Result

HELLO = [{"role": "user", "content": "Hello"}]
TEXTS = ["one text", "another one", "a third"]
ATTACK = "<img src=x onerror=alert(1)><script>alert('2')</script>"
LONG = "word " * 2_000
REPLY = Reply(200, {"x-request-id": "req-1", "x-secret": "do not show"}, b'{"choices": []}' * 99)


class _Tags(HTMLParser):
    """What a browser would make of HTML: the tags, and the text between them."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = set(), ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def client(config_vars):
    return Client()


def test_vectors_are_a_sequence_and_a_matrix(client):
    result = client.embed(TEXTS)
    width = len(result.vectors[0])
    assert len(result) == 3
    assert list(result) == [result[0], result[1], result[-1]] == result.vectors
    assert result[1:] == result.vectors[1:]
    with pytest.raises(IndexError):
        result[3]
    matrix = np.asarray(result)
    assert (matrix.dtype, matrix.shape) == (np.float32, (3, width))
    assert matrix[1].tolist() == result.float32()[1].tolist()
    assert np.asarray(result, dtype=np.float64).tolist() == result.vectors
    assert np.dot(result, result[0]).shape == (3,)


async def test_those_of_batches_and_of_the_awaited_client_too(client):
    asynchronous = AsyncClient()
    assert np.asarray(await asynchronous.embed(TEXTS)).shape[0] == 3
    batches = [batch async for batch in asynchronous.iter_embed(TEXTS * 40)]
    await aclose_connections()
    assert [len(batch) for batch in batches] == [96, 24]
    assert np.asarray(batches[1]).tolist() == np.asarray(client.embed(TEXTS * 8)).tolist()


@pytest.mark.parametrize("kind", [EmbeddingResult, EmbeddingBatch])
def test_both_signatures_of_numpy_and_whole_numbers(kind):
    result = kind([[1, -2], [3, 4]])
    assert result.__array__().dtype == np.float32  # NumPy 1 without a type
    assert result.__array__(np.int8).tolist() == [[1, -2], [3, 4]]  # NumPy 1 with one
    assert result.__array__(np.dtype("f8"), copy=True).dtype == np.float64  # NumPy 2
    with pytest.raises(ValueError, match="always a copy"):
        result.__array__(copy=False)
    assert np.asarray(kind([])).shape == (0, 0)


def test_usage_is_a_mapping_of_all_its_fields(client):
    usage = client.chat(HELLO).usage
    assert dict(usage) == {**usage} == asdict(usage)
    assert list(usage.keys()) == [field.name for field in fields(Usage)]
    assert usage["total_tokens"] == usage.total_tokens
    assert not isinstance(usage, Iterable)  # or pandas gives its columns no names
    for wrong in ("keys", "total", 0):
        with pytest.raises(KeyError):
            usage[wrong]


def test_hits_models_servers_and_usages_have_named_columns(client):
    """pandas takes dataclasses apart with `asdict`; `tests/programs` shows it with pandas."""
    hits = client.rerank("text", TEXTS).hits
    rows = [*hits, *client.models(), *KNOWN_MODELS.values(), Usage(1, 2, 3), McpServer("1", "a")]
    assert all(map(is_dataclass, rows))
    assert list(asdict(hits[0])) == ["index", "score"]
    assert {"model_id", "regions", "eol_date"} <= asdict(client.models()[0]).keys()


ANSWERS = [
    ChatResult(LONG, reasoning=LONG, reply=REPLY, usage=Usage(1, 2, 3)),
    ChatChunk(reply=REPLY, tool_calls=[ToolCallDelta(0, "1", "add", LONG)] * 50),
    AgentResult([AgentMessage(LONG, reply=REPLY)] * 50, LONG, id="req-1"),
    EmbeddingResult([[0.5] * 1024] * 50, reply=REPLY, usage=Usage(1, 2, 3)),
    EmbeddingBatch([[0.5] * 1024] * 50, reply=REPLY),
    RerankResult([RerankHit(1, 0.5)] * 1000, reply=REPLY),
    REPLY,
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_a_repr_is_short_and_shows_no_headers_and_no_body(answer):
    shown = repr(answer)
    assert shown.startswith(f"{type(answer).__name__}(")
    assert len(shown) < 900
    assert "do not show" not in shown
    assert "choices" not in shown
    assert "id='req-1'" in shown


def test_a_repr_names_what_is_there_and_leaves_the_rest_out():
    answer = ChatResult("Paris.", finish_reason="stop", usage=Usage(12, 3, 15, cached_tokens=4))
    assert repr(answer) == (
        "ChatResult(text='Paris.', finish_reason='stop', usage=Usage(prompt_tokens=12, "
        "completion_tokens=3, total_tokens=15, cached_tokens=4))"
    )
    assert repr(ChatChunk()) == "ChatChunk()"
    assert repr(RerankHit(3, 0.25)) == "RerankHit(index=3, score=0.25)"


def test_a_notebook_renders_plain_answers(client, emulator):
    emulator.script(Say("# Paris\n\nIt has **2** rivers, and `a < b`."))
    answer = client.chat(HELLO)
    assert answer._repr_markdown_() == answer.text
    assert answer._repr_html_() is None  # it would be preferred


@pytest.mark.parametrize(
    "text",
    [
        ATTACK,
        "```html\n<b>bold</b>\n```",
        "![a picture](https://example.com/?stolen=1)",
        "[a link](javascript:alert(1))",
        "[a link](java&Tab;script:alert(1))",
        "[a link](javascript\\:alert(1))",
    ],
)
def test_a_notebook_shows_the_source_of_answers_that_would_run(client, emulator, text):
    emulator.script(Say(text))
    answer = client.chat(HELLO)
    shown = _Tags(answer._repr_html_())
    assert answer._repr_markdown_() is None
    assert (shown.tags, shown.text) == ({"pre"}, text)


def test_a_notebook_shows_calls_of_tools(client, emulator):
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    emulator.script(CallTools([("add", '{"a": "<b>"}')], text="Adding."))
    answer = client.chat(HELLO, tools=[tool])
    assert answer._repr_markdown_() is None
    assert _Tags(answer._repr_html_()).text == 'Adding.add({"a": "<b>"})'


RECORDS = [
    Usage(1, 2, 3),
    RerankResult([RerankHit(1, 0.5), RerankHit(0, 0.25)]),
    AvailableModel(ATTACK, regions=(ATTACK,)),
    KNOWN_MODELS["claude-4-5-haiku"],
    ToolCall("1", ATTACK, ATTACK),
    Result(name="chat", title=ATTACK, outcome="failed", detail=ATTACK, remedy=ATTACK),
]


@pytest.mark.parametrize("value", RECORDS, ids=lambda value: type(value).__name__)
def test_records_are_tables_and_what_they_hold_is_text(value):
    shown = _Tags(value._repr_html_())
    assert shown.tags <= {"table", "thead", "tbody", "tr", "th", "td"}
    assert "table" in shown.tags
    assert len(shown.text) < 2_000
    assert (ATTACK in shown.text) == (ATTACK in str(value.__reduce_ex__(4)))


def test_the_list_of_models_is_a_list_and_a_table(client):
    models = client.models()
    shown = _Tags(models._repr_html_())
    assert all(model.model_id in shown.text for model in models)
    restored = pickle.loads(pickle.dumps(models))
    assert (type(restored), restored) == (list, models)


def test_values_survive_a_pickle():
    values = [*ANSWERS, *RECORDS]
    assert pickle.loads(pickle.dumps(values)) == values
