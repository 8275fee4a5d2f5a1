"""What a job says about itself: before it runs, while it runs and at its end. Pure values."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from heroku_inference._public_names import publish

__all__ = ["EmbedPlan", "EmbedProgress", "EmbedReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    texts: int = 0
    embedded: int = 0
    reused: int = 0
    equal: int = 0
    refused: int = 0
    tokens: int = 0
    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    seconds: float = 0.0

    @property
    def texts_per_second(self) -> float:
        """Texts that this run embedded, for each second that it took."""
        return self.embedded / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedProgress(_Counts):
    """How far a job is.

    Attributes:
        texts: Texts taken from the input so far.
        embedded: Texts that were embedded by this run, each of equal ones once.
        reused: Texts that had their vectors before this run.
        equal: Texts that are equal to another text of this run.
        refused: Texts without a vector: refused by Heroku, or too long.
        tokens: Tokens of the answers so far.
        requests: Requests sent, those that failed among them.
        retries: Requests that failed and were sent again, except for those over the limit.
        rate_limited: Requests that were over the limit (429), and were sent again.
        seconds: Since the run began.
        waiting: Texts taken that have no answer yet.
        in_flight: Batches of texts with a request under way, or waiting for the limit.
        total: Texts of the whole input, if that is known.
    """

    waiting: int = 0
    in_flight: int = 0
    total: int | None = None

    @property
    def eta(self) -> float | None:
        """Seconds left at the pace of this run; `None` while that cannot be said."""
        done = self.texts - self.waiting
        new = done - self.reused  # those that were there take no time
        if self.total is None or new <= 0:
            return None
        return max(0.0, (self.total - done) * self.seconds / new)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedReport(_Counts):
    """What a run did; `texts` is the sum of `embedded`, `reused`, `equal` and `refused`.

    Attributes:
        texts: Texts of the input.
        embedded: Texts that were embedded by this run, each of equal ones once.
        reused: Texts that had their vectors before this run.
        equal: Texts that are equal to another text of this run.
        refused: Texts without a vector: refused by Heroku, or too long; `_refused.jsonl` has them.
        tokens: Tokens of the answers of this run.
        requests: Requests sent, those that failed among them.
        retries: Requests that failed and were sent again, except for those over the limit.
        rate_limited: Requests that were over the limit (429), and were sent again.
        seconds: That the run took.
        parts: Parts that this run wrote.
        model: The model id.
        input_type: What the vectors are for.
        refused_file: The list of texts without a vector, if there are any.
    """

    parts: int = 0
    model: str = ""
    input_type: str = ""
    refused_file: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields, and `texts_per_second`."""
        return {**asdict(self), "texts_per_second": round(self.texts_per_second, 1)}

    def to_json(self) -> str:
        """`as_dict` as one JSON object."""
        return json.dumps(self.as_dict())


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedPlan:
    """What a run would do, as far as that can be said without a request.

    Attributes:
        texts: Texts of the input.
        equal: Those that are equal to an earlier one.
        reused: Those that have their vectors, or were refused, in an earlier run.
        too_long: Those over 2048 bytes of UTF-8.
        to_embed: Texts that the run would send.
        tokens: Their tokens, estimated: one for every four bytes of UTF-8 that are ASCII, and one
            for every three of others.
        requests: Requests for them, if none is refused.
        least_seconds: The time that they take at the limit: `limit=` of the job, or what Heroku's
            documentation says of `cohere-embed-multilingual` (500 requests and 800,000 tokens a
            minute), for each add-on.
        cost: At `price` for a million tokens, in its currency; `None` without one.
        model: The model id.
        input_type: What the vectors are for.
    """

    texts: int = 0
    equal: int = 0
    reused: int = 0
    too_long: int = 0
    to_embed: int = 0
    tokens: int = 0
    requests: int = 0
    least_seconds: float = 0.0
    cost: float | None = None
    model: str = ""
    input_type: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The fields."""
        return asdict(self)

    def to_json(self) -> str:
        """`as_dict` as one JSON object."""
        return json.dumps(self.as_dict())


publish(__name__)
