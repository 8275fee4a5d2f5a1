"""Converts the steps of an agent's run into LlamaIndex's events and messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llama_index.core.agent.workflow.workflow_events import AgentStream, ToolCall, ToolCallResult
from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock, ToolCallBlock
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import ToolOutput

from heroku_inference import AgentMessage
from heroku_inference._adapters.tools import NO_RESULT
from llama_index_heroku._mcp_content import content_blocks
from llama_index_heroku._responses import (
    assistant_message,
    finish_fields,
    origin_fields,
    usage_fields,
)
from llama_index_heroku._tool_calls import FINISH_REASON, parse_or_keep

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llama_index.core.base.llms.types import ContentBlock
    from llama_index.core.workflow import Event

    from heroku_inference import AgentResult, AgentStep, AgentToolResult

__all__ = ["AgentRun", "tool_output"]


@dataclass
class _Call:
    """A tool call on the server, and its result once there is one."""

    id: str
    name: str
    arguments: dict[str, Any] | str
    answer: Sequence[ContentBlock] | None = None

    @property
    def kwargs(self) -> dict[str, Any]:
        """The arguments as a dict, for events: text that is not a JSON object gets its own key."""
        given = self.arguments
        return {"arguments": given} if isinstance(given, str) else given


@dataclass
class _Turn:
    """A message of the model, and its calls."""

    message: AgentMessage
    calls: list[_Call]


class AgentRun:
    """A run so far: turns each step into events, and collects messages to remember.

    Models need calls and results in pairs. A call without a result gets a standard one, and a
    result without a call gets a call.

    Args:
        agent_name: The name of the agent.
    """

    def __init__(self, agent_name: str) -> None:
        self._agent_name = agent_name
        self._turns: list[_Turn] = []
        self.results: list[ToolCallResult] = []

    def add(self, step: AgentStep) -> Iterator[Event]:
        """Give the events of a step: an `AgentStream` and its calls, or a call's result."""
        return self._say(step) if isinstance(step, AgentMessage) else self._return(step)

    def end(self, result: AgentResult) -> list[ChatMessage]:
        """All messages. The last one has the tokens, finish reason and request id of the run."""
        messages = [message for turn in self._turns for message in _messages(turn)]
        messages[-1].additional_kwargs |= {
            **usage_fields(result.usage),
            **finish_fields(result.finish_reason),
            **origin_fields(result.reply),
        }
        return messages

    def _say(self, said: AgentMessage) -> Iterator[Event]:
        calls = [
            _Call(call.id, call.name, parse_or_keep(call.arguments)) for call in said.tool_calls
        ]
        self._turns.append(_Turn(said, calls))
        yield AgentStream(
            delta=said.text,
            response=said.text,
            current_agent_name=self._agent_name,
            tool_calls=[
                ToolSelection(tool_id=call.id, tool_name=call.name, tool_kwargs=call.kwargs)
                for call in calls
            ],
            raw=_raw(said),
            thinking_delta=said.reasoning,
        )
        for call in calls:
            yield ToolCall(tool_id=call.id, tool_name=call.name, tool_kwargs=call.kwargs)

    def _return(self, result: AgentToolResult) -> Iterator[Event]:
        call = self._call_of(result)
        output = tool_output(result, call.name, call.kwargs)
        call.answer = output.blocks
        event = ToolCallResult(
            tool_id=call.id,
            tool_name=call.name,
            tool_kwargs=call.kwargs,
            tool_output=output,
            return_direct=False,
        )
        self.results.append(event)
        yield event

    def _call_of(self, result: AgentToolResult) -> _Call:
        if not self._turns:
            self._turns.append(_Turn(AgentMessage(""), []))
        calls = self._turns[-1].calls
        unanswered = [call for call in calls if call.answer is None]
        if result.tool_call_id is not None:
            unanswered = [call for call in unanswered if call.id == result.tool_call_id]
        if not unanswered:
            made_up = f"unseen_{len(self.results)}"
            calls.append(_Call(result.tool_call_id or made_up, result.name, {}))
            return calls[-1]
        return unanswered[0]


def _messages(turn: _Turn) -> Iterator[ChatMessage]:
    said = turn.message
    blocks = [
        ToolCallBlock(tool_call_id=call.id, tool_name=call.name, tool_kwargs=call.arguments)
        for call in turn.calls
    ]
    yield assistant_message(
        said.text, said.reasoning, said.reasoning_signature, blocks, said.refusal
    )
    for call in turn.calls:
        no_result = [TextBlock(text=NO_RESULT)]
        yield ChatMessage(
            role=MessageRole.TOOL,
            blocks=[*(no_result if call.answer is None else call.answer)],
            additional_kwargs={"tool_call_id": call.id, "name": call.name},
        )


def tool_output(result: AgentToolResult, name: str, arguments: dict[str, Any]) -> ToolOutput:
    """The output of a tool on the server; `raw_output` is the content as the server sent it."""
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


def _raw(said: AgentMessage) -> dict[str, Any]:
    fields = {
        "id": said.id,
        "model": said.model,
        "created": said.created,
        "system_fingerprint": said.system_fingerprint,
        FINISH_REASON: said.finish_reason,
        "usage": usage_fields(said.usage) or None,
    }
    return {name: value for name, value in fields.items() if value is not None}
