"""Converts LlamaIndex's content blocks into parts of a message on the wire. Nothing is fetched."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from mimetypes import guess_type
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.llms.types import (
    CachePoint,
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)

from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["IMAGE_TYPES", "read_block", "wire_parts"]

IMAGE_TYPES: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""The types of images that Heroku's models see."""

# Heroku caches prompts by itself, and chat completions does not take thoughts back (docs: prompt
# caching, chat completions). A citation repeats a source. Tool calls have their own field.
_NOT_SENT: Final = (CachePoint, CitationBlock, ThinkingBlock, ToolCallBlock)
_TEXT_TYPES: Final = (
    "text/",
    "application/json",
    "application/xml",
    "application/yaml",
    "application/x-ndjson",
)
_SENDABLE: Final = "Send text or images (PNG, JPEG, GIF, WebP; by https URL or as data)"
_NOT_IN_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
# What a block says of itself, by the names that the core reads. Data is never among it.
_FACTS: Final = {
    "name": ("title", "name", "filename"),
    "url": ("url", "uri"),
    "mime_type": ("image_mimetype", "video_mimetype", "document_mimetype", "mime_type", "format"),
}


def wire_parts(blocks: Iterable[Any], *, newest: bool = False) -> list[dict[str, Any]]:
    """Texts and images, in order; of any other block what is known, for the core to describe.

    Args:
        blocks: The blocks of a message, also such as LlamaIndex does not know.
        newest: Whether they are the user's newest turn, of which all must be sent as it is.

    Raises:
        ConfigError: A block of the newest turn cannot be sent as text or an image: audio, video, a
            PDF, an image that cannot be read.
    """
    return [part for block in blocks for part in _parts(block, newest=newest)]


def _parts(block: Any, *, newest: bool) -> list[dict[str, Any]]:
    if isinstance(block, TextBlock):
        return [{"type": "text", "text": block.text}]
    if isinstance(block, _NOT_SENT):
        return []
    if isinstance(block, CitableBlock):
        head = {"type": "text", "text": f"{block.title} ({block.source}):"}
        return [head, *wire_parts(block.content, newest=newest)]
    try:
        return [_part(block)]
    except ConfigError:
        if newest:
            raise
        return [_facts(block)]


def _part(block: Any) -> dict[str, Any]:
    if isinstance(block, ImageBlock):
        image = {"url": _image_url(block)}
        if block.detail:
            image["detail"] = block.detail
        return {"type": "image_url", "image_url": image}
    if isinstance(block, DocumentBlock):
        text = _document_text(block)
        return {"type": "text", "text": f"{block.title}:\n{text}" if block.title else text}
    if isinstance(block, str):
        return {"type": "text", "text": block}
    if isinstance(block, Mapping):
        return dict(block)
    raise ConfigError(
        f"a {type(block).__name__} cannot be sent.",
        f"{_SENDABLE}: Heroku's models do not take audio or video.",
    )


def _facts(block: Any) -> dict[str, Any]:
    """What is known of a block that cannot be sent."""
    facts = {"type": str(getattr(block, "block_type", None) or type(block).__name__)}
    for fact, names in _FACTS.items():
        if value := next((value for name in names if (value := getattr(block, name, None))), None):
            facts[fact] = str(value)
    if facts.get("url", "").startswith("data:"):
        head = facts.pop("url").removeprefix("data:").partition(",")[0]
        facts["mime_type"] = head.partition(";")[0]
    if path := getattr(block, "path", None):
        facts["name"] = PurePath(path).name
    for name in ("text", "content"):
        if isinstance(value := getattr(block, name, None), str):
            facts["text"] = value
    return facts


def _image_url(block: ImageBlock) -> str:
    """The image's own URL, or one with its data.

    Raises:
        ConfigError: The image cannot be read, or its type is unknown or not one that models see.
    """
    url = str(block.url or "")
    if url and not url.startswith("data:"):
        return url
    data = read_block(block.resolve_image)
    declared = (block.image_mimetype or "").lower().replace("image/jpg", "image/jpeg")
    mimetype = _type_of_image(data) or declared
    if not mimetype:
        raise ConfigError(
            "an ImageBlock of unknown type needs its image_mimetype.", "Add one, such as image/png."
        )
    if mimetype not in IMAGE_TYPES:
        raise ConfigError(f"an ImageBlock of the type {mimetype} cannot be sent.", f"{_SENDABLE}.")
    return f"data:{mimetype};base64,{b64encode(data).decode()}"


def _type_of_image(data: bytes) -> str | None:
    """The type by the first bytes: Claude refuses an image under another type than its own."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def read_block(resolve: Callable[[], Any]) -> bytes:
    """The data of a block.

    Raises:
        ConfigError: There is none, or its file cannot be read.
    """
    try:
        data = resolve().read()
    except (OSError, ValueError) as error:
        owner = type(getattr(resolve, "__self__", None)).__name__
        raise ConfigError(
            f"the data of the {owner} cannot be read: {error}.", "Check its data or path."
        ) from None
    return data.encode() if isinstance(data, str) else bytes(data)


def _document_text(block: DocumentBlock) -> str:
    """The text of a document that is text.

    Raises:
        ConfigError: The document is not text, cannot be read, or is a URL alone.
    """
    mimetype = block.document_mimetype or guess_type(str(block.path or block.title or ""))[0] or ""
    if block.data or block.path:
        data = read_block(block.resolve_document)
        if mimetype.startswith(_TEXT_TYPES):
            return data.decode(errors="replace")
        if not mimetype and (text := _plain_text(data)) is not None:
            return text
    raise ConfigError(
        f"a DocumentBlock ({block.url or mimetype or 'of unknown type'}) cannot be sent: "
        "Heroku's models do not read files.",
        "Load its text, for example with a LlamaIndex reader, and send that.",
    )


def _plain_text(data: bytes) -> str | None:
    """Data of unknown type as text, if it can only be that."""
    try:
        text = data.decode()
    except ValueError:
        return None
    return None if _NOT_IN_TEXT.search(text) else text
