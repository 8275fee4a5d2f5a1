"""What Heroku's guides for users of OpenAI show, through the SDK and through our classes.

"Migrate from OpenAI" and "OpenAI compatibility": each program of theirs, written anew, must give
the same by every way.
"""

from __future__ import annotations

import openai
import pytest

from heroku_emulator import Fault, Say
from heroku_inference import (
    APIError,
    AuthenticationError,
    Client,
    InvalidRequestError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from langchain_heroku import ChatHeroku
from llama_index_heroku import Heroku
from tests.openai_sdk import ways
from tests.openai_sdk.ways import QUESTION, WEATHER

CONVERSATION = [
    {"role": "system", "content": "You answer in one sentence."},
    {"role": "user", "content": "What runs an app?"},
]
THINKING = {"enabled": True, "budget_tokens": 1024, "include_reasoning": True}
NUMBERS = pytest.approx


def answer_of(response) -> ways.Answer:
    message, usage = response.choices[0].message, response.usage
    reasoning = (message.model_extra or {}).get("reasoning")
    tokens = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)
    return ways.Answer(message.content, tokens, reasoning and reasoning["thinking"])


# Chat


@pytest.mark.parametrize("way", ways.CHAT.values(), ids=list(ways.CHAT))
async def test_a_chat_gives_the_same_by_every_way(way, sdk):
    theirs = answer_of(await sdk.chat(CONVERSATION))
    assert theirs.text
    assert await way(CONVERSATION) == theirs


@pytest.mark.parametrize(
    "options",
    [{"temperature": 0.2}, {"max_tokens": 3}, {"stop": ["runs"]}],
    ids=lambda o: next(iter(o)),
)
async def test_options_mean_the_same_by_every_way(options, sdk, emulator):
    theirs = answer_of(await sdk.chat(CONVERSATION, **options))
    for way in ways.CHAT.values():
        assert await way(CONVERSATION, **options) == theirs
    sent = [{name: entry.body.get(name) for name in options} for entry in emulator.journal]
    assert sent == [options] * (1 + len(ways.CHAT))


# Streaming


@pytest.mark.parametrize("way", ways.STREAMS.values(), ids=list(ways.STREAMS))
async def test_a_stream_gives_the_same_by_every_way(way, framing, sdk):
    chunks = await sdk.stream(CONVERSATION)
    theirs = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    ours = way(CONVERSATION)
    assert len([piece for piece in ours if piece]) > 1
    assert "".join(ours) == "".join(theirs) == answer_of(await sdk.chat(CONVERSATION)).text


async def test_the_tokens_of_a_stream_are_the_same(framing, sdk):
    chunks = await sdk.stream(CONVERSATION, stream_options={"include_usage": True})
    theirs = [c.usage.total_tokens for c in chunks if c.usage and c.usage.model_extra is not None][
        -1
    ]
    ours = [chunk.usage for chunk in Client().stream_chat(CONVERSATION) if chunk.usage]
    assert [usage.total_tokens for usage in ours] == [theirs]


# Embeddings


@pytest.mark.parametrize("way", ways.QUERIES.values(), ids=list(ways.QUERIES))
async def test_the_vector_of_a_question_is_the_same_by_every_way(way, sdk, emulator):
    response = await sdk.embed("What runs an app?", extra_body={"input_type": "search_query"})
    assert len(response.data[0].embedding) == 1024
    assert list(way("What runs an app?")) == NUMBERS(response.data[0].embedding, abs=1e-6)
    assert [entry.body["input_type"] for entry in emulator.journal] == ["search_query"] * 2


@pytest.mark.parametrize("way", ways.DOCUMENTS.values(), ids=list(ways.DOCUMENTS))
async def test_the_vectors_of_documents_are_the_same_by_every_way(way, sdk, emulator):
    texts = ["Dynos run apps.", "Cats sleep.", "Rain falls."]
    response = await sdk.embed(texts, extra_body={"input_type": "search_document"})
    ours = way(texts)
    assert [list(vector) for vector in ours] == [
        NUMBERS(item.embedding, abs=1e-6) for item in response.data
    ]
    assert [entry.body["input_type"] for entry in emulator.journal] == ["search_document"] * 2


async def test_vectors_are_requested_as_numbers_by_default(sdk, emulator):
    plain = (await sdk.embed("a")).data[0].embedding
    packed = (await sdk.embed("a", encoding_format="base64")).data[0].embedding
    raw = await sdk.of(
        sdk.client.embeddings.with_raw_response.create(model="cohere-embed-v4", input="a")
    )
    assert isinstance(plain, list)
    assert isinstance(packed, str)
    assert raw.parse().data
    formats = [entry.body["encoding_format"] for entry in emulator.journal]
    assert formats == ["raw", "base64", "raw"]


# Extended thinking


@pytest.mark.parametrize("way", ways.CHAT.values(), ids=list(ways.CHAT))
async def test_thinking_is_the_same_by_every_way(way, sdk, emulator):
    emulator.script(Say("42.", reasoning="Six by seven."), Say("42.", reasoning="Six by seven."))
    theirs = answer_of(await sdk.chat("6 x 7?", extra_body={"extended_thinking": THINKING}))
    assert theirs.reasoning == "Six by seven."
    question = [{"role": "user", "content": "6 x 7?"}]
    assert await way(question, extended_thinking=THINKING) == theirs
    first, second = emulator.journal
    assert first.body["extended_thinking"] == second.body["extended_thinking"] == THINKING


async def test_thinking_is_streamed_the_same(framing, sdk, emulator):
    emulator.script(*[Say("It is 42.", reasoning="Six by seven.")] * 2)
    chunks = await sdk.stream("6 x 7?", extra_body={"extended_thinking": THINKING})
    deltas = [c.choices[0].delta.model_extra or {} for c in chunks if c.choices]
    theirs = "".join((delta.get("reasoning") or {}).get("thinking", "") for delta in deltas)
    question = [{"role": "user", "content": "6 x 7?"}]
    ours = "".join(c.reasoning for c in Client().stream_chat(question, extended_thinking=THINKING))
    assert ours == theirs == "Six by seven."


# Images


async def test_an_image_is_drawn_for_the_sdk(sdk):
    made = await sdk.of(
        sdk.client.images.generate(model="stable-image-ultra", prompt="A cat", size="1024x1024")
    )
    assert made.data[0].b64_json.startswith("iVBORw0KGgo")


# Checking a set-up


async def checks_by_sdk(sdk) -> dict[str, bool]:
    chat = await sdk.chat(CONVERSATION, max_tokens=50)
    chunks = await sdk.stream(CONVERSATION)
    tools = await sdk.chat(QUESTION, tools=[WEATHER], tool_choice="required")
    vectors = await sdk.embed(["a", "b"], extra_body={"input_type": "search_document"})
    return {
        "answers": bool(chat.choices[0].message.content),
        "counts tokens": chat.usage.total_tokens > 0,
        "streams": sum(1 for c in chunks if c.choices and c.choices[0].delta.content) > 1,
        "calls tools": bool(tools.choices[0].message.tool_calls),
        "embeds": [len(item.embedding) for item in vectors.data] == [1024, 1024],
    }


def checks_by_core() -> dict[str, bool]:
    client = Client()
    question = [{"role": "user", "content": QUESTION}]
    chat = client.chat(CONVERSATION, max_tokens=50)
    tools = client.chat(question, tools=[WEATHER], tool_choice="required")
    return {
        "answers": bool(chat.text),
        "counts tokens": chat.usage is not None and chat.usage.total_tokens > 0,
        "streams": sum(1 for chunk in client.stream_chat(CONVERSATION) if chunk.text) > 1,
        "calls tools": bool(tools.tool_calls),
        "embeds": [len(vector) for vector in client.embed(["a", "b"]).vectors] == [1024, 1024],
    }


async def test_a_check_of_the_set_up_passes_by_both_ways(sdk):
    theirs = await checks_by_sdk(sdk)
    assert all(theirs.values()), theirs
    assert checks_by_core() == theirs


# Handling errors

ERRORS = {
    400: (openai.BadRequestError, InvalidRequestError),
    401: (openai.AuthenticationError, AuthenticationError),
    403: (openai.PermissionDeniedError, PermissionDeniedError),
    429: (openai.RateLimitError, RateLimitError),
    500: (openai.InternalServerError, ServerError),
}


@pytest.mark.parametrize(("status", "classes"), ERRORS.items(), ids=map(str, ERRORS))
async def test_a_failure_has_its_own_class_by_both_ways(
    status, classes, envelope, make_sdk, config_vars, emulator
):
    theirs, ours = classes
    emulator.script(Fault(status, headers={"retry-after": "0"}, times=10))
    with pytest.raises(theirs) as by_sdk:
        await make_sdk(max_retries=0).chat(CONVERSATION)
    ways_of_ours = [Client(max_retries=0).chat, ChatHeroku(max_retries=0).invoke]
    for way in ways_of_ours:
        with pytest.raises(ours) as by_core:
            way(CONVERSATION)
        assert isinstance(by_core.value, APIError)
        assert by_core.value.status_code == by_sdk.value.status_code
        assert by_core.value.type == by_sdk.value.type
    with pytest.raises(ours):
        Heroku(max_retries=0).chat(ways.told(CONVERSATION))


async def test_no_server_is_a_connection_error(make_sdk):
    sdk = make_sdk(api_key="inf-made-up", base_url="http://127.0.0.1:1", max_retries=0)
    with pytest.raises(openai.APIConnectionError):
        await sdk.chat()
