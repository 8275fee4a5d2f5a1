"""Embeddings and rerankers show no key, and survive being copied, before and after use."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback

import pytest
from llama_index.core.rate_limiter import TokenBucketRateLimiter
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.storage.kvstore import SimpleKVStore

import heroku_inference
from llama_index_heroku import HerokuEmbedding, HerokuRerank
from tests.llama_index.records import recorded

ALIAS = {HerokuEmbedding: "EMBEDDING", HerokuRerank: "RERANK"}
URL = "https://us.inference.heroku.com"
KEY = "inf-test-key"
NODES = [NodeWithScore(node=TextNode(text=text, id_=text)) for text in ("a text", "another")]

kinds = pytest.mark.parametrize("kind", list(ALIAS))


def use(thing):
    """Asks the server something, and gives what it answered."""
    if isinstance(thing, HerokuEmbedding):
        return thing.get_query_embedding("a question")
    return thing.postprocess_nodes(NODES, query_str="a question")


async def ause(thing):
    if isinstance(thing, HerokuEmbedding):
        return await thing.aget_query_embedding("a question")
    return await thing.apostprocess_nodes(NODES, query_str="a question")


@kinds
def test_a_key_is_nowhere_to_be_seen(kind, monkeypatch):
    monkeypatch.setenv(f"{ALIAS[kind]}_KEY", KEY)
    monkeypatch.setenv(f"{ALIAS[kind]}_URL", URL)
    headers = {"x-secret": KEY}
    for thing in (kind(default_headers=headers), kind(api_key=KEY, base_url=URL)):
        shown = [repr(thing), str(thing), thing.to_json(), thing.json(), str(thing.to_dict())]
        assert KEY not in "".join([*shown, str(thing.model_dump()), repr(thing.settings)])


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
def test_a_key_in_the_wrong_place_is_not_shown_by_the_error(kind):
    with pytest.raises(ValueError, match="timeout") as caught:
        kind(api_key=KEY, base_url=URL, timeout=KEY)
    assert KEY not in "".join(traceback.format_exception(caught.value))


@kinds
def test_a_missing_key_is_an_error_that_names_the_config_var(kind):
    with pytest.raises(heroku_inference.ConfigError, match="INFERENCE_KEY"):
        kind()


@kinds
def test_a_key_of_another_vendor_is_never_used(kind, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("COHERE_API_KEY", KEY)
    with pytest.raises(ValueError, match="INFERENCE_KEY"):
        kind()


@kinds
def test_a_key_given_as_an_argument_survives_pickle(kind):
    restored = pickle.loads(pickle.dumps(kind(api_key=KEY, base_url=URL)))
    assert restored.settings.api_key.get_secret_value() == KEY
    assert restored.api_key == KEY


@kinds
def test_a_key_from_a_config_var_is_not_in_the_pickle_but_looked_up_again(kind, monkeypatch):
    monkeypatch.setenv(f"{ALIAS[kind]}_KEY", KEY)
    monkeypatch.setenv(f"{ALIAS[kind]}_URL", URL)
    thing = kind()
    assert thing.settings.api_key.get_secret_value() == KEY
    pickled = pickle.dumps(thing)
    assert KEY.encode() not in pickled
    monkeypatch.setenv(f"{ALIAS[kind]}_KEY", "inf-another-key")
    assert pickle.loads(pickled).settings.api_key.get_secret_value() == "inf-another-key"


@kinds
@pytest.mark.parametrize("used", [False, True], ids=["before use", "after use"])
@pytest.mark.parametrize(
    "copied",
    [
        lambda thing: pickle.loads(pickle.dumps(thing)),
        copy.deepcopy,
        copy.copy,
        lambda thing: thing.model_copy(),
        lambda thing: thing.model_copy(deep=True),
        lambda thing: type(thing).from_dict(thing.to_dict()),
        lambda thing: type(thing).from_json(thing.to_json()),
    ],
    ids=["pickle", "deepcopy", "copy", "model_copy", "deep model_copy", "dict", "json"],
)
@pytest.mark.usefixtures("config_vars")
async def test_copies_are_equal_and_work(kind, copied, used, caplog):
    thing = kind(model="cohere-embed-v4") if kind is HerokuEmbedding else kind(top_n=1)
    if used:
        use(thing)
        await ause(thing)
    twin = copied(thing)
    assert twin.to_dict() == thing.to_dict()
    assert use(twin) == use(thing)
    assert await ause(twin) == await ause(thing)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@kinds
def test_dumps_are_json_and_hold_what_was_given(kind):
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


@kinds
def test_clients_of_ones_own_are_used_and_stay_at_home(kind, config_vars):
    import httpx

    with httpx.Client(headers={"x-mine": "yes"}) as own:
        thing = kind(http_client=own)
        use(thing)
        assert not own.is_closed
        assert copy.deepcopy(thing).http_client is own
        assert pickle.loads(pickle.dumps(thing)).http_client is None
        assert thing.http_client is own
