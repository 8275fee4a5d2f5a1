"""What all adapter classes share: the constructor, the connection's arguments, and the clients.

Fields hold what the caller passed. Values from config vars are looked up when needed. Like the
clients, they stay out of copies, pickles and dumps.

Annotations of fields are values in the modules of these classes, without `from __future__ import
annotations`: pydantic would evaluate texts again for every class below.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from heroku_inference._adapters.in_use import InUse, named
from heroku_inference._config.arguments import (
    check_extra_body,
    check_headers,
    check_max_response_bytes,
    check_max_retries,
    check_rate_limit_timeout,
    check_rate_limiter,
    check_timeout,
    shared_limit,
)
from heroku_inference._config.settings import Kind, Settings
from heroku_inference._config.settings import hidden as hide_secret
from heroku_inference._errors import ConfigError, HerokuError
from heroku_inference._own_clients import check_http_client
from heroku_inference._warnings import warn_caller

if TYPE_CHECKING:
    from heroku_inference._async_client import AsyncClient
    from heroku_inference._client import Client
    from heroku_inference._config.shared_limit import SharedRateLimit

__all__ = [
    "Connection",
    "Kind",
    "Settings",
    "check_extra_body",
    "check_timeout",
    "config_error",
    "hide_key",
    "hide_secret",
]

_T = TypeVar("_T")
_CLIENTS: Final = ("http_client", "async_http_client")


class _Derived(dict[str, tuple[tuple[Any, ...], Any]]):
    """Objects built from a connection's fields, each with the values it was built from.

    Copies and pickles of this dict are empty.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return (_Derived, ())


class Connection(BaseModel):
    """The arguments that chat models, embeddings and rerankers take, and their clients.

    Constructing an object opens nothing. Network connections belong to the process, so an object
    can be used from several threads and event loops, and changed, copied and pickled at any time.

    Subclasses do not override the constructor. They override `_fields_from`, which turns arguments
    into fields, and `_check_values`, which refuses values that cannot work. An adapter overrides
    `_framework_error` to make each error one of its framework's too.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        # Building a validator takes as long as everything else about a class, and base classes
        # never need one.
        defer_build=True,
        hide_input_in_errors=True,  # an argument in the wrong place may be a key
        protected_namespaces=(),
    )

    _KIND: ClassVar[Kind] = "chat"
    _SPELLINGS: ClassVar[Mapping[str, str]] = {}
    """Alternative names of fields, from frameworks and older packages."""
    _KEYS: ClassVar[tuple[str, ...]] = ("api_key",)
    """The arguments that hold a key."""
    _CHECKS: ClassVar[Mapping[str, Callable[[Any], object]]] = {
        "timeout": check_timeout,
        "max_retries": check_max_retries,
        "rate_limit_timeout": check_rate_limit_timeout,
        "max_response_bytes": check_max_response_bytes,
        "default_headers": check_headers,
        "http_client": partial(check_http_client, "http_client"),
        "async_http_client": partial(check_http_client, "async_http_client"),
    }
    """The core's checks, made before pydantic would read "5" and True as numbers."""
    _POSITIONS: ClassVar[tuple[str, ...]] = ()
    """The arguments that may be passed without their names, in this order."""
    _SHARED: ClassVar[tuple[str, ...]] = ("http_client", "async_http_client", "rate_limiter")
    """Fields whose values are shared with deep copies: the user's own objects."""
    _ASKS_LIMITERS: ClassVar[bool] = False
    """Whether the framework itself asks a rate limiter of its own kind, under the same name."""

    model: str | None = None
    """Model id, for example `claude-4-5-sonnet`.

    Defaults to the config var `<ALIAS>_MODEL_ID`, which per-model plans set (docs: config vars).
    """

    api_key: SecretStr | str | None = Field(default=None, exclude=True, repr=False)
    """The add-on's key. Defaults to the config var `<ALIAS>_KEY`, and reads as that one's value.

    Never shown. A pickle contains it only if it was passed here: a key from a config var is looked
    up again where the pickle is loaded.
    """

    base_url: str | None = None
    """Where the API is; also accepted as `inference_url`. Defaults to `<ALIAS>_URL`.

    `https://`, a trailing `/` and `/v1` are optional. `http://` is for private hosts, as `Settings`
    says.
    """

    alias: str | None = None
    """The add-on attachment whose config vars to read, such as `INFERENCE_TEAL`."""

    timeout: float | None = Field(default=None, gt=0)
    """Seconds that an answer may take, or that a stream may be silent between two pieces; `None`
    stands for the defaults of the client, which are finite."""

    max_retries: int = Field(default=2, ge=0)
    """How often to repeat a request after a failure that may be temporary. A 429 is not counted;
    with 0, calls do not wait for the rate limit either."""

    rate_limit_timeout: float | None = Field(default=None, ge=0)
    """Seconds that a call waits for the rate limit, 300 by default. A 429 makes all calls of the
    process that share the limit wait, and is not counted as a retry. 0 raises the error at once."""

    max_response_bytes: int | None = Field(default=None, ge=1)
    """How large a whole answer, or one event of a stream, may be after it was decompressed; by
    default 64 MiB and 16 MiB. What is larger is an `InvalidResponseError`."""
    rate_limiter: Any = Field(default=None, exclude=True, repr=False)
    """A `heroku_inference.SharedRateLimit`, which several processes keep together: each request
    that goes out waits for its turn. Left out of dumps."""

    allow_plaintext: bool = False
    """Whether to accept `http://` for public hosts too, where everybody on the way can read the
    key."""

    http_client: Any = Field(default=None, exclude=True, repr=False)
    """Your own `httpx2.Client` or `httpx.Client` for synchronous calls. Used as it is and never
    closed."""

    async_http_client: Any = Field(default=None, exclude=True, repr=False)
    """Your own `httpx2.AsyncClient` or `httpx.AsyncClient` for asynchronous calls. Used as it is
    and never closed."""

    default_headers: dict[str, str] | None = Field(default=None, exclude=True, repr=False)
    """Headers sent with every request, merged over ours. Left out of dumps: may be secret."""

    def __init__(self, *values: Any, **data: Any) -> None:
        hide_key(data, self._KEYS)  # before anything that may raise
        mistake: ValidationError | HerokuError
        try:
            if values:
                data = named(type(self).__name__, self._POSITIONS, values, data)
                hide_key(data, self._KEYS)
            super().__init__(**self._checked(self._fields_from(data)))
            if not self.model:
                self.model = self.settings.require_model()
            self._check_values()
        except (ValidationError, HerokuError) as error:
            mistake = error
        else:
            return
        # Raised outside the `except` block, so that the traceback ends at the caller's line and
        # shows neither pydantic's error nor the arguments: a misspelt name may hold a key.
        refused = config_error(type(self), mistake, data)
        data.clear()
        values = ()
        raise self._framework_error(refused)

    @classmethod
    def _fields_from(cls, data: dict[str, Any]) -> dict[str, Any]:
        """The arguments by the names of their fields: alternative spellings are replaced."""
        if data.keys().isdisjoint(cls._SPELLINGS):
            return data
        for other, name in cls._SPELLINGS.items():
            if other not in data:
                continue
            if data[other] is not None and data.get(name) is not None:
                raise ConfigError(
                    f"{name} and {other} are two names of one argument.", "Pass one of them."
                )
            data = {**data, name: data[other] if data.get(name) is None else data[name]}
            del data[other]
        return data

    @classmethod
    def _checked(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """The same fields, once the core's own checks have passed."""
        for name, value in fields.items():
            if check := cls._CHECKS.get(name):
                check(value)
        limiter = fields.get("rate_limiter")
        if not (cls._ASKS_LIMITERS and hasattr(limiter, "acquire")):
            check_rate_limiter(limiter)
        return fields

    def _check_values(self) -> None:
        """Refuse values that cannot work, before the first call does.

        Raises:
            ConfigError: A key or its URL is missing, or a value cannot work.
        """
        self.settings  # noqa: B018 - looks for the key

    @staticmethod
    def _framework_error(error: HerokuError) -> HerokuError:
        """The error as an instance of the framework's own class too, if it has one."""
        return error

    @property
    def settings(self) -> Settings:
        """The key, URL and model in use: the arguments, completed from config vars.

        Raises:
            ConfigError: No key was found, or key and URL would come from different sources.
        """
        passed = self.__dict__
        key, url = passed["api_key"], passed["base_url"]
        values = (key, url, self.model, self.alias, self.allow_plaintext)
        return self._derive("settings", values, self._make_settings)

    @property
    def _client(self) -> "Client":
        return self._derive("client", self._client_options(self.http_client), self._make_client)

    @property
    def _async_client(self) -> "AsyncClient":
        options = self._client_options(self.async_http_client)
        return self._derive("async_client", options, self._make_async_client)

    def _client_options(self, http_client: Any) -> tuple[Any, ...]:
        return (
            self.settings,
            self.timeout,
            self.max_retries,
            self.rate_limit_timeout,
            self.max_response_bytes,
            None if self.rate_limiter is None else self._shared_limit,
            self.default_headers,
            http_client,
        )

    @property
    def _shared_limit(self) -> "SharedRateLimit | None":
        """The limit to be kept where requests go out; others are asked by their framework."""
        return shared_limit(self.rate_limiter)

    def _derive(self, name: str, values: tuple[Any, ...], make: Callable[[], _T]) -> _T:
        """The object that `make` builds from these values; built anew only when they change."""
        # In `__dict__` beside the fields, as functools.cached_property does: pydantic does not
        # compare, show or dump it there. Pydantic's private attributes are 30 times slower.
        derived = self.__dict__.setdefault("_derived", _Derived())
        found = derived.get(name)
        if found is None or found[0] != values:
            # Two threads may both get here: they build equal objects, and building costs little.
            found = derived[name] = (values, make())
        value: _T = found[1]
        return value

    def _make_settings(self) -> Settings:
        return Settings(
            api_key=self.__dict__["api_key"],
            base_url=self.__dict__["base_url"],
            model=self.model,
            alias=self.alias,
            kind=self._KIND,
            allow_plaintext=self.allow_plaintext,
        )

    def _make_client(self) -> "Client":
        # Imported late: loading the clients takes as long as the rest of an adapter.
        from heroku_inference._client import Client  # noqa: PLC0415

        return Client(
            settings=self.settings,
            timeout=self.timeout,
            max_retries=self.max_retries,
            rate_limit_timeout=self.rate_limit_timeout,
            max_response_bytes=self.max_response_bytes,
            rate_limiter=self._shared_limit,
            default_headers=self.default_headers,
            http_client=self.http_client,
        )

    def _make_async_client(self) -> "AsyncClient":
        from heroku_inference._async_client import AsyncClient  # noqa: PLC0415

        return AsyncClient(
            settings=self.settings,
            timeout=self.timeout,
            max_retries=self.max_retries,
            rate_limit_timeout=self.rate_limit_timeout,
            max_response_bytes=self.max_response_bytes,
            rate_limiter=self._shared_limit,
            default_headers=self.default_headers,
            async_http_client=self.async_http_client,
        )

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        clients = [name for name in _CLIENTS if state["__dict__"].get(name) is not None]
        if clients:
            warn_caller(
                f"{' and '.join(clients)} left out of the pickle of a {type(self).__name__}: "
                "connections cannot be pickled. Set it again where the pickle is loaded."
            )
            state["__dict__"] = {**state["__dict__"], **dict.fromkeys(clients)}
        return state

    def __copy__(self) -> Any:
        copied = super().__copy__()
        copied.__dict__.pop("_derived", None)
        return copied

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Any:
        memo = {} if memo is None else memo
        for name in self._SHARED:
            shared = getattr(self, name, None)
            memo[id(shared)] = shared
        return super().__deepcopy__(memo)


# Set when the class is complete: pydantic has taken the fields from its body by then.
Connection.api_key = InUse("api_key", lambda settings: settings.api_key)  # type: ignore[assignment]
Connection.base_url = InUse("base_url", lambda settings: settings.base_url)  # type: ignore[assignment]


def config_error(
    owner: type[BaseModel], mistake: ValidationError | HerokuError, arguments: Mapping[str, Any]
) -> HerokuError:
    """The error to raise for a mistake in the arguments of a class."""
    from heroku_inference._adapters.argument_errors import argument_error  # noqa: PLC0415 - after a mistake only

    if isinstance(mistake, ValidationError):
        return argument_error(owner, mistake, arguments)
    return mistake.with_traceback(None)


def hide_key(arguments: dict[str, Any], names: tuple[str, ...] = ("api_key",)) -> None:
    """Replace the keys in `arguments`, in place, by objects whose `repr` does not show them.

    Constructors do this first: a later error may be printed with the local variables.
    """
    for name in names:
        if name in arguments:
            arguments[name] = hide_secret(arguments[name])
