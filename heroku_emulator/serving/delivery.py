"""Delivers answers as the script says: whole, cut, with an error, or as raw bytes."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from heroku_emulator.errors import ApiError
from heroku_emulator.script import Cut, ErrorEvent, RawBody, RawStream
from heroku_emulator.serving.responses import BrokenBody, EventStream, body_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.responses import Response

    from heroku_emulator.script import Step
    from heroku_emulator.serving.exchange import Exchange

__all__ = ["plain_response", "raw_response", "stream_response"]


def plain_response(answer: Any, step: Step | None) -> Response:
    """Returns an answer in one piece, or the half that a cut leaves.

    Raises:
        ApiError: The step is an error event, which needs a stream.
    """
    if isinstance(step, ErrorEvent):
        raise ApiError(step.status, step.message)
    response = body_response(answer)
    if not isinstance(step, Cut):
        return response
    broken = BrokenBody(response.body)
    broken.headers["content-type"] = "application/json"
    return broken


def stream_response(
    exchange: Exchange,
    whole: Iterable[bytes],
    step: Step | None,
    error_frame: Callable[[ErrorEvent], bytes],
) -> EventStream:
    """Returns a stream of all frames, or of those before a cut or an error."""
    switches, entry = exchange.switches, exchange.entry
    if isinstance(step, Cut):
        begun = islice(whole, step.after)
        return EventStream(begun, switches, entry, broken=not step.politely)
    if isinstance(step, ErrorEvent):
        whole = chain(islice(whole, step.after), [error_frame(step)])
    return EventStream(whole, switches, entry)


def raw_response(exchange: Exchange, step: RawBody | RawStream) -> Response:
    """Returns the raw answer of a script."""
    if isinstance(step, RawBody):
        return body_response(
            step.body, status=step.status, content_type=step.content_type, headers=step.headers
        )
    return EventStream(step.pieces(), exchange.switches, exchange.entry, status=step.status)
