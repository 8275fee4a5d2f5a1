"""The content of a message: one text wherever there is only text, lists for images. Pure."""

from __future__ import annotations

import binascii
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._chat.descriptions import described
from heroku_inference._chat.repairs import Repair
from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from heroku_inference._chat.repairs import Repairs

__all__ = ["wire_content"]

_TEXTS: Final = {
    "text": "text",
    "input_text": "text",
    "output_text": "text",
    "refusal": "refusal",
}
_IMAGES: Final = frozenset({"image_url", "input_image", "image"})
# Nothing that the model could read: its thoughts, which are not taken back, and marks for caches.
_NOT_SENT: Final = frozenset(
    {
        "reasoning",
        "reasoning_content",
        "redacted_thinking",
        "thinking",
        "thinking_blocks",
        "cache_point",
        "cachePoint",
    }
)
_HTTPS: Final = "https://"
_IMAGE_DATA: Final = "data:image/"


def wire_content(
    content: Any, joint: str, repairs: Repairs | None = None
) -> str | list[dict[str, Any]]:
    """The content as Heroku takes it; texts are joined with `joint` where there are no images.

    Args:
        content: A text, a list of parts, or `None`.
        joint: What stands between two texts.
        repairs: Where to note that something was described in words. `None` refuses it instead.

    Raises:
        ConfigError: `repairs` is `None`, and there is a part that Heroku does not take.
    """
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if type(content) is list and len(content) == 1 and (text := _only_text(content[0])):
        return text
    if not isinstance(content, Sequence) or isinstance(content, bytes | bytearray):
        if repairs is None:
            raise ConfigError(
                f"content must be a str or a list, got a value of type {type(content).__name__}.",
                "Pass a text, or a list of parts.",
            )
        content = [content]
    parts = [wire for part in content if (wire := _part(part, joint, repairs)) is not None]
    if all(part["type"] == "text" for part in parts):
        return joint.join(part["text"] for part in parts)
    # Bedrock refuses blank texts, also beside images.
    return [part for part in parts if part["type"] != "text" or not part["text"].isspace()]


def _only_text(part: Any) -> str | None:
    """The text of the one part that most contents have."""
    if type(part) is dict and part.get("type") == "text":
        text = part.get("text")
        return text if type(text) is str else None
    return None


def _part(part: Any, joint: str, repairs: Repairs | None) -> dict[str, Any] | None:
    """One part as documented; `None` for what is not sent: empty texts and the model's thoughts."""
    if isinstance(part, str):
        return {"type": "text", "text": part} if part else None
    kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
    if isinstance(kind, str):
        if kind in _TEXTS:
            text = part.get(_TEXTS[kind])
            if isinstance(text, str) or not text:
                return {"type": "text", "text": text} if text else None
        elif kind in _IMAGES:
            image = _image(part)
            if image and (repairs is None or _is_fetched(image["url"])):
                return {"type": "image_url", "image_url": image}
        elif kind in _NOT_SENT:
            return None
    if repairs is None:
        raise ConfigError(
            f"a content part {kind!r} cannot be sent: Heroku takes neither audio nor files.",
            'Pass {"type": "text", "text": …} or {"type": "image_url", "image_url": {"url": …}}.',
        )
    repairs.note(Repair.DESCRIBED)
    words = described(part)
    return {"type": "text", "text": words if joint else f"\n{words}\n"}


def _image(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """The image of a part in OpenAI's, Anthropic's, LangChain's or MCP's form."""
    image = part.get("image_url")
    if isinstance(image, str) and image:
        return {"url": image, **_detail(part)}
    if isinstance(image, Mapping):
        url = image.get("url")
        return {"url": url, **_detail(image)} if isinstance(url, str) and url else None
    source = part.get("source")
    if not isinstance(source, Mapping):
        source = part
    url = source.get("url")
    if isinstance(url, str) and url:
        return {"url": url}
    data = source.get("base64") or source.get("data")
    media_type = next(filter(None, (source.get(key) for key in _MEDIA_TYPES)), None)
    if isinstance(data, str) and isinstance(media_type, str):
        return {"url": f"data:{media_type};base64,{data}"}
    return None


_MEDIA_TYPES: Final = ("mime_type", "media_type", "mimeType")


def _detail(image: Mapping[str, Any]) -> dict[str, Any]:
    return {"detail": image["detail"]} if image.get("detail") else {}


def _is_fetched(url: str) -> bool:
    """Whether the server can have fetched this image (docs: OpenAI compatibility).

    It refuses the others with a 422, which an older message would bring back in every turn.
    """
    if not url.startswith(_IMAGE_DATA):
        return url.startswith(_HTTPS)
    head, _, data = url.partition(",")
    try:
        return head.endswith(";base64") and bool(binascii.a2b_base64(data, strict_mode=True))
    except ValueError:
        return False
