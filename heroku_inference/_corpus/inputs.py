"""The texts of a corpus, as they are given: checked one by one, and never held together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from heroku_inference._errors import ConfigError

__all__ = ["Given", "given_texts"]


class Given(NamedTuple):
    """One text of the input, at its position."""

    position: int
    id: str
    text: str


def given_texts(texts: Iterable[Any]) -> Iterator[Given]:
    """Each text with its id.

    Raises:
        ConfigError: `texts` cannot be iterated over, or one of them is not an id and a text.
    """
    if isinstance(texts, str | Mapping) or not isinstance(texts, Iterable):
        raise ConfigError(
            f"texts must be pairs of id and text, got a value of type {type(texts).__name__}.",
            'Pass an iterable such as [("a", "first text"), ("b", "second text")].',
        )
    return (_given(position, item) for position, item in enumerate(texts))


def _given(position: int, item: Any) -> Given:
    if isinstance(item, Mapping):
        for name in ("id", "text"):
            if name not in item:
                raise ConfigError(
                    f"Text {position} has no {name!r}: its keys are {_shown(list(item))}.",
                    'Give each text as {"id": ..., "text": ...}, or as a pair.',
                )
        id_, text = item["id"], item["text"]
    elif isinstance(item, list | tuple) and len(item) == 2:  # noqa: PLR2004 - a pair
        id_, text = item
    else:
        raise ConfigError(
            f"Text {position} is a {type(item).__name__}, not a pair of id and text.",
            'Give each text as ("its id", "its text"), or as {"id": ..., "text": ...}.',
        )
    if not isinstance(text, str):
        raise ConfigError(
            f"Text {position} (id {_shown(id_)}) is a {type(text).__name__}, not a string.",
            "Give each text as a string.",
        )
    return Given(position, _checked_id(position, id_), text)


def _checked_id(position: int, id_: Any) -> str:
    if isinstance(id_, int) and not isinstance(id_, bool):
        return str(id_)
    if not isinstance(id_, str) or not id_:
        raise ConfigError(
            f"Text {position} has the id {_shown(id_)}, which is neither text nor a whole number.",
            "Give each text an id of its own.",
        )
    try:
        id_.encode()
    except UnicodeEncodeError:
        raise ConfigError(
            f"Text {position} has the id {_shown(id_)}, which is cut inside a character.",
            "Give each text an id that UTF-8 can hold.",
        ) from None
    return id_


def _shown(value: Any) -> str:
    return repr(value)[:60]
