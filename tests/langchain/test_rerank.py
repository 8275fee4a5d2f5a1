"""`HerokuRerank` against the emulator: what it sends, what it gives, what it refuses."""

from __future__ import annotations

import threading

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda, RunnablePassthrough, chain
from langchain_core.vectorstores import InMemoryVectorStore

from langchain_heroku import HerokuEmbeddings, HerokuRerank, errors

pytestmark = pytest.mark.usefixtures("config_vars")
both = pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])

QUERY = "How many planets does the solar system have?"
TEXTS = ["Bread needs flour.", "The solar system has eight planets.", "Cats sleep a lot."]


async def sync(call, *arguments):
    return call(*arguments)


async def rank(reranker, documents, *, awaited, **given):
    if awaited:
        return await reranker.arerank(QUERY, documents, **given)
    return reranker.rerank(QUERY, documents, **given)


@both
@pytest.mark.parametrize(
    "make",
    [
        str,
        Document,
        lambda text: {"text": text, "id": 1},
        lambda text: {"page_content": text},
    ],
    ids=["strings", "documents", "mappings", "mappings of documents"],
)
async def test_anything_with_a_text_is_ranked(make, awaited):
    hits = await rank(HerokuRerank(), [make(text) for text in TEXTS], awaited=awaited)
    assert hits[0].index == 1
    assert sorted(hit.index for hit in hits) == [0, 1, 2]
    assert hits[0].score > hits[1].score


@both
@pytest.mark.parametrize(
    ("documents", "words"),
    [
        ([{"title": "no text"}], "Document 0"),
        (["fine", {"text": 1}], "Document 1"),
        (["fine", None], "Document 1"),
        ("one string", "list"),
        ({"text": "one mapping"}, "list"),
    ],
)
async def test_what_has_no_text_is_refused_before_anything_is_sent(
    emulator, documents, words, awaited
):
    with pytest.raises(errors.ConfigError, match=words):
        await rank(HerokuRerank(), documents, awaited=awaited)
    assert len(emulator.journal) == 0


@both
async def test_swapped_query_and_documents_are_named(emulator, awaited):
    reranker = HerokuRerank()
    with pytest.raises(errors.ConfigError, match=r"is a list.*\. Call rerank\(query, documents\)"):
        await (reranker.arerank(TEXTS, QUERY) if awaited else sync(reranker.rerank, TEXTS, QUERY))
    compress, acompress = reranker.compress_documents, reranker.acompress_documents
    documents = [Document(text) for text in TEXTS]
    with pytest.raises(errors.ConfigError, match=r"Call compress_documents\(documents, query\)"):
        await (acompress(QUERY, documents) if awaited else sync(compress, QUERY, documents))
    assert len(emulator.journal) == 0


@both
async def test_top_n_of_a_call_goes_before_that_of_the_object(awaited):
    reranker = HerokuRerank(top_n=1)
    assert len(await rank(reranker, TEXTS, awaited=awaited)) == 1
    assert len(await rank(reranker, TEXTS, awaited=awaited, top_n=2)) == 2
    assert len(await rank(reranker, TEXTS, awaited=awaited, top_n=None)) == 3


def test_subclasses_of_documents_and_their_fields_survive():
    class Page(Document):
        number: int

    [page] = HerokuRerank().compress_documents([Page("text", number=7, id="a")], QUERY)
    assert (type(page), page.number, page.id) == (Page, 7, "a")


# --- in LangChain ------------------------------------------------------------------------------


@pytest.fixture
def retriever():
    return InMemoryVectorStore.from_texts(TEXTS, HerokuEmbeddings()).as_retriever()


@both
async def test_metadata_that_cannot_be_copied_is_shared_after_all(awaited):
    lock, tags = threading.Lock(), ["a"]
    document = Document(TEXTS[0], metadata={"lock": lock, "tags": tags})
    if awaited:
        [found] = await HerokuRerank().acompress_documents([document], QUERY)
    else:
        [found] = HerokuRerank().compress_documents([document], QUERY)
    assert found.metadata["lock"] is lock
    assert found.metadata["tags"] == tags
    assert found.metadata["tags"] is not tags
    assert document.metadata == {"lock": lock, "tags": tags}


@both
async def test_the_recipe_for_a_chain(retriever, awaited):
    reranker = HerokuRerank(top_n=1)

    @chain
    def best(found: dict) -> list[Document]:
        return reranker.compress_documents(**found)

    recipe = {"documents": retriever, "query": RunnablePassthrough()} | best
    [found] = await recipe.ainvoke(QUERY) if awaited else recipe.invoke(QUERY)
    assert found.page_content == TEXTS[1]
    assert found.metadata["relevance_score"] > 0


async def test_the_recipe_for_an_async_chain(retriever):
    reranker = HerokuRerank(top_n=1)

    async def best(found: dict) -> list[Document]:
        return await reranker.acompress_documents(**found)

    recipe = {"documents": retriever, "query": RunnablePassthrough()} | RunnableLambda(best)
    [found] = await recipe.ainvoke(QUERY)
    assert found.page_content == TEXTS[1]
