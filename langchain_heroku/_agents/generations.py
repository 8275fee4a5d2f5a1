"""The steps of an agent's run as LangChain's messages and generations. Pure.

A run becomes one message. Its content blocks tell what happened, in order: `reasoning` for what the
model thought or said before it called tools, `server_tool_call` for its calls, `server_tool_result`
for their results, and `text` for the answer. Only the answer is text, so the message's `.text`, or
a parser at the end of a chain, returns just the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from heroku_inference import AgentMessage
from heroku_inference._adapters.tools import parse_arguments
from heroku_inference._adapters.usage import token_counts
from langchain_heroku._blocks_of_answers import PROVIDER
from langchain_heroku._generations import server_metadata, standard_usage, summed_usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from heroku_inference import AgentStep, AgentToolResult, ToolCall

__all__ = ["RunReader", "langchain_run"]

_OURS: Final = {"model_provider": PROVIDER}


def langchain_run(steps: Iterable[AgentStep], model: str) -> ChatResult:
    """The result of a whole run: the sum of the chunks that streaming it would give.

    `model` is the model of the request.
    """
    reader = RunReader(model)
    first, *rest = (_message(reader.chunk(step)) for step in steps)
    whole = first + rest
    metadata = whole.response_metadata
    message = AIMessage(
        content=_without_index(whole.content),
        additional_kwargs=whole.additional_kwargs,
        response_metadata=metadata,
        usage_metadata=whole.usage_metadata,
    )
    output: dict[str, Any] = {"model_name": metadata.get("model_name", model)}
    if used := metadata.get("token_usage"):
        output["token_usage"] = used
    reason = metadata.get("finish_reason")
    information = {"finish_reason": reason} if reason else None
    generation = ChatGeneration(message=message, generation_info=information)
    return ChatResult(generations=[generation], llm_output=output)


def _message(chunk: ChatGenerationChunk) -> AIMessageChunk:
    return cast("AIMessageChunk", chunk.message)


def _without_index(content: str | list[str | dict[str, Any]]) -> str | list[str | dict[str, Any]]:
    """The content without the index of each block, which only chunks need."""
    if isinstance(content, str):
        return content
    return [
        {name: value for name, value in block.items() if name != "index"}
        if isinstance(block, dict)
        else block
        for block in content
    ]


class RunReader:
    """Makes the chunks of one run, one for each step.

    Each block gets its own index: without one, LangChain would merge neighbours of the same type.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._number = 0
        self._has_begun = False
        self._tokens: list[dict[str, int]] = []

    def chunk(self, step: AgentStep) -> ChatGenerationChunk:
        """The next chunk of the message."""
        metadata: dict[str, Any] = dict(_OURS)
        if not self._has_begun:
            metadata = server_metadata(step, step.reply, self._model)
            self._has_begun = True
        if not isinstance(step, AgentMessage):
            content = self._number_blocks([_result(step)])
            return _generation(AIMessageChunk(content=content, response_metadata=metadata))
        fields: dict[str, Any] = {"content": self._content(step), "response_metadata": metadata}
        if step.refusal:
            fields["additional_kwargs"] = {"refusal": step.refusal}
        if step.usage is not None:
            self._tokens.append(token_counts(step.usage))
            fields["usage_metadata"] = standard_usage(step.usage)
        # LangChain does not add these up, so the sum comes once, with the answer.
        if not step.tool_calls and self._tokens:
            metadata["token_usage"] = summed_usage(self._tokens)
        reason = None if step.tool_calls else step.finish_reason
        if reason:
            metadata["finish_reason"] = reason
        return _generation(AIMessageChunk(**fields), reason)

    def _content(self, message: AgentMessage) -> str | list[str | dict[str, Any]]:
        blocks = list(_message_blocks(message))
        if not self._number and all(block["type"] == "text" for block in blocks):
            return message.text  # just an answer, as from any chat model
        return self._number_blocks(blocks)

    def _number_blocks(self, blocks: list[dict[str, Any]]) -> list[str | dict[str, Any]]:
        first = self._number
        self._number += len(blocks)
        return [{**block, "index": f"lc_step_{n}"} for n, block in enumerate(blocks, first)]


def _generation(message: AIMessageChunk, reason: str | None = None) -> ChatGenerationChunk:
    information = {"finish_reason": reason} if reason else None
    return ChatGenerationChunk(message=message, generation_info=information)


def _message_blocks(message: AgentMessage) -> Iterator[dict[str, Any]]:
    if message.reasoning or message.reasoning_signature:
        thought: dict[str, Any] = {"type": "reasoning", "reasoning": message.reasoning or ""}
        signature = message.reasoning_signature
        yield {**thought, "extras": {"signature": signature}} if signature else thought
    if not message.tool_calls:
        if message.text:
            yield {"type": "text", "text": message.text}
        return
    if message.text:
        yield {"type": "reasoning", "reasoning": message.text, "extras": {"narration": True}}
    for call in message.tool_calls:
        yield _call(call)


def _call(call: ToolCall) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "server_tool_call", "id": call.id, "name": call.name}
    try:
        return {**block, "args": parse_arguments(call.arguments)}
    except ValueError:  # the tool got them unparsed; keep them apart from `args`
        return {**block, "args": {}, "extras": {"arguments": call.arguments}}


def _result(result: AgentToolResult) -> dict[str, Any]:
    extras: dict[str, Any] = {"name": result.name} if result.name else {}
    if not all(part.keys() == _PLAIN and part["type"] == "text" for part in result.content):
        extras["content"] = result.content  # images and anything else that is not in the text
    if result.content and '"structuredContent"' in result.raw:
        extras["raw"] = result.raw
    block: dict[str, Any] = {
        "type": "server_tool_result",
        "tool_call_id": result.tool_call_id or "",
        "status": "error" if result.is_error else "success",
        "output": result.text,
    }
    return {**block, "extras": extras} if extras else block


_PLAIN: Final = {"type", "text"}
