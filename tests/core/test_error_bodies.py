from __future__ import annotations

import json

import pytest

from heroku_inference import (
    APIError,
    AuthenticationError,
    ContentBlockedError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    Reply,
    RequestTimeoutError,
    ServerError,
)
from heroku_inference._error_bodies import error_from_reply, stream_error

INNER = {"code": 422, "message": "failed to fetch image", "type": "unprocessable_entity"}


@pytest.mark.parametrize(
    ("status", "error_class"),
    [
        (302, APIError),
        (400, InvalidRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (408, RequestTimeoutError),
        (409, InvalidRequestError),
        (413, InvalidRequestError),
        (422, InvalidRequestError),
        (429, RateLimitError),
        (500, ServerError),
        (503, ServerError),
        (599, ServerError),
    ],
)
def test_the_class_follows_the_status(status, error_class):
    error = error_from_reply(Reply(status, {}, b'{"error":{"code":1,"message":"no","type":"x"}}'))
    assert type(error) is error_class
    assert (error.status_code, error.type) == (status, "x")


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"error": INNER}),
        json.dumps({"error": json.dumps(INNER)}),
        json.dumps(INNER),
        json.dumps({"error": INNER | {"code": "422"}}),
    ],
    ids=["object", "string", "bare", "code as text"],
)
def test_every_envelope_says_the_same(body):
    error = error_from_reply(Reply(422, {"x-request-id": "r-1"}, body.encode()))
    assert "failed to fetch image" in error.message
    assert (error.type, error.request_id) == ("unprocessable_entity", "r-1")
    assert error.body["message"] == "failed to fetch image"
    assert error.response.status_code == 422


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":"plain words"}', "plain words"),
        (b'{"message":"only a message"}', "only a message"),
        (b'{"type":"error","error":{"type":"x","message":"of Anthropic"}}', "of Anthropic"),
        (b'{"error":{"reason":"none of the known fields"}}', "none of the known fields"),
        (b'["odd"]', "odd"),
        (b"not json at all", "not json at all"),
        (b"\xff\xfe", "�"),
    ],
)
def test_no_shape_of_body_is_lost(body, message):
    assert message in error_from_reply(Reply(400, {}, body)).message


def test_an_empty_body_leaves_the_status():
    assert error_from_reply(Reply(503)).problem == "Heroku answered 503."


def test_a_long_body_is_cut():
    error = error_from_reply(Reply(502, {}, b"<html>" + b"x" * 5000))
    assert len(error.problem) < 300


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-type": "text/html"}, b"<html><title>403</title>Request blocked.</html>"),
        ({}, b"The request could not be satisfied"),
        ({"x-cache": "Error from cloudfront"}, b""),
        ({"x-cache": "Error from cloudfront"}, b'{"message":"Forbidden"}'),
    ],
)
def test_a_403_of_the_edge_does_not_blame_the_key(headers, body):
    error = error_from_reply(Reply(403, headers, body))
    assert type(error) is ContentBlockedError
    assert "firewall" in error.message
    assert "not the key" in error.message


def test_a_403_of_the_api_names_the_remedy():
    body = b'{"error":"{\\"code\\":403,\\"message\\":\\"you do not have access to that model\\"}"}'
    error = error_from_reply(Reply(403, {}, body))
    assert type(error) is PermissionDeniedError
    assert "heroku ai:models:create" in error.message


def test_the_wait_stays_with_the_error():
    assert error_from_reply(Reply(429, {"retry-after": "7"}, b"{}")).retry_after == 7


def test_an_error_event_has_the_class_of_its_code():
    reply = Reply(200, {"x-request-id": "r-2"})
    limited = stream_error(b'{"error":{"code":429,"message":"slow down"}}', reply)
    assert (type(limited), limited.status_code, limited.request_id) == (RateLimitError, 429, "r-2")
    unnumbered = stream_error(b"it broke", reply)
    assert (type(unnumbered), unnumbered.status_code) == (ServerError, 500)
    odd = stream_error(b'{"error":{"code":7,"message":"odd code"}}', reply)
    assert type(odd) is ServerError
    encoded = stream_error(b'{"error":"{\\"code\\":400,\\"message\\":\\"inner\\"}"}', reply)
    assert type(encoded) is InvalidRequestError
    assert "inner" in encoded.message
