"""Texts that have no vector yet: to requests, and from their answers to the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from heroku_inference._endpoints.embedding_wire import MAX_BYTES, pieces_of, text_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Protocol

    from heroku_inference._corpus.lanes import Lanes
    from heroku_inference._corpus.tally import Tally
    from heroku_inference._endpoints.embeddings import EmbeddingBatch, EmbeddingOptions

    class Keeping(Protocol):
        """What keeps answers as they come: a `Ledger`."""

        def key(self, text: str, way: str = "") -> bytes:
            """The text's name."""

        def keep(self, keys: Sequence[bytes], vectors: Sequence[Sequence[float]]) -> None:
            """Write down an answer."""

        def refuse(self, reasons: Mapping[bytes, str]) -> None:
            """Write down why texts have no vector."""


__all__ = ["Batch", "ask", "batches", "key_of", "too_long"]


class Batch(NamedTuple):
    """The texts of one request, and their names in the ledger."""

    keys: list[bytes]
    texts: list[str]


def batches(texts: Iterable[tuple[bytes, str]], options: EmbeddingOptions) -> Iterator[Batch]:
    """The texts in batches for one request each."""
    batch, filled = Batch([], []), 0
    for key, text in texts:
        pieces = len(pieces_of(text, options.long_text))
        if filled and filled + pieces > options.batch_size:
            yield batch
            batch, filled = Batch([], []), 0
        batch.keys.append(key)
        batch.texts.append(text)
        filled += pieces
    if filled:
        yield batch


def ask(batch: Batch, *, lanes: Lanes, ledger: Keeping, tally: Tally) -> None:
    """Embed a batch; answers are in the ledger as soon as they come."""

    def keep(answer: EmbeddingBatch) -> None:
        if answer.vectors:
            end = answer.start + len(answer.vectors)
            ledger.keep(batch.keys[answer.start : end], answer.vectors)
        tokens = answer.usage.total_tokens if answer.usage else 0
        tally.add(embedded=len(answer.vectors), tokens=tokens)

    with lanes.free() as lane:
        tally.add(in_flight=1)
        try:
            refused = lane.embed_batch(batch.texts, lanes.options, keep)
        finally:
            tally.add(in_flight=-1)
    if refused:
        ledger.refuse({batch.keys[place]: reason for place, reason in refused})


def key_of(ledger: Keeping, text: str, long_text: str) -> bytes:
    """A text's name in the ledger; one that is cut or split is embedded as something else."""
    return ledger.key(text, "" if long_text == "skip" or too_long(text) is None else long_text)


def too_long(text: str) -> str | None:
    """Why a text is too long, if it is."""
    if 4 * len(text) <= MAX_BYTES or (size := text_size(text)) <= MAX_BYTES:
        return None
    return f"It has {size} bytes of UTF-8; the API takes at most {MAX_BYTES}."
