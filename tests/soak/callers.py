"""Every class of the library, made once and called for as long as a soak lasts."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from llama_index.core.llms import ChatMessage
from llama_index.core.schema import NodeWithScore, TextNode

from heroku_inference import AsyncClient, Client
from langchain_heroku import (
    ChatHeroku,
    ChatHerokuAgent,
    ChatHerokuMessages,
    HerokuEmbeddings,
    HerokuImageTool,
)
from langchain_heroku import HerokuRerank as LangChainRerank
from llama_index_heroku import Heroku, HerokuEmbedding, HerokuMessages
from llama_index_heroku import HerokuRerank as LlamaIndexRerank

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TEXTS", "Callers"]

TEXTS = [f"Text {number}, of {'many ' * number}words." for number in range(12)]
CHAT, EMBED, RERANK, DRAW = (
    "claude-4-5-sonnet",
    "cohere-embed-multilingual",
    "cohere-rerank-3-5",
    "stable-image-ultra",
)


class Callers:
    """Its `calls` and `async_calls` map the name of a way to a function of a text."""

    def __init__(self, **settings: Any) -> None:
        client, aclient = Client(**settings, model=CHAT), AsyncClient(**settings, model=CHAT)
        lc, lcm = ChatHeroku(**settings, model=CHAT), ChatHerokuMessages(**settings, model=CHAT)
        li, lim = Heroku(**settings, model=CHAT), HerokuMessages(**settings, model=CHAT)
        agent = ChatHerokuAgent(**settings, model=CHAT)
        vectors = HerokuEmbeddings(**settings, model=EMBED)
        li_vectors = HerokuEmbedding(**settings, model=EMBED)
        ranks = LangChainRerank(**settings, model=RERANK)
        li_ranks = LlamaIndexRerank(**settings, model=RERANK)
        draws = HerokuImageTool(**settings, model=DRAW, seed=7)
        self.calls: dict[str, Callable[[str], Any]] = {
            "Client.chat": lambda t: client.chat(_user(t)).text,
            "Client.stream_chat": lambda t: _joined(client.stream_chat(_user(t))),
            "Client.run_agent": lambda t: client.run_agent(_user(t)).text,
            "Client.embed": lambda t: client.embed(_few(t), model=EMBED).vectors,
            "Client.rerank": lambda t: _hits(client.rerank(t, TEXTS, model=RERANK).hits),
            "Client.generate_image": lambda t: client.generate_image(t, model=DRAW, seed=7).data,
            "Client.models": lambda t: [model.model_id for model in client.models()],
            "Client.mcp_servers": lambda t: [server.id for server in client.mcp_servers()],
            "ChatHeroku.invoke": lambda t: lc.invoke(t).text,
            "ChatHeroku.stream": lambda t: _joined(lc.stream(t)),
            "ChatHerokuMessages.invoke": lambda t: lcm.invoke(t).text,
            "ChatHerokuMessages.stream": lambda t: _joined(lcm.stream(t)),
            "ChatHerokuAgent.invoke": lambda t: agent.invoke(t).text,
            "HerokuEmbeddings.embed_documents": lambda t: vectors.embed_documents(_few(t)),
            "langchain HerokuRerank": lambda t: _hits(ranks.rerank(t, TEXTS)),
            "HerokuImageTool": lambda t: draws.invoke({"prompt": t})[0]["base64"],
            "Heroku.chat": lambda t: li.chat([ChatMessage(t)]).message.content,
            "Heroku.stream_chat": lambda t: _deltas(li.stream_chat([ChatMessage(t)])),
            "HerokuMessages.chat": lambda t: lim.chat([ChatMessage(t)]).message.content,
            "HerokuMessages.stream_chat": lambda t: _deltas(lim.stream_chat([ChatMessage(t)])),
            "HerokuEmbedding": lambda t: li_vectors.get_text_embedding_batch(_few(t)),
            "llama_index HerokuRerank": lambda t: _scores(
                li_ranks.postprocess_nodes(_nodes(), query_str=t)
            ),
            "a stream that is left": lambda t: bool(next(iter(client.stream_chat(_user(t)))).text),
        }

        async def left(t: str) -> bool:
            stream = aclient.stream_chat(_user(t))
            try:
                return bool((await anext(stream)).text)
            finally:
                await stream.aclose()

        async def cancelled(t: str) -> bool:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(aclient.chat(_user(t)), 0.004)
            return True

        self.async_calls: dict[str, Callable[[str], Any]] = {
            "AsyncClient.chat": _of(lambda t: aclient.chat(_user(t)), lambda r: r.text),
            "AsyncClient.stream_chat": lambda t: _ajoined(aclient.stream_chat(_user(t))),
            "AsyncClient.run_agent": _of(lambda t: aclient.run_agent(_user(t)), lambda r: r.text),
            "AsyncClient.embed": _of(
                lambda t: aclient.embed(_few(t), model=EMBED), lambda r: r.vectors
            ),
            "AsyncClient.rerank": _of(
                lambda t: aclient.rerank(t, TEXTS, model=RERANK), lambda r: _hits(r.hits)
            ),
            "AsyncClient.generate_image": _of(
                lambda t: aclient.generate_image(t, model=DRAW, seed=7), lambda r: r.data
            ),
            "ChatHeroku.ainvoke": _of(lc.ainvoke, lambda r: r.text),
            "ChatHeroku.astream": lambda t: _ajoined(lc.astream(t)),
            "ChatHerokuMessages.ainvoke": _of(lcm.ainvoke, lambda r: r.text),
            "ChatHerokuMessages.astream": lambda t: _ajoined(lcm.astream(t)),
            "ChatHerokuAgent.ainvoke": _of(agent.ainvoke, lambda r: r.text),
            "HerokuEmbeddings.aembed_documents": _of(
                lambda t: vectors.aembed_documents(_few(t)), list
            ),
            "langchain HerokuRerank, async": _of(lambda t: ranks.arerank(t, TEXTS), _hits),
            "Heroku.achat": _of(lambda t: li.achat([ChatMessage(t)]), lambda r: r.message.content),
            "Heroku.astream_chat": lambda t: _adeltas(li.astream_chat([ChatMessage(t)])),
            "HerokuMessages.achat": _of(
                lambda t: lim.achat([ChatMessage(t)]), lambda r: r.message.content
            ),
            "HerokuMessages.astream_chat": lambda t: _adeltas(lim.astream_chat([ChatMessage(t)])),
            "HerokuEmbedding, async": _of(
                lambda t: li_vectors.aget_text_embedding_batch(_few(t)), list
            ),
            "llama_index HerokuRerank, async": _of(
                lambda t: li_ranks.apostprocess_nodes(_nodes(), query_str=t), _scores
            ),
            "an async stream that is left": left,
            "a call that is cancelled": cancelled,
        }


def _user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def _few(text: str) -> list[str]:
    return [text, text[::-1], f"{text} Again."]


def _nodes() -> list[NodeWithScore]:
    return [NodeWithScore(node=TextNode(text=text)) for text in TEXTS]


def _hits(hits: Any) -> Any:
    return [(hit.index, hit.score) for hit in hits]


def _scores(nodes: Any) -> Any:
    return [(node.text, node.score) for node in nodes]


def _joined(chunks: Any) -> str:
    return "".join(chunk.text for chunk in chunks)


async def _ajoined(chunks: Any) -> str:
    return "".join([chunk.text async for chunk in chunks])


def _deltas(responses: Any) -> str:
    return "".join(response.delta for response in responses)


async def _adeltas(responses: Any) -> str:
    return "".join([response.delta async for response in await responses])


def _of(ask: Callable[[str], Any], read: Callable[[Any], Any]) -> Callable[[str], Any]:
    async def call(text: str) -> Any:
        return read(await ask(text))

    return call
