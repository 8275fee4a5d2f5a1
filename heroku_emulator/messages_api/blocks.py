"""What a content block may look like, in each place where blocks stand. Pure."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from heroku_emulator.messages_api.refusals import invalid, object_of, only, text, word
from heroku_emulator.messages_api.signatures import is_redacted_here, is_signed_here

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from heroku_emulator.models import Model

__all__ = [
    "THINKING",
    "as_blocks",
    "check_blocks",
    "check_cache_control",
    "count_cached",
    "names_an_address",
    "without_text",
]

THINKING = ("thinking", "redacted_thinking")
"""The types of blocks that thinking comes in."""

_ALLOWED = {
    "system": ("text",),
    "user": ("text", "image", "document", "tool_result"),
    "assistant": ("text", "tool_use", *THINKING),
    "tool_result": ("text", "image", "document"),
}
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_LIFETIMES = ("5m", "1h")
_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")


def as_blocks(content: Any) -> list[dict[str, Any]]:
    """Returns content as blocks: a string stands for one text block."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content or []


def check_blocks(content: Any, place: str, where: str, model: Model) -> None:
    """Checks the content of a system prompt, a message or a tool result: `place` says which.

    Raises:
        ApiError: 400.
    """
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise invalid(where, "Input should be a valid string or list")
    for number, value in enumerate(content):
        at = f"{where}.{number}"
        block = object_of(value, at)
        kind = text(block, "type", f"{at}.")
        if kind not in _ALLOWED[place]:
            tags = ", ".join(f"'{allowed}'" for allowed in _ALLOWED[place])
            raise invalid(
                at,
                f"Input tag '{kind}' found using 'type' does not match any of the expected "
                f"tags: {tags}",
            )
        _CHECKS[kind](block, f"{at}.{kind}.", model)


def without_text(content: Any) -> str | None:
    """Returns what is wrong with the texts of a content, if anything is."""
    for block in as_blocks(content):
        if block["type"] == "text" and not block["text"]:
            return "text content blocks must be non-empty"
        if block["type"] == "text" and not block["text"].strip():
            return "text content blocks must contain non-whitespace text"
    return None


def count_cached(blocks: Any) -> int:
    """Counts the blocks that a `cache_control` ends a cached prefix at."""
    marked = 0
    for block in blocks if isinstance(blocks, list) else []:
        marked += block.get("cache_control") is not None
        marked += count_cached(block.get("content"))
    return marked


def names_an_address(blocks: Any) -> bool:
    """Says whether any block is to be fetched from somewhere."""
    return any(
        (block.get("source") or {}).get("type") == "url" or names_an_address(block.get("content"))
        for block in (blocks if isinstance(blocks, list) else [])
    )


def _text(block: Mapping[str, Any], where: str, model: Model) -> None:  # noqa: ARG001
    only(block, ("type", "text", "cache_control", "citations"), where)
    text(block, "text", where)
    check_cache_control(block, where)
    if block.get("cache_control") is not None and not block["text"]:
        raise invalid(f"{where}cache_control", "cannot be set for empty text blocks")


def _image(block: Mapping[str, Any], where: str, model: Model) -> None:
    only(block, ("type", "source", "cache_control"), where)
    if model.vision is False:
        raise invalid("", f"{model.model_id} does not support image input")
    _source(block, where, ("base64", "url"), _IMAGES)
    check_cache_control(block, where)


def _document(block: Mapping[str, Any], where: str, model: Model) -> None:  # noqa: ARG001
    only(block, ("type", "source", "title", "context", "citations", "cache_control"), where)
    _source(block, where, ("base64", "url", "text"), ("application/pdf", "text/plain"))
    check_cache_control(block, where)


def _source(
    block: Mapping[str, Any], where: str, kinds: tuple[str, ...], media_types: tuple[str, ...]
) -> None:
    source = object_of(block.get("source"), f"{where}source")
    where = f"{where}source."
    if word(source, "type", kinds, where) == "url":
        only(source, ("type", "url"), where)
        text(source, "url", where)
        return
    only(source, ("type", "media_type", "data"), where)
    word(source, "media_type", media_types, where)
    data = text(source, "data", where)
    if source["type"] == "base64" and not _is_base64(data):
        raise invalid(f"{where}base64", "invalid base64 data")


def _is_base64(data: str) -> bool:
    try:
        return bool(base64.b64decode(data, validate=True))
    except ValueError:
        return False


def _thinking(block: Mapping[str, Any], where: str, model: Model) -> None:  # noqa: ARG001
    only(block, ("type", "thinking", "signature"), where)
    signature = text(block, "signature", where)
    if not is_signed_here(text(block, "thinking", where), signature):
        raise invalid(where.removesuffix(".thinking."), "Invalid `signature` in `thinking` block")


def _redacted(block: Mapping[str, Any], where: str, model: Model) -> None:  # noqa: ARG001
    only(block, ("type", "data"), where)
    if not is_redacted_here(text(block, "data", where)):
        at = where.removesuffix(".redacted_thinking.")
        raise invalid(at, "Invalid `data` in `redacted_thinking` block")


def _tool_use(block: Mapping[str, Any], where: str, model: Model) -> None:  # noqa: ARG001
    only(block, ("type", "id", "name", "input", "cache_control"), where)
    if not _ID.fullmatch(text(block, "id", where)):
        raise invalid(f"{where}id", "String should match pattern '^[a-zA-Z0-9_-]+$'")
    if not text(block, "name", where):
        raise invalid(f"{where}name", "String should have at least 1 character")
    object_of(block.get("input"), f"{where}input")
    check_cache_control(block, where)


def _tool_result(block: Mapping[str, Any], where: str, model: Model) -> None:
    only(block, ("type", "tool_use_id", "content", "is_error", "cache_control"), where)
    text(block, "tool_use_id", where)
    if block.get("is_error") not in (None, True, False):
        raise invalid(f"{where}is_error", "Input should be a valid boolean")
    if block.get("content") is not None:
        check_blocks(block["content"], "tool_result", f"{where}content", model)
    check_cache_control(block, where)


def check_cache_control(block: Mapping[str, Any], where: str) -> None:
    """Checks the mark that ends a cached prefix, if there is one."""
    if block.get("cache_control") is None:
        return
    where = f"{where}cache_control"
    control = object_of(block["cache_control"], where)
    only(control, ("type", "ttl"), f"{where}.")
    word(control, "type", ("ephemeral",), f"{where}.")
    if control.get("ttl") is not None:
        word(control, "ttl", _LIFETIMES, f"{where}.")


_CHECKS: dict[str, Callable[[Mapping[str, Any], str, Model], None]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
