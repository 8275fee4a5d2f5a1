"""Answers questions with sentences from the text that comes with them.

It is an extractive reader, not a language model: it can only repeat sentences, and says so if none
answers the question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from heroku_emulator.engines.minilm import late_interaction
from heroku_emulator.engines.sentences import sentences

if TYPE_CHECKING:
    from heroku_emulator.engines.minilm import MiniLM
    from heroku_emulator.engines.passages import Passage, ReadingTask

__all__ = [
    "NOTHING_GIVEN",
    "PICTURE_UNSEEN",
    "TEXT_DOES_NOT_SAY",
    "Reading",
    "best_sentences",
    "read",
]

TEXT_DOES_NOT_SAY = "The text does not say."
NOTHING_GIVEN = (
    "There is no text to answer from: this emulator's reader repeats sentences "
    "of the text that comes with a question."
)
PICTURE_UNSEEN = "There is a picture, which this emulator's reader cannot see."

_RELEVANT = 0.42
"""The lowest score of an answer; set with `tests/emulator/test_engine_minilm.py`."""
_RUNNER_UP = 0.85
"""A second sentence is added if its score reaches this part of the best one's."""
_SHORTEST = 4  # words; shorter ones are fragments


class _Candidate(NamedTuple):
    position: int
    text: str
    passage: Passage
    score: float


class Reading(NamedTuple):
    """An answer, and how it was found."""

    text: str
    reasoning: str


def read(task: ReadingTask, model: MiniLM) -> Reading:
    """Answers with the best one or two sentences, in text order, with their sources' numbers."""
    if not task.passages:
        return Reading(NOTHING_GIVEN, "The messages hold a question and nothing to read.")
    ranked = _rank(task, model)
    if not ranked or ranked[0].score < _RELEVANT:
        return Reading(TEXT_DOES_NOT_SAY, f"None of {len(ranked)} sentences fits the question.")
    worth = max(_RELEVANT, _RUNNER_UP * ranked[0].score)
    chosen = sorted(candidate for candidate in ranked[:2] if candidate.score >= worth)
    return Reading(
        " ".join(map(_cite, chosen)),
        f"Ranked {len(ranked)} sentences; the best one scores {ranked[0].score:.2f}.",
    )


def best_sentences(task: ReadingTask, model: MiniLM, count: int) -> list[str]:
    """Returns the best sentences that fit, with their sources' numbers, best first."""
    return [_cite(found) for found in _rank(task, model)[:count] if found.score >= _RELEVANT]


def _rank(task: ReadingTask, model: MiniLM) -> list[_Candidate]:
    return sorted(_candidates(task, model), key=lambda c: (-c.score, c.position))


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


def _cite(candidate: _Candidate) -> str:
    number = candidate.passage.number
    return f"{candidate.text} [{number}]" if number else candidate.text
