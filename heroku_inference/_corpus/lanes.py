"""The add-ons that a job embeds with: each has a client, a pace and requests in flight."""

from __future__ import annotations

import re
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._client import Client
from heroku_inference._config.arguments import unknown_argument
from heroku_inference._corpus.pace import Pace, PacedTransport
from heroku_inference._endpoints.embeddings import EmbeddingOptions, embed_batch
from heroku_inference._errors import ConfigError
from heroku_inference._pause import pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from heroku_inference._call import RetryEvent
    from heroku_inference._client_options import EmbedOptions
    from heroku_inference._config.settings import Kind
    from heroku_inference._corpus.tally import Tally
    from heroku_inference._endpoints.embeddings import EmbeddingBatch
    from heroku_inference._http.transport import Transport
    from heroku_inference._values import Reply

__all__ = ["PATIENCE", "Lanes", "Limit", "check_client_options", "limit_of"]

PATIENCE: Final = {"max_retries": 40, "rate_limit_timeout": 3600.0}
"""Options of a client for a job of hours: it outlives an outage of five minutes (40 times up to 8
seconds), and waits while others use up the limit."""

_LIMIT: Final = re.compile(r"\s*(\d+)\s*/\s*(s|sec|second|min|minute|h|hour)\s*")
_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}  # by the first letter of the unit

# What the documentation says of cohere-embed-multilingual (docs: rate limits).
_REQUESTS_A_MINUTE: Final = 500
_TOKENS_A_MINUTE: Final = 800_000


def check_client_options(options: Mapping[str, Any], owner: type) -> None:
    """Whether all of these are options of `Client` that `owner` passes on.

    Raises:
        UnknownArgumentError: One is not.
    """
    known = (Client.__init__.__kwdefaults__ or {}).keys() - {"model", "settings"}
    for name in options.keys() - known:
        own = (owner.__init__.__kwdefaults__ or {}).keys()  # type: ignore[misc]
        raise unknown_argument(name, sorted({*own, *known}), owner=owner.__name__)


class Limit:
    """The most requests and tokens a second that one lane sends."""

    def __init__(self, requests: float, tokens: float) -> None:
        self.requests = requests
        self.tokens = tokens

    def least_seconds(self, requests: int, tokens: int, lanes: int) -> float:
        """The time that so many requests with so many tokens take, on so many lanes."""
        return max(requests / self.requests, tokens / self.tokens) / lanes


def limit_of(words: str | None) -> Limit:
    """The limit that "400/min" means, or else the documented one.

    Raises:
        ConfigError: The words mean no limit.
    """
    requests: float = _REQUESTS_A_MINUTE / 60
    if words is not None:
        match = _LIMIT.fullmatch(str(words))
        if match is None or not int(match[1]):
            raise ConfigError(
                f"limit={words!r} is not a number of requests in a time.",
                'Pass, for example, "400/min" or "8/s".',
            )
        requests = int(match[1]) / _SECONDS[match[2][0]]
    return Limit(requests, _TOKENS_A_MINUTE / 60)


class _Lane(Client):
    """One add-on."""

    def __init__(
        self,
        *,
        tally: Tally,
        limit: Limit | None,
        on_retry: Callable[[RetryEvent], None] | None = None,
        **options: Any,
    ) -> None:
        def note(event: RetryEvent) -> None:
            tally.add_retry(event)
            if on_retry is not None:
                on_retry(event)

        super().__init__(on_retry=note, **options)
        self._tally = tally
        self._pace = None if limit is None else Pace(limit.requests)

    def options_of(self, model: str | None, options: EmbedOptions) -> EmbeddingOptions:
        """The options of each request, with the model that this add-on has by default."""
        with self._clear_errors("embedding"):
            return self._embedding_options(model, options)

    def embed_batch(
        self,
        texts: Sequence[str],
        options: EmbeddingOptions,
        keep: Callable[[EmbeddingBatch], None],
    ) -> list[tuple[int, str]]:
        """Embed one batch; `keep` gets each answer as it comes. Gives the refused, and why."""
        send = self._sender("embedding", {})

        def send_in_time(path: str, body: Mapping[str, Any]) -> Reply:
            pause(0)  # nothing more is sent once the run has ended
            self._tally.add(requests=1)
            return send(path, body)

        with self._clear_errors("embedding"):
            return embed_batch(send_in_time, texts, options, keep)

    def _transport(self, kind: Kind) -> Transport:
        if self._pace is not None and kind not in self._transports:
            self._transports[kind] = PacedTransport(
                self.settings(kind), pace=self._pace, **self._options
            )
        return super()._transport(kind)


class Lanes:
    """All add-ons of a job.

    Attributes:
        options: Of each request; all lanes have the same.
        places: Requests in flight at a time, of all lanes together.

    Raises:
        ConfigError: An argument is wrong, or the add-ons have different models.
    """

    def __init__(
        self,
        aliases: Sequence[str | None],
        *,
        tally: Tally,
        model: str | None,
        options: EmbedOptions,
        limit: Limit | None,
        client_options: Mapping[str, Any],
    ) -> None:
        lanes = [
            _Lane(
                tally=tally,
                limit=limit,
                **{**client_options, **({} if alias is None else {"alias": alias})},
            )
            for alias in aliases
        ]
        found = [lane.options_of(model, options) for lane in lanes]
        if len(models := {each.model for each in found}) > 1:
            raise ConfigError(
                f"The add-ons have different models: {', '.join(sorted(models))}.",
                "Vectors of different models cannot be compared: pass model=..., or other aliases.",
            )
        self.options = found[0]
        self.places = len(lanes) * self.options.max_concurrency
        self._free: SimpleQueue[_Lane] = SimpleQueue()
        for _ in range(self.options.max_concurrency):
            for lane in lanes:
                self._free.put(lane)

    @contextmanager
    def free(self) -> Iterator[_Lane]:
        """A lane that has room for a request; as many threads as there are places never wait."""
        lane = self._free.get()
        try:
            yield lane
        finally:
            self._free.put(lane)
