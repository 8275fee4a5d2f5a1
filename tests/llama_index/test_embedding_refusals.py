"""What `HerokuEmbedding` refuses, what the server refuses it, and what helps."""

from __future__ import annotations

import pickle

import pytest
from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter

import heroku_inference
from heroku_emulator import Fault, RawBody
from llama_index_heroku import HerokuEmbedding
from tests.llama_index.embedding_calls import both, documents, query

pytestmark = pytest.mark.usefixtures("config_vars")

LONG = "word " * 1000


# --- long texts --------------------------------------------------------------------------------


@both
async def test_a_long_text_is_named_with_the_remedy_before_anything_is_sent(emulator, awaited):
    embedding = HerokuEmbedding(embed_batch_size=1)
    with pytest.raises(heroku_inference.ConfigError) as caught:
        await documents(embedding, ["fine", LONG], awaited=awaited)
    said = str(caught.value)
    assert "Text 1 has 5000 bytes of UTF-8; the API takes at most 2048" in said
    assert "Settings.chunk_size = 320" in said
    assert "excluded_embed_metadata_keys" in said
    with pytest.raises(ValueError, match="Text 0"):
        await query(embedding, LONG, awaited=awaited)
    assert len(emulator.journal) == 0


def test_the_remedy_helps(emulator, monkeypatch):
    # A function of its own: the default's, nltk, refuses files that installers link.
    splitter = SentenceSplitter(chunking_tokenizer_fn=lambda text: text.split("\n"))
    monkeypatch.setattr(Settings, "_node_parser", splitter)
    monkeypatch.setattr(Settings, "_transformations", None)  # would keep another test's splitter
    prose = "The quick brown fox considers managed inference carefully before it jumps.\n" * 200
    metadata = {"file": "handbook/annual-leave.md", "title": "Annual leave"}
    documents = [Document(text=prose, metadata=metadata)]
    with pytest.raises(heroku_inference.ConfigError, match="chunk_size"):
        VectorStoreIndex.from_documents(documents, embed_model=HerokuEmbedding())
    Settings.chunk_size, Settings.chunk_overlap = 320, 40
    VectorStoreIndex.from_documents(documents, embed_model=HerokuEmbedding())
    assert 1000 < max(len(text) for text in emulator.journal[0].body["input"]) <= 2048


@both
async def test_anything_but_a_list_of_strings_is_refused(emulator, awaited):
    with pytest.raises(heroku_inference.ConfigError, match="Text 1 is a int") as caught:
        await documents(HerokuEmbedding(), ["one", 2], awaited=awaited)
    assert "chunk_size" not in str(caught.value)
    with pytest.raises(heroku_inference.ConfigError, match="Pass a list"):
        await documents(HerokuEmbedding(), "one", awaited=awaited)
    assert len(emulator.journal) == 0


# --- errors ------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("status", "kind", "requests"),
    [
        (400, heroku_inference.InvalidRequestError, 1),
        (401, heroku_inference.AuthenticationError, 1),
        (404, heroku_inference.NotFoundError, 1),
        (403, heroku_inference.PermissionDeniedError, 1),
        (500, heroku_inference.ServerError, 2),
    ],
)
async def test_errors_are_typed_and_value_errors(emulator, status, kind, requests, awaited):
    emulator.script(Fault(status, headers={"retry-after": "0"}, times=requests))
    with pytest.raises(kind, match="Unable to embed text: ") as caught:
        await documents(HerokuEmbedding(max_retries=1), ["a text"], awaited=awaited)
    assert isinstance(caught.value, ValueError)
    assert caught.value.status_code == status
    assert caught.value.message in str(caught.value)
    assert len(emulator.journal) == requests


@both
async def test_a_nonsensical_success_is_an_error(emulator, awaited):
    emulator.script(RawBody({"data": [{"index": 0, "embedding": [0.5]}]}))
    with pytest.raises(heroku_inference.InvalidResponseError, match="2 texts were sent") as caught:
        await documents(HerokuEmbedding(), ["one", "two"], awaited=awaited)
    assert isinstance(caught.value, ValueError)


def test_an_error_comes_home_from_a_worker_process(emulator):
    emulator.script(Fault(429, headers={"retry-after": "3"}))
    with pytest.raises(heroku_inference.RateLimitError) as caught:
        HerokuEmbedding(max_retries=0).get_text_embedding("a text")
    restored = pickle.loads(pickle.dumps(caught.value))
    assert type(restored) is type(caught.value)
    assert str(restored) == str(caught.value)
    assert (restored.status_code, restored.retry_after) == (429, 3.0)


def test_an_error_that_is_a_value_error_already_stays_as_it_is():
    with pytest.raises(heroku_inference.ConfigError, match=r"^Text 0 has 5000 bytes"):
        HerokuEmbedding()._get_text_embedding(LONG)
