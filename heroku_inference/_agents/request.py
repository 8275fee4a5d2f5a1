"""The request to the agents endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from heroku_inference._call import Call
from heroku_inference._catalogue import warn_of_sampling
from heroku_inference._chat.history_tools import clean_agent_tool_names
from heroku_inference._chat.messages import wire_messages
from heroku_inference._chat.options import check_limit, check_share, list_stops
from heroku_inference._chat.thinking import SAMPLING
from heroku_inference._chat.words import NO_RESULT
from heroku_inference._config.arguments import SENDING_OPTIONS, check_extra_body, unknown_argument
from heroku_inference._endpoints import paths
from heroku_inference._errors import UnknownArgumentError
from heroku_inference.agent_tools import wire_agent_tools

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from heroku_inference.agent_tools import AgentTool

__all__ = ["ELSEWHERE", "agent_body", "agent_call"]

# Nothing is sent while a tool runs, for two minutes each with Heroku's own, several in a row.
_TIMEOUT: Final = 600.0  # seconds
_NO_FIELD: Final = "The agents endpoint has no such field (docs: agents); extra_body sends any."
ELSEWHERE: Final = {
    "max_tokens": "Use max_tokens_per_inference_request.",
    "max_completion_tokens": "Use max_tokens_per_inference_request.",
    "stream": "The endpoint always streams: call stream_agent or run_agent.",
    "on_retry": "An agent is never tried again, since its tools may have acted.",
    "extended_thinking": _NO_FIELD,
    "parallel_tool_calls": _NO_FIELD,
    "prompt_caching": _NO_FIELD,
    "reasoning_effort": _NO_FIELD,
    "response_format": _NO_FIELD,
    "tool_choice": _NO_FIELD,
    "top_k": _NO_FIELD,
    "user": _NO_FIELD,
}
"""What to do instead of an option that chat completions have, by its name."""


def agent_call(body: Mapping[str, Any]) -> Call:
    """The call that runs an agent: made once, whatever happens, and with much patience."""
    return Call(paths.AGENTS, body, repeatable=False, timeout=_TIMEOUT)


def agent_body(
    messages: Sequence[Mapping[str, Any]],
    *,
    model: str,
    tools: Iterable[AgentTool | Mapping[str, Any]] | None = None,
    max_tokens_per_inference_request: int | None = None,
    stop: str | Sequence[str] | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    extra_body: Mapping[str, Any] | None = None,
    **unknown: Any,
) -> dict[str, Any]:
    """The body of the request. What is `None` is not sent; nothing given is changed.

    Arguments are those of `AgentOptions`.

    Raises:
        ConfigError: Something here cannot be sent, or is documented to be refused.
        UnknownArgumentError: There is no such option.
    """
    for name in unknown:
        if name in ELSEWHERE:
            raise UnknownArgumentError(f"An agent has no option {name!r}.", ELSEWHERE[name])
        raise unknown_argument(
            name,
            [*(agent_body.__kwdefaults__ or ()), *SENDING_OPTIONS],
            owner="run_agent",
            kind="option",
            remedy="Use extra_body to send it as a field anyway.",
        )
    check_share("temperature", temperature)
    check_share("top_p", top_p)
    check_limit("max_tokens_per_inference_request", max_tokens_per_inference_request)
    check_extra_body(extra_body)
    optional = {
        "tools": wire_agent_tools(tools) or None,
        "max_tokens_per_inference_request": max_tokens_per_inference_request,
        "stop": list_stops(stop),
        "temperature": temperature,
        "top_p": top_p,
    }
    said = {name: value for name, value in optional.items() if value is not None}
    history = wire_messages(messages, no_result=NO_RESULT)
    clean_agent_tool_names(history)
    body = {
        "model": model,
        "messages": [_without_developer(message) for message in history],
        **said,
        **(extra_body or {}),
    }
    warn_of_sampling(body["model"], (name for name in SAMPLING if name in body))
    return body


def _without_developer(message: dict[str, Any]) -> dict[str, Any]:
    """The message in a role that agents have: of chat's, `developer` is missing (docs: agents)."""
    return {**message, "role": "system"} if message["role"] == "developer" else message
