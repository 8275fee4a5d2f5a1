"""The public calls of LlamaIndex's `BaseEmbedding`, implemented anew over its own hooks.

LlamaIndex (0.14) sends blocking batches one by one and async batches all at once. It asks its rate
limiter for cached texts and not for others, and caches one vector per text, whatever it is for.
Here a few batches are in flight at a time, each request asks the limiter once, and the cache keeps
documents, queries and models apart.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack, aclosing, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.embeddings.base import BaseEmbedding, Embedding
from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.events.embedding import EmbeddingEndEvent, EmbeddingStartEvent
from pydantic import Field

from heroku_inference._adapters.concurrency import amap_in_order, map_in_order
from heroku_inference._adapters.refusals import relocate
from heroku_inference._errors import HerokuError, recast, short_traceback

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
    from types import TracebackType

    from heroku_inference._adapters.embeddings import Side

__all__ = ["EmbeddingCalls", "embedding_errors"]

_COLLECTION: Final = "embeddings"
_WORKERS: Final = 8

_dispatcher = get_dispatcher(__name__)


class EmbeddingCalls(BaseEmbedding):
    """An embedding model that embeds batches concurrently, and caches them by their purpose.

    Subclasses implement core's hooks (`_get_text_embeddings` and its siblings), which send. What
    `_run` and `_arun` embed with may give an empty vector for a text that was refused.
    """

    num_workers: int | None = Field(default=_WORKERS, ge=1, exclude=True)
    """Requests in flight at a time, blocking or async."""

    embeddings_cache: Any = Field(default=None, exclude=True)
    """Any key-value store of LlamaIndex. It can be shared: vectors of different models, of
    documents and of queries are kept apart. Left out of dumps."""

    def get_query_embedding(self, query: str) -> Embedding:
        """The vector of a question, for searching documents."""

        def embed(texts: list[str]) -> list[Embedding]:
            return [self._get_query_embedding(*texts)]

        with short_traceback():
            return self._run([query], "search_query", embed)[0]

    async def aget_query_embedding(self, query: str) -> Embedding:
        """Async version of `get_query_embedding`."""

        async def embed(texts: list[str]) -> list[Embedding]:
            return [await self._aget_query_embedding(*texts)]

        with short_traceback():
            return (await self._arun([query], "search_query", embed))[0]

    def get_text_embedding(self, text: str) -> Embedding:
        """The vector of a document."""

        def embed(texts: list[str]) -> list[Embedding]:
            return [self._get_text_embedding(*texts)]

        with short_traceback():
            return self._run([text], "search_document", embed)[0]

    async def aget_text_embedding(self, text: str) -> Embedding:
        """Async version of `get_text_embedding`."""

        async def embed(texts: list[str]) -> list[Embedding]:
            return [await self._aget_text_embedding(*texts)]

        with short_traceback():
            return (await self._arun([text], "search_document", embed))[0]

    def get_text_embedding_batch(
        self,
        texts: list[str],
        show_progress: bool = False,
        **kwargs: Any,  # noqa: ARG002 - as above
    ) -> list[Embedding]:
        """The vectors of documents, in their order; a few requests are in flight at a time."""
        with short_traceback():
            return self._run(texts, "search_document", self._get_text_embeddings, show_progress)

    async def aget_text_embedding_batch(
        self,
        texts: list[str],
        show_progress: bool = False,
        **kwargs: Any,  # noqa: ARG002 - as above
    ) -> list[Embedding]:
        """Async version of `get_text_embedding_batch`."""
        embed = self._aget_text_embeddings
        with short_traceback():
            return await self._arun(texts, "search_document", embed, show_progress)

    def _identity(self, side: Side) -> list[Any]:
        """All that a text's vector depends on besides the text, as JSON values."""
        return [self.model_name, side]

    def _check(self, texts: Sequence[Any]) -> None:
        """Refuse texts that cannot be embedded, before anything is sent."""

    def _run(
        self,
        texts: Sequence[str],
        side: Side,
        embed: Callable[[list[str]], list[Embedding]],
        show_progress: bool = False,
    ) -> list[Embedding]:
        self._check(texts)
        vectors: list[Embedding] = []
        came: dict[int, Embedding] = {}

        def begun() -> Iterator[_Batch]:
            for start, part in self._parts(texts):
                report = open_reports.enter_context(self._report(part))
                known = [self._recall(text, side) for text in part]
                yield _Batch(start, part, known, report)

        def completed(batch: _Batch) -> tuple[_Batch, list[Embedding]]:
            new: list[Embedding] = []
            if batch.missing:
                if self.rate_limiter is not None:
                    self.rate_limiter.acquire()
                with batch.places_in_errors():
                    new = embed(batch.missing)
            came.update(batch.by_index(new))
            return batch, new

        try:
            with ExitStack() as open_reports, _progress(texts, shown=show_progress) as advance:
                # Only `completed` runs on threads: handlers and stores need not be ready for it.
                batches = map_in_order(completed, begun(), self.num_workers or _WORKERS)
                with closing(batches) as done:
                    for batch, new in done:
                        for text, vector in zip(batch.missing, new, strict=True):
                            self._remember(text, side, vector)
                        vectors += batch.report.end(batch.all_vectors(new))
                        advance(len(batch.texts))
        except HerokuError as error:
            error.done = {**came, **error.done}
            for index, vector in error.done.items():
                self._remember(texts[index], side, vector)
            raise
        return vectors

    async def _arun(
        self,
        texts: Sequence[str],
        side: Side,
        embed: Callable[[list[str]], Awaitable[list[Embedding]]],
        show_progress: bool = False,
    ) -> list[Embedding]:
        came: dict[int, Embedding] = {}

        async def completed(numbered: tuple[int, list[str]]) -> list[Embedding]:
            start, part = numbered
            with self._report(part) as report:
                known = [await self._arecall(text, side) for text in part]
                batch = _Batch(start, part, known, report)
                new: list[Embedding] = []
                if batch.missing:
                    if self.rate_limiter is not None:
                        await self.rate_limiter.async_acquire()
                    with batch.places_in_errors():
                        new = await embed(batch.missing)
                came.update(batch.by_index(new))
                for text, vector in zip(batch.missing, new, strict=True):
                    await self._aremember(text, side, vector)
                return report.end(batch.all_vectors(new))

        self._check(texts)
        vectors: list[Embedding] = []
        batches = amap_in_order(completed, self._parts(texts), self.num_workers or _WORKERS)
        try:
            with _progress(texts, shown=show_progress) as advance:
                async with aclosing(batches) as done:
                    async for some in done:
                        vectors += some
                        advance(len(some))
        except HerokuError as error:
            error.done = {**came, **error.done}
            for index, vector in error.done.items():
                await self._aremember(texts[index], side, vector)
            raise
        return vectors

    def _parts(self, texts: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
        """The texts of each request, beside the position of the first."""
        size = self.embed_batch_size
        return ((start, list(texts[start : start + size])) for start in range(0, len(texts), size))

    def _recall(self, text: str, side: Side) -> Embedding | None:
        if self.embeddings_cache is None:
            return None
        return _vector(self.embeddings_cache.get(self._key(text, side), collection=_COLLECTION))

    async def _arecall(self, text: str, side: Side) -> Embedding | None:
        if self.embeddings_cache is None:
            return None
        kept = await self.embeddings_cache.aget(self._key(text, side), collection=_COLLECTION)
        return _vector(kept)

    def _remember(self, text: str, side: Side, vector: Embedding) -> None:
        if vector and self.embeddings_cache is not None:
            value = {"embedding": vector}
            self.embeddings_cache.put(self._key(text, side), value, collection=_COLLECTION)

    async def _aremember(self, text: str, side: Side, vector: Embedding) -> None:
        if vector and self.embeddings_cache is not None:
            value = {"embedding": vector}
            await self.embeddings_cache.aput(self._key(text, side), value, collection=_COLLECTION)

    def _key(self, text: str, side: Side) -> str:
        # A digest: some stores do not take keys of 2000 characters.
        content = json.dumps([*self._identity(side), text], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    @contextmanager
    def _report(self, texts: list[str]) -> Generator[_Report]:
        """Report one pair of events and one callback for `texts`; errors end the callback too."""
        model = self.to_payload()
        _dispatcher.event(EmbeddingStartEvent(model_dict=model))
        payload: dict[str, Any] = {EventPayload.SERIALIZED: model}
        with self.callback_manager.event(CBEventType.EMBEDDING, payload=payload) as event:
            yield _Report(texts, event)


class _Report:
    """The report of a batch to callbacks and event handlers."""

    def __init__(self, texts: list[str], event: Any) -> None:
        self._texts = texts
        self._event = event

    def end(self, vectors: list[Embedding]) -> list[Embedding]:
        """Tell how it ended."""
        texts, embeddings = self._texts, vectors
        if not all(vectors):  # some were refused
            pairs = zip(texts, vectors, strict=True)
            texts = [text for text, vector in pairs if vector]
            embeddings = [vector for vector in vectors if vector]
        payload = {EventPayload.CHUNKS: texts, EventPayload.EMBEDDINGS: embeddings}
        self._event.on_end(payload=payload)
        # Each of a hundred thousand numbers was checked when it was read; not once more here.
        event = EmbeddingEndEvent.model_construct(chunks=texts, embeddings=embeddings)
        _dispatcher.event(event)
        return vectors


@dataclass(slots=True)
class _Batch:
    """Texts to embed, with the vectors that the cache already has."""

    start: int
    texts: list[str]
    known: list[Embedding | None]
    report: _Report

    @property
    def missing(self) -> list[str]:
        pairs = zip(self.texts, self.known, strict=True)
        return [text for text, vector in pairs if vector is None]

    def all_vectors(self, new: list[Embedding]) -> list[Embedding]:
        """The vectors of all texts; `new` holds those that were missing."""
        rest = iter(new)
        return [next(rest) if vector is None else vector for vector in self.known]

    def by_index(self, new: list[Embedding]) -> dict[int, Embedding]:
        """The vectors of all texts by their positions in the caller's list."""
        numbered = enumerate(self.all_vectors(new), self.start)
        return {index: vector for index, vector in numbered if vector}

    @contextmanager
    def places_in_errors(self) -> Iterator[None]:
        """Errors name texts by their positions in the caller's list, not among the missing."""
        try:
            yield
        except HerokuError as error:
            numbered = enumerate(self.known, self.start)
            relocate(error, [index for index, vector in numbered if vector is None])
            raise


def _vector(kept: dict[str, Any] | None) -> Embedding | None:
    return None if kept is None else kept["embedding"]


@contextmanager
def _progress(texts: Sequence[str], *, shown: bool) -> Iterator[Callable[[int], object]]:
    """A progress bar; the function it gives moves the bar by a number of texts."""
    if not shown:
        yield lambda count: count
        return
    # Imported late, as LlamaIndex does: most callers do not show a bar.
    from tqdm.auto import tqdm  # type: ignore[import-untyped] # noqa: PLC0415

    with tqdm(total=len(texts), desc="Generating embeddings") as bar:
        yield bar.update


_VALUE_ERRORS: Final[dict[type[HerokuError], type[HerokuError]]] = {}


class embedding_errors(short_traceback):  # noqa: N801 - used as `with embedding_errors():`
    """Makes errors of the core that the block raises `ValueError`s too."""

    __slots__ = ()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Convert an error of the core; leave other errors alone."""
        if isinstance(error, HerokuError) and not isinstance(error, ValueError):
            recast(error, _also_value_error(type(error)))
            error.problem = f"Unable to embed text: {error.problem}"
        super().__exit__(kind, error, traceback)


def _also_value_error(kind: type[HerokuError]) -> type[HerokuError]:
    if kind not in _VALUE_ERRORS:
        body = {"__doc__": kind.__doc__, "__module__": kind.__module__, "__reduce__": _reduce}
        _VALUE_ERRORS[kind] = type(kind.__name__, (kind, ValueError), body)
    return _VALUE_ERRORS[kind]


def _reduce(error: HerokuError) -> tuple[Any, ...]:
    # A pipeline's workers send errors to the main process, which must make the class first.
    return _restore, (type(error).__bases__[0], error.args, error.__dict__)


def _restore(
    kind: type[HerokuError], args: tuple[Any, ...], attributes: dict[str, Any]
) -> HerokuError:
    error = _also_value_error(kind).__new__(_also_value_error(kind))
    error.args = args
    error.__dict__.update(attributes)
    return error
