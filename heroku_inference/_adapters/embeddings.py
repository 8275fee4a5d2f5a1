"""The parameters of an embedding model in either framework (docs: embeddings)."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from heroku_inference._adapters.arguments import Connection
from heroku_inference._config.settings import Kind
from heroku_inference._endpoints.embedding_options import MAX_TEXTS, EmbeddingOptions
from heroku_inference._endpoints.embedding_wire import LongText, check_text
from heroku_inference._endpoints.refusals import OnRefused

if TYPE_CHECKING:
    from heroku_inference._client_options import EmbedOptions

__all__ = ["MAX_TEXTS", "EmbeddingParameters", "OnRefused", "Side", "check_text"]

Side = Literal["search_document", "search_query"]
"""The two sides of a search; the same text has a different vector on each."""


class EmbeddingParameters(Connection):
    """The parameters of an embedding model."""

    _KIND: ClassVar[Kind] = "embedding"

    input_type: str | None = None
    """What the vectors are for: `search_document`, `search_query`, `classification` or `clustering`
    (docs: embeddings). By default `search_document` for documents and `search_query` for queries;
    a value set here is used for both."""

    embedding_type: str | None = None
    """`float` (the API's default), `int8`, `uint8`, `binary` or `ubinary`; all but `float` give
    whole numbers, and the last two pack eight dimensions into each."""

    long_text: LongText = "error"
    """What to do with a text of more than 2048 bytes of UTF-8: raise an `error`, `truncate` it to
    its beginning, or `split` it and take the mean of its pieces' vectors, weighted by length in
    bytes and scaled to length 1. A letter of English is one byte, a Chinese character three."""

    allow_ignored_params: bool | None = None
    """Whether the API should ignore parameters that it does not know, instead of refusing them."""

    extra_body: dict[str, Any] | None = None
    """Further fields of the request body, merged over ours."""

    def _check_values(self) -> None:
        super()._check_values()
        options: dict[str, Any] = {**self._options("search_document")}
        EmbeddingOptions(model=self.model or self.settings.require_model(), **options)

    def _options(self, side: Side) -> "EmbedOptions":
        """The options of the core's `embed` for texts on this side."""
        return {
            "input_type": self.input_type or side,
            "embedding_type": self.embedding_type,
            "long_text": self.long_text,
            "allow_ignored_params": self.allow_ignored_params,
            "extra_body": self.extra_body,
        }
