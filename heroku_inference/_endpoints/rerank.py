"""Documents in the order of their relevance to a query (docs: rerank).

`send` posts a body to a path and returns the answer; everything else here is pure.
"""

import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from operator import attrgetter
from typing import Annotated, Any, Final, NotRequired

from pydantic import Field, FiniteFloat, TypeAdapter
from typing_extensions import TypedDict

from heroku_inference._endpoints import paths
from heroku_inference._endpoints.concurrency import amap_in_order, map_in_order
from heroku_inference._endpoints.refusals import HARMLESS, Answers, name_refused, reason_of
from heroku_inference._endpoints.rerank_options import RerankOptions, check_query
from heroku_inference._errors import ConfigError, HerokuError
from heroku_inference._json import invalid_response, read_json
from heroku_inference._public_names import publish
from heroku_inference._values import Reply, Shown
from heroku_inference._wire_types import identifier

__all__ = [
    "MAX_DOCUMENTS",
    "RerankHit",
    "RerankOptions",
    "RerankResult",
    "arerank",
    "rerank",
    "rerank_body",
]

Send = Callable[[str, dict[str, Any]], Reply]
AsyncSend = Callable[[str, dict[str, Any]], Awaitable[Reply]]

MAX_DOCUMENTS: Final = 1000


@dataclass(frozen=True, slots=True, repr=False)
class RerankHit(Shown):
    """One document's place in the ranking; read from the answer as it stands.

    Attributes:
        index: Its position among the documents given.
        score: Its relevance to the query, higher is better; comparable only under one query and
            one model.
    """

    index: int
    score: Annotated[FiniteFloat, Field(validation_alias="relevance_score")]


@dataclass(slots=True, repr=False)
class RerankResult(Shown):
    """Documents by relevance.

    Attributes:
        hits: Best first; documents of one score in the order given.
        id: The server's id of the answer; of the first one when several requests were needed.
        reply: Status and headers of the last HTTP answer, with `request_id` and `rate_limits`.
        refused: With `on_refused="skip"`, which documents have no score, and why.
    """

    hits: list[RerankHit] = field(default_factory=list)
    id: str | None = None
    reply: Reply | None = None
    refused: list[tuple[int, str]] = field(default_factory=list)

    def _repr_html_(self) -> str:
        from heroku_inference._display import html_table  # noqa: PLC0415 - needed rarely

        return html_table(self.hits)


def rerank_body(
    query: str, documents: Sequence[str], *, model: str, top_n: int | None = None
) -> dict[str, Any]:
    """The body of one request; what is `None` is not sent."""
    body: dict[str, Any] = {"model": model, "query": query, "documents": list(documents)}
    return body if top_n is None else {**body, "top_n": top_n}


def rerank(
    send: Send, query: str, documents: Iterable[str], options: RerankOptions
) -> RerankResult:
    """Rank `documents` by their relevance to `query`; no documents need no request.

    More than 1000, the most one request takes, are sent in parts of about the same size and
    merged by score: a document is scored by itself, whatever is sent beside it.

    Raises:
        ConfigError: The query or a document is not a string; nothing was sent.
        APIError: A request failed, or a document was refused; `done` holds the scores that came.
        InvalidResponseError: An answer does not rank the documents it was asked about.
    """

    def rank(part: _Part) -> _Part:
        part.answers.collect(
            lambda some: part.ranking(some, send(paths.RERANK, part.body(query, some))),
            skip=options.on_refused == "skip",
        )
        part.check_refused()
        return part

    parts = _parts(query, documents, options)
    try:
        for _ in map_in_order(rank, parts, options.max_concurrency):
            pass
    except HerokuError as error:
        error.done = _scores(parts)
        raise
    return _merge(parts, options)


async def arerank(
    send: AsyncSend, query: str, documents: Iterable[str], options: RerankOptions
) -> RerankResult:
    """`rerank`, awaited."""

    async def rank(part: _Part) -> _Part:
        async def ranking(some: range | None) -> _Ranking:
            return part.ranking(some, await send(paths.RERANK, part.body(query, some)))

        await part.answers.acollect(ranking, skip=options.on_refused == "skip")
        part.check_refused()
        return part

    parts = _parts(query, documents, options)
    try:
        async with aclosing(amap_in_order(rank, parts, options.max_concurrency)) as ranked:
            async for _ in ranked:
                pass
    except HerokuError as error:
        error.done = _scores(parts)
        raise
    return _merge(parts, options)


def _parts(query: str, documents: Iterable[str], options: RerankOptions) -> "list[_Part]":
    """The documents in as few parts as the limit allows, sizes differing by one at most."""
    texts = _check_texts(query, documents)
    if not texts:
        return []
    count = math.ceil(len(texts) / MAX_DOCUMENTS)
    bounds = [len(texts) * number // count for number in range(count + 1)]
    return [_Part(start, texts[start:end], options) for start, end in pairwise(bounds)]


def _check_texts(query: str, documents: Iterable[str]) -> list[str]:
    check_query(query)
    if isinstance(documents, str):
        raise ConfigError("documents is one string.", "Pass a list of strings.")
    texts = list(documents)
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise ConfigError(
                f"Document {index} is a {type(text).__name__}, not a string.",
                "Pass a list of strings.",
            )
    return texts


@dataclass(slots=True)
class _Ranking:
    """The answer about one part, with positions among all documents."""

    hits: list[RerankHit]
    id: str | None
    reply: Reply


class _Part:
    """The documents of one request, and what came of it."""

    def __init__(self, start: int, texts: list[str], options: RerankOptions) -> None:
        self.answers: Answers[_Ranking] = Answers(len(texts))
        self._start = start
        self._texts = texts
        self._options = options

    def body(self, query: str, some: range | None) -> dict[str, Any]:
        """The request for some of the documents, or for a harmless one."""
        texts = [HARMLESS] if some is None else self._texts[some.start : some.stop]
        options = self._options
        # The server's view of a top_n beyond the documents is undocumented; this means the same.
        top_n = options.top_n and min(options.top_n, len(texts))
        return rerank_body(query, texts, model=options.model, top_n=top_n)

    def ranking(self, some: range | None, reply: Reply) -> _Ranking:
        answer = read_json(reply, _shape())
        ranked = answer["results"]
        count = 1 if some is None else len(some)
        indices = {hit.index for hit in ranked}
        wanted = min(self._options.top_n or count, count)
        if len(indices) < len(ranked):
            raise invalid_response(reply, "it ranks a document twice")
        if not indices <= set(range(count)):
            raise invalid_response(reply, f"it ranks documents beyond the {count} sent")
        if len(indices) < wanted:
            raise invalid_response(reply, f"it ranks {len(indices)} of {wanted} documents")
        start = self._start + (some.start if some else 0)
        hits = _place(ranked, start)
        return _Ranking(hits, identifier(answer.get("id")), replace(reply, body=b""))

    def check_refused(self) -> None:
        """Raise the first refusal, unless refused documents are to be skipped."""
        if self.answers.refused and self._options.on_refused == "error":
            position, error = self.answers.refused[0]
            name_refused(error, "Document", self._start + position, self._texts[position])
            raise error

    @property
    def rankings(self) -> list[_Ranking]:
        return [ranking for _, ranking in self.answers.answered]

    @property
    def refused(self) -> list[tuple[int, str]]:
        return [
            (self._start + position, reason_of(error, self._texts[position]))
            for position, error in self.answers.refused
        ]


def _place(hits: list[RerankHit], start: int) -> list[RerankHit]:
    """`hits` of documents from `start` with their positions among all documents."""
    if start == 0:
        return hits
    return [RerankHit(start + hit.index, hit.score) for hit in hits]


def _scores(parts: Sequence[_Part]) -> dict[int, float]:
    """The scores that came, by index."""
    hits = [hit for part in parts for ranking in part.rankings for hit in ranking.hits]
    return {hit.index: hit.score for hit in sorted(hits, key=attrgetter("index"))}


def _merge(parts: Sequence[_Part], options: RerankOptions) -> RerankResult:
    rankings = [ranking for part in parts for ranking in part.rankings]
    refused = [one for part in parts for one in part.refused]
    if not rankings:
        return RerankResult(refused=refused)
    hits = [hit for ranking in rankings for hit in ranking.hits]
    hits.sort(key=attrgetter("index"))
    hits.sort(key=attrgetter("score"), reverse=True)  # equals stay in the order given
    return RerankResult(
        hits[: options.top_n], id=rankings[0].id, reply=rankings[-1].reply, refused=refused
    )


class _Answer(TypedDict):
    results: list[RerankHit]
    id: NotRequired[Any]


@cache
def _shape() -> TypeAdapter[_Answer]:
    return TypeAdapter(_Answer)


publish(__name__)
