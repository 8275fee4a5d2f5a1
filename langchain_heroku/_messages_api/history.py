"""Converts LangChain's messages, from any model, into Anthropic's format. Pure.

`langchain_anthropic` would merge neighbours, after which the user's newest turn cannot be told from
older ones, and raises bare errors for what it does not know. Here each message stays one. The core
decides what becomes of content that the endpoint does not take, and merges last.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from langchain_core.messages import AIMessage

from langchain_heroku._history import (
    THOUGHTS,
    blocks_of,
    call_of,
    calls_of,
    extra_words,
    is_call,
    role_of,
    turns_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from langchain_core.messages import BaseMessage

    from langchain_heroku._history import Call

__all__ = ["anthropic_messages"]

_SYSTEM: Final = frozenset({"system", "developer"})
_DATA_URL: Final = re.compile(r"data:(image/[^;,]+);base64,(.*)", re.DOTALL)
# What says something of a block besides its content. Citations of an answer are left out: they
# repeat what its sources say, which stay in the conversation.
_LABELS: Final = ("cache_control", "citations", "title", "context")


def anthropic_messages(
    messages: Sequence[BaseMessage],
) -> tuple[str | list[dict[str, Any]], list[dict[str, Any]]]:
    """What the system says, and the conversation, as Anthropic's; the arguments are not changed.

    Each message becomes one, with the results of tools as blocks of the user. System messages can
    stand anywhere; the endpoint takes only what they say together. Thoughts stay if Claude signed
    them. Blocks that this adapter does not know are passed on: the core says what they are.
    """
    system: list[dict[str, Any]] = []
    wire: list[dict[str, Any]] = []
    turns = list(turns_of(messages, namespaces=False))
    asked = max((place for place, turn in enumerate(turns) if _asks(turn)), default=-1)
    for place, message in enumerate(turns):
        role = role_of(message)
        if role in _SYSTEM:
            system += _blocks(message.content)
        elif isinstance(message, AIMessage):
            wire.append({"role": "assistant", "content": _from_model(message, place > asked)})
        elif role == "tool":
            wire.append({"role": "user", "content": _from_tool(message)})
        elif isinstance(message.content, str):
            wire.append({"role": role, "content": message.content})
        else:
            wire.append({"role": role, "content": _blocks(message.content)})
    return _as_text(system), wire


def _as_text(system: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """A single text without marks as a string, as most programs have it."""
    if len(system) == 1 and system[0].keys() == {"type", "text"}:
        return str(system[0]["text"])
    return system


def _asks(message: BaseMessage) -> bool:
    """Whether the user begins a round with this message: results of tools continue one."""
    content: Any = message.content
    return role_of(message) == "user" and not (content and all(map(_is_result, content)))


def _from_model(message: AIMessage, is_newest_round: bool) -> str | list[dict[str, Any]]:
    calls = calls_of(message)
    is_needed = is_newest_round and bool(calls)
    further = list(extra_words(message)) if _has_more(message) else []
    if isinstance(message.content, str) and not calls and not further:
        return message.content
    content: list[dict[str, Any]] = []
    for block in blocks_of(message.content):
        if block.get("type") in THOUGHTS:
            if _is_claudes(message, is_needed):
                content += _thought(block)
        elif not is_call(block):
            content += _said(block)
        elif call := _taken(calls, call_of(block)):
            content.append({**_tool_use(call), **_labels(block, "cache_control")})
    content += [_block(block) for block in further]
    return [*content, *map(_tool_use, calls)]


def _has_more(message: AIMessage) -> bool:
    return bool(message.additional_kwargs or message.invalid_tool_calls)


def _said(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if block.get("type") != "text":
        yield _block(block)
    elif text := _text_of(block):
        yield {"type": "text", "text": text, **_labels(block, "cache_control")}


def _is_claudes(message: AIMessage, is_needed: bool) -> bool:
    """Whether thoughts are signed by Claude: the endpoint refuses signatures of others.

    A message that was written by hand does not say. Then thoughts go back only where they are
    needed: with calls whose results are still being worked on (docs: extended thinking).
    """
    provider = message.response_metadata.get("model_provider")
    return provider == "anthropic" or (provider is None and is_needed)


def _thought(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A thought as Claude gave it, if it is signed: others are refused."""
    signature = block.get("signature") or (block.get("extras") or {}).get("signature")
    if block.get("type") == "redacted_thinking" and block.get("data"):
        yield {"type": "redacted_thinking", "data": block["data"]}
    elif signature:
        thought = block.get("thinking") or block.get("reasoning") or ""
        yield {"type": "thinking", "thinking": thought, "signature": signature}


def _taken(calls: list[Call], wanted: Call) -> Call | None:
    """The call of this id, removed from the list: the message's fields hold what it is now."""
    for position, call in enumerate(calls):
        if call.id == wanted.id:
            return calls.pop(position)
    return None


def _tool_use(call: Call) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}


def _from_tool(message: BaseMessage) -> list[dict[str, Any]]:
    content: Any = message.content
    call_id = getattr(message, "tool_call_id", None)
    if not isinstance(content, str) and content and all(map(_is_result, content)):
        return [
            _result({"tool_use_id": call_id, **part}) for part in content
        ]  # as Anthropic has it
    result: dict[str, Any] = {"tool_use_id": call_id, "content": content}
    if getattr(message, "status", None) == "error":
        result["is_error"] = True
    if message.name:
        result["name"] = message.name
    return [_result(result)]


def _is_result(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "tool_result"


def _result(part: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: part[name] for name in _RESULT if part.get(name)}
    content = part.get("content") or ""
    if not isinstance(content, str):
        content = _blocks(content)
        for block in content:  # belongs to the result: its blocks cannot have it
            if mark := block.pop("cache_control", None):
                kept["cache_control"] = mark
    return {
        "type": "tool_result",
        "tool_use_id": part.get("tool_use_id"),
        "content": content,
        **kept,
    }


_RESULT: Final = ("cache_control", "is_error", "name")


def _blocks(content: str | Sequence[Any]) -> list[dict[str, Any]]:
    return [_block(block) for block in blocks_of(content) if block.get("type") not in THOUGHTS]


def _block(block: dict[str, Any]) -> dict[str, Any]:
    """The block as Anthropic has it, in a dict of its own; what it does not have stays as it is."""
    kind = block.get("type")
    read = _READERS.get(kind) if isinstance(kind, str) else None
    return (read(block) if read is not None else None) or dict(block)


def _text_of(block: Mapping[str, Any]) -> str:
    text = block.get("text")
    return text if isinstance(text, str) else ""


def _labels(block: Mapping[str, Any], *names: str) -> dict[str, Any]:
    places = [block, block.get("extras") or {}, block.get("metadata") or {}]
    return {name: place[name] for name in names for place in places if place.get(name)}


def _text(block: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": _text_of(block), **_labels(block, "cache_control")}


def _refusal(block: Mapping[str, Any]) -> dict[str, Any] | None:
    text = block.get("refusal")
    return {"type": "text", "text": text} if isinstance(text, str) else None


def _plain_text(block: Mapping[str, Any]) -> dict[str, Any] | None:
    if not _text_of(block).strip():
        return _text(block)
    return _document("text", "text/plain", block)


def _file(block: Mapping[str, Any]) -> dict[str, Any] | None:
    """LangChain's `file` as a document, if it is text, a PDF or an address."""
    if block.get("source_type") == "text":
        return _plain_text(block)
    if url := block.get("url"):
        return _with_labels({"type": "document", "source": {"type": "url", "url": url}}, block)
    data, mime_type = block.get("base64") or block.get("data"), block.get("mime_type") or _PDF
    if data and mime_type == _PDF:
        source = {"type": "base64", "media_type": _PDF, "data": data}
        return _with_labels({"type": "document", "source": source}, block)
    return None


_PDF: Final = "application/pdf"


def _document(kind: str, media_type: str, block: Mapping[str, Any]) -> dict[str, Any]:
    source = {"type": kind, "media_type": media_type, "data": block["text"]}
    return _with_labels({"type": "document", "source": source}, block)


def _with_labels(document: dict[str, Any], block: Mapping[str, Any]) -> dict[str, Any]:
    named = _labels(block, "name", "filename")
    title = {"title": name} if (name := named.get("filename") or named.get("name")) else {}
    return {**document, **title, **_labels(block, *_LABELS)}


def _image_url(block: Mapping[str, Any]) -> dict[str, Any] | None:
    image = block.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    return _image(_source_of(url), block) if isinstance(url, str) else None


def _standard_image(block: Mapping[str, Any]) -> dict[str, Any] | None:
    """Blocks of type `image`, in both of LangChain's versions; Anthropic's stay as they are."""
    if isinstance(block.get("source"), dict):
        return None
    if isinstance(url := block.get("url"), str):
        return _image(_source_of(url), block)
    data, mime_type = block.get("base64") or block.get("data"), block.get("mime_type")
    if data and mime_type:
        return _image({"type": "base64", "media_type": mime_type, "data": data}, block)
    return None


def _source_of(url: str) -> dict[str, Any]:
    if found := _DATA_URL.fullmatch(url):
        return {"type": "base64", "media_type": found[1], "data": found[2]}
    return {"type": "url", "url": url}


def _image(source: dict[str, Any], block: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "image", "source": source, **_labels(block, "cache_control")}


_READERS: Final[dict[str, Callable[[Mapping[str, Any]], dict[str, Any] | None]]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "text-plain": _plain_text,
    "refusal": _refusal,
    "file": _file,
    "image_url": _image_url,
    "image": _standard_image,
    "tool_result": _result,
}
