"""The real engine: MiniLM vectors, late-interaction rerank, an extractive reader, a tool router."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np

from heroku_emulator.engine import Answer
from heroku_emulator.engines.arguments import fill
from heroku_emulator.engines.conversation import Passage, reading_task, tool_results
from heroku_emulator.engines.json_answers import wanted_schema, without_format
from heroku_emulator.engines.minilm import MiniLM, late_interaction
from heroku_emulator.engines.reader import TEXT_DOES_NOT_SAY, read
from heroku_emulator.engines.router import closest, route

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
        """Returns unit vectors: MiniLM's 384 numbers and zeros. It knows one kind of input."""
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
        """Calls a tool, or answers with sentences of the text it was given, or says it cannot."""
        if call := route(request, self._model):
            return Answer(tool_calls=[call], reasoning=f"The tool {call[0]} fits the request.")
        messages = request["messages"]
        if schema := wanted_schema(messages):
            return self._json_answer(messages, schema)
        return self._read(messages)

    def _read(self, messages: list[dict[str, Any]]) -> Answer:
        results = tool_results(messages)
        task = reading_task(messages)
        if results:
            task = replace(task, passages=[Passage(result) for _, result in results])
        found = read(task, self._model)
        if results and found.text == TEXT_DOES_NOT_SAY:
            said = " ".join(f"{name} returned {result}." for name, result in results)
            return Answer(text=said, reasoning=found.reasoning)
        return Answer(text=found.text, reasoning=found.reasoning)

    def _json_answer(self, messages: list[dict[str, Any]], schema: dict[str, Any]) -> Answer:
        found = self._read(messages)
        asked = without_format(reading_task(messages).question)
        text = f"{asked}\n{found.text}"
        value = fill(schema, text, lambda t, options: closest(t, options, self._model))
        return Answer(text=json.dumps(value, ensure_ascii=False), reasoning=found.reasoning)

    def count_tokens(self, text: str) -> int:
        """Returns the number of WordPiece tokens, at least 1 for text that is not empty."""
        return max(self._model.count_tokens(text), 1 if text else 0)
