"""What a job would do: counted without a request, and without a change to the ledger."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Final

from heroku_inference._corpus.asking import key_of, too_long
from heroku_inference._corpus.ledger import Ledger
from heroku_inference._corpus.report import EmbedPlan
from heroku_inference._endpoints.embedding_wire import pieces_of, text_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heroku_inference._corpus.inputs import Given
    from heroku_inference._corpus.lanes import Limit
    from heroku_inference._endpoints.embeddings import EmbeddingOptions

__all__ = ["plan_of"]

_TOGETHER: Final = 1000  # texts that are looked up in one transaction
_MILLION: Final = 1_000_000


def plan_of(
    given: Iterator[Given],
    *,
    known: Ledger | None,
    options: EmbeddingOptions,
    long_text: str,
    retry_refused: bool,
    limit: Limit,
    lanes: int,
    price: float | None,
) -> EmbedPlan:
    """Count the texts, and what those that must be sent will take."""
    # SQLite's own temporary file: the texts of a large corpus are more than memory should hold.
    seen = Ledger(
        "",
        model=options.model,
        input_type=options.input_type,
        embedding_type=options.embedding_type,
    )
    texts = equal = reused = long = to_embed = pieces = tokens = 0
    while some := list(islice(given, _TOGETHER)):
        texts += len(some)
        by_key = {key_of(seen, each.text, long_text): each.text for each in some}
        earlier = seen.known(by_key)
        seen.refuse(dict.fromkeys(by_key.keys() - earlier.keys(), ""))
        equal += len(some) - len(by_key) + len(earlier)
        there = known.known(by_key) if known is not None else {}
        for key, text in by_key.items():
            if key in earlier:
                continue
            is_long = too_long(text) is not None
            long += is_long
            if key in there and not (retry_refused and there[key].answer is None):
                reused += 1
            elif not (is_long and long_text == "skip"):
                to_embed += 1
                sent = pieces_of(text, options.long_text)
                pieces += len(sent)
                tokens += sum(map(_tokens, sent))
    seen.close()
    requests = math.ceil(pieces / options.batch_size)
    return EmbedPlan(
        texts=texts,
        equal=equal,
        reused=reused,
        too_long=long,
        to_embed=to_embed,
        tokens=tokens,
        requests=requests,
        least_seconds=round(limit.least_seconds(requests, tokens, lanes), 1),
        cost=None if price is None else round(tokens * price / _MILLION, 6),
        model=options.model,
        input_type=options.input_type,
    )


def _tokens(text: str) -> int:
    """About as many as docs/how-to/embeddings-at-scale.md measured, on the side of too many."""
    plain = len(text) if text.isascii() else sum(character.isascii() for character in text)
    return math.ceil(plain / 4 + (text_size(text) - plain) / 3)
