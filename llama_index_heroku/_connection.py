"""What all classes here share: the connection's arguments, and how LlamaIndex stores objects."""

import inspect
from collections.abc import Mapping
from copy import copy
from types import TracebackType
from typing import Annotated, Any, ClassVar, Self

from llama_index.core.schema import BaseComponent
from pydantic import BeforeValidator, ConfigDict, Field, SecretStr

import heroku_inference
from heroku_inference._adapters.argument_errors import argument_names, refuse_unknown
from heroku_inference._adapters.arguments import Connection, Settings, hide_key, hide_secret
from heroku_inference._adapters.in_use import InUse

__all__ = ["HerokuConnection", "connection_of", "traced_model"]


def _plain(api_key: Any) -> Any:
    return api_key.get_secret_value() if isinstance(api_key, SecretStr) else api_key


class HerokuConnection(Connection, BaseComponent):
    """The arguments that every class of this package takes.

    Unknown arguments are refused: a misspelt one would otherwise be lost. Dumps (`to_dict`,
    `to_json`) leave out the key, headers and clients, and `from_dict` looks the key up again.
    """

    model_config = ConfigDict(extra="forbid")

    _SPELLINGS: ClassVar[Mapping[str, str]] = {"api_base": "base_url", "inference_url": "base_url"}
    _SHARED: ClassVar[tuple[str, ...]] = (*Connection._SHARED, "callback_manager")  # noqa: SLF001 - of the class above

    api_key: Annotated[str | None, BeforeValidator(_plain)] = Field(
        default=None, exclude=True, repr=False
    )
    """The add-on's key. Defaults to the config var `<ALIAS>_KEY`, and reads as that one's value.

    Never shown. A pickle contains it only if it was passed here: a key from a config var is looked
    up again where the pickle is loaded.
    """

    @property
    def settings(self) -> Settings:
        """The key, URL and model in use: the arguments, completed from config vars.

        Raises:
            ConfigError: No key was found, or key and URL would come from different sources.
        """
        passed = self.__dict__
        key, url = hide_secret(passed["api_key"]), passed["base_url"]
        values = (key, url, self.model, self.alias, self.allow_plaintext)
        return self._derive("settings", values, self._make_settings)

    @property
    def api_base(self) -> str:
        """The URL of the API, with the version."""
        return f"{self.settings.base_url}/v1"

    def close(self) -> None:
        """Does nothing: idle connections close by themselves, and the whole process shares them.

        `heroku_inference.close_connections` closes them all.
        """

    async def aclose(self) -> None:
        """Does nothing, like `close`; see `heroku_inference.aclose_connections`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __getstate__(self) -> dict[str, Any]:
        # LlamaIndex removes what cannot be pickled from the object itself, and logs a warning. Let
        # it use a copy, which does not have our clients either.
        return super(Connection, copy(self)).__getstate__()


def traced_model(connection: HerokuConnection) -> dict[str, Any]:
    """The model in event handlers: Heroku's id, and the maker's, which tables of prices know."""
    model = connection.model or connection.settings.require_model()
    facts = heroku_inference.known_model(model)
    maker = {"maker_model_id": facts.maker_id} if facts and facts.maker_id else {}
    return {"provider": "heroku", "model": model, **maker}


HerokuConnection.api_key = InUse(  # type: ignore[assignment]
    "api_key", lambda settings: settings.api_key.get_secret_value()
)


def connection_of(
    owner: type, arguments: dict[str, Any], kind: type[HerokuConnection] = HerokuConnection
) -> HerokuConnection:
    """The connection of a class that is not a `Connection`, from the arguments it passes on.

    Raises:
        ConfigError: An argument is wrong, or neither the class nor the connection has it.
    """
    hide_key(arguments)
    names = argument_names(kind)
    if not arguments.keys() <= names:
        own = inspect.getfullargspec(owner).kwonlyargs
        refuse_unknown(arguments, {*names, *own}, owner.__name__)
    return kind(**arguments)
