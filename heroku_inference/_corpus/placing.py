"""Vectors that go to their place: rows of a part, or a store of the caller's own."""

import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from heroku_inference._adapters.extras import import_of_extra
from heroku_inference._corpus.parts import ROWS_READ_TOGETHER
from heroku_inference._public_names import publish
from heroku_inference._values import Shown

if TYPE_CHECKING:
    from heroku_inference._corpus.ledger import Ledger
    from heroku_inference._corpus.parts import Parts
    from heroku_inference._corpus.rows import Rows, WaitingRow

__all__ = ["EmbeddedTexts", "Placing", "ToParts", "ToStore"]

_BETWEEN_STORES: Final = 0.5  # seconds


@dataclass(frozen=True, slots=True, repr=False)
class EmbeddedTexts(Shown):
    """Texts that have their vectors, for `store`.

    Attributes:
        ids: As they were given, but as text.
        vectors: A numpy array with a row for each id: `float32`, `int8` or `uint8`.
        model: The model id.
        input_type: What the vectors are for.
    """

    ids: Sequence[str]
    vectors: Any
    model: str
    input_type: str


class Placing(Protocol):
    """Where the rows of a run go.

    Attributes:
        parts_written: By this run.
    """

    parts_written: int

    def is_due(self, ready: int) -> bool:
        """Whether rows should go to their place now, with about this many ready."""

    def place(self) -> None:
        """Bring all rows that are ready to their place, or as many as fill whole parts."""

    def finish(self) -> None:
        """Bring the rest to its place."""


class ToParts:
    """Rows that go to Parquet files of `part_rows` rows."""

    def __init__(
        self, rows: "Rows", ledger: "Ledger", parts: "Parts", *, dtype: str, part_rows: int
    ) -> None:
        self.parts_written = 0
        self._rows = rows
        self._vectors = _Vectors(ledger, parts, dtype)
        self._parts = parts
        self._ledger = ledger
        self._part_rows = part_rows
        parts.check(rows.parts())

    def is_due(self, ready: int) -> bool:
        return ready >= self._part_rows

    def place(self) -> None:
        part = self._rows.next_part()
        written = _Written()
        groups = self._groups(written)
        first = next(groups, None)
        if first is None:
            return
        self._parts.write(part, self._ledger.width or 0, _with_first(first, groups))
        self._rows.placed(part, written.numbers, written.answers, written.places)
        self.parts_written += 1

    def finish(self) -> None:
        self._place_all()
        for part in self._rows.stale_parts():
            self._replace(part)

    def _place_all(self) -> None:
        before = -1
        while self.parts_written > before:
            before = self.parts_written
            self.place()

    def _replace(self, part: int) -> None:
        """Write the rows of a part again, without those whose texts were changed."""
        for ids in self._parts.ids(part):
            self._rows.wait_again(part, ids)
        self._place_all()
        texts = self._rows.stale_texts(part)
        vectors = self._parts.vectors(part, [row for _, row in texts])
        self._rows.drop_part(
            part, [key for key, _ in texts], b"".join(vectors[row] for _, row in texts)
        )
        self._parts.remove(part)

    def _groups(self, written: "_Written") -> Iterator[tuple[list[str], Any]]:
        after = 0
        while left := self._part_rows - len(written.numbers):
            rows = self._rows.ready(after, min(ROWS_READ_TOGETHER, left))
            if not rows:
                return
            after = rows[-1].number
            written.add(rows)
            yield [row.id for row in rows], self._vectors.of(rows)


class _Written:
    """The rows of a part, as the ledger will know them; a million are few bytes."""

    def __init__(self) -> None:
        self.numbers = array("q")
        self.answers = array("q")
        self.places = array("q")

    def add(self, rows: "Sequence[WaitingRow]") -> None:
        self.numbers.extend([row.number for row in rows])
        self.answers.extend([row.answer for row in rows])
        self.places.extend([row.place for row in rows])


def _with_first(first: Any, others: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from others


class ToStore:
    """Rows that go to the caller's own store, soon after they have come."""

    def __init__(
        self,
        rows: "Rows",
        ledger: "Ledger",
        store: Callable[[EmbeddedTexts], None],
        *,
        model: str,
        input_type: str,
        dtype: str,
    ) -> None:
        self.parts_written = 0
        self._rows = rows
        self._vectors = _Vectors(ledger, None, dtype)
        self._store = store
        self._kind = {"model": model, "input_type": input_type}
        self._due = 0.0

    def is_due(self, ready: int) -> bool:
        return ready > 0 and time.monotonic() >= self._due

    def place(self) -> None:
        while rows := self._rows.ready(0, ROWS_READ_TOGETHER):
            vectors = self._vectors.of(rows)
            self._store(EmbeddedTexts(ids=[row.id for row in rows], vectors=vectors, **self._kind))
            self._rows.stored([row.number for row in rows])
        self._due = time.monotonic() + _BETWEEN_STORES

    def finish(self) -> None:
        self.place()


class _Vectors:
    """Vectors, wherever they are: in the ledger, or in a part because of an equal text."""

    def __init__(self, ledger: "Ledger", parts: "Parts | None", dtype: str) -> None:
        self._ledger = ledger
        self._parts = parts
        self._dtype = dtype
        self._numpy = import_of_extra("numpy", "corpus", "EmbedJob")

    def of(self, rows: "Sequence[WaitingRow]") -> Any:
        """An array with a row for each."""
        found: list[bytes | None] = [None] * len(rows)
        elsewhere: dict[int, list[tuple[int, int]]] = {}
        by_answer: dict[int, list[int]] = {}
        for index, row in enumerate(rows):
            by_answer.setdefault(row.answer, []).append(index)
        for answer, indices in by_answer.items():
            spots = self._ledger.places(answer)
            for index in indices:
                spot = spots[rows[index].place]
                found[index] = spot.vector
                if spot.vector is None:
                    elsewhere.setdefault(spot.part, []).append((index, spot.row))
        for part, wanted in elsewhere.items():
            assert self._parts is not None  # noqa: S101 - a store's vectors stay in the ledger
            vectors = self._parts.vectors(part, [place for _, place in wanted])
            for index, place in wanted:
                found[index] = vectors[place]
        numbers = self._numpy.frombuffer(b"".join(filter(None, found)), dtype=self._dtype)
        return numbers.reshape(len(rows), -1)


publish(__name__)
