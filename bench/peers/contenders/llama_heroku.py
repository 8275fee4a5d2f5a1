"""Our classes for LlamaIndex."""

from __future__ import annotations

import asyncio
from typing import Any

from llama_index.core.schema import NodeWithScore, TextNode

from bench.peers import tasks
from bench.peers.contenders._llama_index import LlamaIndex
from llama_index_heroku import Heroku, HerokuAgent, HerokuEmbedding, HerokuRerank

PACKAGES = ("heroku-inference", "llama-index-core")


def _make(**options: Any) -> Heroku:
    return Heroku(**options)


_asked = LlamaIndex(
    _make, HerokuEmbedding, {"extended_thinking": tasks.THINKING, "max_tokens": 2048}
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


def rerank() -> int:
    nodes = [NodeWithScore(node=TextNode(text=text)) for text in tasks.TEXTS]
    return len(HerokuRerank(top_n=3).postprocess_nodes(nodes, query_str=tasks.QUESTION))


def agent() -> str:
    async def ask() -> str:
        return str(await HerokuAgent().run(tasks.QUESTION))

    return asyncio.run(ask())
