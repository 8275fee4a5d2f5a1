"""Answers questions with sentences of the text they come with.

An extractive reader, not a language model: it can only repeat what it was given, and says so when
that holds no answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from heroku_emulator.engines.minilm import late_interaction
from heroku_emulator.engines.sentences import sentences

if TYPE_CHECKING:
    from heroku_emulator.engines.conversation import Passage, ReadingTask
    from heroku_emulator.engines.minilm import MiniLM

__all__ = ["NOTHING_GIVEN", "TEXT_DOES_NOT_SAY", "answer"]

TEXT_DOES_NOT_SAY = "The text does not say."
NOTHING_GIVEN = (
    "There is no text to answer from: this emulator's reader repeats sentences "
    "of the text that comes with a question."
)

_RELEVANT = 0.42
"""The score from which a sentence counts as an answer: see `tests/emulator/test_engine_reader.py`."""
_RUNNER_UP = 0.85
"""A second sentence joins in when its score comes this near to the best one's."""
_SHORTEST = 4  # words; less is a fragment


class _Candidate(NamedTuple):
    position: int
    text: str
    passage: Passage
    score: float


def answer(task: ReadingTask, model: MiniLM) -> str:
    """Returns the one or two sentences that answer best, in text order, each with its source."""
    if not task.passages:
        return NOTHING_GIVEN
    ranked = sorted(_candidates(task, model), key=lambda c: (-c.score, c.position))
    if not ranked or ranked[0].score < _RELEVANT:
        return TEXT_DOES_NOT_SAY
    worth = max(_RELEVANT, _RUNNER_UP * ranked[0].score)
    chosen = [candidate for candidate in ranked[:2] if candidate.score >= worth]
    return " ".join(_cited(candidate) for candidate in sorted(chosen))


def _candidates(task: ReadingTask, model: MiniLM) -> list[_Candidate]:
    question = model.encode(task.question)
    found: list[_Candidate] = []
    seen: set[str] = set()
    for passage in task.passages:
        for sentence in sentences(passage.text):
            if sentence.text in seen or len(sentence.text.split()) < _SHORTEST:
                continue
            seen.add(sentence.text)
            # A heading often holds the subject that its sentences only refer to.
            in_context = (
                f"{sentence.heading}: {sentence.text}" if sentence.heading else sentence.text
            )
            score = late_interaction(question, model.encode(in_context))
            found.append(_Candidate(len(found), sentence.text, passage, score))
    return found


def _cited(candidate: _Candidate) -> str:
    number = candidate.passage.number
    return f"{candidate.text} [{number}]" if number else candidate.text
