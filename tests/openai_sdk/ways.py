"""The same few things in each of the ways to do them: the SDK, the core, LangChain, LlamaIndex."""

from __future__ import annotations

from typing import Any, NamedTuple

from llama_index.core.base.llms.types import ChatMessage, MessageRole

from heroku_inference import AsyncClient, Client
from langchain_heroku import ChatHeroku, HerokuEmbeddings
from llama_index_heroku import Heroku, HerokuEmbedding

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather_in",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
QUESTION = "What is the weather in Porto?"


class Answer(NamedTuple):
    """What every way must agree on."""

    text: str
    tokens: tuple[int, int, int]
    reasoning: str | None = None


def told(messages: list[dict[str, Any]]) -> list[ChatMessage]:
    """Messages as LlamaIndex has them."""
    return [ChatMessage(role=MessageRole(m["role"]), content=m["content"]) for m in messages]


async def by_core(messages: list[dict[str, Any]], **options: Any) -> Answer:
    return _of_result(Client().chat(messages, **options))


async def by_async_core(messages: list[dict[str, Any]], **options: Any) -> Answer:
    return _of_result(await AsyncClient().chat(messages, **options))


def _of_result(result: Any) -> Answer:
    usage = result.usage
    tokens = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
    return Answer(result.text, tokens, result.reasoning)


async def by_langchain(messages: list[dict[str, Any]], **options: Any) -> Answer:
    return _of_message(ChatHeroku(**options).invoke(messages))


async def by_async_langchain(messages: list[dict[str, Any]], **options: Any) -> Answer:
    return _of_message(await ChatHeroku(**options).ainvoke(messages))


def _of_message(message: Any) -> Answer:
    usage = message.usage_metadata
    tokens = (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"])
    blocks = message.content_blocks
    thoughts = [block["reasoning"] for block in blocks if block["type"] == "reasoning"]
    return Answer(message.text, tokens, "".join(thoughts) or None)


async def by_llama_index(messages: list[dict[str, Any]], **options: Any) -> Answer:
    return _of_response(Heroku(**options).chat(told(messages)))


async def by_async_llama_index(messages: list[dict[str, Any]], **options: Any) -> Answer:
    return _of_response(await Heroku(**options).achat(told(messages)))


def _of_response(response: Any) -> Answer:
    extra = response.additional_kwargs
    tokens = (extra["prompt_tokens"], extra["completion_tokens"], extra["total_tokens"])
    blocks = response.message.blocks
    thoughts = [block.content for block in blocks if block.block_type == "thinking"]
    return Answer(response.message.content, tokens, "".join(thoughts) or None)


CHAT = {
    "core": by_core,
    "async-core": by_async_core,
    "langchain": by_langchain,
    "async-langchain": by_async_langchain,
    "llama-index": by_llama_index,
    "async-llama-index": by_async_llama_index,
}


def streamed_by_core(messages: list[dict[str, Any]]) -> list[str]:
    return [chunk.text for chunk in Client().stream_chat(messages)]


def streamed_by_langchain(messages: list[dict[str, Any]]) -> list[str]:
    return [chunk.text for chunk in ChatHeroku().stream(messages)]


def streamed_by_llama_index(messages: list[dict[str, Any]]) -> list[str]:
    return [piece.delta or "" for piece in Heroku().stream_chat(told(messages))]


STREAMS = {
    "core": streamed_by_core,
    "langchain": streamed_by_langchain,
    "llama-index": streamed_by_llama_index,
}

QUERIES = {
    "core": lambda text: Client().embed([text], input_type="search_query").vectors[0],
    "langchain": lambda text: HerokuEmbeddings().embed_query(text),
    "llama-index": lambda text: HerokuEmbedding().get_query_embedding(text),
}

DOCUMENTS = {
    "core": lambda texts: Client().embed(texts, input_type="search_document").vectors,
    "langchain": lambda texts: HerokuEmbeddings().embed_documents(texts),
    "llama-index": lambda texts: HerokuEmbedding().get_text_embedding_batch(texts),
}
