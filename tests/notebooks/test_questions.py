"""The labelled questions of the retrieval notebook point to text that is there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "examples" / "docs"
QUESTIONS = json.loads((ROOT / "notebooks/data/questions.json").read_text(encoding="utf-8"))
ANSWERS = [answer for question in QUESTIONS for answer in question["answers"]]


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def chunks() -> list[tuple[str, str, str]]:
    """Page, place and text of every chunk that the notebook searches."""
    sys.path.insert(0, str(ROOT / "examples"))
    from langchain_text_splitters import RecursiveCharacterTextSplitter
    from retrieval import documents

    splitter = RecursiveCharacterTextSplitter(
        chunk_size=documents.CHUNK_CHARACTERS, chunk_overlap=documents.OVERLAP_CHARACTERS
    )
    sections = [
        section for file in documents.find_files([DOCS]) for section in documents.read_file(file)
    ]
    found = documents.chunks_of(sections, splitter.split_text)
    return [(Path(chunk.source).name, chunk.place, plain(chunk.text)) for chunk in found]


def test_there_are_enough_of_them_and_none_twice():
    asked = [question["question"] for question in QUESTIONS]
    assert len(set(asked)) == len(asked) >= 50


def test_every_page_has_a_question():
    assert {answer["page"] for answer in ANSWERS} == {page.name for page in DOCS.iterdir()}


@pytest.mark.parametrize(
    "answer", ANSWERS, ids=[f"{number}-{a['page']}" for number, a in enumerate(ANSWERS, start=1)]
)
def test_the_words_that_answer_are_in_a_passage_of_their_section(answer, chunks):
    assert any(
        page == answer["page"]
        # A text file has no headings, so its passages do not know where they are from.
        and place in {answer["section"], ""}
        and plain(answer["words"]) in text
        for page, place, text in chunks
    ), answer


@pytest.mark.parametrize("page", sorted({a["page"] for a in ANSWERS if a["page"].endswith(".txt")}))
def test_the_headings_of_text_files_are_theirs(page):
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    assert {a["section"] for a in ANSWERS if a["page"] == page} <= set(lines)
