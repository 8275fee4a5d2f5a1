"""Vectors that go to their place: rows of a part, or a store of the caller's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heroku_inference._public_names import publish

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EmbeddedTexts"]


@dataclass(frozen=True, slots=True)
class EmbeddedTexts:
    """Texts that have their vectors, for `store`.

    Attributes:
        ids: As they were given, but as text.
        vectors: A numpy array with a row for each id: `float32`, `int8` or `uint8`.
        model: The model id.
        input_type: What the vectors are for.
    """

    ids: Sequence[str]
    vectors: Any
    model: str
    input_type: str


publish(__name__)
