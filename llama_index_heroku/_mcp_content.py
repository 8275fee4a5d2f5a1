"""Converts the result of an MCP tool into LlamaIndex's content blocks. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ImageBlock, TextBlock

from heroku_inference._adapters.history import described

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llama_index.core.base.llms.types import ContentBlock

__all__ = ["content_blocks"]


def content_blocks(parts: Iterable[Mapping[str, Any]]) -> list[ContentBlock]:
    """Texts and images in order; anything else is described, and what is text in it is kept.

    The parts are those of an MCP result (docs of MCP: `text`, `image`, `audio`, `resource`,
    `resource_link`), as JSON. Empty texts are left out.
    """
    return [block for part in parts if (block := _block(part)) is not None]


def _block(part: Mapping[str, Any]) -> ContentBlock | None:
    kind = part.get("type")
    if kind == "text":
        return TextBlock(text=part["text"]) if part.get("text") else None
    if kind == "image" and part.get("data"):
        # LlamaIndex keeps images in Base64, as MCP sends them.
        return ImageBlock(image=part["data"].encode(), image_mimetype=part.get("mimeType"))
    return TextBlock(text=described(part))
