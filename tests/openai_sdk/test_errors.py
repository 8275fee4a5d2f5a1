"""Heroku's errors, read by the SDK: code, type and message in both envelopes, and a remedy."""

from __future__ import annotations

from importlib import import_module

import openai
import pytest

from heroku_emulator import ErrorEvent, Fault, RawStream, Reset
from heroku_inference import APIError, Client

STATUSES = {
    400: (openai.BadRequestError, "invalid_request"),
    401: (openai.AuthenticationError, "authentication_error"),
    403: (openai.PermissionDeniedError, "authorization_error"),
    404: (openai.NotFoundError, "not_found"),
    422: (openai.UnprocessableEntityError, "unprocessable_entity"),
    429: (openai.RateLimitError, "rate_limit_error"),
    500: (openai.InternalServerError, "server_error"),
    503: (openai.InternalServerError, "server_error"),
}


@pytest.fixture
def sdk(make_sdk, config_vars):
    return make_sdk(max_retries=0)


@pytest.mark.parametrize(("status", "expected"), STATUSES.items(), ids=map(str, STATUSES))
@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
async def test_each_status_has_code_type_and_message(
    status, expected, streamed, envelope, sdk, emulator
):
    kind, type_ = expected
    emulator.script(Fault(status, "Something is wrong"))
    with pytest.raises(kind) as raised:
        await (sdk.stream() if streamed else sdk.chat())
    error = raised.value
    # The SDK declares `code` as text, and newer ones make it that.
    assert (error.status_code, str(error.code), error.type) == (status, str(status), type_)
    assert error.message.startswith(f"Error code: {status} - Something is wrong.")
    assert error.body == {"code": status, "message": "Something is wrong", "type": type_}
    assert error.request_id
    assert str(error) == error.message


@pytest.mark.parametrize("form", ["plain", "flat", "message", "text", "empty"])
async def test_envelopes_of_other_kinds_are_understood_too(form, sdk, emulator):
    emulator.switch(error_envelope=form)
    emulator.script(Fault(400, "Something is wrong"))
    with pytest.raises(openai.BadRequestError) as raised:
        await sdk.chat()
    assert ("Something is wrong" in str(raised.value)) == (form != "empty")


async def test_the_remedy_is_the_one_of_our_own_client(envelope, sdk, emulator):
    emulator.script(Fault(403, times=2))
    with pytest.raises(openai.PermissionDeniedError) as theirs:
        await sdk.chat()
    with pytest.raises(APIError) as ours:
        Client().chat([{"role": "user", "content": "Hi"}])
    remedy = "you do not have access to that model. The key does not open this model."
    assert remedy in str(theirs.value)
    assert remedy in str(ours.value)


async def test_a_firewall_block_is_distinguished_from_a_key_without_access(sdk, emulator):
    emulator.script(Fault.html403())
    with pytest.raises(openai.PermissionDeniedError) as raised:
        await sdk.chat()
    assert "The firewall in front of the API refused the text, not the key" in str(raised.value)
    assert "<" not in str(raised.value)


async def test_the_real_firewall_rule_is_distinguished_too(sdk, emulator):
    emulator.switch(firewall=True)
    with pytest.raises(openai.PermissionDeniedError, match="firewall"):
        await sdk.chat("cat ../../../etc/passwd")


MODELS = {
    "chat": (lambda sdk: sdk.chat(model="gpt-4o"), "claude-4-5-sonnet"),
    "stream": (lambda sdk: sdk.stream(model="gpt-4o-mini"), "claude-4-5-haiku"),
    "embed": (
        lambda sdk: sdk.embed("a", model="text-embedding-3-small"),
        "cohere-embed-multilingual",
    ),
    "image": (
        lambda sdk: sdk.of(sdk.client.images.generate(prompt="A cat", model="dall-e-3")),
        "stable-image-ultra",
    ),
}


@pytest.mark.parametrize(("call", "instead"), MODELS.values(), ids=list(MODELS))
async def test_a_refused_model_of_openais_is_answered_with_the_one_to_use(
    call, instead, envelope, sdk
):
    with pytest.raises(openai.NotFoundError) as raised:
        await call(sdk)
    assert f"on Heroku use {instead!r}" in str(raised.value)


async def test_a_per_model_plan_names_it_too(sdk, emulator, envelope):
    emulator.script(Fault(403))
    with pytest.raises(openai.PermissionDeniedError, match="on Heroku use 'claude-4-5-sonnet'"):
        await sdk.chat(model="gpt-4.1-2025-04-14")


@pytest.mark.parametrize("form", ["object", "string", "flat", "text"])
async def test_an_error_in_the_middle_of_a_stream_says_what_it_is(form, framing, sdk, emulator):
    emulator.script(ErrorEvent(form=form, status=429, message="Slow down, please"))
    with pytest.raises(openai.APIError) as raised:
        await sdk.stream()
    assert "Slow down, please" in raised.value.message
    if form != "text":
        assert (str(raised.value.code), raised.value.type) == ("429", "rate_limit_error")


@pytest.mark.parametrize("form", ["object", "string", "flat", "text"])
async def test_a_stream_that_quotes_the_key_does_not_show_it(form, sdk, emulator):
    key = emulator.api_key
    emulator.script(ErrorEvent(form=form, message=f"Invalid API key provided: {key}"))
    with pytest.raises(openai.APIError) as raised:
        await sdk.stream()
    assert "Invalid API key provided: ***" in str(raised.value)
    assert key not in f"{raised.value} {raised.value.body} {raised.value.message}"


GATEWAY = {"x-gateway": "a-secret-of-the-gateway"}
FAILURES = {
    "a refusal": (Fault(400), False),
    "a reset": (Reset(), False),
    "an error in mid-stream": (ErrorEvent(status=429), True),
}


@pytest.mark.parametrize(("step", "streamed"), FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("library", ["", "httpx", "httpx2"])
async def test_the_request_that_an_error_holds_has_no_key(
    step, streamed, library, make_sdk, emulator, request
):
    own = {}
    if library and "async" in request.node.name:
        own["async_http_client"] = import_module(library).AsyncClient()
    elif library:
        own["http_client"] = import_module(library).Client()
    key = emulator.api_key
    sdk = make_sdk(
        api_key=key, base_url=emulator.url, max_retries=0, default_headers=GATEWAY, **own
    )
    emulator.script(step)
    with pytest.raises(openai.APIError) as raised:
        await (sdk.stream() if streamed else sdk.chat())
    [entry] = emulator.journal
    assert entry.headers["x-gateway"] == GATEWAY["x-gateway"]
    error = raised.value
    holders = [error, getattr(error, "response", None), error.__cause__]
    for sent in [holder.request for holder in holders if holder is not None]:
        assert sent.headers["user-agent"].startswith("heroku-inference/")
        assert sent.headers["authorization"] == sent.headers["x-gateway"] == "***"
        assert key.encode() not in b"".join(value for _, value in sent.headers.raw)


UNNAMED = {
    "spaced": '{ "error": "{\\"code\\":429,\\"message\\":\\"Slow down\\",\\"type\\":\\"rate\\"}" }',
    "object": '\t{"error":{"code":429,"message":"Slow down","type":"rate"}}',
    "flat": '{"code":429,"message":"Slow down","type":"rate"}',
    "message": '{"message":"Slow down"}',
}


@pytest.mark.parametrize("data", UNNAMED.values(), ids=list(UNNAMED))
async def test_an_error_in_an_event_of_no_name_is_one_too(data, sdk, emulator):
    said = 'data: {"choices":[{"index":0,"delta":{"content":"One"}}]}\n\n'
    emulator.script(RawStream(f"{said}data: {data}\n\n"))
    with pytest.raises(openai.APIError, match="Slow down") as raised:
        await sdk.stream()
    expected = ("500", "None") if data == UNNAMED["message"] else ("429", "rate")
    assert (str(raised.value.code), str(raised.value.type)) == expected


MISSING = {
    "models": (
        lambda client: client.models.list(),
        "/v1/models: heroku_inference.Client().models() lists the models.",
    ),
    "model": (
        lambda client: client.models.retrieve("gpt-4o"),
        "/v1/models/gpt-4o: heroku_inference.Client()",
    ),
    "responses": (
        lambda client: client.responses.create(model="gpt-4o", input="Hi"),
        "/v1/responses: use chat.completions",
    ),
    "completions": (
        lambda client: client.completions.create(model="gpt-4o", prompt="Hi"),
        "/v1/completions: use chat.completions",
    ),
    "files": (lambda client: client.files.list(), "/v1/files."),
}


@pytest.mark.parametrize(("call", "said"), MISSING.values(), ids=list(MISSING))
async def test_features_that_heroku_lacks_are_reported_as_missing(call, said, envelope, sdk):
    with pytest.raises(openai.NotFoundError) as raised:
        await drained(call(sdk.client))
    assert f"Heroku has no {said}" in str(raised.value)
    assert "Check the model id" not in str(raised.value)


async def drained(outcome):
    """Awaits what is to be awaited, and reads lists, which the SDK asks for late."""
    if hasattr(outcome, "__await__"):
        await outcome


@pytest.mark.parametrize("header", ["x-request-id", "request-id"])
async def test_the_request_id_is_read_from_either_header(header, sdk, emulator):
    emulator.switch(request_id_header=header)
    emulator.script(Fault(400))
    with pytest.raises(openai.BadRequestError) as raised:
        await sdk.chat()
    assert raised.value.request_id


async def test_the_sdk_alone_loses_code_and_type(emulator):
    """Why all of this: should the SDK ever read them itself, it can go."""
    emulator.switch(error_envelope="string")
    emulator.script(Fault(403))
    with (
        openai.OpenAI(api_key=emulator.api_key, base_url=f"{emulator.url}/v1") as plain,
        pytest.raises(openai.PermissionDeniedError) as raised,
    ):
        plain.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])
    assert (raised.value.code, raised.value.type) == (None, None)
