"""Reads a refusal, in any shape that Heroku and its edge send, into an error. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._decoding import decoded_json
from heroku_inference._errors import (
    APIError,
    AuthenticationError,
    ContentBlockedError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
)
from heroku_inference._headers import requested_wait
from heroku_inference._wire_types import json_text

if TYPE_CHECKING:
    from heroku_inference._values import Reply

__all__ = ["error_from_reply", "excerpt", "is_refused_chat", "sentence", "stream_error"]

_LONGEST_EXCERPT: Final = 200  # characters of a body that a message may show

_CLASSES: Final[dict[int, type[APIError]]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: RequestTimeoutError,
    429: RateLimitError,
}
# Errors of Anthropic's form have no code (Anthropic's docs: errors).
_STATUSES: Final = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_REMEDIES: Final[dict[type[APIError], str]] = {
    AuthenticationError: "Check the key: `heroku config -a APP` shows <ALIAS>_KEY, and it only "
    "opens the <ALIAS>_URL beside it.",
    PermissionDeniedError: "The key does not open this model. A per-model plan's key opens its own "
    "model only: attach the model (`heroku ai:models:create MODEL -a APP --as ALIAS`) and name "
    "that alias, or use a standard plan's key.",
    ContentBlockedError: "The firewall in front of the API refused the text, not the key: markup, "
    "code, path chains or local URLs in a prompt can look like an attack. Sending the same text "
    "again is refused again; rephrase or encode that part.",
    NotFoundError: "Check the model id (`heroku-inference models` lists them) and that the URL "
    "is the add-on's <ALIAS>_URL.",
    RequestTimeoutError: "The server cuts answers that take about 30 seconds; stream long ones.",
    RateLimitError: "The add-on's requests or tokens per minute are used up; wait or send less.",
    ServerError: "The fault is on the server's side: try again in a while; see status.heroku.com.",
    APIError: "The address redirects: check the URL.",
}
_REFUSED_CHAT: Final = (
    "The model's host refuses some histories, and says no more than this: arguments of a tool call "
    "that are not a JSON object, reasoning tags such as <reasoning> in an assistant's text, a tool "
    "call without its result, or a result without its call. Correct or leave out that message."
)
_REFUSED_STREAM_OPTIONS: Final = (
    "Pass stream_usage=False (without stream_options in extra_body) to stream without asking for "
    "the token counts."
)


def error_from_reply(reply: Reply) -> APIError:
    """The error for an answer with a status of 300 or more.

    The class follows the HTTP status, since Heroku's `type` strings vary (docs: errors).
    """
    detail = _decoded(reply.body)
    if reply.status_code == 403 and _is_edge_block(reply, detail):  # noqa: PLR2004
        return _error(ContentBlockedError, reply, reply.status_code, "blocked", None, reply.text)
    message, type_, _ = _fields(detail if detail is not None else reply.text)
    return _error(_class_for(reply.status_code), reply, reply.status_code, message, type_, detail)


def stream_error(data: bytes, reply: Reply) -> APIError:
    """The error for an error event inside a stream; its code, else its type, says its status."""
    detail = _decoded(data)
    text = data.decode("utf-8", errors="replace")
    message, type_, code = _fields(detail if detail is not None else text)
    status = code or _STATUSES.get(type_ or "", 500)
    return _error(_class_for(status), reply, status, message, type_, detail)


def excerpt(text: str) -> str:
    """A text cut to what a message may show."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST_EXCERPT else flat[: _LONGEST_EXCERPT - 1] + "…"


def sentence(text: str) -> str:
    """A text with a full stop, unless it ends like a sentence already."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def is_refused_chat(error: APIError) -> bool:
    """Whether the model's host refused a conversation: the same one will be refused again."""
    return _is_refused_chat(error.status_code, error.server_message)


def _is_refused_chat(status: int | None, message: str) -> bool:
    # A 500 with this text has always meant a history that the model's host refuses.
    return status == 500 and "failed to execute chat" in message.lower()  # noqa: PLR2004


def _class_for(status: int) -> type[APIError]:
    if status >= 500:  # noqa: PLR2004
        return ServerError
    if status < 400:  # noqa: PLR2004 - a redirect: nothing Heroku's API does
        return APIError
    return _CLASSES.get(status, InvalidRequestError)


def _error(
    error_class: type[APIError],
    reply: Reply,
    status: int,
    message: str,
    type_: str | None,
    detail: Any,
) -> APIError:
    wait = requested_wait(status, reply.headers)
    remedy = _REMEDIES.get(error_class, "")
    if error_class is RateLimitError and wait:
        remedy = f"{remedy} The server asks to wait for {wait:.0f} seconds."
    elif _is_refused_chat(status, message):
        remedy = _REFUSED_CHAT
    elif error_class is InvalidRequestError and "stream_options" in message:
        remedy = _REFUSED_STREAM_OPTIONS
    return error_class(
        sentence(
            f"Heroku answered {status}: {message}" if message else f"Heroku answered {status}"
        ),
        remedy,
        status_code=status,
        type=type_,
        request_id=reply.request_id,
        body=excerpt(detail) if isinstance(detail, str) else detail,
        retry_after=wait,
        response=reply,
        server_message=message,
    )


def _decoded(body: bytes) -> Any:
    """The body as JSON, with an `error` that is itself JSON text decoded too; else `None`."""
    try:
        value = decoded_json(body)
    except ValueError:
        return None
    if isinstance(value, dict):
        value = value.get("error") or value
    if isinstance(value, str):
        try:
            inner = decoded_json(value)
        except ValueError:
            return value
        return inner if isinstance(inner, dict) else value
    return value


def _fields(detail: Any) -> tuple[str, str | None, int | None]:
    """Message, type and code of an error object or text."""
    if isinstance(detail, dict):
        code, type_ = detail.get("code"), detail.get("type")
        message = detail.get("message")
        text = message if isinstance(message, str) else json_text(detail)
        number = int(str(code)) if re.fullmatch(r"[0-9]{1,9}", str(code)) else None
        known = number if number is not None and 400 <= number <= 599 else None  # noqa: PLR2004
        return text.strip(), type_ if isinstance(type_, str) else None, known
    return excerpt(detail if isinstance(detail, str) else json_text(detail)), None, None


def _is_edge_block(reply: Reply, detail: Any) -> bool:
    if "error from cloudfront" in reply.headers.get("x-cache", "").lower():
        return True
    return detail is None and bool(reply.body.strip())
