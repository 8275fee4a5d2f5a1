"""The parameters of a reranker in either framework (docs: rerank)."""

from collections.abc import Callable, Mapping
from types import EllipsisType
from typing import TYPE_CHECKING, Any, ClassVar

from heroku_inference._adapters.arguments import Connection
from heroku_inference._adapters.refusals import warn_of_refused
from heroku_inference._config.settings import Kind
from heroku_inference._endpoints.refusals import OnRefused
from heroku_inference._endpoints.rerank_options import RerankOptions, check_query, check_top_n

if TYPE_CHECKING:
    from heroku_inference._endpoints.rerank import RerankHit, RerankResult

__all__ = ["RerankParameters", "check_query", "hits_of"]


class RerankParameters(Connection):
    """The parameters of a reranker."""

    _KIND: ClassVar[Kind] = "rerank"
    _CHECKS: ClassVar[Mapping[str, Callable[[Any], object]]] = {
        **Connection._CHECKS,  # noqa: SLF001 - of the class above
        "top_n": check_top_n,
    }

    top_n: int | None = None
    """How many documents to keep, best first; `None` keeps all."""

    max_concurrency: int = 8
    """How many requests may be in flight at a time, if more than one is needed."""

    on_refused: OnRefused = "error"
    """What to do with a document that the firewall or the API refuses: raise an `error` that names
    it by `index` and holds in `done` the scores that came, or `skip` it with a warning: the result
    holds the others."""

    def _check_values(self) -> None:
        super()._check_values()
        RerankOptions(**self._options())

    def _options(self, top_n: int | EllipsisType | None = ...) -> dict[str, Any]:
        """The options of the core's `rerank`; `...` stands for the `top_n` of this object."""
        return {
            "model": self.model or self.settings.require_model(),
            "top_n": self.top_n if top_n is ... else top_n,
            "max_concurrency": self.max_concurrency,
            "on_refused": self.on_refused,
        }


def hits_of(result: "RerankResult") -> "list[RerankHit]":
    """The hits; a warning names documents that were left out."""
    warn_of_refused("documents", result.refused)
    return result.hits
