"""The tasks for LlamaIndex's LLMs and embeddings."""

from __future__ import annotations

import asyncio
import json
import pickle
from typing import TYPE_CHECKING, Any

from llama_index.core import PromptTemplate
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from bench.peers import tasks

if TYPE_CHECKING:
    from collections.abc import Callable

ASKED = [ChatMessage(tasks.QUESTION)]


class Person(BaseModel):
    """A person who is mentioned."""

    name: str
    age: int


def thoughts(message: Any) -> str:
    blocks = message.blocks
    return "".join(block.content or "" for block in blocks if block.block_type == "thinking")


class LlamaIndex:
    """`make(**options)` gives an LLM, `embeddings()` an embedding model."""

    def __init__(
        self,
        make: Callable[..., Any],
        embeddings: Callable[[], Any] | None,
        thinking: dict[str, Any],
    ) -> None:
        self._make, self._embeddings, self._thinking = make, embeddings, thinking

    def chat(self) -> str:
        return self._make().chat(ASKED).message.content

    def stream(self, **options: Any) -> dict[str, Any]:
        text, reasoning, usage, raw, last = "", "", None, "", None
        for last in self._make(**options).stream_chat(ASKED):
            text += last.delta or ""
            reasoning += last.additional_kwargs.get("thinking_delta") or ""
            usage = last.additional_kwargs.get("total_tokens") or usage
            raw += str(last.raw)
        shown = reasoning or (thoughts(last.message) if last else "")
        return {"text": text, "usage": usage, "reasoning": shown, "raw": raw}

    def stream_thinking(self) -> dict[str, Any]:
        return self.stream(**self._thinking)

    def think(self) -> dict[str, Any]:
        response = self._make(**self._thinking).chat(ASKED)
        return {"reasoning": thoughts(response.message), "raw": str(response.raw)}

    def tool_turns(self, result: str) -> str:
        def add(a: int, b: int) -> str:
            """Add two numbers."""
            return result if a + b else ""

        async def ask() -> str:
            agent = FunctionAgent(tools=[add], llm=self._make(), streaming=False)
            return str(await agent.run(tasks.QUESTION))

        return asyncio.run(ask())

    def stream_tools(self) -> list[list[str]]:
        llm = self._make()
        tool = FunctionTool.from_defaults(tasks.add)
        *_, last = llm.stream_chat_with_tools([tool], tasks.QUESTION)
        calls = llm.get_tool_calls_from_response(last, error_on_no_tool_call=False)
        return [[call.tool_name, json.dumps(call.tool_kwargs)] for call in calls]

    def structured_output(self) -> Any:
        prompt = PromptTemplate(tasks.QUESTION)
        return self._make().structured_predict(Person, prompt).model_dump()

    def embed(self) -> int:
        return len(self._embeddings().get_text_embedding_batch(tasks.TEXTS))

    def embed_sides(self) -> None:
        self._embeddings().get_query_embedding("a text")
        self._embeddings().get_text_embedding("a text")

    def show(self) -> str:
        shown = [self._make()] + ([self._embeddings()] if self._embeddings else [])
        return " ".join(f"{one!r} {one} {one.to_dict()}" for one in shown)

    def call_after_pickle(self) -> str:
        llm = self._make()
        llm.chat(ASKED)
        return pickle.loads(pickle.dumps(llm)).chat(ASKED).message.content  # noqa: S301 - ours

    def loops(self) -> str:
        llm = self._make()

        async def ask() -> str:
            return (await llm.achat(ASKED)).message.content

        return asyncio.run(ask()) + asyncio.run(ask())
