"""LlamaIndex's `OpenAILike`, with `api_base`."""

from __future__ import annotations

import os
from typing import Any

from llama_index.llms.openai_like import OpenAILike

from bench.peers import tasks
from bench.peers.contenders._llama_index import LlamaIndex

PACKAGES = ("llama-index-llms-openai-like", "llama-index-core", "openai")


def _make(**options: Any) -> OpenAILike:
    return OpenAILike(
        model=tasks.MODEL,
        api_key=os.environ["INFERENCE_KEY"],  # noqa: TID251
        api_base=os.environ["INFERENCE_URL"] + "/v1",  # noqa: TID251
        is_chat_model=True,
        is_function_calling_model=True,
        context_window=200_000,
        **options,
    )


_thinking = {"extra_body": {"extended_thinking": tasks.THINKING}, "max_tokens": 2048}
_asked = LlamaIndex(_make, None, {"additional_kwargs": _thinking, "temperature": 1})
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
show, call_after_pickle, loops = _asked.show, _asked.call_after_pickle, _asked.loops


def stream_with_usage() -> dict[str, Any]:
    return _asked.stream(additional_kwargs={"stream_options": {"include_usage": True}})
