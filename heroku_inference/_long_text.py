"""What to do with a text beyond the 2048 characters the API takes (docs: embeddings). Pure.

On the way out a text becomes one or more pieces; on the way back the vectors of its pieces
become one.
"""

from __future__ import annotations

import math
from itertools import islice
from operator import mul
from typing import TYPE_CHECKING, Final, Literal

from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["MAX_CHARACTERS", "LongText", "averaged", "check_text", "pieces_of"]

LongText = Literal["error", "truncate", "split"]

MAX_CHARACTERS: Final = 2048


def check_text(text: object, index: int, long_text: LongText) -> None:
    """Refuse what cannot be sent: no string, or one that is too long where that is an error.

    Raises:
        ConfigError: With the text's `index`, and the choices there are for a long one.
    """
    if not isinstance(text, str):
        raise ConfigError(f"Text {index} is a {type(text).__name__}; only strings are embedded.")
    if len(text) > MAX_CHARACTERS and long_text == "error":
        raise ConfigError(
            f"Text {index} has {len(text)} characters; the API takes at most {MAX_CHARACTERS}. "
            'Split it before embedding, or set long_text="truncate" to embed its beginning or '
            'long_text="split" to embed its pieces and average them.'
        )


def pieces_of(text: str, long_text: LongText) -> list[str]:
    """The texts to send for `text`: itself, its beginning, or all of it in pieces."""
    if len(text) <= MAX_CHARACTERS:
        return [text]
    if long_text == "truncate":
        return [text[:MAX_CHARACTERS]]
    return _split(text)


def _split(text: str) -> list[str]:
    """`text` in pieces that fit, cut behind white space where there is any in the second half."""
    pieces = []
    start = 0
    while len(text) - start > MAX_CHARACTERS:
        end = start + MAX_CHARACTERS
        cut = max(text.rfind(space, start + MAX_CHARACTERS // 2, end) for space in " \n\t") + 1
        end = cut or end
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]]


def averaged(vectors: Iterable[list[float]], pieces: Iterable[Sequence[str]]) -> list[list[float]]:
    """One vector for each text, from the vectors of all the pieces of all the texts.

    A text of several pieces gets the mean of their vectors, weighted by their lengths and
    scaled back to length 1; a text of one piece keeps its vector as it is.
    """
    rest = iter(vectors)
    return [_mean(list(islice(rest, len(of_text))), of_text) for of_text in pieces]


def _mean(vectors: list[list[float]], pieces: Sequence[str]) -> list[float]:
    if len(vectors) == 1:
        return vectors[0]
    weights = [len(piece) for piece in pieces]
    sums = [sum(map(mul, column, weights)) for column in zip(*vectors, strict=True)]
    norm = math.hypot(*sums)
    return [value / norm for value in sums] if norm else sums
