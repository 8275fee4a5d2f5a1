"""Which of the texts of a batch Heroku refuses: found by halving, so that the others are kept.

The firewall in front of the API, and the API itself, refuse a whole batch because of one text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, Literal, TypeVar, get_args

from heroku_inference._errors import APIError, ConfigError, ContentBlockedError, InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

__all__ = ["HARMLESS", "Answers", "OnRefused", "check_on_refused", "name_refused", "reason_of"]

_Answer = TypeVar("_Answer")

OnRefused = Literal["error", "skip"]
"""What to do with a text that Heroku refuses: raise an error that names it, or leave it out."""

HARMLESS: Final = "a"
"""A text that nothing refuses: if it is refused, the fault is the request's and not a text's."""

_SEARCHED: Final = (ContentBlockedError, InvalidRequestError)
_QUOTE: Final = 12  # characters of a text that a server's message must not repeat


def check_on_refused(on_refused: object) -> None:
    """Refuse anything but the two ways."""
    if on_refused not in get_args(OnRefused):
        raise ConfigError(
            f"on_refused={on_refused!r} is not a way to treat refused texts.",
            "Pass 'error' or 'skip'.",
        )


class Answers(Generic[_Answer]):
    """What came for the texts of one batch.

    Attributes:
        size: How many texts there are.
        answered: Answers, each beside the positions of the texts it is about, in order.
        refused: Positions of refused texts, each with the error, in order. If they are not to be
            skipped, the search ends with the first.
        further: The answer about the harmless text, where it was asked for.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.answered: list[tuple[range, _Answer]] = []
        self.refused: list[tuple[int, APIError]] = []
        self.further: list[_Answer] = []

    def collect(self, ask: Callable[[range | None], _Answer], *, skip: bool) -> None:
        """Ask for all texts; if they are refused, for ever smaller parts (`None`: the harmless).

        Raises:
            APIError: A request failed for another reason than its texts.
        """
        steps = self._steps(skip=skip)
        part = next(steps, _END)
        while part is not _END:
            try:
                answer: _Answer | APIError = ask(part)
            except _SEARCHED as error:
                answer = error
            part = _next(steps, answer)

    async def acollect(
        self, ask: Callable[[range | None], Awaitable[_Answer]], *, skip: bool
    ) -> None:
        """`collect`, awaited."""
        steps = self._steps(skip=skip)
        part = next(steps, _END)
        while part is not _END:
            try:
                answer: _Answer | APIError = await ask(part)
            except _SEARCHED as error:
                answer = error
            part = _next(steps, answer)

    def _steps(self, *, skip: bool) -> Generator[range | None, _Answer | APIError]:
        """The parts to ask for; each is answered, or refused with an error."""
        whole = range(self.size)
        refusal = yield from self._asked(whole)
        if refusal is None:
            return
        if self.size > 1 or skip:
            harmless = yield None
            if isinstance(harmless, APIError):
                raise refusal
            self.further.append(harmless)
        yield from self._search(whole, refusal, skip=skip)

    def _search(
        self, part: range, refusal: APIError, *, skip: bool
    ) -> Generator[range | None, _Answer | APIError]:
        """Find what is refused in `part`, which is refused as a whole."""
        if len(part) == 1:
            self.refused.append((part.start, refusal))
            return
        middle = part.start + len(part) // 2
        first, second = range(part.start, middle), range(middle, part.stop)
        of_first = yield from self._asked(first)
        if of_first is not None:
            yield from self._search(first, of_first, skip=skip)
        elif len(second) > 1:  # the fault must be there, so that asking for all of it is of no use
            yield from self._search(second, refusal, skip=skip)
            return
        of_second = yield from self._asked(second)
        if of_second is not None and (skip or not self.refused):
            yield from self._search(second, of_second, skip=skip)

    def _asked(self, part: range) -> Generator[range, _Answer | APIError, APIError | None]:
        """Ask for `part`: the error if it is refused."""
        answer = yield part
        if isinstance(answer, APIError):
            return answer
        self.answered.append((part, answer))
        return None


_END: Final = range(-1, -1)


def _next(
    steps: Generator[range | None, _Answer | APIError], answer: _Answer | APIError
) -> range | None:
    try:
        return steps.send(answer)
    except StopIteration:
        return _END


def reason_of(error: APIError, text: str) -> str:
    """Why `text` was refused, in words that do not quote it: it may be private."""
    words = error.server_message
    quotes = (words[at : at + _QUOTE] for at in range(max(1, len(words) - _QUOTE + 1)))
    if words and any(quote in text for quote in quotes):
        return f"Heroku answered {error.status_code}."
    return error.problem


def name_refused(error: APIError, noun: str, index: int, text: str) -> None:
    """Say which of the caller's texts was refused, and what to do about it."""
    reason = reason_of(error, text)
    ways = 'Rephrase it, or pass on_refused="skip" to go on without it.'
    error.index = index
    error.problem = f"{noun} {index}: {reason}"
    error.remedy = f"{error.remedy} {ways}".lstrip()
    error.args = (error.problem, error.remedy)
