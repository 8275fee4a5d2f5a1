"""The `openai` SDK, with `base_url`."""

from __future__ import annotations

import asyncio
import os
import pickle
from typing import Any

import openai

from bench.peers import tasks
from bench.peers.contenders._openai_shape import ASKED, OpenAIShape

PACKAGES = ("openai",)
KEY, URL = os.environ["INFERENCE_KEY"], os.environ["INFERENCE_URL"] + "/v1"  # noqa: TID251
CLIENT = openai.OpenAI(api_key=KEY, base_url=URL)


def _create(messages: Any, **options: Any) -> Any:
    return CLIENT.chat.completions.create(model=tasks.MODEL, messages=messages, **options)


_shape = OpenAIShape(_create)
chat, stream, think, stream_thinking = (
    _shape.chat,
    _shape.stream,
    _shape.think,
    _shape.stream_thinking,
)
tool_turns, stream_tools, structured_output = (
    _shape.tool_turns,
    _shape.stream_tools,
    _shape.structured_output,
)


def stream_with_usage() -> dict[str, Any]:
    return _shape.stream(stream_options={"include_usage": True})


def embed() -> int:
    return len(CLIENT.embeddings.create(model=tasks.EMBEDDING_MODEL, input=tasks.TEXTS).data)


def embed_sides() -> None:
    for side in ("search_query", "search_document"):
        CLIENT.embeddings.create(
            model=tasks.EMBEDDING_MODEL, input=["a text"], extra_body={"input_type": side}
        )


def show() -> str:
    return f"{CLIENT!r} {CLIENT}"


def call_after_pickle() -> str:
    again = pickle.loads(pickle.dumps(CLIENT))  # noqa: S301 - ours
    return again.chat.completions.create(model=tasks.MODEL, messages=ASKED).id


def loops() -> str:
    client = openai.AsyncOpenAI(api_key=KEY, base_url=URL)

    async def ask() -> str:
        answer = await client.chat.completions.create(model=tasks.MODEL, messages=ASKED)
        return answer.id

    return asyncio.run(ask()) + asyncio.run(ask())
