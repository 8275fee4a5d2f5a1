"""The endpoint POST /v1/messages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from heroku_emulator.errors import ApiError, error_body
from heroku_emulator.fields import bad_request
from heroku_emulator.messages_api.answer import (
    Message,
    message_body,
    message_of_engine,
    message_of_script,
)
from heroku_emulator.messages_api.request import check_request
from heroku_emulator.messages_api.stream import frame, frames
from heroku_emulator.messages_api.thinking import hides_thinking
from heroku_emulator.models import MODELS
from heroku_emulator.script import CallTools, Cut, ErrorEvent, RawBody, RawStream, Say
from heroku_emulator.serving.delivery import plain_response, raw_response, stream_response

if TYPE_CHECKING:
    from starlette.responses import Response

    from heroku_emulator.script import Step
    from heroku_emulator.serving.exchange import Exchange

__all__ = ["messages"]


async def messages(exchange: Exchange) -> Response:
    """POST /v1/messages, plain or streamed."""
    model = exchange.admit("chat")
    if model.model_id in MODELS and not model.model_id.startswith("claude-"):
        raise bad_request(f"{model.model_id} does not support this endpoint")
    if exchange.switches.strict:
        check_request(exchange.body, model, exchange.switches)
    step = exchange.next_step()
    if isinstance(step, RawBody | RawStream):
        return raw_response(exchange, step)
    message = await _message(exchange, step)
    exchange.spend(sum(message.input_usage.values()) + message.output_tokens)
    if exchange.body.get("stream") is not True:
        return plain_response(message_body(message), step)
    whole = frames(message, exchange.switches)
    return stream_response(exchange, whole, step, lambda error: _error_frame(exchange, error))


async def _message(exchange: Exchange, step: Step | None) -> Message:
    """Returns the scripted answer, or else the engine's."""
    body, engine, switches = exchange.body, exchange.service.engine, exchange.switches
    answer = step.answer if isinstance(step, Cut | ErrorEvent) else step
    if hides_thinking(body):
        switches = replace(switches, messages_thinking="omitted")
    if isinstance(answer, Say | CallTools):
        return message_of_script(answer, body, engine, switches)
    return await exchange.in_thread(lambda: message_of_engine(body, engine, switches))


def _error_frame(exchange: Exchange, step: ErrorEvent) -> bytes:
    """Returns the error in this endpoint's envelope, unless the step asks for another form."""
    anthropic = step.form == "object" and exchange.switches.messages_error_envelope == "anthropic"
    envelope = "anthropic" if anthropic else step.form
    body, _ = error_body(ApiError(step.status, step.message), envelope)
    return frame("error", body.decode(), exchange.switches)
