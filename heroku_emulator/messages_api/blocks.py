"""What a content block may look like, by the place where it stands. Pure."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from heroku_emulator.messages_api.refusals import (
    check_choice,
    check_object,
    check_text,
    invalid_input,
    refuse_unknown,
)
from heroku_emulator.messages_api.signatures import is_redacted_here, is_signed_here

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from heroku_emulator.models import Model

__all__ = [
    "THINKING",
    "as_blocks",
    "check_blocks",
    "check_cache_control",
    "check_tool_name",
    "count_breakpoints",
    "has_url_source",
    "text_fault",
]

THINKING = ("thinking", "redacted_thinking")
"""The types of thinking blocks."""

_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
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
    """Returns content as blocks; a string is one text block."""
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
        raise invalid_input(where, "Input should be a valid string or list")
    for number, value in enumerate(content):
        at = f"{where}.{number}"
        block = check_object(value, at)
        kind = check_text(block, "type", f"{at}.")
        if kind not in _ALLOWED[place]:
            tags = ", ".join(f"'{allowed}'" for allowed in _ALLOWED[place])
            raise invalid_input(
                at,
                f"Input tag '{kind}' found using 'type' does not match any of the expected "
                f"tags: {tags}",
            )
        _CHECKS[kind](block, f"{at}.{kind}.", model)


def text_fault(content: Any) -> str | None:
    """Returns what is wrong with the texts of a content and of its tool results, or `None`."""
    for block in as_blocks(content):
        if block["type"] == "tool_result":
            fault = text_fault(block.get("content"))
            if fault is not None:
                return fault
        if block["type"] == "text" and not block["text"]:
            return "text content blocks must be non-empty"
        if block["type"] == "text" and not block["text"].strip():
            return "text content blocks must contain non-whitespace text"
    return None


def count_breakpoints(blocks: Any) -> int:
    """Counts the blocks where `cache_control` ends a cached prefix."""
    marked = 0
    for block in blocks if isinstance(blocks, list) else []:
        marked += block.get("cache_control") is not None
        marked += count_breakpoints(block.get("content"))
    return marked


def has_url_source(blocks: Any) -> bool:
    """Says whether any block names a URL."""
    return any(
        (block.get("source") or {}).get("type") == "url" or has_url_source(block.get("content"))
        for block in (blocks if isinstance(blocks, list) else [])
    )


def _check_text(block: Mapping[str, Any], where: str, model: Model) -> None:  # noqa: ARG001
    refuse_unknown(block, ("type", "text", "cache_control", "citations"), where)
    check_text(block, "text", where)
    check_cache_control(block, where)
    if block.get("cache_control") is not None and not block["text"]:
        raise invalid_input(f"{where}cache_control", "cannot be set for empty text blocks")


def _check_image(block: Mapping[str, Any], where: str, model: Model) -> None:
    refuse_unknown(block, ("type", "source", "cache_control"), where)
    if model.vision is False:
        raise invalid_input("", f"{model.model_id} does not support image input")
    _check_source(block, where, ("base64", "url"), _IMAGES)
    check_cache_control(block, where)


def _check_document(block: Mapping[str, Any], where: str, model: Model) -> None:  # noqa: ARG001
    refuse_unknown(
        block, ("type", "source", "title", "context", "citations", "cache_control"), where
    )
    _check_source(block, where, ("base64", "url", "text"), ("application/pdf", "text/plain"))
    check_cache_control(block, where)


def _check_source(
    block: Mapping[str, Any], where: str, kinds: tuple[str, ...], media_types: tuple[str, ...]
) -> None:
    source = check_object(block.get("source"), f"{where}source")
    where = f"{where}source."
    if check_choice(source, "type", kinds, where) == "url":
        refuse_unknown(source, ("type", "url"), where)
        check_text(source, "url", where)
        return
    refuse_unknown(source, ("type", "media_type", "data"), where)
    check_choice(source, "media_type", media_types, where)
    data = check_text(source, "data", where)
    if source["type"] == "base64" and not _is_base64(data):
        raise invalid_input(f"{where}base64", "invalid base64 data")


def _is_base64(data: str) -> bool:
    try:
        return bool(base64.b64decode(data, validate=True))
    except ValueError:
        return False


def _check_thinking(block: Mapping[str, Any], where: str, model: Model) -> None:  # noqa: ARG001
    refuse_unknown(block, ("type", "thinking", "signature"), where)
    signature = check_text(block, "signature", where)
    if not is_signed_here(check_text(block, "thinking", where), signature):
        raise invalid_input(
            where.removesuffix(".thinking."), "Invalid `signature` in `thinking` block"
        )


def _check_redacted(block: Mapping[str, Any], where: str, model: Model) -> None:  # noqa: ARG001
    refuse_unknown(block, ("type", "data"), where)
    if not is_redacted_here(check_text(block, "data", where)):
        at = where.removesuffix(".redacted_thinking.")
        raise invalid_input(at, "Invalid `data` in `redacted_thinking` block")


def _check_tool_use(block: Mapping[str, Any], where: str, model: Model) -> None:  # noqa: ARG001
    refuse_unknown(block, ("type", "id", "name", "input", "cache_control"), where)
    if not _ID.fullmatch(check_text(block, "id", where)):
        raise invalid_input(f"{where}id", "String should match pattern '^[a-zA-Z0-9_-]+$'")
    check_tool_name(block, where)
    check_object(block.get("input"), f"{where}input")
    check_cache_control(block, where)


def _check_tool_result(block: Mapping[str, Any], where: str, model: Model) -> None:
    refuse_unknown(block, ("type", "tool_use_id", "content", "is_error", "cache_control"), where)
    check_text(block, "tool_use_id", where)
    if block.get("is_error") not in (None, True, False):
        raise invalid_input(f"{where}is_error", "Input should be a valid boolean")
    if block.get("content") is not None:
        check_blocks(block["content"], "tool_result", f"{where}content", model)
    check_cache_control(block, where)


def check_tool_name(block: Mapping[str, Any], where: str) -> str:
    """Returns the name of a tool or of a call.

    Raises:
        ApiError: 400.
    """
    name = check_text(block, "name", where)
    if not _TOOL_NAME.fullmatch(name):
        raise invalid_input(f"{where}name", f"String should match pattern '^{_TOOL_NAME.pattern}$'")
    return name


def check_cache_control(block: Mapping[str, Any], where: str) -> None:
    """Checks the mark that ends a cached prefix, if there is one."""
    if block.get("cache_control") is None:
        return
    where = f"{where}cache_control"
    control = check_object(block["cache_control"], where)
    refuse_unknown(control, ("type", "ttl"), f"{where}.")
    check_choice(control, "type", ("ephemeral",), f"{where}.")
    if control.get("ttl") is not None:
        check_choice(control, "ttl", _LIFETIMES, f"{where}.")


_CHECKS: dict[str, Callable[[Mapping[str, Any], str, Model], None]] = {
    "text": _check_text,
    "image": _check_image,
    "document": _check_document,
    "thinking": _check_thinking,
    "redacted_thinking": _check_redacted,
    "tool_use": _check_tool_use,
    "tool_result": _check_tool_result,
}
