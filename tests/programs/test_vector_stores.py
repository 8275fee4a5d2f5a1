"""Chroma, Qdrant and FAISS with our embeddings and rerankers, in both frameworks."""

from __future__ import annotations

import asyncio

import chromadb
import faiss
import pytest
from langchain_chroma import Chroma
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_qdrant import QdrantVectorStore
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.schema import TextNode
from llama_index.vector_stores.chroma import ChromaVectorStore
from llama_index.vector_stores.faiss import FaissVectorStore
from llama_index.vector_stores.qdrant import QdrantVectorStore as QdrantStore
from qdrant_client import AsyncQdrantClient, QdrantClient

from heroku_emulator import Say
from langchain_heroku import HerokuEmbeddings, HerokuRerank
from llama_index_heroku import HerokuEmbedding
from llama_index_heroku import HerokuRerank as Rerank

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",  # Qdrant leaves its lock open
    "ignore:Payload indexes have no effect:UserWarning",  # Qdrant, without a server
)

TEXTS = [
    "Basic dynos sleep never and cost seven dollars a month.",
    "Postgres backups are kept for a week.",
    "A release phase runs migrations before the new code serves.",
]
QUESTION = "How long are Postgres backups kept?"
ANSWER = TEXTS[1]


# LangChain


def chroma(texts, folder):
    return Chroma.from_texts(texts, HerokuEmbeddings(), persist_directory=str(folder))


def qdrant(texts, folder):
    return QdrantVectorStore.from_texts(
        texts, HerokuEmbeddings(), path=str(folder), collection_name="texts"
    )


def faiss_store(texts, folder):
    from langchain_community.vectorstores import FAISS

    FAISS.from_texts(texts, HerokuEmbeddings()).save_local(str(folder))
    return FAISS.load_local(str(folder), HerokuEmbeddings(), allow_dangerous_deserialization=True)


@pytest.fixture(params=[chroma, qdrant, faiss_store], ids=lambda store: store.__name__)
def store(request, tmp_path):
    return request.param(TEXTS, tmp_path)


def test_langchain_finds_the_nearest_text(store, emulator):
    assert store.similarity_search(QUESTION, k=1)[0].page_content == ANSWER
    (found,) = asyncio.run(store.asimilarity_search(QUESTION, k=1))
    assert found.page_content == ANSWER
    kinds = [entry.body["input_type"] for entry in emulator.journal]
    assert set(kinds) == {"search_document", "search_query"}
    assert kinds[-2:] == ["search_query", "search_query"]


def test_langchain_searches_for_texts_that_differ(store):
    found = store.max_marginal_relevance_search(QUESTION, k=2, fetch_k=3)
    assert found[0].page_content == ANSWER


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_langchain_answers_from_a_store(store, chat_model, script, sent, way):
    script(Say("For a week."))
    rerank = HerokuRerank(top_n=1)
    retriever = store.as_retriever(search_kwargs={"k": 3})
    prompt = ChatPromptTemplate.from_template("Texts: {context}\n\nQuestion: {question}")
    chosen = RunnablePassthrough.assign(
        context=lambda given: rerank.compress_documents(
            retriever.invoke(given["question"]), given["question"]
        )
    )
    chain = chosen | prompt | chat_model() | StrOutputParser()
    given = {"question": QUESTION}
    answer = chain.invoke(given) if way == "invoke" else asyncio.run(chain.ainvoke(given))
    assert answer == "For a week."
    assert ANSWER in sent()[-1]
    assert TEXTS[0] not in sent()[-1]


# LlamaIndex


def chroma_store(folder, way):
    del way
    return ChromaVectorStore(chromadb.PersistentClient(str(folder)).create_collection("texts"))


def qdrant_store(folder, way):
    if way == "query":
        return QdrantStore("texts", client=QdrantClient(path=str(folder)))
    return QdrantStore("texts", aclient=AsyncQdrantClient(path=str(folder)))


def faiss_index(folder, way):
    del folder, way
    return FaissVectorStore(faiss.IndexFlatIP(1024))


@pytest.mark.parametrize("make", [chroma_store, qdrant_store, faiss_index])
@pytest.mark.parametrize("way", ["query", "aquery"])
def test_llama_index_answers_from_a_store(llm, script, sent, tmp_path, make, way):
    script(Say("For a week."))
    storage = StorageContext.from_defaults(vector_store=make(tmp_path, way))
    index = VectorStoreIndex(
        [TextNode(text=text) for text in TEXTS],
        storage_context=storage,
        embed_model=HerokuEmbedding(),
        use_async=way == "aquery",
    )
    engine = index.as_query_engine(
        llm=llm(), similarity_top_k=3, node_postprocessors=[Rerank(top_n=1)]
    )
    answer = engine.query(QUESTION) if way == "query" else asyncio.run(engine.aquery(QUESTION))
    assert str(answer) == "For a week."
    assert ANSWER in sent()[-1]
    assert TEXTS[0] not in sent()[-1]
