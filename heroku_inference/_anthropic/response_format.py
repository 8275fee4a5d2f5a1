"""`response_format` for the Messages endpoint, which has none. Pure.

As for chat completions: the model is made to call a hidden tool, whose input is the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from heroku_inference._anthropic.request import add_instruction, is_forced, thinks
from heroku_inference._chat.response_format import CALL_IT, answer_description, free_name
from heroku_inference._chat.schemas import object_schema
from heroku_inference._errors import ConfigError

__all__ = ["answer_tool", "ask_for_answer"]


def answer_tool(
    response_format: Any, tools: Sequence[Mapping[str, Any]] = (), tool_choice: Any = None
) -> dict[str, Any] | None:
    """The hidden tool for an answer in this format, among `tools`.

    `None` where there is nothing to it: for the type `text`, and where the caller forces a tool
    of its own, so that no answer is to come.

    Raises:
        ConfigError: It is not the JSON schema of an object.
    """
    kind = response_format.get("type") if isinstance(response_format, Mapping) else None
    if response_format is None or kind == "text":
        return None
    if isinstance(tool_choice, Mapping) and is_forced(tool_choice):
        return None
    wanted = response_format.get("json_schema") if kind == "json_schema" else None
    schema = wanted.get("schema") if isinstance(wanted, Mapping) else None
    if wanted is None or not isinstance(schema, Mapping):
        raise ConfigError(
            "response_format has no schema, which the Messages endpoint needs.",
            'Pass {"type": "json_schema", "json_schema": {"name": …, "schema": {…}}}.',
        )
    schema = object_schema(schema)
    if schema.get("type") != "object":
        raise ConfigError(
            "The schema of response_format does not describe an object at its root.",
            "Make the value a field of an object.",
        )
    return {
        "name": free_name({tool.get("name") for tool in tools}),
        "description": answer_description(wanted.get("description")),
        "input_schema": schema,
    }


def ask_for_answer(body: Mapping[str, Any], tool: Mapping[str, Any]) -> dict[str, Any]:
    """The body with the tool, which the model has to call, or one of the others before."""
    others, choice = body.get("tools") or [], body.get("tool_choice") or {}
    asked: dict[str, Any] = {**body, "tools": [*others, tool]}
    kept = {name: choice[name] for name in choice if name not in {"type", "name"}}
    if thinks(body):  # which no tool can be forced on
        add_instruction(asked, CALL_IT.format(tool["name"]))
        asked["tool_choice"] = {"type": "auto", **kept}
    elif others and choice.get("type") != "none":
        asked["tool_choice"] = {"type": "any", **kept}
    else:
        asked["tool_choice"] = {"type": "tool", "name": tool["name"], **kept}
    return asked
