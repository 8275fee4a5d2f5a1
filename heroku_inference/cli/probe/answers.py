"""One answer of the API exactly as it came: bytes, frames and fields, read without any repair."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Frame", "RawAnswer", "RefusedError"]

_LONGEST_EXCERPT = 160  # characters of a refusal that a report shows


class RefusedError(Exception):
    """The API refused the request, so the question has no answer; the message says how."""


class Frame(NamedTuple):
    """One event of a stream, as written: its name, its data, and its lines."""

    event: str | None
    data: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class RawAnswer:
    """Status, headers with lower-case names, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", errors="replace")

    @cached_property
    def json(self) -> Any:
        """The body as JSON; `None` if it is something else."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def accepted(self) -> RawAnswer:
        """The answer itself.

        Raises:
            RefusedError: The status is not 200.
        """
        if self.status != 200:  # noqa: PLR2004 - the one status of an answer
            raise RefusedError(self.refusal())
        return self

    def refusal(self) -> str:
        """Status and message of a refusal, in one line."""
        message = " ".join((error_message(self.json) or self.text).split())
        cut = message if len(message) <= _LONGEST_EXCERPT else f"{message[:_LONGEST_EXCERPT]}…"
        return f"{self.status} {cut}".rstrip()

    @property
    def message(self) -> dict[str, Any]:
        """The message of a chat answer.

        Raises:
            RefusedError: The status is not 200.
        """
        choices = self._field("choices") or [{}]
        message = choices[0].get("message")
        return message if isinstance(message, dict) else {}

    @property
    def finish_reason(self) -> object:
        """Why a chat answer ended."""
        choices = self._field("choices") or [{}]
        return choices[0].get("finish_reason")

    def _field(self, name: str) -> Any:
        value = self.accepted().json
        return value.get(name) if isinstance(value, dict) else None

    @cached_property
    def frames(self) -> list[Frame]:
        """The events of a streamed answer.

        Raises:
            RefusedError: The status is not 200.
        """
        return list(_frames(self.accepted().text))

    @property
    def comments(self) -> int:
        """How many comment lines a stream has."""
        return sum(line.startswith(":") for line in self.text.splitlines())

    @cached_property
    def chunks(self) -> list[dict[str, Any]]:
        """The events that are JSON objects, `[DONE]` and all else left out."""
        values = []
        for frame in self.frames:
            try:
                value = json.loads(frame.data)
            except ValueError:
                continue
            if isinstance(value, dict):
                values.append(value)
        return values

    @property
    def choice_chunks(self) -> list[dict[str, Any]]:
        """The chunks that hold a choice."""
        return [chunk for chunk in self.chunks if chunk.get("choices")]

    @property
    def tool_deltas(self) -> list[dict[str, Any]]:
        """All pieces of tool calls in a stream, in order."""
        deltas = [chunk["choices"][0].get("delta") or {} for chunk in self.choice_chunks]
        return [piece for delta in deltas for piece in delta.get("tool_calls") or ()]


def error_message(body: Any) -> str | None:
    """The message of an error body in any of its envelopes."""
    error = body.get("error", body) if isinstance(body, dict) else None
    if isinstance(error, str):
        try:
            error = json.loads(error)
        except ValueError:
            return error
    message = error.get("message") if isinstance(error, dict) else None
    return message if isinstance(message, str) else None


def _frames(text: str) -> Iterator[Frame]:
    for block in text.replace("\r\n", "\n").split("\n\n"):
        lines = tuple(line for line in block.split("\n") if line and not line.startswith(":"))
        fields = [line.partition(":") for line in lines]
        data = [value.removeprefix(" ") for name, _, value in fields if name == "data"]
        names = [value.removeprefix(" ") for name, _, value in fields if name == "event"]
        if data:
            yield Frame(names[-1] if names else None, "\n".join(data), lines)
