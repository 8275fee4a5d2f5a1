"""The ways to embed texts with a `VectorServer`: blocking or not, all at once or in batches."""

from __future__ import annotations

import pytest

from heroku_inference._endpoints.embeddings import (
    EmbeddingOptions,
    aembed,
    aiter_embed,
    embed,
    iter_embed,
)

MODEL = "cohere-embed-multilingual"
both = pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])


def options(**given) -> EmbeddingOptions:
    return EmbeddingOptions(model=MODEL, **given)


async def embed_texts(server, texts, *, awaited, **given):
    if awaited:
        return await aembed(server.asend, texts, options(**given))
    return embed(server.send, texts, options(**given))


async def batches(server, texts, *, awaited, **given):
    if awaited:
        return [batch async for batch in aiter_embed(server.asend, texts, options(**given))]
    return list(iter_embed(server.send, texts, options(**given)))


async def note_starts(starts, server, texts, *, awaited, **given):
    """Write down where each batch starts, as long as there is no error."""
    if awaited:
        async for batch in aiter_embed(server.asend, texts, options(**given)):
            starts.append(batch.start)
    else:
        starts.extend(batch.start for batch in iter_embed(server.send, texts, options(**given)))
