"""Callers that share a rate limit: no text is lost, none is paid for twice, and no time either."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.exceptions import ModelRateLimitError

from heroku_inference import AsyncClient, Client, RateLimitError
from heroku_inference._http.rate_gate import _gates, gate_for
from langchain_heroku import ChatHeroku, HerokuEmbeddings
from llama_index_heroku import HerokuEmbedding
from tests.hostile.conftest import KEY
from tests.hostile.limited_server import TELLS, LimitedServer
from tests.hostile.raw_server import Connection, answer, completion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

A_SECOND = 20
IN_FLIGHT = 64


@pytest.fixture(autouse=True)
def no_gates() -> Iterator[None]:
    _gates.clear()
    yield
    _gates.clear()


def options(url: str, **further: Any) -> dict[str, Any]:
    return {"api_key": KEY, "base_url": url, "model": "m", **further}


def prompt(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def by_threads(url: str, texts: list[str], in_flight: int = IN_FLIGHT) -> list[str]:
    client = Client(**options(url))
    with ThreadPoolExecutor(in_flight) as pool:
        return list(pool.map(lambda text: client.chat(prompt(text)).text, texts))


def by_tasks(url: str, texts: list[str], in_flight: int = IN_FLIGHT) -> list[str]:
    async def main() -> list[str]:
        client = AsyncClient(**options(url))
        slots = asyncio.Semaphore(in_flight)

        async def ask(text: str) -> str:
            async with slots:
                return (await client.chat(prompt(text))).text

        return await asyncio.gather(*map(ask, texts))

    return asyncio.run(main())


def by_streams(url: str, texts: list[str]) -> list[str]:
    client = Client(**options(url))

    def ask(text: str) -> str:
        return "".join(chunk.text for chunk in client.stream_chat(prompt(text)))

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        return list(pool.map(ask, texts))


def by_both(url: str, texts: list[str], *ways: Callable[[str, list[str], int], list[str]]) -> Any:
    half, each = len(texts) // 2, IN_FLIGHT // 2
    with ThreadPoolExecutor(2) as pool:
        parts = pool.map(lambda way, part: way(url, part, each), ways, (texts[:half], texts[half:]))
        return [text for part in parts for text in part]


WAYS: dict[str, Callable[[str, list[str]], list[str]]] = {
    "threads": by_threads,
    "tasks": by_tasks,
    "streams": by_streams,
    "two loops": lambda url, texts: by_both(url, texts, by_tasks, by_tasks),
    "threads and a loop": lambda url, texts: by_both(url, texts, by_threads, by_tasks),
}


@pytest.fixture
def warm(serve) -> None:
    """What the first calls of a process load is not measured."""
    url = serve(LimitedServer(1000)).url
    for way in (by_threads, by_tasks):
        way(url, ["Hello"])


def in_time(requests: int, run: Callable[[], None]) -> None:
    """Check that so many requests take at most 1.15 times as long as the limit allows.

    A busy machine sends what was spaced in a bunch, and is refused for a second: it may try again.
    """
    for attempt in range(3):
        started = time.monotonic()
        run()
        seconds = time.monotonic() - started
        if seconds <= 1.15 * requests / A_SECOND:
            return
        assert attempt < 2, f"{requests} requests took {seconds} seconds"


@pytest.mark.parametrize(
    ("way", "tells"),
    [
        *((way, "retry-after") for way in WAYS),
        *(("threads and a loop", tells) for tells in TELLS if tells != "retry-after"),
    ],
)
def test_many_in_flight_get_every_answer_once(serve, warm, way, tells):
    texts = [f"text {number}" for number in range(100)]

    def run() -> None:
        limited = LimitedServer(A_SECOND, tells)
        assert WAYS[way](serve(limited).url, texts) == texts
        assert limited.taken == dict.fromkeys(texts, 1)
        # What was under way when the limit was met, and hardly more.
        assert limited.refused <= 1.5 * IN_FLIGHT

    in_time(len(texts), run)


EMBEDDINGS: dict[str, Callable[[str, list[str]], list[list[float]]]] = {
    "Client.embed": lambda url, texts: Client(**options(url)).embed(texts).vectors,
    "HerokuEmbeddings": lambda url, texts: HerokuEmbeddings(**options(url)).embed_documents(texts),
    "HerokuEmbedding": lambda url, texts: HerokuEmbedding(
        **options(url), num_workers=8
    ).get_text_embedding_batch(texts),
}


@pytest.mark.parametrize("way", EMBEDDINGS)
def test_thousands_of_texts_all_come_back(serve, warm, way):
    texts = [str(number) for number in range(6432)]

    def run() -> None:
        limited = LimitedServer(A_SECOND)
        vectors = EMBEDDINGS[way](serve(limited).url, texts)
        assert [vector[0] for vector in vectors] == [float(text) for text in texts]
        assert limited.taken == dict.fromkeys(texts, 1)

    in_time(6432 // 96, run)


def test_several_workers_of_texts_share_the_limit(serve, warm):
    texts = [str(number) for number in range(2016)]

    def run() -> None:
        limited = LimitedServer(A_SECOND)
        url = serve(limited).url
        with ThreadPoolExecutor(3) as pool:
            for vectors in pool.map(lambda way: way(url, texts), EMBEDDINGS.values()):
                assert [vector[0] for vector in vectors] == [float(text) for text in texts]
        assert limited.taken == dict.fromkeys(texts, 3)

    in_time(3 * 21, run)


# The limit is learned before it is met


def test_one_caller_stops_before_the_limit(serve):
    limited = LimitedServer(A_SECOND, "x-ratelimit", latency=0)
    client = Client(**options(serve(limited).url))
    started = time.monotonic()
    for number in range(30):
        client.chat(prompt(f"text {number}"))
    assert limited.refused == 0
    assert time.monotonic() - started < 2.5


def test_tokens_are_counted_too(serve):
    left = [900, 600, 300, 0, 900]

    def handle(connection: Connection) -> None:
        while connection.request() is not None:
            times.append(time.monotonic())
            tokens = left[len(times) - 1]
            headers = [
                "x-ratelimit-limit-requests: 100",
                "x-ratelimit-remaining-requests: 90",
                "x-ratelimit-reset-requests: 50s",
                "x-ratelimit-limit-tokens: 1200",
                f"x-ratelimit-remaining-tokens: {tokens}",
                "x-ratelimit-reset-tokens: 700ms",
            ]
            connection.send(answer(completion("Hi"), "200 OK", "application/json", *headers))

    times: list[float] = []
    client = Client(**options(serve(handle).url))
    for _ in left:
        client.chat(prompt("Hello"))
    assert times[3] - times[0] < 0.4
    assert times[4] - times[3] >= 0.65


def test_a_burst_far_from_the_limit_is_not_slowed(serve):
    limited = LimitedServer(1000, "x-ratelimit")
    texts = [f"text {number}" for number in range(200)]
    started = time.monotonic()
    assert by_threads(serve(limited).url, texts) == texts
    assert time.monotonic() - started < 2


# The gate and its callers


class Refusing:
    """Refuses each model of a set with these headers, and answers the others."""

    def __init__(self, *headers: str, models: tuple[str, ...] = ("m",), times: int = 1) -> None:
        self.arrivals: list[float] = []
        self._headers = headers
        self._models = models
        self._left = times
        self._lock = threading.Lock()

    def __call__(self, connection: Connection) -> None:
        while (request := connection.request()) is not None:
            with self._lock:
                self.arrivals.append(time.monotonic())
                named = any(f'"model":"{model}"'.encode() in request for model in self._models)
                refuses = named and self._left > 0
                self._left -= refuses
            if refuses:
                head = ("429 Too Many", "application/json", *self._headers)
                connection.send(answer(b'{"error": {"message": "slow down"}}', *head))
            else:
                connection.send(answer(completion("Hi")))


def test_a_second_client_and_a_framework_wait_at_the_same_gate(serve):
    refusing = Refusing("retry-after: 1")
    url = serve(refusing).url
    first = threading.Thread(target=lambda: Client(**options(url)).chat(prompt("Hello")))
    first.start()
    latest = time.monotonic() + 10
    while not any(gate.closed_until() for gate in _gates.values()):
        assert time.monotonic() < latest
        time.sleep(0.005)
    assert ChatHeroku(**options(url)).invoke("Hello").text == "Hi"
    first.join()
    refused, *later = refusing.arrivals
    assert len(later) == 2
    assert min(later) - refused >= 0.95


@pytest.mark.parametrize("other", [{"model": "n"}, {"api_key": f"{KEY}-2"}], ids=["model", "key"])
def test_a_closed_gate_holds_only_what_shares_the_limit(serve, other):
    refusing = Refusing("retry-after: 30", times=1)
    url = serve(refusing).url
    with pytest.raises(RateLimitError):
        Client(**options(url), max_retries=0).chat(prompt("Hello"))
    started = time.monotonic()
    assert Client(**{**options(url), **other}).chat(prompt("Hello")).text == "Hi"
    assert time.monotonic() - started < 5


def test_a_429_spends_no_retry_and_is_reported(calls, serve):
    refusing = Refusing("retry-after-ms: 1", times=3)
    seen = []
    server = serve(refusing)
    assert calls.chat(server.url, max_retries=1, on_retry=seen.append) == ["Hi"]
    assert [event.attempt for event in seen] == [1] * 3
    assert all(isinstance(event.error, RateLimitError) for event in seen)


def test_a_refusal_without_a_hint_is_waited_for(own_calls, serve):
    refusing = Refusing(times=1)
    assert own_calls.chat(serve(refusing).url, max_retries=1) == ["Hi"]
    refused, answered = refusing.arrivals
    assert 0.25 <= answered - refused <= 3


@pytest.mark.parametrize("headers", [("retry-after: 0",), ()], ids=["now", "nothing"])
def test_the_time_to_wait_has_an_end(calls, serve, headers):
    refusing = Refusing(*headers, times=10_000)
    started = time.monotonic()
    with pytest.raises(RateLimitError, match="slow down"):
        calls.chat(serve(refusing).url, max_retries=2, rate_limit_timeout=1.2)
    assert time.monotonic() - started <= 2
    assert len(refusing.arrivals) < 10


def test_a_wait_that_is_too_long_is_not_begun(calls, serve):
    refusing = Refusing("retry-after: 3")
    server = serve(refusing)
    started = time.monotonic()
    for requests in (1, 1):  # the second hears of it without asking
        with pytest.raises(RateLimitError, match="slow down") as caught:
            calls.chat(server.url, max_retries=2, rate_limit_timeout=2)
        assert caught.value.retry_after == 3
        assert len(refusing.arrivals) == requests
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("off", [{"max_retries": 0}, {"rate_limit_timeout": 0}], ids=str)
def test_who_does_not_wait_asks_at_once(calls, serve, off):
    refusing = Refusing("retry-after: 30", times=2)
    server = serve(refusing)
    arguments = {"max_retries": 2, **off}
    for _ in range(2):
        with pytest.raises(RateLimitError):
            calls.chat(server.url, **arguments)
    assert calls.chat(server.url, **arguments) == ["Hi"]
    assert len(refusing.arrivals) == 3


def test_an_absurd_wait_does_not_close_the_gate_for_ever(serve):
    with pytest.raises(RateLimitError):
        Client(**options(serve(Refusing("retry-after: 99999999")).url)).chat(prompt("Hello"))
    (gate,) = _gates.values()
    assert gate.closed_until() - time.monotonic() <= 120


def test_an_agent_waits_for_an_open_gate_and_is_not_repeated(serve):
    refusing = Refusing("retry-after: 1", times=2)
    client = Client(**options(serve(refusing).url))
    with pytest.raises(RateLimitError):
        client.run_agent(prompt("Hello"))
    assert len(refusing.arrivals) == 1
    with pytest.raises(RateLimitError):
        client.run_agent(prompt("Hello"))
    refused, later = refusing.arrivals
    assert later - refused >= 0.95


def test_callers_that_leave_keep_no_place(serve):
    refusing = Refusing("retry-after: 1")

    async def main() -> None:
        client = AsyncClient(**options(serve(refusing).url))
        crowd = [asyncio.create_task(client.chat(prompt("Hello"))) for _ in range(300)]
        await asyncio.sleep(0.3)
        for task in crowd:
            task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        started = time.monotonic()
        assert (await client.chat(prompt("Hello"))).text == "Hi"
        assert time.monotonic() - started < 2

    asyncio.run(main())


def test_a_framework_gets_its_own_class_from_a_closed_gate(serve):
    url = serve(Refusing("retry-after: 9")).url
    for _ in range(2):
        with pytest.raises(ModelRateLimitError):
            ChatHeroku(**options(url), rate_limit_timeout=1).invoke("Hello")


# The gates of a process


def test_gates_that_hold_nothing_are_let_go():
    closed = gate_for("https://us.inference.heroku.com", b"", "closed")
    closed.refused(RateLimitError("slow down", retry_after=30), closed.start())
    for number in range(2000):
        gate_for("https://us.inference.heroku.com", b"", f"model-{number}")
    assert len(_gates) <= 256
    assert gate_for("https://us.inference.heroku.com", b"", "closed") is closed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_has_gates_of_its_own():
    gate_for("https://us.inference.heroku.com", b"", "m")
    if (child := os.fork()) == 0:
        os._exit(len(_gates))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
