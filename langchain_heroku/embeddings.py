"""`HerokuEmbeddings`: Heroku's embedding models as LangChain embeddings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

from langchain_core.embeddings import Embeddings
from pydantic import ConfigDict

import heroku_inference
from heroku_inference._adapters.embeddings import MAX_TEXTS, EmbeddingParameters, OnRefused, Side
from langchain_heroku._connection import HerokuConnection
from langchain_heroku.errors import langchain_errors

if TYPE_CHECKING:
    from heroku_inference import EmbedOptions

__all__ = ["HerokuEmbeddings"]


class HerokuEmbeddings(HerokuConnection, EmbeddingParameters, Embeddings):
    """An embedding model of Heroku Managed Inference.

    **Setup.** Attach the add-on; the config vars `EMBEDDING_KEY`, `EMBEDDING_URL` and
    `EMBEDDING_MODEL_ID` are read, else `INFERENCE_KEY` and `INFERENCE_URL` (a standard plan has
    one key for all models) with the model `cohere-embed-multilingual`.

    ```bash
    pip install "heroku-inference[langchain]"
    heroku ai:models:create cohere-embed-multilingual -a APP --as EMBEDDING
    heroku config -a APP -s | grep EMBEDDING >> .env
    ```

    **Instantiate.**

    ```python
    from langchain_heroku import HerokuEmbeddings

    embeddings = HerokuEmbeddings()
    ```

    **Embed.** Documents and queries get vectors for their side of a search (`input_type`).

    ```python
    vector_store = InMemoryVectorStore.from_texts(texts, embeddings)
    vectors = embeddings.embed_documents(["a text", "another"])
    vector = await embeddings.aembed_query("a question")
    ```

    Many texts are sent in batches of at most 96 (docs: embeddings), eight at a time, whether
    blocking or async; vectors come back in the order of the texts. An empty list sends no request.

    **Bulk.** A list of floats takes 32 bytes per number. `iter_embed` takes texts from any iterable
    and yields batch by batch, in bounded memory:

    ```python
    for batch in embeddings.iter_embed(lines):
        store(batch.start, batch.float32())
    ```

    **Long texts.** The API takes 2048 bytes of UTF-8 a text, which are 2048 characters of English
    and 682 of Japanese or Chinese. A longer one is an error that names it, before anything is sent;
    set `long_text` to do something else.

    **Refused texts.** The firewall in front of the API refuses a whole batch because of one text,
    such as one with a URL of `localhost`. That text is looked for by halving the batch. The error
    names it by `index`, and holds in `done` the vectors that came; `iter_embed` can `skip` it.

    **Caches.** `cache_namespace` is for `CacheBackedEmbeddings`: it changes with the settings that
    change vectors. Give questions a store of their own, or they get the vectors of documents:

    ```python
    cached = CacheBackedEmbeddings.from_bytes_store(
        embeddings,
        LocalFileStore("cache/documents"),
        namespace=embeddings.cache_namespace,
        query_embedding_cache=LocalFileStore("cache/questions"),
        key_encoder="sha256",
    )
    ```

    **Errors** are both Heroku's and LangChain's: see `langchain_heroku.errors`.

    Raises:
        ConfigError: No key was found, or arguments contradict each other.
    """

    model_config = ConfigDict(extra="forbid", defer_build=False)

    batch_size: int = MAX_TEXTS
    """Texts in one request, 1 to 96."""

    max_concurrency: int = 8
    """Requests in flight at a time."""

    if TYPE_CHECKING:  # other spellings of arguments are accepted too

        def __init__(self, **data: Any) -> None: ...

    @property
    def cache_namespace(self) -> str:
        """The model, and a hash of all other settings that its vectors depend on.

        It is the same for documents and questions, which `CacheBackedEmbeddings` tells apart only
        by their stores.
        """
        further = [self.input_type, self.embedding_type or "float", self.long_text, self.extra_body]
        content = json.dumps(further, sort_keys=True, default=str)
        return f"{self.model}/{hashlib.sha256(content.encode()).hexdigest()[:16]}/"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector for each text, in order.

        Raises:
            ConfigError: A text is no string or too long; nothing was sent.
            APIError: A request failed, or a text was refused; `index` says which, and `done` holds
                the vectors that came.
            InvalidResponseError: An answer does not hold one vector for each text.
        """
        with langchain_errors():
            options = self._options("search_document")
            return self._client.embed(texts, model=self.model, **options).vectors

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question, for searching documents. Raises as `embed_documents`."""
        with langchain_errors():
            options = self._options("search_query")
            return self._client.embed([text], model=self.model, **options).vectors[0]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Async version of `embed_documents`."""
        with langchain_errors():
            options = self._options("search_document")
            return (await self._async_client.embed(texts, model=self.model, **options)).vectors

    async def aembed_query(self, text: str) -> list[float]:
        """Async version of `embed_query`."""
        with langchain_errors():
            options = self._options("search_query")
            return (await self._async_client.embed([text], model=self.model, **options)).vectors[0]

    def iter_embed(
        self, texts: Iterable[str], *, on_refused: OnRefused = "error"
    ) -> Generator[heroku_inference.EmbeddingBatch]:
        """Vectors of documents batch by batch, in order, a few requests ahead of the consumer.

        `texts` can be endless: memory stays bounded. Errors keep their position: batches before
        the failing one are yielded first.

        Args:
            texts: What to embed.
            on_refused: For a text that the firewall or the API refuses: `error`, which names it by
                `index` and holds in `done` the vectors that were not yielded, or `skip` it and
                list it in the batch's `refused`.

        Yields:
            Batches with `start` (the position of its first text), `vectors` (and `float32()`
            arrays of them), their `indices`, `refused` and `usage`.
        """
        with langchain_errors():
            options = self._options("search_document")
            options["on_refused"] = on_refused
            with closing(self._client.iter_embed(texts, model=self.model, **options)) as batches:
                yield from batches

    async def aiter_embed(
        self, texts: Iterable[str], *, on_refused: OnRefused = "error"
    ) -> AsyncGenerator[heroku_inference.EmbeddingBatch]:
        """`iter_embed` as an async generator; close it (`contextlib.aclosing`) if left early."""
        with langchain_errors():
            options = self._options("search_document")
            options["on_refused"] = on_refused
            batches = self._async_client.iter_embed(texts, model=self.model, **options)
            async with aclosing(batches):
                async for batch in batches:
                    yield batch

    def _options(self, side: Side) -> EmbedOptions:
        return {
            **super()._options(side),
            "batch_size": self.batch_size,
            "max_concurrency": self.max_concurrency,
        }
