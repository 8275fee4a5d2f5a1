"""Anthropic's own SDK against the emulator, with nothing of this project between them."""

import inspect

import anthropic
import pytest

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, Say

PATH = "/v1/messages"
MODEL = {"model": "claude-4-5-sonnet", "max_tokens": 4000}
THINKING = {"type": "enabled", "budget_tokens": 2000}
HELLO = {"role": "user", "content": "Hello"}
SUM = {"role": "user", "content": "Use add(1, 2)"}
ADD = {
    "name": "add",
    "description": "Adds two numbers",
    "input_schema": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
}


@pytest.fixture(params=["heroku", "anthropic"])
def envelope(request, emulator):
    """Both forms that errors of this endpoint may have."""
    emulator.switch(messages_error_envelope=request.param)
    return request.param


@pytest.fixture(params=["sync", "async"])
async def sdk(request, emulator):
    """The SDK as its users set it up for Heroku: base URL and key, nothing else."""
    kind = anthropic.Anthropic if request.param == "sync" else anthropic.AsyncAnthropic
    client = kind(base_url=emulator.url, api_key=emulator.api_key, max_retries=0)
    yield client
    await settled(client.close())


async def settled(value):
    return await value if inspect.isawaitable(value) else value


async def create(sdk, *messages, **fields):
    return await settled(sdk.messages.create(messages=list(messages), **MODEL | fields))


async def events(sdk, *messages, **fields):
    """Every event of a raw stream."""
    stream = await create(sdk, *messages, stream=True, **fields)
    if isinstance(stream, anthropic.Stream):
        return list(stream)
    return [event async for event in stream]


async def streamed(sdk, *messages, **fields):
    """The message that the SDK itself puts together."""
    manager = sdk.messages.stream(messages=list(messages), **MODEL | fields)
    if isinstance(sdk, anthropic.Anthropic):
        with manager as stream:
            return stream.get_final_message()
    async with manager as stream:
        return await stream.get_final_message()


def kinds(message):
    return [block.type for block in message.content]


def result_of(message):
    call = message.content[-1]
    total = call.input["a"] + call.input["b"]
    block = {"type": "tool_result", "tool_use_id": call.id, "content": str(total)}
    return {"role": "user", "content": [block]}


def said(blocks):
    return {"role": "assistant", "content": blocks}


async def test_it_chats(sdk, emulator):
    message = await create(sdk, HELLO, system="Be brief.", stop_sequences=["never"])
    assert message.content[0].text == "You said: Hello"
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens > 0
    assert message._request_id is None  # Heroku is not known to say `request-id`
    assert "anthropic-version" in emulator.journal[-1].headers


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"sse_space": False, "split_bytes": 3},
        {"heartbeats": True, "pings": True, "delta_characters": 1},
    ],
    ids=str,
)
async def test_it_streams_in_every_framing(sdk, emulator, switches):
    emulator.switch(**switches)
    message = await streamed(sdk, HELLO)
    assert message.content[0].text == "You said: Hello"
    assert (message.stop_reason, message.usage.output_tokens) == ("end_turn", 4)
    names = [event.type for event in await events(sdk, HELLO)]
    assert (names[0], names[-1]) == ("message_start", "message_stop")
    assert set(names[1:-1]) == {
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
    }


@pytest.mark.parametrize("ask", [create, streamed], ids=["plain", "streamed"])
async def test_it_calls_a_tool_and_comes_back_with_the_result(sdk, ask):
    first = await ask(sdk, SUM, tools=[ADD])
    assert kinds(first) == ["text", "tool_use"]
    assert (first.stop_reason, first.content[-1].input) == ("tool_use", {"a": 1, "b": 2})
    second = await ask(sdk, SUM, said(first.content), result_of(first), tools=[ADD])
    assert second.content[0].text == "add says: 3"


@pytest.mark.parametrize("form", ["shown", "omitted", "redacted"])
@pytest.mark.parametrize("ask", [create, streamed], ids=["plain", "streamed"])
async def test_it_thinks_between_tools_for_two_rounds(sdk, emulator, ask, form):
    emulator.switch(messages_thinking=form)
    emulator.script(
        CallTools([("add", {"a": 1, "b": 2})], reasoning="First one and two.", path=PATH),
        CallTools([("add", {"a": 3, "b": 4})], reasoning="Then the rest.", path=PATH),
        Say("It is 7.", reasoning="That is all.", path=PATH),
    )
    thinking = "redacted_thinking" if form == "redacted" else "thinking"
    history = [SUM]
    for _ in range(2):
        message = await ask(sdk, *history, tools=[ADD], thinking=THINKING)
        assert kinds(message) == [thinking, "tool_use"]
        history += [said(message.content), result_of(message)]
    message = await ask(sdk, *history, tools=[ADD], thinking=THINKING)
    assert kinds(message) == [thinking, "text"]
    assert (message.content[-1].text, len(emulator.remaining_script)) == ("It is 7.", 0)


@pytest.mark.parametrize(
    ("touch", "complaint"),
    [
        pytest.param(
            lambda thought: [],
            "Expected `thinking` or `redacted_thinking`, but found `text`",
            id="stripped",
        ),
        pytest.param(
            lambda thought: [thought.model_copy(update={"thinking": "Something else."})],
            "Invalid `signature` in `thinking` block",
            id="altered",
        ),
        pytest.param(
            lambda thought: [thought.model_copy(update={"signature": thought.signature[:-4]})],
            "Invalid `signature` in `thinking` block",
            id="signature cut",
        ),
    ],
)
async def test_thinking_that_was_touched_is_refused(sdk, envelope, touch, complaint):
    first = await streamed(sdk, SUM, tools=[ADD], thinking=THINKING)
    thought, *rest = first.content
    history = [SUM, said([*touch(thought), *rest]), result_of(first)]
    with pytest.raises(anthropic.BadRequestError) as error:
        await create(sdk, *history, tools=[ADD], thinking=THINKING)
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, anthropic.BadRequestError),
        (401, anthropic.AuthenticationError),
        (403, anthropic.PermissionDeniedError),
        (404, anthropic.NotFoundError),
        (422, anthropic.UnprocessableEntityError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
        (529, anthropic.InternalServerError),
    ],
)
async def test_errors_become_those_of_the_sdk(sdk, emulator, envelope, status, kind):
    emulator.script(Fault(status, "The reason.", times=2))
    for ask in (create, streamed):
        with pytest.raises(kind, match=r"The reason\.") as error:
            await ask(sdk, HELLO)
        assert error.value.status_code == status


async def test_a_wrong_key_is_refused(emulator, envelope):
    client = anthropic.Anthropic(base_url=emulator.url, api_key="inf-made-up", max_retries=0)
    with client, pytest.raises(anthropic.AuthenticationError):
        client.messages.create(messages=[HELLO], **MODEL)


async def test_the_bearer_form_of_the_key_works(emulator):
    with anthropic.Anthropic(base_url=emulator.url, auth_token=emulator.api_key) as client:
        assert client.messages.create(messages=[HELLO], **MODEL).type == "message"
    assert emulator.journal[-1].headers["authorization"] == "***"


async def test_an_error_in_the_stream_is_raised(sdk, emulator, envelope):
    emulator.script(ErrorEvent(after=4, status=529, message="The reason.", path=PATH))
    with pytest.raises(anthropic.APIStatusError, match=r"The reason\."):
        await streamed(sdk, HELLO)


async def test_a_stream_that_is_lost_is_noticed(sdk, emulator):
    emulator.script(Cut(after=4, path=PATH))
    with pytest.raises(Exception, match=r"peer closed connection|incomplete"):
        await streamed(sdk, HELLO)


async def test_the_sdk_tries_again_by_itself(emulator):
    emulator.script(Fault(529, headers={"retry-after-ms": "1"}, times=2))
    with anthropic.Anthropic(base_url=emulator.url, api_key=emulator.api_key) as client:
        assert client.messages.create(messages=[HELLO], **MODEL).type == "message"
    assert [entry.status for entry in emulator.journal] == [529, 529, 200]


async def test_pictures_and_cached_blocks_are_taken(sdk):
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    cached = {"cache_control": {"type": "ephemeral"}}
    shown = [{"type": "image", "source": source}, {"type": "text", "text": "Hello"} | cached]
    system = [{"type": "text", "text": "Be brief."} | cached]
    message = await create(
        sdk, {"role": "user", "content": shown}, system=system, tools=[ADD | cached]
    )
    assert message.content[0].text == "You said: Hello"
