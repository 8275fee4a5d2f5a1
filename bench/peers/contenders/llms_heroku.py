"""`llama-index-llms-heroku` and `llama-index-embeddings-heroku`."""

from __future__ import annotations

from typing import Any

from llama_index.embeddings.heroku import HerokuEmbedding
from llama_index.llms.heroku import Heroku

from bench.peers import tasks
from bench.peers.contenders._llama_index import LlamaIndex

PACKAGES = ("llama-index-llms-heroku", "llama-index-embeddings-heroku", "llama-index-core")


def _make(**options: Any) -> Heroku:
    return Heroku(**options)


_thinking = {"extra_body": {"extended_thinking": tasks.THINKING}}
_asked = LlamaIndex(
    _make, HerokuEmbedding, {"additional_kwargs": _thinking, "max_tokens": 2048, "temperature": 1}
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
    return _asked.stream(additional_kwargs={"stream_options": {"include_usage": True}})
