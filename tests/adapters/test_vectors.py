"""What the embedding models and rerankers of both adapters promise alike."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from llama_index.core.schema import NodeWithScore, TextNode

import langchain_heroku
import llama_index_heroku
from heroku_emulator import RawBody
from heroku_inference import ConfigError, InvalidResponseError

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("config_vars")
both = pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])

QUERY = "How many planets does the solar system have?"
TEXTS = ["Bread needs flour.", "The solar system has eight planets.", "Cats sleep a lot."]
LONG = "word " * 1000


async def call(thing, names, *arguments, awaited, **options):
    """Call a method by its blocking or its async name."""
    result = getattr(thing, names[awaited])(*arguments, **options)
    return await result if awaited else result


@dataclass(frozen=True)
class Embeddings:
    """An embedding model, and the names of its methods and arguments."""

    make: type
    documents: tuple[str, str]
    query: tuple[str, str]
    batch_size: str
    workers: str


@pytest.fixture(
    params=[
        Embeddings(
            langchain_heroku.HerokuEmbeddings,
            ("embed_documents", "aembed_documents"),
            ("embed_query", "aembed_query"),
            "batch_size",
            "max_concurrency",
        ),
        Embeddings(
            llama_index_heroku.HerokuEmbedding,
            ("get_text_embedding_batch", "aget_text_embedding_batch"),
            ("get_query_embedding", "aget_query_embedding"),
            "embed_batch_size",
            "num_workers",
        ),
    ],
    ids=["LangChain", "LlamaIndex"],
)
def embeddings(request):
    return request.param


@both
async def test_a_request_says_which_side_of_a_search_its_texts_are(emulator, embeddings, awaited):
    model = embeddings.make()
    await call(model, embeddings.documents, ["a text", "another\n"], awaited=awaited)
    await call(model, embeddings.query, "a question", awaited=awaited)
    usual = {"model": "cohere-embed-multilingual", "encoding_format": "raw"}
    assert [entry.body for entry in emulator.journal] == [
        {**usual, "input": ["a text", "another\n"], "input_type": "search_document"},
        {**usual, "input": ["a question"], "input_type": "search_query"},
    ]


@both
async def test_an_input_type_of_the_user_is_used_for_both_sides(emulator, embeddings, awaited):
    model = embeddings.make(input_type="clustering")
    await call(model, embeddings.documents, ["a text"], awaited=awaited)
    await call(model, embeddings.query, "a question", awaited=awaited)
    assert [entry.body["input_type"] for entry in emulator.journal] == ["clustering"] * 2


@both
async def test_further_options_reach_the_server(emulator, embeddings, awaited):
    options = {
        "model": "cohere-embed-v4",
        "embedding_type": "int8",
        "allow_ignored_params": True,
    }
    model = embeddings.make(**options, extra_body={"truncate": "END"})
    [vector] = await call(model, embeddings.documents, ["a text"], awaited=awaited)
    assert all(isinstance(number, int) for number in vector)
    [entry] = emulator.journal
    assert entry.body.items() >= {**options, "truncate": "END"}.items()


@both
async def test_many_texts_go_96_at_a_time_and_come_back_in_order(emulator, embeddings, awaited):
    model = embeddings.make()
    texts = [f"text number {number}" for number in range(300)]
    with emulator.switched(embedding_order="reversed"):
        vectors = await call(model, embeddings.documents, texts, awaited=awaited)
    assert sorted(len(entry.body["input"]) for entry in emulator.journal) == [12, 96, 96, 96]
    for number in (0, 95, 96, 299):
        [alone] = await call(model, embeddings.documents, [texts[number]], awaited=awaited)
        assert vectors[number] == alone


@both
async def test_no_texts_need_no_request(emulator, embeddings, awaited):
    assert await call(embeddings.make(), embeddings.documents, [], awaited=awaited) == []
    assert len(emulator.journal) == 0


@both
async def test_a_text_that_is_too_long_is_named_and_nothing_is_sent(emulator, embeddings, awaited):
    model = embeddings.make(**{embeddings.batch_size: 1})
    with pytest.raises(ConfigError, match="Text 1 has 5000 bytes of UTF-8"):
        await call(model, embeddings.documents, ["fine", LONG], awaited=awaited)
    with pytest.raises(ValueError, match="Text 0"):
        await call(model, embeddings.query, LONG, awaited=awaited)
    assert len(emulator.journal) == 0


@both
@pytest.mark.parametrize(("long_text", "sent"), [("truncate", 2), ("split", 4)])
async def test_a_long_text_can_be_cut_or_split(emulator, embeddings, long_text, sent, awaited):
    model = embeddings.make(long_text=long_text)
    vectors = await call(model, embeddings.documents, ["short", LONG], awaited=awaited)
    assert [len(vector) for vector in vectors] == [1024, 1024]
    assert len(emulator.journal[0].body["input"]) == sent
    norm = sum(number**2 for number in vectors[1]) ** 0.5
    assert norm == pytest.approx(1, abs=1e-3)


@both
async def test_too_few_vectors_are_an_invalid_response(emulator, embeddings, awaited):
    emulator.script(RawBody({"data": [{"index": 0, "embedding": [0.5]}]}))
    with pytest.raises(InvalidResponseError, match="2 texts were sent"):
        await call(embeddings.make(), embeddings.documents, ["one", "two"], awaited=awaited)


@pytest.mark.parametrize(
    "arguments",
    [
        {"batch_size": 97},
        {"batch_size": 0},
        {"workers": 0},
        {"long_text": "split", "embedding_type": "binary"},
        {"long_text": "ignore"},
        {"extra_body": {"encoding_format": "base64"}},
        {"dimensions": 256},
    ],
    ids=str,
)
def test_wrong_arguments_of_embeddings_are_refused_when_the_object_is_made(embeddings, arguments):
    names = {"batch_size": embeddings.batch_size, "workers": embeddings.workers}
    with pytest.raises(ValueError):  # noqa: PT011 - ours or pydantic's
        embeddings.make(**{names.get(name, name): value for name, value in arguments.items()})


def test_an_embedding_model_serves_several_threads(embeddings):
    model = embeddings.make()
    embed = getattr(model, embeddings.query[0])
    texts = [f"text {number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(embed, texts)) == [embed(text) for text in texts]


def test_an_embedding_model_serves_several_event_loops(embeddings):
    model = embeddings.make()
    asked = [call(model, embeddings.query, "a question", awaited=True) for _ in range(2)]
    assert asyncio.run(asked[0]) == asyncio.run(asked[1])


# Rerankers


@dataclass(frozen=True)
class Reranker:
    """A reranker, and its call: texts in; the indices of the best out, with their scores."""

    make: type
    rank: Callable


async def rank_hits(reranker, texts, *, awaited):
    hits = await call(reranker, ("rerank", "arerank"), QUERY, texts, awaited=awaited)
    return [(hit.index, hit.score) for hit in hits]


async def rank_nodes(reranker, texts, *, awaited):
    nodes = [NodeWithScore(node=TextNode(text=t, id_=str(n))) for n, t in enumerate(texts)]
    names = ("postprocess_nodes", "apostprocess_nodes")
    best = await call(reranker, names, nodes, query_str=QUERY, awaited=awaited)
    return [(int(node.node.node_id), node.score) for node in best]


@pytest.fixture(
    params=[
        Reranker(langchain_heroku.HerokuRerank, rank_hits),
        Reranker(llama_index_heroku.HerokuRerank, rank_nodes),
    ],
    ids=["LangChain", "LlamaIndex"],
)
def reranker(request):
    return request.param


@both
async def test_the_body_holds_the_query_the_documents_and_top_n(emulator, reranker, awaited):
    await reranker.rank(reranker.make(), TEXTS, awaited=awaited)
    await reranker.rank(reranker.make(top_n=2), TEXTS, awaited=awaited)
    body = {"model": "cohere-rerank-3-5", "query": QUERY, "documents": TEXTS}
    assert [entry.body for entry in emulator.journal] == [body, {**body, "top_n": 2}]


@both
@pytest.mark.parametrize(("top_n", "kept"), [(None, 3), (1, 1), (2, 2), (50, 3)])
async def test_the_best_come_first_and_top_n_limits_them(reranker, top_n, kept, awaited):
    best = await reranker.rank(reranker.make(top_n=top_n), TEXTS, awaited=awaited)
    scores = [score for _, score in best]
    assert best[0][0] == 1
    assert scores == sorted(scores, reverse=True)
    assert len(best) == kept


@both
async def test_more_than_1000_documents_are_ranked_as_one(emulator, reranker, awaited):
    texts = [f"Document number {number}." for number in range(2500)]
    texts[1700] = TEXTS[1]
    best = await reranker.rank(reranker.make(top_n=3), texts, awaited=awaited)
    assert best[0][0] == 1700
    assert len(best) == 3
    assert sorted(len(entry.body["documents"]) for entry in emulator.journal) == [833, 833, 834]


@both
@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([{"index": 2, "relevance_score": 0.5}] * 3, "twice"),
        ([{"index": 7, "relevance_score": 0.5}], "beyond the 3 sent"),
    ],
    ids=["twice", "beyond"],
)
async def test_wrong_indices_are_an_invalid_response(emulator, reranker, results, words, awaited):
    emulator.script(RawBody({"results": results}))
    with pytest.raises(InvalidResponseError, match=words):
        await reranker.rank(reranker.make(), TEXTS, awaited=awaited)


@pytest.mark.parametrize("arguments", [{"top_n": 0}, {"top_n": -3}, {"max_concurrency": 0}])
def test_a_number_below_one_is_refused_when_the_reranker_is_made(reranker, arguments):
    with pytest.raises(ConfigError, match="must be a whole number from 1"):
        reranker.make(**arguments)


def test_a_reranker_refuses_unknown_arguments(reranker):
    with pytest.raises(ValueError, match="rank_fields"):
        reranker.make(rank_fields=["title"])


def test_a_reranker_serves_several_event_loops(reranker):
    model = reranker.make()
    ranked = [reranker.rank(model, TEXTS, awaited=True) for _ in range(2)]
    assert asyncio.run(ranked[0]) == asyncio.run(ranked[1])
