"""What LLM, embeddings and reranker share: whom to call, and how LlamaIndex stores an object."""

from __future__ import annotations

import inspect
from copy import copy
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from llama_index.core.schema import BaseComponent
from pydantic import BeforeValidator, ConfigDict, Field, SecretStr

from heroku_inference._adapters.argument_errors import argument_names, refuse_unknown
from heroku_inference._adapters.arguments import Connection, Settings, hide_key, hide_secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

__all__ = ["HerokuConnection", "connection_of"]


def _plain(api_key: Any) -> Any:
    return api_key.get_secret_value() if isinstance(api_key, SecretStr) else api_key


class HerokuConnection(Connection, BaseComponent):
    """The arguments every class of this package takes.

    An argument that no class knows is refused: a misspelt one would vanish. Dumps (`to_dict`,
    `to_json`) leave out the key, headers and clients, and `from_dict` looks the key up again.
    """

    model_config = ConfigDict(extra="forbid")

    _SPELLINGS: ClassVar[Mapping[str, str]] = {"api_base": "base_url", "inference_url": "base_url"}
    _SHARED: ClassVar[tuple[str, ...]] = (*Connection._SHARED, "callback_manager", "rate_limiter")  # noqa: SLF001 - of the class above

    api_key: Annotated[str | None, BeforeValidator(_plain)] = Field(
        default=None, exclude=True, repr=False
    )
    """The add-on's key. Defaults to the config var `<ALIAS>_KEY`.

    Never shown. A pickle holds it only if it was given here: one that came from a config var is
    looked up again where the pickle is loaded.
    """

    @property
    def settings(self) -> Settings:
        """Key, URL and model in force: the arguments, completed from the config vars.

        Raises:
            ConfigError: No key was found, or key and URL would come from different sources.
        """
        values = (hide_secret(self.api_key), self.base_url, self.model, self.alias)
        return self._derive("settings", values, self._make_settings)

    @property
    def api_base(self) -> str:
        """Where requests go, with the version."""
        return f"{self.settings.base_url}/v1"

    def close(self) -> None:
        """Nothing needs closing: idle connections do it themselves, and the process shares them.

        `heroku_inference.close_connections` closes them all at once.
        """

    async def aclose(self) -> None:
        """Like `close`; `heroku_inference.aclose_connections` closes those of the event loop."""

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
        # LlamaIndex takes what cannot be pickled out of the very object that is pickled, with a
        # warning in the log; here out of a copy of it, which has no clients of ours either.
        return super(Connection, copy(self)).__getstate__()


def connection_of(
    owner: type, arguments: dict[str, Any], kind: type[HerokuConnection] = HerokuConnection
) -> HerokuConnection:
    """The connection of a class that is not one itself, by those arguments that are not its own.

    Raises:
        ConfigError: An argument is wrong, or neither the class nor the connection has it.
    """
    hide_key(arguments)
    names = argument_names(kind)
    if not arguments.keys() <= names:
        own = inspect.getfullargspec(owner).kwonlyargs
        refuse_unknown(arguments, {*names, *own}, owner.__name__)
    return kind(**arguments)
