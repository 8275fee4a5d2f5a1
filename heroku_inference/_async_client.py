"""The framework-free face of the API, async: `Client`, awaited."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Never, Unpack

from pydantic import SecretStr

from heroku_inference._agents.reading import AgentReader
from heroku_inference._agents.result import AgentResult, agent_result
from heroku_inference._call import Call, RetryEvent
from heroku_inference._catalogue import AvailableModel, available_models
from heroku_inference._chat.reading import ChunkReader, chat_result
from heroku_inference._chat.second_tries import SecondTries, second_tries
from heroku_inference._client_base import (
    AgentOptions,
    ChatOptions,
    ClientBase,
    EmbedOptions,
    ImageOptions,
)
from heroku_inference._client_options import SendingOptions
from heroku_inference._config.settings import Settings, hidden
from heroku_inference._config.shared_limit import SharedRateLimit
from heroku_inference._endpoints import embeddings as _embeddings
from heroku_inference._endpoints import paths
from heroku_inference._endpoints import rerank as _rerank
from heroku_inference._endpoints.embeddings import EmbeddingBatch, EmbeddingResult
from heroku_inference._endpoints.images import GeneratedImage, read_image
from heroku_inference._endpoints.mcp import McpServer, mcp_servers
from heroku_inference._endpoints.refusals import OnRefused
from heroku_inference._endpoints.rerank import RerankResult
from heroku_inference._errors import short_traceback
from heroku_inference._http.async_transport import AsyncTransport
from heroku_inference._http.streams import async_batches
from heroku_inference._own_clients import AsyncHttpClient, check_http_client
from heroku_inference._public_names import publish
from heroku_inference._values import AgentStep, ChatChunk, ChatResult

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from heroku_inference._config.settings import Kind
    from heroku_inference._values import Reply

__all__ = ["AsyncClient"]


class AsyncClient(ClientBase):
    """Heroku Managed Inference, without a framework, async.

    Opens nothing until the first call. One client may be used from several event loops, one after
    the other or in several threads: each loop has connections of its own, which all clients of
    the process share and which close with the loop. It can be pickled, unless
    `async_http_client` is given.

    ```python
    client = AsyncClient()  # reads INFERENCE_KEY, INFERENCE_URL and INFERENCE_MODEL_ID
    async for chunk in client.stream_chat([{"role": "user", "content": "Why is the sky blue?"}]):
        print(chunk.text, end="")
    ```

    Arguments are those of `Client`; `async_http_client` is a client of your own, used as it is
    (proxies, certificates, timeouts) and never closed.
    """

    def __init__(
        self,
        *,
        api_key: str | SecretStr | None = None,
        base_url: str | None = None,
        model: str | None = None,
        alias: str | None = None,
        timeout: float | None = None,
        max_retries: int = 2,
        async_http_client: AsyncHttpClient | None = None,
        default_headers: Mapping[str, str] | None = None,
        on_retry: Callable[[RetryEvent], None] | None = None,
        rate_limit_timeout: float | None = None,
        max_response_bytes: int | None = None,
        rate_limiter: SharedRateLimit | None = None,
        settings: Settings | None = None,
        inference_url: str | None = None,
        allow_plaintext: bool = False,
        **unknown: Never,
    ) -> None:
        # First of all: what raises below may be printed with the local variables of this function.
        api_key = hidden(api_key)
        with short_traceback():
            if unknown:
                self._refuse_unknown(unknown)
            super().__init__(
                api_key=api_key,
                base_url=base_url,
                model=model,
                alias=alias,
                timeout=timeout,
                max_retries=max_retries,
                default_headers=default_headers,
                on_retry=on_retry,
                rate_limit_timeout=rate_limit_timeout,
                max_response_bytes=max_response_bytes,
                rate_limiter=rate_limiter,
                settings=settings,
                inference_url=inference_url,
                allow_plaintext=allow_plaintext,
            )
            check_http_client("async_http_client", async_http_client)
        self._options["async_http_client"] = async_http_client
        self._transports: dict[Kind, AsyncTransport] = {}

    async def chat(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        model: str | None = None,
        on_retry: Callable[[RetryEvent], None] | None = None,
        **options: Unpack[ChatOptions],
    ) -> ChatResult:
        """Answer a conversation; arguments, result and errors are those of `Client.chat`."""
        with self._clear_errors("chat") as clear:
            request, call = self._chat(messages, model, on_retry, options)
            clear.call = call
            answer = chat_result(await self._transport("chat").send(call), request)
            if not (answer.tool_calls and request.tool_call_retries):
                return answer
            tries = SecondTries(request)
            while (again := tries.add(answer)) is not None:
                clear.earlier_text = tries.earlier_text
                reply = await self._transport("chat").send(replace(call, body=again.body))
                answer = chat_result(reply, again)
            return tries.result

    async def stream_chat(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        model: str | None = None,
        on_retry: Callable[[RetryEvent], None] | None = None,
        **options: Unpack[ChatOptions],
    ) -> AsyncGenerator[ChatChunk]:
        """Answer a conversation piece by piece, as `Client.stream_chat` does.

        Close the generator (`contextlib.aclosing`) when leaving it before its end.
        """
        with self._clear_errors("chat") as clear:
            request, call = self._chat(messages, model, on_retry, options, stream=True)
            clear.call = call
            tries = second_tries(request)
            while True:
                stream = await self._transport("chat").stream(call)
                reader = ChunkReader(request, stream.reply)
                async with aclosing(async_batches(stream, reader)) as pieces:
                    async for batch in pieces:
                        for chunk in batch if tries is None else tries.read(batch):
                            yield chunk
                if tries is None:
                    return
                for chunk in tries.end():
                    yield chunk
                if tries.next_request is None:
                    return
                request, clear.earlier_text = tries.next_request, tries.earlier_text
                call = replace(call, body=request.body)

    async def embed(
        self, texts: Sequence[str], *, model: str | None = None, **options: Unpack[EmbedOptions]
    ) -> EmbeddingResult:
        """One vector for each text, in order, as `Client.embed` gives them."""
        with self._clear_errors("embedding"):
            sending = self._batch_sending(options)
            chosen = self._embedding_options(model, options)
            return await _embeddings.aembed(self._sender("embedding", sending), texts, chosen)

    def iter_embed(
        self, texts: Iterable[str], *, model: str | None = None, **options: Unpack[EmbedOptions]
    ) -> AsyncGenerator[EmbeddingBatch]:
        """`embed` for bulk work: batches as they come, in order, with bounded memory.

        Close the generator (`contextlib.aclosing`) when leaving it before its end.
        """
        with self._clear_errors("embedding"):
            sending = self._batch_sending(options)
            chosen = self._embedding_options(model, options)
        batches = _embeddings.aiter_embed(self._sender("embedding", sending), texts, chosen)
        return self._clear_batches(batches)

    async def rerank(
        self,
        query: str,
        documents: Sequence[str],
        *,
        model: str | None = None,
        top_n: int | None = None,
        max_concurrency: int = 8,
        on_refused: OnRefused = "error",
        **options: Unpack[SendingOptions],
    ) -> RerankResult:
        """How well each document answers a query, the best first, as `Client.rerank` says it."""
        with self._clear_errors("rerank"):
            sending, unknown = self._rerank_sending(options)
            chosen = self._rerank_options(model, top_n, max_concurrency, on_refused, unknown)
            return await _rerank.arerank(self._sender("rerank", sending), query, documents, chosen)

    async def run_agent(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        model: str | None = None,
        **options: Unpack[AgentOptions],
    ) -> AgentResult:
        """Have Heroku's agent do what a conversation asks, as `Client.run_agent` does."""
        stream = self.stream_agent(messages, model=model, **options)
        with short_traceback():
            async with aclosing(stream) as steps:
                return agent_result([step async for step in steps])

    async def stream_agent(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        model: str | None = None,
        **options: Unpack[AgentOptions],
    ) -> AsyncGenerator[AgentStep]:
        """`run_agent`, step by step.

        Close the generator (`contextlib.aclosing`) when leaving it before its end.
        """
        with self._clear_errors("chat") as clear:
            call = clear.call = self._agent_call(messages, model, options)
            stream = await self._transport("chat").stream(call)
            async with aclosing(async_batches(stream, AgentReader(stream.reply))) as steps:
                async for batch in steps:
                    for step in batch:
                        yield step

    async def generate_image(
        self, prompt: str, *, model: str | None = None, **options: Unpack[ImageOptions]
    ) -> GeneratedImage:
        """Draw a picture; arguments, result and errors are those of `Client.generate_image`."""
        with self._clear_errors("image") as clear:
            call = clear.call = self._image_call(prompt, model, options)
            return read_image(await self._transport("image").send(call), call.body or {})

    async def mcp_servers(self) -> list[McpServer]:
        """The MCP servers attached to the add-on, as `Client.mcp_servers` lists them."""
        with self._clear_errors("chat"):
            return mcp_servers(await self._transport("chat").send(Call(paths.MCP_SERVERS)))

    async def models(self) -> list[AvailableModel]:
        """The models that Heroku offers, in all regions, as `Client.models` lists them."""
        with self._clear_errors("chat"):
            return available_models(await self._transport("chat").send(Call(paths.MODELS)))

    async def _clear_batches(
        self, batches: AsyncGenerator[EmbeddingBatch]
    ) -> AsyncGenerator[EmbeddingBatch]:
        with self._clear_errors("embedding"):
            async with aclosing(batches):
                async for batch in batches:
                    yield batch

    def _transport(self, kind: Kind) -> AsyncTransport:
        if kind not in self._transports:
            self._transports[kind] = AsyncTransport(self.settings(kind), **self._options)
        return self._transports[kind]

    def _sender(
        self, kind: Kind, sending: Mapping[str, Any]
    ) -> Callable[[str, Mapping[str, Any]], Awaitable[Reply]]:
        transport = self._transport(kind)

        async def send(path: str, body: Mapping[str, Any]) -> Reply:
            call = Call(path, body, **sending)
            with self._clear_errors(kind, call):
                return await transport.send(call)

        return send


publish(__name__)
