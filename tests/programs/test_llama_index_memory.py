"""LlamaIndex's `Memory` and its blocks: what leaves the talk is kept as facts and as vectors."""

from __future__ import annotations

import chromadb
import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.memory import (
    FactExtractionMemoryBlock,
    InsertMethod,
    Memory,
    StaticMemoryBlock,
    VectorMemoryBlock,
)
from llama_index.vector_stores.chroma import ChromaVectorStore
from sqlalchemy.ext.asyncio import create_async_engine

from heroku_emulator import CallTools, Say
from llama_index_heroku import HerokuEmbedding

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",  # of workflows
    "ignore:The conversation was repaired:UserWarning",  # what Memory hands to a block is a cutting
)

LONG = " ".join(["word"] * 60)


def population(city: str) -> str:
    """Look up the population of a city."""
    return f"{city}: 522,250. {LONG}"


@pytest.fixture(params=["in a file", "in memory"])
async def database(request, tmp_path):
    """Where the talk is kept. LlamaIndex's own database would stay open."""
    file = f"/{tmp_path}/talk.db" if request.param == "in a file" else "/:memory:"
    engine = create_async_engine(f"sqlite+aiosqlite://{file}")
    yield engine
    await engine.dispose()


@pytest.mark.parametrize("insert_method", InsertMethod)
async def test_facts_come_back_when_the_talk_is_gone(llm, script, sent, database, insert_method):
    model = llm()
    memory = Memory.from_defaults(
        session_id="ada",
        token_limit=150,
        chat_history_token_ratio=0.5,
        token_flush_size=20,
        insert_method=insert_method,
        async_engine=database,
        memory_blocks=[
            StaticMemoryBlock(name="who", static_content="The user is Ada.", priority=0),
            FactExtractionMemoryBlock(name="facts", llm=model, priority=1),
        ],
    )
    facts = Say("<facts><fact>Ada lives in Lyon.</fact></facts>")
    script(CallTools([("population", {"city": "Lyon"})]), Say("522,250."), facts, Say("Lyon."))
    agent = FunctionAgent(tools=[population], llm=model)
    assert str(await agent.run(f"I live in Lyon. {LONG}", memory=memory)) == "522,250."
    assert str(await agent.run("Where do I live?", memory=memory)) == "Lyon."
    asked = [text for text in sent() if "fact extraction system" not in text]
    assert "The user is Ada." in asked[0]
    assert "I live in Lyon." not in asked[-1]
    assert "Ada lives in Lyon." in asked[-1]


async def test_old_turns_are_found_by_their_vectors(llm, script, sent, database, tmp_path):
    collection = chromadb.PersistentClient(str(tmp_path)).create_collection("talk")
    store = ChromaVectorStore(chroma_collection=collection)
    memory = Memory.from_defaults(
        session_id="ada",
        token_limit=150,
        chat_history_token_ratio=0.5,
        token_flush_size=20,
        async_engine=database,
        memory_blocks=[
            VectorMemoryBlock(
                name="talk", vector_store=store, embed_model=HerokuEmbedding(), similarity_top_k=1
            )
        ],
    )
    script(Say("Nice."), Say("I see."), Say("Lyon."))
    agent = FunctionAgent(llm=llm())
    await agent.run(f"I live in Lyon. {LONG}", memory=memory)
    await agent.run(f"My cat is grey. {LONG}", memory=memory)
    assert str(await agent.run("Where do I live, is it Lyon?", memory=memory)) == "Lyon."
    assert "I live in Lyon." in sent()[-1]
