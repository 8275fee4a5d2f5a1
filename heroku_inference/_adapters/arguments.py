"""What every class of an adapter shares: whom to call, and the clients that call.

Fields hold what the caller gave. What config vars add is looked up when it is needed, and kept,
with the clients, outside of copies, pickles and dumps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from heroku_inference._config.settings import Kind, Settings
from heroku_inference._config.settings import hidden as hide_secret
from heroku_inference._errors import ConfigError
from heroku_inference._warnings import warn_caller

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from heroku_inference._async_client import AsyncClient
    from heroku_inference._client import Client

__all__ = ["Connection", "Kind", "Settings", "hide_key", "hide_secret", "warn_caller"]

_T = TypeVar("_T")


class _Made(dict[str, tuple[tuple[Any, ...], Any]]):
    """What was made from an object's fields, beside the values it was made from.

    Copies and pickles of it are empty.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return (_Made, ())


class Connection(BaseModel):
    """The arguments that chat models, embeddings and rerankers take, and the clients made of them.

    A model object opens nothing when it is made. It may be used from several threads and event
    loops, changed, copied and pickled at any time: connections belong to the process, not to it.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        # Building a validator takes as long as all else of a class; only those with objects of
        # their own need one.
        defer_build=True,
        hide_input_in_errors=True,  # an argument in the wrong place may be a key
        protected_namespaces=(),
    )

    _KIND: ClassVar[Kind] = "chat"
    _SPELLINGS: ClassVar[Mapping[str, str]] = {}
    """Other names of fields, as frameworks and older packages have them."""
    _SHARED: ClassVar[tuple[str, ...]] = ("http_client", "async_http_client")
    """Fields whose values deep copies share: the user's own, used as they are."""

    model: str | None = None
    """Model id, for example `claude-4-5-sonnet`.

    Defaults to the config var `<ALIAS>_MODEL_ID`, which per-model plans set (docs: config vars).
    """

    api_key: SecretStr | str | None = Field(default=None, exclude=True, repr=False)
    """The add-on's key. Defaults to the config var `<ALIAS>_KEY`.

    Never shown. A pickle holds it only if it was given here: one that came from a config var is
    looked up again where the pickle is loaded.
    """

    base_url: str | None = None
    """Where the API is; also accepted as `inference_url`. Defaults to `<ALIAS>_URL`.

    With or without `https://`, a trailing `/` or `/v1`: all mean the same.
    """

    alias: str | None = None
    """The add-on attachment whose config vars to read, such as `INFERENCE_TEAL`."""

    timeout: float | None = Field(default=None, gt=0)
    """Seconds to wait for an answer, or for the next piece of a stream; `None` is the default of
    the client, which is finite."""

    max_retries: int = Field(default=2, ge=0)
    """How often to repeat a request that failed in a way that may pass."""

    http_client: Any = Field(default=None, exclude=True, repr=False)
    """Your own `httpx.Client` for synchronous calls. Used as it is and never closed."""

    async_http_client: Any = Field(default=None, exclude=True, repr=False)
    """Your own `httpx.AsyncClient` for asynchronous calls. Used as it is and never closed."""

    default_headers: dict[str, str] | None = Field(default=None, exclude=True, repr=False)
    """Headers sent with every request, merged over ours. Not part of dumps: they may be secret."""

    def __init__(self, **data: Any) -> None:
        # Not a validator: pydantic would wrap the ConfigError, and show the input beside it.
        super().__init__(**self._respelled(data))
        if self.model is None:
            self.model = self.settings.require_model()
        self.settings  # noqa: B018 - what is missing is said now, not at the first call

    @classmethod
    def _respelled(cls, data: dict[str, Any]) -> dict[str, Any]:
        """`data` with every accepted other spelling replaced by the name of its field."""
        for other, name in cls._SPELLINGS.items():
            if other not in data:
                continue
            if name in data:
                raise ConfigError(f"{name} and {other} are the same argument; pass one of them.")
            data = {**data, name: data[other]}
            del data[other]
        return data

    @property
    def settings(self) -> Settings:
        """Key, URL and model in force: what was given, completed from the config vars.

        Raises:
            ConfigError: No key was found, or key and URL would come from different sources.
        """
        given = (self.api_key, self.base_url, self.model, self.alias)
        return self._kept("settings", given, self._make_settings)

    @property
    def _client(self) -> Client:
        return self._kept("client", self._client_options(self.http_client), self._make_client)

    @property
    def _async_client(self) -> AsyncClient:
        options = self._client_options(self.async_http_client)
        return self._kept("async_client", options, self._make_async_client)

    def _client_options(self, http_client: Any) -> tuple[Any, ...]:
        return (self.settings, self.timeout, self.max_retries, self.default_headers, http_client)

    def _kept(self, name: str, given: tuple[Any, ...], make: Callable[[], _T]) -> _T:
        """What was made last time, if it was made from the same values."""
        # Where functools.cached_property keeps its values too: beside the fields, and no part of
        # what pydantic compares, shows and dumps. Its private attributes are 30 times slower.
        made = self.__dict__.setdefault("_made", _Made())
        kept = made.get(name)
        if kept is None or kept[0] != given:
            # Two threads may both come here: what they make is equal and costs nothing.
            kept = made[name] = (given, make())
        value: _T = kept[1]
        return value

    def _make_settings(self) -> Settings:
        return Settings(
            api_key=self.api_key,
            base_url=self.base_url,
            model=self.model,
            alias=self.alias,
            kind=self._KIND,
        )

    def _make_client(self) -> Client:
        # Here and not above: loading the clients takes as long as the rest of an adapter.
        from heroku_inference._client import Client  # noqa: PLC0415

        return Client(
            settings=self.settings,
            timeout=self.timeout,
            max_retries=self.max_retries,
            default_headers=self.default_headers,
            http_client=self.http_client,
        )

    def _make_async_client(self) -> AsyncClient:
        from heroku_inference._async_client import AsyncClient  # noqa: PLC0415

        return AsyncClient(
            settings=self.settings,
            timeout=self.timeout,
            max_retries=self.max_retries,
            default_headers=self.default_headers,
            async_http_client=self.async_http_client,
        )

    def __copy__(self) -> Any:
        copied = super().__copy__()
        copied.__dict__.pop("_made", None)
        return copied

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Any:
        memo = {} if memo is None else memo
        for name in self._SHARED:
            shared = getattr(self, name, None)
            memo[id(shared)] = shared
        return super().__deepcopy__(memo)


def hide_key(data: dict[str, Any], name: str = "api_key") -> dict[str, Any]:
    """The arguments with the key in a form whose `repr` does not show it.

    The first thing a constructor does: what raises after it may be printed with its variables.
    """
    return {**data, name: hide_secret(data[name])} if name in data else data
