"""`HerokuEmbedding` in ingestion pipelines: worker processes, and what pipelines cache."""

from __future__ import annotations

from pathlib import Path

import llama_index.core
import pytest
from llama_index.core import Document
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import TokenTextSplitter
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.core.vector_stores import SimpleVectorStore

import heroku_inference
from heroku_emulator import Fault
from llama_index_heroku import HerokuEmbedding

pytestmark = pytest.mark.usefixtures("config_vars")
TOKENIZERS = Path(llama_index.core.__file__).parent / "_static" / "tiktoken_cache"

both = pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])


def documents(count=6):
    return [
        Document(text=f"Document {number} is about {number} things.", id_=f"document-{number}")
        for number in range(count)
    ]


def embedded(emulator):
    return sorted(text for entry in emulator.journal for text in entry.body["input"])


def changed_documents():
    changed = documents()
    changed[2].set_content("Something else.")
    return changed


async def run(kept, documents, *, awaited, **options):
    if awaited:
        return await kept.arun(documents=documents, **options)
    return kept.run(documents=documents, **options)


def pipeline(**given):
    return IngestionPipeline(transformations=[HerokuEmbedding(**given)], disable_cache=True)


def test_nodes_get_the_vectors_of_their_text_and_metadata(emulator):
    document = Document(text="a text", metadata={"page": 1})
    [node] = pipeline().run(documents=[document])
    assert embedded(emulator) == ["page: 1\n\na text"]
    assert node.embedding == HerokuEmbedding().get_text_embedding("page: 1\n\na text")


async def test_awaited_too(emulator):
    nodes = await pipeline().arun(documents=documents())
    assert [node.embedding for node in nodes] == HerokuEmbedding().get_text_embedding_batch(
        [document.text for document in documents()]
    )


def test_worker_processes_embed(emulator, config_vars, monkeypatch):
    for name in config_vars:  # all they need is in the pickle
        monkeypatch.delenv(name)
    given = {"api_key": emulator.api_key, "base_url": emulator.url}
    nodes = pipeline(**given).run(documents=documents(), num_workers=2)
    assert sorted(node.text for node in nodes) == embedded(emulator)
    assert all(len(node.embedding) == 1024 for node in nodes)


def test_an_error_in_a_worker_process_comes_home_as_what_it_is(emulator):
    emulator.script(Fault(401, times=8))
    with pytest.raises(heroku_inference.AuthenticationError, match="Unable to embed text"):
        pipeline().run(documents=documents(), num_workers=2)


@pytest.mark.parametrize(
    ("given", "requests"),
    [
        ({}, 1),
        ({"timeout": 5, "max_retries": 0, "num_workers": 2}, 1),
        ({"default_headers": {"x-mine": "yes"}}, 1),
        ({"model": "cohere-embed-v4"}, 2),
        ({"input_type": "clustering"}, 2),
        ({"embedding_type": "int8"}, 2),
        ({"long_text": "truncate"}, 2),
    ],
    ids=lambda given: next(iter(given), "the same") if isinstance(given, dict) else None,
)
def test_a_pipelines_cache_holds_for_settings_that_make_the_same_vectors(emulator, given, requests):
    cached = IngestionPipeline(transformations=[HerokuEmbedding()])
    cached.run(documents=documents())
    cached.transformations = [HerokuEmbedding(**given)]
    cached.run(documents=documents())
    assert len(emulator.journal) == requests


def test_a_new_key_finds_what_the_old_one_cached(emulator):
    cached = IngestionPipeline(transformations=[HerokuEmbedding()])
    cached.run(documents=documents())
    cached.transformations = [HerokuEmbedding(api_key="inf-another-key")]
    assert len(cached.run(documents=documents())) == 6
    assert len(emulator.journal) == 1


@pytest.mark.parametrize(
    ("awaited", "workers"),
    [(False, None), (True, None), (False, 2)],
    ids=["sync", "async", "two workers"],
)
async def test_with_a_docstore_only_what_changed_is_embedded_again(
    emulator, monkeypatch, awaited, workers
):
    # Worker processes would look for the splitter's tokenizer on the internet.
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(TOKENIZERS))
    kept = IngestionPipeline(
        transformations=[TokenTextSplitter(chunk_size=256), HerokuEmbedding()],
        docstore=SimpleDocumentStore(),
        vector_store=SimpleVectorStore(),
    )
    how = {"awaited": awaited, "num_workers": workers}
    await run(kept, documents(), **how)
    assert embedded(emulator) == [document.text for document in documents()]

    emulator.journal.clear()
    assert await run(kept, documents(), **how) == []
    assert embedded(emulator) == []

    [changed] = await run(kept, changed_documents(), **how)
    assert embedded(emulator) == ["Something else."]
    vectors = kept.vector_store.data.embedding_dict
    assert len(vectors) == 6
    assert vectors[changed.node_id] == changed.embedding


@both
async def test_worker_processes_add_to_the_cache_of_the_pipeline(emulator, awaited):
    # They did not up to llama-index-core 0.14.19: github.com/run-llama/llama_index/issues/21300
    kept = IngestionPipeline(transformations=[HerokuEmbedding()])
    how = {"awaited": awaited, "num_workers": 2}
    await run(kept, documents(), **how)
    emulator.journal.clear()
    nodes = await run(kept, changed_documents(), **how)
    texts = [document.text for document in changed_documents()]
    assert [node.text for node in nodes] == texts
    assert all(len(node.embedding) == 1024 for node in nodes)
    assert embedded(emulator) == sorted(texts[:3])  # the list of one worker; the other's was kept


@pytest.mark.parametrize(
    ("store", "again"), [(lambda: None, 6), (SimpleKVStore, 1)], ids=["alone", "embeddings_cache"]
)
def test_a_pipelines_cache_knows_whole_lists_and_ours_knows_texts(emulator, store, again):
    # As our documentation says.
    kept = IngestionPipeline(transformations=[HerokuEmbedding(embeddings_cache=store())])
    kept.run(documents=documents())
    emulator.journal.clear()
    kept.run(documents=changed_documents())
    assert len(embedded(emulator)) == again
