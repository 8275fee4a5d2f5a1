"""`HerokuRerank`: Heroku's rerank models as a LlamaIndex node postprocessor."""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle, TextNode
from pydantic import ConfigDict

from heroku_inference._adapters.rerank import RerankParameters, hits_of
from heroku_inference._errors import ConfigError
from llama_index_heroku._connection import HerokuConnection

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from llama_index.core.schema import BaseNode

    from heroku_inference import RerankHit

__all__ = ["HerokuRerank"]

_RETRIEVAL_SCORE: Final = "retrieval_score"

_dispatcher = get_dispatcher(__name__)


class HerokuRerank(HerokuConnection, RerankParameters, BaseNodePostprocessor):
    """Sorts nodes by their relevance to a question, and keeps the best.

    **Setup.** Attach the add-on; the config vars `RERANK_KEY`, `RERANK_URL` and `RERANK_MODEL_ID`
    are read, else `INFERENCE_KEY` and `INFERENCE_URL` (a standard plan has one key for all models)
    with the model `cohere-rerank-3-5`.

    ```bash
    pip install "heroku-inference[llama-index]"
    heroku ai:models:create cohere-rerank-3-5 -a APP --as RERANK
    heroku config -a APP -s | grep RERANK >> .env
    ```

    **In a query engine.** Retrieve more than needed, and keep the best:

    ```python
    from llama_index_heroku import HerokuRerank

    index.as_query_engine(similarity_top_k=20, node_postprocessors=[HerokuRerank(top_n=4)])
    ```

    **By itself**, blocking or async. The result holds new `NodeWithScore`s, best first. The
    original ones are not changed.

    ```python
    HerokuRerank(top_n=4).postprocess_nodes(nodes, query_str="Who approves holidays?")
    ```

    More than 1000 nodes, the most one request takes (docs: rerank), are sent in parts and merged
    by score.

    Raises:
        ConfigError: No key was found, or an argument is out of range.
    """

    model_config = ConfigDict(defer_build=False)

    metadata_mode: MetadataMode = MetadataMode.EMBED
    """Which metadata of a node is compared with the question, besides its text."""

    keep_retrieval_score: bool = False
    """Whether a node's score before reranking is kept, as `retrieval_score` in the metadata of a
    copy of the node, hidden from models and embeddings."""

    if TYPE_CHECKING:  # other spellings of arguments are accepted too

        def __init__(self, **data: Any) -> None: ...

    @classmethod
    def class_name(cls) -> str:
        """The name of the class in dumps."""
        return "HerokuRerank"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        with self._report(nodes, query_bundle) as report:
            if not nodes:
                return report.end([])
            result = self._client.rerank(report.query, self._texts(nodes), **self._options())
            return report.end(self._rank(nodes, hits_of(result)))

    @_dispatcher.span
    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        with self._report(nodes, query_bundle) as report:
            if not nodes:
                return report.end([])
            texts = self._texts(nodes)
            result = await self._async_client.rerank(report.query, texts, **self._options())
            return report.end(self._rank(nodes, hits_of(result)))

    def _texts(self, nodes: Sequence[NodeWithScore]) -> list[str]:
        mode = self.metadata_mode
        return [
            # What `get_content` gives of such a node; it takes 30 times longer to do so.
            node.text
            if type(node) is TextNode and not node.metadata
            else node.get_content(metadata_mode=mode)
            for node in (found.node for found in nodes)
        ]

    def _rank(
        self, nodes: Sequence[NodeWithScore], hits: Sequence[RerankHit]
    ) -> list[NodeWithScore]:
        return [self._with_new_score(nodes[hit.index], hit.score) for hit in hits]

    def _with_new_score(self, found: NodeWithScore, score: float) -> NodeWithScore:
        node = _with_score(found.node, found.score) if self.keep_retrieval_score else found.node
        return NodeWithScore(node=node, score=score)

    @contextmanager
    def _report(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None
    ) -> Generator[_Report]:
        """Report both events and one callback around a ranking, even if it fails."""
        if isinstance(nodes, (str, QueryBundle)) or not isinstance(
            query_bundle, QueryBundle | None
        ):
            raise ConfigError(
                "The nodes come first, and the question is query_str.",
                "Call postprocess_nodes(nodes, query_str=...).",
            )
        top_n = len(nodes) if self.top_n is None else min(self.top_n, len(nodes))
        model = self.settings.require_model()
        _dispatcher.event(
            ReRankStartEvent(query=query_bundle, nodes=nodes, top_n=top_n, model_name=model)
        )
        payload: dict[str, Any] = {
            EventPayload.NODES: nodes,
            EventPayload.MODEL_NAME: model,
            EventPayload.QUERY_STR: query_bundle and query_bundle.query_str,
            EventPayload.TOP_K: top_n,
        }
        report = _Report(query_bundle)
        try:
            with self.callback_manager.event(CBEventType.RERANKING, payload=payload) as event:
                if query_bundle is None:
                    raise ConfigError(
                        "Missing query bundle in extra info.",
                        "Pass query_str=... or query_bundle=....",
                    )
                yield report
                event.on_end(payload={EventPayload.NODES: report.nodes})
        finally:
            _dispatcher.event(ReRankEndEvent(nodes=report.nodes))


class _Report:
    """The report of a ranking to callbacks and event handlers."""

    def __init__(self, query_bundle: QueryBundle | None) -> None:
        self.query = "" if query_bundle is None else query_bundle.query_str
        self.nodes: list[NodeWithScore] = []

    def end(self, nodes: list[NodeWithScore]) -> list[NodeWithScore]:
        """Store the ranked nodes for the report, and return them."""
        self.nodes = nodes
        return nodes


def _with_score(node: BaseNode, score: float | None) -> BaseNode:
    """A copy of `node` with its retrieval score, hidden from models and embeddings."""
    return node.model_copy(
        update={
            "metadata": {**deepcopy(node.metadata), _RETRIEVAL_SCORE: score},
            "excluded_embed_metadata_keys": [*node.excluded_embed_metadata_keys, _RETRIEVAL_SCORE],
            "excluded_llm_metadata_keys": [*node.excluded_llm_metadata_keys, _RETRIEVAL_SCORE],
        }
    )
