"""Reads tool calls that arrive in pieces, however the wire numbers the pieces. Pure.

Heroku's pieces repeat `"name": ""`, and can carry another `index` than the opening of the call
that they belong to, or none.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from heroku_inference._chat.tool_arguments import ObjectScanner, arguments_text
from heroku_inference._errors import InvalidResponseError
from heroku_inference._values import ToolCallDelta
from heroku_inference._wire_types import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ToolCallDeltas", "generated_id"]


def generated_id(answer_id: str | None, index: int) -> str:
    """An id for a call that came without one: unique in a conversation, as Claude wants it."""
    unique = answer_id.rpartition("-")[2] if answer_id else uuid.uuid4().hex
    return f"call_{unique}_{index}"


class _Call:
    """One call as far as it is known."""

    __slots__ = ("_scanned", "_scanner", "arguments", "id", "index", "name", "named")

    def __init__(self, index: int) -> None:
        self.index = index
        self.id: str | None = None
        self.name: str | None = None
        self.named = False  # its name was passed on
        self.arguments: list[str] = []
        self._scanner = ObjectScanner()
        self._scanned = 0  # pieces of the arguments: few streams need to know where a call ends

    @property
    def complete(self) -> bool:
        """Whether the arguments are a whole JSON object."""
        for piece in self.arguments[self._scanned :]:
            self._scanner.read(piece)
        self._scanned = len(self.arguments)
        return self._scanner.complete

    def grow(self, call_id: str | None, name: str | None, arguments: str) -> ToolCallDelta | None:
        """Add a piece; what of it is news, or `None` while the call has no name yet."""
        if arguments:
            self.arguments.append(arguments)
        new_id = call_id if self.id is None else None
        self.id = self.id or call_id
        self.name = self.name or name
        if self.named:
            if not arguments and not new_id:
                return None
            return ToolCallDelta(self.index, new_id, None, arguments)
        if self.name is None:
            return None
        self.named = True
        return ToolCallDelta(self.index, self.id, self.name, "".join(self.arguments))


def _grow(
    call: _Call, call_id: str | None, name: str | None, arguments: str
) -> list[ToolCallDelta]:
    news = call.grow(call_id, name, arguments)
    return [] if news is None else [news]


def _name(name: Any) -> str | None:
    if name and type(name) is not str:
        raise TypeError("a name that is not text")
    return name or None


class ToolCallDeltas:
    """Gives every piece of a stream the number of its call: 0, 1, 2 in the order they open.

    A piece with a new id or name opens a call. Others belong to the call that opened with their
    number, as long as the numbers make sense: once a piece has come with one that no call opened
    with, or that of a finished call, pieces belong to the call that opened last, since Heroku
    sends one call after the other. Where numbers that do not count the calls can mean either,
    pieces are held until it is clear. Pieces that no call can take wait for the next to open.
    """

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_number: dict[int, _Call] = {}
        self._count = True  # openings are numbered 0, 1, 2
        self._agree: bool | None = None  # whether pieces have shown the numbers to be right
        self._held: list[tuple[_Call, str]] = []  # with the call that the number means
        self._orphans: list[str] = []

    def __bool__(self) -> bool:
        """Whether any call has opened."""
        return bool(self._calls)

    def read(self, pieces: Iterable[Mapping[str, Any]]) -> list[ToolCallDelta]:
        """The news in these entries of `tool_calls`.

        Raises:
            AttributeError: An entry, or its function, is no object.
            TypeError: They are no list, or a name is no text.
        """
        return [delta for piece in pieces for delta in self._read(piece)]

    def read_whole(self, calls: Iterable[Mapping[str, Any]]) -> list[ToolCallDelta]:
        """The calls of an answer that came whole: each is one, be their ids alike or missing.

        Raises:
            AttributeError: As for `read`.
            TypeError: As for `read`.
        """
        return [delta for call in calls for delta in self._read_call(call)]

    def finish(self, answer_id: str | None) -> list[ToolCallDelta]:
        """What was held, and ids for the calls that came without one.

        Raises:
            InvalidResponseError: Arguments without a call, or a call without a name, are left.
        """
        held = self._release()
        if orphans := "".join(self._orphans).strip():
            raise InvalidResponseError(
                "The stream has arguments of a tool call that never opened.",
                "Ask again.",
                body=orphans,
            )
        for call in self._calls:
            if call.name is None:
                raise InvalidResponseError(
                    "The stream has a tool call without a name.",
                    "Ask again.",
                    body="".join(call.arguments),
                )
        return held + [
            ToolCallDelta(call.index, generated_id(answer_id, call.index), None, "")
            for call in self._calls
            if call.id is None
        ]

    def _read_call(self, call: Mapping[str, Any]) -> list[ToolCallDelta]:
        function = call.get("function") or {}
        arguments = arguments_text(function.get("arguments"))
        call_id, name = identifier(call.get("id")), _name(function.get("name"))
        return _grow(self._open(None), call_id, name, arguments)

    def _read(self, piece: Mapping[str, Any]) -> list[ToolCallDelta]:
        function = piece.get("function") or {}
        number, call_id, name = piece.get("index"), piece.get("id"), function.get("name")
        arguments = arguments_text(function.get("arguments"))
        if type(number) is not int:
            number = None
        if call_id or name:
            return self._name(number, identifier(call_id), _name(name), arguments)
        if not (arguments or self._is_strange(number)):
            return []
        call = self._addressee(number)
        if call is None:
            self._orphans.append(arguments)
            return []
        if self._is_ambiguous(call):
            self._held.append((call, arguments))
            return []
        return self._release() + _grow(call, None, None, arguments)

    def _name(
        self, number: int | None, call_id: str | None, name: str | None, arguments: str
    ) -> list[ToolCallDelta]:
        call = self._known(number, call_id, name)
        if call is not None:
            return _grow(call, call_id, name, arguments)
        held = self._release()
        call = self._open(number)
        arguments = "".join([*self._orphans, arguments])
        self._orphans.clear()
        return held + _grow(call, call_id, name, arguments)

    def _open(self, number: int | None) -> _Call:
        call = _Call(len(self._calls))
        self._calls.append(call)
        if number is not None:
            self._by_number[number] = call
            self._count = self._count and number == call.index
        return call

    def _known(self, number: int | None, call_id: str | None, name: str | None) -> _Call | None:
        """The call that this id or name completes or repeats; `None` when it opens another."""
        for opened in self._calls:
            if call_id is not None and opened.id == call_id:
                return opened
        call = self._latest if number is None else self._by_number.get(number)
        if call is None or (call_id and call.id) or (name and call.name not in {None, name}):
            return None
        # The same name again, and no id to tell: another call if this one is at its end.
        return None if name and call.name and call.complete else call

    def _addressee(self, number: int | None) -> _Call | None:
        """The call that a piece without id and name belongs to; `None` when it has to wait."""
        latest = self._latest
        if latest is None:
            return None
        trusted = number is not None and self._agree is not False
        call = self._by_number.get(number) if number is not None and trusted else None
        if call is latest and not self._count:
            self._agree = True
        if call is latest or (call is not None and not call.complete):
            return call
        if latest.complete:
            return None
        if trusted:
            self._agree = False
        return latest

    def _is_strange(self, number: int | None) -> bool:
        """Whether no call opened with this number: even an empty piece shows that."""
        return number is not None and bool(self._calls) and number not in self._by_number

    def _is_ambiguous(self, call: _Call) -> bool:
        """Whether the number may mean another call: of one that drifts by one it is the last."""
        if call is self._latest or self._count or self._agree is not None:
            return False
        if any(held is not call for held, _ in self._held):
            self._agree = True  # a call that drifts has one number only
        return self._agree is None

    def _release(self) -> list[ToolCallDelta]:
        """What was held, to the calls by number if that has proved right, else to the last."""
        held, self._held = self._held, []
        news: list[ToolCallDelta] = []
        for call, arguments in held:
            if self._agree is None:
                self._agree = False
            owner = call if self._agree else self._calls[-1]
            news += _grow(owner, None, None, arguments)
        return news

    @property
    def _latest(self) -> _Call | None:
        return self._calls[-1] if self._calls else None
