"""litellm's own `heroku/` provider on the emulator."""

from __future__ import annotations

import json

import pytest

from heroku_emulator import CallTools, Fault
from heroku_inference import KNOWN_MODELS, Client, Prices, Usage, UsageTally
from heroku_inference._catalogue import has_ended

# litellm's models of answers warn of themselves, and its shared sessions outlive an event loop.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:pydantic"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

QUESTION = [{"role": "user", "content": "2 + 3?"}]
ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Add two numbers.",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    },
}


@pytest.fixture(params=["sync", "async"])
def complete(request, emulator):
    """Calls `completion` or `acompletion`; a stream comes as a list of its chunks."""
    import litellm

    asynchronous = request.param == "async"
    server = {
        "model": "heroku/claude-4-5-sonnet",
        "api_base": emulator.url,
        "api_key": emulator.api_key,
        "num_retries": 0,
    }

    async def complete(messages, **options):
        options = {**server, **options}
        if not asynchronous:
            answer = litellm.completion(messages=messages, **options)
            return list(answer) if options.get("stream") else answer
        answer = await litellm.acompletion(messages=messages, **options)
        return [chunk async for chunk in answer] if options.get("stream") else answer

    return complete


async def test_a_chat_is_answered(complete, emulator):
    answer = await complete(QUESTION)
    assert answer.choices[0].message.content == "You said: 2 + 3?"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert emulator.journal[-1].path == "/v1/chat/completions"
    assert emulator.journal[-1].body["model"] == "claude-4-5-sonnet"


async def test_a_stream_is_the_same_as_the_plain_answer(complete, framing):
    chunks = await complete(QUESTION, stream=True)
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert len([piece for piece in pieces if piece]) > 1
    assert "".join(pieces) == (await complete(QUESTION)).choices[0].message.content
    reasons = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert [reason for reason in reasons if reason] == ["stop"]


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
async def test_a_tool_call_has_its_second_turn(complete, streamed, framing, emulator):
    import litellm

    emulator.script(CallTools([("add", {"a": 2, "b": 3})], text="I add.", ids=["tooluse_1"]))
    answer = await complete(QUESTION, tools=[ADD], stream=streamed)
    if streamed:
        answer = litellm.stream_chunk_builder(answer, messages=QUESTION)
    message = answer.choices[0].message
    (call,) = message.tool_calls
    assert (call.id, call.function.name) == ("tooluse_1", "add")
    assert json.loads(call.function.arguments) == {"a": 2, "b": 3}
    # litellm adds a field of its own to answers, which Heroku does not document for messages.
    echoed = message.model_dump(exclude_none=True, exclude={"provider_specific_fields"})
    result = {"role": "tool", "tool_call_id": call.id, "content": "The sum is 5."}
    second = await complete([*QUESTION, echoed, result], tools=[ADD])
    assert "The sum is 5." in second.choices[0].message.content
    assert [entry.status for entry in emulator.journal] == [200, 200]


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (403, "PermissionDeniedError"),
        (429, "RateLimitError"),
    ],
    ids=str,
)
async def test_a_refusal_is_understood_by_its_status(complete, status, name, envelope, emulator):
    import litellm

    emulator.script(Fault(status, "Something is wrong", times=5))
    with pytest.raises(getattr(litellm, name), match="Something is wrong"):
        await complete(QUESTION)


async def test_the_config_vars_of_litellm_are_enough(monkeypatch, emulator):
    import litellm

    monkeypatch.setenv("HEROKU_API_KEY", emulator.api_key)
    monkeypatch.setenv("HEROKU_API_BASE", emulator.url)
    answer = litellm.completion(model="heroku/claude-4-5-haiku", messages=QUESTION)
    assert answer.choices[0].message.content
    assert emulator.journal[-1].body["model"] == "claude-4-5-haiku"


def test_its_table_of_prices_knows_the_makers_ids_of_models_that_have_not_ended():
    import litellm

    priced = {name.removeprefix("cohere/") for name in litellm.model_cost}
    facts = [facts for facts in KNOWN_MODELS.values() if not has_ended(facts)]
    ids = {of_one.maker_id for of_one in facts if of_one.maker_id}
    # Their maker has retired these, and Heroku has not said when it will.
    retired = {"claude-3-haiku-20240307", "claude-sonnet-4-20250514"}
    assert ids - priced == retired


def test_its_table_of_prices_is_one_for_us():
    import litellm

    usage = Usage(1000, 200, 1200, cached_tokens=500)
    cost = Prices(litellm.model_cost).cost("claude-4-5-sonnet", usage)
    theirs = litellm.cost_per_token(
        "claude-sonnet-4-5",
        prompt_tokens=1000,
        completion_tokens=200,
        cache_read_input_tokens=500,
        custom_llm_provider="anthropic",
    )
    assert cost == pytest.approx(sum(theirs))


def test_one_table_of_prices_serves_both(emulator):
    import litellm

    price = {"input_cost_per_token": 3e-6, "output_cost_per_token": 15e-6}
    table = {"heroku/claude-4-5-sonnet": {**price, "litellm_provider": "heroku", "mode": "chat"}}
    litellm.register_model(table)
    key, url = emulator.api_key, emulator.url
    theirs = litellm.completion("heroku/claude-4-5-sonnet", QUESTION, api_base=url, api_key=key)
    tally = UsageTally(Prices(table))
    tally.add(Client(api_key=key, base_url=url, model="claude-4-5-sonnet").chat(QUESTION))
    assert tally.cost == pytest.approx(litellm.completion_cost(theirs))
