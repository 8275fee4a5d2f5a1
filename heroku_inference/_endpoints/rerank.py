"""Documents in the order of their relevance to a query (docs: rerank).

`send` posts a body to a path and returns the answer; everything else here is pure.
"""

from __future__ import annotations

import math
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, Field, FiniteFloat, TypeAdapter

from heroku_inference._endpoints import paths
from heroku_inference._endpoints.concurrency import amap_in_order, check_concurrency, map_in_order
from heroku_inference._errors import ConfigError
from heroku_inference._json import invalid_response, read_json
from heroku_inference._public_names import publish

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from heroku_inference._values import Reply

    Send = Callable[[str, dict[str, Any]], Reply]
    AsyncSend = Callable[[str, dict[str, Any]], Awaitable[Reply]]

__all__ = [
    "MAX_DOCUMENTS",
    "RerankHit",
    "RerankOptions",
    "RerankResult",
    "arerank",
    "check_query",
    "check_top_n",
    "rerank",
    "rerank_body",
]

MAX_DOCUMENTS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankOptions:
    """How to rerank.

    Attributes:
        model: Model id, for example `cohere-rerank-3-5`.
        top_n: How many documents to return, best first; `None` is all of them.
        max_concurrency: Requests in flight at a time, where more than one is needed.

    Raises:
        ConfigError: A value is out of range.
    """

    model: str
    top_n: int | None = None
    max_concurrency: int = 8

    def __post_init__(self) -> None:
        check_top_n(self.top_n)
        check_concurrency(self.max_concurrency)


def check_top_n(top_n: object) -> None:
    """Refuse a number of documents that returns nothing."""
    if top_n is not None and (isinstance(top_n, bool) or not isinstance(top_n, int) or top_n < 1):
        raise ConfigError(
            f"top_n must be a whole number from 1, got {top_n!r}.",
            "Leave it out for all documents.",
        )


@dataclass(frozen=True, slots=True)
class RerankHit:
    """One document's place in the ranking; read from the answer as it stands.

    Attributes:
        index: Its position among the documents given.
        score: Its relevance to the query, higher is better; comparable only under one query and
            one model.
    """

    index: int
    score: Annotated[FiniteFloat, Field(validation_alias="relevance_score")]


@dataclass(slots=True)
class RerankResult:
    """Documents by relevance.

    Attributes:
        hits: Best first; documents of one score in the order given.
        id: The server's id of the answer; of the first one when several requests were needed.
        reply: Status and headers of the last HTTP answer, with `request_id` and `rate_limits`.
    """

    hits: list[RerankHit] = field(default_factory=list)
    id: str | None = None
    reply: Reply | None = None


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
        APIError: A request failed.
        InvalidResponseError: An answer does not rank the documents it was asked about.
    """

    def rank(part: _Part) -> _Ranking:
        return part.ranking(send(paths.RERANK, part.body(query, options)), options)

    parts = _parts(query, documents)
    return _merge(list(map_in_order(rank, parts, options.max_concurrency)), options)


async def arerank(
    send: AsyncSend, query: str, documents: Iterable[str], options: RerankOptions
) -> RerankResult:
    """`rerank`, awaited."""

    async def rank(part: _Part) -> _Ranking:
        return part.ranking(await send(paths.RERANK, part.body(query, options)), options)

    parts = _parts(query, documents)
    async with aclosing(amap_in_order(rank, parts, options.max_concurrency)) as rankings:
        return _merge([ranking async for ranking in rankings], options)


def _parts(query: str, documents: Iterable[str]) -> list[_Part]:
    """The documents in as few parts as the limit allows, sizes differing by one at most."""
    texts = _check_texts(query, documents)
    if not texts:
        return []
    count = math.ceil(len(texts) / MAX_DOCUMENTS)
    bounds = [len(texts) * number // count for number in range(count + 1)]
    return [_Part(start, texts[start:end]) for start, end in pairwise(bounds)]


def check_query(query: object, call: str = "rerank(query, documents)") -> None:
    """Refuses documents in the query's place, and anything else that is not a string."""
    if not isinstance(query, str):
        raise ConfigError(f"The query is a {type(query).__name__}, not a string.", f"Call {call}.")


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


@dataclass(slots=True)
class _Part:
    """Documents of one request, beside the position of the first."""

    start: int
    texts: list[str]

    def body(self, query: str, options: RerankOptions) -> dict[str, Any]:
        # The server's view of a top_n beyond the documents is undocumented; this means the same.
        top_n = options.top_n and min(options.top_n, len(self.texts))
        return rerank_body(query, self.texts, model=options.model, top_n=top_n)

    def ranking(self, reply: Reply, options: RerankOptions) -> _Ranking:
        answer = read_json(reply, _shape())
        indices = {hit.index for hit in answer.results}
        wanted = min(options.top_n or len(self.texts), len(self.texts))
        if len(indices) < len(answer.results):
            raise invalid_response(reply, "it ranks a document twice")
        if not indices <= set(range(len(self.texts))):
            raise invalid_response(reply, f"it ranks documents beyond the {len(self.texts)} sent")
        if len(indices) < wanted:
            raise invalid_response(reply, f"it ranks {len(indices)} of {wanted} documents")
        return _Ranking(self._place(answer.results), answer.id, replace(reply, body=b""))

    def _place(self, hits: list[RerankHit]) -> list[RerankHit]:
        """`hits` of this part with their positions among all documents."""
        if self.start == 0:
            return hits
        return [RerankHit(self.start + hit.index, hit.score) for hit in hits]


def _merge(rankings: Sequence[_Ranking], options: RerankOptions) -> RerankResult:
    if not rankings:
        return RerankResult()
    hits = [hit for ranking in rankings for hit in ranking.hits]
    hits.sort(key=attrgetter("index"))
    hits.sort(key=attrgetter("score"), reverse=True)  # equals stay in the order given
    return RerankResult(hits[: options.top_n], id=rankings[0].id, reply=rankings[-1].reply)


class _Answer(BaseModel):
    results: list[RerankHit]
    id: str | None = None


@cache
def _shape() -> TypeAdapter[_Answer]:
    return TypeAdapter(_Answer)


publish(__name__)
