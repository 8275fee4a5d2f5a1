"""The JSON of a successful answer as a checked value, or an error that says what is wrong. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from heroku_inference._errors import InvalidResponseError

if TYPE_CHECKING:
    from heroku_inference._values import Reply

__all__ = ["decoded_json", "invalid_response", "is_error", "read_json"]

_Value = TypeVar("_Value")


def read_json(reply: Reply, shape: TypeAdapter[_Value]) -> _Value:
    """The body of `reply` as a value of `shape`, decoded and checked in one go, without guessing.

    Raises:
        InvalidResponseError: The body is no JSON, or not of this shape.
    """
    try:
        return shape.validate_json(reply.body, strict=True)
    except ValidationError as error:
        first: Any = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise invalid_response(
            reply, f"{where}: {first['msg']}" if where else first["msg"]
        ) from None


def invalid_response(reply: Reply, what: str) -> InvalidResponseError:
    """The error for a success that makes no sense: `what` says in which way."""
    beginning = reply.body[:800].decode("utf-8", errors="replace")[:200]
    request = f" (request {reply.request_id})" if reply.request_id else ""
    return InvalidResponseError(
        f"The API answered {reply.status_code} with a body that cannot be used: {what}{request}. "
        "Is the URL that of Heroku's inference API?",
        body=beginning,
    )


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
