"""The rows: each kind of work, its contenders and our bounds. Pure."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from bench.llama_index_rows import LLAMA_INDEX_ROWS
from bench.row import ASYNC_CALL, IDEAL, IN_FLIGHT, PACED, WHOLE_CALL, Bound, Row

__all__ = ["ROWS"]


def _openai_major() -> int:
    """Returns the major version of `openai`: 3 has a better async pool, so its bound differs."""
    try:
        return int(version("openai").split(".")[0])
    except PackageNotFoundError:
        return 0


_OURS = "langchain_heroku"
_CORE = "heroku_inference"
_RAY = "heroku_ray"
_PEER = "langchain_openai"
_FLOOR = "langchain_floor"
_CLIENTS = (_OURS, _CORE, _PEER, "openai_sdk", "pydantic_ai_heroku")
_CHAT = (*_CLIENTS, "bare_httpx", _FLOOR)
_ACHAT = (*_CLIENTS, "bare_aiohttp", _FLOOR)
_AT_LIMIT_WITH_FAULTS = (
    "under a limit of 20 requests/s, 50 ms a request, of which one in 100 fails; one text in 5,000 "
    "is refused"
)


def _against_both(peer: float, floor: float) -> tuple[Bound, ...]:
    return Bound(_OURS, _PEER, ratio=peer), Bound(_OURS, _FLOOR, ratio=floor)


def _limited(contender: str, ratio: float) -> tuple[Bound, ...]:
    return Bound(contender, IDEAL, ratio=ratio), Bound(contender, counts_twice=True)


_START = (
    Row(
        "import",
        "import ChatHeroku",
        "import the chat model, beyond what the floor imports",
        "ms CPU",
        (_OURS, _PEER, _FLOOR),
        kind="import",
        rounds=7,
        statements=(
            "from langchain_heroku import ChatHeroku",
            "from langchain_openai import ChatOpenAI",
            "import langchain_core.language_models.chat_models",
        ),
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.093),),  # 50 ms where the peer takes 540
    ),
    Row(
        "import-embeddings",
        "import HerokuEmbeddings",
        "import the embeddings alone, beyond what the floor imports",
        "ms CPU",
        (_OURS, _PEER, _FLOOR),
        kind="import",
        rounds=7,
        statements=(
            "from langchain_heroku import HerokuEmbeddings",
            "from langchain_openai import OpenAIEmbeddings",
            "from langchain_core.embeddings import Embeddings",
        ),
        floor=_FLOOR,
    ),
    Row(
        "construct",
        "ChatHeroku()",
        "construct a chat model",
        "us CPU",
        _CLIENTS,
        amount=500,
        bounds=(Bound(_OURS, _PEER, ratio=0.091),),  # 20 us where the peer takes 219
        # 20 to 30 ms each: the SDK loads the certificates every time.
        fewer={"openai_sdk": 20, "pydantic_ai_heroku": 20},
        profile="Half of it is LangChain's: pydantic's validation and the metadata for LangSmith.",
    ),
    Row(
        "memory",
        "200 ChatHeroku",
        "200 live models, each called once",
        "MiB added",
        (_OURS, _PEER),
        kind="memory",
        amount=200,
        rounds=3,
        bounds=(Bound(_OURS, most=2),),
    ),
)

_CALL = (
    Row(
        "invoke",
        "ChatHeroku.invoke",
        "invoke, one after the other",
        "us CPU a call",
        _CHAT,
        amount=150,
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.32),),
        profile=WHOLE_CALL,
    ),
    Row(
        "ainvoke-64",
        "ChatHeroku.ainvoke, 64 at once",
        "ainvoke, 64 in flight",
        "us CPU a call",
        _ACHAT,
        amount=320,
        floor=_FLOOR,
        bounds=_against_both(0.12 if _openai_major() >= 3 else 0.04, 2.2),  # noqa: PLR2004
        profile=ASYNC_CALL,
    ),
    Row(
        "first-token",
        "ChatHeroku.stream, first token",
        "from the request to the first token",
        "us wall",
        _CHAT,
        kind="first-token",
        amount=100,
        scenario="first-token",
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.30),),
        profile=WHOLE_CALL,
    ),
    Row(
        "failing",
        "a call that fails",
        "requests of a call that keeps failing, 2 retries allowed",
        "requests",
        (_OURS, _CORE, _PEER, "openai_sdk"),
        kind="traffic",
        scenario="failing",
        bounds=(Bound(_OURS, most=3),),
    ),
    Row(
        "connections",
        "ten streams",
        "connections of ten streams, one after the other",
        "connections",
        (_OURS, _CORE, _PEER, "openai_sdk", "bare_httpx"),
        kind="traffic",
        counted="connections",
        bounds=(Bound(_OURS, most=1),),
    ),
)

_STREAM = (
    Row(
        "stream",
        "ChatHeroku.stream",
        "stream text, many events in an HTTP chunk",
        "us CPU a chunk",
        _CHAT,
        kind="stream",
        amount=5,
        floor=_FLOOR,
        bounds=_against_both(0.17, 1.9),
    ),
    Row(
        "stream-flushed",
        "ChatHeroku.stream, flushed",
        "stream text, an HTTP chunk for each event",
        "us CPU a chunk",
        _CHAT,
        kind="stream",
        amount=5,
        scenario="flushed",
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.38),),
    ),
    Row(
        "stream-paced",
        "ChatHeroku.stream, paced",
        "stream text, an event in each read, as models send them",
        "us CPU a chunk",
        _CHAT,
        kind="stream",
        amount=2,
        scenario="paced",
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.38),),
        profile=PACED,
    ),
    Row(
        "astream",
        "ChatHeroku.astream",
        "astream text, many events in an HTTP chunk",
        "us CPU a chunk",
        _ACHAT,
        kind="stream",
        amount=5,
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.11),),
    ),
    Row(
        "stream-reasoning",
        "ChatHeroku.stream, reasoning",
        "stream reasoning (the peer drops it)",
        "us CPU a chunk",
        (_OURS, _CORE, _PEER),
        kind="stream",
        amount=5,
        scenario="reasoning",
        bounds=(Bound(_OURS, _PEER, ratio=0.20),),
    ),
    Row(
        "stream-tools",
        "ChatHeroku.stream, a tool call",
        "stream a tool call",
        "us CPU a chunk",
        (_OURS, _CORE, _PEER, _FLOOR),
        kind="stream",
        amount=5,
        scenario="tools",
        floor=_FLOOR,
        bounds=(Bound(_OURS, _PEER, ratio=0.33),),
    ),
)

_BULK = (
    Row(
        "embed",
        "HerokuEmbeddings, 20,000 texts",
        "embed 20,000 short texts, no latency",
        "us CPU a text",
        (_OURS, _CORE, _PEER, "bare_httpx"),
        amount=20_000,
        rounds=5,
        bounds=(Bound(_OURS, _PEER, ratio=0.60),),
    ),
    Row(
        "embed-slow",
        "HerokuEmbeddings, 50 ms away",
        "embed 4,800 texts, 50 ms a request",
        "us wall a text",
        (_OURS, _CORE, _PEER),
        kind="wall",
        amount=4_800,
        rounds=5,
        scenario="slow",
        bounds=(Bound(_OURS, _PEER, ratio=0.13),),
        profile=IN_FLIGHT,
    ),
    Row(
        "aembed-slow",
        "HerokuEmbeddings, async, 50 ms away",
        "the same, async",
        "us wall a text",
        (_OURS, _CORE, _PEER),
        kind="wall",
        amount=4_800,
        rounds=5,
        scenario="slow",
        bounds=(Bound(_OURS, _PEER, ratio=0.13),),
        profile=IN_FLIGHT,
    ),
    Row(
        "rerank",
        "LangChain's HerokuRerank",
        "rerank 1,000 documents for the best 10",
        "us CPU a call",
        (_OURS, _CORE, "langchain_cohere", "bare_httpx"),
        amount=50,
        peer="langchain_cohere",
        bounds=(Bound(_OURS, "langchain_cohere", ratio=0.40),),
    ),
    Row(
        "bulk-memory",
        "iter_embed, 1,000,000 texts",
        "embed 1,000,000 texts by iter_embed, as float32, batch by batch",
        "MiB at most, the process as a whole",
        (_OURS, _CORE),
        kind="peak",
        amount=1_000_000,
        rounds=1,
        peer=None,
        bounds=(Bound(_OURS, most=300), Bound(_CORE, most=300)),
    ),
    Row(
        "abulk-memory",
        "aiter_embed, 1,000,000 texts",
        "the same, async",
        "MiB at most, the process as a whole",
        (_OURS, _CORE),
        kind="peak",
        amount=1_000_000,
        rounds=1,
        peer=None,
        bounds=(Bound(_OURS, most=300), Bound(_CORE, most=300)),
    ),
    Row(
        "limited",
        "iter_embed at a limit",
        "embed 100,000 texts by iter_embed under a limit of 20 requests/s, 50 ms a request",
        "s wall",
        (_OURS, _CORE),
        kind="limited",
        amount=100_000,
        rounds=1,
        scenario="limited",
        peer=IDEAL,
        bounds=(*_limited(_OURS, 1.1), *_limited(_CORE, 1.1)),
        profile=(
            "The client learns the limit from refusals, and then stays 3 % below it. Each refusal "
            "costs a second, as this server asks for one: the first, and about one in half a "
            "minute, when more is tried or a busy machine sends in a bunch what was spaced. A "
            "limit that you know is kept by `EmbedJob(limit=...)` and `SharedRateLimit`."
        ),
    ),
    Row(
        "limited-4",
        "iter_embed at a limit, 4 processes",
        "the same by four processes with a SharedRateLimit",
        "s wall",
        (_CORE,),
        kind="limited",
        amount=100_000,
        rounds=1,
        scenario="limited",
        processes=4,
        peer=IDEAL,
        bounds=_limited(_CORE, 1.2),
        profile="A shared limit of requests a second stays 8 % below it.",
    ),
    Row(
        "job",
        "EmbedJob at a limit",
        f"a job of 100,000 texts {_AT_LIMIT_WITH_FAULTS}",
        "s wall",
        (_CORE,),
        kind="limited",
        amount=100_000,
        rounds=1,
        scenario="limited-faults",
        peer=IDEAL,
        bounds=_limited(_CORE, 1.1),
        profile="Its own limit is 19.5 requests/s, a fortieth below the server's. The last part is "
        "written when the last answer has come, which takes a second.",
    ),
    Row(
        "job-4",
        "EmbedJob at a limit, 4 processes",
        "the same by four jobs with a SharedRateLimit",
        "s wall",
        (_CORE,),
        kind="limited",
        amount=100_000,
        rounds=1,
        scenario="limited-faults",
        processes=4,
        peer=IDEAL,
        bounds=_limited(_CORE, 1.2),
        profile="A shared limit of requests a second stays 8 % below it.",
    ),
    Row(
        "job-ray",
        "HerokuEmbedder at a limit, 2 actors",
        "the same by Ray Data on all cores, from the first request of its two actors",
        "s wall",
        (_RAY,),
        kind="limited",
        amount=100_000,
        rounds=1,
        scenario="limited-faults",
        from_first_request=True,
        peer=IDEAL,
        bounds=_limited(_RAY, 1.3),
        profile="A shared limit of requests a second stays 8 % below it; Ray writes at the end.",
    ),
)

ROWS = (
    *_START,
    *_CALL,
    *_STREAM,
    *_BULK,
    *LLAMA_INDEX_ROWS,
)
"""Every row, in printing order. A new framework adds its rows here."""
