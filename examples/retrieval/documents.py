"""First step: from files to chunks that fit into one embedding each."""

from __future__ import annotations

import uuid
from collections import Counter
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

from retrieval.errors import InputError
from retrieval.formats.html import decoded_html, html_parts
from retrieval.formats.markdown import markdown_parts
from retrieval.formats.pdf import pdf_parts
from retrieval.formats.rest import rest_parts
from retrieval.formats.text import decoded
from retrieval.formats.word import word_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from retrieval.formats.parts import Part

__all__ = [
    "CHUNK_CHARACTERS",
    "OVERLAP_CHARACTERS",
    "SUFFIXES",
    "Chunk",
    "Contents",
    "Section",
    "chunks_of",
    "contents_of",
    "find_files",
    "passed_over",
    "read_contents",
    "read_file",
    "size",
]

CHUNK_CHARACTERS = 1200
"""Small enough for one subject, and well below the 2,048 bytes that an embedding takes."""
OVERLAP_CHARACTERS = 150
HEADING_CHARACTERS = 200

_MARKDOWN = (".md", ".markdown")
_HTML = (".html", ".htm", ".xhtml")
SUFFIXES = (*_MARKDOWN, ".txt", ".rst", *_HTML, ".pdf", ".docx")


class Section(NamedTuple):
    """A part of a file, and where it is: "Errors > Retrying", or "page 2"."""

    source: str
    place: str
    text: str


class Contents(NamedTuple):
    """What a file holds, and a remark if its encoding had to be guessed."""

    sections: list[Section]
    remark: str


class Chunk(NamedTuple):
    """A piece of a section, with an id made from its content."""

    id: str
    source: str
    place: str
    text: str


def size(text: str) -> int:
    """Returns how many of `CHUNK_CHARACTERS` a text takes: its bytes of UTF-8, as the API counts.

    A Latin letter is one byte; a character of Chinese or Japanese is three, and says more.
    """
    return len(text.encode())


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Returns the documents in `paths` and their subfolders, sorted.

    Raises:
        InputError: A path does not exist, or contains no document.
    """
    paths = list(paths)
    found: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found.update(file for file in _visible_files(path) if _is_document(file))
        elif not path.exists():
            raise InputError(f"{path} does not exist")
        elif not _is_document(path):
            raise InputError(f"{path} is not one of {', '.join(SUFFIXES)}")
        else:
            found.add(path)
    if not found:
        places = ", ".join(map(str, paths))
        raise InputError(f"There is no document ({', '.join(SUFFIXES)}) in {places}")
    return sorted(found)


def passed_over(paths: Iterable[Path]) -> Counter[str]:
    """Counts the files in the folders of `paths` that are of another kind, by their suffix."""
    return Counter(
        file.suffix.lower() or "no suffix"
        for path in paths
        for file in _visible_files(path)
        if not _is_document(file)
    )


def _is_document(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES


def _visible_files(folder: Path) -> Iterator[Path]:
    """Yields the files in a folder, without hidden ones and those of a running Word."""
    for file in folder.rglob("*"):
        hidden = any(part.startswith((".", "~$")) for part in file.relative_to(folder).parts)
        if not hidden and file.is_file():
            yield file


def read_file(file: Path) -> list[Section]:
    """Reads a file by sections (Markdown, HTML, reST, DOCX), by pages (PDF) or as a whole (text).

    Raises:
        InputError: The file cannot be read or contains no text.
    """
    return read_contents(file).sections


def read_contents(file: Path) -> Contents:
    """Reads a file as `read_file` does, and says if its encoding had to be guessed.

    Raises:
        InputError: The file cannot be read or contains no text.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error
    return contents_of(file.as_posix(), data)


def contents_of(name: str, data: bytes) -> Contents:
    """Reads the content of a file of that name, as `read_contents` does.

    Raises:
        InputError: It cannot be read or contains no text.
    """
    suffix = PurePath(name).suffix.lower()
    try:
        parts, remark = _read(suffix, data)
    except InputError as error:
        raise InputError(f"{name} {error}") from error
    except Exception as error:  # a damaged file can make a reader raise any error
        reason = str(error) or type(error).__name__
        raise InputError(f"{name} cannot be read as {suffix[1:].upper()}: {reason}") from error
    sections = [
        Section(_storable(name), _storable(place), text)
        for place, whole in parts
        if (text := _storable(whole).strip())
    ]
    if not sections:
        reason = "holds no text (a scan?)" if suffix == ".pdf" else "is empty"
        raise InputError(f"{name} {reason}")
    return Contents(sections, remark)


def _read(suffix: str, data: bytes) -> tuple[list[Part], str]:
    if not data:
        raise InputError("is empty")
    if suffix == ".pdf":
        return list(pdf_parts(data)), ""
    if suffix == ".docx":
        return list(word_parts(data)), ""
    text, remark = decoded_html(data) if suffix in _HTML else decoded(data)
    if suffix in _HTML:
        return list(html_parts(text)), remark
    if suffix in _MARKDOWN:
        return list(markdown_parts(text)), remark
    return (list(rest_parts(text)) if suffix == ".rst" else [("", text)]), remark


def _storable(text: str) -> str:
    """Replaces what PostgreSQL's text type does not take: NUL, and halves of characters."""
    return text.replace("\x00", "").encode(errors="replace").decode()


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
            content = f"# {_beginning(place)}\n\n{text}" if place else text
            name = f"{Path(source).resolve()}\n{content}"
            chunk_id = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
            chunks[chunk_id] = Chunk(chunk_id, source, place, content)
    return list(chunks.values())


def _beginning(place: str) -> str:
    return place.encode()[:HEADING_CHARACTERS].decode(errors="ignore")
