"""Fields that read as the value in use, and arguments passed by position: both as elsewhere.

Programs written for other classes read `llm.api_key` and `embedding.base_url`, and pass the model
first, without its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heroku_inference._config.settings import Settings

__all__ = ["InUse", "named"]


class InUse:
    """A field that reads as what was passed, else as what the config vars say; `None` without.

    The object itself keeps only what was passed, so copies, dumps and pickles hold no more.
    """

    def __init__(self, name: str, read: Callable[[Settings], Any]) -> None:
        self._name = name
        self._read = read

    def __get__(self, owner: Any, kind: type) -> Any:
        if owner is None:  # pydantic would take an attribute of the class for the field's default
            raise AttributeError(self._name)
        if (passed := owner.__dict__.get(self._name)) is not None:
            return passed
        try:
            return self._read(owner.settings)
        except ConfigError:  # made again where the config vars are not set
            return None

    def __set__(self, owner: Any, value: Any) -> None:
        owner.__dict__[self._name] = value


def named(
    owner: str, names: Sequence[str], values: Sequence[Any], data: dict[str, Any]
) -> dict[str, Any]:
    """The arguments of a class by name: those passed by position, and `data`.

    Raises:
        ConfigError: There are too many, one was passed twice, or they are in another order.
    """
    order = f"By position, {owner}() takes {', '.join(names)}. Pass all others by name."
    if not names:
        raise ConfigError(
            f"{owner}() takes arguments by name only, got {len(values)} by position.",
            f"Write {owner}(model=...), and so on.",
        )
    if len(values) > len(names):
        raise ConfigError(f"{owner}() got {len(values)} arguments by position.", order)
    by_name = dict(zip(names, values, strict=False))
    if twice := by_name.keys() & data.keys():
        name = min(twice)
        raise ConfigError(f"{name} was passed by position and by name.", "Pass it once.")
    key = by_name.get("api_key")
    if not isinstance(key, str | SecretStr | None):
        raise ConfigError(
            f"api_key, the second by position, must be a str, got a value of type "
            f"{type(key).__name__}.",
            f"{order} Other classes have temperature in second place.",
        )
    return {**by_name, **data}
