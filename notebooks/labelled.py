"""The demo's documents as passages, and the labelled questions about them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_text_splitters import RecursiveCharacterTextSplitter

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "examples"))
from retrieval.documents import chunks_of, find_files, read_file  # noqa: E402 - of the demo


def passages(size: int = 1200, overlap: int = 150) -> list[Document]:
    """The documents in `examples/docs` in pieces; size and overlap in characters."""
    splitter = RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=overlap)
    files = find_files([ROOT / "examples/docs"])
    sections = [section for file in files for section in read_file(file)]
    return [
        Document(
            chunk.text,
            metadata={
                "id": chunk.id,
                "page": Path(chunk.source).name,
                "section": chunk.place,
            },
        )
        for chunk in chunks_of(sections, splitter.split_text)
    ]


def questions() -> list[dict[str, Any]]:
    """The questions of `data/questions.json`, each with the words that answer it."""
    found: list[dict[str, Any]] = json.loads(
        (ROOT / "notebooks/data/questions.json").read_text(encoding="utf-8")
    )
    return found


def answers(text: str, page: str, question: dict[str, Any]) -> bool:
    """Whether a passage of this page holds words that answer the question."""
    plain = " ".join(text.split())
    return any(
        answer["page"] == page and answer["words"] in plain
        for answer in question["answers"]
    )


def place(page: str, section: str) -> str:
    """Where a passage is from, in a few words."""
    heading = section.rsplit(" > ", maxsplit=1)[-1]
    return f"{page}: {heading}" if heading else page
