"""Which ids there are, the text of each, and the part that has its row.

One run at a time writes these; a lock keeps a second one out until the first has ended or died.
"""

from __future__ import annotations

import sqlite3
from array import array
from itertools import groupby
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from heroku_inference._corpus.ledger import NOWHERE
from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heroku_inference._corpus.ledger import Known, Ledger

__all__ = ["REFUSED", "Row", "Rows", "State", "WaitingRow"]

REFUSED: Final = -1
"""The part of an id that has no vector."""

State = Literal["new", "equal", "reused", "refused"]
"""Of a row: its text must be embedded; was, or is about to be, by this run; before; or cannot."""


class Row(NamedTuple):
    """One text of the input; `reason` says why it cannot be embedded."""

    id: str
    key: bytes
    position: int
    reason: str | None


class WaitingRow(NamedTuple):
    """A row that is in no part yet, though its vector has come."""

    number: int
    id: str
    answer: int
    place: int


class Rows:
    """The ids of a ledger, for one run.

    Attributes:
        waiting: Rows that are in no part yet; some may lack their vectors.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = _locked(f"{ledger.path}.lock")
        self._seen = bytearray()  # a bit for the number of each id that this run was given
        self._earlier = ledger.newest_answer()
        self.waiting = 0
        self.mark_refused()
        with ledger.reading() as db:
            self.waiting = db.execute("SELECT COUNT(*) FROM ids WHERE part IS NULL").fetchone()[0]

    def close(self) -> None:
        """Let the next run begin."""
        self._lock.close()

    def register(self, rows: Sequence[Row], *, retry_refused: bool) -> list[State]:
        """Write down which text each id has; what is to be done for it.

        Raises:
            ConfigError: An id was given twice, with different texts.
        """
        with self._ledger.writing() as db:
            return [self._register(db, row, retry_refused=retry_refused) for row in rows]

    def _register(self, db: sqlite3.Connection, row: Row, *, retry_refused: bool) -> State:
        known = None if row.reason else self._ledger.find(db, row.key)
        if known is not None and known.answer is None and retry_refused:
            known = None
        is_refused = bool(row.reason) or (known is not None and known.answer is None)
        there = db.execute("SELECT number, key, part FROM ids WHERE id = ?", (row.id,)).fetchone()
        part = REFUSED if is_refused else None
        if there is None:
            number = db.execute(
                "INSERT INTO ids (id, key, position, part, reason) VALUES (?, ?, ?, ?, ?)",
                (row.id, row.key, row.position, part, row.reason),
            ).lastrowid
            assert number is not None  # noqa: S101 - it was inserted
            self.waiting += part is None
            self._see(number)
        else:
            number, key, before = there
            if not self._see(number):
                if key != row.key:
                    raise ConfigError(
                        f"Text {row.position} has the id {row.id!r}, which another text had "
                        "before it.",
                        "Give each text an id of its own.",
                    )
                return "refused" if is_refused else "equal"
            # What was refused waits again if it is to be tried again, or is no longer too long.
            if key != row.key or (before == REFUSED and part is None) or (part and before is None):
                self._change(db, number, row, part, before, key)
        if is_refused:
            return "refused"
        return self._state(known)

    def _state(self, known: Known | None) -> State:
        if known is None or known.answer is None:
            return "new"
        return "reused" if known.answer <= self._earlier else "equal"

    def _change(
        self,
        db: sqlite3.Connection,
        number: int,
        row: Row,
        part: int | None,
        before: int | None,
        key: bytes,
    ) -> None:
        db.execute(
            "UPDATE ids SET key = ?, position = ?, part = ?, reason = ? WHERE number = ?",
            (row.key, row.position, part, row.reason, number),
        )
        if before is not None and before != REFUSED:
            db.execute("INSERT OR IGNORE INTO stale VALUES (?, ?)", (before, key))
        self.waiting += (part is None) - (before is None)

    def _see(self, number: int) -> bool:
        """Note that this run was given an id; whether that is the first time."""
        place, bit = divmod(number, 8)
        if place >= len(self._seen):
            self._seen.extend(bytes(place + 4096 - len(self._seen)))
        if self._seen[place] >> bit & 1:
            return False
        self._seen[place] |= 1 << bit
        return True

    def mark_refused(self) -> int:
        """Take the rows whose texts were refused from those that wait; how many there are."""
        with self._ledger.writing() as db:
            marked = db.execute(
                "UPDATE ids SET part = ? WHERE part IS NULL AND EXISTS ("
                "SELECT 1 FROM texts WHERE texts.key = ids.key AND texts.answer IS NULL)",
                (REFUSED,),
            ).rowcount
        self.waiting -= marked
        return marked

    def refused(self) -> Iterator[tuple[str, int, str]]:
        """The id, position and reason of all that have no vector, in the order of the input."""
        number = 0
        while True:
            with self._ledger.reading() as db:
                found = db.execute(
                    "SELECT ids.number, ids.id, ids.position, COALESCE(ids.reason, texts.reason) "
                    "FROM ids LEFT JOIN texts ON texts.key = ids.key "
                    "WHERE ids.part = -1 AND ids.number > ? ORDER BY ids.number LIMIT 1000",
                    (number,),
                ).fetchall()
            if not found:
                return
            yield from (row[1:] for row in found)
            number = found[-1][0]

    def ready(self, after: int, most: int) -> list[WaitingRow]:
        """The next rows that wait and have their vectors, behind the one with this number."""
        with self._ledger.reading() as db:
            found = db.execute(
                "SELECT ids.number, ids.id, texts.answer, texts.place "
                "FROM ids JOIN texts ON texts.key = ids.key "
                "WHERE ids.part IS NULL AND ids.number > ? AND texts.answer IS NOT NULL "
                "ORDER BY ids.number LIMIT ?",
                (after, most),
            )
            return [WaitingRow(*row) for row in found]

    def next_part(self) -> int:
        """The number of the part to write next."""
        with self._ledger.reading() as db:
            number: int = db.execute("SELECT COALESCE(MAX(number), -1) + 1 FROM parts").fetchone()[
                0
            ]
        return max(number, int(self._ledger.setting("next_part") or 0))

    def parts(self) -> dict[int, int]:
        """The parts that stand, with the number of their rows."""
        with self._ledger.reading() as db:
            return dict(db.execute("SELECT number, rows FROM parts ORDER BY number").fetchall())

    def stored(self, numbers: Sequence[int]) -> None:
        """Write down that the caller's own store has these rows; the ledger keeps the vectors."""
        with self._ledger.writing() as db:
            db.executemany(
                "UPDATE ids SET part = 0 WHERE number = ?", [(number,) for number in numbers]
            )
        self.waiting -= len(numbers)

    def placed(
        self, part: int, numbers: Sequence[int], answers: Sequence[int], places: Sequence[int]
    ) -> None:
        """Write down that a part stands, with a row for each of these; their vectors may go."""
        rows = sorted(zip(answers, places, range(len(answers)), strict=True))
        with self._ledger.writing() as db:
            db.execute("INSERT INTO parts VALUES (?, ?)", (part, len(numbers)))
            db.executemany(
                "UPDATE ids SET part = ? WHERE number = ?", [(part, number) for number in numbers]
            )
            for answer, of_answer in groupby(rows, key=lambda row: row[0]):
                self._move(db, answer, [(place, part, row) for _, place, row in of_answer])
        self.waiting -= len(numbers)

    def _move(
        self, db: sqlite3.Connection, answer: int, moved: Sequence[tuple[int, int, int]]
    ) -> None:
        size, packed = db.execute(
            "SELECT LENGTH(vectors), places FROM answers WHERE number = ?", (answer,)
        ).fetchone()
        if packed is None:
            width = array(self._ledger.typecode).itemsize * (self._ledger.width or 1)
            spots = array("q", [NOWHERE << 32]) * (size // width)
        else:
            spots = array("q", packed)
        for place, part, row in moved:
            spots[place] = (part << 32) + row
        keeps = min(spots) < 0  # texts that no id has any more
        db.execute(
            "UPDATE answers SET places = ?, vectors = CASE WHEN ? THEN vectors END "
            "WHERE number = ?",
            (spots.tobytes(), keeps, answer),
        )

    def stale_parts(self) -> list[int]:
        """The parts that have rows of texts that were changed."""
        with self._ledger.reading() as db:
            found = db.execute("SELECT DISTINCT part FROM stale ORDER BY part").fetchall()
        return [part for (part,) in found]

    def stale_texts(self, part: int) -> list[tuple[bytes, int]]:
        """The changed texts that only this part has, each with the row there."""
        with self._ledger.reading() as db:
            keys = [key for (key,) in db.execute("SELECT key FROM stale WHERE part = ?", (part,))]
            found = [(key, self._ledger.find(db, key)) for key in keys]
        texts = []
        for key, known in found:
            if known is not None and known.answer is not None and known.place is not None:
                spot = self._ledger.places(known.answer)[known.place]
                if spot.vector is None and spot.part == part:
                    texts.append((key, spot.row))
        return texts

    def wait_again(self, part: int, ids: Sequence[str]) -> None:
        """Take rows from a part that is about to go; they wait for the next."""
        with self._ledger.writing() as db:
            self.waiting += db.executemany(
                "UPDATE ids SET part = NULL WHERE id = ? AND part = ?", [(id_, part) for id_ in ids]
            ).rowcount

    def drop_part(self, part: int, keys: Sequence[bytes], vectors: bytes) -> None:
        """Forget a part, but keep these vectors: they were paid for."""
        with self._ledger.writing() as db:
            if keys:
                number = db.execute(
                    "INSERT INTO answers (vectors) VALUES (?)", (vectors,)
                ).lastrowid
                db.executemany(
                    "UPDATE texts SET answer = ?, place = ? WHERE key = ?",
                    [(number, place, key) for place, key in enumerate(keys)],
                )
            db.execute("DELETE FROM stale WHERE part = ?", (part,))
            # Numbers are not used again: somebody may have read the old part.
            db.execute(
                "INSERT OR REPLACE INTO settings VALUES ('next_part', "
                "(SELECT MAX(number) + 1 FROM parts))"
            )
            db.execute("DELETE FROM parts WHERE number = ?", (part,))


def _locked(path: str) -> sqlite3.Connection:
    """A lock that goes with the process, however it ends: SQLite's own, of a file beside it."""
    lock = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        raise ConfigError(
            f"Another run uses this ledger: {path} is locked.",
            "Wait until it has ended, or pass another output folder.",
        ) from error
    return lock
