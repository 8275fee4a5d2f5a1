"""What both adapters make of a text or document that Heroku refuses."""

from __future__ import annotations

import pickle
import warnings

import pytest
from langchain_core.documents import Document
from langchain_core.exceptions import ModelPermissionDeniedError
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.storage.kvstore import SimpleKVStore

import langchain_heroku
import llama_index_heroku
from heroku_inference import ContentBlockedError

pytestmark = pytest.mark.usefixtures("config_vars")
both = pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])
PLACES = [[0], [5], [9], [0, 9], [3, 4, 5], list(range(10))]

INSIDE = "see http://localhost:3000/ for number"  # the edge blocks it
QUERY = "a page about 7"


def texts_with(refused, count=10):
    return [f"{INSIDE} {n}" if n in refused else f"a page about {n}" for n in range(count)]


def but(refused, count=10):
    return [number for number in range(count) if number not in refused]


async def embed_documents(texts, *, awaited, **options):
    embeddings = langchain_heroku.HerokuEmbeddings(**options)
    if awaited:
        return await embeddings.aembed_documents(texts)
    return embeddings.embed_documents(texts)


async def get_text_embeddings(texts, *, awaited, batch_size=96, **options):
    embedding = llama_index_heroku.HerokuEmbedding(embed_batch_size=batch_size, **options)
    if awaited:
        return await embedding.aget_text_embedding_batch(texts)
    return embedding.get_text_embedding_batch(texts)


@both
@pytest.mark.parametrize("refused", PLACES)
@pytest.mark.parametrize("batch_size", [1, 4, 96])
@pytest.mark.parametrize("embed", [embed_documents, get_text_embeddings])
async def test_a_refused_text_is_named_and_vectors_that_came_are_kept(
    embed, refused, batch_size, awaited
):
    texts = texts_with(refused)
    with pytest.raises(ContentBlockedError, match=rf"Text {refused[0]}: ") as caught:
        await embed(texts, awaited=awaited, batch_size=batch_size)
    error = caught.value
    assert isinstance(error, (ModelPermissionDeniedError, ValueError))
    assert error.index == refused[0]
    assert set(range(refused[0])) <= error.done.keys() <= set(but(refused))
    if error.done:
        kept = [texts[index] for index in error.done]
        assert list(error.done.values()) == await embed(kept, awaited=awaited)


@both
async def test_llama_index_caches_what_came_and_counts_what_it_had(emulator, awaited):
    cache = SimpleKVStore()
    texts = texts_with([7])
    await get_text_embeddings(texts[:4], awaited=awaited, embeddings_cache=cache)
    with pytest.raises(ContentBlockedError, match="Text 7: ") as caught:
        await get_text_embeddings(texts, awaited=awaited, embeddings_cache=cache)
    assert sorted(caught.value.done) == but([7]) or sorted(caught.value.done) == [4, 5, 6, 8, 9]
    emulator.journal.clear()
    await get_text_embeddings(
        [texts[index] for index in but([7])], awaited=awaited, embeddings_cache=cache
    )
    assert len(emulator.journal) == 0


@both
async def test_bulk_embeddings_of_langchain_can_skip(awaited):
    embeddings = langchain_heroku.HerokuEmbeddings(batch_size=4)
    texts = texts_with([1, 8])
    if awaited:
        batches = [batch async for batch in embeddings.aiter_embed(texts, on_refused="skip")]
    else:
        batches = list(embeddings.iter_embed(texts, on_refused="skip"))
    assert [list(batch.indices) for batch in batches] == [[0, 2, 3], [4, 5, 6, 7], [9]]
    assert [[index for index, _ in batch.refused] for batch in batches] == [[1], [], [8]]
    found = [vector for batch in batches for vector in batch.vectors]
    kept = [texts[index] for index in but([1, 8])]
    assert found == await embed_documents(kept, awaited=awaited)


@both
@pytest.mark.parametrize("refused", PLACES)
@pytest.mark.parametrize("batch_size", [1, 4, 96])
async def test_pipelines_of_llama_index_can_skip(refused, batch_size, awaited):
    embedding = llama_index_heroku.HerokuEmbedding(embed_batch_size=batch_size, on_refused="skip")
    embedding.embeddings_cache = SimpleKVStore()
    texts = texts_with(refused)
    kept = but(refused)
    for _ in range(2):  # the second time out of the cache
        pipeline = IngestionPipeline(transformations=[embedding], disable_cache=True)
        nodes = [TextNode(text=text, id_=str(number)) for number, text in enumerate(texts)]
        words = f"refused {len(refused)} nodes, which are left out: {refused[0]}: Heroku answered"
        with pytest.warns(UserWarning, match=words):
            found = await pipeline.arun(nodes=nodes) if awaited else pipeline.run(nodes=nodes)
        assert [int(node.node_id) for node in found] == kept
        vectors = [node.embedding for node in found]
        assert vectors == await get_text_embeddings([texts[i] for i in kept], awaited=awaited)
        assert all(nodes[index].embedding is None for index in refused)


def test_skipping_is_part_of_dumps_only_where_it_is_chosen():
    skipping = llama_index_heroku.HerokuEmbedding(on_refused="skip")
    assert "on_refused" not in llama_index_heroku.HerokuEmbedding().to_dict()
    assert llama_index_heroku.HerokuEmbedding.from_dict(skipping.to_dict()).on_refused == "skip"
    assert pickle.loads(pickle.dumps(skipping)).on_refused == "skip"


async def compress(texts, *, awaited, **options):
    reranker = langchain_heroku.HerokuRerank(**options)
    documents = [Document(text, metadata={"number": n}) for n, text in enumerate(texts)]
    if awaited:
        found = await reranker.acompress_documents(documents, QUERY)
    else:
        found = reranker.compress_documents(documents, QUERY)
    return [(document.metadata["number"], document.page_content) for document in found]


async def postprocess(texts, *, awaited, **options):
    reranker = llama_index_heroku.HerokuRerank(**options)
    nodes = [
        NodeWithScore(node=TextNode(text=text, id_=str(number)), score=0.5)
        for number, text in enumerate(texts)
    ]
    if awaited:
        found = await reranker.apostprocess_nodes(nodes, query_str=QUERY)
    else:
        found = reranker.postprocess_nodes(nodes, query_str=QUERY)
    return [(int(node.node.node_id), node.text) for node in found]


@both
@pytest.mark.parametrize("refused", PLACES)
@pytest.mark.parametrize("rank", [compress, postprocess])
async def test_refused_documents_are_named_or_left_out_with_a_warning(rank, refused, awaited):
    texts = texts_with(refused)
    with pytest.raises(ContentBlockedError, match=f"^Document {refused[0]}: ") as caught:
        await rank(texts, awaited=awaited)
    assert caught.value.index == refused[0]
    words = f"refused {len(refused)} documents, which are left out: {refused[0]}: Heroku"
    with pytest.warns(UserWarning, match=words) as warned:
        found = await rank(texts, awaited=awaited, on_refused="skip")
    assert INSIDE not in str(warned[0].message)
    assert warned[0].filename == __file__
    assert sorted(found) == [(index, texts[index]) for index in but(refused)]
    if 7 not in refused:
        assert found[0][0] == 7


@both
@pytest.mark.parametrize("rank", [compress, postprocess])
async def test_nothing_is_said_when_nothing_is_refused(rank, awaited):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(await rank(texts_with([]), awaited=awaited, on_refused="skip")) == 10
