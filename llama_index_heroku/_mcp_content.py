"""What an MCP tool returned, as LlamaIndex's content blocks. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ImageBlock, TextBlock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llama_index.core.base.llms.types import ContentBlock

__all__ = ["content_blocks"]


def content_blocks(parts: Iterable[Mapping[str, Any]]) -> list[ContentBlock]:
    """Texts and images as they are, in order; of what Heroku's models cannot take, its kind.

    The parts are those of an MCP result (docs of MCP: `text`, `image`, `audio`, `resource`,
    `resource_link`), as JSON. A text that is empty is left out.
    """
    return [block for part in parts if (block := _block(part)) is not None]


def _block(part: Mapping[str, Any]) -> ContentBlock | None:
    kind = part.get("type")
    if kind == "text":
        return TextBlock(text=part["text"]) if part.get("text") else None
    if kind == "image":
        # LlamaIndex keeps images in Base64, as MCP sends them.
        return ImageBlock(image=part["data"].encode(), image_mimetype=part.get("mimeType"))
    told = part.get("resource") or part
    if text := told.get("text"):
        return TextBlock(text=text)
    described = [str(kind), told.get("name"), told.get("uri"), told.get("mimeType")]
    return TextBlock(text=f"[{' '.join(str(word) for word in described if word)}]")
