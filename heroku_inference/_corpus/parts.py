"""A folder of Parquet files with ids and vectors: each is there whole, or not at all."""

from __future__ import annotations

import os
import re
from array import array
from bisect import bisect_right
from contextlib import contextmanager
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._adapters.extras import import_of_extra
from heroku_inference._errors import ConfigError, HerokuError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["ROWS_READ_TOGETHER", "Parts"]

ROWS_READ_TOGETHER: Final = 1024
"""Rows of a row group: few, so that the vector of one text can be read again for an equal one."""

_NAME: Final = re.compile(r"part-(\d{5,})\.parquet")
_LEDGER: Final = b"heroku_inference.ledger"


class Parts:
    """The parts of one ledger in a folder, `part-00000.parquet` and so on.

    Args:
        folder: It is made if it is not there.
        ledger_name: Written into each part, so that the parts of others are left alone.
        model: Of each row, as is `input_type`.
        input_type: What the vectors are for.
        dtype: Of the numbers of a vector: `float32`, `int8` or `uint8`.

    Raises:
        ImportError: The extra `corpus` is not installed.
        ConfigError: `folder` cannot be a folder.
    """

    def __init__(
        self, folder: Path, *, ledger_name: str, model: str, input_type: str, dtype: str
    ) -> None:
        self.folder = folder
        self._ledger_name = ledger_name.encode()
        self._kind = {"model": model, "input_type": input_type}
        self._dtype = dtype
        self._arrow = import_of_extra("pyarrow", "corpus", "EmbedJob")
        self._parquet = import_of_extra("pyarrow.parquet", "corpus", "EmbedJob")

    def path(self, number: int) -> Path:
        """The file of a part."""
        return self.folder / f"part-{number:05}.parquet"

    def check(self, known: Iterable[int]) -> None:
        """Whether the folder holds the parts that the ledger knows, and no others.

        A part that was written just before its run was killed is removed: the ledger has its
        vectors, and writes it again.

        Raises:
            ConfigError: A part is missing, or is not of this ledger.
        """
        unknown = {self.path(number) for number in self._numbers()}
        for number in known:
            path = self.path(number)
            if path not in unknown:
                raise ConfigError(
                    f"{path} is missing, which the ledger knows.",
                    "Put it back, or start again in another folder with another ledger.",
                )
            unknown.remove(path)
        for path in sorted(unknown):
            if self._ledger_of(path) != self._ledger_name:
                raise ConfigError(
                    f"{path} was not written with this ledger.",
                    "Pass the ledger of that folder, or another output folder.",
                )
            path.unlink()
        for unfinished in self.folder.glob(".part-*.parquet.unfinished"):
            unfinished.unlink()

    def _numbers(self) -> Iterator[int]:
        for path in self.folder.glob("part-*.parquet"):
            if match := _NAME.fullmatch(path.name):
                yield int(match[1])

    def _ledger_of(self, path: Path) -> bytes | None:
        with self._clear_errors(path):
            metadata = self._parquet.read_schema(path).metadata or {}
            name: bytes | None = metadata.get(_LEDGER)
            return name

    def write(self, number: int, width: int, groups: Iterable[tuple[Sequence[str], Any]]) -> None:
        """Write a part of these groups of ids and vectors; it is there when this returns.

        Raises:
            HerokuError: It cannot be written: the disk is full, for example.
        """
        arrow = self._arrow
        vector = arrow.list_(arrow.from_numpy_dtype(self._dtype), width)
        words = [arrow.field(name, arrow.string()) for name in self._kind]
        schema = arrow.schema(
            [arrow.field("id", arrow.string()), arrow.field("vector", vector), *words],
            metadata={_LEDGER: self._ledger_name},
        )
        unfinished = self.folder / f".part-{number:05}.parquet.unfinished"
        with self._clear_errors(unfinished):
            try:
                with (
                    unfinished.open("wb") as file,
                    # Random numbers do not get smaller; words that are all alike do.
                    self._parquet.ParquetWriter(
                        file, schema, compression="none", use_dictionary=[*self._kind]
                    ) as writer,
                ):
                    for ids, vectors in groups:
                        writer.write_table(self._table(schema, ids, vectors))
                    writer.close()
                    file.flush()
                    os.fsync(file.fileno())
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise
            unfinished.replace(self.path(number))
            _sync_folder(self.folder)

    def _table(self, schema: Any, ids: Sequence[str], vectors: Any) -> Any:
        arrow = self._arrow
        numbers = arrow.Array.from_buffers(
            schema.field("vector").type.value_type,
            vectors.size,
            [None, arrow.py_buffer(vectors.tobytes())],
        )
        columns = [
            self._strings(ids),
            arrow.FixedSizeListArray.from_arrays(numbers, vectors.shape[1]),
            *(self._strings([word] * len(ids)) for word in self._kind.values()),
        ]
        return arrow.table(columns, schema=schema)

    def _strings(self, texts: Sequence[str]) -> Any:
        """A column, made of its bytes.

        `arrow.array` would import pandas where it is installed, which takes a second, and Ctrl-C
        within an import can come out as another error.
        """
        words = [text.encode() for text in texts]
        ends = array("i", accumulate(map(len, words), initial=0))
        return self._arrow.StringArray.from_buffers(
            len(words),
            self._arrow.py_buffer(ends.tobytes()),
            self._arrow.py_buffer(b"".join(words)),
        )

    def ids(self, number: int) -> Iterator[list[str]]:
        """The ids of a part, in lists of a bounded length."""
        path = self.path(number)
        with self._clear_errors(path), self._parquet.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=["id"]).column(0).to_pylist()

    def vectors(self, number: int, rows: Sequence[int]) -> dict[int, bytes]:
        """The vectors of some rows of a part."""
        path = self.path(number)
        found = {}
        with self._clear_errors(path), self._parquet.ParquetFile(path) as file:
            groups = range(file.num_row_groups)
            ends = list(accumulate(file.metadata.row_group(group).num_rows for group in groups))
            wanted: dict[int, list[int]] = {}
            for row in rows:
                wanted.setdefault(bisect_right(ends, row), []).append(row)
            for group, of_group in wanted.items():
                column = file.read_row_group(group, columns=["vector"]).column(0)
                numbers = column.combine_chunks().flatten()
                data = memoryview(numbers.buffers()[1])
                number_size = numbers.type.bit_width // 8
                size = number_size * column.type.list_size
                for row in of_group:
                    in_group = row - ends[group] + len(column)
                    at = numbers.offset * number_size + in_group * size
                    found[row] = bytes(data[at : at + size])
        return found

    def remove(self, number: int) -> None:
        """Remove a part."""
        self.path(number).unlink(missing_ok=True)

    @contextmanager
    def _clear_errors(self, path: Path) -> Iterator[None]:
        try:
            yield
        except (OSError, self._arrow.ArrowException) as error:
            raise HerokuError(
                f"{path} cannot be read or written: {error}.",
                "Is the disk full, or the folder read-only? What was embedded is in the ledger.",
            ) from error


def _sync_folder(folder: Path) -> None:
    """Have the new name of a file survive a loss of power, where systems offer that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
