"""The answer to one embeddings request: a body to checked vectors. Pure."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from pydantic import AliasChoices, BaseModel, Field, FiniteFloat, TypeAdapter

from heroku_inference._json import invalid_response, read_json
from heroku_inference._wire_types import identifier, usage_of

if TYPE_CHECKING:
    from heroku_inference._values import Reply, Usage

__all__ = ["Vectors", "read_vectors"]

_Number = TypeVar("_Number")


class _Vector(BaseModel, Generic[_Number]):
    index: int
    # `embeddings` is the pilot's name for it, still found in Heroku's own command line.
    embedding: list[_Number] = Field(
        min_length=1, validation_alias=AliasChoices("embedding", "embeddings")
    )


class _Answer(BaseModel, Generic[_Number]):
    data: list[_Vector[_Number]]
    model: Any = None
    usage: Any = None


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
    vectors = [item.embedding for item in data]
    return Vectors(vectors, usage_of(answer.usage), identifier(answer.model))
