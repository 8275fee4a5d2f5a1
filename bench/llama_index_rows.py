"""The rows of LlamaIndex. Pure."""

from __future__ import annotations

from bench.row import ASYNC_CALL, IN_FLIGHT, WHOLE_CALL, Bound, Row

__all__ = ["LLAMA_INDEX_ROWS"]

_OURS = "llama_index_heroku"
_PEER = "llama_index_peer"
_FLOOR = "llama_index_floor"
_OPENAI = "langchain_openai"
_COHERE = "llama_index_cohere"

LLAMA_INDEX_ROWS = (
    Row(
        "llama-import",
        "import Heroku",
        "import the LLM, beyond what the floor imports",
        "ms CPU",
        (_OURS, _PEER, _FLOOR),
        kind="import",
        rounds=7,
        statements=(
            "from llama_index_heroku import Heroku",
            "from llama_index.llms.heroku import Heroku",
            "import llama_index.core",
        ),
        peer=_PEER,
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.077),),  # 50 ms where the peer takes 650
    ),
    Row(
        "llama-construct",
        "Heroku()",
        "construct an LLM (the bound is that of ChatHeroku)",
        "us CPU",
        (_OURS, _PEER, _OPENAI),
        amount=500,
        peer=_PEER,
        bounds=(Bound(_OURS, _OPENAI, ratio=0.091),),
    ),
    Row(
        "llama-chat",
        "Heroku.chat",
        "chat, one after the other",
        "us CPU a call",
        (_OURS, _PEER, _FLOOR),
        amount=150,
        peer=_PEER,
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.32),),
        profile=WHOLE_CALL,
    ),
    Row(
        "llama-achat-64",
        "Heroku.achat, 64 at once",
        "achat, 64 in flight (the peer has openai 2)",
        "us CPU a call",
        (_OURS, _PEER, _FLOOR),
        amount=320,
        peer=_PEER,
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.12),),
        profile=ASYNC_CALL,
    ),
    Row(
        "llama-stream-chat",
        "Heroku.stream_chat",
        "stream_chat, many events in an HTTP chunk",
        "us CPU a chunk",
        (_OURS, _PEER, _FLOOR),
        kind="stream",
        amount=5,
        peer=_PEER,
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.18), Bound(_OURS, _FLOOR, ratio=1.9)),
    ),
    Row(
        "llama-stream-flushed",
        "Heroku.stream_chat, flushed",
        "stream_chat, an HTTP chunk for each event",
        "us CPU a chunk",
        (_OURS, _PEER, _FLOOR),
        kind="stream",
        amount=5,
        scenario="flushed",
        peer=_PEER,
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.38),),
    ),
    Row(
        "llama-stream-tools",
        "Heroku.stream_chat, a tool call",
        "stream a tool call",
        "us CPU a chunk",
        (_OURS, _PEER),
        kind="stream",
        amount=5,
        scenario="tools",
        peer=_PEER,
        bounds=(Bound(_OURS, _PEER, ratio=0.33),),
    ),
    Row(
        "llama-embed",
        "HerokuEmbedding, 20,000 texts",
        "embed 20,000 short texts, no latency (its own peer: one a request)",
        "us CPU a text",
        (_OURS, _PEER, _OPENAI),
        amount=20_000,
        rounds=5,
        fewer={_PEER: 2_000},
        peer=_PEER,
        bounds=(Bound(_OURS, _OPENAI, ratio=0.60),),
    ),
    Row(
        "llama-embed-slow",
        "HerokuEmbedding, 50 ms away",
        "embed 4,800 texts, 50 ms a request (its own peer: one a request)",
        "us wall a text",
        (_OURS, _PEER, _OPENAI),
        kind="wall",
        amount=4_800,
        rounds=5,
        fewer={_PEER: 24},  # one by one: the full amount takes four minutes a round
        scenario="slow",
        peer=_PEER,
        bounds=(Bound(_OURS, _OPENAI, ratio=0.13),),
        profile=IN_FLIGHT,
    ),
    Row(
        "llama-aembed-slow",
        "HerokuEmbedding, async, 50 ms away",
        "the same, async (its own peer opens 4,800 requests at once and takes minutes)",
        "us wall a text",
        (_OURS, _OPENAI),
        kind="wall",
        amount=4_800,
        rounds=5,
        scenario="slow",
        peer=_OPENAI,
        bounds=(Bound(_OURS, _OPENAI, ratio=0.13),),
        profile=IN_FLIGHT,
    ),
    Row(
        "llama-rerank",
        "LlamaIndex's HerokuRerank",
        "rerank 1,000 nodes for the best 10",
        "us CPU a call",
        (_OURS, _COHERE, _FLOOR),
        amount=50,
        peer=_COHERE,
        floor=_FLOOR,
        bounds=(Bound(_OURS, _COHERE, ratio=0.40),),
    ),
)
"""The rows in printing order; `bench.rows` adds them to the others."""
