"""The endpoints: from an exchange to its answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING

from heroku_emulator.agents.request import check_agents_request
from heroku_emulator.agents.run import AgentRun
from heroku_emulator.agents.stream import AgentsStream
from heroku_emulator.chat.chat_request import check_chat_request
from heroku_emulator.chat.completion import (
    Completion,
    completion_body,
    completion_of_answer,
    completion_of_script,
)
from heroku_emulator.chat.streaming import frame, frames
from heroku_emulator.chat.thinking import thinking_of
from heroku_emulator.embeddings import check_embeddings_request, embeddings_body
from heroku_emulator.errors import ApiError, error_body
from heroku_emulator.images import check_images_request, images_body
from heroku_emulator.mcp_servers import listing
from heroku_emulator.mcp_toolkit import mcp_messages, mcp_sse, mcp_streamable_http
from heroku_emulator.messages_api import messages
from heroku_emulator.rerank import check_rerank_request, rerank_body
from heroku_emulator.script import CallTools, Cut, ErrorEvent, RawBody, RawStream, Say
from heroku_emulator.serving.delivery import plain_response, raw_response, stream_response
from heroku_emulator.serving.exchange import Exchange

if TYPE_CHECKING:
    from starlette.responses import Response

    from heroku_emulator.script import Step

__all__ = ["ALWAYS_STREAMED", "ENDPOINTS", "MORE_ENDPOINTS", "Endpoint"]

Endpoint = Callable[[Exchange], Awaitable["Response"]]


async def chat(exchange: Exchange) -> Response:
    """POST /v1/chat/completions, plain or streamed."""
    model = exchange.admit("chat")
    if exchange.switches.strict:
        check_chat_request(exchange.body, model, exchange.switches)
    step = exchange.next_step()
    if isinstance(step, RawBody | RawStream):
        return raw_response(exchange, step)
    completion = await _completion(exchange, step)
    exchange.spend(completion.usage["total_tokens"])
    if exchange.body.get("stream") is True:
        whole = frames(completion, exchange.body, exchange.switches)
        return stream_response(exchange, whole, step, lambda error: _error_frame(exchange, error))
    return plain_response(completion_body(completion, exchange.switches), step)


async def embeddings(exchange: Exchange) -> Response:
    """POST /v1/embeddings."""
    service, body = exchange.service, exchange.body
    model = exchange.admit("embedding")
    if exchange.switches.strict:
        check_embeddings_request(body, exchange.switches)
    step = exchange.next_step()
    if isinstance(step, RawBody):
        return raw_response(exchange, step)
    answer = await exchange.in_thread(
        lambda: embeddings_body(body, model, service.engine, exchange.switches)
    )
    exchange.spend(answer["usage"]["total_tokens"])
    return plain_response(answer, step)


async def rerank(exchange: Exchange) -> Response:
    """POST /v1/rerank."""
    service, body = exchange.service, exchange.body
    exchange.admit("rerank")
    if exchange.switches.strict:
        check_rerank_request(body)
    step = exchange.next_step()
    if isinstance(step, RawBody):
        return raw_response(exchange, step)
    return plain_response(await exchange.in_thread(lambda: rerank_body(body, service.engine)), step)


async def agents(exchange: Exchange) -> Response:
    """POST /v1/agents/heroku, always streamed."""
    model = exchange.admit("chat")
    if exchange.switches.strict:
        check_agents_request(exchange.body, model, exchange.switches)
    step = exchange.next_step(RawBody, RawStream)
    if isinstance(step, RawBody | RawStream):
        return raw_response(exchange, step)
    return AgentsStream(AgentRun(exchange).frames(), exchange.switches, exchange.entry)


async def images(exchange: Exchange) -> Response:
    """POST /v1/images/generations."""
    body, entry = exchange.body, exchange.entry
    exchange.admit("image")
    if exchange.switches.strict:
        check_images_request(body, exchange.switches)
    step = exchange.next_step()
    if isinstance(step, RawBody | RawStream):
        return raw_response(exchange, step)
    turn = sum(1 for _ in takewhile(lambda one: one is not entry, exchange.service.journal))
    return plain_response(await exchange.in_thread(lambda: images_body(body, turn)), step)


async def mcp_servers(exchange: Exchange) -> Response:
    """GET /v1/mcp/servers."""
    step = exchange.next_step(RawBody, Cut)
    if isinstance(step, RawBody):
        return raw_response(exchange, step)
    return plain_response(listing(exchange.service.toolbox.mcp_servers), step)


ENDPOINTS: dict[str, Endpoint] = {
    "/v1/chat/completions": chat,
    "/v1/embeddings": embeddings,
    "/v1/rerank": rerank,
    "/v1/agents/heroku": agents,
    "/v1/images/generations": images,
    "/v1/messages": messages,
}
"""The endpoints for POST, by path."""

MORE_ENDPOINTS: dict[str, tuple[Endpoint, tuple[str, ...]]] = {
    "/v1/mcp/servers": (mcp_servers, ("GET",)),
    "/mcp": (mcp_streamable_http, ("GET", "POST", "DELETE")),
    "/mcp/sse": (mcp_sse, ("GET",)),
    "/mcp/messages": (mcp_messages, ("POST",)),
}
"""The endpoints for other methods, by path, with the methods."""

ALWAYS_STREAMED = frozenset({"/v1/agents/heroku"})
"""Paths without a time limit."""


async def _completion(exchange: Exchange, step: Step | None) -> Completion:
    """Returns the scripted answer, or else the engine's."""
    body, engine = exchange.body, exchange.service.engine
    answer = step.answer if isinstance(step, Cut | ErrorEvent) else step
    if isinstance(answer, Say | CallTools):
        return completion_of_script(answer, body, engine)
    return await exchange.in_thread(lambda: _engine_completion(exchange))


def _engine_completion(exchange: Exchange) -> Completion:
    switches, engine = exchange.switches, exchange.service.engine
    request = dict(exchange.body)
    if switches.response_format == "ignored":
        request.pop("response_format", None)
    thinking = thinking_of(request, exchange.admitted_model)
    answer = engine.chat(request)
    if not thinking.enabled:
        answer = replace(answer, reasoning=None)
    completion = completion_of_answer(answer, request, engine, switches)
    # Reasoning always costs tokens, but is shown only on request.
    return completion if thinking.include_reasoning else replace(completion, reasoning=None)


def _error_frame(exchange: Exchange, step: ErrorEvent) -> bytes:
    body, _ = error_body(ApiError(step.status, step.message), step.form)
    return frame("error", body.decode(), exchange.switches)
