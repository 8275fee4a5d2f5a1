"""The pages in LlamaIndex's vector store, and search results as numbered sources."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kitchen import Kitchen, page_chunks
from llama_index.core import VectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import TextNode
from llama_index.vector_stores.postgres import PGVectorStore
from psycopg.sql import SQL, Identifier
from retrieval.addresses import for_sqlalchemy
from retrieval.answering import Source
from retrieval.database import connected
from retrieval.documents import CHUNK_CHARACTERS, OVERLAP_CHARACTERS
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from llama_index_heroku import HerokuEmbedding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llama_index.core.schema import NodeWithScore
    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["engines", "page_index", "page_splitter", "scored", "sources_of"]

# This logger repeats the errors that it raises.
logging.getLogger("llama_index.vector_stores.postgres").setLevel(logging.ERROR)


@contextmanager
def engines(url: str) -> Iterator[tuple[Engine, AsyncEngine]]:
    """Connects to the database, blocking and awaited, with one driver.

    A store with engines of its own does not keep the address, which contains the password.
    """
    address = for_sqlalchemy(url)
    blocking, awaited = create_engine(address), create_async_engine(address)
    try:
        yield blocking, awaited
    finally:
        blocking.dispose()
        asyncio.run(awaited.dispose())


def page_splitter() -> SentenceSplitter:
    """Makes a splitter whose pieces fit into one embedding each."""
    # It counts in characters, as the API's limit does.
    return SentenceSplitter(
        tokenizer=list, chunk_size=CHUNK_CHARACTERS, chunk_overlap=OVERLAP_CHARACTERS
    )


@contextmanager
def page_index(kitchen: Kitchen, table: str, *, hybrid: bool = False) -> Iterator[VectorStoreIndex]:
    """Makes an index of the pages in a new table; `hybrid` adds a column of words."""
    embedding = HerokuEmbedding(**kitchen.connection)
    with connected(kitchen.url) as connection:
        connection.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier(f"data_{table}")))
    with engines(kitchen.url) as (blocking, awaited):
        store = PGVectorStore(
            engine=blocking,
            async_engine=awaited,
            table_name=table,
            embed_dim=len(embedding.get_query_embedding("How wide is a vector?")),
            hybrid_search=hybrid,
            initialization_fail_on_error=True,
        )
        index = VectorStoreIndex.from_vector_store(store, embedding)
        index.insert_nodes(page_nodes())
        yield index


def page_nodes() -> list[TextNode]:
    """Cuts the pages into pieces that include their heading; models also see the file's name."""
    return [
        TextNode(
            id_=chunk.id,
            text=chunk.text,
            metadata={"source": chunk.source, "place": chunk.place},
            excluded_embed_metadata_keys=["source", "place"],
            excluded_llm_metadata_keys=["place"],
        )
        for chunk in page_chunks(page_splitter().split_text)
    ]


def scored(nodes: Sequence[NodeWithScore]) -> list[tuple[float, str, str]]:
    """Returns score, file and place of nodes, for `show`."""
    return [
        (found.get_score(), found.metadata["source"], found.metadata["place"]) for found in nodes
    ]


def sources_of(nodes: Sequence[NodeWithScore]) -> list[Source]:
    """Returns reranked nodes as the numbered sources of an answer."""
    return [
        Source(number, *place, found.get_content())
        for number, (found, place) in enumerate(zip(nodes, scored(nodes), strict=True), start=1)
    ]
