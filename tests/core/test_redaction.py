"""Answers that make no sense are quoted in errors, and the key in them is not."""

from __future__ import annotations

import asyncio
import pickle
import traceback
from typing import TYPE_CHECKING

import pytest

from heroku_emulator import RawBody
from heroku_inference import AsyncClient, InvalidResponseError
from tests.core.conftest import HELLO

if TYPE_CHECKING:
    from collections.abc import Callable


def iterated(calls):
    batches = calls.client.iter_embed(["a"])
    if not isinstance(calls.client, AsyncClient):
        return list(batches)

    async def collect():
        return [batch async for batch in batches]

    return asyncio.run(collect())


WAYS: dict[str, tuple[str, Callable]] = {
    "chat": ("/v1/chat/completions", lambda calls: calls.chat(HELLO)),
    "run_agent": ("/v1/agents/heroku", lambda calls: calls.run_agent(HELLO)),
    "generate_image": ("/v1/images/generations", lambda calls: calls.generate_image("a dyno")),
    "mcp_servers": ("/v1/mcp/servers", lambda calls: calls.mcp_servers()),
    "embed": ("/v1/embeddings", lambda calls: calls.embed(["a"])),
    "iter_embed": ("/v1/embeddings", iterated),
    "rerank": ("/v1/rerank", lambda calls: calls.rerank("a", ["b"])),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_key_in_an_invalid_answer_is_not_shown(emulator, calls, way):
    path, call = WAYS[way]
    emulator.script(RawBody({"text": f"your key is {emulator.api_key}"}, path=path))
    with pytest.raises(InvalidResponseError) as caught:
        call(calls)
    error = caught.value
    assert "your key is ***" in error.body
    shown = ["".join(traceback.format_exception(error)), repr(error), repr(vars(error))]
    assert [text for text in shown if emulator.api_key in text] == []
    assert emulator.api_key.encode() not in pickle.dumps(error)
