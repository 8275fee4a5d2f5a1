"""`HerokuRerank`: Heroku's rerank models as a LangChain document compressor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from pydantic import ConfigDict

import heroku_inference
from heroku_inference._adapters.rerank import RerankParameters, check_query, hits_of
from heroku_inference._errors import ConfigError
from langchain_heroku._connection import HerokuConnection
from langchain_heroku.errors import langchain_errors

__all__ = ["HerokuRerank"]


class HerokuRerank(HerokuConnection, RerankParameters, BaseDocumentCompressor):
    """Sorts documents by their relevance to a question, and keeps the best.

    **Setup.** Attach the add-on; the config vars `RERANK_KEY`, `RERANK_URL` and `RERANK_MODEL_ID`
    are read, else `INFERENCE_KEY` and `INFERENCE_URL` (a standard plan has one key for all models)
    with the model `cohere-rerank-3-5`.

    ```bash
    pip install "heroku-inference[langchain]"
    heroku ai:models:create cohere-rerank-3-5 -a APP --as RERANK
    heroku config -a APP -s | grep RERANK >> .env
    ```

    **Rerank what a retriever found**, blocking or async. The result holds copies with
    `relevance_score` in their metadata, best first. The original documents are not changed.

    ```python
    from langchain_heroku import HerokuRerank

    reranker = HerokuRerank(top_n=3)
    reranker.compress_documents(retriever.invoke(question), question)
    ```

    **In a chain** (LCEL). Retrieve more than needed, and keep the best:

    ```python
    @chain
    def best(found: dict) -> Sequence[Document]:
        return reranker.compress_documents(**found)

    answer_from = {"documents": retriever, "query": RunnablePassthrough()} | best
    ```

    Or, with `langchain-classic`,
    `ContextualCompressionRetriever(base_retriever=retriever, base_compressor=reranker)`.

    **Rank anything else.** `rerank` takes strings, documents and mappings with a `text`, and
    returns positions and scores.

    More than 1000 documents, the most one request takes (docs: rerank), are sent in parts and
    merged by score.

    **Errors** are both Heroku's and LangChain's: see `langchain_heroku.errors`.

    Raises:
        ConfigError: No key was found, or an argument is out of range.
    """

    model_config = ConfigDict(extra="forbid", defer_build=False)

    if TYPE_CHECKING:  # other spellings of arguments are accepted too

        def __init__(self, **data: Any) -> None: ...

    def compress_documents(
        self,
        documents: Sequence[Document],
        query: str,
        callbacks: Callbacks | None = None,  # noqa: ARG002 - as above
    ) -> Sequence[Document]:
        """The most relevant documents, best first.

        Args:
            documents: What a retriever found; an empty list sends no request.
            query: The question.
            callbacks: Not used.

        Returns:
            Copies with `relevance_score` in their metadata. The metadata is copied deeply, except
            for values that cannot be copied.

        Raises:
            ConfigError: An argument is wrong; nothing was sent.
            APIError: A request failed.
            InvalidResponseError: An answer does not rank the documents it was asked about.
        """
        _check_order(query)
        return _with_scores(documents, self.rerank(query, documents))

    async def acompress_documents(
        self,
        documents: Sequence[Document],
        query: str,
        callbacks: Callbacks | None = None,  # noqa: ARG002 - as above
    ) -> Sequence[Document]:
        """Async version of `compress_documents`."""
        _check_order(query)
        return _with_scores(documents, await self.arerank(query, documents))

    def rerank(
        self,
        query: str,
        documents: Sequence[str | Document | Mapping[str, Any]],
        *,
        top_n: int | EllipsisType | None = ...,
    ) -> list[heroku_inference.RerankHit]:
        """The positions and scores of the most relevant documents, best first.

        Args:
            query: The question.
            documents: Strings, documents, or mappings with a `text` or `page_content`; an empty
                list sends no request.
            top_n: How many to return; `None` for all. Defaults to the value of this object.

        Returns:
            Hits with `index`, a position among `documents`, and `score`, higher is better.

        Raises:
            ConfigError: An argument is wrong; nothing was sent.
            APIError: A request failed.
            InvalidResponseError: An answer does not rank the documents it was asked about.
        """
        with langchain_errors():
            options = self._options(top_n)
            return hits_of(self._client.rerank(query, _texts(query, documents), **options))

    async def arerank(
        self,
        query: str,
        documents: Sequence[str | Document | Mapping[str, Any]],
        *,
        top_n: int | EllipsisType | None = ...,
    ) -> list[heroku_inference.RerankHit]:
        """Async version of `rerank`."""
        with langchain_errors():
            options, texts = self._options(top_n), _texts(query, documents)
            return hits_of(await self._async_client.rerank(query, texts, **options))


def _check_order(query: object) -> None:
    with langchain_errors():
        check_query(query, "compress_documents(documents, query)")


def _texts(query: str, documents: Sequence[str | Document | Mapping[str, Any]]) -> list[str]:
    check_query(query)
    if isinstance(documents, (str, Mapping)):
        raise ConfigError(
            "documents must be a list, got a single document.", "Put it into a list: [document]."
        )
    return [_text(document, index) for index, document in enumerate(documents)]


def _text(document: str | Document | Mapping[str, Any], index: int) -> str:
    """The text of a document that is compared with the query."""
    if isinstance(document, Document):
        return document.page_content
    if isinstance(document, Mapping):
        for name in ("text", "page_content"):
            if isinstance(text := document.get(name), str):
                return text
        raise ConfigError(
            f"Document {index} has no str in `text` or `page_content`.",
            "Put its text into one of these.",
        )
    return document


def _with_scores(
    documents: Sequence[Document], hits: Sequence[heroku_inference.RerankHit]
) -> list[Document]:
    return [_with_score(documents[hit.index], hit.score) for hit in hits]


def _with_score(document: Document, score: float) -> Document:
    metadata = {name: _copy_value(value) for name, value in document.metadata.items()}
    return document.model_copy(update={"metadata": {**metadata, "relevance_score": score}})


def _copy_value(value: Any) -> Any:
    """A deep copy of a value, or the value itself if it cannot be copied, such as a lock."""
    try:
        return deepcopy(value)
    except Exception:  # noqa: BLE001 - no error is worth losing a ranking that was paid for
        return value
