"""Ids and texts from files, row by row, each checked before it is paid for."""

from __future__ import annotations

import csv
import gzip
import os
import sys
import zlib
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from heroku_inference._config.arguments import nearest_name
from heroku_inference._decoding import decoded_json
from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = ["TEXT_FILES", "Source"]

TEXT_FILES: Final = (".md", ".txt")
"""The files of a folder that are read as texts."""

_JSON_LINES: Final = (".jsonl", ".ndjson")
_CSV: Final = (".csv", ".tsv")
_PARQUET: Final = ".parquet"
_ROWS_AT_ONCE: Final = 1024  # of Parquet
_BUFFER: Final = 1 << 20  # bytes of Parquet

_KINDS: Final = (
    "Texts are read from JSON lines (.jsonl, .ndjson), CSV (.csv, .tsv), either with .gz behind "
    f"it, Parquet (.parquet), and folders of text files ({', '.join(TEXT_FILES)})."
)
_NAME_IDS: Final = (
    "Name the column of ids with --id-column, or take the numbers of the rows with --number-rows."
)
_NAME_TEXTS: Final = "Name the column of texts with --text-column."
_UTF_8: Final = "Save it as text in UTF-8."


class _Row(NamedTuple):
    place: str
    values: Mapping[str, Any]


class Source:
    """Where the texts of a job are; each iteration reads them anew, a few at a time.

    Args:
        paths: Files of JSON lines, CSV or Parquet, folders of text files, or `-` for JSON lines
            from stdin. Names that end in `.gz` are unpacked while they are read.
        id_column: The field or column of the ids. A text file's id is its path in the folder.
        text_column: The field or column of the texts.
        number_rows: Whether ids are the numbers of the rows, from 1 through all files, instead.

    Attributes:
        can_be_read_again: Whether a second iteration reads the same; stdin and pipes are used up.

    Raises:
        ConfigError: A path does not exist, or is a file that cannot be read as texts.
    """

    def __init__(
        self,
        paths: Sequence[str],
        *,
        id_column: str = "id",
        text_column: str = "text",
        number_rows: bool = False,
    ) -> None:
        self._id_column = None if number_rows else id_column
        self._text_column = text_column
        self._readers = [(path, self._reader_of(path)) for path in paths]
        self.can_be_read_again = all(Path(path).is_file() or Path(path).is_dir() for path in paths)

    def __iter__(self) -> Iterator[tuple[str | int, str]]:
        """Each id with its text.

        Raises:
            ConfigError: Something cannot be read, or a row has no id or no text; the message says
                where. What came before it was right.
        """
        number = 0
        for path, read in self._readers:
            before = number
            with _read_errors(path):
                for row in read():
                    number += 1
                    yield self._id(row, number), self._text(row)
            if number == before:
                raise ConfigError(f"{_name(path)} has no texts.", "Check the path.")

    def _reader_of(self, given: str) -> Callable[[], Iterator[_Row]]:
        if given == "-":
            return lambda: _json_lines("stdin", sys.stdin.buffer)
        path = Path(given)
        if path.is_dir():
            return lambda: self._text_files(path)
        if not path.exists():
            raise ConfigError(f"There is no file or folder {given!r}.", "Check the path.")
        kind = (path.with_suffix("") if path.suffix == ".gz" else path).suffix.lower()
        if kind in _JSON_LINES:
            return lambda: _lines_of(path, _json_lines)
        if kind in _CSV:
            return lambda: _lines_of(path, self._csv)
        if path.suffix.lower() == _PARQUET:
            return lambda: self._parquet(path)
        advice = f" `jq -c '.[]' {path.name}` makes lines of a list." if kind == ".json" else ""
        raise ConfigError(f"{given!r} is of an unknown kind.", f"{_KINDS}{advice}")

    def _id(self, row: _Row, number: int) -> str | int:
        if self._id_column is None:
            return number
        found = row.values.get(self._id_column)
        if found is None or found == "":
            raise ConfigError(
                f"{row.place}: there is no id under {self._id_column!r}"
                f"{_instead(self._id_column, row.values)}.",
                _NAME_IDS,
            )
        if isinstance(found, str) or type(found) is int:
            return found
        raise ConfigError(
            f"{row.place}: the id {found!r} is of type {type(found).__name__}.",
            "An id is a text or a whole number.",
        )

    def _text(self, row: _Row) -> str:
        found = row.values.get(self._text_column)
        if isinstance(found, str):
            return found
        if found is None:
            raise ConfigError(
                f"{row.place}: there is no text under {self._text_column!r}"
                f"{_instead(self._text_column, row.values)}.",
                _NAME_TEXTS,
            )
        raise ConfigError(
            f"{row.place}: the text is of type {type(found).__name__}: {str(found)[:40]!r}.",
            "Make it a string.",
        )

    def _csv(self, name: str, file: BinaryIO) -> Iterator[_Row]:
        lines = _decoded_lines(name, file)
        header = next(lines, "")
        if not header.strip():
            return
        csv.field_size_limit(2**31 - 1)  # a text may be longer than Python's 131,072 characters
        delimiter = max(",;\t", key=header.count)
        names = next(csv.reader([header], delimiter=delimiter))
        self._require_columns(f"{name}, line 1", names)
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            place = f"{name}, line {rows.line_num + 2}"
            try:
                cells = next(rows, None)
            except csv.Error as error:
                raise ConfigError(
                    f"{place}: this is not CSV: {error}.",
                    'A text with a comma, a quote or a line break stands in quotes ("...").',
                ) from None
            if cells is None:
                return
            if cells:
                yield _Row(place, _cells_by_name(place, names, cells))

    def _parquet(self, path: Path) -> Iterator[_Row]:
        pyarrow, parquet = _pyarrow()
        number = 0
        try:
            # Page by page: each of Arrow's defaults would hold a whole group of rows.
            with parquet.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER) as file:
                self._require_columns(_name(path), file.schema_arrow.names)
                for batch in file.iter_batches(_ROWS_AT_ONCE, columns=self._columns):
                    for values in batch.to_pylist():
                        number += 1
                        yield _Row(f"{_name(path)}, row {number}", values)
        except pyarrow.ArrowException as error:
            raise ConfigError(
                f"{_name(path)} cannot be read as Parquet: {_why(error)}.", "Check the file."
            ) from None

    def _require_columns(self, place: str, names: Sequence[str]) -> None:
        for wanted in self._columns:
            if wanted not in names:
                remedy = _NAME_TEXTS if wanted == self._text_column else _NAME_IDS
                problem = f"{place}: there is no column {wanted!r}{_instead(wanted, names)}."
                raise ConfigError(problem, remedy)

    @property
    def _columns(self) -> list[str]:
        ids = [] if self._id_column is None else [self._id_column]
        return [*ids, self._text_column]

    def _text_files(self, folder: Path) -> Iterator[_Row]:
        for root, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                path = Path(root, name)
                if path.suffix.lower() in TEXT_FILES and not name.startswith("."):
                    with _read_errors(path):
                        text = _decoded(_name(path), path.read_bytes())
                    values = {self._text_column: text}
                    if self._id_column is not None:
                        values[self._id_column] = path.relative_to(folder).as_posix()
                    yield _Row(_name(path), values)


def _lines_of(path: Path, rows: Callable[[str, BinaryIO], Iterator[_Row]]) -> Iterator[_Row]:
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        yield from rows(_name(path), file)


def _json_lines(name: str, file: BinaryIO) -> Iterator[_Row]:
    for number, line in enumerate(_decoded_lines(name, file), 1):
        if not line.strip():
            continue
        place = f"{name}, line {number}"
        try:
            row = decoded_json(line)
        except ValueError as error:
            raise ConfigError(
                f"{place}: this is not JSON: {error}.", "Write one JSON object a line."
            ) from None
        if not isinstance(row, dict):
            raise ConfigError(
                f"{place}: this is not a JSON object.", 'Write {"id": ..., "text": ...} a line.'
            )
        yield _Row(place, row)


def _decoded_lines(name: str, file: BinaryIO) -> Iterator[str]:
    for number, line in enumerate(file, 1):
        text = _decoded(f"{name}, line {number}", line)
        yield text.removeprefix("\ufeff") if number == 1 else text


def _decoded(place: str, text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{place}: byte {error.start + 1} is not UTF-8 (0x{text[error.start]:02x}).", _UTF_8
        ) from None


def _cells_by_name(place: str, names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(names):
        raise ConfigError(
            f"{place}: the header has {len(names)} columns, and this row has {len(cells)}.",
            'A text with a comma, a quote or a line break stands in quotes ("...").',
        )
    return dict(zip(names, cells, strict=True))


def _instead(wanted: str, names: Iterable[str]) -> str:
    """The nearest name, or all that there are, behind a comma."""
    known = list(names)
    if wanted in known:
        return ""
    if nearest := nearest_name(wanted, known):
        return f", but there is {nearest!r}"
    return f", only {', '.join(map(repr, known[:10]))}" if known else ""


def _pyarrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise ConfigError(
            f"Parquet cannot be read: {error}.",
            'Install what reads it: pip install "heroku-inference[corpus]".',
        ) from None


@contextmanager
def _read_errors(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigError(
            f"{_name(path)} cannot be read: {_why(error)}.", "Check the file."
        ) from None


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).rstrip(".")


def _name(path: str | Path) -> str:
    return "stdin" if path == "-" else repr(str(path))
