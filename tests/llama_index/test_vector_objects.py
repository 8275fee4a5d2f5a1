"""Embedding models and rerankers as LlamaIndex stores and caches them."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from llama_index.core.rate_limiter import TokenBucketRateLimiter
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.storage.kvstore import SimpleKVStore

from llama_index_heroku import HerokuEmbedding, HerokuRerank
from tests.llama_index.records import recorded

ALIAS = {HerokuEmbedding: "EMBEDDING", HerokuRerank: "RERANK"}
URL = "https://us.inference.heroku.com"
KEY = "inf-test-key"
NODES = [NodeWithScore(node=TextNode(text=text, id_=text)) for text in ("a text", "another")]

kinds = pytest.mark.parametrize("kind", list(ALIAS))


def use(thing):
    """Ask the server something; return its answer."""
    if isinstance(thing, HerokuEmbedding):
        return thing.get_query_embedding("a question")
    return thing.postprocess_nodes(NODES, query_str="a question")


async def ause(thing):
    if isinstance(thing, HerokuEmbedding):
        return await thing.aget_query_embedding("a question")
    return await thing.apostprocess_nodes(NODES, query_str="a question")


@kinds
async def test_handlers_are_shown_no_key(kind, emulator):
    thing = kind(api_key=emulator.api_key, base_url=emulator.url)
    with recorded() as (events, _):
        use(thing)
        await ause(thing)
    assert events.kept
    assert emulator.api_key not in "".join(event.model_dump_json() for event in events.kept)


def test_how_many_work_at_a_time_is_not_part_of_what_pipelines_cache_by():
    first, second = (HerokuEmbedding(api_key=KEY, base_url=URL, num_workers=n) for n in (1, 5))
    assert first.to_dict() == second.to_dict()


@kinds
@pytest.mark.parametrize("used", [False, True], ids=["before use", "after use"])
@pytest.mark.usefixtures("config_vars")
async def test_a_dump_makes_an_equal_object(kind, used):
    thing = kind(model="cohere-embed-v4") if kind is HerokuEmbedding else kind(top_n=1)
    if used:
        use(thing)
        await ause(thing)
    for twin in (kind.from_dict(thing.to_dict()), kind.from_json(thing.to_json())):
        assert twin.to_dict() == thing.to_dict()
        assert use(twin) == use(thing)
        assert await ause(twin) == await ause(thing)


@kinds
def test_dumps_are_json_and_hold_the_arguments(kind):
    given = {"model": "some-model", "alias": "EMBEDDING_TEAL", "base_url": URL}
    dumped = json.loads(kind(api_key=KEY, **given).to_json())
    assert given.items() <= dumped.items()
    assert dumped["class_name"] == kind.__name__


@pytest.mark.usefixtures("config_vars")
async def test_a_cache_goes_along_into_pickles_and_a_limiter_stays(emulator):
    embedding = HerokuEmbedding(
        embeddings_cache=SimpleKVStore(),
        rate_limiter=TokenBucketRateLimiter(requests_per_minute=600),
    )
    use(embedding)
    twin = pickle.loads(pickle.dumps(embedding))
    assert use(twin) == use(embedding)
    assert len(emulator.journal) == 1
    assert twin.rate_limiter is None
    assert embedding.rate_limiter is not None
    json.loads(embedding.to_json())
    same = copy.deepcopy(embedding)
    assert same.rate_limiter is embedding.rate_limiter
