"""`heroku-inference chat`: one answer, or a conversation."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from heroku_inference._errors import HerokuError
from heroku_inference.cli.problems import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from heroku_inference._client import Client
    from heroku_inference._costs import Prices
    from heroku_inference._values import ChatChunk, Usage
    from heroku_inference.cli.screen import Screen

__all__ = ["Conversation", "converse"]

_HELP = "Ctrl-D ends the conversation, Ctrl-C an answer, /new forgets what was said."


@dataclass
class Conversation:
    """A conversation with a model, printed while it goes on.

    Args:
        client: Whom to talk to.
        screen: Where answers go.
        options: Of each call: `temperature`, `extended_thinking`, ...
        system: The system message.
        shows_usage: Whether a line about tokens follows each answer.
        prices: For what they cost.
    """

    client: Client
    screen: Screen
    options: dict[str, Any] = field(default_factory=dict)
    system: str | None = None
    shows_usage: bool = False
    prices: Prices | None = None
    said: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, question: str) -> bool:
        """Prints the answer to a question while it comes.

        What is said before an error, or before Ctrl-C, stays part of the conversation.

        Returns:
            Whether the model answered; a refusal does not count.

        Raises:
            HerokuError: There was no answer, or it broke off.
            KeyboardInterrupt: The user had heard enough; the connection is closed.
        """
        asked = {"role": "user", "content": question}
        system = [] if self.system is None else [{"role": "system", "content": self.system}]
        answer = _Answer(self.screen)
        began = time.monotonic()
        chunks = self.client.stream_chat([*system, *self.said, asked], **self.options)
        try:
            # Closing the generator closes the connection, however the loop ends.
            with closing(chunks):
                answer.print(chunks)
        finally:
            answer.end_line()
            if answer.text.strip():
                self.said += [asked, {"role": "assistant", "content": answer.text}]
        return self._tell_end(answer, time.monotonic() - began)

    def _tell_end(self, answer: _Answer, seconds: float) -> bool:
        if answer.refusal:
            self.screen.error(f"The model refused: {answer.refusal}")
        elif answer.finish_reason in {"length", "max_tokens"}:
            self.screen.warn(
                "The answer was cut off: it reached the limit of tokens (--max-tokens)."
            )
        elif not answer.text.strip():
            self.screen.warn(f"No text came; the finish reason was {answer.finish_reason!r}.")
        if self.shows_usage:
            self.screen.note(_describe(answer, seconds, self.prices))
        return not answer.refusal


class _Answer:
    """Prints the pieces of an answer and remembers what they say."""

    def __init__(self, screen: Screen) -> None:
        self.text = ""
        self.refusal = ""
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.model: str | None = None
        self._screen = screen
        self._thinking = False

    def print(self, chunks: Generator[ChatChunk]) -> None:
        for chunk in chunks:
            self._hear(chunk)

    def _hear(self, chunk: ChatChunk) -> None:
        if chunk.reasoning:
            self._thinking = True
            self._screen.aside(chunk.reasoning)
        if chunk.text:
            self._end_thinking()
            self.text += chunk.text
            self._screen.piece(chunk.text)
        self.refusal += chunk.refusal
        self.finish_reason = chunk.finish_reason or self.finish_reason
        self.usage = chunk.usage or self.usage
        self.model = chunk.model or self.model

    def _end_thinking(self) -> None:
        if self._thinking:
            self._screen.aside("\n\n")
            self._thinking = False

    def end_line(self) -> None:
        """Ends the line that was begun, if so."""
        if self.text and not self.text.endswith("\n"):
            self._screen.piece("\n")
        elif self._thinking:
            self._screen.aside("\n")


def _describe(answer: _Answer, seconds: float, prices: Prices | None) -> str:
    usage = answer.usage
    tokens = "no usage reported"
    if usage is not None:
        tokens = (
            f"{usage.prompt_tokens} prompt + {usage.completion_tokens} answer "
            f"= {usage.total_tokens} tokens"
        )
        cost = prices.cost(answer.model, usage) if prices and answer.model else None
        tokens += "" if cost is None else f" · costs {cost:.6f}"
    return f"{tokens} · {answer.model} · {answer.finish_reason} · {seconds:.1f} s"


def converse(conversation: Conversation, read: Callable[[], str]) -> None:
    """Answers question after question until the user is done.

    Args:
        conversation: What is being said.
        read: Waits for the next question; raises `EOFError` at the end.
    """
    with suppress(ImportError):
        import readline  # noqa: F401, PLC0415 - lines can be edited, and come back with "up"
    conversation.screen.note(_HELP)
    while True:
        try:
            question = read().strip()
        except (EOFError, KeyboardInterrupt) as end:
            conversation.screen.piece("\n")
            if isinstance(end, EOFError):
                return
            raise
        if question == "/new":
            conversation.said.clear()
            conversation.screen.note("Forgotten.")
        elif question in {"/quit", "/exit"}:
            return
        elif question:
            _ask(conversation, question)


def _ask(conversation: Conversation, question: str) -> None:
    """An answer that fails, or is stopped, does not end the conversation."""
    try:
        conversation.ask(question)
    except KeyboardInterrupt:
        conversation.screen.note("Stopped.")
    except HerokuError as error:
        conversation.screen.error(describe(error))
