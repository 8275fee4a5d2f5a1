"""Errors of `HerokuEmbedding` are `ValueError`s too: those of `llama-index-embeddings-heroku` are.

The class stays the core's, so `except RateLimitError` and `except ValueError` both catch.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._errors import HerokuError, recast

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["embedding_errors"]

_MADE: Final[dict[type[HerokuError], type[HerokuError]]] = {}


@contextmanager
def embedding_errors() -> Iterator[None]:
    """Raises the core's errors of the block as `ValueError`s too."""
    try:
        yield
    except HerokuError as error:
        if isinstance(error, ValueError):
            raise
        both = recast(error, _also_value_error(type(error)))
        both.args = (f"Unable to embed text: {error}",)
        raise both from error.__cause__


def _also_value_error(kind: type[HerokuError]) -> type[HerokuError]:
    if kind not in _MADE:
        body = {"__doc__": kind.__doc__, "__module__": kind.__module__, "__reduce__": _reduced}
        _MADE[kind] = type(kind.__name__, (kind, ValueError), body)
    return _MADE[kind]


def _reduced(error: HerokuError) -> tuple[Any, ...]:
    # Worker processes of a pipeline send their errors home, where the class must be made first.
    return _restored, (type(error).__bases__[0], error.args, error.__dict__)


def _restored(
    kind: type[HerokuError], args: tuple[Any, ...], attributes: dict[str, Any]
) -> HerokuError:
    error = _also_value_error(kind).__new__(_also_value_error(kind))
    error.args = args
    error.__dict__.update(attributes)
    return error
