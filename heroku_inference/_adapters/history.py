"""What adapters need to pass conversations on that hold more than the API takes. Pure.

Only the user's newest turn is refused; the core repairs everything older. An adapter passes blocks
that it cannot translate on as they are.
"""

from __future__ import annotations

from heroku_inference._anthropic.history import check_newest_blocks
from heroku_inference._chat.descriptions import described
from heroku_inference._chat.messages import check_newest

__all__ = ["check_newest", "check_newest_blocks", "described"]
