"""What Heroku does in an agent's run, as LlamaIndex's events and messages. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.agent.workflow.workflow_events import AgentStream, ToolCall, ToolCallResult
from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock, ToolCallBlock
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import ToolOutput

from heroku_inference._agents import AgentMessage
from llama_index_heroku._mcp_content import content_blocks
from llama_index_heroku._responses import (
    assistant_message,
    told_of_finish,
    told_of_origin,
    told_of_usage,
)
from llama_index_heroku._tool_calls import FINISH_REASON, legacy_calls, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llama_index.core.workflow import Event

    from heroku_inference._agents import AgentResult, AgentStep, AgentToolResult

__all__ = ["AgentRun", "tool_output"]

_NO_RESULT: Final = "The tool returned no result."


@dataclass
class _Call:
    """A call that the server's model made, until its result comes."""

    id: str
    name: str
    arguments: dict[str, Any]


class AgentRun:
    """A run so far: each step gives the events that tell of it, and messages to remember.

    Calls and results are kept in pairs, as models take them: a call that the server gave no result
    for is answered here, and a result that no call was seen for gets one.

    Args:
        agent_name: Whose run it is.
    """

    def __init__(self, agent_name: str) -> None:
        self._agent_name = agent_name
        self._open: list[_Call] = []
        self.messages: list[ChatMessage] = []
        self.results: list[ToolCallResult] = []

    def add(self, step: AgentStep) -> Iterator[Event]:
        """Gives the events of a step: an `AgentStream` and its calls, or a call's result."""
        if isinstance(step, AgentMessage):
            return self._say(step)
        return self._return(step)

    def end(self, result: AgentResult) -> ChatMessage:
        """The last message, with what is told of the whole run: its tokens are summed up."""
        self._answer_open_calls()
        last = self.messages[-1]
        last.additional_kwargs = {
            **last.additional_kwargs,
            **told_of_usage(result.usage),
            **told_of_finish(result.finish_reason),
            **told_of_origin(result.reply),
        }
        return last

    def _say(self, said: AgentMessage) -> Iterator[Event]:
        self._answer_open_calls()
        blocks = [
            ToolCallBlock(
                tool_call_id=call.id, tool_name=call.name, tool_kwargs=parsed(call.arguments)
            )
            for call in said.tool_calls
        ]
        self._open = [
            _Call(block.tool_call_id or "", block.tool_name, _arguments(block)) for block in blocks
        ]
        message = assistant_message(
            said.text, said.reasoning, said.reasoning_signature, blocks, said.refusal
        )
        self.messages.append(message)
        yield AgentStream(
            delta=said.text,
            response=said.text,
            current_agent_name=self._agent_name,
            tool_calls=[
                ToolSelection(tool_id=call.id, tool_name=call.name, tool_kwargs=call.arguments)
                for call in self._open
            ],
            raw=_raw(said),
            thinking_delta=said.reasoning,
        )
        for call in self._open:
            yield ToolCall(tool_id=call.id, tool_name=call.name, tool_kwargs=call.arguments)

    def _return(self, result: AgentToolResult) -> Iterator[Event]:
        call = self._call_of(result)
        output = tool_output(result, call.name, call.arguments)
        event = ToolCallResult(
            tool_id=call.id,
            tool_name=call.name,
            tool_kwargs=call.arguments,
            tool_output=output,
            return_direct=False,
        )
        self.results.append(event)
        self._answer(call, output)
        yield event

    def _call_of(self, result: AgentToolResult) -> _Call:
        meant = [call for call in self._open if call.id == result.tool_call_id]
        if not meant and result.tool_call_id is None:
            meant = self._open[:1]
        if meant:
            self._open.remove(meant[0])
            return meant[0]
        call = _Call(result.tool_call_id or f"unseen_{len(self.messages)}", result.name, {})
        block = ToolCallBlock(tool_call_id=call.id, tool_name=call.name, tool_kwargs={})
        self.messages.append(
            ChatMessage(
                role=MessageRole.ASSISTANT,
                blocks=[block],
                additional_kwargs={"tool_calls": legacy_calls([block])},
            )
        )
        return call

    def _answer_open_calls(self) -> None:
        for call in self._open:
            blocks = [TextBlock(text=_NO_RESULT)]
            self._answer(call, ToolOutput(tool_name=call.name, blocks=[*blocks]))
        self._open = []

    def _answer(self, call: _Call, output: ToolOutput) -> None:
        self.messages.append(
            ChatMessage(
                role=MessageRole.TOOL,
                blocks=output.blocks,
                additional_kwargs={"tool_call_id": call.id, "name": call.name},
            )
        )


def tool_output(result: AgentToolResult, name: str, arguments: dict[str, Any]) -> ToolOutput:
    """What a server's tool returned; `raw_output` is the content as the server sent it."""
    blocks = content_blocks(result.content)
    if not blocks and result.text:
        blocks = [TextBlock(text=result.text)]
    return ToolOutput(
        tool_name=name,
        blocks=blocks,
        raw_input=arguments,
        raw_output=result.raw,
        is_error=result.is_error,
    )


def _arguments(block: ToolCallBlock) -> dict[str, Any]:
    """As events have them: text that is no JSON object under a name of its own."""
    given = block.tool_kwargs
    return {"arguments": given} if isinstance(given, str) else given


def _raw(said: AgentMessage) -> dict[str, Any]:
    told = {
        "id": said.id,
        "model": said.model,
        "created": said.created,
        "system_fingerprint": said.system_fingerprint,
        FINISH_REASON: said.finish_reason,
        "usage": told_of_usage(said.usage) or None,
    }
    return {name: value for name, value in told.items() if value is not None}
