"""What was paid for: an SQLite file that knows each text by a hash, and keeps its vector.

An answer is written in one transaction, as it comes: whatever kills a process, only requests that
were under way are lost. Several threads and processes of one machine may share a ledger.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from array import array
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from heroku_inference._errors import ConfigError, HerokuError, InvalidResponseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["DTYPES", "NOWHERE", "Known", "Ledger", "Place"]

DTYPES: Final = {
    "float": ("f", "float32"),
    "int8": ("b", "int8"),
    "uint8": ("B", "uint8"),
    "binary": ("b", "int8"),
    "ubinary": ("B", "uint8"),
}
"""How the numbers of each `embedding_type` are kept: as Python's `array` and as numpy name it."""

NOWHERE: Final = -1
"""The place, among `places`, of a vector that is not in a part."""

_VERSION: Final = "1"
_BUSY: Final = 60.0  # seconds to wait for another process to finish what it writes
_PAUSE: Final = 0.01  # seconds, until a file in use is asked again
_PAGES_IN_LOG: Final = 4000  # of 4 KiB, until the log is written back

# `answers.vectors` holds the vectors of one answer in a row. They go once all of them are in parts;
# `places` then says where: (part << 32) + row for each.
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS texts (
    key BLOB PRIMARY KEY, answer INTEGER, place INTEGER, reason TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (number INTEGER PRIMARY KEY, vectors BLOB, places BLOB);
CREATE TABLE IF NOT EXISTS ids (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, key BLOB NOT NULL,
    position INTEGER NOT NULL, part INTEGER, reason TEXT
);
CREATE INDEX IF NOT EXISTS ids_waiting ON ids (part) WHERE part IS NULL;
CREATE INDEX IF NOT EXISTS ids_refused ON ids (part) WHERE part = -1;
CREATE TABLE IF NOT EXISTS parts (number INTEGER PRIMARY KEY, rows INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS stale (part INTEGER, key BLOB, PRIMARY KEY (part, key)) WITHOUT ROWID;
"""


class Known(NamedTuple):
    """What came of a text: the answer with its vector and the vector's place there, or why not."""

    answer: int | None
    place: int | None
    reason: str | None


class Place(NamedTuple):
    """A vector's place: in an answer that the ledger keeps, or in a row of a part."""

    vector: bytes | None
    part: int
    row: int


class Ledger:
    """The texts that were sent, with one model for one purpose.

    Attributes:
        path: The file.
        name: A name that no other ledger has, which its parts carry.
        typecode: Of the numbers of a vector, as `array` names it.
        width: Numbers of a vector, once one has come.

    Args:
        path: The file; it is made if it is not there. `:memory:` is one that nobody else sees, and
            an empty one is too, but may be larger than memory.
        model: The model id.
        input_type: What the vectors are for.
        embedding_type: What their numbers are; `None` is `float`.

    Raises:
        ConfigError: The file is not a ledger, or one of another model, input or embedding type.
    """

    def __init__(
        self, path: str | Path, *, model: str, input_type: str, embedding_type: str | None = None
    ) -> None:
        self.path = path
        kind = {
            "model": model,
            "input_type": input_type,
            "embedding_type": embedding_type or "float",
        }
        self.typecode = DTYPES[kind["embedding_type"]][0]
        self._lock = threading.RLock()
        self._hash = blake2b("\0".join([*kind.values(), ""]).encode(), digest_size=16)
        self._db = _opened(path)
        try:
            with self.writing() as db:
                for table in filter(None, map(str.strip, _TABLES.split(";"))):
                    db.execute(table)
                self.name = self._check_settings(kind)
            self.width = self._width()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def key(self, text: str, way: str = "") -> bytes:
        """The text's name here: 16 bytes of a hash of the text, model, input and embedding type.

        Args:
            text: Any text.
            way: How it is embedded, where that is not as it is: a text that is too long.
        """
        digest = self._hash.copy()
        digest.update(text.encode(errors="surrogatepass"))
        if way:
            digest.update(b"\0" + way.encode())
        return digest.digest()

    def known(self, keys: Iterable[bytes]) -> dict[bytes, Known]:
        """What came of those of the texts that were sent."""
        with self.reading() as db:
            found = ((key, self.find(db, key)) for key in keys)
            return {key: known for key, known in found if known is not None}

    @staticmethod
    def find(db: sqlite3.Connection, key: bytes) -> Known | None:
        """`known`, of one text, within `reading` or `writing`."""
        row = db.execute("SELECT answer, place, reason FROM texts WHERE key = ?", (key,)).fetchone()
        return Known(*row) if row is not None else None

    def keep(self, keys: Sequence[bytes], vectors: Sequence[Sequence[float]]) -> None:
        """Write down an answer, with a vector for each of the texts; of two, the first stays.

        Raises:
            InvalidResponseError: Its vectors are not as wide as those before.
            HerokuError: The file cannot be written: the disk is full, for example.
        """
        numbers: Any = array(self.typecode)
        for vector in vectors:
            numbers.extend(array(self.typecode, vector))
        self.keep_bytes(keys, numbers.tobytes(), len(vectors[0]))

    def keep_bytes(self, keys: Sequence[bytes], vectors: bytes, width: int) -> None:
        """`keep`, of vectors that are bytes already."""
        with self.writing() as db:
            self._check_width(db, width)
            number = db.execute("INSERT INTO answers (vectors) VALUES (?)", (vectors,)).lastrowid
            db.executemany(
                "INSERT INTO texts (key, answer, place) VALUES (?, ?, ?) ON CONFLICT (key) "
                "DO UPDATE SET answer = excluded.answer, place = excluded.place, reason = NULL "
                "WHERE answer IS NULL",
                [(key, number, place) for place, key in enumerate(keys)],
            )

    def refuse(self, reasons: Mapping[bytes, str]) -> None:
        """Write down why texts have no vector."""
        with self.writing() as db:
            db.executemany(
                "INSERT INTO texts (key, reason) VALUES (?, ?) ON CONFLICT (key) "
                "DO UPDATE SET reason = excluded.reason WHERE answer IS NULL",
                list(reasons.items()),
            )

    def newest_answer(self) -> int:
        """The number of the answer that was kept last; 0 before the first."""
        with self.reading() as db:
            newest: int = db.execute("SELECT COALESCE(MAX(number), 0) FROM answers").fetchone()[0]
            return newest

    def places(self, answer: int) -> list[Place]:
        """Where the vectors of an answer are."""
        with self.reading() as db:
            vectors, packed = db.execute(
                "SELECT vectors, places FROM answers WHERE number = ?", (answer,)
            ).fetchone()
        spots = array("q", packed or b"")
        self.width = self.width or self._width()  # another process may have kept the first answer
        size = array(self.typecode).itemsize * (self.width or 0)
        count = len(vectors) // size if vectors is not None else len(spots)
        return [
            Place(
                None if vectors is None else vectors[place * size : (place + 1) * size],
                *(divmod(spots[place], 1 << 32) if spots else (NOWHERE, 0)),
            )
            for place in range(count)
        ]

    def setting(self, name: str) -> str | None:
        """What was written down under this name."""
        with self.reading() as db:
            row = db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
            return None if row is None else str(row[0])

    def settle(self, name: str, value: str, remedy: str) -> None:
        """Write down what is to stay as it is; once it is there, it must be the same.

        Raises:
            ConfigError: It is another.
        """
        with self.writing() as db:
            db.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (name, value))
        if (there := self.setting(name)) != value:
            raise ConfigError(f"The {name} of the ledger {self.path} is {there}.", remedy)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for statements that write nothing."""
        with self._lock, self._clear_errors():
            yield self._db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection, within a transaction: all that is written stands, or nothing of it."""
        with self._lock, self._clear_errors():
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise HerokuError(
                f"The ledger {self.path} cannot be used: {error}.",
                "Is the disk full, or the folder read-only? What the ledger holds is safe.",
            ) from error

    def _check_settings(self, kind: Mapping[str, str]) -> str:
        """Whether the file is a ledger of this kind; its name."""
        there: dict[str, str] = dict(self._db.execute("SELECT name, value FROM settings"))
        if not there:
            there = {"version": _VERSION, "name": uuid.uuid4().hex, **kind}
            self._db.executemany("INSERT INTO settings VALUES (?, ?)", there.items())
        if there.get("version") != _VERSION:
            raise ConfigError(
                f"The ledger {self.path} was written by another version of this library.",
                "Use that version, or another folder.",
            )
        for name, value in kind.items():
            if there[name] != value:
                raise ConfigError(
                    f"The ledger {self.path} is about {name}={there[name]!r}, and this job is "
                    f"about {name}={value!r}.",
                    "Vectors of both must not be mixed: pass another output folder, or that "
                    f"{name}.",
                )
        return there["name"]

    def _width(self) -> int | None:
        width = self.setting("width")
        return int(width) if width else None

    def _check_width(self, db: sqlite3.Connection, width: int) -> None:
        if self.width is None:
            db.execute("INSERT OR IGNORE INTO settings VALUES ('width', ?)", (str(width),))
            self.width = self._width()
        if width != self.width:
            raise InvalidResponseError(
                f"Heroku answered with vectors of {width} numbers, after vectors of {self.width}.",
                "Does each add-on have the same model, and is it the one of the last run?",
            )


def _opened(path: str | Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise ConfigError(
            f"The ledger {path} cannot be opened: {error}.", "Does its folder exist?"
        ) from error
    try:
        # A process that is killed loses nothing; a machine that loses power, the last moments.
        _keep_log(db)
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_IN_LOG}")
        db.execute("PRAGMA cache_size = -8000")
    except sqlite3.DatabaseError as error:
        db.close()
        raise ConfigError(
            f"The ledger {path} cannot be opened: {error}.", "Is it the file of another program?"
        ) from error
    return db


def _keep_log(db: sqlite3.Connection) -> None:
    """Let the file have a log, so that readers and a writer do not wait for each other.

    Of processes that ask for it at the same time, SQLite refuses some at once, whatever `timeout`
    says; they ask again.
    """
    latest = time.monotonic() + _BUSY
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > latest:
                raise
            time.sleep(_PAUSE)
        else:
            return
