"""POST /v1/rerank: checks the request, ranks the documents (docs: rerank). Pure."""

from __future__ import annotations

import math
import uuid
from typing import TYPE_CHECKING, Any

from heroku_emulator.fields import bad_request, check_integer, check_text, refuse_unknown

if TYPE_CHECKING:
    from heroku_emulator.engine import Engine

__all__ = ["check_rerank_request", "rerank_body"]

_MOST_DOCUMENTS = 1000
_DOCUMENTS_PER_SEARCH_UNIT = 100


def check_rerank_request(body: dict[str, Any]) -> None:
    """Checks everything that Heroku is known to refuse; `allow_ignored_params` is unknown here.

    Raises:
        ApiError: 400.
    """
    refuse_unknown(body, ("model", "query", "documents", "top_n"))
    check_text(body, "query")
    check_integer(body, "top_n")
    documents = body.get("documents")
    if documents is None or documents == []:
        raise bad_request("documents is required")
    if not isinstance(documents, list) or not all(isinstance(text, str) for text in documents):
        raise bad_request("documents must be an array of strings")
    if len(documents) > _MOST_DOCUMENTS:
        raise bad_request(f"documents must have at most {_MOST_DOCUMENTS} strings")


def rerank_body(body: dict[str, Any], engine: Engine) -> dict[str, Any]:
    """Scores the documents and returns the best `top_n`, best first."""
    scores = engine.rerank(body["query"], body["documents"])
    ranking = sorted(range(len(scores)), key=lambda index: (-scores[index], index))
    units = math.ceil(len(scores) / _DOCUMENTS_PER_SEARCH_UNIT)
    return {
        "id": str(uuid.uuid4()),
        "results": [
            {"index": index, "relevance_score": scores[index]}
            for index in ranking[: body.get("top_n") or len(scores)]
        ],
        "meta": {
            "api_version": {"version": "2", "is_experimental": False},
            "billed_units": {"search_units": units},
        },
    }
