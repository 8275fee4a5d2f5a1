"""Texts to vectors: all of them, in batches of what one request takes, side by side.

`send` posts a body to a path and returns the answer; everything else here is pure.
"""

from array import array
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing, closing, suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, SupportsIndex, overload

from heroku_inference._endpoints import paths
from heroku_inference._endpoints.concurrency import amap_in_order, map_in_order
from heroku_inference._endpoints.embedding_options import MAX_TEXTS, EmbeddingOptions
from heroku_inference._endpoints.embedding_wire import (
    averaged,
    check_text,
    embedding_body,
    pieces_of,
)
from heroku_inference._endpoints.refusals import HARMLESS, Answers, name_refused, reason_of
from heroku_inference._errors import ConfigError, HerokuError, InvalidResponseError
from heroku_inference._public_names import publish
from heroku_inference._values import Reply, Usage

if TYPE_CHECKING:
    from heroku_inference._endpoints.embedding_answers import Vectors

    Floats = array[float]
else:
    Floats = array  # Python 3.11 does not subscript it

__all__ = [
    "MAX_TEXTS",
    "EmbeddingBatch",
    "EmbeddingOptions",
    "EmbeddingResult",
    "aembed",
    "aiter_embed",
    "embed",
    "embed_batch",
    "embedding_body",
    "iter_embed",
]

Send = Callable[[str, dict[str, Any]], Reply]
AsyncSend = Callable[[str, dict[str, Any]], Awaitable[Reply]]


class _Vectors:
    """Vectors as a sequence, and as a matrix for NumPy."""

    __slots__ = ()

    vectors: list[list[float]]

    def __len__(self) -> int:
        return len(self.vectors)

    def __iter__(self) -> Iterator[list[float]]:
        return iter(self.vectors)

    @overload
    def __getitem__(self, index: SupportsIndex) -> list[float]: ...
    @overload
    def __getitem__(self, index: slice) -> list[list[float]]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> list[float] | list[list[float]]:
        return self.vectors[index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        import numpy as np  # noqa: PLC0415 - the caller has it: NumPy calls this

        if copy is False:
            raise ValueError("Vectors are lists: an array of them is always a copy.")
        width = len(self.vectors[0]) if self.vectors else 0
        return np.array(self.vectors, np.float32 if dtype is None else dtype).reshape(
            len(self.vectors), width
        )

    def float32(self) -> list[Floats]:
        """The vectors as arrays of 4-byte floats: an eighth of the memory of lists."""
        return [array("f", vector) for vector in self.vectors]


@dataclass(slots=True)
class EmbeddingBatch(_Vectors):
    """The vectors of consecutive texts: a sequence of them, and a `float32` matrix for NumPy.

    Attributes:
        vectors: One for each text that was not refused, in order.
        start: The position of the first of these texts among all.
        usage: Tokens of this batch, or `None` when the server reported none.
        model: The model that answered.
        reply: Status and headers of the (last) HTTP answer, with `request_id` and `rate_limits`.
        refused: With `on_refused="skip"`, which texts have no vector (positions among all), and
            why.
    """

    vectors: list[list[float]]
    start: int = 0
    usage: Usage | None = None
    model: str | None = None
    reply: Reply | None = None
    refused: list[tuple[int, str]] = field(default_factory=list)

    @property
    def indices(self) -> Sequence[int]:
        """The position among all texts of each vector's text."""
        return _indices(self.start, self.vectors, self.refused)

    def __repr__(self) -> str:
        return f"EmbeddingBatch({_shape_of(self.vectors)}, start={self.start}, {_describe(self)})"


@dataclass(slots=True)
class EmbeddingResult(_Vectors):
    """The vectors of all texts: a sequence of them, and a `float32` matrix for NumPy.

    Attributes:
        vectors: One for each text that was not refused, in order.
        usage: Tokens of all requests together, or `None` when the server reported none.
        model: The model that answered; `None` when there was nothing to ask.
        reply: Status and headers of the last HTTP answer, with `request_id` and `rate_limits`.
        refused: With `on_refused="skip"`, which texts have no vector, and why.
    """

    vectors: list[list[float]]
    usage: Usage | None = None
    model: str | None = None
    reply: Reply | None = None
    refused: list[tuple[int, str]] = field(default_factory=list)

    @property
    def indices(self) -> Sequence[int]:
        """The position among the texts of each vector's text."""
        return _indices(0, self.vectors, self.refused)

    def __repr__(self) -> str:
        return f"EmbeddingResult({_shape_of(self.vectors)}, {_describe(self)})"


# A million numbers help no reader, and writing them takes seconds: `asyncio.run` writes (and throws
# away) the repr of what it returns.


def _shape_of(vectors: list[list[float]]) -> str:
    return f"<{len(vectors)} vectors of {len(vectors[0]) if vectors else 0} numbers>"


def _describe(answer: EmbeddingBatch | EmbeddingResult) -> str:
    refused = f", refused={answer.refused!r}" if answer.refused else ""
    return f"usage={answer.usage!r}, model={answer.model!r}, reply={answer.reply!r}{refused}"


def _indices(
    start: int, vectors: Sequence[object], refused: Sequence[tuple[int, str]]
) -> Sequence[int]:
    end = start + len(vectors) + len(refused)
    without = {index for index, _ in refused}
    return [index for index in range(start, end) if index not in without]


def embed(send: Send, texts: Iterable[str], options: EmbeddingOptions) -> EmbeddingResult:
    """Embed all `texts`, in concurrent batches; no texts need no request.

    Raises:
        ConfigError: A text is not a string, or is too long; nothing was sent.
        APIError: A request failed, or a text was refused; `done` holds the vectors that came.
        InvalidResponseError: An answer does not hold one vector for each text.
    """
    texts = _check_texts(texts, options)
    batches: list[EmbeddingBatch] = []
    try:
        batches.extend(iter_embed(send, texts, options))
    except HerokuError as error:
        error.done = {**_by_index(batches), **error.done}
        raise
    return _join(batches)


async def aembed(
    send: AsyncSend, texts: Iterable[str], options: EmbeddingOptions
) -> EmbeddingResult:
    """`embed`, awaited."""
    texts = _check_texts(texts, options)
    batches: list[EmbeddingBatch] = []
    try:
        async with aclosing(aiter_embed(send, texts, options)) as answered:
            async for batch in answered:
                batches.append(batch)  # noqa: PERF401 - those that came are kept on errors
    except HerokuError as error:
        error.done = {**_by_index(batches), **error.done}
        raise
    return _join(batches)


def iter_embed(
    send: Send, texts: Iterable[str], options: EmbeddingOptions
) -> Generator[EmbeddingBatch]:
    """Embed `texts` batch by batch, in order, a few requests ahead of the consumer.

    `texts` may be endless, and memory stays bounded. An error is raised in its place, also one of
    `texts` themselves: batches before it are yielded first.

    Raises:
        ConfigError: A text is not a string, or is too long.
        APIError: A request failed, or a text was refused; `done` holds the vectors that came and
            were not yielded.
        InvalidResponseError: An answer does not hold one vector for each text, or they are not
            as wide as those of the first batch.
    """
    unread: dict[int, _Batch] = {}

    # Threads only fetch: decoding on them, too, has them wait for each other most of the time.
    def ask(numbered: tuple[int, list[str]]) -> _Batch:
        batch = _Batch(*numbered, options)
        unread[batch.start] = batch
        batch.answers.collect(
            lambda part: [send(paths.EMBEDDINGS, body) for body in batch.bodies(part)],
            skip=options.on_refused == "skip",
        )
        batch.check_refused()
        return batch

    taken = _batches(texts, options)
    return _alike(map_in_order(ask, taken, options.max_concurrency), unread)


def aiter_embed(
    send: AsyncSend, texts: Iterable[str], options: EmbeddingOptions
) -> AsyncGenerator[EmbeddingBatch]:
    """`iter_embed` as an async generator."""
    unread: dict[int, _Batch] = {}

    async def ask(numbered: tuple[int, list[str]]) -> _Batch:
        batch = _Batch(*numbered, options)
        unread[batch.start] = batch

        async def replies(part: range | None) -> list[Reply]:
            return [await send(paths.EMBEDDINGS, body) for body in batch.bodies(part)]

        await batch.answers.acollect(replies, skip=options.on_refused == "skip")
        batch.check_refused()
        return batch

    taken = _batches(texts, options)
    return _aalike(amap_in_order(ask, taken, options.max_concurrency), unread)


def embed_batch(
    send: Send,
    texts: Sequence[str],
    options: EmbeddingOptions,
    keep: Callable[[EmbeddingBatch], None],
) -> list[tuple[int, str]]:
    """Embed the texts of one batch; which of them are refused, and why.

    `keep` gets each answer as soon as it has come, so that none is lost if a later request fails:
    where a text is refused, each answer is about a part of the others, and one about none of them.

    Raises:
        APIError: A request failed for another reason than its texts.
        InvalidResponseError: An answer does not hold one vector for each text.
    """
    batch = _Batch(0, list(texts), options)

    def ask(part: range | None) -> list[Reply]:
        replies = [send(paths.EMBEDDINGS, body) for body in batch.bodies(part)]
        keep(batch.read(part, replies))
        return replies

    batch.answers.collect(ask, skip=True)
    return batch.refused()


def _alike(answered: Generator["_Batch"], unread: dict[int, "_Batch"]) -> Generator[EmbeddingBatch]:
    """The answers read, unless the vectors of one are not as wide as those of the first."""
    width = None
    try:
        with closing(answered):
            for asked in answered:
                batch = asked.result()
                width = _same_width(batch.vectors, width)
                del unread[asked.start]
                yield batch
    except HerokuError as error:  # behind `closing`: nothing is under way any more
        error.done = _that_came(unread, width)
        raise


async def _aalike(
    answered: AsyncGenerator["_Batch"], unread: dict[int, "_Batch"]
) -> AsyncGenerator[EmbeddingBatch]:
    """`_alike`, awaited."""
    width = None
    try:
        async with aclosing(answered):
            async for asked in answered:
                batch = asked.result()
                width = _same_width(batch.vectors, width)
                del unread[asked.start]
                yield batch
    except HerokuError as error:
        error.done = _that_came(unread, width)
        raise


def _that_came(unread: Mapping[int, "_Batch"], width: int | None) -> dict[int, list[float]]:
    """The vectors of answers that nobody has read yet, by index; those that make sense."""
    batches = [batch for start in sorted(unread) for batch in unread[start].readable_parts()]
    vectors = _by_index(batches)
    width = width or len(next(iter(vectors.values()), []))
    return {index: vector for index, vector in vectors.items() if len(vector) == width}


def _by_index(batches: Iterable[EmbeddingBatch]) -> dict[int, list[float]]:
    return {
        index: vector
        for batch in batches
        for index, vector in zip(batch.indices, batch.vectors, strict=True)
    }


def _same_width(vectors: Sequence[Sequence[float]], before: int | None) -> int | None:
    """The width of the vectors of one answer, which is that of those before."""
    if not vectors:
        return before
    width = len(vectors[0])
    if width != (before or width):
        raise InvalidResponseError(
            f"Heroku answered with vectors of {width} numbers, after vectors of {before}.",
            "Pass the model, so that every batch is embedded by the same one.",
        )
    return width


def _check_texts(texts: Iterable[str], options: EmbeddingOptions) -> list[str]:
    """All texts, each of which can be sent: what is wrong is said before anything is spent."""
    checked = list(_many(texts))
    for index, text in enumerate(checked):
        check_text(text, index, options.long_text)
    return checked


def _many(texts: Iterable[str]) -> Iterable[str]:
    if isinstance(texts, str):
        raise ConfigError("texts is one string.", "Pass a list of strings: [text].")
    if not isinstance(texts, Iterable):
        raise ConfigError(
            f"texts must be a list of str, got a value of type {type(texts).__name__}.",
            "Pass a list of strings.",
        )
    return texts


def _batches(texts: Iterable[str], options: EmbeddingOptions) -> Iterator[tuple[int, list[str]]]:
    """Consecutive texts, beside the position of the first."""
    source = iter(_many(texts))
    taken = iter(lambda: list(islice(source, options.batch_size)), [])
    return ((number * options.batch_size, batch) for number, batch in enumerate(taken))


class _Batch:
    """Consecutive texts on their way: to request bodies, and back from the answers."""

    def __init__(self, start: int, texts: list[str], options: EmbeddingOptions) -> None:
        for index, text in enumerate(texts, start):
            check_text(text, index, options.long_text)
        self.start = start
        self.answers: Answers[list[Reply]] = Answers(len(texts))
        self._texts = texts
        self._options = options
        self._pieces = [pieces_of(text, options.long_text) for text in texts]

    def bodies(self, part: range | None) -> list[dict[str, Any]]:
        """The requests for a part of the texts, or for a harmless one.

        It is one, unless texts were split into more pieces than a request takes.
        """
        options = self._options
        return [
            embedding_body(
                texts,
                model=options.model,
                input_type=options.input_type,
                embedding_type=options.embedding_type,
                allow_ignored_params=options.allow_ignored_params,
                extra_body=options.extra_body,
            )
            for texts in ([[HARMLESS]] if part is None else self._inputs(part))
        ]

    def _inputs(self, part: range) -> list[list[str]]:
        """What the requests for a part of the texts hold."""
        pieces = list(chain.from_iterable(self._pieces[part.start : part.stop]))
        size = self._options.batch_size
        return [pieces[first : first + size] for first in range(0, len(pieces), size)]

    def check_refused(self) -> None:
        """Raise the first refusal, unless refused texts are to be skipped."""
        if self.answers.refused and self._options.on_refused == "error":
            position, error = self.answers.refused[0]
            name_refused(error, "Text", self.start + position, self._texts[position])
            raise error

    def result(self) -> EmbeddingBatch:
        parts = [self.read(part, replies) for part, replies in self.answers.answered]
        if len(parts) == 1 and not self.answers.refused:
            return parts[0]
        width = None
        for part in parts:
            width = _same_width(part.vectors, width)
        further = [_read_vectors(reply, 1).usage for [reply] in self.answers.further]
        return EmbeddingBatch(
            vectors=list(chain.from_iterable(part.vectors for part in parts)),
            start=self.start,
            usage=_total([part.usage for part in parts] + further),
            model=parts[-1].model if parts else None,
            reply=parts[-1].reply if parts else None,
            refused=self.refused(),
        )

    def refused(self) -> list[tuple[int, str]]:
        """The positions of refused texts among all, each with the reason."""
        return [
            (self.start + position, reason_of(error, self._texts[position]))
            for position, error in self.answers.refused
        ]

    def readable_parts(self) -> Iterator[EmbeddingBatch]:
        """The answers that came and make sense, each by itself."""
        for part, replies in self.answers.answered:
            with suppress(HerokuError):
                yield self.read(part, replies)

    def read(self, part: range | None, replies: Sequence[Reply]) -> EmbeddingBatch:
        """The answers about a part of the texts, or about the harmless one."""
        if part is None:
            return EmbeddingBatch([], self.start, _read_vectors(replies[0], 1).usage)
        whole = self._options.gives_whole_numbers
        answers = [
            _read_vectors(reply, len(texts), whole_numbers=whole)
            for reply, texts in zip(replies, self._inputs(part), strict=True)
        ]
        width = None
        for answer in answers:
            width = _same_width(answer.vectors, width)
        pieces = self._pieces[part.start : part.stop]
        return EmbeddingBatch(
            vectors=averaged(chain.from_iterable(a.vectors for a in answers), pieces),
            start=self.start + part.start,
            usage=_total([answer.usage for answer in answers]),
            model=answers[-1].model,
            reply=replace(replies[-1], body=b""),
        )


def _read_vectors(reply: Reply, count: int, *, whole_numbers: bool = False) -> "Vectors":
    # Its models of pydantic are built with the first answer, not at import.
    from heroku_inference._endpoints.embedding_answers import read_vectors  # noqa: PLC0415

    return read_vectors(reply, count, whole_numbers=whole_numbers)


def _join(batches: Sequence[EmbeddingBatch]) -> EmbeddingResult:
    """One result of all batches."""
    if not batches:
        return EmbeddingResult([], usage=Usage(0, 0, 0))
    return EmbeddingResult(
        vectors=list(chain.from_iterable(batch.vectors for batch in batches)),
        usage=_total([batch.usage for batch in batches]),
        model=next((batch.model for batch in reversed(batches) if batch.reply), None),
        reply=next((batch.reply for batch in reversed(batches) if batch.reply), None),
        refused=list(chain.from_iterable(batch.refused for batch in batches)),
    )


def _total(usages: Sequence[Usage | None]) -> Usage | None:
    """The sum; unknown if one of them is."""
    known = [usage for usage in usages if usage]
    return sum(known, Usage(0, 0, 0)) if len(known) == len(usages) else None


publish(__name__)
