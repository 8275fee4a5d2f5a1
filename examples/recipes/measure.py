"""Measures how well each way of searching finds the answers: recall on labelled questions.

    python examples/recipes/measure.py
    python examples/recipes/measure.py my_questions.json

The questions are a JSON list of objects with a `question` and `answers`. Each answer has `words`
from the passages that answer the question. Recall@k is the share of questions with such a passage
among the first k. Without a file, the questions are those of the notebook about reranking.

It also counts the questions whose best passage scores too little for an answer, for several least
scores: few of the labelled questions should be among them, and most questions about other things
(`notebooks/data/off_topic.json`).
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
from retrieval.interrupts import finish, leave_on_interrupt

from langchain_heroku import HerokuRerank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kitchen import Kitchen
    from langchain_core.documents import Document

QUESTIONS = Path(__file__).parents[2] / "notebooks" / "data" / "questions.json"
OFF_TOPIC = QUESTIONS.with_name("off_topic.json")
DEPTHS = (1, 2, 4)
LEAST_SCORES = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
WIDTH = 30


def recipe(kitchen: Kitchen, file: Path = QUESTIONS) -> None:
    """Searches for each question in each way, and prints a table."""
    questions = json.loads(file.read_text(encoding="utf-8"))
    reranker = HerokuRerank(**kitchen.connection)
    places: dict[str, list[int]] = {}
    best: list[float] = []
    others = json.loads(OFF_TOPIC.read_text(encoding="utf-8"))
    with page_store(kitchen, TABLE) as store, connected(kitchen.url) as connection:
        connection.execute(ADD_FULL_TEXT)
        for question in questions:
            asked = question["question"]
            meant = nearest(store, asked, CANDIDATES)
            written = search_full_text(asked, connection)
            fused = fuse([meant[:FOUND], written])
            reranked = reranker.compress_documents(meant, asked)
            best.append(score_of(reranked))
            ways = {
                "vectors": meant,
                "full text": written,
                "vectors and full text, fused": fused,
                f"{CANDIDATES} vectors, reranked": reranked,
                "fused, reranked": reranker.compress_documents(fused, asked),
            }
            for way, found in ways.items():
                places.setdefault(way, []).append(place_of(question["answers"], found))
        best_of_others = [
            score_of(reranker.compress_documents(nearest(store, other, CANDIDATES), other))
            for other in others
        ]
    print(f"{f'{len(questions)} questions; recall':<{WIDTH}}", *(f"{f'@{k}':>5}" for k in DEPTHS))
    for way, found_at in places.items():
        shares = [sum(place < depth for place in found_at) / len(found_at) for depth in DEPTHS]
        print(f"{way:<{WIDTH}}", *(f"{share:5.2f}" for share in shares))
    print()
    print(f"{'unanswered below a score of':<{WIDTH}}", *(f"{least:5.2f}" for least in LEAST_SCORES))
    for title, scores in (
        (f"of {len(best)} questions", best),
        (f"of {len(others)} about other things", best_of_others),
    ):
        counts = [sum(score < least for score in scores) for least in LEAST_SCORES]
        print(f"{title:<{WIDTH}}", *(f"{count:5}" for count in counts))


def score_of(reranked: Sequence[Document]) -> float:
    """Returns the score of the best passage."""
    return float(reranked[0].metadata["relevance_score"])


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
    leave_on_interrupt()
    finish(main())
