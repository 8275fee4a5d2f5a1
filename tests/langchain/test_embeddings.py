"""`HerokuEmbeddings` against the emulator: what it sends, what it gives, what it refuses."""

from __future__ import annotations

import subprocess
import sys
from contextlib import aclosing
from itertools import count, islice

import pytest
from langchain_core import exceptions
from langchain_core.vectorstores import InMemoryVectorStore

from heroku_emulator import Fault
from langchain_heroku import HerokuEmbeddings

pytestmark = pytest.mark.usefixtures("config_vars")
both = pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])


async def documents(embeddings, texts, *, awaited):
    if awaited:
        return await embeddings.aembed_documents(texts)
    return embeddings.embed_documents(texts)


async def query(embeddings, text, *, awaited):
    return await embeddings.aembed_query(text) if awaited else embeddings.embed_query(text)


# --- what is sent ------------------------------------------------------------------------------


def test_the_attachment_usual_for_embeddings_is_read_and_then_inference(emulator, monkeypatch):
    monkeypatch.setenv("EMBEDDING_MODEL_ID", "cohere-embed-v4")
    assert HerokuEmbeddings().model == "cohere-embed-v4"
    for name in ("KEY", "URL", "MODEL_ID"):
        monkeypatch.delenv(f"EMBEDDING_{name}")
    embeddings = HerokuEmbeddings()
    assert embeddings.model == "cohere-embed-multilingual"
    assert len(embeddings.embed_query("a question")) == 1024


# --- batches -----------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    "switches",
    [{"embedding_order": "reversed"}, {"embedding_field": "embeddings"}],
    ids=["reversed", "field of the pilot"],
)
async def test_answers_in_every_form_are_read(emulator, switches, awaited):
    embeddings = HerokuEmbeddings()
    texts = ["one", "two", "three"]
    vectors = await documents(embeddings, texts, awaited=awaited)
    with emulator.switched(**switches):
        assert await documents(embeddings, texts, awaited=awaited) == vectors


@both
async def test_bulk_work_comes_batch_by_batch_and_can_be_left_early(emulator, awaited):
    embeddings = HerokuEmbeddings(batch_size=4, max_concurrency=2)
    texts = (f"text {number}" for number in count())
    if awaited:
        async with aclosing(embeddings.aiter_embed(texts)) as batches:
            first = [await anext(batches) for _ in range(3)]
    else:
        batches = embeddings.iter_embed(texts)
        first = list(islice(batches, 3))
        batches.close()
    assert [batch.start for batch in first] == [0, 4, 8]
    assert len(first[0].float32()[0]) == 1024
    assert len(emulator.journal) <= 8


@both
async def test_bulk_work_to_the_end(awaited):
    embeddings = HerokuEmbeddings(batch_size=4)
    texts = [f"text {number}" for number in range(10)]
    if awaited:
        batches = [batch async for batch in embeddings.aiter_embed(texts)]
    else:
        batches = list(embeddings.iter_embed(texts))
    vectors = [vector for batch in batches for vector in batch.vectors]
    assert vectors == await documents(embeddings, texts, awaited=awaited)


# --- long texts --------------------------------------------------------------------------------


# --- errors ------------------------------------------------------------------------------------


@both
async def test_bulk_errors_are_ours_and_langchains_too(emulator, awaited):
    emulator.script(Fault(401))
    embeddings = HerokuEmbeddings()

    async def first():
        if awaited:
            return await anext(embeddings.aiter_embed(["a text"]))
        return next(embeddings.iter_embed(["a text"]))

    with pytest.raises(exceptions.ModelAuthenticationError):
        await first()


# --- arguments ---------------------------------------------------------------------------------


# --- in LangChain ------------------------------------------------------------------------------


@both
async def test_a_vector_store_finds_by_it(awaited):
    texts = ["Bread needs flour.", "The solar system has eight planets.", "Cats sleep a lot."]
    store = InMemoryVectorStore.from_texts(texts, HerokuEmbeddings())
    question = "How many planets does the solar system have?"
    if awaited:
        [found] = await store.asimilarity_search(question, k=1)
    else:
        [found] = store.similarity_search(question, k=1)
    assert found.page_content == texts[1]


def test_importing_it_loads_no_chat_model_and_no_http_library():
    program = (
        "import sys; from langchain_heroku import HerokuEmbeddings, HerokuRerank; "
        "print([name for name in ('langchain_core.language_models.chat_models', 'httpx', "
        "'aiohttp', 'openai') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
