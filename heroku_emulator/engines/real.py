"""The real engine: MiniLM vectors, late-interaction rerank, an extractive reader, a tool router."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from heroku_emulator.built_in.conversation import Conversation
from heroku_emulator.built_in.json_answers import json_answer
from heroku_emulator.engine import Answer
from heroku_emulator.engines.minilm import MiniLM, late_interaction
from heroku_emulator.engines.passages import Passage, reading_task
from heroku_emulator.engines.reader import (
    NOTHING_GIVEN,
    PICTURE_UNSEEN,
    TEXT_DOES_NOT_SAY,
    Reading,
    read,
)
from heroku_emulator.engines.router import route

__all__ = ["RealEngine"]

_WIDTH = 1024  # what the emulated embedding model documents


class RealEngine:
    """Answers with small real models, deterministically and without a network.

    Implements `heroku_emulator.engine.Engine`.
    """

    name = (
        "MiniLM-L6-v2 int8 embeddings, late-interaction rerank, "
        "extractive reader (not a language model)"
    )

    def __init__(self) -> None:
        self._model = MiniLM()

    def embed(self, texts: list[str], input_type: str) -> list[list[float]]:  # noqa: ARG002
        """Returns unit vectors: MiniLM's 384 numbers and zeros. It ignores `input_type`."""
        return [self._padded_vector(text) for text in texts]

    def _padded_vector(self, text: str) -> list[float]:
        vector = self._model.encode(text).text
        padded: list[float] = np.pad(vector, (0, _WIDTH - len(vector))).tolist()
        return padded

    def rerank(self, query: str, documents: list[str]) -> list[float]:
        """Returns how well each document answers the query, 0 to 1."""
        asked = self._model.encode(query)
        return [late_interaction(asked, self._model.encode(document)) for document in documents]

    def chat(self, request: dict[str, Any]) -> Answer:
        """Calls tools, or answers with sentences from the text, or says that it cannot."""
        talk = Conversation(request["messages"])
        calls = route(request, talk, self._model)
        if calls:
            named = " and ".join(name for name, _ in calls)
            return Answer(tool_calls=calls, reasoning=f"This request fits {named}.")
        found = self._read(talk)
        return Answer(json_answer(request, talk) or found.text, reasoning=found.reasoning)

    def _read(self, talk: Conversation) -> Reading:
        task = reading_task(talk.messages)
        if not talk.results:
            found = read(task, self._model)
            unseen = talk.shows_picture and found.text in (NOTHING_GIVEN, TEXT_DOES_NOT_SAY)
            return found._replace(text=PICTURE_UNSEEN) if unseen else found
        results = [Passage(result) for _, result in talk.results]
        found = read(replace(task, passages=results), self._model)
        if found.text != TEXT_DOES_NOT_SAY:
            return found
        returned = "\n".join(f"{name} returned: {result}" for name, result in talk.results)
        return found._replace(text=returned)

    def count_tokens(self, text: str) -> int:
        """Returns the number of WordPiece tokens, at least 1 for text that is not empty."""
        return max(self._model.count_tokens(text), 1 if text else 0)
