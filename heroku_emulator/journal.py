"""The requests in order of arrival, without keys. Thread-safe and bounded."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from heroku_emulator.journal_lines import line_of, shorten
from heroku_emulator.script import Step

__all__ = ["Journal", "JournalEntry"]

_SECRET_HEADERS = frozenset({"authorization", "x-api-key", "cookie", "proxy-authorization"})
_SHOWN = 20  # requests in the journal's text


@dataclass(slots=True, kw_only=True)
class JournalEntry:
    """One request and its outcome."""

    method: str
    path: str
    query: str = ""
    """The query of its URL, as it was sent."""
    headers: dict[str, str]
    """By lower-case name; keys are masked."""
    body: Any = None
    """The parsed JSON body; its text if it is not JSON; `None` without a body."""
    status: int | None = None
    """The answer's status; `None` before the answer, and after a reset connection."""
    events: int = 0
    """The number of frames sent, including `[DONE]`."""
    client_left: bool = False
    """Whether the client closed the connection before the answer was complete."""
    size: int = 0
    """The size of the request's body in bytes."""
    steps: tuple[Step, ...] = ()
    """The scripted steps that it was served, in order; empty if the engine answered."""
    _over: threading.Event = field(default_factory=threading.Event, repr=False)

    def close(self) -> None:
        """Marks the exchange as over."""
        self._over.set()

    def wait(self, timeout: float = 5.0) -> bool:
        """Waits until the exchange is over; returns whether it is, after `timeout` seconds."""
        return self._over.wait(timeout)

    def __str__(self) -> str:
        """Returns one line: `POST /v1/embeddings -> 200: cohere-embed-multilingual, "Hi"`.

        A request that used the script names its steps: `-> 429 by Fault(status=429): ...`.
        """
        outcome = "no answer" if self.status is None else str(self.status)
        if self.events:
            outcome += f", {self.events} events"
        if self.steps:
            outcome += f" by {shorten(', '.join(map(str, self.steps)))}"
        content = line_of(self.body)
        return f"{self.method} {self.path} -> {outcome}{': ' if content else ''}{content}"


class Journal(Sequence[JournalEntry]):
    """The last requests: `journal[-1].body`, `len(journal)`, `journal.to("/v1/rerank")`."""

    def __init__(self, *, entries: int = 2_000, size: int = 64_000_000) -> None:
        """Keeps at most `entries` requests, and at most `size` bytes of bodies."""
        self._entries: deque[JournalEntry] = deque()
        self._most = entries
        self._room = size
        self._held = 0
        self._lock = threading.Lock()

    def record(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Any,
        size: int,
        query: str = "",
    ) -> JournalEntry:
        """Records a request that has arrived."""
        shown = {
            name.lower(): "***" if name.lower() in _SECRET_HEADERS else value
            for name, value in headers.items()
        }
        entry = JournalEntry(
            method=method, path=path, query=query, headers=shown, body=body, size=size
        )
        with self._lock:
            self._entries.append(entry)
            self._held += size
            while self._is_over_full():
                self._held -= self._entries.popleft().size
        return entry

    def _is_over_full(self) -> bool:
        """Says whether to drop the oldest entry; the newest always stays, however large."""
        held = len(self._entries)
        return held > self._most or (held > 1 and self._held > self._room)

    def to(self, path: str) -> list[JournalEntry]:
        """Returns the requests to paths that end in `path`."""
        return [entry for entry in self if entry.path.endswith(path)]

    def only(self, path: str = "") -> JournalEntry:
        """Returns the only request to a path that ends in `path`.

        Raises:
            AssertionError: There were none or several; the message lists all requests.
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
        """Returns one line for each of the last 20 requests."""
        lines = [f"{number:>4}. {entry}" for number, entry in enumerate(self, start=1)]
        left_out = len(lines) - _SHOWN
        if left_out > 0:
            lines = [f"      ({left_out} before these)", *lines[left_out:]]
        return "\n".join(lines) or "  (none)"
