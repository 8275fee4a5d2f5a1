"""`HerokuEmbedding` against the emulator: what it sends, and what it gives."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest
from llama_index.core import Document, MockEmbedding, Settings, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding

import heroku_inference
from llama_index_heroku import HerokuEmbedding
from tests.llama_index.embedding_calls import both, document, documents

pytestmark = pytest.mark.usefixtures("config_vars")


def test_it_is_what_llama_index_expects():
    names = [base.__name__ for base in HerokuEmbedding.__mro__]
    assert BaseEmbedding.__name__ in names
    assert HerokuEmbedding.class_name() == HerokuEmbedding.__name__


# --- what is sent ------------------------------------------------------------------------------


@both
async def test_one_document_is_sent_as_a_document(emulator, awaited):
    await document(HerokuEmbedding(), "a text", awaited=awaited)
    [entry] = emulator.journal
    assert (entry.body["input"], entry.body["input_type"]) == (["a text"], "search_document")


@both
@pytest.mark.parametrize(("num_workers", "most"), [(1, 1), (3, 3), (None, 8)])
async def test_a_bounded_number_of_requests_is_under_way(num_workers, most, awaited):
    embedding = Watched(num_workers=num_workers, embed_batch_size=1)
    await documents(embedding, list("abcdefghijklmnopqr"), awaited=awaited)
    assert embedding.most == most


class Watched(HerokuEmbedding):
    """Counts the requests that are under way."""

    _running: int = 0
    _most: int = 0

    @property
    def most(self):
        return self._most

    def _count(self, step):
        self._running += step
        self._most = max(self._most, self._running)

    def _get_text_embeddings(self, texts):
        self._count(1)
        time.sleep(0.02)
        self._count(-1)
        return [[1.0]] * len(texts)

    async def _aget_text_embeddings(self, texts):
        self._count(1)
        await asyncio.sleep(0.02)
        self._count(-1)
        return [[1.0]] * len(texts)


@both
async def test_progress_is_shown_on_request(capsys, awaited):
    embedding = HerokuEmbedding(embed_batch_size=1)
    await documents(embedding, ["one", "two"], awaited=awaited, show_progress=True)
    assert "Generating embeddings: 100%" in capsys.readouterr().err
    await documents(embedding, ["one", "two"], awaited=awaited)
    assert capsys.readouterr().err == ""


@both
async def test_several_questions_are_aggregated(awaited):
    embedding = HerokuEmbedding()
    questions = ["one question", "another"]
    first, second = [embedding.get_query_embedding(text) for text in questions]
    if awaited:
        mean = await embedding.aget_agg_embedding_from_queries(questions)
    else:
        mean = embedding.get_agg_embedding_from_queries(questions)
    assert mean == pytest.approx([(a + b) / 2 for a, b in zip(first, second, strict=True)])


# --- arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"embeddings_cache": "a dict"},
        {"model": "cohere-embed-v4", "model_name": "cohere-embed-multilingual"},
    ],
)
def test_what_cannot_work_is_refused_when_the_object_is_made(given):
    with pytest.raises(heroku_inference.ConfigError):
        HerokuEmbedding(**given)


def test_names_of_the_package_before_are_understood(config_vars):
    url = config_vars["EMBEDDING_URL"]
    embedding = HerokuEmbedding(
        model="cohere-embed-v4",
        api_key=config_vars["EMBEDDING_KEY"],
        base_url=url,
        timeout=60.0,
        embed_batch_size=10,
        callback_manager=None,
    )
    assert (embedding.model, embedding.model_name) == ("cohere-embed-v4", "cohere-embed-v4")
    assert (embedding.api_key, embedding.base_url) == (config_vars["EMBEDDING_KEY"], url)
    assert (embedding.timeout, embedding.embed_batch_size) == (60.0, 10)
    asyncio.run(embedding.aclose())
    assert len(embedding.get_text_embedding("a text")) == 1536


def test_the_model_has_one_name_under_two():
    embedding = HerokuEmbedding(model_name="cohere-embed-v4")
    assert embedding.model == "cohere-embed-v4"
    embedding.model = "cohere-embed-multilingual"
    assert embedding.model_name == "cohere-embed-multilingual"
    embedding.model_name = "cohere-embed-v4"
    assert embedding.model == "cohere-embed-v4"


# --- in LlamaIndex -----------------------------------------------------------------------------


@both
async def test_an_index_finds_by_it(awaited):
    texts = ["Bread needs flour.", "The solar system has eight planets.", "Cats sleep a lot."]
    nodes = [Document(text=text) for text in texts]
    index = VectorStoreIndex.from_documents(nodes, embed_model=HerokuEmbedding())
    retriever = index.as_retriever(similarity_top_k=1)
    question = "How many planets does the solar system have?"
    [found] = await retriever.aretrieve(question) if awaited else retriever.retrieve(question)
    assert found.node.get_content() == texts[1]


def test_it_can_be_the_model_of_all_indices(monkeypatch):
    monkeypatch.setattr(Settings, "_embed_model", MockEmbedding(embed_dim=4))
    Settings.embed_model = HerokuEmbedding()
    assert len(Settings.embed_model.get_query_embedding("a question")) == 1024


def test_loops_that_llama_index_makes_and_closes_leave_no_warning(emulator):
    # In a process of its own: such a loop leaves its sockets to the garbage collector.
    program = (
        "import asyncio\n"
        "from llama_index.core.async_utils import asyncio_run\n"
        "from llama_index_heroku import HerokuEmbedding\n"
        "async def main():\n"
        "    embedding = HerokuEmbedding(max_retries=0)\n"
        "    for _ in range(3):\n"
        "        asyncio_run(embedding.aget_query_embedding('a question'))\n"
        "    await embedding.aget_query_embedding('a question')\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(emulator.journal) == 4
