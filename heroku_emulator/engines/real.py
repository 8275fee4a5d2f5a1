"""The real engine: MiniLM vectors, late-interaction rerank, an extractive reader, a tool router."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heroku_emulator.engine import Answer
from heroku_emulator.engines.conversation import reading_task
from heroku_emulator.engines.minilm import MiniLM, late_interaction
from heroku_emulator.engines.reader import answer

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RealEngine"]

_WIDTH = 1024  # what the emulated embedding model documents


class RealEngine:
    """Answers from small real components, the same for the same input, with no network.

    Implements `heroku_emulator.engine.Engine`.
    """

    name = (
        "MiniLM-L6-v2 int8 embeddings, late-interaction rerank, "
        "extractive reader (not a language model)"
    )

    def __init__(self) -> None:
        self._model = MiniLM()

    def embed(self, texts: list[str], input_type: str) -> list[list[float]]:  # noqa: ARG002
        """Returns unit vectors; MiniLM's 384 numbers are followed by zeros, and it knows one kind
        of input."""
        return [self._padded(text) for text in texts]

    def _padded(self, text: str) -> list[float]:
        vector = self._model.encode(text).text
        padded: list[float] = np.pad(vector, (0, _WIDTH - len(vector))).tolist()
        return padded

    def rerank(self, query: str, documents: list[str]) -> list[float]:
        """Returns how well each document answers the query, 0 to 1."""
        asked = self._model.encode(query)
        return [late_interaction(asked, self._model.encode(document)) for document in documents]

    def chat(self, request: dict[str, Any]) -> Answer:
        """Answers with a tool call, with sentences of the given text, or that it does not say."""
        return Answer(text=answer(reading_task(request["messages"]), self._model))

    def count_tokens(self, text: str) -> int:
        """Returns the number of WordPiece tokens, at least 1 for text that is not empty."""
        return max(self._model.count_tokens(text), 1 if text else 0)
