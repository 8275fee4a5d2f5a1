"""What all classes here share: the connection's arguments, errors, and how keys are dumped."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import SecretStr

from heroku_inference._adapters.arguments import Connection
from langchain_heroku.errors import langchain_error

if TYPE_CHECKING:
    from heroku_inference import HerokuError

__all__ = ["HerokuConnection"]


class HerokuConnection(Connection):
    """The arguments that every class of this package takes, under LangChain's names."""

    _SPELLINGS: ClassVar[Mapping[str, str]] = {"inference_url": "base_url", "model_name": "model"}

    api_key: SecretStr | None = None
    """The add-on's key. Defaults to the config var `<ALIAS>_KEY`, and reads as that one's value.

    Never shown. A pickle contains it only if it was passed here: a key from a config var is looked
    up again where the pickle is loaded.
    """

    @staticmethod
    def _framework_error(error: "HerokuError") -> "HerokuError":
        return langchain_error(error)

    @property
    def model_name(self) -> str:
        """The id of the model."""
        return self.model or self.settings.require_model()

    @property
    def lc_secrets(self) -> dict[str, str]:
        """The config var that a dump names in place of the key."""
        passed = self.__dict__["api_key"] is not None
        return {"api_key": f"{self.settings.alias}_KEY"} if passed else {}
