"""Chooses a tool by what it is described to do, and fills its parameters from the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_emulator.engines.arguments import fill
from heroku_emulator.engines.conversation import message_text, tool_results
from heroku_emulator.engines.minilm import late_interaction
from heroku_emulator.engines.schema import is_valid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heroku_emulator.engines.minilm import MiniLM

__all__ = ["closest", "route"]

_FITS = 0.30
"""The score from which a tool is called unasked; set by `tests/emulator/test_engine_minilm.py`."""

Call = tuple[str, dict[str, Any]]


def route(request: dict[str, Any], model: MiniLM) -> Call | None:
    """Returns the tool to call with its arguments, or `None` to answer in text.

    A forced tool is always called. Otherwise the tool must fit the last user message; results that
    are already there are answered from, unless a call is required. Arguments always satisfy the
    tool's schema: where that cannot be done, the tool is not called.
    """
    tool = _choice(request, model)
    if tool is None:
        return None
    schema = tool["function"].get("parameters") or {"type": "object", "properties": {}}
    arguments = fill(schema, _evidence(request["messages"]), lambda t, o: closest(t, o, model))
    return (tool["function"]["name"], arguments) if is_valid(arguments, schema) else None


def closest(text: str, options: Sequence[str], model: MiniLM) -> int:
    """Returns the position of the option that is nearest in meaning to `text`."""
    scores = _scores(text, options, model)
    return scores.index(max(scores))


def _choice(request: dict[str, Any], model: MiniLM) -> dict[str, Any] | None:
    tools: list[dict[str, Any]] = request.get("tools") or []
    choice = request.get("tool_choice") or "auto"
    if not tools or choice == "none":
        return None
    if isinstance(choice, dict):
        wanted = choice["function"]["name"]
        return next((tool for tool in tools if tool["function"]["name"] == wanted), None)
    results = tool_results(request["messages"])
    if choice == "auto" and results:
        return None
    called = {name for name, _ in results}
    tools = [tool for tool in tools if tool["function"]["name"] not in called] or tools
    scores = _scores(_last_request(request["messages"]), list(map(_description, tools)), model)
    best = max(scores)
    return tools[scores.index(best)] if choice == "required" or best >= _FITS else None


def _scores(text: str, options: Sequence[str], model: MiniLM) -> list[float]:
    asked = model.encode(text)
    return [late_interaction(asked, model.encode(option)) for option in options]


def _description(tool: dict[str, Any]) -> str:
    function = tool["function"]
    return f"{function['name'].replace('_', ' ')}: {function.get('description', '')}"


def _last_request(messages: list[dict[str, Any]]) -> str:
    asked = [message_text(message) for message in messages if message.get("role") == "user"]
    return asked[-1] if asked else ""


def _evidence(messages: list[dict[str, Any]]) -> str:
    """What arguments are taken from: the request, and what tools have found out about it."""
    return "\n".join([_last_request(messages), *(result for _, result in tool_results(messages))])
