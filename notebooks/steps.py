"""Prints the steps of an agent: words, thoughts, tool calls and their results."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap
from typing import Any

from langchain_core.messages import BaseMessage
from llama_index.core.agent.workflow import AgentOutput, ToolCall, ToolCallResult

SHOWN = 300  # characters of a text
WIDTH = 88  # characters of a line


def say(sign: str, text: object) -> None:
    """Print a text behind a sign, its further lines below the first one."""
    line = " ".join(str(text).split())
    short = line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
    print(
        "\n".join(
            wrap(f"{sign} {short}", WIDTH, subsequent_indent=" " * (len(sign) + 1))
        )
    )


def show(messages: Iterable[BaseMessage]) -> None:
    """Print the messages of a LangChain agent."""
    for message in messages:
        speaker = {"human": "human:", "tool": "  <-"}.get(message.type, "ai:")
        for block in message.content_blocks:
            match block:
                case {
                    "type": "tool_call" | "server_tool_call",
                    "name": name,
                    "args": arguments,
                }:
                    say("  ->", f"{name} {arguments}")
                case {"type": "server_tool_result", "output": output}:
                    say("  <-", output)
                case {"type": "reasoning", "reasoning": text}:
                    say("thinking:", text)
                case {"type": "text", "text": text}:
                    say(speaker, text)


async def follow(worker: Any, question: str) -> Any:
    """Run a LlamaIndex agent or workflow, print its steps, and return its answer."""
    say("human:", question)
    run = worker.run(question)
    async for event in run.stream_events():
        match event:
            case ToolCall(tool_name=name, tool_kwargs=arguments):
                say("  ->", f"{name} {arguments}")
            case ToolCallResult(tool_output=output):
                say("  <-", output.content)
            case AgentOutput(response=response):
                for block in response.blocks:
                    if block.block_type == "thinking":
                        say("thinking:", block.content)
                    elif block.block_type == "text" and block.text:
                        say("ai:", block.text)
    return await run
