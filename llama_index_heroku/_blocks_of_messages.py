"""Converts LlamaIndex's content blocks into parts of a message on the wire."""

from __future__ import annotations

from base64 import b64encode
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
    from collections.abc import Iterable, Iterator

__all__ = ["wire_parts"]

# Heroku caches prompts by itself, and chat completions does not take thoughts back (docs: prompt
# caching, chat completions). A citation repeats a source. Tool calls have their own field.
_NOT_SENT: Final = (CachePoint, CitationBlock, ThinkingBlock, ToolCallBlock)
_TEXT_TYPES: Final = ("text/", "application/json", "application/xml", "application/yaml")


def wire_parts(blocks: Iterable[Any]) -> list[dict[str, Any]]:
    """Texts and images, in order.

    Raises:
        ConfigError: A block cannot be sent as text or an image: audio, video, a PDF.
    """
    return [part for block in blocks for part in _parts(block)]


def _parts(block: Any) -> Iterator[dict[str, Any]]:
    if isinstance(block, TextBlock):
        yield {"type": "text", "text": block.text}
    elif isinstance(block, ImageBlock):
        yield _image(block)
    elif isinstance(block, CitableBlock):
        yield {"type": "text", "text": f"{block.title} ({block.source}):"}
        yield from wire_parts(block.content)
    elif isinstance(block, DocumentBlock):
        yield _document(block)
    elif not isinstance(block, _NOT_SENT):
        raise ConfigError(
            f"a {type(block).__name__} cannot be sent.",
            "Send text or images (PNG, JPEG, GIF, WebP; by URL or as data): Heroku's models do not "
            "take audio or video.",
        )


def _image(block: ImageBlock) -> dict[str, Any]:
    image = {"url": str(block.url) if block.url else _data_url(block)}
    if block.detail:
        image["detail"] = block.detail
    return {"type": "image_url", "image_url": image}


def _data_url(block: ImageBlock) -> str:
    data = block.resolve_image().read()
    mimetype = block.image_mimetype or ImageBlock(image=data).image_mimetype
    if mimetype is None:
        raise ConfigError(
            "an ImageBlock of unknown type needs its image_mimetype.", "Add one, such as image/png."
        )
    return f"data:{mimetype};base64,{b64encode(data).decode()}"


def _document(block: DocumentBlock) -> dict[str, Any]:
    """A text document as text; nothing is fetched."""
    mimetype = block.document_mimetype or ""
    if block.url or not mimetype.startswith(_TEXT_TYPES):
        raise ConfigError(
            f"a DocumentBlock ({block.url or mimetype or 'of unknown type'}) cannot be sent: "
            "Heroku's models do not read files.",
            "Load its text, for example with a LlamaIndex reader, and send that.",
        )
    text = block.resolve_document().read().decode()
    return {"type": "text", "text": f"{block.title}:\n{text}" if block.title else text}
