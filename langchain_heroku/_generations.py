"""Converts answers of the core into LangChain's messages and generations. Pure.

The chunks of a stream add up to the same message as the whole answer, so each fact is in one chunk
only, and under the same name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import invalid_tool_call, tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from heroku_inference._adapters.tools import parse_arguments
from heroku_inference._adapters.usage import token_counts
from langchain_heroku._blocks_of_answers import PROVIDER
from langchain_heroku._broken_calls import check_calls
from langchain_heroku._replaced_calls import REPLACED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from langchain_core.messages import InvalidToolCall
    from langchain_core.messages import ToolCall as LangChainToolCall

    from heroku_inference import AgentStep, ChatChunk, Reply, ToolCall, Usage
    from heroku_inference import _values as heroku

__all__ = [
    "generation_chunk",
    "langchain_result",
    "server_metadata",
    "standard_usage",
    "summed_usage",
]

# LangChain finds the block translator of every chunk with it. Pydantic copies the dict.
_OURS: Final = {"model_provider": PROVIDER}


def langchain_result(
    answers: Sequence[heroku.ChatResult], model: str, retries: int | None
) -> ChatResult:
    """The result of one call, with a generation for each answer to `model`'s request.

    Raises:
        ToolArgumentsError: The arguments of the only answer's calls cannot be read; see
            `check_calls` for when that is an error.
    """
    generations = [
        ChatGeneration(
            message=_message(answer, model), generation_info=_finish(answer.finish_reason)
        )
        for answer in answers
    ]
    if len(answers) == 1 and answers[0].tool_calls:
        message = cast("AIMessage", generations[0].message)
        check_calls(message, answers[0].finish_reason, retries)
    usages = [token_counts(answer.usage) for answer in answers if answer.usage is not None]
    output: dict[str, Any] = {"model_name": model}
    if usages:
        output["token_usage"] = summed_usage(usages)
    return ChatResult(generations=generations, llm_output=output)


def generation_chunk(chunk: ChatChunk, model: str, *, with_usage: bool) -> ChatGenerationChunk:
    """One chunk of a stream."""
    fields: dict[str, Any] = {"content": chunk.text, "response_metadata": _OURS}
    if chunk.reply is not None:
        fields["response_metadata"] = server_metadata(chunk, chunk.reply, model)
    if chunk.finish_reason:
        fields["response_metadata"] = {
            **fields["response_metadata"],
            "finish_reason": chunk.finish_reason,
        }
    if chunk.reasoning or chunk.reasoning_signature or chunk.refusal:
        fields["additional_kwargs"] = _additional(chunk)
    if chunk.tool_calls:
        fields["tool_call_chunks"] = [
            tool_call_chunk(name=delta.name, args=delta.arguments, id=delta.id, index=delta.index)
            for delta in chunk.tool_calls
        ]
    if chunk.replaced_calls:
        fields["response_metadata"] = {**_OURS, REPLACED: list(chunk.replaced_calls)}
    if chunk.usage is not None:
        if with_usage:
            fields["usage_metadata"] = standard_usage(chunk.usage)
            fields["response_metadata"] = {
                **fields["response_metadata"],
                "token_usage": token_counts(chunk.usage),
            }
        if not chunk.tool_calls:  # the last one; LangChain need not add an empty chunk
            fields["chunk_position"] = "last"
    return ChatGenerationChunk(
        message=AIMessageChunk(**fields), generation_info=_finish(chunk.finish_reason)
    )


def summed_usage(usages: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sums of the token counts of several answers, by name."""
    total: dict[str, int] = {}
    for usage in usages:
        for name, tokens in usage.items():
            total[name] = total.get(name, 0) + tokens
    return total


def _message(answer: heroku.ChatResult, model: str) -> AIMessage:
    metadata = server_metadata(answer, answer.reply, model)
    if answer.finish_reason:
        metadata["finish_reason"] = answer.finish_reason
    if answer.usage is not None:
        metadata["token_usage"] = token_counts(answer.usage)
    calls, invalid = _read_calls(answer.tool_calls)
    return AIMessage(
        content=answer.text,
        additional_kwargs=_additional(answer),
        response_metadata=metadata,
        tool_calls=calls,
        invalid_tool_calls=invalid,
        usage_metadata=None if answer.usage is None else standard_usage(answer.usage),
    )


def _finish(reason: str | None) -> dict[str, Any] | None:
    return {"finish_reason": reason} if reason else None


def server_metadata(
    answer: ChatChunk | heroku.ChatResult | AgentStep, reply: Reply | None, model: str
) -> dict[str, Any]:
    """What the server sent besides an answer; `model` is used if it did not name one."""
    metadata: dict[str, Any] = {
        **_OURS,
        "model_name": getattr(answer, "model", None) or model,
    }
    if answer.id:
        metadata["id"] = answer.id
    if answer.system_fingerprint:
        metadata["system_fingerprint"] = answer.system_fingerprint
    if reply is not None:
        if request_id := reply.request_id:
            metadata["request_id"] = request_id
        limits = vars(reply.rate_limits)
        if sent := {name: limits[name] for name in limits if limits[name] is not None}:
            metadata["rate_limits"] = sent
    return metadata


def _additional(answer: ChatChunk | heroku.ChatResult) -> dict[str, Any]:
    """Reasoning in the server's form, and again under the name that other packages use."""
    additional: dict[str, Any] = {}
    if answer.reasoning or answer.reasoning_signature:
        additional["reasoning"] = {"thinking": answer.reasoning or ""}
        additional["reasoning_content"] = answer.reasoning or ""
    if answer.reasoning_signature:
        additional["reasoning"]["signature"] = answer.reasoning_signature
    if answer.refusal:
        additional["refusal"] = answer.refusal
    return additional


def _read_calls(calls: Sequence[ToolCall]) -> tuple[list[LangChainToolCall], list[InvalidToolCall]]:
    valid, invalid = [], []
    for call in calls:
        try:
            arguments = parse_arguments(call.arguments)
        except ValueError as error:
            invalid.append(
                invalid_tool_call(name=call.name, args=call.arguments, id=call.id, error=str(error))
            )
        else:
            valid.append(tool_call(name=call.name, args=arguments, id=call.id))
    return valid, invalid


def standard_usage(usage: Usage) -> UsageMetadata:
    """Token counts under LangChain's names."""
    counts = UsageMetadata(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        total_tokens=usage.total_tokens,
    )
    cached = InputTokenDetails()
    if usage.cached_tokens is not None:
        cached["cache_read"] = usage.cached_tokens
    if usage.cache_creation_tokens is not None:
        cached["cache_creation"] = usage.cache_creation_tokens
    if cached:
        counts["input_token_details"] = cached
    if usage.reasoning_tokens is not None:
        counts["output_token_details"] = OutputTokenDetails(reasoning=usage.reasoning_tokens)
    return counts
