"""The built-in engine: it gives the same answers on every machine, without a model."""

from __future__ import annotations

import math
from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from heroku_emulator.built_in.conversation import Conversation
from heroku_emulator.built_in.json_answers import json_answer
from heroku_emulator.built_in.tool_routing import route
from heroku_emulator.built_in.words import content_stems, count_tokens, is_common, stems
from heroku_emulator.engine import Answer

__all__ = ["DeterministicEngine"]

_WIDTH = 1024
_COMMON_WEIGHT = 0.1
_PLACES = 3  # dimensions that a word marks
_SATURATION = 0.6  # the lower, the less a repeated word counts


class DeterministicEngine:
    """Vectors and scores by shared words, tool calls by schema, text that echoes the request."""

    name = "deterministic (hashed words, no model)"

    def embed(self, texts: list[str], input_type: str) -> list[list[float]]:  # noqa: ARG002
        """Hashes words into dimensions: texts that share words have similar vectors."""
        return [_vector(text) for text in texts]

    def rerank(self, query: str, documents: list[str]) -> list[float]:
        """Scores how many of the query's words a document has; rare words count most."""
        counts = [Counter(stems(document)) for document in documents]
        weights = {
            stem: _COMMON_WEIGHT if is_common(stem) else _rarity(stem, counts)
            for stem in set(stems(query))
        }
        whole = sum(weights.values()) or 1.0
        return [
            sum(weight * _presence(count[stem]) for stem, weight in weights.items()) / whole
            for count in counts
        ]

    def chat(self, request: dict[str, Any]) -> Answer:
        """Calls tools if the request means them, or answers in JSON if asked to, or in text."""
        talk = Conversation(request["messages"])
        reasoning = f"The user says: {talk.question}" if _thinks(request) else None
        calls = route(request, talk)
        if calls:
            named = " and ".join(name for name, _ in calls)
            return Answer(f"I will use {named}.", calls, reasoning)
        return Answer(json_answer(request, talk) or _text(talk), reasoning=reasoning)

    def count_tokens(self, text: str) -> int:
        """Counts pieces of words, and punctuation."""
        return count_tokens(text)


def _vector(text: str) -> list[float]:
    vector = [0.0] * _WIDTH
    for stem, count in (Counter(stems(text)) or Counter([""])).items():
        weight = (1 + math.log(count)) * (_COMMON_WEIGHT if is_common(stem) else 1.0)
        for place, sign in _places(stem):
            vector[place] += sign * weight
    length = math.sqrt(sum(number * number for number in vector)) or 1.0
    return [number / length for number in vector]


@lru_cache(maxsize=65_536)
def _places(stem: str) -> tuple[tuple[int, float], ...]:
    digest = blake2b(stem.encode(), digest_size=4 * _PLACES).digest()
    numbers = [
        int.from_bytes(digest[start : start + 4], "big") for start in range(0, len(digest), 4)
    ]
    return tuple((number % _WIDTH, 1.0 if number >> 31 else -1.0) for number in numbers)


def _rarity(stem: str, counts: list[Counter[str]]) -> float:
    having = sum(stem in count for count in counts)
    return 1 + math.log((1 + len(counts)) / (1 + having))


def _presence(count: int) -> float:
    return count / (count + _SATURATION)


def _thinks(request: dict[str, Any]) -> bool:
    wanted = request.get("extended_thinking")
    return bool(request.get("reasoning_effort") or (wanted and wanted.get("enabled")))


def _text(talk: Conversation) -> str:
    """Returns the tools' results, or a sentence of the context, or an echo."""
    if talk.results:
        return "\n".join(f"{name} says: {result}" for name, result in talk.results)
    return _best_sentence(talk) or f"You said: {talk.question}"


def _best_sentence(talk: Conversation) -> str | None:
    """Returns the sentence of the context that shares most words with the question."""
    asked = content_stems(talk.last_paragraph)
    sentences = talk.context_sentences
    shared = [len(content_stems(sentence) & asked) for sentence in sentences]
    best = max(shared, default=0)
    return sentences[shared.index(best)] if best >= 2 else None  # noqa: PLR2004
