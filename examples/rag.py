"""Answers questions about your documents with Heroku Managed Inference and PostgreSQL.

    python examples/rag.py "How many texts fit into one embeddings request?"
    python examples/rag.py --docs handbook/ notes.pdf "Who approves holidays?"

Reads Markdown, text, reST, HTML, PDF and DOCX, embeds what is new since the last run, retrieves,
reranks and answers with numbered sources. It goes on past files that cannot be read and says at the
end which and why; with --strict it stops. Without arguments, it asks three questions about the
documents in `examples/docs`.

Config vars come from the environment or from `.env`. With INFERENCE_KEY and INFERENCE_URL this
calls Heroku, otherwise a local emulator. With DATABASE_URL it uses that database, which needs
pgvector, otherwise one of its own in `.rag/`.

This is the example for LangChain; `rag_llama_index.py` is the same for LlamaIndex.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from retrieval.interrupts import finish, leave_on_interrupt

if __name__ == "__main__":
    leave_on_interrupt()  # before the imports that take seconds

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_postgres import PGEngine, PGVectorStore
from langchain_text_splitters import RecursiveCharacterTextSplitter
from retrieval.addresses import for_sqlalchemy
from retrieval.answering import CANDIDATES, INSTRUCTIONS, SOURCES, Source, prompt_for
from retrieval.command import command
from retrieval.database import connected, database_errors, table_name
from retrieval.documents import CHUNK_CHARACTERS, OVERLAP_CHARACTERS, size
from retrieval.store import ChunkStore

from langchain_heroku import ChatHeroku, HerokuEmbeddings, HerokuRerank

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from langchain_core.documents import Document
    from retrieval.command import Server
    from retrieval.documents import Chunk


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example; returns the exit code."""
    return command(__doc__, LangChainAssistant, arguments)


class LangChainAssistant:
    """The three models of retrieval-augmented generation, with LangChain."""

    def __init__(self, server: Server) -> None:
        connection: dict[str, Any] = {**server.connection}
        self._chat = ChatHeroku(model=server.chat_model, **connection)
        self._embeddings = HerokuEmbeddings(**connection)
        self._reranker = HerokuRerank(top_n=SOURCES, **connection)
        settings = self._embeddings.settings
        self._vectors = server.engine or f"{settings.base_url} {settings.model}"
        self._splitter = RecursiveCharacterTextSplitter(
            separators=["\n\n", "\n", ". ", "。", " ", ""],
            keep_separator="end",
            chunk_size=CHUNK_CHARACTERS,
            chunk_overlap=OVERLAP_CHARACTERS,
            length_function=size,
        )

    def split(self, text: str) -> list[str]:
        """Cuts a text into pieces that fit into one embedding each."""
        return self._splitter.split_text(text)

    @contextmanager
    def open_store(self, url: str, roots: list[Path]) -> Iterator[LangChainStore]:
        """Opens the collection of the documents under `roots`; creates it on first use."""
        width = len(self._embeddings.embed_query("How wide is a vector?"))
        table = table_name(self._vectors, width, roots)
        with connected(url) as connection:
            exists = connection.execute("SELECT to_regclass(%s)", [table]).fetchone() != (None,)
        engine = PGEngine.from_connection_string(for_sqlalchemy(url))
        try:
            with database_errors():
                if not exists:
                    engine.init_vectorstore_table(table, vector_size=width)
                # No index: an exact scan of a few thousand chunks is fast, and finds what an
                # approximate index would miss.
                vectors = PGVectorStore.create_sync(engine, self._embeddings, table)
                yield LangChainStore(vectors, self._embeddings)
        finally:
            asyncio.run(engine.close())

    def find_sources(self, question: str, store: LangChainStore) -> list[Source]:
        """Retrieves broadly, reranks, and returns the best passages, best first."""
        best = self._reranker.compress_documents(store.search(question, CANDIDATES), question)
        return [_source(number, passage) for number, passage in enumerate(best, start=1)]

    def answer(self, question: str, sources: Sequence[Source]) -> Iterator[str]:
        """Streams an answer from the sources."""
        prompt = [SystemMessage(INSTRUCTIONS), HumanMessage(prompt_for(question, sources))]
        for chunk in self._chat.stream(prompt):
            yield chunk.text


class LangChainStore(ChunkStore):
    """A collection in LangChain's vector store."""

    def __init__(self, vectors: PGVectorStore, embeddings: HerokuEmbeddings) -> None:
        self._vectors = vectors
        self._embeddings = embeddings

    def ids(self) -> set[str]:
        """Returns the ids of all chunks in the collection."""
        return set(self._vectors.get(limit=2**31 - 1, include=[])["ids"])

    def embed(self, texts: list[str]) -> list[list[float]]:
        """Returns the vectors of texts."""
        return self._embeddings.embed_documents(texts)

    def add(self, chunks: Sequence[Chunk], vectors: list[list[float]]) -> None:
        """Puts chunks and their vectors into the collection."""
        self._vectors.add_embeddings(
            [chunk.text for chunk in chunks],
            vectors,
            metadatas=[{"source": chunk.source, "place": chunk.place} for chunk in chunks],
            ids=[chunk.id for chunk in chunks],
        )

    def delete(self, ids: list[str]) -> None:
        """Removes chunks from the collection."""
        self._vectors.delete(ids)

    def search(self, question: str, count: int) -> list[Document]:
        """Returns the chunks whose vectors are nearest to the question's."""
        return self._vectors.similarity_search(question, k=count)


def _source(number: int, passage: Document) -> Source:
    metadata = passage.metadata
    return Source(
        number,
        metadata["relevance_score"],
        metadata["source"],
        metadata["place"],
        passage.page_content,
    )


if __name__ == "__main__":
    finish(main())
