"""What all classes here share: whom to call, errors, and the key as LangChain dumps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import SecretStr  # noqa: TC002 - pydantic reads the annotation

from heroku_inference._adapters.arguments import Connection
from langchain_heroku.errors import langchain_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heroku_inference import HerokuError

__all__ = ["HerokuConnection"]


class HerokuConnection(Connection):
    """The arguments every class of this package takes, with LangChain's names and secrets."""

    _SPELLINGS: ClassVar[Mapping[str, str]] = {"inference_url": "base_url", "model_name": "model"}

    api_key: SecretStr | None = None
    """The add-on's key. Defaults to the config var `<ALIAS>_KEY`.

    Never shown. A pickle holds it only if it was given here: one that came from a config var is
    looked up again where the pickle is loaded.
    """

    @staticmethod
    def _framework_error(error: HerokuError) -> HerokuError:
        return langchain_error(error)

    @property
    def model_name(self) -> str:
        """The id of the model that is called."""
        return self.model or self.settings.require_model()

    @property
    def lc_secrets(self) -> dict[str, str]:
        """The config var that stands for the key in a dump."""
        return {"api_key": f"{self.settings.alias}_KEY"} if self.api_key is not None else {}
