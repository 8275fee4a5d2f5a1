"""Calls every async method of one class in a fresh process, where a blocking call is an error.

`python unblocked_calls.py CLASS`, with the config vars of an emulator in another process.
"""

from __future__ import annotations

import asyncio
import os
import sys
import traceback

from blockbuster import BlockBuster
from langchain_core.documents import Document
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.memory import Memory
from llama_index.core.schema import NodeWithScore, TextNode
from pydantic import BaseModel

import heroku_inference
import langchain_heroku
import llama_index_heroku

HELLO = [ChatMessage("Hello")]
WIRE = [{"role": "user", "content": "Hello"}]
TEXTS = ["a text", "another"] * 60  # of more than one request
NODES = [NodeWithScore(node=TextNode(text=text)) for text in TEXTS[:2]]


class Joke(BaseModel):
    text: str


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def read(pieces):
    return [piece async for piece in pieces]


async def of_langchain(llm):
    await llm.ainvoke("Hello")
    await read(llm.astream("Hello"))
    await llm.abatch(["Hello", "Hi"])
    await read(llm.astream_events("Hello"))


async def of_chat(llm):
    await of_langchain(llm)
    await llm.bind_tools([add]).ainvoke("2 + 3?")
    await llm.with_structured_output(Joke, include_raw=True).ainvoke("A joke?")


async def of_embeddings(embeddings):
    await embeddings.aembed_query("a question")
    await embeddings.aembed_documents(TEXTS)
    await read(embeddings.aiter_embed(TEXTS))


async def of_reranker(reranker):
    await reranker.arerank("a question", TEXTS)
    await reranker.acompress_documents([Document("a text")], "a question")


async def of_llama_index(llm):
    await llm.achat(HELLO)
    await llm.acomplete("Hello")
    await read(await llm.astream_chat(HELLO))
    await read(await llm.astream_complete("Hello"))


async def of_embedding(embedding):
    await embedding.aget_text_embedding("a text")
    await embedding.aget_query_embedding("a question")
    await embedding.aget_text_embedding_batch(TEXTS)
    await embedding.acall([TextNode(text="a text")])


async def of_agent(agent):
    # Without `memory`, LlamaIndex makes one that loads its tokenizer from a file.
    await agent.run("Hello", memory=MEMORY)


async def of_client(client):
    await client.chat(WIRE)
    await read(client.stream_chat(WIRE))
    await client.embed(TEXTS)
    await read(client.iter_embed(TEXTS))
    await client.rerank("a question", TEXTS)
    await client.models()
    await client.run_agent(WIRE)
    await read(client.stream_agent(WIRE))
    await client.generate_image("A fox")
    await client.mcp_servers()


CLASSES = {
    "ChatHeroku": (langchain_heroku.ChatHeroku, of_chat),
    "ChatHerokuMessages": (langchain_heroku.ChatHerokuMessages, of_chat),
    "ChatHerokuAgent": (langchain_heroku.ChatHerokuAgent, of_langchain),
    "HerokuEmbeddings": (langchain_heroku.HerokuEmbeddings, of_embeddings),
    "HerokuRerank of LangChain": (langchain_heroku.HerokuRerank, of_reranker),
    "HerokuImageTool": (
        langchain_heroku.HerokuImageTool,
        lambda tool: tool.ainvoke({"prompt": "A fox"}),
    ),
    "load_mcp_tools of LangChain": (langchain_heroku.load_mcp_tools, lambda loading: loading),
    "Heroku": (llama_index_heroku.Heroku, of_llama_index),
    "HerokuMessages": (llama_index_heroku.HerokuMessages, of_llama_index),
    "HerokuAgent": (llama_index_heroku.HerokuAgent, of_agent),
    "HerokuEmbedding": (llama_index_heroku.HerokuEmbedding, of_embedding),
    "HerokuRerank of LlamaIndex": (
        llama_index_heroku.HerokuRerank,
        lambda reranker: reranker.apostprocess_nodes(NODES, query_str="a question"),
    ),
    "HerokuToolSpec": (
        llama_index_heroku.HerokuToolSpec,
        lambda spec: spec.to_tool_list()[0].acall(code="print(1)"),
    ),
    "HerokuImageToolSpec": (
        llama_index_heroku.HerokuImageToolSpec,
        lambda spec: spec.to_tool_list()[0].acall(prompt="A fox"),
    ),
    "load_mcp_tools of LlamaIndex": (llama_index_heroku.load_mcp_tools, lambda loading: loading),
    "AsyncClient": (heroku_inference.AsyncClient, of_client),
}


async def call(kind, use):
    await use(kind())
    await heroku_inference.aclose_connections()


if __name__ == "__main__":
    chosen = sys.argv[1]
    MEMORY = Memory.from_defaults(session_id="s") if chosen == "HerokuAgent" else None
    guard = BlockBuster()
    guard.activate()
    status = 1
    try:
        asyncio.run(call(*CLASSES[chosen]))
        status = 0
    except Exception:  # noqa: BLE001 - the test shows it
        traceback.print_exc()
    finally:
        # What forbiddenfruit does to Python's own types makes some builds of Python crash at exit.
        os._exit(status)
