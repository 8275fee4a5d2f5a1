"""Reads an upload in a process of its own, which has little time, little memory and no config vars.

What it reads, `documents.py` says: PDF, HTML, Markdown, text, reStructuredText, Word.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from pathlib import Path, PurePath
from typing import Any, NamedTuple

MOST_BYTES = 10_000_000
MOST_PASSAGES = 2_000
MOST_CHARACTERS = 2_000_000
MOST_ANSWER = 20_000_000
"""Bytes that the process may say: more than the longest document needs."""
NAME_CHARACTERS = PLACE_CHARACTERS = 200
SECONDS = 60
CPU_SECONDS = 20
MEGABYTES = 300
"""What the process may take for data: with the web process, it stays within a basic dyno's 512."""

_ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()  # noqa: TID251 - to hand on a part
    if name in {"LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONHOME", "PYTHONPATH"}
}
"""What Python needs to start. Keys and passwords are not for a parser to see."""
_one_at_a_time = asyncio.Semaphore(1)


class Passage(NamedTuple):
    """A piece of a document that fits into one embedding, and its place: a heading, or a page.

    The place is cut at `PLACE_CHARACTERS`: a heading can be as long as the rest.
    """

    place: str
    text: str


class UploadError(Exception):
    """An upload that is not taken; the message tells the user why, in a sentence."""


async def read_upload(name: str, data: bytes | Path) -> list[Passage]:
    """Reads the passages of a document.

    Args:
        name: The name of the document, whose end says how to read it.
        data: Its content, or the file that has it, which is opened when its turn comes.

    Raises:
        UploadError: It is too large, cannot be read, or has no text.
    """
    if not name.isprintable():
        raise UploadError("The name of the file has characters that cannot be printed.")
    if len(name) > NAME_CHARACTERS:
        raise UploadError(f"The name of the file is longer than {NAME_CHARACTERS} characters.")
    size = len(data) if isinstance(data, bytes) else data.stat().st_size  # noqa: ASYNC240 - at once
    if size > MOST_BYTES:
        raise UploadError(f"{name} is larger than {MOST_BYTES // 1_000_000} MB.")
    async with _one_at_a_time:
        content = data if isinstance(data, bytes) else await asyncio.to_thread(data.read_bytes)
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "retrieval.uploads", PurePath(name).name),
            cwd=Path(__file__).parents[1],
            env=_ENVIRONMENT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(SECONDS):
                said = await _exchange(worker, content)
        except TimeoutError:
            raise UploadError(f"{name} takes more than {SECONDS} seconds to read.") from None
        finally:
            if worker.returncode is None:
                worker.kill()
                await worker.communicate()  # to the end, or the process would seem to go on
    if len(said) > MOST_ANSWER:
        raise UploadError(_too_long(name))
    if worker.returncode:
        raise UploadError(
            f"{name} cannot be read: it may be damaged, or take too much time or memory."
        )
    answer = json.loads(said)
    if isinstance(answer, str):
        raise UploadError(answer)
    return [Passage(*passage) for passage in answer]


async def _exchange(worker: Any, content: bytes) -> bytes:
    """Gives the process a document; returns what it says, until that is too much."""
    worker.stdin.write(content)
    worker.stdin.write_eof()
    try:
        said: bytes = await worker.stdout.readexactly(MOST_ANSWER + 1)
    except asyncio.IncompleteReadError as end:
        said = end.partial
        await worker.wait()
    return said


def read(name: str, data: bytes) -> list[Passage]:
    """Reads a document in this process: one that you trust, or in the process of `read_upload`.

    Raises:
        UploadError: As `read_upload`.
    """
    from langchain_text_splitters import RecursiveCharacterTextSplitter  # noqa: PLC0415

    from retrieval import documents  # noqa: PLC0415 - the web process needs no parsers
    from retrieval.errors import InputError  # noqa: PLC0415

    if PurePath(name).suffix.lower() not in documents.SUFFIXES:
        raise UploadError(f"{name} is not one of {', '.join(documents.SUFFIXES)}.")
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=documents.CHUNK_CHARACTERS,
        chunk_overlap=documents.OVERLAP_CHARACTERS,
        length_function=documents.size,
    )
    try:
        sections = documents.contents_of(name, data).sections
    except InputError as error:
        raise UploadError(f"{error}.") from error
    if sum(len(section.text) for section in sections) <= MOST_CHARACTERS:
        chunks = documents.chunks_of(sections, splitter.split_text)
        if len(chunks) <= MOST_PASSAGES:
            return [Passage(chunk.place[:PLACE_CHARACTERS], chunk.text) for chunk in chunks]
    raise UploadError(_too_long(name))


def _too_long(name: str) -> str:
    return f"{name} is too long: upload its chapters one by one."


def _work(name: str) -> None:
    """Is the process: reads a document from stdin, and writes its passages, or why it has none."""
    for limit, most in (
        (resource.RLIMIT_DATA, MEGABYTES * 2**20),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    try:
        answer: object = read(name, sys.stdin.buffer.read())
    except UploadError as error:
        answer = str(error)
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    _work(sys.argv[1])
