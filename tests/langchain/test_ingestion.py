"""`HerokuEmbeddings` in `index()` and `CacheBackedEmbeddings`: no text is paid for twice."""

from __future__ import annotations

import pytest
from langchain_classic.embeddings import CacheBackedEmbeddings
from langchain_classic.storage import LocalFileStore
from langchain_core.documents import Document
from langchain_core.indexing import InMemoryRecordManager, aindex, index
from langchain_core.stores import InMemoryByteStore
from langchain_core.vectorstores import InMemoryVectorStore

import heroku_inference
from heroku_emulator import Fault
from langchain_heroku import HerokuEmbeddings

pytestmark = pytest.mark.usefixtures("config_vars")
both = pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])


class Index:
    """A vector store that `index()` fills, with its record manager."""

    def __init__(self, embeddings):
        self.records = InMemoryRecordManager(namespace="pages")
        self.records.create_schema()
        self.store = InMemoryVectorStore(embeddings)

    async def take(self, documents, *, awaited, **options):
        """Index `documents`, and say how many were added, updated, skipped and deleted."""
        given = {"key_encoder": "sha256", "source_id_key": "page", **options}
        if awaited:
            done = await aindex(documents, self.records, self.store, **given)
        else:
            done = index(documents, self.records, self.store, **given)
        return tuple(done[f"num_{what}"] for what in ("added", "updated", "skipped", "deleted"))

    def texts(self):
        return sorted(entry["text"] for entry in self.store.store.values())


def pages(*changes, count=6):
    """A document for each page; `changes` are texts that take the place of the first ones."""
    texts = [*changes, *(f"The text of page {number}." for number in range(len(changes), count))]
    return [Document(text, metadata={"page": str(number)}) for number, text in enumerate(texts)]


def texts_of(documents):
    return sorted(document.page_content for document in documents)


def paid(emulator):
    """The texts that were sent since the last look."""
    sent = [text for entry in emulator.journal for text in entry.body["input"]]
    emulator.journal.clear()
    return sorted(sent)


def asked_for(emulator):
    """What the vectors were for, request by request."""
    return [entry.body["input_type"] for entry in emulator.journal]


def cached(embeddings, documents, questions):
    return CacheBackedEmbeddings.from_bytes_store(
        embeddings,
        documents,
        namespace=embeddings.cache_namespace,
        query_embedding_cache=questions,
        key_encoder="sha256",
    )


async def document(embeddings, text, *, awaited):
    if awaited:
        return (await embeddings.aembed_documents([text]))[0]
    return embeddings.embed_documents([text])[0]


async def question(embeddings, text, *, awaited):
    return await embeddings.aembed_query(text) if awaited else embeddings.embed_query(text)


# --- index() -----------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("cleanup", "outdated", "missing"),
    [(None, 0, 0), ("incremental", 1, 0), ("scoped_full", 1, 0), ("full", 1, 1)],
    ids=["no cleanup", "incremental", "scoped full", "full"],
)
async def test_index_sends_only_what_is_new(emulator, cleanup, outdated, missing, awaited):
    kept = Index(HerokuEmbeddings())
    how = {"awaited": awaited, "cleanup": cleanup}
    assert await kept.take(pages(), **how) == (6, 0, 0, 0)
    assert paid(emulator) == texts_of(pages())

    assert await kept.take(pages(), **how) == (0, 0, 6, 0)
    assert paid(emulator) == []

    changed = pages("Another text.")
    assert await kept.take(changed, **how) == (1, 0, 5, outdated)
    assert paid(emulator) == ["Another text."]

    assert await kept.take(changed[:-1], **how) == (0, 0, 5, missing)
    assert paid(emulator) == []
    expected = [*texts_of(changed[:-1])]
    expected += [] if outdated else ["The text of page 0."]
    expected += [] if missing else ["The text of page 5."]
    assert kept.texts() == sorted(expected)


@both
async def test_after_an_error_index_goes_on_where_it_was(emulator, awaited):
    kept = Index(HerokuEmbeddings())
    await kept.take(pages(count=2), awaited=awaited)
    emulator.script(Fault(401))
    with pytest.raises(heroku_inference.AuthenticationError):
        await kept.take(pages(), awaited=awaited, batch_size=2)
    emulator.journal.clear()
    assert await kept.take(pages(), awaited=awaited, batch_size=2) == (4, 0, 2, 0)
    assert paid(emulator) == texts_of(pages()[2:])


# --- with a cache ------------------------------------------------------------------------------


@both
async def test_a_new_index_over_a_cache_pays_for_new_texts_alone(emulator, tmp_path, awaited):
    def new_index():  # as another process would make it
        stores = (LocalFileStore(tmp_path / name) for name in ("documents", "questions"))
        return Index(cached(HerokuEmbeddings(), *stores))

    first = new_index()
    await first.take(pages(), awaited=awaited)
    assert paid(emulator) == texts_of(pages())

    assert await first.take(pages(), awaited=awaited, force_update=True) == (0, 6, 0, 0)
    moved = [Document(page.page_content, metadata={"page": "9"}) for page in pages()]
    everything = [*moved, *pages("New.")]
    assert await new_index().take(everything, awaited=awaited, batch_size=6) == (12, 0, 0, 0)
    assert paid(emulator) == ["New."]


@both
async def test_with_two_stores_questions_are_embedded_as_questions(emulator, awaited):
    kept = cached(HerokuEmbeddings(), InMemoryByteStore(), InMemoryByteStore())
    for _ in range(2):
        await document(kept, "a text", awaited=awaited)
        await question(kept, "a text", awaited=awaited)
    assert asked_for(emulator) == ["search_document", "search_query"]


@both
async def test_with_one_store_langchain_gives_questions_the_vector_of_documents(emulator, awaited):
    # Our documentation warns of it; if LangChain mends it, the warning can go.
    kept = cached(HerokuEmbeddings(), InMemoryByteStore(), questions=True)
    of_document = await document(kept, "a text", awaited=awaited)
    assert await question(kept, "a text", awaited=awaited) == of_document
    assert asked_for(emulator) == ["search_document"]


@pytest.mark.parametrize(
    "given",
    [
        {"model": "cohere-embed-v4"},
        {"input_type": "clustering"},
        {"embedding_type": "int8"},
        {"long_text": "truncate"},
        {"extra_body": {"output_dimension": 512}},
    ],
    ids=lambda given: next(iter(given)),
)
def test_settings_that_make_other_vectors_have_another_namespace(given):
    assert HerokuEmbeddings(**given).cache_namespace != HerokuEmbeddings().cache_namespace


def test_others_have_the_same_and_so_have_other_releases():
    given = {"timeout": 5, "max_retries": 0, "batch_size": 8, "embedding_type": "float"}
    embeddings = HerokuEmbeddings(api_key="inf-another-key", **given)
    # People's caches are full of keys that begin so.
    assert embeddings.cache_namespace == "cohere-embed-multilingual/cb127df7f530c7dd/"
