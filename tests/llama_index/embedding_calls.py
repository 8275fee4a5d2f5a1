"""An embedding model's methods by one name each, blocking or not."""

from __future__ import annotations

import pytest

both = pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])


async def documents(embedding, texts, *, awaited, **given):
    if awaited:
        return await embedding.aget_text_embedding_batch(texts, **given)
    return embedding.get_text_embedding_batch(texts, **given)


async def document(embedding, text, *, awaited):
    if awaited:
        return await embedding.aget_text_embedding(text)
    return embedding.get_text_embedding(text)


async def query(embedding, text, *, awaited):
    if awaited:
        return await embedding.aget_query_embedding(text)
    return embedding.get_query_embedding(text)
