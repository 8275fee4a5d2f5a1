"""Where several processes keep one pace: a file, Redis, PostgreSQL or an actor of Ray.

The arithmetic is `pyrate-limiter`'s, chosen after reading it and `limits`. `limits` 5.8 has no
store for SQLite or PostgreSQL (its issues 227 and 52 and pull request 354), and its strategies
answer yes or no: a caller would have to ask again and again, and its windows let a minute's
requests go at once. `pyrate-limiter` from 4.5 on has GCRA, whose whole state is one number, the
moment from which the next start is due. So a process can take a moment that is still to come, and
sleeps until then; one that closes the limit for all takes many at once.

Its own buckets for SQLite and PostgreSQL keep one row for each request instead, lock the file with
a second library, and refuse when a table is locked. So the states in those two are kept here, as
`StateStore`s of that library.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from pyrate_limiter import (
    GCRA,
    AbstractClock,
    Decision,
    Rate,
    RateItem,
    RedisStateStore,
    StateAlgorithm,
    StateBucket,
    StateStore,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from pyrate_limiter.abstracts.algorithm import State

__all__ = ["Moments", "StoreAwayError", "start"]

_PATIENCE: Final = 3  # seconds for an answer of the store
_IDLE: Final = 600.0  # seconds without a question after which an actor ends
_STARTING: Final = 60  # seconds for an actor to start, which is a process of its own
_AGAIN: Final = 10.0  # seconds until a store that was away is asked again
_KEPT: Final = 600_000  # milliseconds for which Redis keeps a pace that nobody uses
_ABSURD: Final = 900.0  # seconds to wait, and no fewer than for so many requests: clocks were set
_ABSURD_STARTS: Final = 200
_CLOCK_AGAIN: Final = 60.0  # seconds until the clock of a store is looked at again
_LOCK: Final = 5_017_283_311  # of PostgreSQL, for those who make the table; any number does


class StoreAwayError(Exception):
    """The store cannot be asked now. Holds what it said, which may quote its password."""


class Moments:
    """The moments to start at that one store gives to all that ask it. Safe to use from threads.

    Args:
        store: A path, or the URL of a Redis or of a PostgreSQL.
    """

    def __init__(self, store: str) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._opened: _Store | None = None
        self._buckets: dict[tuple[str, int, int, int], StateBucket] = {}
        self.away_until = 0.0  # when a store that was away is asked again; 0 for one that is not

    def take(self, key: str, rate: Rate) -> float:
        """Take the next start; the seconds until then.

        Raises:
            StoreAwayError: The store cannot be asked.
        """
        return self._asked(lambda: self._take(self._bucket(key, rate)))

    def close(self, key: str, rate: Rate, seconds: float) -> None:
        """Let nobody start for so long.

        Raises:
            StoreAwayError: The store cannot be asked.
        """

        def take_all() -> float:
            bucket = self._bucket(key, rate)
            end = self._now() + int(seconds * 1000)
            # Refused where the limit is closed for longer already.
            bucket.put(RateItem(key, end, weight=rate.burst))
            return 0.0

        self._asked(take_all)

    def _take(self, bucket: StateBucket) -> float:
        rate = bucket.rates[0]
        longest = max(_ABSURD, _ABSURD_STARTS * rate.interval / rate.limit / 1000) * 1000
        now = moment = self._now()
        while (wait := self._wait(bucket, moment)) is not None:
            moment += max(wait, 1)
            if moment - now > longest:
                bucket.flush()
                moment = now
        return (moment - now) / 1000

    def _now(self) -> int:
        assert self._opened is not None  # noqa: S101 - opened with the first bucket
        return self._opened.clock.now()

    @staticmethod
    def _wait(bucket: StateBucket, moment: int) -> int | None:
        """Take that moment; milliseconds until the first that is free, where it is not."""
        decision = bucket.put_decision(RateItem("", moment))
        assert isinstance(decision, Decision)  # noqa: S101 - no store here is asked by awaiting
        return None if decision.allowed else decision.retry_after_ms or 0

    def _asked(self, ask: Callable[[], float]) -> float:
        with self._lock:
            try:
                seconds = self._once_more(ask)
            except _failures(self._store) as error:
                self._forget()
                self.away_until = time.monotonic() + _AGAIN
                raise StoreAwayError(f"{type(error).__name__}: {error}") from None
            self.away_until = 0.0
            return seconds

    def _once_more(self, ask: Callable[[], float]) -> float:
        """What is asked, over a new connection where an old one had been closed meanwhile."""
        if self._opened is not None:
            asked = time.monotonic()
            try:
                return ask()
            except _failures(self._store):
                self._forget()
                if time.monotonic() - asked > _PATIENCE / 2:  # it was asked, and does not answer
                    raise
        return ask()

    def _bucket(self, key: str, rate: Rate) -> StateBucket:
        if self._opened is None:
            self._opened = _opened(self._store, was_away=bool(self.away_until))
        name = (key, rate.limit, rate.interval, rate.burst)
        if name not in self._buckets:
            self._buckets[name] = self._opened.bucket(key, rate)
        return self._buckets[name]

    def _forget(self) -> None:
        self._buckets.clear()
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


class _Clock(AbstractClock):
    """The clock of a store, so that those of the machines need not agree."""

    def __init__(self, ask: Callable[[], float]) -> None:
        self._ask = ask
        self._ahead = 0.0
        self._asked = -_CLOCK_AGAIN

    def now(self) -> int:
        now = time.monotonic()
        if now - self._asked >= _CLOCK_AGAIN:
            self._ahead = self._ask() - now
            self._asked = now
        return int((now + self._ahead) * 1000)


class _Store:
    """An open store."""

    def __init__(self, connection: Any, clock: Callable[[], float]) -> None:
        self._connection = connection
        self.clock = _Clock(clock)

    def bucket(self, key: str, rate: Rate) -> StateBucket:
        """The pace of one add-on and model."""
        return StateBucket([rate], GCRA(), self.states(key), self.clock)

    def states(self, key: str) -> StateStore:
        """Where the state of that pace is."""
        raise NotImplementedError

    def close(self) -> None:
        self._connection.close()


def start(store: str) -> None:
    """Open a store before it is needed, as that starts a process; later calls say what fails."""
    with suppress(*_failures(store)):
        _opened(store).close()


def _opened(store: str, *, was_away: bool = False) -> _Store:
    if "://" not in store:
        return _File(store)
    if store.startswith("redis"):
        return _Redis(store)
    if store.startswith("ray-actor:"):
        return _Ray(store, _PATIENCE if was_away else _STARTING)
    return _Postgres(store)


def _failures(store: str) -> tuple[type[Exception], ...]:
    """What is raised where a store is away."""
    if "://" not in store:
        return (OSError, sqlite3.Error)
    if store.startswith("redis"):
        import redis  # noqa: PLC0415 - of an extra

        return (OSError, redis.RedisError)
    if store.startswith("ray-actor:"):
        return (OSError, import_module("ray").exceptions.RayError)
    import psycopg  # noqa: PLC0415 - of an extra

    return (OSError, psycopg.Error)


class _File(_Store):
    def __init__(self, path: str) -> None:
        connection = sqlite3.connect(
            path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        # What a lost machine may lose is a second of pace.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS heroku_rate_limits (key TEXT PRIMARY KEY, state)"
        )
        super().__init__(connection, time.time)

    def states(self, key: str) -> StateStore:
        return _FileStates(self._connection, key)


class _Redis(_Store):
    def __init__(self, url: str) -> None:
        import redis  # noqa: PLC0415 - of an extra
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        connection = redis.Redis.from_url(
            url,
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )

        def now() -> float:
            seconds, microseconds = connection.time()
            return float(seconds) + float(microseconds) / 1e6

        super().__init__(connection, now)

    def states(self, key: str) -> StateStore:
        return RedisStateStore(self._connection, f"heroku-inference:rate-limit:{key}", _KEPT)


class _Postgres(_Store):
    def __init__(self, url: str) -> None:
        import psycopg  # noqa: PLC0415 - of an extra

        connection = psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=_PATIENCE,
            prepare_threshold=None,  # a pooler between us and the server knows of none
        )
        with _deadline(connection):
            (exists,) = _row(connection, "SELECT to_regclass('heroku_rate_limits') IS NOT NULL")
            if not exists:
                with connection.transaction():
                    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                    connection.execute(
                        "CREATE TABLE IF NOT EXISTS heroku_rate_limits "
                        "(key text PRIMARY KEY, state bigint)"
                    )

        def now() -> float:
            with _deadline(connection):
                (seconds,) = _row(
                    connection, "SELECT extract(epoch FROM clock_timestamp())::float8"
                )
            return float(seconds)

        super().__init__(connection, now)

    def states(self, key: str) -> StateStore:
        return _PostgresStates(self._connection, key)


class _Ray(_Store):
    """The actor of that name in the cluster; where there is none (any more), a new one.

    It is detached: it would end with the worker that happened to start it, and Ray Data ends
    workers that have nothing left to do while others still work.

    Args:
        url: It names the actor.
        patience: Seconds to wait for it. One that was there and did not answer is waited for no
            longer than for any answer; if it is new, it is there when the store is asked again.
    """

    def __init__(self, url: str, patience: float) -> None:
        ray = import_module("ray")  # of an extra that not even the tests have
        if not ray.is_initialized():  # a call would start a Ray of its own
            raise OSError("this process does not belong to a Ray job")
        actor = (
            ray.remote(_StatesInActor)
            .options(
                name=url.removeprefix("ray-actor://") or "heroku-rate-limits",
                namespace="heroku-inference",
                get_if_exists=True,
                lifetime="detached",
                num_cpus=0,
            )
            .remote()
        )
        ray.get(actor.now.remote(), timeout=patience)
        super().__init__(actor, lambda: float(ray.get(actor.now.remote(), timeout=_PATIENCE)))

    def states(self, key: str) -> StateStore:
        return _RayStates(self._connection, key)

    def close(self) -> None:
        """The actor is that of the others too."""


class _StatesInActor:
    """What the actor does: it holds the states, has the clock, and ends when nobody asks."""

    def __init__(self) -> None:
        self._states: dict[str, State] = {}
        self._asked = time.monotonic()
        threading.Thread(target=self._end_when_idle, daemon=True).start()

    def _end_when_idle(self) -> None:
        while (idle := time.monotonic() - self._asked) < _IDLE:
            time.sleep(_IDLE - idle)
        os._exit(0)  # to Ray, a thread cannot say that an actor has ended

    def now(self) -> float:
        return time.time()

    def check(self, key: str, rates: list[Rate], now: int, weight: int) -> Decision:
        self._asked = time.monotonic()
        before = self._states.get(key) or GCRA().initial(rates)
        self._states[key], decision = GCRA().step(rates, before, now, weight)
        return decision

    def reset(self, key: str) -> None:
        self._states.pop(key, None)


@contextmanager
def _deadline(connection: psycopg.Connection) -> Iterator[None]:
    """End the connection of a server that does not answer.

    libpq has no option for that. A pooler whose connections are all taken takes questions too.
    """

    def end() -> None:
        with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as ended:
            ended.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(_PATIENCE, end)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _row(connection: psycopg.Connection, statement: str, *values: Any) -> tuple[Any, ...]:
    row = connection.execute(statement, values).fetchone()
    assert row is not None  # noqa: S101 - for mypy
    return row


class _States(StateStore):
    """One row of a table for each state."""

    is_async = False

    def __init__(self, connection: Any, key: str) -> None:
        self._connection = connection
        self._key = key

    def read(self, algorithm: StateAlgorithm, rates: list[Rate]) -> State:
        raise NotImplementedError  # only reports would need it


class _FileStates(_States):
    def check(
        self, algorithm: StateAlgorithm, rates: list[Rate], now: int, weight: int
    ) -> Decision:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            found = execute(
                "SELECT state FROM heroku_rate_limits WHERE key = ?", (self._key,)
            ).fetchone()
            state, decision = algorithm.step(rates, found or algorithm.initial(rates), now, weight)
            if decision.allowed:
                execute("REPLACE INTO heroku_rate_limits VALUES (?, ?)", (self._key, *state))
        except BaseException:
            execute("ROLLBACK")
            raise
        execute("COMMIT")
        return decision

    def reset(self) -> None:
        self._connection.execute("DELETE FROM heroku_rate_limits WHERE key = ?", (self._key,))


class _PostgresStates(_States):
    def check(
        self, algorithm: StateAlgorithm, rates: list[Rate], now: int, weight: int
    ) -> Decision:
        connection = self._connection
        with _deadline(connection), connection.transaction():
            # Another process may have stopped with the row in its hands.
            connection.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}s'")
            found = _row(  # locks the row, also where it is there already
                connection,
                "INSERT INTO heroku_rate_limits VALUES (%s, 0) "
                "ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING state",
                self._key,
            )
            state, decision = algorithm.step(rates, found, now, weight)
            if decision.allowed:
                connection.execute(
                    "UPDATE heroku_rate_limits SET state = %s WHERE key = %s",
                    (*state, self._key),
                )
        return decision

    def reset(self) -> None:
        self._connection.execute("DELETE FROM heroku_rate_limits WHERE key = %s", (self._key,))


class _RayStates(_States):
    """A state that an actor holds."""

    def check(
        self,
        algorithm: StateAlgorithm,  # noqa: ARG002 - the actor has it
        rates: list[Rate],
        now: int,
        weight: int,
    ) -> Decision:
        decision: Decision = self._asked("check", rates, now, weight)
        return decision

    def reset(self) -> None:
        self._asked("reset")

    def _asked(self, method: str, *arguments: Any) -> Any:
        answer = getattr(self._connection, method).remote(self._key, *arguments)
        return import_module("ray").get(answer, timeout=_PATIENCE)
