"""`HerokuRerank` against the emulator: what it sends, returns and reports to handlers."""

from __future__ import annotations

import asyncio
import copy

import pytest
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.callbacks import CallbackManager, CBEventType
from llama_index.core.callbacks.schema import EventPayload
from llama_index.core.llms import MockLLM
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle, TextNode

import heroku_inference
from heroku_emulator import Fault
from llama_index_heroku import HerokuEmbedding, HerokuRerank
from tests.llama_index.records import Callbacks, recorded

pytestmark = pytest.mark.usefixtures("config_vars")
both = pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])

QUERY = "How many planets does the solar system have?"
TEXTS = ["Bread needs flour.", "The solar system has eight planets.", "Cats sleep a lot."]
BOTH_EVENTS = ["ReRankStartEvent", "ReRankEndEvent"]


def make_nodes(texts=TEXTS, **given):
    return [
        NodeWithScore(node=TextNode(text=text, id_=f"node-{number}", **given), score=number / 10)
        for number, text in enumerate(texts)
    ]


async def rank(reranker, nodes, *, awaited, **given):
    given = given or {"query_str": QUERY}
    if awaited:
        return await reranker.apostprocess_nodes(nodes, **given)
    return reranker.postprocess_nodes(nodes, **given)


def test_it_is_what_llama_index_expects():
    names = [base.__name__ for base in HerokuRerank.__mro__]
    assert BaseNodePostprocessor.__name__ in names
    assert HerokuRerank.class_name() == HerokuRerank.__name__


# --- what is sent and given --------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    "given",
    [{"query_str": QUERY}, {"query_bundle": QueryBundle(QUERY)}],
    ids=["query_str", "query_bundle"],
)
async def test_the_best_come_first_with_their_scores(given, awaited):
    best = await rank(HerokuRerank(), make_nodes(), awaited=awaited, **given)
    assert best[0].node.node_id == "node-1"
    assert [node.score for node in best] == sorted((node.score for node in best), reverse=True)
    assert len(best) == 3


@both
@pytest.mark.parametrize("keep", [False, True])
async def test_nodes_that_others_hold_are_left_as_they_are(keep, awaited):
    nodes = make_nodes(metadata={"page": {"number": 1}})
    before = copy.deepcopy(nodes)
    best = await rank(HerokuRerank(keep_retrieval_score=keep), nodes, awaited=awaited)
    best[0].score = 99
    if keep:
        best[0].node.metadata["page"]["number"] = 2
    assert nodes == before


@both
async def test_the_retrieval_score_can_be_stored_without_showing_it_to_models(awaited):
    reranker = HerokuRerank(keep_retrieval_score=True)
    best = await rank(reranker, make_nodes(metadata={"page": 1}), awaited=awaited)
    assert best[0].node.metadata == {"page": 1, "retrieval_score": 0.1}
    for mode in (MetadataMode.EMBED, MetadataMode.LLM):
        assert best[0].node.get_content(mode) == f"page: 1\n\n{TEXTS[1]}"
    assert best[0].node.node_id == "node-1"


@both
@pytest.mark.parametrize(
    ("mode", "text"),
    [
        (MetadataMode.NONE, "a text"),
        (MetadataMode.EMBED, "a: 1\nboth: 3\n\na text"),
        (MetadataMode.LLM, "b: 2\nboth: 3\n\na text"),
        (MetadataMode.ALL, "a: 1\nb: 2\nboth: 3\n\na text"),
    ],
)
async def test_which_metadata_are_compared_can_be_chosen(emulator, mode, text, awaited):
    node = TextNode(
        text="a text",
        metadata={"a": 1, "b": 2, "both": 3},
        excluded_embed_metadata_keys=["b"],
        excluded_llm_metadata_keys=["a"],
    )
    reranker = HerokuRerank(metadata_mode=mode)
    await rank(reranker, [NodeWithScore(node=node)], awaited=awaited)
    assert emulator.journal[0].body["documents"] == [text]
    assert HerokuRerank.from_dict(reranker.to_dict()).metadata_mode is mode


# --- events, spans, callbacks ------------------------------------------------------------------


@both
async def test_a_ranking_has_both_events_one_callback_and_one_span(awaited):
    callbacks = Callbacks()
    reranker = HerokuRerank(top_n=50, callback_manager=CallbackManager([callbacks]))
    nodes = make_nodes()
    with recorded() as (events, spans):
        best = await rank(reranker, nodes, awaited=awaited)
    assert events.names == BOTH_EVENTS
    start, end = events.kept
    assert (start.query.query_str, start.nodes, start.top_n) == (QUERY, nodes, 3)
    assert start.model_name == "cohere-rerank-3-5"
    assert end.nodes == best
    name = "_apostprocess_nodes" if awaited else "_postprocess_nodes"
    assert spans.names == [f"HerokuRerank.{name}"]
    assert {event.span_id for event in events.kept} == {spans.completed_spans[0].id_}
    assert callbacks.started == [
        (
            CBEventType.RERANKING,
            {
                EventPayload.NODES: nodes,
                EventPayload.MODEL_NAME: "cohere-rerank-3-5",
                EventPayload.QUERY_STR: QUERY,
                EventPayload.TOP_K: 3,
            },
        )
    ]
    assert callbacks.ended == [(CBEventType.RERANKING, {EventPayload.NODES: best})]


@both
async def test_no_nodes_need_no_request_and_have_both_events(emulator, awaited):
    with recorded() as (events, _):
        assert await rank(HerokuRerank(top_n=2), [], awaited=awaited) == []
    assert events.names == BOTH_EVENTS
    assert events.kept[0].top_n == 0
    assert len(emulator.journal) == 0


@both
async def test_a_missing_question_is_an_error_with_both_events(emulator, awaited):
    callbacks = Callbacks()
    reranker = HerokuRerank(callback_manager=CallbackManager([callbacks]))
    with recorded() as (events, _), pytest.raises(ValueError, match="Missing query bundle"):
        await rank(reranker, make_nodes(), awaited=awaited, query_str=None)
    assert events.names[:2] == BOTH_EVENTS
    assert len(callbacks.ended) == 1
    assert len(emulator.journal) == 0


@both
@pytest.mark.parametrize(
    ("nodes", "given"),
    [
        (QUERY, {"query_bundle": make_nodes()}),
        (QueryBundle(QUERY), {"query_bundle": make_nodes()}),
        (make_nodes(), {"query_bundle": QUERY}),
        (QUERY, {"query_str": QUERY}),
    ],
    ids=["swapped", "swapped with a bundle", "a string as bundle", "a string as nodes"],
)
async def test_arguments_in_the_wrong_places_are_named(emulator, nodes, given, awaited):
    with pytest.raises(heroku_inference.ConfigError, match=r"nodes come first.*query_str=\.\.\."):
        await rank(HerokuRerank(), nodes, awaited=awaited, **given)
    assert len(emulator.journal) == 0


@both
async def test_a_failure_is_typed_and_has_both_events(emulator, awaited):
    emulator.script(Fault(401))
    with recorded() as (events, spans), pytest.raises(heroku_inference.AuthenticationError):
        await rank(HerokuRerank(), make_nodes(), awaited=awaited)
    assert events.names[:2] == BOTH_EVENTS
    assert spans.names == []


# --- arguments ---------------------------------------------------------------------------------


def test_an_unknown_metadata_mode_is_refused():
    with pytest.raises(heroku_inference.ConfigError):
        HerokuRerank(metadata_mode="most")


# --- in LlamaIndex -----------------------------------------------------------------------------


@both
async def test_a_query_engine_answers_from_the_best(awaited):
    index = VectorStoreIndex([Document(text=text) for text in TEXTS], embed_model=HerokuEmbedding())
    engine = index.as_query_engine(
        llm=MockLLM(), similarity_top_k=3, node_postprocessors=[HerokuRerank(top_n=1)]
    )
    response = await engine.aquery(QUERY) if awaited else engine.query(QUERY)
    assert [node.node.get_content() for node in response.source_nodes] == [TEXTS[1]]
    assert TEXTS[1] in str(response)


async def test_awaited_it_does_not_block_the_loop(emulator):
    emulator.switch(latency=0.3)
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await HerokuRerank().apostprocess_nodes(make_nodes(), query_str=QUERY)
    ticking.cancel()
    assert ticks > 5
