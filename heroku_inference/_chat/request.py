"""The request to chat completions: body and headers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from heroku_inference._chat.history_tools import clean_tool_names, history_tools
from heroku_inference._chat.messages import wire_messages
from heroku_inference._chat.options import (
    IGNORED_PARAMETERS,
    check_effort,
    check_limit,
    check_share,
    check_tool_call_retries,
    list_stops,
)
from heroku_inference._chat.response_format import apply_response_format
from heroku_inference._chat.thinking import SAMPLING, apply_thinking_rules
from heroku_inference._chat.thinking_choice import check_thinking
from heroku_inference._chat.tools import parallel_calls, wire_tool_choice, wire_tools
from heroku_inference._config.arguments import SENDING_OPTIONS, check_extra_body, unknown_argument
from heroku_inference._errors import ConfigError, UnknownArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from heroku_inference._chat.response_format import ResponseFormat

__all__ = ["ChatRequest", "chat_request"]


@dataclass(slots=True)
class ChatRequest:
    """One request to `/v1/chat/completions`, ready to be sent.

    Attributes:
        body: The JSON body.
        headers: Headers that this request needs beyond the usual ones.
        response_format: How the answer must be read, when a `response_format` was asked for.
        tool_call_retries: How often the model may try again when arguments cannot be read.
    """

    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    response_format: ResponseFormat | None = None
    tool_call_retries: int = 0


def chat_request(
    messages: Sequence[Mapping[str, Any]],
    *,
    model: str,
    stream: bool = False,
    stream_usage: bool = True,
    temperature: float | None = None,
    top_p: float | None = None,
    top_k: int | None = None,
    max_tokens: int | None = None,
    max_completion_tokens: int | None = None,
    stop: str | Sequence[str] | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
    tool_choice: str | bool | Mapping[str, Any] | None = None,
    parallel_tool_calls: bool | None = None,
    reasoning_effort: str | None = None,
    extended_thinking: bool | int | Mapping[str, Any] | None = None,
    response_format: Mapping[str, Any] | None = None,
    allow_ignored_params: bool | None = None,
    prompt_caching: bool | None = None,
    user: str | None = None,
    tool_call_retries: int = 0,
    extra_body: Mapping[str, Any] | None = None,
    **unknown: Any,
) -> ChatRequest:
    """Build the request for these messages. What is `None` is not sent; nothing given is changed.

    Args:
        messages: In OpenAI's shape. They are repaired where Heroku is stricter: content that must
            not be empty, arguments that must be objects.
        model: Id of the model, sent as it is.
        stream: Whether the answer is to come piece by piece.
        stream_usage: Whether a stream is asked for its token counts, by `stream_options`: without,
            Heroku sends none. `stream_options` in `extra_body` win.
        temperature: From 0 to 1. Newer Claude models take this or `top_p`, not both.
        top_p: From 0 to 1.
        top_k: Sample from this many tokens.
        max_tokens: Most tokens of the answer, thinking included.
        max_completion_tokens: The newer name of the same.
        stop: One text or several at which the answer ends.
        tools: Functions in OpenAI's or Anthropic's form. Without any, the tools that the messages
            call are declared, and may not be called.
        tool_choice: `auto`, `none`, `required` (also `any` and `True`), the name of one of the
            tools, or either framework's mapping for it. `False` is as good as `None`.
        parallel_tool_calls: Whether the model may call several tools at once.
        reasoning_effort: `low`, `medium` or `high`; Heroku maps it to thinking budgets.
        extended_thinking: `True` (2048 tokens, or half of `max_tokens` if that is less), a
            budget in tokens from 1024 up, or Heroku's own mapping. The first two ask for the
            reasoning to be included in the answer.
        response_format: OpenAI's `json_schema`, `json_object` or `text`. Heroku ignores it, so
            it is done through a hidden tool or an instruction.
        allow_ignored_params: Whether Heroku accepts parameters that it does not know.
        prompt_caching: `False` turns off Heroku's automatic prompt caching.
        user: Your own name for the end user; one of Heroku's pages supports it (docs: OpenAI
            compatibility), another does not list it.
        tool_call_retries: How often to tell the model, and ask it again, when it calls a tool with
            arguments that cannot be read.
        extra_body: Fields for the body that are not listed here, or others than these say. They
            win, and the rules of thinking hold for them too.
        **unknown: Any other name; raises `UnknownArgumentError`.

    Raises:
        ConfigError: Something here cannot be sent, or is documented to be refused.
        UnknownArgumentError: There is no such option, or it is one of OpenAI's that Heroku
            ignores.
    """
    _refuse_unknown(unknown)
    check_share("temperature", temperature)
    check_share("top_p", top_p)
    check_effort(reasoning_effort)
    check_limit("max_tokens", max_tokens)
    check_limit("max_completion_tokens", max_completion_tokens)
    check_extra_body(extra_body)
    check_thinking(extended_thinking)
    if tool_call_retries:
        check_tool_call_retries(tool_call_retries)
    body: dict[str, Any] = {"model": model, "messages": wire_messages(messages)}
    clean_tool_names(body["messages"])
    wired = wire_tools(tools) if tools else []
    callable_tools = (extra_body or {}).get("tools", wired)
    if parallel_tool_calls is None:
        parallel_tool_calls = parallel_calls(tool_choice)
    optional = {
        "stream": stream or None,
        "temperature": temperature,
        "top_p": top_p,
        "top_k": top_k,
        "max_tokens": max_tokens,
        "max_completion_tokens": max_completion_tokens,
        "stop": list_stops(stop),
        "tools": wired or None,
        "tool_choice": wire_tool_choice(tool_choice, callable_tools or []),
        "parallel_tool_calls": parallel_tool_calls,
        "reasoning_effort": reasoning_effort,
        "extended_thinking": extended_thinking,
        "allow_ignored_params": allow_ignored_params,
        "user": user,
    }
    body.update((name, value) for name, value in optional.items() if value is not None)
    if not callable_tools and (of_history := history_tools(body["messages"])):
        body.update(tools=of_history, tool_choice="none")
    if extra_body:
        _check_stream(extra_body.get("stream"), stream)
        body.update(extra_body)
    if stream and stream_usage:
        body.setdefault("stream_options", {"include_usage": True})
    apply_thinking_rules(body)
    if sampling := [name for name in SAMPLING if name in body]:
        from heroku_inference._catalogue import warn_of_sampling  # noqa: PLC0415 - see thinks()

        warn_of_sampling(body["model"], sampling)
    reading = apply_response_format(body, response_format)
    headers = {"X-Heroku-Prompt-Caching": "false"} if prompt_caching is False else {}
    return ChatRequest(body, headers, reading, tool_call_retries)


def _refuse_unknown(unknown: Iterable[str]) -> None:
    remedy = "Use extra_body to send it as a field anyway."
    for name in unknown:
        if name in IGNORED_PARAMETERS:
            raise UnknownArgumentError(f"chat() has no option {name!r}: Heroku ignores it.", remedy)
        known = [*(chat_request.__kwdefaults__ or ()), *SENDING_OPTIONS]
        raise unknown_argument(name, known, owner="chat", kind="option", remedy=remedy)


def _check_stream(wanted: object, stream: bool) -> None:
    if wanted is not None and bool(wanted) is not stream:
        raise ConfigError(
            f"stream={wanted} in extra_body does not fit the method that was called.",
            "Leave it out, and call the streaming method to stream.",
        )
