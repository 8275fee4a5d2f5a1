"""Each way to call: the core, both adapters and OpenAI's SDK; blocking, async and streamed.

A way takes an address and returns what a caller reads, in the form of `RIGHT[way.kind].read`.
"""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llama_index.core.llms import ChatMessage
from llama_index.core.schema import NodeWithScore, TextNode

import langchain_heroku
import llama_index_heroku
from heroku_inference import (
    AsyncClient,
    Client,
    HerokuError,
    aclose_connections,
)
from heroku_inference._chat.reading import sum_chunks
from tests.hostile.short_answers import RIGHT, Right

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

__all__ = ["KEY", "WAYS", "Way", "outcome", "ways_of"]

KEY = "inf-made-up-key-of-hostile-tests"
HELLO = [{"role": "user", "content": "Hello"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Add one",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
    },
}
SETTINGS = {"api_key": KEY, "model": "m", "max_retries": 0}


@dataclass(frozen=True)
class Way:
    """One way to call."""

    name: str
    kind: str
    call: Callable[..., Any]

    @property
    def right(self) -> Right:
        """The right answer to what it sends."""
        return RIGHT[self.kind]


def outcome(way: Way, url: str, **options: Any) -> Any:
    """What a caller reads, or the error of ours that it gets; any other error escapes."""
    try:
        return way.call(url, **options)
    except HerokuError as error:
        told = error
    assert KEY not in f"{told!r}{told}", way.name
    return told


# Reading: each turns an answer of one library into text and calls of tools.


def _of_core(result: Any) -> Any:
    return result.text, [(call.name, json.loads(call.arguments)) for call in result.tool_calls]


def _of_core_stream(chunks: list[Any]) -> Any:
    return _of_core(sum_chunks(chunks))


def _of_langchain(message: Any) -> Any:
    assert not message.invalid_tool_calls
    return message.text, [(call["name"], call["args"]) for call in message.tool_calls]


def _of_langchain_stream(chunks: list[Any]) -> Any:
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    return _of_langchain(whole)


def _of_llama(response: Any) -> Any:
    blocks = [block for block in response.message.blocks if block.block_type == "tool_call"]
    calls = [(block.tool_name, block.tool_kwargs) for block in blocks]
    return response.message.content or "", calls


def _of_llama_stream(responses: list[Any]) -> Any:
    read = _of_llama(responses[-1])
    assert "".join(response.delta or "" for response in responses) == read[0]
    return read


def _of_completion(response: Any) -> Any:
    return response.text, []


def _text_of_run(result: Any) -> Any:
    return result.text, []


def _text_of_steps(steps: list[Any]) -> Any:
    return steps[-1].text, []


def _last_text(chunks: list[Any]) -> Any:
    """The text of an agent's last message, in a stream of its steps."""
    return _of_langchain_stream([chunk for chunk in chunks if chunk.text])


async def _llama_agent(url: str, **more: Any) -> Any:
    agent = llama_index_heroku.HerokuAgent(base_url=url, **SETTINGS | more)
    return str(await agent.run("Hello")), []


def _run_llama_agent(url: str, **more: Any) -> Any:
    return _finished(lambda: _llama_agent(url, **more))


def _scores(nodes: list[Any]) -> list[float]:
    return [node.score for node in nodes]


async def _all(items: AsyncIterator[Any] | Awaitable[AsyncIterator[Any]]) -> list[Any]:
    if not hasattr(items, "__aiter__"):
        items = await items
    return [item async for item in items]


# Making


def _finished(awaitable: Any) -> Any:
    """What it gives, in a loop of its own that leaves no connection open."""

    async def run() -> Any:
        try:
            return await awaitable()
        finally:
            await aclose_connections()

    return asyncio.run(run())


def _both(
    make: Any,
    method: str,
    kind: str,
    read: Callable[[Any], Any],
    *arguments: Any,
    amake: Any = None,
    streamed: bool = False,
    note: str = "",
    **options: Any,
) -> list[Way]:
    """The blocking and the async form of a method of what `make(base_url=...)` gives."""
    amake, amethod = (amake, method) if amake else (make, f"a{method}")

    def call(url: str, **more: Any) -> Any:
        found = getattr(make(base_url=url, **SETTINGS | more), method)(*arguments, **options)
        return read(list(found) if streamed else found)

    def acall(url: str, **more: Any) -> Any:
        async def found() -> Any:
            started = getattr(amake(base_url=url, **SETTINGS | more), amethod)(
                *arguments, **options
            )
            return await (_all(started) if streamed else started)

        return read(_finished(found))

    return [
        Way(f"{make.__name__}.{method}{note}", kind, call),
        Way(f"{amake.__name__}.{amethod}{note}", kind, acall),
    ]


def _bound(model_class: Any) -> Any:
    """LangChain's model with a tool."""

    def make(**settings: Any) -> Any:
        return model_class(**settings).bind_tools([TOOL])

    make.__name__ = model_class.__name__
    return make


def _core() -> list[Way]:
    core = {"amake": AsyncClient}
    return [
        *_both(Client, "chat", "chat", _of_core, HELLO, **core),
        *_both(
            Client,
            "chat",
            "tool call",
            _of_core,
            HELLO,
            tools=[TOOL],
            note=" with a tool",
            **core,
        ),
        *_both(Client, "stream_chat", "chat stream", _of_core_stream, HELLO, streamed=True, **core),
        *_both(
            Client,
            "stream_chat",
            "tool call stream",
            _of_core_stream,
            HELLO,
            tools=[TOOL],
            streamed=True,
            note=" with a tool",
            **core,
        ),
        *_both(Client, "run_agent", "agent", _text_of_run, HELLO, **core),
        *_both(Client, "stream_agent", "agent", _text_of_steps, HELLO, streamed=True, **core),
        *_both(Client, "embed", "embed", lambda result: result.vectors[0], ["a"], **core),
        *_both(
            Client,
            "iter_embed",
            "embed",
            lambda batches: batches[0].vectors[0],
            ["a"],
            streamed=True,
            **core,
        ),
        *_both(
            Client,
            "rerank",
            "rerank",
            lambda result: [hit.score for hit in result.hits],
            "q",
            ["a"],
            **core,
        ),
        *_both(Client, "generate_image", "image", lambda image: image.data, "A fox", **core),
        *_both(Client, "models", "models", lambda found: [m.model_id for m in found], **core),
        *_both(Client, "mcp_servers", "mcp servers", lambda found: [m.id for m in found], **core),
    ]


def _langchain() -> list[Way]:
    ways = []
    for model_class, kind in [
        (langchain_heroku.ChatHeroku, "chat"),
        (langchain_heroku.ChatHerokuMessages, "messages"),
    ]:
        ways += _both(model_class, "invoke", kind, _of_langchain, "Hello")
        ways += _both(
            model_class, "stream", f"{kind} stream", _of_langchain_stream, "Hello", streamed=True
        )
    tools = {"note": " with a tool"}
    bound = _bound(langchain_heroku.ChatHeroku)
    agent = langchain_heroku.ChatHerokuAgent
    return [
        *ways,
        *_both(bound, "invoke", "tool call", _of_langchain, "Hello", **tools),
        *_both(
            bound,
            "stream",
            "tool call stream",
            _of_langchain_stream,
            "Hello",
            streamed=True,
            **tools,
        ),
        *_both(agent, "invoke", "agent", _of_langchain, "Hello"),
        *_both(agent, "stream", "agent", _last_text, "Hello", streamed=True),
        *_both(
            langchain_heroku.HerokuEmbeddings,
            "embed_documents",
            "embed",
            lambda vectors: vectors[0],
            ["a"],
        ),
        *_both(langchain_heroku.HerokuEmbeddings, "embed_query", "embed", list, "a"),
        *_both(
            langchain_heroku.HerokuRerank,
            "rerank",
            "rerank",
            lambda hits: [hit.score for hit in hits],
            "q",
            ["a"],
        ),
        *_both(
            langchain_heroku.HerokuImageTool,
            "invoke",
            "image",
            lambda blocks: base64.b64decode(blocks[0]["base64"]),
            {"prompt": "A fox"},
        ),
    ]


def _llama_index() -> list[Way]:
    said, nodes = [ChatMessage("Hello")], [NodeWithScore(node=TextNode(text="a"))]
    ways = []
    for model_class, kind in [
        (llama_index_heroku.Heroku, "chat"),
        (llama_index_heroku.HerokuMessages, "messages"),
    ]:
        ways += _both(model_class, "chat", kind, _of_llama, said)
        ways += _both(
            model_class, "stream_chat", f"{kind} stream", _of_llama_stream, said, streamed=True
        )
        ways += _both(model_class, "complete", kind, _of_completion, "Hello")
        ways += _both(
            model_class,
            "stream_complete",
            f"{kind} stream",
            lambda responses: _of_completion(responses[-1]),
            "Hello",
            streamed=True,
        )
    heroku = llama_index_heroku.Heroku
    return [
        *ways,
        *_both(heroku, "chat", "tool call", _of_llama, said, tools=[TOOL], note=" with a tool"),
        *_both(
            heroku,
            "stream_chat",
            "tool call stream",
            _of_llama_stream,
            said,
            tools=[TOOL],
            streamed=True,
            note=" with a tool",
        ),
        Way("HerokuAgent.run", "agent", _run_llama_agent),
        *_both(
            llama_index_heroku.HerokuEmbedding,
            "get_text_embedding_batch",
            "embed",
            lambda vectors: vectors[0],
            ["a"],
        ),
        *_both(llama_index_heroku.HerokuEmbedding, "get_query_embedding", "embed", list, "a"),
        *_both(
            llama_index_heroku.HerokuRerank,
            "postprocess_nodes",
            "rerank",
            _scores,
            nodes,
            query_str="q",
        ),
        *_both(
            llama_index_heroku.HerokuImageToolSpec,
            "generate_image",
            "image",
            lambda output: output.blocks[1].resolve_image().read(),
            "A fox",
        ),
    ]


WAYS = [*_core(), *_langchain(), *_llama_index()]


def ways_of(*ends: str) -> list[Way]:
    """The ways whose kind ends so."""
    return [way for way in WAYS if way.kind.endswith(ends)]
