"""The floor of LangChain: a chat model that answers from memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from bench import work
from bench.answers import CHUNKS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_USAGE = {"input_tokens": 14, "output_tokens": 51, "total_tokens": 65}


class FloorChat(BaseChatModel):
    """Answers from memory."""

    tools: bool = False
    chunks: int = CHUNKS

    @property
    def _llm_type(self) -> str:
        return "floor"

    def _generate(self, *_args: Any, **_kwargs: Any) -> ChatResult:
        message = AIMessage("The capital of France is Paris.", usage_metadata=_USAGE)
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(self, *_args: Any, **_kwargs: Any) -> ChatResult:
        return self._generate()

    def _stream(self, *_args: Any, **_kwargs: Any) -> Iterator[ChatGenerationChunk]:
        if self.tools:
            deltas = (_tool_chunk(arguments) for arguments in _arguments())
        else:
            deltas = (AIMessageChunk(" token") for _ in range(self.chunks))
        for delta in deltas:
            yield ChatGenerationChunk(message=delta)
        yield ChatGenerationChunk(message=AIMessageChunk("", usage_metadata=_USAGE))

    async def _astream(self, *_args: Any, **_kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream():
            yield chunk


def _arguments() -> Iterator[str]:
    """Yields one call's arguments in pieces that add up to JSON."""
    yield '{"text":"'
    yield from ["word "] * (CHUNKS - 2)
    yield '"}'


def _tool_chunk(arguments: str) -> AIMessageChunk:
    call = {"name": None, "args": arguments, "id": None, "index": 0, "type": "tool_call_chunk"}
    return AIMessageChunk("", tool_call_chunks=[call])


def invoke(_url: str) -> Any:
    model = FloorChat()
    return work.one_by_one(lambda: model.invoke(work.PROMPT))


def ainvoke_64(_url: str) -> Any:
    model = FloorChat()
    return work.in_flight(lambda: model.ainvoke(work.PROMPT))


def stream(_url: str) -> Any:
    model = FloorChat()
    return lambda: model.stream(work.PROMPT)


def astream(_url: str) -> Any:
    model = FloorChat()
    return lambda: model.astream(work.PROMPT)


stream_flushed = stream_paced = stream


def first_token(_url: str) -> Any:
    model = FloorChat(chunks=5)
    return lambda: model.stream(work.PROMPT)


def stream_tools(_url: str) -> Any:
    model = FloorChat(tools=True)
    return lambda: model.stream(work.PROMPT)
