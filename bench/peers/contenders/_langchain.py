"""The tasks for LangChain's chat models and embeddings."""

from __future__ import annotations

import asyncio
import json
import pickle
from typing import TYPE_CHECKING, Any

from langchain_core.load import dumps
from langchain_core.messages import HumanMessage, ToolMessage

from bench.peers import tasks

if TYPE_CHECKING:
    from collections.abc import Callable


def thoughts(message: Any) -> str:
    blocks = message.content_blocks
    return "".join(block["reasoning"] for block in blocks if block["type"] == "reasoning")


class LangChain:
    """`make(**options)` gives a chat model, `embeddings()` an embedding model."""

    def __init__(
        self,
        make: Callable[..., Any],
        embeddings: Callable[[], Any],
        thinking: dict[str, Any],
    ) -> None:
        self._make, self._embeddings, self._thinking = make, embeddings, thinking

    def chat(self) -> str:
        return self._make().invoke(tasks.QUESTION).text

    def stream(self, **options: Any) -> dict[str, Any]:
        whole: Any = None
        for chunk in self._make(**options).stream(tasks.QUESTION):
            whole = chunk if whole is None else whole + chunk
        usage = whole.usage_metadata and whole.usage_metadata["total_tokens"]
        facts = {"text": whole.text, "usage": usage, "reasoning": thoughts(whole)}
        return {**facts, "raw": whole.model_dump_json()}

    def stream_thinking(self) -> dict[str, Any]:
        return self.stream(**self._thinking)

    def think(self) -> dict[str, Any]:
        message = self._make(**self._thinking).invoke(tasks.QUESTION)
        return {"reasoning": thoughts(message), "raw": message.model_dump_json()}

    def tool_turns(self, result: str) -> str:
        model = self._make().bind_tools([tasks.add])
        history: list[Any] = [HumanMessage(tasks.QUESTION)]
        history.append(model.invoke(history))
        calls = history[-1].tool_calls
        history += [ToolMessage(result, tool_call_id=call["id"]) for call in calls]
        return model.invoke(history).text

    def stream_tools(self) -> list[list[str]]:
        whole: Any = None
        for chunk in self._make().bind_tools([tasks.add]).stream(tasks.QUESTION):
            whole = chunk if whole is None else whole + chunk
        return [[call["name"], json.dumps(call["args"])] for call in whole.tool_calls]

    def structured_output(self) -> Any:
        return self._make().with_structured_output(tasks.PERSON).invoke(tasks.QUESTION)

    def embed(self) -> int:
        return len(self._embeddings().embed_documents(tasks.TEXTS))

    def embed_sides(self) -> None:
        self._embeddings().embed_query("a text")
        self._embeddings().embed_documents(["a text"])

    def show(self) -> str:
        model, embeddings = self._make(), self._embeddings()
        return f"{model!r} {model} {dumps(model)} {embeddings!r}"

    def call_after_pickle(self) -> str:
        model = self._make()
        model.invoke(tasks.QUESTION)
        return pickle.loads(pickle.dumps(model)).invoke(tasks.QUESTION).text  # noqa: S301 - ours

    def loops(self) -> str:
        model = self._make()

        async def ask() -> str:
            return (await model.ainvoke(tasks.QUESTION)).text

        return asyncio.run(ask()) + asyncio.run(ask())
