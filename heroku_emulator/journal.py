"""What was asked, in order of arrival, without keys. Thread-safe and bounded."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from heroku_emulator.journal_lines import line_of

__all__ = ["Journal", "JournalEntry"]

_SECRET_HEADERS = frozenset({"authorization", "x-api-key", "cookie", "proxy-authorization"})
_SHOWN = 20  # requests in the journal's text


@dataclass(slots=True, kw_only=True)
class JournalEntry:
    """One request, and what became of it."""

    method: str
    path: str
    headers: dict[str, str]
    """By lower-case name; keys are masked."""
    body: Any = None
    """The parsed JSON body; text where it was not JSON; `None` where there was none."""
    status: int | None = None
    """The answer's status; `None` before it, and for connections that were reset."""
    events: int = 0
    """Frames of the stream that were sent, `[DONE]` included."""
    client_left: bool = False
    """Whether the client closed the connection before the answer was complete."""
    size: int = 0
    """Bytes of the request's body."""
    _over: threading.Event = field(default_factory=threading.Event, repr=False)

    def close(self) -> None:
        """Marks the exchange as over."""
        self._over.set()

    def wait(self, timeout: float = 5.0) -> bool:
        """Waits until the exchange is over; returns whether it is, after `timeout` seconds."""
        return self._over.wait(timeout)

    def __str__(self) -> str:
        """Tells it in one line: `POST /v1/embeddings -> 200: cohere-embed-multilingual, "Hi"`."""
        became = "no answer" if self.status is None else str(self.status)
        if self.events:
            became += f", {self.events} events"
        said = line_of(self.body)
        return f"{self.method} {self.path} -> {became}{': ' if said else ''}{said}"


class Journal(Sequence[JournalEntry]):
    """The last requests: `journal[-1].body`, `len(journal)`, `journal.to("/v1/rerank")`."""

    def __init__(self, *, entries: int = 2_000, size: int = 64_000_000) -> None:
        """Keeps at most `entries` requests whose bodies have `size` bytes together."""
        self._entries: deque[JournalEntry] = deque()
        self._most = entries
        self._room = size
        self._held = 0
        self._lock = threading.Lock()

    def record(
        self, method: str, path: str, headers: Mapping[str, str], body: Any, size: int
    ) -> JournalEntry:
        """Writes down a request that has arrived."""
        shown = {
            name.lower(): "***" if name.lower() in _SECRET_HEADERS else value
            for name, value in headers.items()
        }
        entry = JournalEntry(method=method, path=path, headers=shown, body=body, size=size)
        with self._lock:
            self._entries.append(entry)
            self._held += size
            while self._is_over_full():
                self._held -= self._entries.popleft().size
        return entry

    def _is_over_full(self) -> bool:
        """The newest entry always stays, however large."""
        held = len(self._entries)
        return held > self._most or (held > 1 and self._held > self._room)

    def to(self, path: str) -> list[JournalEntry]:
        """Returns the requests to paths that end in `path`."""
        return [entry for entry in self if entry.path.endswith(path)]

    def only(self, path: str = "") -> JournalEntry:
        """Returns the one request to a path that ends in `path`, for tests that expect just one.

        Raises:
            AssertionError: There was none, or more than one; the message tells what was asked.
        """
        __tracebackhide__ = True  # pytest then shows the test's line, not this one
        found = self.to(path)
        if len(found) != 1:
            wanted = f"one request to {path}" if path else "one request"
            raise AssertionError(f"Expected {wanted}, got {len(found)}. All requests:\n{self}")
        return found[0]

    def clear(self) -> None:
        """Forgets everything so far."""
        with self._lock:
            self._entries.clear()
            self._held = 0

    @overload
    def __getitem__(self, index: int) -> JournalEntry: ...
    @overload
    def __getitem__(self, index: slice) -> list[JournalEntry]: ...
    def __getitem__(self, index: int | slice) -> JournalEntry | list[JournalEntry]:
        with self._lock:
            return list(self._entries)[index]

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def __repr__(self) -> str:
        return f"Journal({list(self)!r})"

    def __str__(self) -> str:
        """Tells each request in a line; of more than 20 only the last."""
        lines = [f"{number:>4}. {entry}" for number, entry in enumerate(self, start=1)]
        left_out = len(lines) - _SHOWN
        if left_out > 0:
            lines = [f"      ({left_out} before these)", *lines[left_out:]]
        return "\n".join(lines) or "  (none)"
