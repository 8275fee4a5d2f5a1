"""LlamaIndex's own mock LLM, and `Heroku` in its place with the wire in between.

The mock answers by a `response_generator`: a function from messages to a message. Here the same
function stands behind the emulator, which checks each request as strictly as Heroku does.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.agent.workflow import AgentStream, ToolCallResult
from llama_index.core.base.llms.types import ThinkingBlock, ToolCallBlock
from llama_index.core.llms import ChatMessage
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.llms.mock import MockFunctionCallingLLM

from heroku_emulator import Answer, Emulator
from heroku_emulator.built_in.deterministic import DeterministicEngine
from llama_index_heroku import Heroku

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    ResponseGenerator = Callable[..., ChatMessage]

__all__ = [
    "add",
    "calls",
    "heroku",
    "in_turn",
    "makers",
    "mock",
    "nothing",
    "run",
    "says",
    "streamed",
]


@contextmanager
def mock(response_generator: ResponseGenerator, **_: Any) -> Iterator[MockFunctionCallingLLM]:
    """LlamaIndex's mock; it has nothing to set."""
    yield MockFunctionCallingLLM(response_generator=response_generator, is_chat_model=True)


@contextmanager
def heroku(response_generator: ResponseGenerator, **arguments: Any) -> Iterator[Heroku]:
    """`Heroku`, answered by the mock's function over the wire."""
    with Emulator(engine=_MockEngine(response_generator)) as emulator:
        yield Heroku(
            model="claude-4-5-sonnet",
            api_key=emulator.api_key,
            base_url=emulator.url,
            **arguments,
        )


class _MockEngine(DeterministicEngine):
    """Answers chats by the function."""

    name = "mock"

    def __init__(self, response_generator: ResponseGenerator) -> None:
        self._generate = response_generator

    def chat(self, request: dict[str, Any]) -> Answer:
        messages = [_message(wire) for wire in request["messages"]]
        said = self._generate(messages, tools=request.get("tools"))
        thoughts = [block.content for block in said.blocks if isinstance(block, ThinkingBlock)]
        return Answer(
            text=said.content or "",
            tool_calls=[*_calls(said)],
            reasoning="".join(thoughts) or None,
        )


def _calls(message: ChatMessage) -> Iterator[tuple[str, dict[str, Any]]]:
    for call in message.additional_kwargs.get("tool_calls", []):
        yield call.tool_name, call.tool_kwargs
    for block in message.blocks:
        if isinstance(block, ToolCallBlock):
            yield block.tool_name, block.tool_kwargs


def _message(wire: dict[str, Any]) -> ChatMessage:
    additional: dict[str, Any] = {}
    if "tool_call_id" in wire:
        additional["tool_call_id"] = wire["tool_call_id"]
    if calls := wire.get("tool_calls"):
        additional["tool_calls"] = [
            ToolSelection(
                tool_id=call["id"],
                tool_name=call["function"]["name"],
                tool_kwargs=json.loads(call["function"]["arguments"]),
            )
            for call in calls
        ]
    content = wire["content"]
    if not isinstance(content, str):
        content = "\n".join(part.get("text", "") for part in content)
    return ChatMessage(content, role=wire["role"], additional_kwargs=additional)


makers = pytest.mark.parametrize("make", [mock, heroku], ids=["mock", "heroku"])
streamed = pytest.mark.parametrize("streaming", [True, False], ids=["streamed", "plain"])


def says(text):
    return ChatMessage(text, role="assistant")


def calls(*named):
    return ChatMessage(
        role="assistant",
        additional_kwargs={
            "tool_calls": [
                ToolSelection(tool_id=f"call_{number}", tool_name=name, tool_kwargs=arguments)
                for number, (name, arguments) in enumerate(named)
            ]
        },
    )


def in_turn(*answers):
    """A response generator that gives these, one after the other."""
    remaining = list(answers)
    return lambda messages, **_: remaining.pop(0)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def nothing() -> str:
    """Return nothing."""
    return ""


async def run(agent, question="What is 1 + 2?", **options):
    """What an agent answers, the tools it ran with their output, and its streamed words."""
    handler = agent.run(user_msg=question, **options)
    results, words = [], ""
    async for event in handler.stream_events():
        if isinstance(event, ToolCallResult):
            results.append((event.tool_name, event.tool_kwargs, event.tool_output.content))
        elif isinstance(event, AgentStream):
            words += event.delta
    return await handler, results, words
