"""Makes a chat completion from an engine's or a script's answer: ids, limits, usage, message."""

from __future__ import annotations

import random
import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from heroku_emulator.chat.messages import texts_of
from heroku_emulator.errors import compact
from heroku_emulator.script import CallTools, Say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heroku_emulator.engine import Answer, Engine
    from heroku_emulator.switches import Switches

__all__ = [
    "Completion",
    "ToolCall",
    "completion_body",
    "completion_of_answer",
    "completion_of_script",
    "message_of",
    "new_id",
    "reasoning_fields",
    "usage_of",
]

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


FINGERPRINT = f"heroku-inf-{_base36(random.Random(__name__).getrandbits(32))}"  # noqa: S311
"""The build of the gateway, the same in every answer."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool call as it is sent."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One answered chat request, to be rendered as a body or as a stream."""

    completion_id: str
    created: int
    model: str
    text: str
    reasoning: str | None
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str
    usage: dict[str, int]
    cached_tokens: int
    """Tokens of the prompt's beginning, which Heroku caches: system prompt and tools."""
    reasoning_tokens: int


def new_id(nanoseconds: int) -> str:
    """Returns an id in Heroku's form: the time of the request, and random digits."""
    return f"chatcmpl-{nanoseconds:016x}{secrets.randbelow(100_000):05x}"


def completion_of_answer(
    answer: Answer, body: dict[str, Any], engine: Engine, switches: Switches
) -> Completion:
    """Applies `stop` and `max_tokens` to the engine's answer, and counts its tokens."""
    spent = engine.count_tokens(answer.reasoning) if answer.reasoning else 0
    text, finish = _cut_at_stop(answer.text, body.get("stop") or [])
    most = body.get("max_tokens") or body.get("max_completion_tokens")
    if most is not None and spent + engine.count_tokens(text) > most:
        text, finish = _shorten(text, most - spent, engine), switches.length_reason
    calls = [] if finish else answer.tool_calls
    return _completion(
        body,
        engine,
        text=text,
        reasoning=answer.reasoning,
        calls=[(name, compact(arguments)) for name, arguments in calls],
        finish_reason=finish or answer.finish_reason,
    )


def completion_of_script(step: Say | CallTools, body: dict[str, Any], engine: Engine) -> Completion:
    """Returns the completion of a scripted answer, unchanged."""
    if isinstance(step, Say):
        return _completion(
            body,
            engine,
            text=step.text,
            reasoning=step.reasoning,
            calls=[],
            finish_reason=step.finish_reason,
        )
    completion = _completion(
        body,
        engine,
        text=step.text,
        reasoning=step.reasoning,
        calls=[
            (name, arguments if isinstance(arguments, str) else compact(arguments))
            for name, arguments in step.calls
        ],
        finish_reason=step.finish_reason,
    )
    if step.ids is None:
        return completion
    named = zip(completion.tool_calls, step.ids, strict=True)
    return replace(
        completion, tool_calls=tuple(replace(call, call_id=call_id) for call, call_id in named)
    )


def completion_body(completion: Completion, switches: Switches) -> dict[str, Any]:
    """Returns the body of an answer that is not streamed, keys in Heroku's order."""
    choice = {
        "index": 0,
        "message": message_of(completion, switches),
        "finish_reason": completion.finish_reason,
    }
    return {
        "id": completion.completion_id,
        "object": "chat.completion",
        "created": completion.created,
        "model": completion.model,
        "system_fingerprint": FINGERPRINT,
        "choices": [choice],
        "usage": usage_of(completion, switches),
    }


def usage_of(completion: Completion, switches: Switches) -> dict[str, Any]:
    """Returns the usage of an answer, with details if they are switched on."""
    if not switches.usage_details:
        return dict(completion.usage)
    return {
        **completion.usage,
        "prompt_tokens_details": {"cached_tokens": completion.cached_tokens},
        "completion_tokens_details": {"reasoning_tokens": completion.reasoning_tokens},
    }


def message_of(completion: Completion, switches: Switches) -> dict[str, Any]:
    """Returns the assistant's whole message."""
    content = _content_fields(completion.text, switches)
    calls: dict[str, Any] = {}
    if completion.tool_calls:
        calls["tool_calls"] = [_call_object(call) for call in completion.tool_calls]
    reasoning = reasoning_fields(completion.reasoning, switches)
    if switches.tool_calls_first:
        return {"role": "assistant", "refusal": None, **calls, **content, **reasoning}
    return {"role": "assistant", **content, "refusal": None, **reasoning, **calls}


def reasoning_fields(reasoning: str | None, switches: Switches) -> dict[str, Any]:
    """Returns the fields of a message or delta that carry reasoning."""
    if reasoning is None:
        return {}
    if switches.reasoning_form == "object":
        return {"reasoning": {"thinking": reasoning}}
    if switches.reasoning_form == "string":
        return {"reasoning": reasoning}
    return {"reasoning_content": reasoning}


def _content_fields(text: str, switches: Switches) -> dict[str, Any]:
    if text or switches.empty_content == "empty":
        return {"content": text}
    return {"content": None} if switches.empty_content == "null" else {}


def _call_object(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.call_id, "type": "function", "function": function}


def _completion(
    body: dict[str, Any],
    engine: Engine,
    *,
    text: str,
    reasoning: str | None,
    calls: list[tuple[str, str]],
    finish_reason: str | None,
) -> Completion:
    nanoseconds = time.time_ns()
    default = "tool_calls" if calls else "stop"
    answer = [reasoning or "", text, *(part for call in calls for part in call)]
    return Completion(
        completion_id=new_id(nanoseconds),
        created=nanoseconds // 1_000_000_000,
        model=body["model"],
        text=text,
        reasoning=reasoning,
        tool_calls=tuple(
            ToolCall(f"tooluse_{secrets.token_urlsafe(16)}", name, arguments)
            for name, arguments in calls
        ),
        finish_reason=default if finish_reason is None else finish_reason,
        usage=_usage(_prompt_texts(body), answer, engine),
        cached_tokens=sum(engine.count_tokens(text) for text in _cached_texts(body) if text),
        reasoning_tokens=engine.count_tokens(reasoning) if reasoning else 0,
    )


def _prompt_texts(body: dict[str, Any]) -> list[str]:
    return [*texts_of(body["messages"]), *map(compact, body.get("tools") or [])]


def _cached_texts(body: dict[str, Any]) -> list[str]:
    instructions = [m for m in body["messages"] if m["role"] in ("system", "developer")]
    return [*texts_of(instructions), *map(compact, body.get("tools") or [])]


def _usage(prompt: Iterable[str], answer: Iterable[str], engine: Engine) -> dict[str, int]:
    prompt_tokens = sum(engine.count_tokens(text) for text in prompt if text)
    completion_tokens = sum(engine.count_tokens(text) for text in answer if text)
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }


def _cut_at_stop(text: str, stop: list[str]) -> tuple[str, str | None]:
    """Cuts the text before the earliest stop sequence."""
    found = [position for position in map(text.find, stop) if position >= 0]
    return (text[: min(found)], "stop") if found else (text, None)


def _shorten(text: str, most: int, engine: Engine) -> str:
    """Returns the longest beginning of the text that has at most `most` tokens."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if engine.count_tokens(text[:middle]) <= most:
            low = middle
        else:
            high = middle - 1
    return text[:low] if most > 0 else ""
