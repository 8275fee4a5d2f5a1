"""Which result answers which call, and an id for each call that the API takes. Pure.

Both endpoints want every call answered once, right after it, by an id of its own (docs: chat
completions, messages). Histories of other providers have no ids, or the same ones in each turn;
interrupted runs and trimmed memories lack results or calls.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._chat.history_tools import wire_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["Call", "Result", "is_wire_id", "orphan_words", "pair"]

_MOST_CHARACTERS: Final = 64  # of an id, as Bedrock has it
is_wire_id: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}").fullmatch
_ODD: Final = re.compile(r"[^a-zA-Z0-9_-]")


@dataclass(slots=True, eq=False)
class Call:
    """A call in a history; `place` is that of its message among all."""

    id: Any
    name: str
    place: int
    wire_id: str = ""
    results: list[Result] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Result:
    """A result in a history, with what it says of its call; `call` is what was found."""

    id: Any
    name: Any
    place: int
    call: Call | None = None


def pair(calls: Sequence[Call], results: Sequence[Result]) -> None:
    """Find the call of each result, and give each call an id of its own.

    Both are in the order of the conversation. A result belongs to the latest call before it with
    its id; without an id, to the latest turn that waits for one of its name, or else for any. What
    is left is looked for after the result. A result without a call keeps `None`.
    """
    for call in calls:
        call.id = _given_id(call.id)
    for result in results:
        result.id = _given_id(result.id)
    by_id: dict[str, list[Call]] = {}
    for call in calls:
        if call.id is not None:
            by_id.setdefault(call.id, []).append(call)
    for result in results:
        if result.id is not None:
            _answer(result, _of_latest_turn(by_id.get(result.id, ()), result))
    for result in results:
        if result.call is None:
            _answer(result, _waiting_before(calls, result))
    for result in results:
        if result.call is None and result.id is not None:
            later = (call for call in by_id.get(result.id, ()) if call.place > result.place)
            _answer(result, next((call for call in later if not call.results), None))
    _give_ids(calls)


def orphan_words(name: Any) -> str:
    """What stands before a result whose call is gone."""
    tool = name if isinstance(name, str) and name else "a tool"
    return (
        f"Result of an earlier call of {tool}, whose call is no longer part of this conversation:"
    )


def _given_id(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and value != "" else None


def _answer(result: Result, call: Call | None) -> None:
    if call is not None:
        result.call = call
        call.results.append(result)


def _of_latest_turn(calls: Sequence[Call], result: Result) -> Call | None:
    """The first call of the latest turn that waits, or the last one, which then has two results."""
    end = bisect_left(calls, result.place, key=_place)
    if not end:
        return None
    turn = calls[bisect_left(calls, calls[end - 1].place, key=_place) : end]
    return next((call for call in turn if not call.results), turn[-1])


def _place(call: Call) -> int:
    return call.place


def _waiting_before(calls: Sequence[Call], result: Result) -> Call | None:
    """The call that a result means by its name, by its id that is a name, or by its order."""
    waiting = [
        call
        for call in calls
        if call.place < result.place
        and not call.results
        # An id that no call has can still belong to a call without any.
        and (result.id is None or call.id is None)
    ]
    for name in filter(None, (result.name, result.id)):
        if (call := _first_of_latest(waiting, _is_named(name))) is not None:
            return call
    return None if result.name else _first_of_latest(waiting, _any)


def _is_named(name: Any) -> Callable[[Call], bool]:
    wired = wire_name(str(name))
    return lambda call: wire_name(call.name) == wired


def _any(_call: Call) -> bool:
    return True


def _first_of_latest(calls: Sequence[Call], fits: Callable[[Call], bool]) -> Call | None:
    fitting = [call for call in calls if fits(call)]
    return next((call for call in fitting if call.place == fitting[-1].place), None)


def _give_ids(calls: Iterable[Call]) -> None:
    """Ids that the API takes, the same whenever the same conversation is sent."""
    bases = [(call, _ODD.sub("_", call.id or "")[:_MOST_CHARACTERS]) for call in calls]
    taken = {base for _, base in bases}
    given: set[str] = set()
    numbered: dict[str, Iterator[str]] = {}
    for call, base in bases:
        call.wire_id = base
        if not base or base in given:
            made = numbered.setdefault(base, _numbered(base))
            call.wire_id = next(one for one in made if one not in taken)
            taken.add(call.wire_id)
        given.add(base)


def _numbered(base: str) -> Iterator[str]:
    for number in count(2 if base else 1):
        end = f"_{number}"
        yield f"{(base or 'call')[: _MOST_CHARACTERS - len(end)]}{end}"
