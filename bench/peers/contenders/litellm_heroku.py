"""`litellm`, by its own provider `heroku/`."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import litellm

from bench.peers import tasks
from bench.peers.contenders._openai_shape import ASKED, OpenAIShape

PACKAGES = ("litellm",)
SERVER = {
    "model": f"heroku/{tasks.MODEL}",
    "api_key": os.environ["INFERENCE_KEY"],  # noqa: TID251
    "api_base": os.environ["INFERENCE_URL"],  # noqa: TID251
}


def _create(messages: Any, **options: Any) -> Any:
    return litellm.completion(messages=messages, **SERVER, **options)


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
    server = {**SERVER, "model": f"heroku/{tasks.EMBEDDING_MODEL}"}
    return len(litellm.embedding(input=tasks.TEXTS, **server).data)


def loops() -> str:
    async def ask() -> str:
        answer = await litellm.acompletion(messages=ASKED, **SERVER)
        return answer.id

    return asyncio.run(ask()) + asyncio.run(ask())
