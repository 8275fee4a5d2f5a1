"""Asks the questions, and judges each observation against what is assumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from heroku_inference.cli.probe.answers import RefusedError
from heroku_inference.cli.probe.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heroku_inference.cli.probe.exchanges import Exchange
    from heroku_inference.cli.probe.prober import Prober
    from heroku_inference.cli.probe.questions import Question

__all__ = ["Finding", "Verdict", "chosen_questions", "exchanges_of", "run_questions"]

Verdict = Literal["as assumed", "differs", "refused"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a question found out."""

    question: Question
    model: str
    verdict: Verdict
    observed: str


def chosen_questions(only: Sequence[str]) -> list[Question]:
    """The questions with these names, or all of them.

    Raises:
        KeyError: There is no question with one of the names.
    """
    names = {question.name for question in QUESTIONS}
    for name in only:
        if name not in names:
            raise KeyError(name)
    return [question for question in QUESTIONS if not only or question.name in only]


def exchanges_of(questions: Sequence[Question]) -> list[Exchange]:
    """The requests that these questions need, each once, in order."""
    return list({question.exchange.name: question.exchange for question in questions}.values())


def run_questions(prober: Prober, questions: Sequence[Question]) -> Iterator[Finding]:
    """Ask one question after the other; none of them stops the others."""
    for question in questions:
        yield Finding(question, prober.model_of(question.exchange), *_answer_to(prober, question))


def _answer_to(prober: Prober, question: Question) -> tuple[Verdict, str]:
    try:
        observed = question.observe(prober.answer(question.exchange))
    except RefusedError as error:
        return "refused", str(error)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        # Whatever came has another shape than the question expects: that is a finding too.
        return "differs", f"an answer of another shape ({type(error).__name__})"
    return ("as assumed" if observed in question.assumed else "differs"), observed
