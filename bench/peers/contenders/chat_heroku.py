"""Our classes for LangChain."""

from __future__ import annotations

from typing import Any

from langchain_core.documents import Document

from bench.peers import tasks
from bench.peers.contenders._langchain import LangChain
from langchain_heroku import ChatHeroku, ChatHerokuAgent, HerokuEmbeddings, HerokuRerank

PACKAGES = ("heroku-inference", "langchain-core")


def _make(**options: Any) -> ChatHeroku:
    return ChatHeroku(**options)


_asked = LangChain(
    _make, HerokuEmbeddings, {"extended_thinking": tasks.THINKING, "max_tokens": 2048}
)
chat, stream, think, stream_thinking = (
    _asked.chat,
    _asked.stream,
    _asked.think,
    _asked.stream_thinking,
)
tool_turns, stream_tools, structured_output = (
    _asked.tool_turns,
    _asked.stream_tools,
    _asked.structured_output,
)
embed, embed_sides = _asked.embed, _asked.embed_sides
show, call_after_pickle, loops = _asked.show, _asked.call_after_pickle, _asked.loops


def rerank() -> int:
    documents = [Document(text) for text in tasks.TEXTS]
    return len(HerokuRerank(top_n=3).compress_documents(documents, tasks.QUESTION))


def agent() -> str:
    return ChatHerokuAgent().invoke(tasks.QUESTION).text
