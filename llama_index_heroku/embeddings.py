"""`HerokuEmbedding`: Heroku's embedding models as a LlamaIndex embedding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from llama_index.core.schema import BaseNode, MetadataMode
from pydantic import ConfigDict, Field

from heroku_inference._adapters.embeddings import (
    MAX_TEXTS,
    EmbeddingParameters,
    OnRefused,
    Side,
    check_text,
)
from heroku_inference._adapters.refusals import warn_of_refused
from heroku_inference._errors import ConfigError
from llama_index_heroku._connection import HerokuConnection, traced_model
from llama_index_heroku._embedding_calls import EmbeddingCalls, embedding_errors

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import Embedding
    from llama_index.core.callbacks import CallbackManager

    from heroku_inference import EmbeddingResult

__all__ = ["HerokuEmbedding"]

_UNKNOWN: Final = "unknown"  # LlamaIndex's default for the name of a model
_REMEDY: Final = (
    "In LlamaIndex, set Settings.chunk_size = 320 and Settings.chunk_overlap = 40 (tokens, "
    "metadata included; the default of 1024 is about 4300 bytes of English and 3000 of Japanese), "
    "and keep long metadata out "
    "of what is embedded with excluded_embed_metadata_keys."
)


# Arguments of OpenAILikeEmbedding without effect here, and those with an equal of another form.
_WITHOUT_EFFECT: Final = frozenset({"api_type", "api_version", "reuse_client"})
_OTHERWISE: Final = frozenset({"additional_kwargs", "dimensions"})


class HerokuEmbedding(HerokuConnection, EmbeddingParameters, EmbeddingCalls):
    """An embedding model of Heroku Managed Inference.

    **Setup.** Attach the add-on; the config vars `EMBEDDING_KEY`, `EMBEDDING_URL` and
    `EMBEDDING_MODEL_ID` are read, else `INFERENCE_KEY` and `INFERENCE_URL` (a standard plan has
    one key for all models) with the model `cohere-embed-multilingual`.

    ```bash
    pip install "heroku-inference[llama-index]"
    heroku ai:models:create cohere-embed-multilingual -a APP --as EMBEDDING
    heroku config -a APP -s | grep EMBEDDING >> .env
    ```

    **Instantiate.**

    ```python
    from llama_index.core import Settings
    from llama_index_heroku import HerokuEmbedding

    Settings.embed_model = HerokuEmbedding()
    Settings.chunk_size, Settings.chunk_overlap = 320, 40
    ```

    **Embed.** Documents and queries get vectors for their side of a search (`input_type`).

    ```python
    index = VectorStoreIndex.from_documents(documents)
    vectors = Settings.embed_model.get_text_embedding_batch(["a text", "another"])
    vector = await Settings.embed_model.aget_query_embedding("a question")
    ```

    Many texts are sent in batches of at most 96 (docs: embeddings), eight at a time, whether
    blocking or async; vectors come back in the order of the texts. An empty list sends no request.

    **Pipelines.** It can be pickled, so `IngestionPipeline.run(num_workers=2)` works. A pipeline
    finds its cached vectors as long as the options that affect them are the same: `to_dict()`
    leaves out the key, `timeout`, `max_retries`, `rate_limit_timeout`, `max_response_bytes` and
    `num_workers`.

    **Long texts.** The API takes 2048 bytes of UTF-8 a text; LlamaIndex's chunks are longer in
    every language unless `Settings.chunk_size` is set. A longer text is an error that names it,
    before anything is sent; set `long_text` to do something else.

    **Refused texts.** The firewall in front of the API refuses a whole batch because of one text,
    such as one with a URL of `localhost`. That text is looked for by halving the batch. The error
    names it by `index`, and holds in `done` the vectors that came; `embeddings_cache` keeps them.
    With `on_refused="skip"` a pipeline goes on without that node.

    **Moving here.** Arguments of `llama-index-embeddings-heroku` are accepted, the first ones also
    by position: model, key, URL, `timeout`, `embed_batch_size`, `callback_manager`.

    **Errors** of requests are the core's (`heroku_inference.RateLimitError`, ...) and
    `ValueError`s.

    Raises:
        ConfigError: No key was found, or arguments contradict each other.
    """

    model_config = ConfigDict(defer_build=False)

    _POSITIONS: ClassVar[tuple[str, ...]] = (
        "model",
        "api_key",
        "base_url",
        "timeout",
        "embed_batch_size",
        "callback_manager",
    )

    _ASKS_LIMITERS: ClassVar[bool] = True

    # Dumps leave out how requests are sent: pipelines use them as keys of their cache.

    timeout: float | None = Field(default=None, gt=0, exclude=True)
    """Seconds to wait for an answer; `None` is the default of the client, which is finite."""

    max_retries: int = Field(default=2, ge=0, exclude=True)
    """How often to repeat a request after a failure that may be temporary. A 429 is not counted;
    with 0, calls do not wait for the rate limit either."""

    rate_limit_timeout: float | None = Field(default=None, ge=0, exclude=True)
    """Seconds that a call waits for the rate limit, 300 by default; 0 raises the error at once."""

    max_response_bytes: int | None = Field(default=None, ge=1, exclude=True)
    """How large an answer may be after it was decompressed, 64 MiB by default."""
    rate_limiter: Any = Field(default=None, exclude=True)
    """A rate limiter of LlamaIndex, asked once before each request; or a
    `heroku_inference.SharedRateLimit`, which several processes keep together: each request that
    goes out waits for its turn. Left out of dumps."""

    embed_batch_size: int = Field(default=MAX_TEXTS, ge=1, le=MAX_TEXTS)
    """Texts in one request, 1 to 96."""

    on_refused: OnRefused = Field(default="error", exclude_if=lambda way: way == "error")
    """What a pipeline does with a node that the firewall or the API refuses: raise an `error`, or
    `skip` it with a warning, so that it is missing in the result (a docstore still counts it as
    seen). Methods that must give a vector for each text raise an error in any case."""

    if TYPE_CHECKING:  # other spellings of arguments are accepted too

        def __init__(
            self,
            model: str | None = None,
            api_key: str | None = None,
            base_url: str | None = None,
            timeout: float | None = None,
            embed_batch_size: int = MAX_TEXTS,
            callback_manager: CallbackManager | None = None,
            **data: Any,
        ) -> None: ...

    @classmethod
    def _fields_from(cls, data: dict[str, Any]) -> dict[str, Any]:
        _check_cache(data.get("embeddings_cache"))
        return _with_one_model(super()._fields_from(_without_foreign_arguments(data)))

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in {"model", "model_name"}:  # ours, and LlamaIndex's
            super().__setattr__("model", value)
            super().__setattr__("model_name", value)

    @classmethod
    def class_name(cls) -> str:
        """The name of the class in dumps."""
        return "HerokuEmbedding"

    def to_payload(self) -> dict[str, Any]:
        """What event handlers get about the model: its ids, the provider, and what was set."""
        options = {"input_type": self.input_type, "embedding_type": self.embedding_type}
        return {
            "class_name": self.class_name(),
            "model_name": self.model_name,
            "embed_batch_size": self.embed_batch_size,
            **traced_model(self),
            **{name: value for name, value in options.items() if value is not None},
        }

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Give nodes their vectors, as a step of a pipeline."""
        if self.on_refused == "error":
            return super().__call__(nodes, **kwargs)
        options = self._options("search_document")
        options["on_refused"] = "skip"
        skipping = _Skipping(nodes)

        def embed(texts: list[str]) -> list[Embedding]:
            with embedding_errors():
                result = self._client.embed(texts, model=self.model, **options)
            return skipping.spread(texts, result)

        shown = kwargs.get("show_progress", False)
        return skipping.embedded(self._run(skipping.texts, "search_document", embed, shown))

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """`__call__`, awaited."""
        if self.on_refused == "error":
            return await super().acall(nodes, **kwargs)
        options = self._options("search_document")
        options["on_refused"] = "skip"
        skipping = _Skipping(nodes)

        async def embed(texts: list[str]) -> list[Embedding]:
            with embedding_errors():
                result = await self._async_client.embed(texts, model=self.model, **options)
            return skipping.spread(texts, result)

        shown = kwargs.get("show_progress", False)
        return skipping.embedded(await self._arun(skipping.texts, "search_document", embed, shown))

    def _get_query_embedding(self, query: str) -> Embedding:
        return self._embed([query], "search_query")[0]

    async def _aget_query_embedding(self, query: str) -> Embedding:
        return (await self._aembed([query], "search_query"))[0]

    def _get_text_embedding(self, text: str) -> Embedding:
        return self._embed([text], "search_document")[0]

    async def _aget_text_embedding(self, text: str) -> Embedding:
        return (await self._aembed([text], "search_document"))[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return self._embed(texts, "search_document")

    async def _aget_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return await self._aembed(texts, "search_document")

    def _embed(self, texts: list[str], side: Side) -> list[Embedding]:
        with embedding_errors():
            return self._client.embed(texts, model=self.model, **self._options(side)).vectors

    async def _aembed(self, texts: list[str], side: Side) -> list[Embedding]:
        with embedding_errors():
            result = await self._async_client.embed(texts, model=self.model, **self._options(side))
            return result.vectors

    def _identity(self, side: Side) -> list[Any]:
        return [self.model_name, self.input_type or side, self._options(side)]

    def _check(self, texts: Sequence[Any]) -> None:
        if isinstance(texts, str):
            raise ConfigError("texts must be a list of str, got one str.", "Pass a list: [text].")
        try:
            for index, text in enumerate(texts):
                check_text(text, index, self.long_text)
        except ConfigError as error:
            further = f" {_REMEDY}" if isinstance(text, str) else ""
            raise ConfigError(error.problem, f"{error.remedy}{further}".lstrip()) from None


def _without_foreign_arguments(data: dict[str, Any]) -> dict[str, Any]:
    """`data` without the arguments of `OpenAILikeEmbedding` that say nothing here."""
    foreign = data.keys() & (_WITHOUT_EFFECT | _OTHERWISE)
    for name in sorted(foreign & _OTHERWISE):
        if data[name]:
            raise ConfigError(
                f"HerokuEmbedding() has no argument {name!r}.",
                "Pass the fields of the request's body as extra_body={...}.",
            )
    return {name: data[name] for name in data.keys() - foreign} if foreign else data


def _check_cache(cache: object) -> None:
    """Refuse what LlamaIndex would refuse with a bare TypeError."""
    from llama_index.core.storage.kvstore.types import BaseKVStore  # noqa: PLC0415 - as core does

    if not isinstance(cache, BaseKVStore | None):
        raise ConfigError(
            f"embeddings_cache must be a BaseKVStore, got a value of type {type(cache).__name__}.",
            "Pass a store of LlamaIndex, such as SimpleKVStore().",
        )


class _Skipping:
    """Nodes on their way to vectors, without those that are refused."""

    def __init__(self, nodes: Sequence[BaseNode]) -> None:
        self.texts = [node.get_content(metadata_mode=MetadataMode.EMBED) for node in nodes]
        self._nodes = nodes
        self._reasons: dict[str, str] = {}

    def spread(self, texts: list[str], result: EmbeddingResult) -> list[Embedding]:
        """A vector for each text, empty for one that was refused."""
        self._reasons |= {texts[index]: reason for index, reason in result.refused}
        vectors = dict(zip(result.indices, result.vectors, strict=True))
        return [vectors.get(index, []) for index in range(len(texts))]

    def embedded(self, vectors: list[Embedding]) -> list[BaseNode]:
        """The nodes that have a vector; a warning names the others."""
        embedded = []
        refused = []
        for index, (node, vector) in enumerate(zip(self._nodes, vectors, strict=True)):
            if vector:
                node.embedding = vector
                embedded.append(node)
            else:
                refused.append((index, self._reasons[self.texts[index]]))
        warn_of_refused("nodes", refused)
        return embedded


def _with_one_model(data: dict[str, Any]) -> dict[str, Any]:
    """`data` with the model under our name and LlamaIndex's, as dumps and pickles have it."""
    for name in ("model", "model_name"):
        if not isinstance(data.get(name), str | None):
            raise ConfigError(
                f"{name} must be a str, got a value of type {type(data[name]).__name__}.",
                "Pass the id of a model, such as 'cohere-embed-multilingual'.",
            )
    models = {data.get("model"), data.get("model_name")} - {None, _UNKNOWN}
    if len(models) > 1:
        raise ConfigError(
            "model and model_name are two names of one argument.", "Pass one of them."
        )
    model = models.pop() if models else None
    return {**data, "model": model, "model_name": model or _UNKNOWN}
