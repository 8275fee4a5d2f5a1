"""A limit on requests that several processes keep together: where it is kept, and how many."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from heroku_inference._config.environment import config_var
from heroku_inference._errors import ConfigError
from heroku_inference._public_names import publish

__all__ = ["SharedRateLimit", "parts_of", "without_login"]

_UNITS: Final = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600}
_DRIVERS: Final = {  # by the scheme of a store's URL: a package, and the extra that brings it
    "redis": ("redis", "shared-limit-redis"),
    "rediss": ("redis", "shared-limit-redis"),
    "postgres": ("psycopg", "shared-limit-postgres"),
    "postgresql": ("psycopg", "shared-limit-postgres"),
    "ray-actor": ("ray", "ray"),
}


class SharedRateLimit:
    """A limit on requests that several processes keep together.

    Pass it as `rate_limiter=` to a `Client`, an `AsyncClient` or a class of the frameworks'
    packages in every process, with the same store. Each request that goes out then waits for its
    turn first: batches, retries and the halves of a batch too. Requests are spread evenly over the
    time, with short bursts of a fortieth of the limit. They are counted for each add-on (URL and
    key) and model by itself, as Heroku counts them (docs: rate limits).

    ```python
    limit = SharedRateLimit("redis://localhost:6379", requests="400/min")
    Client(rate_limiter=limit).embed(texts)
    ```

    A wait counts against `rate_limit_timeout`, then `RateLimitError` is raised. A 429 that one
    process receives makes all of them wait until the server's time has come. If the store is away,
    the process warns and goes on at its own pace, and asks the store again ten seconds later.

    It is a value: it holds no connection, can be compared, copied, pickled and used in any process,
    thread or event loop. Nothing is opened before the first request.

    Args:
        store: The path of a file (SQLite) for processes of one machine, or the URL of a Redis
            (`redis://`, `rediss://`) or of a PostgreSQL (`postgres://`, `postgresql://`) for any,
            or `ray-actor://name` for the workers of a Ray cluster: an actor of that name, which the
            first of them starts, and which ends after ten minutes without a request.
            Default: the config var `REDIS_URL`, else `DATABASE_URL`; then no pickle holds it, and
            it is looked up where the pickle is loaded. The file and a PostgreSQL's table
            `heroku_rate_limits` are made if they are missing.
        requests: How many requests in which time, such as `400/min` or `8/s`: the add-on's limit,
            or less to leave room for others. Units: `s`, `min`, `h`.

    Raises:
        ConfigError: An argument is wrong, or a package is missing: the extra is `shared-limit`, and
            `shared-limit-redis`, `shared-limit-postgres` or `ray` for those stores.
    """

    __slots__ = ("_counts", "_store", "requests")

    def __init__(self, store: str | os.PathLike[str] | None = None, *, requests: str) -> None:
        self._store = None if store is None else _checked(store)
        self._counts = _counted(requests)
        self.requests = requests
        """The limit, as it was given."""
        _check_packages(parts_of(self)[0])

    @property
    def store(self) -> str:
        """The store, without user and password."""
        return without_login(parts_of(self)[0])

    def acquire(self, num_tokens: int = 0, *, blocking: bool = True) -> bool:  # noqa: ARG002
        """Yes, at once: a framework asks here, but the turn is taken when a request goes out.

        So only the classes of this library keep the limit.
        """
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:  # noqa: ARG002
        """`acquire`, for LangChain."""
        return True

    async def async_acquire(self, num_tokens: int = 0) -> None:
        """`acquire`, for LlamaIndex."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SharedRateLimit):
            return NotImplemented
        return (self._store, self.requests) == (other._store, other.requests)

    def __hash__(self) -> int:
        return hash((self._store, self.requests))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._store, self.requests)

    def __repr__(self) -> str:
        shown = "" if self._store is None else f"{without_login(self._store)!r}, "
        return f"SharedRateLimit({shown}requests={self.requests!r})"


def parts_of(limit: SharedRateLimit) -> tuple[str, int, int]:
    """The URL of the store with its password, or its path; and how many requests in which seconds.

    Raises:
        ConfigError: The store is in no config var.
    """
    return (limit._store or _store_of_app(), *limit._counts)  # noqa: SLF001 - of this file


def _store_of_app() -> str:
    if url := config_var("REDIS_URL"):
        # Heroku's certificates are signed by itself, and it says not to check them
        # (docs: connecting to Heroku Key-Value Store).
        unchecked = url.startswith("rediss:") and "?" not in url
        return _checked(url) + ("?ssl_cert_reqs=none" if unchecked else "")
    if url := config_var("DATABASE_URL"):
        return _checked(url)
    raise ConfigError(
        "No store for the shared limit: neither REDIS_URL nor DATABASE_URL is set.",
        "Pass a path, or the URL of a Redis or PostgreSQL.",
    )


def _restored(store: str | None, requests: str) -> SharedRateLimit:
    return SharedRateLimit(store, requests=requests)


def _checked(store: str | os.PathLike[str]) -> str:
    """The store as a text; an error never shows one, as it may hold a password."""
    remedy = "Pass a path, or a URL such as redis://host:6379 or postgresql://host/name."
    if isinstance(store, str | os.PathLike):
        text = os.fspath(store)
    else:
        problem = f"store must be a path or a URL, got a value of type {type(store).__name__}."
        raise ConfigError(problem, remedy)
    if not text.strip():
        raise ConfigError("store is not a path or a URL.", remedy)
    scheme, mark, _ = text.partition("://")
    if not mark:
        path = Path(text).absolute()
        if not path.parent.is_dir():
            raise ConfigError(
                f"The folder of the store {text!r} does not exist.", "Make the folder first."
            )
        return str(path)
    if scheme not in _DRIVERS:
        raise ConfigError("store is the URL of something that cannot keep a limit.", remedy)
    try:
        urlsplit(text).port  # noqa: B018 - raises where it is impossible
    except ValueError:
        raise ConfigError("store is not a valid URL.", remedy) from None
    return text


def _counted(requests: object) -> tuple[int, int]:
    """How many requests in how many seconds."""
    found = isinstance(requests, str) and re.fullmatch(
        r"\s*(\d{1,9})\s*(?:/|per)\s*([a-z]+)\s*", requests.lower()
    )
    seconds = _UNITS.get(found[2]) if found else None
    if not found or not seconds or not int(found[1]):
        raise ConfigError(
            "requests does not say how many requests in which time.",
            "Pass a text such as '400/min' or '8/s'.",
        )
    return int(found[1]), seconds


def _check_packages(url: str) -> None:
    driver, extra = _DRIVERS.get(url.partition("://")[0], ("sqlite3", "shared-limit"))
    missing = [name for name in ("pyrate_limiter", driver) if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"A shared limit needs the package {missing[0]}, which is not installed.",
            f'Install it: pip install "heroku-inference[{extra}]".',
        )


def without_login(url: str) -> str:
    """The URL of a store without user, password and query; a path as it is."""
    if "://" not in url:
        return url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{re.split('[?#]', rest.rpartition('@')[2])[0]}"


publish(__name__)
