"""POST /v1/messages: Claude in Anthropic's form, as Heroku forwards it.

Written from Heroku's page on the endpoint and Anthropic's documentation of the Messages API. Unlike
chat completions, it can carry signed thinking blocks from one turn to the next.
"""

from __future__ import annotations

from heroku_emulator.messages_api.endpoint import messages

__all__ = ["messages"]
