"""How to embed: the options of one call, checked. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

from heroku_inference._config.arguments import check_extra_body
from heroku_inference._endpoints.concurrency import check_concurrency
from heroku_inference._endpoints.embedding_wire import LongText
from heroku_inference._endpoints.refusals import OnRefused, check_on_refused
from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_TEXTS", "EmbeddingOptions"]

MAX_TEXTS: Final = 96
"""The most texts that one request takes (docs: embeddings)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingOptions:
    """How to embed.

    Attributes:
        model: Model id, for example `cohere-embed-multilingual`.
        input_type: What the vectors are for: `search_document` (default), `search_query`,
            `classification` or `clustering` (docs: embeddings).
        embedding_type: `float` (the API's default), `int8`, `uint8`, `binary` or `ubinary`. Types
            other than `float` give whole numbers.
        batch_size: Texts in one request, at most 96 (docs: embeddings).
        max_concurrency: Requests in flight at a time.
        long_text: What to do with a text of more than 2048 bytes of UTF-8, the API's limit:
            raise an `error` before anything is sent, `truncate` it to its beginning, or `split`
            it and take the mean of the pieces' vectors, weighted by length in bytes and scaled
            to length 1.
        on_refused: What to do with a text that the firewall or the API refuses (`403` without
            JSON, `400`), which is looked for by halving its batch: raise an `error` that names it
            and holds the vectors that came, or `skip` it and list it in `refused`.
        allow_ignored_params: Let the API ignore parameters it does not know, instead of refusing.
        extra_body: Further fields of the request body, merged over ours.

    Raises:
        ConfigError: A value is out of range, or two contradict each other.
    """

    model: str
    input_type: str = "search_document"
    embedding_type: str | None = None
    batch_size: int = MAX_TEXTS
    max_concurrency: int = 8
    long_text: LongText = "error"
    on_refused: OnRefused = "error"
    allow_ignored_params: bool | None = None
    extra_body: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        _check_batch_size(self.batch_size)
        check_concurrency(self.max_concurrency)
        check_on_refused(self.on_refused)
        if self.long_text not in get_args(LongText):
            raise ConfigError(
                f"long_text={self.long_text!r} is not a way to treat long texts.",
                "Pass 'error', 'truncate' or 'split'.",
            )
        if self.long_text == "split" and self.gives_whole_numbers:
            raise ConfigError(
                f'long_text="split" averages vectors, which embedding_type={self.embedding_type!r} '
                "does not allow.",
                "Use float vectors, or split the texts yourself.",
            )
        check_extra_body(self.extra_body)
        if (self.extra_body or {}).get("encoding_format", "raw") != "raw":
            raise ConfigError(
                "encoding_format must be 'raw': other formats are undocumented.",
                "Leave it out of extra_body.",
            )

    @property
    def gives_whole_numbers(self) -> bool:
        """Whether vectors are quantised rather than floats."""
        return self.embedding_type not in {None, "float"}


def _check_batch_size(batch_size: object) -> None:
    if not isinstance(batch_size, int) or not 1 <= batch_size <= MAX_TEXTS:
        raise ConfigError(
            f"batch_size must be a whole number from 1 to {MAX_TEXTS}, got {batch_size!r}.",
            f"Leave it out for the default of {MAX_TEXTS}.",
        )
