"""Chooses tools by the meaning of their descriptions, if the words of a request do not decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_emulator.built_in import tool_routing
from heroku_emulator.engines.minilm import late_interaction
from heroku_emulator.engines.schema import is_valid

if TYPE_CHECKING:
    from heroku_emulator.built_in.conversation import Conversation
    from heroku_emulator.engines.minilm import MiniLM

__all__ = ["route"]

_FITS = 0.30
"""The lowest score of a tool to call; set with `tests/emulator/test_engine_minilm.py`."""

Calls = list[tuple[str, dict[str, Any]]]


def route(request: dict[str, Any], talk: Conversation, model: MiniLM) -> Calls:
    """Returns the calls to make now; an empty list means to answer in text.

    It calls the tools that the user names, or else the one whose description fits best. It drops
    calls whose arguments break the schema, unless the call is forced.
    """
    choice = request.get("tool_choice") or "auto"
    if isinstance(choice, dict) or choice == "none":
        return tool_routing.route(request, talk)
    calls = tool_routing.route({**request, "tool_choice": "auto"}, talk)
    calls = calls or _by_meaning(request, talk, model, may_repeat=choice == "required")
    schemas = {t["function"]["name"]: t["function"].get("parameters") for t in _tools(request)}
    valid = [call for call in calls if is_valid(call[1], schemas[call[0]])]
    return valid or (tool_routing.route(request, talk) if choice == "required" else [])


def _by_meaning(
    request: dict[str, Any], talk: Conversation, model: MiniLM, *, may_repeat: bool
) -> Calls:
    called = talk.calls_since_question
    tools = [tool for tool in _tools(request) if tool["function"]["name"] not in called]
    if not tools or (called and not may_repeat):
        return []
    asked = model.encode(talk.question)
    scores = [late_interaction(asked, model.encode(_description(tool))) for tool in tools]
    best = max(scores)
    if best < _FITS:
        return []
    function = {"name": tools[scores.index(best)]["function"]["name"]}
    chosen = {**request, "tool_choice": {"type": "function", "function": function}}
    return tool_routing.route(chosen, talk)


def _tools(request: dict[str, Any]) -> list[dict[str, Any]]:
    return request.get("tools") or []


def _description(tool: dict[str, Any]) -> str:
    function = tool["function"]
    return f"{function['name'].replace('_', ' ')}: {function.get('description', '')}"
