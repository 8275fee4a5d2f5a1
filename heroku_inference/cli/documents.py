"""`heroku-inference ask`: from files and folders to passages, each with the place it stands at."""

from __future__ import annotations

import codecs
import logging
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from heroku_inference._endpoints.embedding_wire import pieces_of, text_size
from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["MOST_PASSAGES", "Documents", "Passage", "read_documents"]

MOST_PASSAGES: Final = 2000
"""What one question may search: all of it is embedded for each question, and held in memory."""

_ENOUGH_BYTES: Final = 600  # of text to end a passage at a blank line
_LARGEST_FILE: Final = 20_000_000  # bytes

_MARKDOWN: Final = (".md", ".markdown")
_HTML: Final = (".html", ".htm", ".xhtml")
_PDF: Final = ".pdf"
_SUFFIXES: Final = (*_MARKDOWN, ".txt", ".rst", *_HTML, _PDF)

_FRONT_MATTER = re.compile(r"\A---[ ]*\n[\w-]+[ ]*:.*\n(?:.*\n)*?(?:---|\.\.\.)[ ]*(?:\n|\Z)")
_HEADING = re.compile(r"#{1,6} +(.+?) *#*$")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_UTF_16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")  # which text does not have


class Passage(NamedTuple):
    """A piece of a document, and where it stands: "line 12" or "page 3"."""

    file: str
    place: str
    text: str


@dataclass
class Documents:
    """What was read, and what the user should know of the rest."""

    files: int = 0
    passages: list[Passage] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """A sentence for each file that was not read, or not as UTF-8."""
    others: Counter[str] = field(default_factory=Counter)
    """Kinds of files that are not read, and how many there are of each."""


class _NotReadError(Exception):
    """Why a file is passed over, and what to do about it."""


def read_documents(paths: Sequence[str]) -> Documents:
    """Reads files and folders; goes on past a file that cannot be read.

    Raises:
        ConfigError: A path does not exist, nothing can be read, or there is more than
            `MOST_PASSAGES`.
    """
    documents = Documents()
    for file in _files_in(paths):
        if file.suffix.lower() not in _SUFFIXES:
            documents.others[file.suffix.lower() or "no suffix"] += 1
            continue
        try:
            passages, remark = _read(file)
        except _NotReadError as error:
            documents.problems.append(f"Not read: {file}: {error}")
            continue
        if remark:
            documents.problems.append(f"{file} {remark}")
        documents.files += 1
        documents.passages += passages
        if len(documents.passages) > MOST_PASSAGES:
            raise ConfigError(
                f"There are more than {MOST_PASSAGES:,} passages, of which {file} has "
                f"{len(passages):,}: too much to embed for one question.",
                "Name fewer files; for more, keep the vectors: `heroku-inference embed`.",
            )
    if not documents.passages:
        raise ConfigError(
            " ".join(["There is nothing to read.", *documents.problems]),
            f"Documents end in {', '.join(_SUFFIXES)}.",
        )
    return documents


def _files_in(paths: Iterable[str]) -> Iterator[Path]:
    """The files, in the order of their names, each once; hidden ones only if they are named."""
    seen: set[Path] = set()
    for given in paths:
        path = Path(given)
        if not given.strip() or not path.exists():  # an empty one would be the current folder
            raise ConfigError(f"There is no file or folder {given!r}.", "Check the path.")
        for file in _walk(path) if path.is_dir() else [path]:
            if (known := file.resolve()) not in seen:
                seen.add(known)
                yield file


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in sorted(names) if not name.startswith((".", "~$")))


def _read(file: Path) -> tuple[list[Passage], str]:
    """The passages of a file, and a remark if its encoding had to be guessed."""
    name, kind = file.as_posix(), file.suffix.lower()
    try:
        if file.stat().st_size > _LARGEST_FILE:
            raise _NotReadError(f"it is larger than {_LARGEST_FILE // 1_000_000} MB.")
        data = file.read_bytes()
    except OSError as error:
        raise _NotReadError(f"{error.strerror}.") from error
    remark = ""
    if kind == _PDF:
        parts = _pdf_pages(data)
    elif kind in _HTML:
        parts = [("", piece) for _, piece in _pieces(_html_text(data), headings=True)]
    else:
        text, remark = _decoded(data)
        parts = [
            (f"line {line}", piece) for line, piece in _pieces(text, headings=kind in _MARKDOWN)
        ]
    if not parts:
        raise _NotReadError("it holds no text (a scan?)." if kind == _PDF else "it is empty.")
    return [Passage(name, place, text) for place, text in parts], remark


def _pieces(text: str, *, headings: bool) -> Iterator[tuple[int, str]]:
    """Each piece of a text with the number of its first line, and below the heading it is under.

    A piece ends where a heading follows, or at the first blank line after enough text.
    """
    front = _FRONT_MATTER.match(text) if headings else None
    first = front[0].count("\n") if front else 0
    heading, start, held, in_code = "", first + 1, "", False
    for number, line in enumerate(text.split("\n")[first:], first + 1):
        in_code ^= bool(headings and _FENCE.match(line))
        title = _HEADING.match(line) if headings and not in_code else None
        if title or (not line.strip() and text_size(held) >= _ENOUGH_BYTES):
            yield from _fitting(start, heading, held)
            held = ""
        if title:
            heading = title[1]
        elif held or line.strip():
            start = start if held else number
            held += f"{line}\n"
    yield from _fitting(start, heading, held)


def _fitting(start: int, heading: str, text: str) -> Iterator[tuple[int, str]]:
    for piece in pieces_of(text, "split"):
        if words := piece.strip():
            yield start, f"# {heading}\n\n{words}" if heading else words
        start += piece.count("\n")


def _decoded(data: bytes) -> tuple[str, str]:
    """UTF-8, or UTF-16 with its mark, else what old Western European text is in."""
    utf_16 = data.startswith(_UTF_16_MARKS)
    if b"\x00" in data and not utf_16:
        raise _NotReadError("it is binary, not text.")
    try:
        text, remark = data.decode("utf-16" if utf_16 else "utf-8-sig"), ""
    except UnicodeDecodeError:
        text, remark = data.decode("cp1252", errors="replace"), "is not UTF-8; read as Windows-1252"
        if _CONTROLS.search(text):
            raise _NotReadError("it is binary, not text.") from None
    return "\n".join(text.splitlines()), remark


def _html_text(data: bytes) -> str:
    """The main part of a page, with `#` before its headings and a blank line between its blocks."""
    try:
        from bs4 import BeautifulSoup  # noqa: PLC0415 - no extra of the command brings it
    except ImportError:
        raise _NotReadError("HTML needs `pip install beautifulsoup4`.") from None
    page = BeautifulSoup(data, "html.parser")
    for tag in page.select("head, script, style, template, noscript, nav"):
        tag.decompose()
    for tag in page.select("h1, h2, h3, h4, h5, h6, p, div, section, li, tr, pre, table, br"):
        tag.insert(0, "\n\n# " if tag.name[1:].isdigit() else "\n\n")
        tag.append("\n\n")
    return (page.find("main") or page).get_text()


def _pdf_pages(data: bytes) -> list[tuple[str, str]]:
    try:
        from pypdf import PdfReader  # noqa: PLC0415 - no extra of the command brings it
    except ImportError:
        raise _NotReadError("PDF needs `pip install pypdf`.") from None
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it logs what it repairs
    try:
        pages = [page.extract_text() for page in PdfReader(BytesIO(data)).pages]
    except Exception as error:  # noqa: BLE001 - a damaged file makes it raise all kinds of errors
        raise _NotReadError(f"it cannot be read as PDF: {error}.") from None
    return [
        (f"page {number}", piece)
        for number, text in enumerate(pages, 1)
        for _, piece in _pieces(text, headings=False)
    ]
