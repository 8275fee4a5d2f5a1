"""A conversation that is more than words, as Heroku accepts it.

Each repair here answers a refusal of Heroku's. Only the user's newest turn is refused: frameworks
store a message before they send it, so an error about an older one would come back in every turn.
Loaded with the first conversation that needs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json

from heroku_inference._chat.answered_calls import answered_calls
from heroku_inference._chat.descriptions import described
from heroku_inference._chat.parts import wire_content
from heroku_inference._chat.repairs import Repair, Repairs
from heroku_inference._chat.shown_images import SHOWN_BELOW, move_images_after_results
from heroku_inference._chat.tool_arguments import arguments_for_history
from heroku_inference._chat.words import NO_OUTPUT, NOT_RUN, PLACEHOLDER, is_plain
from heroku_inference._errors import ConfigError, add_place
from heroku_inference._json import whole_characters

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["check_newest_message", "repaired_history", "repaired_messages"]

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
_PLAIN_FIELDS = frozenset({"role", "content"}) | _LEFT_OUT
_ASSISTANT_FIELDS = _PLAIN_FIELDS | {"tool_calls", "function_call", "refusal"}
_TOOL_FIELDS = _PLAIN_FIELDS | {"tool_call_id"}
# Parts of an assistant's content that are calls, and of a user's that are results: Anthropic's
# form, and LangChain's.
_CALLS: Final = ("tool_use", "tool_call", "function_call")
_RESULT: Final = "tool_result"
_OTHER_NAMES: Final = {
    "human": "user",
    "ai": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "model": "assistant",
    "function": "tool",
}


def repaired_messages(messages: Sequence[Any], no_result: str) -> list[dict[str, Any]]:
    """The conversation, its newest turn judged; arguments and errors as of `wire_messages`."""
    *older, newest = messages
    repairs = Repairs()
    wire = _older(older, repairs)
    wire += _newest(len(older), newest, repairs)
    return _whole(wire, repairs, no_result)


def repaired_history(messages: Iterable[Any]) -> list[dict[str, Any]]:
    """The conversation before a newest turn."""
    repairs = Repairs()
    return _whole(_older(messages, repairs), repairs, NOT_RUN)


def _whole(wire: list[dict[str, Any]], repairs: Repairs, no_result: str) -> list[dict[str, Any]]:
    """The rules of the conversation as a whole, after those of each message."""
    wire = move_images_after_results(answered_calls(wire, repairs, no_result))
    repairs.warn()
    return wire


def check_newest_message(message: Mapping[str, Any]) -> None:
    """Refuse a newest turn of the user's that cannot be sent; all else passes."""
    if _is_newest_turn(message):
        _user(message, None)


def _older(messages: Iterable[Any], repairs: Repairs) -> list[dict[str, Any]]:
    wire: list[dict[str, Any]] = []
    for position, message in enumerate(messages):
        if is_plain(message):
            wire.append(message.copy())
        else:
            wire += _repaired(position, message, repairs)
    return wire


def _newest(position: int, message: Any, repairs: Repairs) -> list[dict[str, Any]]:
    try:
        if not _is_newest_turn(message):
            return _repaired(position, message, repairs)
        return _user(message, None)
    except ConfigError as error:
        if not error.problem.startswith("messages["):
            add_place(error, f"messages[{position}]")
        raise


def _is_newest_turn(message: Any) -> bool:
    """Whether the last message is the user's: it is also where the role is unknown.

    Anthropic's form has results of tools in messages of the user; those alone are not a turn.
    """
    role = _checked(message).get("role")
    if isinstance(role, str) and (role in _REPAIRS or role == "function"):
        return role == "user" and not _has_only_results(message.get("content"))
    raise ConfigError(f"Heroku has no role {role!r}.", f"Pass one of {', '.join(_REPAIRS)}.")


def _has_only_results(content: Any) -> bool:
    return isinstance(content, list) and bool(content) and all(map(_is_result, content))


def _is_result(part: Any) -> bool:
    return isinstance(part, Mapping) and part.get("type") == _RESULT


def _checked(message: Any) -> Mapping[str, Any]:
    if type(message) is dict or isinstance(message, Mapping):  # the first is fast
        return message
    raise ConfigError(
        f"a message must be a mapping, got a value of type {type(message).__name__}.",
        "Pass mappings with role and content; the adapters take their frameworks' messages.",
    )


def _repaired(position: int, message: Any, repairs: Repairs) -> list[dict[str, Any]]:
    """An older message, or one that is not the user's, in any state."""
    try:
        role = _checked(message).get("role")
    except ConfigError as error:
        add_place(error, f"messages[{position}]")
        raise
    repair = _REPAIRS.get(role, _foreign) if isinstance(role, str) else _foreign
    return repair(message, repairs)


def _foreign(message: Mapping[str, Any], repairs: Repairs) -> list[dict[str, Any]]:
    """A message under another name of its role, or of a role that Heroku does not have."""
    role = message.get("role")
    known = _OTHER_NAMES.get(role) if isinstance(role, str) else None
    if known is not None:
        return _REPAIRS[known]({**message, "role": known}, repairs)
    repairs.note(Repair.ROLES)
    content = message.get("content")
    parts = [content] if isinstance(content, str) or not isinstance(content, list) else content
    said = [f"{role}:", *parts] if role and content else parts
    return _user({"role": "user", "content": said}, repairs)


def _user(message: Mapping[str, Any], repairs: Repairs | None) -> list[dict[str, Any]]:
    """A message of the user's; without `repairs` it is the newest, and refused if need be."""
    if not message.keys() <= _PLAIN_FIELDS:
        _judge_fields(message, _PLAIN_FIELDS, repairs)
    given, results = message.get("content"), []
    if isinstance(given, list) and any(map(_is_result, given)):
        results = [
            _result_of_part(part, repairs or Repairs()) for part in given if _is_result(part)
        ]
        given = [part for part in given if not _is_result(part)]
    content = wire_content(given, "\n", repairs)
    if content and not (isinstance(content, str) and content.isspace()):
        return [*results, {"role": "user", "content": content}]
    if results:
        return results
    if repairs is None:
        raise ConfigError("the user message is empty, which Heroku refuses.", "Leave it out.")
    repairs.note(Repair.EMPTY)
    return []


def _instructions(message: Mapping[str, Any], repairs: Repairs) -> list[dict[str, Any]]:
    """A system or developer message; without words it is left out."""
    if not message.keys() <= _PLAIN_FIELDS:
        _judge_fields(message, _PLAIN_FIELDS, repairs)
    content = wire_content(message.get("content"), "\n", repairs)
    if not content or (isinstance(content, str) and content.isspace()):
        return []
    if not isinstance(content, str):
        repairs.note(Repair.IMAGES)
    return [{"role": message["role"], "content": content}]


def _assistant(message: Mapping[str, Any], repairs: Repairs) -> list[dict[str, Any]]:
    if not message.keys() <= _ASSISTANT_FIELDS:
        _judge_fields(message, _ASSISTANT_FIELDS, repairs)
    given, calls = message.get("content"), message.get("tool_calls") or message.get("function_call")
    images: list[dict[str, Any]] = []
    if isinstance(given, str):
        text = given
    else:
        if isinstance(given, list) and any(map(_is_call, given)):
            calls = [*_listed_calls(calls), *_other_calls(given, _listed_calls(calls))]
            given = [part for part in given if not _is_call(part)]
        # The parts of an answer are pieces of one text: nothing belongs between them.
        text, images = _text_and_images(wire_content(given, "", repairs), "")
        text = text.strip("\n")  # of descriptions
    wired, words = _tool_calls(calls, repairs) if calls else ([], "")
    text = _without_thoughts(text)
    if words:
        text = f"{text}\n{words}".lstrip()
    text = text or _without_thoughts(_text(message.get("refusal"))) or PLACEHOLDER
    if images:
        repairs.note(Repair.IMAGES)
    content = [{"type": "text", "text": text}, *images] if images else text
    wire: dict[str, Any] = {"role": "assistant", "content": content}
    if wired:
        wire["tool_calls"] = wired
    return [wire]


def _tool(message: Mapping[str, Any], repairs: Repairs) -> list[dict[str, Any]]:
    if not message.keys() <= _TOOL_FIELDS:
        _judge_fields(message, _TOOL_FIELDS, repairs)
    wire = _answer(message.get("content"), message.get("tool_call_id"), repairs)
    if name := message.get("name"):
        wire["name"] = name
    return [wire]


def _result_of_part(part: Mapping[str, Any], repairs: Repairs) -> dict[str, Any]:
    """A result in Anthropic's form, which says beside the text whether the tool failed."""
    failed = bool(part.get("is_error"))
    return _answer(part.get("content"), part.get("tool_use_id"), repairs, failed=failed)


def _answer(
    content: Any, call_id: Any, repairs: Repairs, *, failed: bool = False
) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    text = content
    if not isinstance(content, str):
        text, images = _text_and_images(wire_content(content, "\n", repairs), "\n")
    if failed and not text.lstrip().lower().startswith("error"):
        text = f"Error: {text}"
    text = SHOWN_BELOW if images and not text else _tool_output(text)
    shown = [{"type": "text", "text": text}, *images] if images else text
    return {"role": "tool", "content": shown, "tool_call_id": call_id}


def _text_and_images(
    content: str | list[dict[str, Any]], joint: str
) -> tuple[str, list[dict[str, Any]]]:
    if isinstance(content, str):
        return content, []
    texts = [part["text"] for part in content if part["type"] == "text"]
    return joint.join(texts), [part for part in content if part["type"] != "text"]


_REPAIRS: dict[Any, Callable[[Mapping[str, Any], Repairs], list[dict[str, Any]]]] = {
    "system": _instructions,
    "developer": _instructions,
    "user": _user,
    "assistant": _assistant,
    "tool": _tool,
}


def _judge_fields(
    message: Mapping[str, Any], known: frozenset[str], repairs: Repairs | None
) -> None:
    for field, value in message.items():
        if not value or field in known:
            continue
        if repairs is not None:
            repairs.note(Repair.FIELDS)
            return
        raise ConfigError(
            f"a {message['role']} message has no field {field!r}.",
            f"Leave it out; the fields are {', '.join(sorted(known))}.",
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


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
    except TypeError:  # half a surrogate pair, which is replaced where the request is encoded
        whole = whole_characters(text)
        return text if (output := _tool_output(whole)) == whole else output
    return f'{{"result": {stripped}}}'  # the text itself: re-encoding could change its numbers


def _is_call(part: Any) -> bool:
    return isinstance(part, Mapping) and part.get("type") in _CALLS


def _listed_calls(calls: Any) -> list[Any]:
    return list(calls) if isinstance(calls, list | tuple) else [calls] if calls else []


def _other_calls(content: Iterable[Any], calls: Sequence[Any]) -> list[Any]:
    """The calls in a content that the field does not have as well."""
    seen = [call.get("id") for call in calls if isinstance(call, Mapping)]  # of any type
    return [part for part in content if _is_call(part) and (not seen or part.get("id") not in seen)]


def _tool_calls(calls: Any, repairs: Repairs) -> tuple[list[dict[str, Any]], str]:
    """The calls on the wire, which may lack their ids; and words for those that name no tool."""
    wired: list[dict[str, Any]] = []
    words = ""
    for call in calls if type(calls) is list else _listed_calls(calls):
        wire = _tool_call(call) if isinstance(call, Mapping) else None
        if wire is not None:
            wired.append(wire)
        else:
            repairs.note(Repair.NAMELESS)
            words += f"\n{described(call)}"
    return wired, words.lstrip("\n")


def _tool_call(call: Mapping[str, Any]) -> dict[str, Any] | None:
    """A call in OpenAI's form, of functions or custom tools, or in LangChain's or Anthropic's."""
    function = call.get("function") or call.get("custom") or call
    name = function.get("name") if isinstance(function, Mapping) else None
    if not isinstance(name, str) or not name:
        return None
    given = function.get("arguments")
    if given is None:
        given = function.get("args", function.get("input"))
    return {
        "id": call.get("id") or call.get("call_id"),
        "type": "function",
        "function": {"name": name, "arguments": arguments_for_history(given)},
    }
