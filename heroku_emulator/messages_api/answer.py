"""Makes a message in Anthropic's form from an engine's or a script's answer."""

from __future__ import annotations

import json
import secrets
import string
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from heroku_emulator.chat.completion import completion_of_answer, completion_of_script
from heroku_emulator.messages_api.blocks import count_breakpoints
from heroku_emulator.messages_api.chat_form import chat_form
from heroku_emulator.messages_api.signatures import redact, signature_of
from heroku_emulator.messages_api.thinking import thinks
from heroku_emulator.script import CallTools, Say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heroku_emulator.chat.completion import Completion
    from heroku_emulator.engine import Engine
    from heroku_emulator.switches import Switches

__all__ = ["Message", "ToolUse", "message_body", "message_of_engine", "message_of_script"]

_LETTERS = string.ascii_letters + string.digits
_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One tool call; `arguments` is JSON as the model writes it."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One answer, to be rendered as a body or as a stream."""

    message_id: str
    model: str
    thinking: dict[str, Any] | None
    """The thinking block: readable and signed, or redacted."""
    text: str
    tool_uses: tuple[ToolUse, ...]
    stop_reason: str | None
    stop_sequence: str | None
    input_usage: dict[str, int]
    """Tokens of the prompt: all in one count, or those from the cache apart."""
    output_tokens: int


def message_of_engine(body: dict[str, Any], engine: Engine, switches: Switches) -> Message:
    """Asks the engine, then applies stop sequences and `max_tokens`."""
    request = chat_form(body)
    answer = engine.chat(request)
    if not thinks(body):
        answer = replace(answer, reasoning=None)
    elif answer.tool_calls:
        answer = replace(answer, reasoning=_thought(answer.reasoning, answer.tool_calls))
    text, sequence = _cut_at_stop(answer.text, body.get("stop_sequences") or [])
    if sequence is not None:
        answer = replace(answer, text=text, tool_calls=[])
    completion = completion_of_answer(answer, request, engine, switches)
    message = _message(completion, body, switches)
    if sequence is None or message.stop_reason == "max_tokens":
        return message
    return replace(message, stop_reason="stop_sequence", stop_sequence=sequence)


def message_of_script(
    step: Say | CallTools, body: dict[str, Any], engine: Engine, switches: Switches
) -> Message:
    """Returns a scripted answer, with a thought before calls if thinking is on."""
    if isinstance(step, CallTools) and thinks(body):
        step = replace(step, reasoning=_thought(step.reasoning, step.calls))
    completion = completion_of_script(step, chat_form(body), engine)
    ids = step.ids if isinstance(step, CallTools) else None
    return _message(completion, body, switches, ids)


def message_body(message: Message) -> dict[str, Any]:
    """Returns the body of an answer that is not streamed, keys in the documented order."""
    content: list[dict[str, Any]] = [] if message.thinking is None else [message.thinking]
    if message.text:
        content.append({"type": "text", "text": message.text})
    content += [
        {"type": "tool_use", "id": use.call_id, "name": use.name, "input": _parse(use.arguments)}
        for use in message.tool_uses
    ]
    return {
        "id": message.message_id,
        "type": "message",
        "role": "assistant",
        "content": content,
        "model": message.model,
        "stop_reason": message.stop_reason,
        "stop_sequence": message.stop_sequence,
        "usage": {**message.input_usage, "output_tokens": message.output_tokens},
    }


def _message(
    completion: Completion, body: dict[str, Any], switches: Switches, ids: Any = None
) -> Message:
    calls = completion.tool_calls
    named = ids or [f"toolu_bdrk_01{_letters(22)}" for _ in calls]
    finish = completion.finish_reason
    return Message(
        message_id=f"msg_bdrk_01{_letters(22)}",
        model=completion.model,
        thinking=_thinking(completion.reasoning, switches),
        text=completion.text,
        tool_uses=tuple(
            ToolUse(call_id, call.name, call.arguments)
            for call_id, call in zip(named, calls, strict=True)
        ),
        stop_reason=_REASONS.get(finish, finish) or None,
        stop_sequence=None,
        input_usage=_input_usage(completion, body, switches),
        output_tokens=completion.usage["completion_tokens"],
    )


def _input_usage(
    completion: Completion, body: dict[str, Any], switches: Switches
) -> dict[str, int]:
    """Returns the tokens of the prompt; here only marked prefixes are cached."""
    prompt_tokens = completion.usage["prompt_tokens"]
    if not switches.usage_details:
        return {"input_tokens": prompt_tokens}
    parts = (body.get("tools"), body.get("system"), body["messages"])
    cached = completion.cached_tokens if any(map(count_breakpoints, parts)) else 0
    return {
        "input_tokens": prompt_tokens - cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached,
    }


def _thought(reasoning: str | None, calls: Sequence[tuple[str, Any]]) -> str:
    """Returns the thought before calls: with thinking on, the next request must send it back."""
    return reasoning or f"I should call {' and '.join(name for name, _ in calls)}."


def _thinking(reasoning: str | None, switches: Switches) -> dict[str, Any] | None:
    if not reasoning:
        return None
    if switches.messages_thinking == "redacted":
        return {"type": "redacted_thinking", "data": redact(reasoning)}
    shown = "" if switches.messages_thinking == "omitted" else reasoning
    return {"type": "thinking", "thinking": shown, "signature": signature_of(shown)}


def _letters(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _parse(arguments: str) -> Any:
    """Parses arguments; scripted ones that are not JSON stay unchanged."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _cut_at_stop(text: str, sequences: list[str]) -> tuple[str, str | None]:
    """Cuts the text before the earliest stop sequence, and returns that sequence."""
    found = [(text.find(sequence), sequence) for sequence in sequences if sequence in text]
    if not found:
        return text, None
    position, sequence = min(found)
    return text[:position], sequence
