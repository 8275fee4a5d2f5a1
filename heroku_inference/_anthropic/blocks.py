"""The blocks of a message in Anthropic's form as the Messages endpoint takes them (docs: messages).

Blocks that it does not take are described in words, and fields that only other endpoints know are
left out. Marks for the cache stay, on the block before where their own is gone.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json, to_json

from heroku_inference._chat.descriptions import described
from heroku_inference._chat.history_tools import wire_name
from heroku_inference._chat.repairs import Repair
from heroku_inference._chat.tool_arguments import arguments_for_history
from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heroku_inference._chat.repairs import Repairs

__all__ = ["answer_blocks", "said_blocks", "words_of"]

_Block = dict[str, Any]

_FIELDS: Final = {
    "text": frozenset({"type", "text", "cache_control", "citations"}),
    "image": frozenset({"type", "source", "cache_control"}),
    "document": frozenset({"type", "source", "title", "context", "citations", "cache_control"}),
    "tool_use": frozenset({"type", "id", "name", "input", "cache_control"}),
    "tool_result": frozenset({"type", "tool_use_id", "content", "is_error", "cache_control"}),
    "thinking": frozenset({"type", "thinking", "signature"}),
    "redacted_thinking": frozenset({"type", "data"}),
}
_SHOWN: Final = ("image", "document")
_CALLS: Final = ("tool_use", "tool_call", "function_call")
_TEXTS: Final = ("text", "input_text", "output_text", "refusal")
# Thoughts of other endpoints, which cannot be given back without their signature.
_THOUGHTS: Final = ("thinking", "redacted_thinking")
_NOT_SENT: Final = (*_THOUGHTS, "reasoning", "reasoning_content", "cache_point")
_IMAGES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
_DOCUMENTS: Final = ("application/pdf",)


def said_blocks(content: Any, role: str, repairs: Repairs | None) -> str | list[_Block]:
    """The content of a message; empty where there are no words and nothing to show.

    Args:
        content: A text, or blocks of any type; in messages of the user none of results.
        role: `user` or `assistant`.
        repairs: Where to note that something was described in words. `None` refuses it instead.

    Raises:
        ConfigError: `repairs` is `None`, and there is a block that the endpoint does not take.
    """
    if isinstance(content, str):
        return "" if content.isspace() else content
    if content is None:
        return []
    blocks = content if isinstance(content, list | tuple) else [content]
    return _sendable(blocks, role, repairs)


def answer_blocks(block: Mapping[str, Any], repairs: Repairs) -> _Block:
    """The result of a tool, whose content is never refused."""
    result = _known_fields(block, "tool_result")
    if "is_error" in result:
        result["is_error"] = bool(result["is_error"])
    content = result.pop("content", None)
    if isinstance(content, str):
        content = content if content.strip() else None
    elif content is not None:
        blocks = content if isinstance(content, list | tuple) else [content]
        content = _sendable(blocks, "tool", repairs)
    return {**result, "content": content} if content else result


def words_of(blocks: Any, repairs: Repairs) -> list[_Block]:
    """The blocks of instructions, which are texts only."""
    return _sendable(blocks if isinstance(blocks, list | tuple) else [blocks], "system", repairs)


def _sendable(blocks: Iterable[Any], place: str, repairs: Repairs | None) -> list[_Block]:
    wire: list[_Block] = []
    for block in blocks:
        sendable = _block(block, place, repairs)
        if sendable is not None:
            wire.append(sendable)
        elif isinstance(block, Mapping) and (mark := block.get("cache_control")):
            _mark_last(wire, mark)
    return wire


def _mark_last(wire: list[_Block], mark: Any) -> None:
    if wire and wire[-1]["type"] not in _THOUGHTS:
        wire[-1] = {"cache_control": mark, **wire[-1]}


def _block(block: Any, place: str, repairs: Repairs | None) -> _Block | None:
    """One block; `None` for what is not sent: blank texts, and thoughts without a signature."""
    if isinstance(block, str):
        return {"type": "text", "text": block} if block.strip() else None
    kind = block.get("type") if isinstance(block, Mapping) else type(block).__name__
    if kind in _TEXTS and isinstance(
        text := block.get("refusal" if kind == "refusal" else "text"), str
    ):
        if not text.strip():
            return None
        return {**_known_fields(block, "text"), "type": "text", "text": text}
    if place == "assistant":
        if kind in _CALLS and (call := _call(block)):
            return call
        if kind in _THOUGHTS and _is_signed(block):
            return _known_fields(block, str(kind))
    elif kind in _SHOWN and place != "system":
        # The server judges the newest, as long as there is something to judge.
        if _is_taken(block) or (repairs is None and isinstance(block.get("source"), Mapping)):
            return _known_fields(block, str(kind))
    elif kind == "image_url" and place != "system" and (image := _image_of_url(block)):
        return image
    if kind in _NOT_SENT:
        return None
    if repairs is None:
        raise ConfigError(
            f"a content block {kind!r} cannot be sent: the Messages endpoint takes neither audio "
            "nor files other than PDFs.",
            'Pass blocks of the types "text", "image" or "document".',
        )
    repairs.note(Repair.NAMELESS if kind in _CALLS else Repair.DESCRIBED)
    mark = block.get("cache_control") if isinstance(block, Mapping) else None
    return {"type": "text", "text": described(block), **({"cache_control": mark} if mark else {})}


def _known_fields(block: Mapping[str, Any], kind: str) -> _Block:
    known = _FIELDS[kind]
    return {name: value for name, value in block.items() if name in known and value is not None}


def _is_signed(block: Mapping[str, Any]) -> bool:
    if block["type"] == "thinking":
        return isinstance(block.get("thinking"), str) and bool(block.get("signature"))
    return bool(block.get("data"))


def _call(block: Mapping[str, Any]) -> _Block | None:
    name = block.get("name")
    if not isinstance(name, str) or not name:
        return None
    given: Any = next((block[key] for key in ("input", "args", "arguments") if block.get(key)), {})
    call = {
        "type": "tool_use",
        "id": block.get("id"),
        "name": wire_name(name),
        "input": _input(given),
    }
    mark = block.get("cache_control")
    return {**call, "cache_control": mark} if mark else call


def _input(given: Any) -> Any:
    """The arguments as an object that JSON has."""
    if not isinstance(given, Mapping):
        return json.loads(arguments_for_history(given))
    try:
        json.dumps(given, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return _readable(given)
    return given


def _readable(given: Mapping[str, Any]) -> Any:
    try:
        return from_json(to_json(given, inf_nan_mode="strings", fallback=str))
    except ValueError:
        return {"value": repr(given)}


def _image_of_url(block: Mapping[str, Any]) -> _Block | None:
    """An image in OpenAI's form."""
    image = block.get("image_url")
    url = image.get("url") if isinstance(image, Mapping) else image
    if not isinstance(url, str):
        return None
    if not url.startswith("data:"):
        made = {"type": "image", "source": {"type": "url", "url": url}}
    else:
        head, _, data = url.partition(",")
        media_type = head[5:].partition(";")[0]
        source = {"type": "base64", "media_type": media_type, "data": data}
        made = {"type": "image", "source": source}
    return made if _is_taken(made) else None


def _is_taken(block: Mapping[str, Any]) -> bool:
    """Whether the endpoint takes this image or document: an older one it would refuse each time."""
    source = block.get("source")
    if not isinstance(source, Mapping):
        return False
    kind, data, media_type = source.get("type"), source.get("data"), source.get("media_type")
    if kind == "url":
        return isinstance(url := source.get("url"), str) and url.startswith("https://")
    if kind == "text" and block["type"] == "document":
        return media_type == "text/plain" and isinstance(data, str) and bool(data.strip())
    allowed = _IMAGES if block["type"] == "image" else _DOCUMENTS
    return kind == "base64" and media_type in allowed and _is_base64(data)


def _is_base64(data: Any) -> bool:
    try:
        return isinstance(data, str) and bool(binascii.a2b_base64(data, strict_mode=True))
    except ValueError:
        return False
