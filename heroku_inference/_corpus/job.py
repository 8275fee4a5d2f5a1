"""A corpus to vectors in one process: what is paid for is kept, whatever ends the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from heroku_inference._corpus.report import EmbedPlan, EmbedProgress, EmbedReport
from heroku_inference._endpoints.embeddings import MAX_TEXTS
from heroku_inference._public_names import publish

if TYPE_CHECKING:
    from heroku_inference._corpus.placing import EmbeddedTexts

__all__ = ["EmbedJob"]


class EmbedJob:
    """Embeds a corpus into a folder of Parquet files, or into a store of your own."""

    def __init__(
        self,
        output: str | Path | None = None,
        *,
        store: Callable[[EmbeddedTexts], None] | None = None,
        ledger: str | Path | None = None,
        model: str | None = None,
        input_type: str = "search_document",
        embedding_type: str | None = None,
        aliases: Iterable[str] | None = None,
        limit: str | None = None,
        rate_limiter: Any = None,
        long_text: Literal["skip", "truncate", "split"] = "skip",
        retry_refused: bool = False,
        max_concurrency: int = 8,
        batch_size: int = MAX_TEXTS,
        part_rows: int = 100_000,
        on_progress: Callable[[EmbedProgress], None] | None = None,
        **client_options: Any,
    ) -> None:
        raise NotImplementedError

    def run(
        self,
        texts: Iterable[tuple[str | int, str] | Mapping[str, Any]],
        *,
        total: int | None = None,
    ) -> EmbedReport:
        """Embed what has no vector yet."""
        raise NotImplementedError

    def plan(
        self,
        texts: Iterable[tuple[str | int, str] | Mapping[str, Any]],
        *,
        price: float | None = None,
    ) -> EmbedPlan:
        """What `run` would do, without a request."""
        raise NotImplementedError


publish(__name__)
