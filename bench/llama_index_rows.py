"""The rows of LlamaIndex. Pure."""

from __future__ import annotations

from bench.row import Bound, Row

__all__ = ["LLAMA_INDEX_ROWS"]

_OURS = "llama_index_heroku"
_PEER = "llama_index_peer"
_FLOOR = "llama_index_floor"

LLAMA_INDEX_ROWS = (
    Row(
        "llama-import",
        "LlamaIndex: import the LLM, beyond what the floor imports",
        "ms CPU",
        (_OURS, _PEER, _FLOOR),
        kind="import",
        statements=(
            "from llama_index_heroku import Heroku",
            "from llama_index.llms.heroku import Heroku",
            "import llama_index.core",
        ),
        peer=_PEER,
        floor=_FLOOR,
        bounds=(Bound(_OURS, _FLOOR, ratio=0.054),),  # 50 ms where the floor takes 920
    ),
    Row(
        "llama-chat",
        "LlamaIndex: chat, one after the other",
        "us CPU a call",
        (_OURS, _PEER, _FLOOR),
        amount=300,
        peer=_PEER,
        floor=_FLOOR,
    ),
    Row(
        "llama-stream-chat",
        "LlamaIndex: stream_chat, many events in an HTTP chunk",
        "us CPU a chunk",
        (_OURS, _PEER, _FLOOR),
        kind="stream",
        amount=10,
        peer=_PEER,
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.22), Bound(_OURS, _FLOOR, ratio=2.2)),
    ),
    Row(
        "llama-embed",
        "LlamaIndex: embed 20,000 short texts, no latency (the peer: one a request)",
        "us CPU a text",
        (_OURS, _PEER),
        amount=20_000,
        peer=_PEER,
        bounds=(Bound(_OURS, _PEER, ratio=0.14),),  # 70 us where the peer takes 491
    ),
    Row(
        "llama-embed-slow",
        "LlamaIndex: embed 4,800 texts, 50 ms a request (the peer: one a request)",
        "us wall a text",
        (_OURS, _PEER),
        kind="wall",
        amount=4_800,
        fewer={_PEER: 48},  # one by one: the full amount takes four minutes a round
        scenario="slow",
        peer=_PEER,
        bounds=(Bound(_OURS, _PEER, ratio=0.002),),  # 102 us where the peer takes 52,033
    ),
)
"""The rows in printing order; `bench.rows` adds them to the others."""
