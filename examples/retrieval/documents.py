"""First step: from files to chunks that fit into one embedding each."""

from __future__ import annotations

import logging
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pypdf import PdfReader

from retrieval.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "CHUNK_CHARACTERS",
    "OVERLAP_CHARACTERS",
    "SUFFIXES",
    "Chunk",
    "Section",
    "chunks_of",
    "find_files",
    "read_file",
]

SUFFIXES = (".md", ".markdown", ".txt", ".pdf")

CHUNK_CHARACTERS = 1200
"""Small enough for one subject, and well below the 2,048 bytes that an embedding takes.

That holds for Latin letters. A character of Chinese or Japanese takes three bytes: take 600.
"""
OVERLAP_CHARACTERS = 150
HEADING_CHARACTERS = 200

_HEADING = re.compile(r"^(#{1,6}) +(.+?) *#*$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")

logging.getLogger("pypdf").setLevel(logging.ERROR)  # it logs repairs; the rest raises


class Section(NamedTuple):
    """A part of a file, and where it is: "Errors > Retrying", or "page 2"."""

    source: str
    place: str
    text: str


class Chunk(NamedTuple):
    """A piece of a section, with an id made from its content."""

    id: str
    source: str
    place: str
    text: str


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Returns the documents in `paths` and their subfolders, sorted.

    Raises:
        InputError: A path does not exist, or contains no document.
    """
    paths = list(paths)
    found: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found.update(file for file in path.rglob("*") if _is_document(file, path))
        elif not path.exists():
            raise InputError(f"{path} does not exist")
        elif path.suffix.lower() not in SUFFIXES:
            raise InputError(f"{path} is not one of {', '.join(SUFFIXES)}")
        else:
            found.add(path)
    if not found:
        places = ", ".join(map(str, paths))
        raise InputError(f"There is no document ({', '.join(SUFFIXES)}) in {places}")
    return sorted(found)


def _is_document(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return file.suffix.lower() in SUFFIXES and file.is_file() and not hidden


def read_file(file: Path) -> list[Section]:
    """Reads a file by sections (Markdown), by pages (PDF) or as a whole (text).

    Raises:
        InputError: The file cannot be read or contains no text.
    """
    parts = list(_pages(file) if file.suffix.lower() == ".pdf" else _sections(file))
    sections = [
        Section(file.as_posix(), place, text.strip()) for place, text in parts if text.strip()
    ]
    if not sections:
        reason = "holds no text (a scan?)" if file.suffix.lower() == ".pdf" else "is empty"
        raise InputError(f"{file} {reason}")
    return sections


def _pages(file: Path) -> Iterator[tuple[str, str]]:
    try:
        for number, page in enumerate(PdfReader(file).pages, start=1):
            # PostgreSQL's text type takes every character except this one.
            yield f"page {number}", page.extract_text().replace("\x00", "")
    except Exception as error:  # a damaged file can make pypdf raise any error
        raise InputError(f"{file} cannot be read as a PDF: {error}") from error


def _sections(file: Path) -> Iterator[tuple[str, str]]:
    """Yields the text under each heading, with the path of headings that leads to it."""
    try:
        text = file.read_text(encoding="utf-8-sig").replace("\x00", "")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read as UTF-8 text: {error}") from error
    if file.suffix.lower() == ".txt":
        yield "", text
        return
    headings: dict[int, str] = {}
    lines: list[str] = []
    in_code = False
    for line in text.splitlines():
        in_code ^= bool(_FENCE.match(line))
        heading = None if in_code else _HEADING.match(line)
        if heading is None:
            lines.append(line)
            continue
        yield " > ".join(headings.values()), "\n".join(lines)
        lines.clear()
        level = len(heading[1])
        headings = {depth: title for depth, title in headings.items() if depth < level}
        headings[level] = heading[2]
    yield " > ".join(headings.values()), "\n".join(lines)


def chunks_of(sections: Iterable[Section], split: Callable[[str], list[str]]) -> list[Chunk]:
    """Cuts sections into chunks that include their heading, with ids made from their content.

    Equal content at an equal place always has an equal id, so a store can see what is new.

    Args:
        sections: The sections of all files.
        split: Cuts a text into pieces of `CHUNK_CHARACTERS` that overlap by `OVERLAP_CHARACTERS`.
    """
    chunks: dict[str, Chunk] = {}
    for source, place, whole in sections:
        for text in split(whole):
            content = f"# {place[:HEADING_CHARACTERS]}\n\n{text}" if place else text
            name = f"{Path(source).resolve()}\n{content}"
            chunk_id = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
            chunks[chunk_id] = Chunk(chunk_id, source, place, content)
    return list(chunks.values())
