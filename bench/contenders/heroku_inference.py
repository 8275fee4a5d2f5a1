"""Our core without an adapter."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import work

if TYPE_CHECKING:
    from heroku_inference import AsyncClient, Client, SharedRateLimit

_MESSAGES = [{"role": "user", "content": work.PROMPT}]


def _client(url: str) -> Client:
    from heroku_inference import Client

    return Client(model=work.CHAT_MODEL, api_key=work.KEY, base_url=url)


def _async_client(url: str) -> AsyncClient:
    from heroku_inference import AsyncClient

    return AsyncClient(model=work.CHAT_MODEL, api_key=work.KEY, base_url=url)


def construct(url: str) -> Any:
    return work.one_by_one(lambda: _client(url))


def invoke(url: str) -> Any:
    client = _client(url)
    return work.one_by_one(lambda: client.chat(_MESSAGES))


def ainvoke_64(url: str) -> Any:
    client = _async_client(url)
    return work.in_flight(lambda: client.chat(_MESSAGES))


def stream(url: str) -> Any:
    client = _client(url)
    return lambda: client.stream_chat(_MESSAGES)


def astream(url: str) -> Any:
    client = _async_client(url)
    return lambda: client.stream_chat(_MESSAGES)


stream_flushed = stream_paced = stream_reasoning = first_token = stream


def stream_tools(url: str) -> Any:
    client = _client(url)
    return lambda: client.stream_chat(_MESSAGES, tools=[work.TOOL])


def embed(url: str) -> Any:
    client = _client(url)
    return lambda amount: client.embed(work.texts(amount), model=work.EMBEDDING_MODEL)


embed_slow = embed


def aembed_slow(url: str) -> Any:
    client = _async_client(url)

    async def run(amount: int) -> None:
        await client.embed(work.texts(amount), model=work.EMBEDDING_MODEL)

    return run


def bulk_memory(url: str) -> Any:
    return _bulk_work(_client(url))


limited = bulk_memory


def limited_4(url: str) -> Any:
    from heroku_inference import Client

    return _bulk_work(Client(api_key=work.KEY, base_url=url, rate_limiter=_shared_limit(url)))


def job(url: str) -> Any:
    # Half a request a second below the server's: the network brings some closer together.
    return _job_work(url, limit=f"{60 * work.LIMIT - 30}/min")


def job_4(url: str) -> Any:
    return _job_work(url, rate_limiter=_shared_limit(url))


def _shared_limit(url: str) -> SharedRateLimit:
    from heroku_inference import SharedRateLimit

    store = Path(tempfile.gettempdir()) / f"bench-limit-{url.rpartition(':')[2]}.sqlite"
    return SharedRateLimit(str(store), requests=f"{work.LIMIT}/s")


def _job_work(url: str, **pace: Any) -> Any:
    from heroku_inference import EmbedJob

    folder = tempfile.TemporaryDirectory(prefix="bench-job-")
    embed_job = EmbedJob(
        folder.name, model=work.EMBEDDING_MODEL, api_key=work.KEY, base_url=url, **pace
    )

    def run(amount: int) -> None:
        report = embed_job.run(work.corpus(amount))
        refused = work.refused_in(amount)
        assert (report.embedded, report.refused) == (amount - refused, refused), report
        folder.cleanup()

    return run


def _bulk_work(client: Client) -> Any:
    def run(amount: int) -> None:
        batches = client.iter_embed(work.own_texts(amount), model=work.EMBEDDING_MODEL)
        embedded = sum(len(batch.float32()) for batch in batches)
        assert embedded == amount, embedded

    return run


def abulk_memory(url: str) -> Any:
    client = _async_client(url)

    async def run(amount: int) -> None:
        texts, embedded = work.own_texts(amount), 0
        async for batch in client.iter_embed(texts, model=work.EMBEDDING_MODEL):
            embedded += len(batch.float32())
        assert embedded == amount, embedded

    return run


def rerank(url: str) -> Any:
    client = _client(url)
    return work.one_by_one(
        lambda: client.rerank(work.PROMPT, work.DOCUMENTS, model=work.RERANK_MODEL, top_n=10)
    )


def failing(url: str) -> Any:
    from heroku_inference import ServerError

    client = _client(url)

    def run(_amount: int) -> None:
        with suppress(ServerError):
            client.chat(_MESSAGES)

    return run


def connections(url: str) -> Any:
    client = _client(url)

    def run(_amount: int) -> None:
        for _ in range(10):
            list(client.stream_chat(_MESSAGES))

    return run
