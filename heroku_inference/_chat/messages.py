"""Messages of any framework, already in OpenAI's shape, as Heroku accepts them. Pure.

Heroku refuses what OpenAI takes: empty content, arguments that are not a JSON object, tool results
that are bare JSON scalars. Each repair here answers one such refusal (docs: OpenAI
compatibility, chat completions).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from heroku_inference._chat.tool_arguments import arguments_for_history
from heroku_inference._errors import ConfigError, add_place

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "NO_RESULT",
    "PLACEHOLDER",
    "check_newest",
    "has_tool_calls",
    "wire_messages",
    "with_instruction",
]

# Heroku answers 400 "content is required" to an assistant message without text, also next to
# tool calls. A model repeats what it sees itself say, so the filler must do no harm when it is
# repeated: a sentence such as "Calling the tool." teaches it to announce calls instead of making
# them, and "..." before a line end is stopped by the edge firewall. A full stop is known to pass,
# says nothing, and is recognised when a model gives it back (see the reading of answers).
PLACEHOLDER = "."
NO_OUTPUT = "The tool returned no output."
NO_RESULT = "The result of this call is not known."

_REASONING_TAG = re.compile(r"<(/?)reasoning(?:\s[^<>]*)?>(\s*)", re.IGNORECASE)
# Echoes of an answer, and labels that Heroku documents no field for: the model needs none.
_LEFT_OUT = frozenset(
    {
        "annotations",
        "id",
        "name",
        "reasoning",
        "reasoning_content",
        "reasoning_details",
        "thinking",
        "thinking_blocks",
    }
)
_THOUGHTS = frozenset({"reasoning", "reasoning_content", "redacted_thinking", "thinking"})
_PLAIN_FIELDS = frozenset({"role", "content"}) | _LEFT_OUT
_ASSISTANT_FIELDS = _PLAIN_FIELDS | {"tool_calls", "refusal"}
_TOOL_FIELDS = _PLAIN_FIELDS | {"tool_call_id"}


def wire_messages(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """New messages that Heroku accepts and that say the same; the given ones stay untouched.

    Raises:
        ConfigError: A message has no place in Heroku's API: an unknown role or field, audio or
            files, a tool result without `tool_call_id`, no words from the user. The error names
            its position.
    """
    _refuse_other_than_a_list(messages)
    return [_wire_message(position, message) for position, message in enumerate(messages)]


def check_newest(message: Mapping[str, Any]) -> None:
    """Refuse a newest message of the user's that cannot be sent as it is.

    Raises:
        ConfigError: It has no words and no image, or a part that Heroku does not take.
    """
    _builder(message)(message)


def has_tool_calls(messages: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the model called a tool in this history."""
    return any(message.get("tool_calls") for message in messages)


def with_instruction(messages: list[dict[str, Any]], instruction: str) -> list[dict[str, Any]]:
    """The wire messages with a sentence more in the system message, which is added if missing."""
    first, *rest = messages
    if first.get("role") not in {"system", "developer"}:
        return [{"role": "system", "content": instruction}, *messages]
    content = first["content"]
    if isinstance(content, list):
        return [{**first, "content": [*content, {"type": "text", "text": instruction}]}, *rest]
    return [{**first, "content": f"{content}\n\n{instruction}".lstrip()}, *rest]


def _refuse_other_than_a_list(messages: Any) -> None:
    if isinstance(messages, str) or not isinstance(messages, Iterable):
        raise ConfigError(
            f"messages must be a list, got a value of type {type(messages).__name__}.",
            'Pass a list of messages such as [{"role": "user", "content": "Hello"}].',
        )
    if not messages:
        raise ConfigError("messages is empty.", "Pass at least one message.")


def _wire_message(position: int, message: Any) -> dict[str, Any]:
    try:
        return _builder(message)(message)
    except ConfigError as error:
        add_place(error, f"messages[{position}]")
        raise


def _builder(message: Any) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    if not isinstance(message, Mapping):
        raise ConfigError(
            f"a message must be a mapping, got a value of type {type(message).__name__}.",
            "Pass mappings with role and content; the adapters take their frameworks' messages.",
        )
    role = message.get("role")
    build = _BUILDERS.get(role) if isinstance(role, str) else None
    if build is None:
        raise ConfigError(f"Heroku has no role {role!r}.", f"Pass one of {', '.join(_BUILDERS)}.")
    return build


def _plain(message: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_unknown_fields(message, _PLAIN_FIELDS)
    role, content = message["role"], _content(message.get("content"), "\n")
    if not content or (isinstance(content, str) and content.isspace()):
        raise ConfigError(f"the {role} message is empty, which Heroku refuses.", "Leave it out.")
    return {"role": role, "content": content}


def _assistant(message: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_unknown_fields(message, _ASSISTANT_FIELDS)
    # The parts of an answer are pieces of one text: nothing belongs between them.
    content = _content(message.get("content"), "")
    if isinstance(content, str):
        content = (
            _without_thoughts(content)
            or _without_thoughts(message.get("refusal") or "")
            or PLACEHOLDER
        )
    wire: dict[str, Any] = {"role": "assistant", "content": content}
    if calls := message.get("tool_calls"):
        wire["tool_calls"] = [_tool_call(call) for call in calls]
    return wire


def _tool(message: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_unknown_fields(message, _TOOL_FIELDS)
    if not message.get("tool_call_id"):
        raise ConfigError(
            "a tool message has no tool_call_id.", "Pass the id of the tool call that it answers."
        )
    content = _content(message.get("content"), "\n")
    if isinstance(content, str):
        content = _tool_output(content)
    return {"role": "tool", "content": content, "tool_call_id": message["tool_call_id"]}


_BUILDERS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "system": _plain,
    "developer": _plain,
    "user": _plain,
    "assistant": _assistant,
    "tool": _tool,
}


def _refuse_unknown_fields(message: Mapping[str, Any], known: frozenset[str]) -> None:
    if message.keys() <= known:
        return
    for field, value in message.items():
        if value and field not in known:
            raise ConfigError(
                f"a {message['role']} message has no field {field!r}.",
                f"Leave it out; the fields are {', '.join(sorted(known))}.",
            )


def _without_thoughts(text: str) -> str:
    """What counts as content: reasoning in tags made Heroku fail, white space alone is refused."""
    if "<" in text:
        text = _without_reasoning(text)
    return "" if text.isspace() else text


def _without_reasoning(text: str) -> str:
    """The text without what closed tags enclose; of a tag without its other half only it goes."""
    kept: list[str] = []
    open_at: list[int] = []  # how much was kept when each tag opened
    end = 0
    for tag in _REASONING_TAG.finditer(text):
        kept.append(text[end : tag.start()])
        end = tag.start(2)
        if not tag[1]:
            open_at.append(len(kept))
        elif open_at:
            del kept[open_at.pop() :]
            end = tag.end()
    return "".join([*kept, text[end:]])


def _tool_output(text: str) -> str:
    """A tool's result as Heroku takes it: never empty, and of all JSON values only an object."""
    stripped = text.strip()
    if not stripped:
        return NO_OUTPUT
    if stripped[0] == "{":
        return text
    try:
        from_json(stripped, allow_inf_nan=False)
    except ValueError:
        return text
    return f'{{"result": {stripped}}}'  # the text itself: re-encoding could change its numbers


def _tool_call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    if not isinstance(function, Mapping) or not function.get("name") or not call.get("id"):
        raise ConfigError(
            "a tool call is incomplete.", 'Pass "id" and "function" with "name" and "arguments".'
        )
    arguments = arguments_for_history(function.get("arguments"))
    return {
        "id": call["id"],
        "type": "function",
        "function": {"name": function["name"], "arguments": arguments},
    }


def _content(content: Any, joint: str) -> str | list[dict[str, Any]]:
    """A string wherever there is only text: lists are for images."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if not isinstance(content, Sequence):
        raise ConfigError(
            f"content must be a str or a list, got a value of type {type(content).__name__}.",
            "Pass a text, or a list of parts.",
        )
    parts = [wire for part in content if (wire := _part(part)) is not None]
    if all(part["type"] == "text" for part in parts):
        return joint.join(part["text"] for part in parts)
    return parts


def _part(part: Any) -> dict[str, Any] | None:
    """One part as documented; `None` for what is not sent: empty texts and the model's thoughts."""
    if isinstance(part, str):
        part = {"type": "text", "text": part}
    kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
    if kind in {"text", "refusal"}:
        return {"type": "text", "text": part[kind]} if part.get(kind) else None
    if kind == "image_url" and (image := _image(part.get("image_url"))):
        return {"type": "image_url", "image_url": image}
    if kind in _THOUGHTS:
        return None
    raise ConfigError(
        f"a content part {kind!r} cannot be sent: Heroku takes neither audio nor files.",
        'Pass {"type": "text", "text": …} or {"type": "image_url", "image_url": {"url": …}}.',
    )


def _image(image: Any) -> dict[str, Any] | None:
    if isinstance(image, str):
        return {"url": image}
    if isinstance(image, Mapping) and image.get("url"):
        return {key: image[key] for key in ("url", "detail") if image.get(key)}
    return None
