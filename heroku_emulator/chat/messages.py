"""Checks conversations (docs: chat completions, messages). Pure."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any

from heroku_emulator.errors import ApiError
from heroku_emulator.fields import bad_request, check_object, check_text, refuse_unknown

if TYPE_CHECKING:
    from heroku_emulator.models import Model
    from heroku_emulator.switches import Switches

__all__ = [
    "check_messages",
    "check_tool_names_of_history",
    "check_tools_of_history",
    "texts_of",
]

_FIELDS = {
    "system": ("role", "content", "name"),
    "developer": ("role", "content", "name"),
    "user": ("role", "content", "name"),
    # `refusal` is null in every answer, so an echoed answer carries it.
    "assistant": ("role", "content", "name", "tool_calls", "refusal"),
    "tool": ("role", "content", "name", "tool_call_id"),
}
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_LONGEST_TOOL_NAME = 64
_REASONING_TAG = re.compile(r"</?reasoning\b[^>]*>", re.IGNORECASE)
_IMAGE_DATA = re.compile(r"data:image/[\w.+-]+;base64,(.*)", re.DOTALL)


def check_messages(messages: Any, model: Model, switches: Switches) -> None:
    """Checks the messages one by one, then how calls and results pair up.

    Raises:
        ApiError: 400 for a malformed message, 422 for an image that cannot be fetched, 500 for
            what breaks the gateway (tool arguments that are not an object, reasoning tags).
    """
    if not isinstance(messages, list) or not messages:
        raise bad_request("messages is required")
    for number, message in enumerate(messages):
        where = f"messages.{number}"
        role = check_object(message, where).get("role")
        if not isinstance(role, str) or role not in _FIELDS:
            raise bad_request(f"{where}.role must be one of {', '.join(_FIELDS)}")
        refuse_unknown(message, _FIELDS[role], switches)
        if role == "user" and isinstance(message.get("content"), list):
            _check_parts(message["content"], number, model, switches)
        else:
            _check_content(message.get("content"), number)
        if role == "assistant":
            _check_assistant(message, where, switches)
        elif role == "tool":
            _check_tool_result(message, where)
    _check_pairing(messages)


def check_tool_names_of_history(messages: list[dict[str, Any]]) -> None:
    """Checks the names of the tools that the history calls, as Bedrock does.

    The letters were seen to be checked; the length is inferred from Bedrock's rule.

    Raises:
        ApiError: 400.
    """
    for number, message in enumerate(messages):
        for call in message.get("tool_calls") or []:
            name = call["function"]["name"]
            broken = _broken_constraint(name)
            if broken is not None:
                raise bad_request(
                    _rejection(
                        f"1 validation error detected: Value '{name}' at "
                        f"'messages.{number + 1}.member.content.member.toolUse.name' failed to "
                        f"satisfy constraint: {broken}"
                    )
                )


def _broken_constraint(name: str) -> str | None:
    """Returns which of Bedrock's constraints the name of a tool breaks, or `None`."""
    if not _TOOL_NAME.fullmatch(name):
        return f"Member must satisfy regular expression pattern: {_TOOL_NAME.pattern}"
    if len(name) > _LONGEST_TOOL_NAME:
        return f"Member must have length less than or equal to {_LONGEST_TOOL_NAME}"
    return None


def check_tools_of_history(body: dict[str, Any], switches: Switches) -> None:
    """Refuses tool calls and results in the history of a request without `tools`, if switched on.

    Raises:
        ApiError: 400.
    """
    if switches.bare_tool_history == "accept" or body.get("tools"):
        return
    if any(message["role"] == "tool" or message.get("tool_calls") for message in body["messages"]):
        raise bad_request(
            _rejection(
                "The toolConfig field must be defined when using toolUse and toolResult content "
                "blocks."
            )
        )


def texts_of(messages: list[dict[str, Any]]) -> list[str]:
    """Returns every text of the conversation: contents, text parts and tool arguments."""
    texts = []
    for message in messages:
        content = message.get("content") or ""
        parts = [{"text": content}] if isinstance(content, str) else content
        texts += [part["text"] for part in parts if isinstance(part.get("text"), str)]
        for call in message.get("tool_calls") or []:
            texts += [call["function"]["name"], call["function"]["arguments"]]
    return texts


def _check_content(content: Any, number: int) -> None:
    if content is None or content in ("", []):
        raise bad_request(f"messages[{number}]: content is required")
    if not isinstance(content, str):
        raise bad_request(f"messages.{number}.content must be a string")
    if not content.strip():
        # Bedrock's rule: a text block must not consist of white space.
        raise bad_request(
            "ValidationException: The text field in the ContentBlock object at "
            f"messages.{number}.content.0 is blank. Add text to the text field, and try again."
        )


def _check_parts(parts: list[Any], number: int, model: Model, switches: Switches) -> None:
    if not parts:
        raise bad_request(f"messages[{number}]: content is required")
    for position, value in enumerate(parts):
        where = f"messages.{number}.content.{position}"
        part = check_object(value, where)
        if part.get("type") == "text":
            refuse_unknown(part, ("type", "text"), switches)
            _check_content(part.get("text"), number)
        elif part.get("type") == "image_url":
            refuse_unknown(part, ("type", "image_url"), switches)
            _check_image(part.get("image_url"), where, model, switches)
        else:
            raise bad_request(f"{where}.type must be one of text, image_url")


def _check_image(value: Any, where: str, model: Model, switches: Switches) -> None:
    """Checks an image without fetching it: https URLs are accepted, others must hold the data."""
    image = check_object(value, f"{where}.image_url")
    refuse_unknown(image, ("url", "detail"), switches)
    url = check_text(image, "url", f"{where}.image_url.")
    if model.vision is False:
        raise bad_request(f"{model.model_id} does not support image input")
    if url.startswith("https://") and switches.image_urls == "accept":
        return
    data = _IMAGE_DATA.fullmatch(url)
    if data is None or not _is_base64(data[1]):
        raise ApiError(422)


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except binascii.Error:
        return False


def _check_assistant(message: dict[str, Any], where: str, switches: Switches) -> None:
    if _REASONING_TAG.search(message["content"]):
        raise ApiError(500, "Failed to execute chat")
    calls = message.get("tool_calls")
    if calls is None:
        return
    if not isinstance(calls, list) or not calls:
        raise bad_request(f"{where}.tool_calls must be a list of calls")
    for number, value in enumerate(calls):
        _check_call(value, f"{where}.tool_calls.{number}", switches)


def _check_call(value: Any, where: str, switches: Switches) -> None:
    call = check_object(value, where)
    refuse_unknown(call, ("id", "type", "function"), switches)
    check_text(call, "id", f"{where}.")
    if call.get("type") != "function":
        raise bad_request(f"{where}.type must be function")
    function = check_object(call.get("function"), f"{where}.function")
    refuse_unknown(function, ("name", "arguments"), switches)
    check_text(function, "name", f"{where}.function.")
    arguments = function.get("arguments")
    if arguments is not None and not isinstance(arguments, str):
        raise bad_request(f"{where}.function.arguments must be a string")
    if not isinstance(_parse(arguments or ""), dict):
        raise ApiError(500, "Failed to execute chat")


def _check_tool_result(message: dict[str, Any], where: str) -> None:
    check_text(message, "tool_call_id", f"{where}.")
    content = message["content"]
    # The gateway parses what looks like JSON, but only accepts objects and plain text.
    if not isinstance(_parse(content), dict | str | _NotJson):
        raise bad_request("error parsing JSON")


class _NotJson:
    """The value for text that is not JSON."""


def _parse(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        return _NotJson()


def _refuse_constant(name: str) -> None:
    """Rejects `NaN` and `Infinity`, which Python takes for JSON and the gateway does not."""
    raise ValueError(name)


def _check_pairing(messages: list[dict[str, Any]]) -> None:
    """Checks that tool messages answer every call right away, and nothing else."""
    open_calls: list[str] = []
    for number, message in enumerate(messages):
        if message["role"] == "tool":
            _close_call(open_calls, message["tool_call_id"], number)
            continue
        _refuse_open(open_calls, number - 1)
        open_calls = [call["id"] for call in message.get("tool_calls") or []]
        if len(set(open_calls)) < len(open_calls):
            raise bad_request(_rejection(f"messages.{number}: `tool_use` ids must be unique"))
    _refuse_open(open_calls, len(messages) - 1)


def _close_call(open_calls: list[str], call_id: str, number: int) -> None:
    if call_id not in open_calls:
        raise bad_request(
            _rejection(
                f"messages.{number}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{call_id}. Each `tool_result` block must have a corresponding `tool_use` block "
                "in the previous message."
            )
        )
    open_calls.remove(call_id)


def _refuse_open(open_calls: list[str], number: int) -> None:
    if open_calls:
        raise bad_request(
            _rejection(
                f"messages.{number}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(open_calls)}."
            )
        )


def _rejection(reason: str) -> str:
    return f"Failed to execute chat: ValidationException: {reason}"
