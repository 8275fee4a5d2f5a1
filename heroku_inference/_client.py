"""The framework-free face of the API, blocking. Every method is one call made of pure parts."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Never, Unpack

from pydantic import SecretStr

from heroku_inference._agents.reading import AgentReader
from heroku_inference._agents.result import AgentResult, agent_result
from heroku_inference._call import Call, RetryEvent
from heroku_inference._catalogue import AvailableModel, available_models
from heroku_inference._chat.reading import ChunkReader, chat_result
from heroku_inference._chat.second_tries import SecondTries, second_tries
from heroku_inference._client_base import ClientBase
from heroku_inference._client_options import (
    AgentOptions,
    ChatOptions,
    EmbedOptions,
    ImageOptions,
    SendingOptions,
)
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
from heroku_inference._http.streams import batches
from heroku_inference._http.transport import Transport
from heroku_inference._own_clients import HttpClient, check_http_client
from heroku_inference._public_names import publish
from heroku_inference._values import AgentStep, ChatChunk, ChatResult

if TYPE_CHECKING:
    from heroku_inference._config.settings import Kind
    from heroku_inference._values import Reply

__all__ = ["Client"]


class Client(ClientBase):
    """Heroku Managed Inference, without a framework.

    Opens nothing until the first call. One client may be used from several threads; all clients
    of a process share their connections, so a client has none of its own to close
    (`close_connections` closes them all). It can be pickled, unless `http_client` is given.

    ```python
    client = Client()  # reads INFERENCE_KEY, INFERENCE_URL and INFERENCE_MODEL_ID
    client.chat([{"role": "user", "content": "Why is the sky blue?"}]).text
    client.embed(["a text", "another"]).vectors
    client.rerank("a question", ["a text", "another"], top_n=1).hits
    ```

    Arguments are those of `AsyncClient`; `http_client` is a client of your own, used as it is
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
        http_client: HttpClient | None = None,
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
            check_http_client("http_client", http_client)
        self._options["http_client"] = http_client
        self._transports: dict[Kind, Transport] = {}

    def chat(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        model: str | None = None,
        on_retry: Callable[[RetryEvent], None] | None = None,
        **options: Unpack[ChatOptions],
    ) -> ChatResult:
        """Answer a conversation.

        An answer that the server cuts, after about 30 seconds (408), is asked for again as a stream
        and summed up, within `max_retries`.

        Args:
            messages: In OpenAI's form; what Heroku is stricter about is mended on the way.
            model: The model id.
            on_retry: Called with each failed attempt of this call that is about to be repeated.
            **options: See `ChatOptions`.

        Raises:
            ConfigError: Something is missing or forbidden; nothing was sent.
            APIError: The server refused, or could not be reached.
            InvalidResponseError: The answer is not what the API documents.
        """
        with self._clear_errors("chat") as clear:
            request, call = self._chat(messages, model, on_retry, options)
            clear.call = call
            answer = chat_result(self._transport("chat").send(call), request)
            if not (answer.tool_calls and request.tool_call_retries):
                return answer
            tries = SecondTries(request)
            while (again := tries.add(answer)) is not None:
                clear.earlier_text = tries.earlier_text
                reply = self._transport("chat").send(replace(call, body=again.body))
                answer = chat_result(reply, again)
            return tries.result

    def stream_chat(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        model: str | None = None,
        on_retry: Callable[[RetryEvent], None] | None = None,
        **options: Unpack[ChatOptions],
    ) -> Generator[ChatChunk]:
        """Answer a conversation piece by piece; `close()` on the generator ends the connection.

        Arguments and errors are those of `chat`; the latter also come in mid-answer.

        Raises:
            StreamInterruptedError: The stream ended without a finish reason; `.partial` holds
                the text so far.
        """
        with self._clear_errors("chat") as clear:
            request, call = self._chat(messages, model, on_retry, options, stream=True)
            clear.call = call
            tries = second_tries(request)
            while True:
                stream = self._transport("chat").stream(call)
                with closing(batches(stream, ChunkReader(request, stream.reply))) as pieces:
                    for batch in pieces:
                        yield from batch if tries is None else tries.read(batch)
                if tries is None:
                    return
                yield from tries.end()
                if tries.next_request is None:
                    return
                request, clear.earlier_text = tries.next_request, tries.earlier_text
                call = replace(call, body=request.body)

    def embed(
        self, texts: Sequence[str], *, model: str | None = None, **options: Unpack[EmbedOptions]
    ) -> EmbeddingResult:
        """One vector for each text, in order; concurrent requests of at most 96 texts.

        Args:
            texts: Up to 2048 bytes of UTF-8 each; none at all need no request.
            model: The model id.
            **options: See `EmbedOptions`.

        Raises:
            ConfigError: An argument is wrong or a text too long; nothing was sent.
            APIError: A request failed, or a text was refused; `index` says which, and `done` holds
                the vectors that came.
            InvalidResponseError: An answer does not hold one vector for each text.
        """
        with self._clear_errors("embedding"):
            sending = self._batch_sending(options)
            chosen = self._embedding_options(model, options)
            return _embeddings.embed(self._sender("embedding", sending), texts, chosen)

    def iter_embed(
        self, texts: Iterable[str], *, model: str | None = None, **options: Unpack[EmbedOptions]
    ) -> Generator[EmbeddingBatch]:
        """`embed` for bulk work: batches as they come, in order, with bounded memory.

        `texts` may be any iterable, even an endless one; a few requests run ahead of you.
        """
        with self._clear_errors("embedding"):
            sending = self._batch_sending(options)
            chosen = self._embedding_options(model, options)
        batches = _embeddings.iter_embed(self._sender("embedding", sending), texts, chosen)
        return self._clear_batches(batches)

    def rerank(
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
        """How well each document answers a query, the best first.

        Args:
            query: What is asked.
            documents: Texts; more than 1000 are sent in several requests and merged.
            model: The model id.
            top_n: How many to give back; all by default.
            max_concurrency: Requests in flight at a time.
            on_refused: For a document that the firewall or the API refuses: `error` (default),
                which names it and holds in `done` the scores that came, or `skip` it and list it
                in `refused`.
            **options: `timeout`, `extra_headers` and `extra_query`, for each of its requests.

        Raises:
            ConfigError: An argument is wrong; nothing was sent.
            APIError: A request failed, or a document was refused.
            InvalidResponseError: The answer is not what the API documents.
        """
        with self._clear_errors("rerank"):
            sending, unknown = self._rerank_sending(options)
            chosen = self._rerank_options(model, top_n, max_concurrency, on_refused, unknown)
            return _rerank.rerank(self._sender("rerank", sending), query, documents, chosen)

    def run_agent(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        model: str | None = None,
        **options: Unpack[AgentOptions],
    ) -> AgentResult:
        """Have Heroku's agent do what a conversation asks, with tools that Heroku runs.

        One request, made once: it is never tried again, since tools may have acted. Minutes may
        pass without a word from the server, which sends each step when it is whole: give an
        `http_client` of your own a timeout of minutes too (httpx's default is 5 seconds).

        Args:
            messages: In OpenAI's form. The endpoint remembers nothing: send the history too.
            model: The model id.
            **options: See `AgentOptions`.

        Raises:
            ConfigError: Something is missing or forbidden; nothing was sent.
            APIError: The server refused, could not be reached, or failed in mid-run; `steps`
                holds what the agent had done, as in the two below.
            InvalidResponseError: An event is not what the API documents.
            StreamInterruptedError: The run ended without a final message.
        """
        with short_traceback():
            return agent_result(list(self.stream_agent(messages, model=model, **options)))

    def stream_agent(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        model: str | None = None,
        **options: Unpack[AgentOptions],
    ) -> Generator[AgentStep]:
        """`run_agent`, step by step; `close()` on the generator ends the connection.

        A step is a whole message of the model, or the result of a tool.
        """
        with self._clear_errors("chat") as clear:
            call = clear.call = self._agent_call(messages, model, options)
            stream = self._transport("chat").stream(call)
            with closing(batches(stream, AgentReader(stream.reply))) as steps:
                for batch in steps:
                    yield from batch

    def generate_image(
        self, prompt: str, *, model: str | None = None, **options: Unpack[ImageOptions]
    ) -> GeneratedImage:
        """Draw a picture.

        Args:
            prompt: What it is to show, in up to 10,000 characters.
            model: The model id; `stable-image-ultra` by default.
            **options: See `ImageOptions`.

        Raises:
            ConfigError: A value is none of the documented ones; nothing was sent.
            APIError: The request failed.
            InvalidResponseError: There is no picture in the answer.
        """
        with self._clear_errors("image") as clear:
            call = clear.call = self._image_call(prompt, model, options)
            return read_image(self._transport("image").send(call), call.body or {})

    def mcp_servers(self) -> list[McpServer]:
        """The MCP servers attached to the add-on, with their tools (docs: MCP servers).

        Raises:
            APIError: The request failed.
            InvalidResponseError: The answer is not what the API documents.
        """
        with self._clear_errors("chat"):
            return mcp_servers(self._transport("chat").send(Call(paths.MCP_SERVERS)))

    def models(self) -> list[AvailableModel]:
        """The models that Heroku offers, in all regions (docs: `GET /available-models`).

        Raises:
            APIError: The request failed.
            InvalidResponseError: The answer is not what the API documents.
        """
        with self._clear_errors("chat"):
            return available_models(self._transport("chat").send(Call(paths.MODELS)))

    def _clear_batches(self, batches: Generator[EmbeddingBatch]) -> Generator[EmbeddingBatch]:
        with self._clear_errors("embedding"):
            yield from batches

    def _transport(self, kind: Kind) -> Transport:
        if kind not in self._transports:
            self._transports[kind] = Transport(self.settings(kind), **self._options)
        return self._transports[kind]

    def _sender(
        self, kind: Kind, sending: Mapping[str, Any]
    ) -> Callable[[str, Mapping[str, Any]], Reply]:
        transport = self._transport(kind)

        def send(path: str, body: Mapping[str, Any]) -> Reply:
            call = Call(path, body, **sending)
            with self._clear_errors(kind, call):
                return transport.send(call)

        return send


publish(__name__)
