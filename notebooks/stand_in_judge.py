"""An engine for the emulator that says YES or NO to LlamaIndex's evaluators.

It stands in for a language model where no key is at hand. It compares vectors: it knows
whether two sentences are about the same, and not whether both say the same.
"""

from __future__ import annotations

import re
from typing import Any

from heroku_emulator.engine import Answer
from heroku_emulator.engines.minilm import late_interaction
from heroku_emulator.engines.passages import message_text
from heroku_emulator.engines.real import RealEngine
from heroku_emulator.engines.sentences import sentences

__all__ = ["StandInJudge"]

# How `FaithfulnessEvaluator` and `RelevancyEvaluator` end their prompts.
_FAITHFUL = re.compile(r".*\nInformation: (.*?)\nContext: (.*)\nAnswer:\s*$", re.DOTALL)
_RELEVANT = re.compile(
    r".*Query and Response:\s+Question: (.*?)\nResponse: (.*?)\n"
    r"Context: .*\nAnswer:\s*$",
    re.DOTALL,
)
_REPEATED = (
    0.5  # how close the words of an answer must be to those of a source, on average
)
_FITS = 0.2  # the lowest score of an answer that fits its question


class StandInJudge(RealEngine):
    """Answers as the emulator does, and judges by similarity."""

    name = "MiniLM-L6-v2 int8, as a reader and as a judge"

    def chat(self, request: dict[str, Any]) -> Answer:
        """Says YES or NO to an evaluator, and answers everybody else."""
        text = message_text(request["messages"][-1])
        if asked := _FAITHFUL.match(text):
            return _verdict(yes=self._repeats(asked[1], asked[2]))
        if asked := _RELEVANT.match(text):
            return _verdict(yes=self._fits(asked[1], asked[2]))
        return super().chat(request)

    def _repeats(self, answer: str, context: str) -> bool:
        """Whether each sentence of the answer is close to one of the context."""
        said = [sentence.text for sentence in sentences(answer)] or [answer]
        known = [self._words(sentence.text) for sentence in sentences(context)]
        return all(
            any(
                (self._words(each) @ one.T).max(axis=1).mean() >= _REPEATED
                for one in known
            )
            for each in said
        )

    def _words(self, text: str) -> Any:
        return self._model.encode(text).tokens[1:-1]  # the outer two are marks

    def _fits(self, question: str, answer: str) -> bool:
        return (
            late_interaction(self._model.encode(question), self._model.encode(answer))
            >= _FITS
        )


def _verdict(*, yes: bool) -> Answer:
    return Answer("YES" if yes else "NO")
