"""Images of messages that cannot hold any, moved into messages of the user. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SHOWN_BELOW", "move_images_after_results"]

SHOWN_BELOW: Final = "The image is shown in the next message."
_FROM: Final = {
    "assistant": "An image of the assistant's last message:",
    "developer": "An image of the instructions:",
    "system": "An image of the instructions:",
}
_INSTRUCTIONS: Final = ("developer", "system")


def move_images_after_results(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Move images of other messages into user messages, the only ones that can hold images.

    Those of tool results come after all results of their turn, which must stay together, and those
    of instructions after all of them (docs: chat completions).
    """
    if not any(map(_has_images, messages)):
        return messages
    ordered: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    after: tuple[str, ...] = ()
    for message in messages:
        role = message["role"]
        if images and role not in after:
            ordered.append({"role": "user", "content": images})
            images = []
        if not _has_images(message):
            ordered.append(message)
            continue
        content = message["content"]
        after = _INSTRUCTIONS if role in _INSTRUCTIONS else ("tool",)
        joint = "" if role == "assistant" else "\n"
        text = joint.join(part["text"] for part in content if part["type"] == "text")
        shown = [part for part in content if part["type"] != "text"]
        images += [{"type": "text", "text": _label(message)}, *shown]
        ordered.append({**message, "content": text or SHOWN_BELOW})
    return [*ordered, {"role": "user", "content": images}] if images else ordered


def _has_images(message: Mapping[str, Any]) -> bool:
    if isinstance(message["content"], str) or message["role"] == "user":
        return False
    return any(part.get("type") == "image_url" for part in message["content"])


def _label(message: Mapping[str, Any]) -> str:
    # Only the id: words about the tool would read like a request to call it again.
    return _FROM.get(message["role"]) or f"Result of {message['tool_call_id']}:"
