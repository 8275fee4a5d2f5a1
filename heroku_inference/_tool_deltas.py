"""Tool calls that arrive in pieces, whatever numbers the wire gave to the pieces. Pure.

Heroku's pieces repeat `"name": ""`, and can carry another `index` than the opening of the call
that they belong to, or none.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from heroku_inference._answers import ToolCallDelta
from heroku_inference._errors import InvalidResponseError
from heroku_inference._tool_arguments import ObjectScanner, arguments_text

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


class ToolCallDeltas:
    """Gives every piece of a stream the number of its call: 0, 1, 2 in the order they open.

    A piece with a new id or name opens a call. Others belong to the call that opened with their
    number, as long as the numbers make sense: once an opening or a piece has shown that they
    do not count the calls, pieces belong to the call that opened last, since Heroku sends one
    call after the other. A call whose arguments are a whole JSON object takes no piece away
    from a later one. Pieces that no call can take wait for the next to open.
    """

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_number: dict[int, _Call] = {}
        self._numbers_count = True
        self._orphans: list[str] = []

    def __bool__(self) -> bool:
        """Whether any call has opened."""
        return bool(self._calls)

    def read(self, pieces: Iterable[Mapping[str, Any]]) -> list[ToolCallDelta]:
        """The news in these entries of `tool_calls`."""
        return [delta for piece in pieces if (delta := self._read(piece)) is not None]

    def finish(self, answer_id: str | None) -> list[ToolCallDelta]:
        """Ids for the calls that came without one.

        Raises:
            InvalidResponseError: Arguments without a call, or a call without a name, are left.
        """
        if orphans := "".join(self._orphans).strip():
            raise InvalidResponseError(
                "The stream has arguments of a tool call that never opened.", body=orphans
            )
        for call in self._calls:
            if call.name is None:
                raise InvalidResponseError(
                    "The stream has a tool call without a name.", body="".join(call.arguments)
                )
        return [
            ToolCallDelta(call.index, generated_id(answer_id, call.index), None, "")
            for call in self._calls
            if call.id is None
        ]

    def _read(self, piece: Mapping[str, Any]) -> ToolCallDelta | None:
        function = piece.get("function") or {}
        call_id, name = piece.get("id") or None, function.get("name") or None
        arguments = arguments_text(function.get("arguments"))
        if call_id or name:
            known = self._known(piece.get("index"), call_id, name)
            if known is None:
                known = self._open(piece.get("index"))
                arguments = "".join([*self._orphans, arguments])
                self._orphans.clear()
            return known.grow(call_id, name, arguments)
        if not arguments:
            return None
        call = self._addressee(piece.get("index"))
        if call is None:
            self._orphans.append(arguments)
            return None
        return call.grow(None, None, arguments)

    def _open(self, number: int | None) -> _Call:
        call = _Call(len(self._calls))
        self._calls.append(call)
        if number is not None:
            self._by_number[number] = call
            self._numbers_count = self._numbers_count and number == call.index
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
        call = self._by_number.get(number) if number is not None and self._numbers_count else None
        if call is latest or (call is not None and not call.complete):
            return call
        if latest.complete:
            return None
        self._numbers_count = self._numbers_count and number is None
        return latest

    @property
    def _latest(self) -> _Call | None:
        return self._calls[-1] if self._calls else None
