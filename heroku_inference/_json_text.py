"""JSON that models and servers write, decoded with less rigour than the decoder has. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic_core import from_json

__all__ = ["decoded_json", "is_error"]

_SURROGATE = re.compile("[\ud800-\udfff]")


def decoded_json(text: str | bytes) -> Any:
    """The value of this JSON text.

    Half of a surrogate pair, as a cut emoji leaves it, becomes U+FFFD: UTF-8 cannot carry it.

    Raises:
        ValueError: This is no JSON.
    """
    try:
        return from_json(text)
    except ValueError as error:
        refusal = error
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise refusal from None
    return from_json(_SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False)))


def is_error(frame: dict[str, Any]) -> bool:
    """Whether an event of a stream is an error in one of its envelopes, whatever its name."""
    return bool(frame.get("error")) or (
        not frame.get("choices") and isinstance(frame.get("message"), str)
    )
