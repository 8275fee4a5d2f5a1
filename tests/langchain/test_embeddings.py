"""`HerokuEmbeddings` against the emulator: what it sends, what it gives, what it refuses."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from itertools import count, islice

import pytest
from langchain_core import exceptions
from langchain_core.vectorstores import InMemoryVectorStore
from pydantic import ValidationError

from heroku_emulator import Fault, RawBody
from langchain_heroku import HerokuEmbeddings, errors

pytestmark = pytest.mark.usefixtures("config_vars")
both = pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])


async def documents(embeddings, texts, *, awaited):
    if awaited:
        return await embeddings.aembed_documents(texts)
    return embeddings.embed_documents(texts)


async def query(embeddings, text, *, awaited):
    return await embeddings.aembed_query(text) if awaited else embeddings.embed_query(text)


# --- what is sent ------------------------------------------------------------------------------


@both
async def test_documents_and_queries_say_which_side_of_a_search_they_are(emulator, awaited):
    embeddings = HerokuEmbeddings()
    await documents(embeddings, ["a text", "another"], awaited=awaited)
    await query(embeddings, "a question", awaited=awaited)
    assert [entry.body for entry in emulator.journal] == [
        {
            "model": "cohere-embed-multilingual",
            "input": ["a text", "another"],
            "input_type": "search_document",
            "encoding_format": "raw",
        },
        {
            "model": "cohere-embed-multilingual",
            "input": ["a question"],
            "input_type": "search_query",
            "encoding_format": "raw",
        },
    ]


@both
async def test_an_input_type_of_ones_own_is_used_for_both(emulator, awaited):
    embeddings = HerokuEmbeddings(input_type="clustering")
    await documents(embeddings, ["a text"], awaited=awaited)
    await query(embeddings, "a question", awaited=awaited)
    assert {entry.body["input_type"] for entry in emulator.journal} == {"clustering"}


@both
async def test_further_options_reach_the_server(emulator, awaited):
    embeddings = HerokuEmbeddings(
        model="cohere-embed-v4",
        embedding_type="int8",
        allow_ignored_params=True,
        extra_body={"truncate": "END"},
    )
    [vector] = await documents(embeddings, ["a text"], awaited=awaited)
    assert all(isinstance(number, int) for number in vector)
    [entry] = emulator.journal
    assert entry.body["model"] == "cohere-embed-v4"
    assert entry.body["embedding_type"] == "int8"
    assert entry.body["truncate"] == "END"
    assert entry.body["allow_ignored_params"] is True


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
async def test_many_texts_go_in_batches_and_come_back_in_order(emulator, awaited):
    embeddings = HerokuEmbeddings()
    texts = [f"text number {number}" for number in range(300)]
    vectors = await documents(embeddings, texts, awaited=awaited)
    assert sorted(len(entry.body["input"]) for entry in emulator.journal) == [12, 96, 96, 96]
    for number in (0, 95, 96, 299):
        [alone] = await documents(embeddings, [texts[number]], awaited=awaited)
        assert vectors[number] == alone


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
async def test_no_texts_need_no_request(emulator, awaited):
    assert await documents(HerokuEmbeddings(), [], awaited=awaited) == []
    assert len(emulator.journal) == 0


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

LONG = "word " * 1000


@both
async def test_a_long_text_is_named_before_anything_is_sent(emulator, awaited):
    embeddings = HerokuEmbeddings(batch_size=1)
    with pytest.raises(errors.ConfigError, match="Text 1 has 5000 characters"):
        await documents(embeddings, ["fine", LONG], awaited=awaited)
    with pytest.raises(ValueError, match="Text 0"):
        await query(embeddings, LONG, awaited=awaited)
    assert len(emulator.journal) == 0


@both
@pytest.mark.parametrize(("long_text", "sent"), [("truncate", 2), ("split", 4)])
async def test_a_long_text_is_cut_or_split_where_asked_to(emulator, long_text, sent, awaited):
    embeddings = HerokuEmbeddings(long_text=long_text)
    vectors = await documents(embeddings, ["short", LONG], awaited=awaited)
    assert [len(vector) for vector in vectors] == [1024, 1024]
    assert len(emulator.journal[0].body["input"]) == sent
    norm = sum(number**2 for number in vectors[1]) ** 0.5
    assert norm == pytest.approx(1, abs=1e-3)


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


@both
async def test_a_success_that_makes_no_sense_is_an_error(emulator, awaited):
    body = {"data": [{"index": 0, "embedding": [0.5]}]}
    emulator.script(RawBody(body))
    with pytest.raises(errors.InvalidResponseError, match="2 texts were sent"):
        await documents(HerokuEmbeddings(), ["one", "two"], awaited=awaited)


# --- arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"batch_size": 97},
        {"max_concurrency": 0},
        {"long_text": "split", "embedding_type": "binary"},
        {"extra_body": {"encoding_format": "base64"}},
    ],
)
def test_what_cannot_work_is_refused_when_the_object_is_made(given):
    with pytest.raises(errors.ConfigError):
        HerokuEmbeddings(**given)


@pytest.mark.parametrize("given", [{"dimensions": 256}, {"long_text": "ignore"}])
def test_arguments_that_do_not_exist_are_refused(given):
    with pytest.raises(ValidationError):
        HerokuEmbeddings(**given)


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


def test_one_object_serves_several_event_loops():
    embeddings = HerokuEmbeddings()
    first = asyncio.run(embeddings.aembed_query("a question"))
    assert asyncio.run(embeddings.aembed_query("a question")) == first


def test_one_object_serves_several_threads():
    embeddings = HerokuEmbeddings()
    texts = [f"text {number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(embeddings.embed_query, texts)) == [
            embeddings.embed_query(text) for text in texts
        ]


def test_importing_it_loads_no_chat_model_and_no_http_library():
    program = (
        "import sys; from langchain_heroku import HerokuEmbeddings, HerokuRerank; "
        "print([name for name in ('langchain_core.language_models.chat_models', 'httpx', "
        "'aiohttp', 'openai') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
