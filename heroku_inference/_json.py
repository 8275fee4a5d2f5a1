"""The JSON of a successful answer as a checked value, or an error that says what is wrong. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic_core import ValidationError, to_json

from heroku_inference._decoding import decoded_json, whole_characters
from heroku_inference._errors import InvalidResponseError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from heroku_inference._values import Reply

__all__ = [
    "decoded_json",
    "invalid_response",
    "is_error",
    "read_json",
    "whole_characters",
    "wrong_answer",
]

HALF_CHARACTERS: Final = (
    "The request has halves of characters (lone surrogates), which JSON cannot carry: each was "
    "sent as U+FFFD."
)
_NOT_JSON: Final = "it is not JSON"
_CHECK_URL: Final = (
    "Check that the URL is the add-on's <ALIAS>_URL, as `heroku config -a APP` shows it; it looks "
    "like https://us.inference.heroku.com."
)

_Value = TypeVar("_Value")


def read_json(reply: Reply, shape: TypeAdapter[_Value]) -> _Value:
    """The body of `reply` as a value of `shape`, decoded and checked in one go, without guessing.

    Raises:
        InvalidResponseError: The body is not JSON, or not of this shape.
    """
    try:
        return shape.validate_json(reply.body, strict=True)
    except ValidationError as error:
        first: Any = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return _read_odd_json(reply, shape)
    where = ".".join(map(str, first["loc"]))
    raise invalid_response(reply, f"{where}: {first['msg']}" if where else first["msg"])


def _read_odd_json(reply: Reply, shape: TypeAdapter[_Value]) -> _Value:
    """The value of a body that the fast parser does not take."""
    try:
        plain = to_json(decoded_json(reply.body))
    except ValueError:
        raise invalid_response(reply, _NOT_JSON) from None
    return read_json(replace(reply, body=plain), shape)


def invalid_response(
    reply: Reply, what: str, data: object = None, *, remedy: str = _CHECK_URL
) -> InvalidResponseError:
    """The error for a success that makes no sense.

    Args:
        reply: The answer.
        what: What is wrong with it, as a clause.
        data: The event of a stream that is meant, as bytes or decoded; by default the body.
        remedy: What to do about it.
    """
    if not isinstance(data, bytes):
        data = reply.body if data is None else to_json(data)
    text = data[:800].decode("utf-8", errors="replace")[:200]
    request = f" (request {reply.request_id})" if reply.request_id else ""
    shown = f" It begins {' '.join(text.split())!r}." if text.strip() else ""
    return InvalidResponseError(
        f"Heroku answered {reply.status_code}{request}, and the answer cannot be used: "
        f"{what}.{shown}",
        remedy,
        body=text,
    )


def wrong_answer(reply: Reply, expected: str, data: bytes | None = None) -> InvalidResponseError:
    """The error for a body, or for the `data` of an event, that is not what was expected."""
    try:
        decoded_json(reply.body if data is None else data)
    except ValueError:
        return invalid_response(reply, _NOT_JSON, data)
    return invalid_response(reply, f"it is not {expected}", data)


def is_error(frame: dict[str, Any]) -> bool:
    """Whether an event of a stream is an error in one of its envelopes, whatever its name."""
    return bool(frame.get("error")) or (
        not frame.get("choices") and isinstance(frame.get("message"), str)
    )
