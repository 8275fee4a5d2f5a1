"""What failures of the MCP library mean, in every wrapping."""

from __future__ import annotations

from types import SimpleNamespace

import httpx
import pytest

from heroku_inference import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    InvalidResponseError,
    NotFoundError,
    RateLimitError,
    Settings,
)
from heroku_inference._adapters.mcp_errors import forget_frames, toolkit_error, wrong_address

SETTINGS = Settings(api_key="inf-made-up-key", base_url="https://api.invalid")


def group(*failures):
    """What a failed `anyio` or `asyncio` task group raises; the MCP library nests them."""
    return ExceptionGroup("unhandled errors in a TaskGroup", failures)


class ProtocolError(Exception):
    """As the MCP library's `McpError`."""

    def __init__(self, code, message):
        super().__init__(message)
        self.error = SimpleNamespace(code=code, message=message)


def refused(status, body="{}"):
    request = httpx.Request("POST", "https://api.invalid/mcp")
    response = httpx.Response(status, text=body, request=request)
    return httpx.HTTPStatusError("refused", request=request, response=response)


@pytest.mark.parametrize(
    ("failure", "meant"),
    [
        (refused(401), AuthenticationError),
        (group(group(refused(429))), RateLimitError),
        (group(KeyError("a mistake"), refused(404)), NotFoundError),
        (ProtocolError(32600, "Session terminated"), NotFoundError),
        (ProtocolError(-32600, "Session terminated"), NotFoundError),
        (ProtocolError(408, "Timed out"), APITimeoutError),
        (ProtocolError(-32000, "Connection closed"), APIConnectionError),
        (ProtocolError(-32603, "Internal error"), InvalidResponseError),
        (httpx.ReadTimeout("slow"), APITimeoutError),
        (TimeoutError(), APITimeoutError),
        (group(httpx.ConnectError("All connection attempts failed")), APIConnectionError),
        (ConnectionResetError("gone"), APIConnectionError),
    ],
)
def test_a_failure_is_an_error_of_ours(failure, meant):
    assert type(toolkit_error(failure, SETTINGS)) is meant


def test_a_programming_mistake_stays_as_it_is():
    assert toolkit_error(KeyError("a mistake"), SETTINGS) is None
    assert toolkit_error(group(KeyError("a mistake")), SETTINGS) is None


def test_an_error_of_ours_stays_what_it_is():
    ours = InvalidResponseError("no tools")
    assert toolkit_error(group(ours), SETTINGS) is ours


def test_a_refusal_that_quotes_the_key_does_not_keep_it():
    error = toolkit_error(refused(401, '{"error":{"message":"bad key inf-made-up-key"}}'), SETTINGS)
    assert "bad key ***" in str(error)
    assert "inf-made-up-key" not in repr(vars(error))


def test_an_unread_body_does_not_raise_a_second_error():
    request = httpx.Request("POST", "https://api.invalid/mcp")
    response = httpx.Response(403, stream=httpx.ByteStream(b"{}"), request=request)
    failure = httpx.HTTPStatusError("refused", request=request, response=response)
    assert toolkit_error(failure, SETTINGS).status_code == 403


ELSEWHERE = {400, 404, 405, 406, 410, 415, 501}


@pytest.mark.parametrize(
    ("status", "elsewhere"),
    [(status, status in ELSEWHERE) for status in (*range(400, 430), *range(500, 512))],
)
def test_only_some_refusals_say_that_the_toolkit_is_served_in_another_way(status, elsewhere):
    assert wrong_address(toolkit_error(refused(status), SETTINGS)) is elsewhere


def test_frames_are_forgotten_in_groups_causes_and_contexts():
    def failing():
        try:
            raise refused(500)
        except httpx.HTTPStatusError as cause:
            raise group(cause) from cause

    with pytest.raises(ExceptionGroup) as caught:
        failing()
    forget_frames(caught.value)
    assert caught.value.__traceback__ is None
    assert caught.value.exceptions[0].__traceback__ is None
