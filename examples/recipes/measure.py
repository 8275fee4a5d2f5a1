"""Measures how well each way of searching finds the answers: recall on labelled questions.

    python examples/recipes/measure.py
    python examples/recipes/measure.py my_questions.json

The questions are a JSON list of objects with a `question` and `answers`. Each answer has `words`
from the passages that answer the question. Recall@k is the share of questions with such a passage
among the first k. Without a file, the questions are those of the notebook about reranking.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kitchen import cook
from kitchen_langchain import nearest, page_store
from langchain_hybrid import ADD_FULL_TEXT, FOUND, TABLE, fuse, search_full_text
from retrieval.answering import CANDIDATES
from retrieval.database import connected

from langchain_heroku import HerokuRerank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitchen import Kitchen
    from langchain_core.documents import Document

QUESTIONS = Path(__file__).parents[2] / "notebooks" / "data" / "questions.json"
DEPTHS = (1, 2, 4)
WIDTH = 30


def recipe(kitchen: Kitchen, file: Path = QUESTIONS) -> None:
    """Searches for each question in each way, and prints a table."""
    questions = json.loads(file.read_text(encoding="utf-8"))
    reranker = HerokuRerank(**kitchen.connection)
    places: dict[str, list[int]] = {}
    with page_store(kitchen, TABLE) as store, connected(kitchen.url) as connection:
        connection.execute(ADD_FULL_TEXT)
        for question in questions:
            asked = question["question"]
            meant = nearest(store, asked, CANDIDATES)
            written = search_full_text(asked, connection)
            fused = fuse([meant[:FOUND], written])
            ways = {
                "vectors": meant,
                "full text": written,
                "vectors and full text, fused": fused,
                f"{CANDIDATES} vectors, reranked": reranker.compress_documents(meant, asked),
                "fused, reranked": reranker.compress_documents(fused, asked),
            }
            for way, found in ways.items():
                places.setdefault(way, []).append(place_of(question["answers"], found))
    print(f"{f'{len(questions)} questions; recall':<{WIDTH}}", *(f"{f'@{k}':>5}" for k in DEPTHS))
    for way, found_at in places.items():
        shares = [sum(place < depth for place in found_at) / len(found_at) for depth in DEPTHS]
        print(f"{way:<{WIDTH}}", *(f"{share:5.2f}" for share in shares))


def place_of(answers: list[dict[str, Any]], found: Sequence[Document]) -> int:
    """Returns the position of the first passage that answers; beyond the last if none does."""
    words = [" ".join(answer["words"].split()) for answer in answers]
    for position, document in enumerate(found):
        text = " ".join(document.page_content.split())
        if any(word in text for word in words):
            return position
    return len(found) + max(DEPTHS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the measurement; returns the exit code."""
    files = sys.argv[1:] if arguments is None else arguments
    return cook(lambda kitchen: recipe(kitchen, Path(files[0]) if files else QUESTIONS))


if __name__ == "__main__":
    sys.exit(main())
