"""LangChain's `ChatOpenAI` and `OpenAIEmbeddings`, with `base_url`."""

from __future__ import annotations

import os
from typing import Any

from langchain_openai import ChatOpenAI, OpenAIEmbeddings

from bench.peers import tasks
from bench.peers.contenders._langchain import LangChain

PACKAGES = ("langchain-openai", "openai")
SERVER: dict[str, Any] = {
    "api_key": os.environ["INFERENCE_KEY"],  # noqa: TID251
    "base_url": os.environ["INFERENCE_URL"] + "/v1",  # noqa: TID251
}


def _make(**options: Any) -> ChatOpenAI:
    return ChatOpenAI(model=tasks.MODEL, **SERVER, **options)


def _embeddings() -> OpenAIEmbeddings:
    return OpenAIEmbeddings(
        model=tasks.EMBEDDING_MODEL, check_embedding_ctx_length=False, chunk_size=96, **SERVER
    )


_asked = LangChain(
    _make, _embeddings, {"extra_body": {"extended_thinking": tasks.THINKING}, "max_tokens": 2048}
)
chat, stream, think, stream_thinking = (
    _asked.chat,
    _asked.stream,
    _asked.think,
    _asked.stream_thinking,
)
tool_turns, stream_tools, structured_output = (
    _asked.tool_turns,
    _asked.stream_tools,
    _asked.structured_output,
)
embed, embed_sides = _asked.embed, _asked.embed_sides
show, call_after_pickle, loops = _asked.show, _asked.call_after_pickle, _asked.loops


def stream_with_usage() -> dict[str, Any]:
    return _asked.stream(stream_usage=True)
