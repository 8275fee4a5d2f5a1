"""A third adapter, in the style of Haystack: all that one for a new framework has to write."""

from __future__ import annotations

from contextlib import aclosing, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from heroku_inference import ConfigError
from heroku_inference._adapters.arguments import Connection
from heroku_inference._adapters.chat_options import chat_options
from heroku_inference._adapters.chat_parameters import ChatParameters
from heroku_inference._adapters.embeddings import EmbeddingParameters
from heroku_inference._adapters.rerank import RerankParameters, check_query
from heroku_inference._adapters.tools import (
    function_options,
    parse_arguments,
    tool_message,
)
from heroku_inference._errors import recast

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from heroku_inference import ChatResult, HerokuError


class ComponentError(Exception):
    """What this framework's pipelines catch."""


class ComponentConfigError(ConfigError, ComponentError):
    """A component that cannot work."""


@dataclass
class Message:
    """A message of this framework; `calls` are `(id, name, arguments)`."""

    role: str
    text: str = ""
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)


class Component(Connection, extra="forbid"):
    """What all components share: unknown arguments are errors, and errors the framework's too."""

    @staticmethod
    def _framework_error(error: HerokuError) -> HerokuError:
        return recast(error, ComponentConfigError)


class HerokuChatGenerator(Component, ChatParameters):
    """A chat model."""

    def run(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] = ()) -> Message:
        return _message(self._client.chat(_wire(messages), **self._options(tools)))

    async def run_async(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] = ()
    ) -> Message:
        return _message(await self._async_client.chat(_wire(messages), **self._options(tools)))

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        with closing(self._client.stream_chat(_wire(messages), **self._options())) as chunks:
            yield from (chunk.text for chunk in chunks)

    async def stream_async(self, messages: Sequence[Message]) -> AsyncIterator[str]:
        chunks = self._async_client.stream_chat(_wire(messages), **self._options())
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk.text

    def _options(self, tools: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        settings = {"model": self.model, "stop": self.stop, "extra_body": self.extra_body}
        return chat_options(settings, self._parameters(), function_options(tools) if tools else {})


class HerokuTextEmbedder(Component, EmbeddingParameters):
    """An embedding model."""

    def run(self, texts: Sequence[str]) -> list[list[float]]:
        return self._client.embed(
            texts, model=self.model, **self._options("search_document")
        ).vectors


class HerokuRanker(Component, RerankParameters):
    """A reranker."""

    def run(self, query: str, documents: Sequence[str]) -> list[str]:
        check_query(query)
        hits = self._client.rerank(query, documents, **self._options()).hits
        return [documents[hit.index] for hit in hits]


def _wire(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [_wire_message(message) for message in messages]


def _wire_message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return tool_message(
            message.meta["id"], message.text, failed=message.meta.get("failed", False)
        )
    wire: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.calls:
        wire["tool_calls"] = [
            {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}
            for id_, name, arguments in message.calls
        ]
    return wire


def _message(answer: ChatResult) -> Message:
    calls = [(call.id, call.name, parse_arguments(call.arguments)) for call in answer.tool_calls]
    return Message("assistant", answer.text, calls, {"finish_reason": answer.finish_reason})
