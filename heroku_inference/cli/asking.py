"""`heroku-inference ask`: the passages that fit a question, and an answer from them."""

from __future__ import annotations

import heapq
import math
import operator
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from heroku_inference._errors import ConfigError
from heroku_inference.cli.screen import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from heroku_inference._client import Client
    from heroku_inference.cli.documents import Documents, Passage
    from heroku_inference.cli.screen import Screen

__all__ = [
    "INSTRUCTIONS",
    "Found",
    "answer",
    "as_json",
    "best_passages",
    "prompt_for",
    "show_nothing_fits",
    "show_read",
    "show_sources",
    "without_paths",
]

INSTRUCTIONS: Final = (
    "Answer the question from the numbered sources, and from nothing else. Be brief. Cite the "
    "source of each statement by its number, like [1]. If the sources do not hold the answer, "
    "say so."
)
_CANDIDATES: Final = 20  # passages that the vectors hand to the reranker
_SOURCES: Final = 4  # passages that the model reads


class Found(NamedTuple):
    """A passage that the answer can cite."""

    number: int
    score: float
    passage: Passage


def without_paths(words: list[str]) -> list[str]:
    """The words of the question, unless the shell put paths before them, as for `--docs *.md`.

    Raises:
        ConfigError: The first of several words is a file or folder.
    """
    if len(words) > 1 and words[0].strip() and Path(words[0]).exists():
        raise ConfigError(
            f"{words[0]!r} is a file or folder, and stands where the question begins.",
            "Put --docs before each path, or quotes around the question.",
        )
    return words


def best_passages(
    client: Client, question: str, passages: Sequence[Passage], screen: Screen
) -> list[Found]:
    """The passages that fit the question best, the best first.

    Vectors choose the candidates where there are more than a reranker needs to see.

    Raises:
        HerokuError: Heroku could not be asked.
    """
    candidates = passages
    if len(passages) > _CANDIDATES:
        with screen.waiting(f"Embedding {len(passages):,} passages"):
            candidates = _nearest(client, question, passages, screen)
    with screen.waiting("Ranking"):
        ranked = client.rerank(
            question, [passage.text for passage in candidates], top_n=_SOURCES, on_refused="skip"
        )
    _tell_refused(screen, candidates, ranked.refused)
    return [
        Found(number, hit.score, candidates[hit.index]) for number, hit in enumerate(ranked.hits, 1)
    ]


def _nearest(
    client: Client, question: str, passages: Sequence[Passage], screen: Screen
) -> list[Passage]:
    texts = [passage.text for passage in passages]
    embedded = client.embed(
        texts, input_type="search_document", long_text="split", on_refused="skip"
    )
    _tell_refused(screen, passages, embedded.refused)
    asked = client.embed([question], input_type="search_query", long_text="split").vectors[0]
    pairs = zip(embedded.indices, embedded, strict=True)
    near = heapq.nlargest(_CANDIDATES, ((_cosine(asked, vector), index) for index, vector in pairs))
    return [passages[index] for _, index in near]


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    product: float = sum(map(operator.mul, one, other))
    return product / (math.hypot(*one) * math.hypot(*other) or 1.0)


def _tell_refused(
    screen: Screen, passages: Sequence[Passage], refused: Sequence[tuple[int, str]]
) -> None:
    for index, reason in refused:
        screen.warn(f"{_place(passages[index])} is left out: {reason}")


def prompt_for(question: str, sources: Sequence[Found]) -> str:
    """What the model is asked: the numbered sources, then the question."""
    texts = [f"[{one.number}] {one.passage.file}\n\n{one.passage.text}" for one in sources]
    return "\n\n".join(["Sources:", *texts, f"Question: {question}"])


def answer(client: Client, question: str, sources: Sequence[Found], model: str) -> str:
    """The whole answer, for JSON.

    Raises:
        HerokuError: Heroku could not be asked.
    """
    messages = [
        {"role": "system", "content": INSTRUCTIONS},
        {"role": "user", "content": prompt_for(question, sources)},
    ]
    return client.chat(messages, model=model).text


def show_read(screen: Screen, documents: Documents) -> None:
    """What was read, and what was passed over."""
    files, passages = documents.files, len(documents.passages)
    screen.note(
        f"{files:,} file{'' if files == 1 else 's'}, "
        f"{passages:,} passage{'' if passages == 1 else 's'}"
    )
    for problem in documents.problems:
        screen.warn(problem)
    if documents.others:
        kinds = ", ".join(f"{count} x {kind}" for kind, count in documents.others.most_common())
        screen.note(f"Passed over, because they are other kinds of files: {kinds}")


def show_nothing_fits(screen: Screen, sources: Sequence[Found], least_score: float) -> None:
    """Says that no passage answers the question, and shows the best of them."""
    best = sources[0].score if sources else 0.0
    screen.print(
        f"Nothing here fits: the best passage scores {best:.3f}, less than {least_score:.3f}."
    )
    show_sources(screen, sources, [])


def show_sources(
    screen: Screen, sources: Sequence[Found], said: Sequence[Mapping[str, Any]]
) -> None:
    """Each source with its score; a star marks those that the answer cites."""
    text = said[-1]["content"] if said else ""
    cited = {int(number) for number in re.findall(r"\[(\d+)\]", text)}
    screen.print()
    for one in sources:
        mark = "*" if one.number in cited else " "
        screen.print(f"[{one.number}]{mark} {one.score:.3f}  {_place(one.passage)}")


def as_json(answer: str | None, sources: Sequence[Found]) -> dict[str, Any]:
    """The answer as JSON: see the help of `heroku-inference ask`."""
    return {
        "answer": answer,
        "sources": [
            {"number": one.number, "score": one.score, **one.passage._asdict()} for one in sources
        ],
    }


def _place(passage: Passage) -> str:
    return one_line(", ".join(filter(None, [passage.file, passage.place])))
