"""Checks agents requests (docs: `/v1/agents/heroku`, Heroku tools). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_emulator.chat.messages import check_messages
from heroku_emulator.fields import (
    bad_request,
    check_integer,
    check_object,
    check_sampling,
    check_text,
    refuse_unknown,
)

if TYPE_CHECKING:
    from heroku_emulator.models import Model
    from heroku_emulator.switches import Switches

__all__ = ["check_agents_request"]

_LONGEST_TOOL_SECONDS = 120
"""The limit for Heroku's own tools, and the default for all tools."""

_FIELDS = (
    "model",
    "messages",
    "tools",
    "max_tokens_per_inference_request",
    "stop",
    "temperature",
    "top_p",
)
_ROLES = ("system", "user", "assistant", "tool")
_TOOL_FIELDS = ("type", "name", "description", "runtime_params")
_RUNTIME_FIELDS = ("target_app_name", "dyno_size", "ttl_seconds", "max_calls", "tool_params")
_ON_AN_APP = ("dyno_run_command", "postgres_get_schema", "postgres_run_query")
_MOST_TOKENS = {"haiku": 4096, "sonnet": 8192}


def check_agents_request(body: dict[str, Any], model: Model, switches: Switches) -> None:
    """Checks everything that Heroku documents about the request.

    Raises:
        ApiError: 400; 422 and 500 from `check_messages`.
    """
    refuse_unknown(body, _FIELDS, switches)
    _check_generation(body, model, switches)
    _check_tools(body.get("tools"), switches)
    check_messages(body.get("messages"), model, switches)
    for number, message in enumerate(body["messages"]):
        if message["role"] not in _ROLES:
            raise bad_request(f"messages.{number}.role must be one of {', '.join(_ROLES)}")


def _check_generation(body: dict[str, Any], model: Model, switches: Switches) -> None:
    most = check_integer(body, "max_tokens_per_inference_request")
    for family, limit in _MOST_TOKENS.items():
        too_many = most is not None and most > limit and family in model.model_id
        if too_many and switches.agent_output_caps == "documented":
            raise bad_request(f"max_tokens_per_inference_request must be at most {limit}")
    check_sampling(body, model)
    stop = body.get("stop")
    if stop is not None and not (isinstance(stop, list) and all(map(_is_text, stop))):
        raise bad_request("stop must be an array of strings")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _check_tools(tools: Any, switches: Switches) -> None:
    if tools is not None and not isinstance(tools, list):
        raise bad_request("tools must be a list")
    for number, value in enumerate(tools or []):
        _check_tool(value, f"tools.{number}", switches)


def _check_tool(value: Any, where: str, switches: Switches) -> None:
    tool = check_object(value, where)
    kind = tool.get("type")
    if kind not in ("heroku_tool", "mcp"):
        raise bad_request(f"{where}.type must be one of heroku_tool, mcp")
    refuse_unknown(tool, _TOOL_FIELDS, switches)
    name = check_text(tool, "name", f"{where}.")
    _check_hint(tool, f"{where}.")
    params = tool.get("runtime_params")
    runtime = {} if params is None else check_object(params, f"{where}.runtime_params")
    refuse_unknown(runtime, _RUNTIME_FIELDS, switches)
    _check_runtime(runtime, f"{where}.runtime_params", limited=kind == "heroku_tool")
    if kind == "heroku_tool":
        _check_heroku_tool(name, runtime, f"{where}.runtime_params")


def _check_hint(value: dict[str, Any], where: str) -> None:
    """Checks a description, which can be empty: it is only a hint (docs: Heroku tools)."""
    if not isinstance(value.get("description"), str | None):
        raise bad_request(f"{where}description must be a string")


def _check_runtime(runtime: dict[str, Any], where: str, *, limited: bool) -> None:
    for name in ("target_app_name", "dyno_size"):
        if runtime.get(name) is not None:
            check_text(runtime, name, f"{where}.")
    check_integer(runtime, "max_calls")
    seconds = check_integer(runtime, "ttl_seconds")
    # The user's own MCP tools have no such limit (docs: working with MCP).
    if limited and seconds is not None and seconds > _LONGEST_TOOL_SECONDS:
        raise bad_request(f"{where}.ttl_seconds must be at most {_LONGEST_TOOL_SECONDS}")
    if runtime.get("tool_params") is not None:
        check_object(runtime["tool_params"], f"{where}.tool_params")


def _check_heroku_tool(name: str, runtime: dict[str, Any], where: str) -> None:
    """Checks the app and the parameters of tools that run on an app."""
    if name not in _ON_AN_APP:
        return
    check_text(runtime, "target_app_name", f"{where}.")
    params = runtime.get("tool_params") or {}
    if name != "dyno_run_command":
        check_text(params, "db_attachment", f"{where}.tool_params.")
        return
    check_text(params, "cmd", f"{where}.tool_params.")
    _check_hint(params, f"{where}.tool_params.")
    if params.get("parameters") is not None:
        schema = check_object(params["parameters"], f"{where}.tool_params.parameters")
        if schema.get("type") != "object":
            raise bad_request(f"{where}.tool_params.parameters.type must be object")
