"""Messages of any framework, already in OpenAI's shape, as Heroku accepts them.

Heroku refuses what OpenAI takes: empty content, arguments that are not a JSON object, tool results
that are bare JSON scalars. Each repair here answers one such refusal (docs: OpenAI
compatibility, chat completions). Only the user's newest turn is refused: frameworks store a message
before they send it, so an error about an older one would come back in every turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from heroku_inference._chat.words import NOT_RUN, is_plain
from heroku_inference._errors import ConfigError

__all__ = [
    "check_newest",
    "has_tool_calls",
    "wire_history",
    "wire_messages",
    "with_instruction",
]


def wire_messages(
    messages: Sequence[Mapping[str, Any]], *, no_result: str = NOT_RUN
) -> list[dict[str, Any]]:
    """New messages that Heroku accepts and that say the same; the given ones stay untouched.

    Only the newest turn, the last message if it is the user's, is refused. All that is older is
    repaired, or described in words where Heroku does not take it, with one warning.

    Args:
        messages: In OpenAI's shape. Parts of any type can stand in them, calls may lack their ids,
            results their calls.
        no_result: What a call without a result is answered with.

    Raises:
        ConfigError: The newest turn has no words, or holds what has no place in Heroku's API: an
            unknown role or field, audio or files. The error names its position. Or there is no
            message to send.
    """
    given = _listed(messages)
    if all(map(is_plain, given)):
        return [message.copy() for message in given]
    from heroku_inference._chat.repaired_messages import repaired_messages  # noqa: PLC0415 - slow

    wire = repaired_messages(given, no_result)
    if not wire:
        raise ConfigError("messages holds nothing that can be sent.", "Pass a message with words.")
    return wire


def wire_history(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages before a newest turn as `wire_messages` sends them; there may be none.

    Raises:
        ConfigError: One of them is not a mapping.
    """
    listed = list(messages)
    if all(map(is_plain, listed)):
        return [dict(message) for message in listed]
    from heroku_inference._chat.repaired_messages import repaired_history  # noqa: PLC0415 - slow

    return repaired_history(listed)


def check_newest(message: Mapping[str, Any]) -> None:
    """Refuse a newest turn of the user's that cannot be sent as it is; all else passes.

    Raises:
        ConfigError: It has no words and no image, or a part or field that Heroku does not take.
    """
    if is_plain(message):
        return
    from heroku_inference._chat.repaired_messages import check_newest_message  # noqa: PLC0415 - slow

    check_newest_message(message)


def has_tool_calls(messages: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the model called a tool in this history."""
    return any(message.get("tool_calls") for message in messages)


def with_instruction(messages: list[dict[str, Any]], instruction: str) -> list[dict[str, Any]]:
    """The wire messages with a sentence more in the system message, which is added if missing."""
    first, *rest = messages
    if first.get("role") not in {"system", "developer"}:
        return [{"role": "system", "content": instruction}, *messages]
    content = first["content"]
    if isinstance(content, list):
        return [{**first, "content": [*content, {"type": "text", "text": instruction}]}, *rest]
    return [{**first, "content": f"{content}\n\n{instruction}".lstrip()}, *rest]


def _listed(messages: Any) -> list[Any]:
    if isinstance(messages, str | Mapping) or not isinstance(messages, Iterable):
        raise ConfigError(
            f"messages must be a list, got a value of type {type(messages).__name__}.",
            'Pass a list of messages such as [{"role": "user", "content": "Hello"}].',
        )
    listed = list(messages)
    if not listed:
        raise ConfigError("messages is empty.", "Pass at least one message.")
    return listed
