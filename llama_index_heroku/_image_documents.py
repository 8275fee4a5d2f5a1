"""Converts `image_documents`, by which programs for multi-modal models pass images of a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.llms.generic_utils import image_node_to_image_block
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.schema import ImageDocument, ImageNode, NodeWithScore

from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["IMAGE_DOCUMENTS", "prompt_messages", "refuse_image_documents"]

IMAGE_DOCUMENTS: Final = "image_documents"
"""The option of one call."""


def prompt_messages(prompt: str, formatted: object, call: dict[str, Any]) -> list[ChatMessage]:
    """The prompt as a user message, with its images.

    Args:
        prompt: The prompt.
        formatted: The second argument by position. Multi-modal models have the images there; of
            a `bool` nothing depends.
        call: The options of the call; images are taken out of it.

    Raises:
        ConfigError: One of them is something else than an image, or cannot be read.
    """
    documents = call.pop(IMAGE_DOCUMENTS, None)
    if not documents and not isinstance(formatted, bool):
        documents = formatted
    if not documents:
        return [ChatMessage(content=prompt)]
    if not isinstance(documents, list | tuple):
        documents = [documents]
    images = [_block(position, document) for position, document in enumerate(documents)]
    return [ChatMessage([*([TextBlock(text=prompt)] if prompt.strip() else []), *images])]


def refuse_image_documents(call: Mapping[str, Any]) -> None:
    """Refuse the option where there is no prompt that the images could belong to.

    Raises:
        ConfigError: It is there.
    """
    if IMAGE_DOCUMENTS in call:
        raise ConfigError(
            f"{IMAGE_DOCUMENTS} can only be passed with a prompt.",
            "Put the images into a message: ChatMessage(blocks=[TextBlock(...), ImageBlock(...)]).",
        )


def _block(position: int, document: Any) -> ImageBlock:
    node = document.node if isinstance(document, NodeWithScore) else document
    if isinstance(node, ImageBlock):
        return node
    if not isinstance(node, ImageNode | ImageDocument):
        raise ConfigError(
            f"{IMAGE_DOCUMENTS}[{position}] must be an image, got a value of type "
            f"{type(node).__name__}.",
            "Pass ImageBlocks, ImageDocuments or ImageNodes.",
        )
    try:
        return image_node_to_image_block(node)  # type: ignore[arg-type] # has the same properties
    except ValueError as error:
        raise ConfigError(
            f"{IMAGE_DOCUMENTS}[{position}] cannot be read: {error}", "Check its data or path."
        ) from None
