"""Messages that are nothing but words, and the words that stand where Heroku wants some. Pure."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["NOT_RUN", "NO_OUTPUT", "NO_RESULT", "PLACEHOLDER", "is_plain"]

# Heroku answers 400 "content is required" to an assistant message without text, also next to
# tool calls. A model repeats what it sees itself say, so the filler must do no harm when it is
# repeated: a sentence such as "Calling the tool." teaches it to announce calls instead of making
# them, and "..." before a line end is stopped by the edge firewall. A full stop is known to pass,
# says nothing, and is recognised when a model gives it back (see the reading of answers).
PLACEHOLDER: Final = "."
NO_OUTPUT: Final = "The tool returned no output."
NO_RESULT: Final = "The result of this call is not known."
NOT_RUN: Final = "This call was not run: the conversation went on without its result."

_SPEAKERS: Final = ("user", "assistant", "system", "developer")


def is_plain(message: Any) -> bool:
    """Whether a message is nothing but words, as most are, and can go as it is."""
    if type(message) is not dict or len(message) != 2:  # noqa: PLR2004 - role and content
        return False
    content = message.get("content")
    return (
        type(content) is str
        and content != ""
        and "<" not in content  # where reasoning tags may begin
        and not content.isspace()
        and message.get("role") in _SPEAKERS
    )
