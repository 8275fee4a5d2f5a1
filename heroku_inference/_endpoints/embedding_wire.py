"""One embeddings request and its answer: texts to a body, a body to checked vectors. Pure."""

from __future__ import annotations

import math
from functools import cache
from itertools import islice
from operator import mul
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NamedTuple, TypeVar

from pydantic import AliasChoices, BaseModel, Field, FiniteFloat, TypeAdapter

from heroku_inference._errors import ConfigError
from heroku_inference._json import invalid_response, read_json
from heroku_inference._values import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from heroku_inference._values import Reply


__all__ = [
    "MAX_CHARACTERS",
    "LongText",
    "Vectors",
    "averaged",
    "check_text",
    "embedding_body",
    "pieces_of",
    "read_vectors",
]

_Number = TypeVar("_Number")


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


class _Tokens(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None

    def counted(self) -> Usage | None:
        """The usage, as a chat's is read: what is not said is summed up, zeros say nothing."""
        prompt, completion = self.prompt_tokens or 0, self.completion_tokens or 0
        total = self.total_tokens or prompt + completion
        return Usage(prompt, completion, total) if total else None


class _Vector(BaseModel, Generic[_Number]):
    index: int
    # `embeddings` is the pilot's name for it, still found in Heroku's own command line.
    embedding: list[_Number] = Field(
        min_length=1, validation_alias=AliasChoices("embedding", "embeddings")
    )


class _Answer(BaseModel, Generic[_Number]):
    data: list[_Vector[_Number]]
    model: str | None = None
    usage: _Tokens | None = None


@cache
def _shape(*, whole_numbers: bool) -> TypeAdapter[_Answer[Any]]:
    # Every number is checked (and 0 made 0.0) while it is decoded: as fast as decoding alone.
    return TypeAdapter(_Answer[int] if whole_numbers else _Answer[FiniteFloat])


class Vectors(NamedTuple):
    """What one answer holds: vectors in the order of its texts, tokens, and who answered."""

    vectors: list[list[float]]
    usage: Usage | None
    model: str | None


def read_vectors(reply: Reply, count: int, *, whole_numbers: bool = False) -> Vectors:
    """The vectors of the answer to a request with `count` texts, put in order by `index`.

    Raises:
        InvalidResponseError: There is not exactly one vector for each text, of numbers, all of
            one width.
    """
    answer = read_json(reply, _shape(whole_numbers=whole_numbers))
    data = sorted(answer.data, key=lambda item: item.index)
    if (indices := [item.index for item in data]) != list(range(count)):
        got = f"{len(indices)} vectors, with indices {str(indices)[:40]}"
        raise invalid_response(reply, f"{count} texts were sent and it holds {got}")
    if len(widths := {len(item.embedding) for item in data}) > 1:
        raise invalid_response(reply, f"its vectors have different widths: {sorted(widths)}")
    usage = answer.usage.counted() if answer.usage else None
    return Vectors([item.embedding for item in data], usage, answer.model)


LongText = Literal["error", "truncate", "split"]


MAX_CHARACTERS: Final = 2048


def check_text(text: object, index: int, long_text: LongText) -> None:
    """Refuse what cannot be sent: no string, or one that is too long where that is an error.

    Raises:
        ConfigError: With the text's `index`, and the choices there are for a long one.
    """
    if not isinstance(text, str):
        raise ConfigError(
            f"Text {index} is a {type(text).__name__}, not a string.", "Pass a list of strings."
        )
    if len(text) > MAX_CHARACTERS and long_text == "error":
        raise ConfigError(
            f"Text {index} has {len(text)} characters; the API takes at most {MAX_CHARACTERS}.",
            'Split it before embedding, or set long_text="truncate" to embed its beginning or '
            'long_text="split" to embed its pieces and average them.',
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
