"""One embeddings request: texts to a body, and a long text to what fits. Pure."""

from __future__ import annotations

import math
from itertools import islice
from operator import mul
from typing import TYPE_CHECKING, Any, Final, Literal

from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "MAX_BYTES",
    "LongText",
    "averaged",
    "check_text",
    "embedding_body",
    "pieces_of",
    "text_size",
]


def embedding_body(
    texts: Sequence[str],
    *,
    model: str,
    input_type: str,
    embedding_type: str | None = None,
    allow_ignored_params: bool | None = None,
    extra_body: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The body of one request (docs: embeddings); what is `None` is not sent.

    `encoding_format` is always said: `raw` is documented, what `base64` holds is not.
    """
    optional = {"embedding_type": embedding_type, "allow_ignored_params": allow_ignored_params}
    return {
        "model": model,
        "input": list(texts),
        "input_type": input_type,
        "encoding_format": "raw",
        **{name: value for name, value in optional.items() if value is not None},
        **(extra_body or {}),
    }


LongText = Literal["error", "truncate", "split"]


MAX_BYTES: Final = 2048
"""The longest text in bytes of UTF-8 (seen in production, Sep 2026; the docs say characters)."""


def check_text(text: object, index: int, long_text: LongText) -> None:
    """Refuse what cannot be sent: no string, or one that is too long where that is an error.

    Raises:
        ConfigError: With the text's `index`, and the choices there are for a long one.
    """
    if not isinstance(text, str):
        raise ConfigError(
            f"Text {index} is a {type(text).__name__}, not a string.", "Pass a list of strings."
        )
    if long_text == "error" and not _fits(text):
        raise ConfigError(
            f"Text {index} has {text_size(text)} bytes of UTF-8; the API takes at most "
            f"{MAX_BYTES}.",
            'Split it before embedding, or set long_text="truncate" to embed its beginning or '
            'long_text="split" to embed its pieces and average them.',
        )


def pieces_of(text: str, long_text: LongText) -> list[str]:
    """The texts to send for `text`: itself, its beginning, or all of it in pieces."""
    if long_text == "error" or _fits(text):  # where it is an error, it was checked
        return [text]
    if long_text == "truncate":
        return [text[: _near_boundary(text, 0, _longest(text, 0))]]
    return _split(text)


def text_size(text: str) -> int:
    """The bytes of `text` in UTF-8."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def _fits(text: str) -> bool:
    # A character is one to four bytes: most texts need no encoding to know.
    if text.isascii() or len(text) > MAX_BYTES:
        return len(text) <= MAX_BYTES
    return 4 * len(text) <= MAX_BYTES or text_size(text) <= MAX_BYTES


def _split(text: str) -> list[str]:
    """`text` in pieces that fit, which joined are `text` again.

    Pieces end behind white space or a full stop of Chinese and Japanese if there is any in the
    second half of what fits.
    """
    pieces = []
    start = 0
    while (end := _longest(text, start)) < len(text):
        half = (start + end) // 2
        cut = max(text.rfind(space, half, end) for space in " \n\t\u3000\u3002") + 1
        end = _near_boundary(text, start, cut or end)
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]]


def _longest(text: str, start: int) -> int:
    """The end of the longest part of `text` from `start` that fits; never inside a character."""
    part = text[start : start + MAX_BYTES]
    if part.isascii():
        return start + len(part)
    encoded = part.encode(errors="surrogatepass")
    if len(encoded) <= MAX_BYTES:
        return start + len(part)
    end = MAX_BYTES
    while encoded[end] & 0xC0 == 0x80:  # noqa: PLR2004 - a byte that continues a character
        end -= 1
    return start + len(encoded[:end].decode(errors="surrogatepass"))


def _near_boundary(text: str, start: int, end: int) -> int:
    """`end`, or the nearest place before it that does not divide what readers see as one character.

    If there is none in the second half of the part from `start`, `end` it is.
    """
    for cut in range(end, (start + end) // 2, -1):
        if not _continues(text, start, cut):
            return cut
    return end


def _continues(text: str, start: int, cut: int) -> bool:
    """Whether the character at `cut` is shown as one with the character before it."""
    before, after = text[cut - 1], text[cut]
    if after.isascii():
        return False
    if _is_half_of_flag(after):
        return _is_second_half(text, start, cut)
    import unicodedata  # noqa: PLC0415 - only where a long text is cut

    return (
        before == _JOINER
        or after in _JOINED
        or any(first <= after <= last for first, last in _JOINED_RANGES)
        or unicodedata.category(after).startswith("M")
    )


def _is_half_of_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_second_half(text: str, start: int, cut: int) -> bool:
    """Whether an odd number of regional indicators stands before `cut`: two of them are a flag."""
    first = cut
    while first > start and _is_half_of_flag(text[first - 1]):
        first -= 1
    return (cut - first) % 2 == 1


_JOINER: Final = "\u200d"  # between the parts of an emoji, such as the members of a family
_JOINED: Final = "\u200c\u200d\uff9e\uff9f"  # joiners; voice marks behind half-width Katakana
_JOINED_RANGES: Final = (
    ("\u1160", "\u11ff"),  # vowels and finals of a Hangul syllable
    ("\U0001f3fb", "\U0001f3ff"),  # colours of skin
    ("\U000e0020", "\U000e007f"),  # the letters of a region's flag
)


def averaged(vectors: Iterable[list[float]], pieces: Iterable[Sequence[str]]) -> list[list[float]]:
    """One vector for each text, from the vectors of all the pieces of all the texts.

    A text of several pieces gets the mean of their vectors, weighted by their lengths in bytes and
    scaled back to length 1; a text of one piece keeps its vector as it is.
    """
    rest = iter(vectors)
    return [_mean(list(islice(rest, len(of_text))), of_text) for of_text in pieces]


def _mean(vectors: list[list[float]], pieces: Sequence[str]) -> list[float]:
    if len(vectors) == 1:
        return vectors[0]
    weights = [text_size(piece) for piece in pieces]
    sums = [sum(map(mul, column, weights)) for column in zip(*vectors, strict=True)]
    norm = math.hypot(*sums)
    return [value / norm for value in sums] if norm else sums
