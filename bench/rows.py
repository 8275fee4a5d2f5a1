"""The rows: each kind of work, its contenders and our bounds. Pure."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from bench.llama_index_rows import LLAMA_INDEX_ROWS
from bench.row import Bound, Row

__all__ = ["ROWS"]


def _openai_major() -> int:
    """Returns the major version of `openai`: 3 has a better async pool, so its bound differs."""
    try:
        return int(version("openai").split(".")[0])
    except PackageNotFoundError:
        return 0


_OURS = "langchain_heroku"
_PEER = "langchain_openai"
_FLOOR = "langchain_floor"
_CLIENTS = (_OURS, "heroku_inference", _PEER, "openai_sdk", "pydantic_ai_heroku")
_CHAT = (*_CLIENTS, "bare_httpx", _FLOOR)
_ACHAT = (*_CLIENTS, "bare_aiohttp", _FLOOR)
_EMBED = (_OURS, "heroku_inference", _PEER, "bare_httpx")


def _against_both(peer: float, floor: float) -> tuple[Bound, ...]:
    return Bound(_OURS, _PEER, ratio=peer), Bound(_OURS, _FLOOR, ratio=floor)


ROWS = (
    Row(
        "import",
        "import the chat model, beyond what the floor imports",
        "ms CPU",
        (_OURS, _PEER, _FLOOR),
        kind="import",
        statements=(
            "from langchain_heroku import ChatHeroku",
            "from langchain_openai import ChatOpenAI",
            "import langchain_core.language_models.chat_models",
        ),
        floor=_FLOOR,
        bounds=(Bound(_OURS, _FLOOR, ratio=0.043),),  # 50 ms where the floor takes 1170
    ),
    Row(
        "import-embeddings",
        "import the embeddings alone, beyond what the floor imports",
        "ms CPU",
        (_OURS, _PEER, _FLOOR),
        kind="import",
        statements=(
            "from langchain_heroku import HerokuEmbeddings",
            "from langchain_openai import OpenAIEmbeddings",
            "from langchain_core.embeddings import Embeddings",
        ),
        floor=_FLOOR,
    ),
    Row(
        "construct",
        "construct a chat model",
        "us CPU",
        _CLIENTS,
        amount=1000,
        bounds=(Bound(_OURS, _PEER, ratio=0.088),),  # 20 us where the peer takes 227
        # 20 to 30 ms each: the SDK loads the certificates every time.
        fewer={"openai_sdk": 50, "pydantic_ai_heroku": 50},
    ),
    Row(
        "invoke",
        "invoke, one after the other",
        "us CPU a call",
        _CHAT,
        amount=300,
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.42),),
    ),
    Row(
        "ainvoke-64",
        "ainvoke, 64 in flight",
        "us CPU a call",
        _ACHAT,
        amount=640,
        floor=_FLOOR,
        bounds=_against_both(0.15 if _openai_major() >= 3 else 0.05, 2.5),  # noqa: PLR2004
    ),
    Row(
        "stream",
        "stream text, many events in an HTTP chunk",
        "us CPU a chunk",
        _CHAT,
        kind="stream",
        amount=10,
        floor=_FLOOR,
        bounds=_against_both(0.20, 2.1),
    ),
    Row(
        "stream-flushed",
        "stream text, an HTTP chunk for each event",
        "us CPU a chunk",
        _CHAT,
        kind="stream",
        amount=10,
        scenario="flushed",
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.20),),
    ),
    Row(
        "astream",
        "astream text, many events in an HTTP chunk",
        "us CPU a chunk",
        _ACHAT,
        kind="stream",
        amount=10,
        floor=_FLOOR,
        bounds=_against_both(0.16, 2.1),
    ),
    Row(
        "stream-reasoning",
        "stream reasoning (the peer drops it)",
        "us CPU a chunk",
        (_OURS, "heroku_inference", _PEER),
        kind="stream",
        amount=10,
        scenario="reasoning",
        bounds=(Bound(_OURS, _PEER, ratio=0.20),),
    ),
    Row(
        "stream-tools",
        "stream a tool call",
        "us CPU a chunk",
        (_OURS, "heroku_inference", _PEER, _FLOOR),
        kind="stream",
        amount=10,
        scenario="tools",
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.42),),
    ),
    Row(
        "first-token",
        "from the request to the first token",
        "us CPU",
        _CHAT,
        kind="first-token",
        amount=200,
        scenario="first-token",
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.38),),
    ),
    Row(
        "embed",
        "embed 20,000 short texts, no latency",
        "us CPU a text",
        _EMBED,
        amount=20_000,
        bounds=(Bound(_OURS, _PEER, ratio=0.65),),
    ),
    Row(
        "embed-slow",
        "embed 4,800 texts, 50 ms a request",
        "us wall a text",
        (_OURS, "heroku_inference", _PEER),
        kind="wall",
        amount=4_800,
        scenario="slow",
        bounds=(Bound(_OURS, _PEER, ratio=0.15),),
    ),
    Row(
        "aembed-slow",
        "the same, async",
        "us wall a text",
        (_OURS, "heroku_inference", _PEER),
        kind="wall",
        amount=4_800,
        scenario="slow",
        bounds=(Bound(_OURS, _PEER, ratio=0.15),),
    ),
    Row(
        "rerank",
        "rerank 1,000 documents for the best 10",
        "us CPU a call",
        (_OURS, "heroku_inference", "langchain_cohere", "bare_httpx"),
        amount=50,
        peer="bare_httpx",
        bounds=(Bound(_OURS, "langchain_cohere", ratio=0.40),),
    ),
    Row(
        "memory",
        "200 live models, each called once",
        "MiB added",
        (_OURS, _PEER),
        kind="memory",
        amount=200,
        bounds=(Bound(_OURS, most=2),),
    ),
    Row(
        "failing",
        "requests of a call that keeps failing, 2 retries allowed",
        "requests",
        (_OURS, "heroku_inference", _PEER, "openai_sdk"),
        kind="traffic",
        scenario="failing",
        bounds=(Bound(_OURS, most=3),),
    ),
    Row(
        "connections",
        "connections of ten streams, one after the other",
        "connections",
        (_OURS, "heroku_inference", _PEER, "openai_sdk", "bare_httpx"),
        kind="traffic",
        counted="connections",
        bounds=(Bound(_OURS, most=1),),
    ),
    *LLAMA_INDEX_ROWS,
)
"""Every row, in printing order. A new framework adds its rows here."""
