"""The pages in LangChain's vector store, and search results as numbered sources."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kitchen import Kitchen, page_chunks
from langchain_postgres import PGEngine, PGVectorStore
from langchain_text_splitters import RecursiveCharacterTextSplitter
from retrieval.addresses import for_sqlalchemy
from retrieval.answering import Source
from retrieval.documents import CHUNK_CHARACTERS, OVERLAP_CHARACTERS

from langchain_heroku import HerokuEmbeddings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from langchain_core.documents import Document

__all__ = ["nearest", "page_store", "scored", "sources_of"]


@contextmanager
def page_store(kitchen: Kitchen, table: str) -> Iterator[PGVectorStore]:
    """Fills a new table with the pages and their vectors.

    A search compares all of them, which is exact. For hundreds of thousands, add an index:
    `store.apply_vector_index(HNSWIndex())`.
    """
    embeddings = HerokuEmbeddings(**kitchen.connection)
    width = len(embeddings.embed_query("How wide is a vector?"))
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=CHUNK_CHARACTERS, chunk_overlap=OVERLAP_CHARACTERS
    )
    chunks = page_chunks(splitter.split_text)
    engine = PGEngine.from_connection_string(for_sqlalchemy(kitchen.url))
    try:
        engine.init_vectorstore_table(table, vector_size=width, overwrite_existing=True)
        store = PGVectorStore.create_sync(engine, embeddings, table)
        store.add_texts(
            [chunk.text for chunk in chunks],
            metadatas=[{"source": chunk.source, "place": chunk.place} for chunk in chunks],
            ids=[chunk.id for chunk in chunks],
        )
        yield store
    finally:
        asyncio.run(engine.close())


def nearest(store: PGVectorStore, question: str, count: int) -> list[Document]:
    """Returns the passages whose vectors are nearest to the question's, with `similarity`."""
    found = store.similarity_search_with_score(question, k=count)
    for document, distance in found:
        document.metadata["similarity"] = 1 - distance
    return [document for document, _ in found]


def scored(
    documents: Sequence[Document], score: str = "relevance_score"
) -> list[tuple[float, str, str]]:
    """Returns score, file and place of documents, for `show`."""
    found = [document.metadata for document in documents]
    return [(page[score], page["source"], page["place"]) for page in found]


def sources_of(documents: Sequence[Document]) -> list[Source]:
    """Returns reranked documents as the numbered sources of an answer."""
    return [
        Source(
            number,
            document.metadata["relevance_score"],
            document.metadata["source"],
            document.metadata["place"],
            document.page_content,
        )
        for number, document in enumerate(documents, start=1)
    ]
