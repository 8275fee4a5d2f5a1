"""Embeddings and rerankers show no key, and survive being copied, before and after use."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest
from langchain_core.load import dumps

from langchain_heroku import HerokuEmbeddings, HerokuRerank, errors

ALIAS = {HerokuEmbeddings: "EMBEDDING", HerokuRerank: "RERANK"}
URL = "https://us.inference.heroku.com"
KEY = "inf-test-key"

kinds = pytest.mark.parametrize("kind", list(ALIAS))


def use(thing):
    """Asks the server something, and gives what it answered."""
    if isinstance(thing, HerokuEmbeddings):
        return thing.embed_query("a question")
    return thing.rerank("a question", ["a text", "another"])


async def ause(thing):
    if isinstance(thing, HerokuEmbeddings):
        return await thing.aembed_query("a question")
    return await thing.arerank("a question", ["a text", "another"])


@kinds
def test_a_key_is_nowhere_to_be_seen(kind, monkeypatch):
    monkeypatch.setenv(f"{ALIAS[kind]}_KEY", KEY)
    monkeypatch.setenv(f"{ALIAS[kind]}_URL", URL)
    headers = {"x-secret": KEY}
    for thing in (kind(default_headers=headers), kind(api_key=KEY, base_url=URL)):
        shown = [repr(thing), str(thing), thing.model_dump_json(), str(thing.model_dump())]
        assert KEY not in "".join([*shown, dumps(thing), repr(thing.settings)])


@kinds
def test_a_key_in_the_wrong_place_is_not_shown_by_the_error(kind):
    with pytest.raises(ValueError, match="timeout") as caught:
        kind(api_key=KEY, base_url=URL, timeout=KEY)
    assert KEY not in "".join(traceback.format_exception(caught.value))


@kinds
def test_a_missing_key_is_an_error_of_ours_and_langchains_that_names_the_config_var(kind):
    with pytest.raises(errors.ConfigError, match="INFERENCE_KEY"):
        kind()


@kinds
def test_a_key_given_as_an_argument_survives_pickle(kind):
    restored = pickle.loads(pickle.dumps(kind(api_key=KEY, base_url=URL)))
    assert restored.settings.api_key.get_secret_value() == KEY


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
    ],
    ids=["pickle", "deepcopy", "copy", "model_copy", "deep model_copy"],
)
@pytest.mark.usefixtures("config_vars")
async def test_copies_are_equal_and_work(kind, copied, used):
    thing = kind(max_retries=1)
    if used:
        use(thing)
        await ause(thing)
    twin = copied(thing)
    assert twin == thing
    assert use(twin) == use(thing)
    assert await ause(twin) == await ause(thing)


@kinds
def test_what_was_dumped_can_be_made_again(kind, config_vars):
    thing = kind(max_retries=1)
    twin = kind(**thing.model_dump())
    assert twin == thing
    assert use(twin) == use(thing)
