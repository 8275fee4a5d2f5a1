"""Checks of chat completions, with tiny prompts: they cost a few tokens each."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from heroku_inference.cli.checks.outcomes import Skipped, WrongAnswer
from heroku_inference.cli.checks.runner import Check
from heroku_inference.cli.checks.target import WORD, user

if TYPE_CHECKING:
    from heroku_inference._values import ChatResult, ToolCall, Usage
    from heroku_inference.cli.checks.target import Target

__all__ = ["CHAT_CHECKS"]

_REFUSED: Final = "Raise the question with Heroku's support, or try another --model."
_NOT_STREAMED: Final = "Is something between here and Heroku, such as a proxy, changing answers?"
_BUDGET: Final = 1024  # the smallest that Heroku takes
_ROOM: Final = 512  # tokens beside the thinking
_READING: Final = "7391"  # what no model can know
_TOOL: Final[dict[str, Any]] = {
    "type": "function",
    "function": {
        "name": "read_gauge",
        "description": "Reads the water level that a gauge shows.",
        "parameters": {
            "type": "object",
            "properties": {"gauge": {"type": "string", "description": "Name of the gauge"}},
            "required": ["gauge"],
        },
    },
}
_TOOL_PROMPT: Final = "Which water level does the gauge north show? Use the tool read_gauge."
_FORMAT: Final[dict[str, Any]] = {
    "type": "json_schema",
    "json_schema": {
        "name": "place",
        "schema": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "country": {"type": "string"}},
            "required": ["city", "country"],
        },
    },
}


def _chat(target: Target) -> str:
    answer = target.plain
    if not answer.text.strip():
        raise WrongAnswer(_empty(answer), "Try another --model.")
    chosen = " (no model is set: --model chooses)" if target.chose_model else ""
    return f"{target.chat_model} answers{chosen}"


def _empty(answer: ChatResult) -> str:
    if answer.refusal:
        return f"the model refused: {answer.refusal}"
    return f"an answer without text, finish reason {answer.finish_reason}"


def _stream(target: Target) -> str:
    streamed = target.streamed
    if not streamed.text.strip():
        raise WrongAnswer(
            f"a stream without text, finish reason {streamed.finish_reason}", _NOT_STREAMED
        )
    if "chat" in target.done:
        _compare(streamed.text, target.plain.text)
    pieces = f"{streamed.chunks} piece{'s' * (streamed.chunks != 1)}"
    return f"{pieces}, finish reason {streamed.finish_reason}"


def _compare(streamed: str, plain: str) -> None:
    """A model need not say the same twice; but then it was asked for just one word."""
    if _letters(streamed) == _letters(plain) or (
        WORD in streamed.lower() and WORD in plain.lower()
    ):
        return
    raise WrongAnswer(
        f"the stream adds up to {_shorten(streamed)}, the plain answer was {_shorten(plain)}",
        _NOT_STREAMED,
    )


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:39]}…")  # noqa: PLR2004 - fits a line


def _usage(target: Target) -> str:
    plain, streamed = target.plain.usage, target.streamed.usage
    for usage, where in ((plain, "the plain answer"), (streamed, "the stream")):
        if usage is None:
            raise WrongAnswer(
                f"{where} reports no usage", "Count the tokens of such calls yourself."
            )
        if usage.total_tokens != usage.prompt_tokens + usage.completion_tokens:
            raise WrongAnswer(
                f"the numbers of {where} do not add up: {_describe_usage(usage)}", _REFUSED
            )
    assert plain is not None  # noqa: S101 - the loop saw to it
    return f"{_describe_usage(plain)}; on streams too"


def _describe_usage(usage: Usage) -> str:
    return f"{usage.prompt_tokens} + {usage.completion_tokens} = {usage.total_tokens} tokens"


def _rate_limits(target: Target) -> str:
    reply = target.plain.reply
    limits = reply.rate_limits if reply else None
    if limits is None or (limits.limit_requests is None and limits.limit_tokens is None):
        raise Skipped("the server sent no x-ratelimit-* headers")
    known = [
        f"{remaining:,} of {limit:,} {what}"
        for what, remaining, limit in (
            ("requests", limits.remaining_requests, limits.limit_requests),
            ("tokens", limits.remaining_tokens, limits.limit_tokens),
        )
        if limit is not None and remaining is not None
    ]
    return f"{' and '.join(known)} left this minute" if known else "sent in part"


def _tools(target: Target) -> str:
    call = _call_tool(target).tool_calls[0]
    return f"{call.name} is called for {_shorten(str(_arguments(call)['gauge']))}"


def _call_tool(target: Target) -> ChatResult:
    """The answer that calls the tool, asked for once."""
    facts = target.chat_facts
    if facts is not None and facts.tools is False:
        raise Skipped(f"{target.chat_model} calls no tools")
    choice = {"type": "function", "function": {"name": "read_gauge"}}
    answer = target.chat(
        [user(_TOOL_PROMPT)], tools=[_TOOL], tool_choice=choice, max_tokens=target.max_tokens * 4
    )
    if not answer.tool_calls:
        raise WrongAnswer("the model called no tool", "Try another --model.")
    target.called = answer
    return answer


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        arguments = json.loads(call.arguments)
    except ValueError:
        arguments = None
    if call.name != "read_gauge" or not isinstance(arguments, dict) or "gauge" not in arguments:
        raise WrongAnswer(
            f"a call that was not asked for: {call.name} with {_shorten(call.arguments)}",
            "Heroku does not check what models write: try another --model.",
        )
    return arguments


def _second_turn(target: Target) -> str:
    called = target.called or _call_tool(target)
    assistant = {
        "role": "assistant",
        "content": called.text,
        "tool_calls": [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in called.tool_calls
        ],
    }
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": f"The gauge shows {_READING} mm."}
        for call in called.tool_calls
    ]
    answer = target.chat(
        [user(_TOOL_PROMPT), assistant, *results], tools=[_TOOL], max_tokens=target.max_tokens * 2
    )
    if _READING not in re.sub(r"[^0-9]", "", answer.text):
        raise WrongAnswer(
            f"the answer does not use the tool's result: {_shorten(answer.text)}",
            "Try another --model.",
        )
    return "the result is used in the answer"


def _thinking(target: Target) -> str:
    facts = target.chat_facts
    if facts is None or facts.thinking is None:
        raise Skipped(f"it is not known whether {target.chat_model} thinks on request")
    if not facts.thinking:
        raise Skipped(f"{target.chat_model} does not think on request")
    if facts.thinking_budget is False:
        raise Skipped(f"{target.chat_model} takes no thinking budget, which this is made of")
    answer = target.chat(
        [user("What is 17 * 23? Only the number.")],
        extended_thinking=_BUDGET,
        max_tokens=_BUDGET + _ROOM,
    )
    if not answer.reasoning:
        raise WrongAnswer("the answer came without its thinking", "Try another --model.")
    return f"{len(answer.reasoning):,} characters of thinking came with the answer"


def _structured(target: Target) -> str:
    facts = target.chat_facts
    if facts is not None and facts.tools is False:
        raise Skipped(f"{target.chat_model} calls no tools, which this is made of")
    answer = target.chat(
        [user("Where is the Eiffel Tower?")],
        response_format=_FORMAT,
        max_tokens=target.max_tokens * 4,
    )
    try:
        value = json.loads(answer.text)
    except ValueError:
        value = None
    if not isinstance(value, dict) or not value.keys() >= {"city", "country"}:
        raise WrongAnswer(
            f"not the JSON that was asked for: {_shorten(answer.text)}", "Try another --model."
        )
    told = json.dumps(value, ensure_ascii=False)
    if "paris" in str(value["city"]).lower():
        return told
    target.advice = "The form is right and the content is not: look at what this model writes."
    return f"suspicious: {told}"


CHAT_CHECKS: Final = (
    Check(name="chat", title="Chat", run=_chat, calls=1),
    Check(name="stream", title="Streaming", run=_stream, calls=1, after=("chat",)),
    Check(name="usage", title="Usage", run=_usage, after=("chat", "stream"), derived=True),
    Check(name="rate-limits", title="Rate limits", run=_rate_limits, after=("chat",), derived=True),
    Check(name="tools", title="Tool call", run=_tools, calls=1, after=("chat",)),
    Check(
        name="tool-result",
        title="Its second turn",
        run=_second_turn,
        calls=1,
        after=("tools",),
        derived=True,
    ),
    Check(name="thinking", title="Thinking", run=_thinking, calls=1, after=("chat",)),
    Check(name="structured", title="Structured output", run=_structured, calls=1, after=("chat",)),
)
