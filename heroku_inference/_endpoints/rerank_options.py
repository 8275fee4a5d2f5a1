"""How to rerank: the options of one call, checked. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from heroku_inference._endpoints.concurrency import check_concurrency
from heroku_inference._endpoints.refusals import OnRefused, check_on_refused
from heroku_inference._errors import ConfigError

__all__ = ["RerankOptions", "check_query", "check_top_n"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankOptions:
    """How to rerank.

    Attributes:
        model: Model id, for example `cohere-rerank-3-5`.
        top_n: How many documents to return, best first; `None` is all of them.
        max_concurrency: Requests in flight at a time, where more than one is needed.
        on_refused: What to do with a document that the firewall or the API refuses (`403` without
            JSON, `400`), which is looked for by halving: raise an `error` that names it and holds
            the scores that came, or `skip` it and list it in `refused`.

    Raises:
        ConfigError: A value is out of range.
    """

    model: str
    top_n: int | None = None
    max_concurrency: int = 8
    on_refused: OnRefused = "error"

    def __post_init__(self) -> None:
        check_top_n(self.top_n)
        check_concurrency(self.max_concurrency)
        check_on_refused(self.on_refused)


def check_top_n(top_n: object) -> None:
    """Refuse a number of documents that returns nothing."""
    if top_n is not None and (isinstance(top_n, bool) or not isinstance(top_n, int) or top_n < 1):
        raise ConfigError(
            f"top_n must be a whole number from 1, got {top_n!r}.",
            "Leave it out for all documents.",
        )


def check_query(query: object, call: str = "rerank(query, documents)") -> None:
    """Refuses documents in the query's place, and anything else that is not a string."""
    if not isinstance(query, str):
        raise ConfigError(f"The query is a {type(query).__name__}, not a string.", f"Call {call}.")
