"""The built-in engine."""

from __future__ import annotations

import re
from typing import Any

from heroku_emulator.engine import Answer


class DeterministicEngine:
    """Placeholder."""

    name = "deterministic"

    def embed(self, texts: list[str], input_type: str) -> list[list[float]]:
        return [[1.0] + [0.0] * 1023 for _ in texts]

    def rerank(self, query: str, documents: list[str]) -> list[float]:
        return [0.5 for _ in documents]

    def chat(self, request: dict[str, Any]) -> Answer:
        return Answer("You said: " + str(request["messages"][-1]["content"]))

    def count_tokens(self, text: str) -> int:
        return len(re.findall(r"\w+|[^\w\s]", text))
