"""What adapters need to pass conversations on that hold more than the API takes. Pure.

Only the user's newest turn is refused; the core repairs everything older. An adapter passes blocks
that it cannot translate on as they are. What only such conversations need is loaded with the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_inference._chat.messages import check_newest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_newest", "check_newest_blocks", "described"]


def check_newest_blocks(message: Mapping[str, Any]) -> None:
    """Refuse a newest turn of the user's, in Anthropic's form, that cannot be sent as it is.

    Raises:
        ConfigError: It is empty, or holds a block that the endpoint does not take.
    """
    from heroku_inference._anthropic import history  # noqa: PLC0415 - of that endpoint alone

    history.check_newest_blocks(message)


def described(part: Any) -> str:
    """Words for a part that cannot be sent: kind, name, type and address, and the text in it."""
    from heroku_inference._chat import descriptions  # noqa: PLC0415 - few conversations need it

    return descriptions.described(part)
