"""Answers questions about your documents with Heroku Managed Inference and PostgreSQL.

    python examples/rag_llama_index.py "How many texts fit into one embeddings request?"
    python examples/rag_llama_index.py --docs handbook/ notes.pdf "Who approves holidays?"

Reads Markdown, text, reST, HTML, PDF and DOCX, embeds what is new since the last run, retrieves,
reranks and answers with numbered sources. It goes on past files that cannot be read and says at the
end which and why; with --strict it stops. Without arguments, it asks three questions about the
documents in `examples/docs`.

Config vars come from the environment or from `.env`. With INFERENCE_KEY and INFERENCE_URL this
calls Heroku, otherwise a local emulator. With DATABASE_URL it uses that database, which needs
pgvector, otherwise one of its own in `.rag/`.

This is the example for LlamaIndex; `rag.py` is the same for LangChain.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from retrieval.interrupts import finish, leave_on_interrupt

if __name__ == "__main__":
    leave_on_interrupt()  # before the imports that take seconds

from llama_index.core import VectorStoreIndex
from llama_index.core.llms import ChatMessage
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.node_parser.text.utils import split_by_regex
from llama_index.core.schema import MetadataMode, NodeWithScore, TextNode
from llama_index.vector_stores.postgres import PGVectorStore
from psycopg.sql import SQL, Identifier
from retrieval.addresses import for_sqlalchemy
from retrieval.answering import CANDIDATES, INSTRUCTIONS, SOURCES, Source, prompt_for
from retrieval.command import command
from retrieval.database import connected, database_errors, table_name
from retrieval.documents import CHUNK_CHARACTERS, OVERLAP_CHARACTERS
from retrieval.store import ChunkStore
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from llama_index_heroku import Heroku, HerokuEmbedding, HerokuRerank

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from retrieval.command import Server
    from retrieval.documents import Chunk

# This logger repeats the errors that it raises.
logging.getLogger("llama_index.vector_stores.postgres").setLevel(logging.ERROR)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example; returns the exit code."""
    return command(__doc__, LlamaIndexAssistant, arguments)


class LlamaIndexAssistant:
    """The three models of retrieval-augmented generation, with LlamaIndex."""

    def __init__(self, server: Server) -> None:
        connection: dict[str, Any] = {**server.connection}
        self._llm = Heroku(model=server.chat_model, **connection)
        self._embedding = HerokuEmbedding(**connection)
        # The text of a chunk includes its heading; the reranker need not see the metadata.
        self._reranker = HerokuRerank(top_n=SOURCES, metadata_mode=MetadataMode.NONE, **connection)
        settings = self._embedding.settings
        self._vectors = server.engine or f"{settings.base_url} {settings.model}"
        self._splitter = SentenceSplitter(
            tokenizer=str.encode,  # counts in bytes, as the API's limit does
            chunk_size=CHUNK_CHARACTERS,
            chunk_overlap=OVERLAP_CHARACTERS,
            paragraph_separator="\n\n",
            chunking_tokenizer_fn=split_by_regex(r"[^.?!。\n]*[.?!。\n]+\s*|[^.?!。\n]+"),
        )

    def split(self, text: str) -> list[str]:
        """Cuts a text into pieces that fit into one embedding each."""
        return self._splitter.split_text(text)

    @contextmanager
    def open_store(self, url: str, roots: list[Path]) -> Iterator[LlamaIndexStore]:
        """Opens the collection of the documents under `roots`; creates it on first use."""
        width = len(self._embedding.get_query_embedding("How wide is a vector?"))
        # No index: an exact scan of a few thousand chunks is fast, and finds what an approximate
        # index would miss.
        engine = create_engine(for_sqlalchemy(url))
        vectors = PGVectorStore(
            engine=engine,
            async_engine=create_async_engine(for_sqlalchemy(url)),  # required, but never used here
            table_name=table_name(self._vectors, width, roots),
            embed_dim=width,
            initialization_fail_on_error=True,
        )
        try:
            with database_errors():
                yield LlamaIndexStore(url, vectors, self._embedding)
        finally:
            engine.dispose()

    def find_sources(self, question: str, store: LlamaIndexStore) -> list[Source]:
        """Retrieves broadly, reranks, and returns the best passages, best first."""
        found = store.search(question, CANDIDATES)
        best = self._reranker.postprocess_nodes(found, query_str=question)
        return [_source(number, passage) for number, passage in enumerate(best, start=1)]

    def answer(self, question: str, sources: Sequence[Source]) -> Iterator[str]:
        """Streams an answer from the sources."""
        prompt = [
            ChatMessage(INSTRUCTIONS, role="system"),
            ChatMessage(prompt_for(question, sources)),
        ]
        for chunk in self._llm.stream_chat(prompt):
            yield chunk.delta or ""


class LlamaIndexStore(ChunkStore):
    """A collection in LlamaIndex's vector store."""

    def __init__(self, url: str, vectors: PGVectorStore, embedding: HerokuEmbedding) -> None:
        self._url = url
        self._vectors = vectors
        self._embedding = embedding
        self._index = VectorStoreIndex.from_vector_store(vectors, embedding)

    def ids(self) -> set[str]:
        """Returns the ids of all chunks in the collection."""
        self._vectors.add([])  # creates the table if there is none
        # The store returns ids only with their vectors, which are megabytes.
        query = SQL("SELECT node_id FROM {}").format(Identifier(f"data_{self._vectors.table_name}"))
        with connected(self._url) as connection:
            return {row[0] for row in connection.execute(query)}

    def embed(self, texts: list[str]) -> list[list[float]]:
        """Returns the vectors of texts."""
        return self._embedding.get_text_embedding_batch(texts)

    def add(self, chunks: Sequence[Chunk], vectors: list[list[float]]) -> None:
        """Puts chunks and their vectors into the collection."""
        self._vectors.add(
            [
                TextNode(
                    id_=chunk.id,
                    text=chunk.text,
                    metadata={"source": chunk.source, "place": chunk.place},
                    embedding=vector,
                )
                for chunk, vector in zip(chunks, vectors, strict=True)
            ]
        )

    def delete(self, ids: list[str]) -> None:
        """Removes chunks from the collection."""
        self._vectors.delete_nodes(ids)

    def search(self, question: str, count: int) -> list[NodeWithScore]:
        """Returns the chunks whose vectors are nearest to the question's."""
        return self._index.as_retriever(similarity_top_k=count).retrieve(question)


def _source(number: int, passage: NodeWithScore) -> Source:
    metadata = passage.node.metadata
    return Source(
        number,
        passage.get_score(),
        metadata["source"],
        metadata["place"],
        passage.node.get_content(),
    )


if __name__ == "__main__":
    finish(main())
