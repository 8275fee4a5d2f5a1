"""What embeddings report to handlers, what they cache, and how often they ask a rate limiter."""

from __future__ import annotations

from collections import Counter
from threading import get_ident

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType
from llama_index.core.callbacks.schema import EventPayload
from llama_index.core.rate_limiter import BaseRateLimiter, TokenBucketRateLimiter
from llama_index.core.storage.kvstore import SimpleKVStore

import heroku_inference
from heroku_emulator import Fault
from llama_index_heroku import HerokuEmbedding
from tests.llama_index.records import Callbacks, recorded

pytestmark = pytest.mark.usefixtures("config_vars")
both = pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])

CALLS = [("query", "text"), ("text", "text"), ("text", ["a", "b", "c", "d", "e"])]
calls = pytest.mark.parametrize(("side", "text"), CALLS, ids=["query", "text", "batch"])


async def embedded(embedding, side, text, *, awaited):
    """Whatever core's method for this side, and one or several texts, gives."""
    name = f"get_{side}_embedding" + "_batch" * isinstance(text, list)
    if awaited:
        return await getattr(embedding, "a" + name)(text)
    return getattr(embedding, name)(text)


def requests(emulator):
    return [entry.body["input"] for entry in emulator.journal]


# --- events, spans, callbacks ------------------------------------------------------------------


@both
@calls
async def test_there_is_one_pair_of_events_and_one_callback_a_batch(side, text, awaited):
    callbacks = Callbacks()
    embedding = HerokuEmbedding(embed_batch_size=2, callback_manager=CallbackManager([callbacks]))
    with recorded() as (events, _):
        given = await embedded(embedding, side, text, awaited=awaited)
    texts, vectors = (text, given) if isinstance(text, list) else ([text], [given])
    batches = (len(texts) + 1) // 2
    pair = {"EmbeddingStartEvent": batches, "EmbeddingEndEvent": batches}
    assert Counter(events.names) == pair
    started = [event for event in events.kept if event.class_name() == "EmbeddingStartEvent"]
    assert started[0].model_dict == {
        "class_name": "HerokuEmbedding",
        "model_name": "cohere-embed-multilingual",
        "embed_batch_size": 2,
        "provider": "heroku",
        "model": "cohere-embed-multilingual",
        "maker_model_id": "embed-multilingual-v3.0",
    }
    ended = [event for event in events.kept if event.class_name() == "EmbeddingEndEvent"]
    told = {
        chunk: vector
        for event in ended
        for chunk, vector in zip(event.chunks, event.embeddings, strict=True)
    }
    assert told == dict(zip(texts, vectors, strict=True))
    assert [kind for kind, _ in callbacks.started] == [CBEventType.EMBEDDING] * batches
    assert [payload[EventPayload.CHUNKS] for _, payload in callbacks.ended] == [
        event.chunks for event in ended
    ]


@both
async def test_a_call_has_one_span_and_its_events_are_in_it(awaited):
    with recorded() as (events, spans):
        await embedded(HerokuEmbedding(), "text", ["a", "b"], awaited=awaited)
    name = "aget_text_embedding_batch" if awaited else "get_text_embedding_batch"
    assert spans.names == [f"HerokuEmbedding.{name}"]
    assert {event.span_id for event in events.kept} == {spans.completed_spans[0].id_}


@both
async def test_a_failure_ends_the_callbacks_and_drops_the_span(emulator, awaited):
    callbacks = Callbacks()
    manager = CallbackManager([callbacks])
    embedding = HerokuEmbedding(embed_batch_size=1, max_retries=0, callback_manager=manager)
    emulator.script(Fault(401, times=3))
    with recorded() as (_, spans), pytest.raises(heroku_inference.AuthenticationError) as caught:
        await embedded(embedding, "text", ["a", "b", "c"], awaited=awaited)
    assert len(callbacks.ended) == len(callbacks.started)
    payloads = [payload for _, payload in callbacks.ended if payload]
    assert caught.value in [payload.get(EventPayload.EXCEPTION) for payload in payloads]
    assert spans.names == []
    assert len(spans.dropped_spans) == 1


def test_handlers_and_stores_are_called_on_the_callers_own_thread():
    threads = set()

    class Watching(Callbacks):
        def on_event_start(self, *args, **kwargs):
            threads.add(get_ident())
            return super().on_event_start(*args, **kwargs)

        def on_event_end(self, *args, **kwargs):
            threads.add(get_ident())
            super().on_event_end(*args, **kwargs)

    class Store(SimpleKVStore):
        def get(self, *args, **kwargs):
            threads.add(get_ident())
            return super().get(*args, **kwargs)

        def put(self, *args, **kwargs):
            threads.add(get_ident())
            super().put(*args, **kwargs)

    embedding = HerokuEmbedding(
        embed_batch_size=1,
        embeddings_cache=Store(),
        callback_manager=CallbackManager([Watching()]),
    )
    embedding.get_text_embedding_batch(list("abcdefgh"))
    assert threads == {get_ident()}


# --- cache -------------------------------------------------------------------------------------


@both
@calls
async def test_cached_vectors_are_not_requested_again(emulator, side, text, awaited):
    embedding = HerokuEmbedding(embeddings_cache=SimpleKVStore())
    first = await embedded(embedding, side, text, awaited=awaited)
    assert await embedded(embedding, side, text, awaited=awaited) == first
    assert len(emulator.journal) == 1


@both
async def test_a_question_never_gets_the_vector_of_a_document(emulator, awaited):
    embedding = HerokuEmbedding(embeddings_cache=SimpleKVStore())
    for _ in range(2):
        await embedded(embedding, "text", "the same words", awaited=awaited)
        await embedded(embedding, "query", "the same words", awaited=awaited)
        await embedded(embedding, "text", ["the same words"], awaited=awaited)
    sides = [entry.body["input_type"] for entry in emulator.journal]
    assert sides == ["search_document", "search_query"]


@both
@pytest.mark.parametrize(
    "other",
    [
        {"model": "cohere-embed-v4"},
        {"embedding_type": "int8"},
        {"input_type": "clustering"},
        {"extra_body": {"truncate": "END"}, "allow_ignored_params": True},
        {"long_text": "truncate"},
    ],
    ids=lambda given: next(iter(given)),
)
async def test_vectors_of_different_makes_share_a_store_and_do_not_mix(emulator, other, awaited):
    store = SimpleKVStore()
    for given in ({}, other, {}, other):
        embedding = HerokuEmbedding(embeddings_cache=store, **given)
        await embedded(embedding, "text", "a text", awaited=awaited)
    assert len(emulator.journal) == 2


@both
async def test_only_what_is_missing_is_sent_and_all_comes_back_in_order(emulator, awaited):
    plain = await embedded(HerokuEmbedding(), "text", list("abcba"), awaited=awaited)
    emulator.journal.clear()
    embedding = HerokuEmbedding(embeddings_cache=SimpleKVStore())
    await embedded(embedding, "text", ["b", "d"], awaited=awaited)
    assert await embedded(embedding, "text", list("abcba"), awaited=awaited) == plain
    assert requests(emulator) == [["b", "d"], ["a", "c", "a"]]


# --- rate limiter ------------------------------------------------------------------------------


class Counting(BaseRateLimiter):
    def __init__(self):
        self.asked = 0

    def acquire(self, num_tokens=0):
        self.asked += 1

    async def async_acquire(self, num_tokens=0):
        self.asked += 1


@both
@calls
@pytest.mark.parametrize("cached", [False, True], ids=["no cache", "cache"])
async def test_a_limiter_counts_requests_and_not_cached_vectors(
    emulator, side, text, cached, awaited
):
    limiter = Counting()
    cache = SimpleKVStore() if cached else None
    embedding = HerokuEmbedding(embed_batch_size=2, rate_limiter=limiter, embeddings_cache=cache)
    for _ in range(2):
        await embedded(embedding, side, text, awaited=awaited)
        assert limiter.asked == len(emulator.journal)
    assert limiter.asked == (1 if cached else 2) * (3 if isinstance(text, list) else 1)


@both
async def test_a_limiter_of_llama_index_can_be_used(awaited):
    limiter = TokenBucketRateLimiter(requests_per_minute=600)
    embedding = HerokuEmbedding(rate_limiter=limiter)
    assert len(await embedded(embedding, "query", "a question", awaited=awaited)) == 1024
