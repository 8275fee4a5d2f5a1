"""Ingestion that embeds only what is new: a LlamaIndex pipeline with its docstore in PostgreSQL.

    python examples/recipes/llama_index_ingestion.py

The docstore keeps a hash of each document. Unchanged documents are skipped, changed ones replace
their old chunks, and missing ones are removed. The tables stay, so try to run it twice.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kitchen import DOCUMENTS, cook, show
from kitchen_llama_index import engines, page_splitter
from llama_index.core import VectorStoreIndex
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.schema import Document
from llama_index.storage.docstore.postgres import PostgresDocumentStore
from llama_index.storage.kvstore.postgres import PostgresKVStore
from llama_index.vector_stores.postgres import PGVectorStore
from retrieval.database import table_name
from retrieval.documents import find_files, read_file
from retrieval.interrupts import finish, leave_on_interrupt

from llama_index_heroku import HerokuEmbedding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kitchen import Kitchen

QUESTION = "How often are keys rotated?"
EDITED = "# Keys\n\nKeys are rotated every Monday, by the platform team."


def recipe(kitchen: Kitchen) -> None:
    """Ingests the pages, then the same pages, then one edited and one removed."""
    embedding = HerokuEmbedding(**kitchen.connection)
    pages = page_documents()
    with page_pipeline(kitchen, embedding) as (pipeline, store):
        ingest("The pages", pages, pipeline)
        ingest("The same pages", pages, pipeline)
        changed = [page for page in pages if page.id_ not in {"errors.md", "config-vars.md"}]
        changed.append(Document(id_="config-vars.md", text=EDITED))
        ingest("One edited, one removed", changed, pipeline)

        index = VectorStoreIndex.from_vector_store(store, embedding)
        kitchen.screen.question(QUESTION)
        found = index.as_retriever(similarity_top_k=3).retrieve(QUESTION)
        show(
            "Nearest vectors", [(node.get_score(), str(node.node.ref_doc_id), "") for node in found]
        )
        print(f"\n{found[0].get_content()}")


def ingest(title: str, pages: list[Document], pipeline: IngestionPipeline) -> None:
    """Runs the pipeline, which returns the embedded nodes, and prints their number."""
    nodes = pipeline.run(documents=pages)
    embedded = {node.ref_doc_id for node in nodes}
    print(
        f"{title}: {len(pages)} documents, {len(embedded)} new or changed, "
        f"{len(nodes)} chunks embedded"
    )


@contextmanager
def page_pipeline(
    kitchen: Kitchen, embedding: HerokuEmbedding
) -> Iterator[tuple[IngestionPipeline, PGVectorStore]]:
    """Makes a pipeline from documents to vectors, and the store that it fills."""
    width = len(embedding.get_query_embedding("How wide is a vector?"))
    settings = embedding.settings
    vectors = kitchen.engine or f"{settings.base_url} {settings.model}"
    # Vectors of different models must not mix, so each kind has its own tables.
    table = table_name(f"ingestion {vectors}", width, [DOCUMENTS])
    with engines(kitchen.url) as (blocking, awaited):
        store = PGVectorStore(
            engine=blocking, async_engine=awaited, table_name=table, embed_dim=width
        )
        documents = PostgresKVStore(f"{table}_docs", engine=blocking, async_engine=awaited)
        pipeline = IngestionPipeline(
            transformations=[page_splitter(), embedding],
            vector_store=store,
            docstore=PostgresDocumentStore(documents),
            docstore_strategy=DocstoreStrategy.UPSERTS_AND_DELETE,
        )
        yield pipeline, store


def page_documents() -> list[Document]:
    """Returns the pages as documents; their ids are file names, which outlive changes of text."""
    pages = {
        file.name: [f"# {section.place}\n\n{section.text}" for section in read_file(file)]
        for file in find_files([DOCUMENTS])
    }
    return [Document(id_=name, text="\n\n".join(texts)) for name, texts in pages.items()]


if __name__ == "__main__":
    leave_on_interrupt()
    finish(cook(recipe))
