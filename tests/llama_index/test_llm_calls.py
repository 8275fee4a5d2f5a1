"""The eight calls of `Heroku`: what they answer, and what they tell handlers and limiters."""

from __future__ import annotations

import json

import pytest
from llama_index.core.base.llms.types import ThinkingBlock
from llama_index.core.callbacks import CallbackManager, CBEventType, TokenCountingHandler
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.core.rate_limiter import BaseRateLimiter

from heroku_emulator import CallTools, Cut, Fault, RawBody, RawStream, Say
from heroku_inference import InvalidRequestError, StreamInterruptedError
from llama_index_heroku import Heroku
from tests.llama_index.records import Callbacks, recorded
from tests.wire_cases import TOOLS

pytestmark = pytest.mark.usefixtures("config_vars")

HELLO = [ChatMessage("Hello")]
CALLS = {
    "chat": lambda llm, **options: llm.chat(HELLO, **options),
    "stream_chat": lambda llm, **options: list(llm.stream_chat(HELLO, **options))[-1],
    "complete": lambda llm, **options: llm.complete("Hello", **options),
    "stream_complete": lambda llm, **options: list(llm.stream_complete("Hello", **options))[-1],
}
ACALLS = {
    "achat": lambda llm, **options: llm.achat(HELLO, **options),
    "astream_chat": lambda llm, **options: last(llm.astream_chat(HELLO, **options)),
    "acomplete": lambda llm, **options: llm.acomplete("Hello", **options),
    "astream_complete": lambda llm, **options: last(llm.astream_complete("Hello", **options)),
}


class Limiter(BaseRateLimiter):
    """Counts how often it is asked."""

    asked: int = 0

    def acquire(self, num_tokens=0):
        self.asked += 1

    async def async_acquire(self, num_tokens=0):
        self.asked += 1


async def last(awaitable):
    return [response async for response in await awaitable][-1]


@pytest.fixture(params=[*CALLS, *ACALLS])
def call(request):
    """One of the eight; `call.name` is its name."""

    async def call(llm, **options):
        if request.param in CALLS:
            return CALLS[request.param](llm, **options)
        return await ACALLS[request.param](llm, **options)

    call.name = request.param
    return call


@pytest.fixture
def llm():
    return Heroku(model="claude-4-5-sonnet")


def text(response):
    return response.text if hasattr(response, "text") else response.message.content


async def test_each_answers_with_usage_finish_reason_and_request_id(emulator, llm, call):
    emulator.script(Say("Bonjour à tous."))
    response = await call(llm, max_tokens=50)
    assert text(response) == "Bonjour à tous."
    told = response.additional_kwargs
    assert told["total_tokens"] == told["prompt_tokens"] + told["completion_tokens"] > 0
    assert told["finish_reason"] == "stop"
    assert told["request_id"]
    assert response.raw["usage"]["total_tokens"] == told["total_tokens"]
    assert response.raw["model"] == "claude-4-5-sonnet"
    body = emulator.journal[-1].body
    assert body["messages"] == [{"role": "user", "content": "Hello"}]
    assert body["max_tokens"] == 50
    assert bool(body.get("stream")) is ("stream" in call.name)


@pytest.mark.parametrize("failing", [False, True])
async def test_each_is_one_span_one_pair_of_events_and_one_turn_of_the_limiter(
    emulator, call, failing
):
    limiter = Limiter()
    callbacks = Callbacks()
    llm = Heroku(rate_limiter=limiter, callback_manager=CallbackManager([callbacks]))
    if failing:
        emulator.script(Fault(400))
    with recorded() as (events, spans):
        if failing:
            with pytest.raises(InvalidRequestError):
                await call(llm)
        else:
            await call(llm)
    family = "LLMCompletion" if "complete" in call.name else "LLMChat"
    names = [name for name in events.names if "InProgress" not in name and "Span" not in name]
    assert names[0] == f"{family}StartEvent"
    if failing:
        assert not any(name.endswith("EndEvent") for name in names)
    else:
        assert names == [f"{family}StartEvent", f"{family}EndEvent"]
        assert spans.names == [f"Heroku.{call.name}"]
    for told in (callbacks.started, callbacks.ended):
        assert [kind for kind, _ in told].count(CBEventType.LLM) == 1
    assert limiter.asked == 1


async def test_tokens_are_counted_as_heroku_counted_them(emulator, call):
    counter = TokenCountingHandler()
    llm = Heroku(callback_manager=CallbackManager([counter]))
    told = (await call(llm)).additional_kwargs
    assert counter.prompt_llm_token_count == told["prompt_tokens"]
    assert counter.completion_llm_token_count == told["completion_tokens"]


async def test_handlers_are_shown_the_model_and_no_key(emulator, call):
    with recorded() as (events, _):
        await call(
            Heroku(
                api_key=emulator.api_key,
                base_url=emulator.url,
                temperature=0.5,
                stop="END",
                extra_body={"top_k": 5},
            )
        )
    start = events.kept[0]
    expected = {
        "class_name": "Heroku",
        "model_name": "claude-4-5-sonnet",
        "model": "claude-4-5-sonnet",
        "maker_model_id": "claude-sonnet-4-5",
        "provider": "heroku",
        "temperature": 0.5,
        "stop": "END",
        "context_window": 200_000,
    }
    assert {name: start.model_dict[name] for name in expected} == expected
    assert not {"top_p", "top_k", "extra_body"} & start.model_dict.keys()
    assert emulator.api_key not in "".join(event.model_dump_json() for event in events.kept)


# Streams


def test_responses_grow_and_tell_what_is_new(emulator, llm):
    emulator.script(Say("Four it is.", reasoning="Two and two make four."))
    responses = list(llm.stream_chat(HELLO))
    assert len(responses) > 6
    said = thought = ""
    for response in responses:
        said += response.delta
        thought += response.additional_kwargs.get("thinking_delta", "")
        assert (response.message.content or "") == said
        block = response.message.blocks[0]
        assert (block.content if isinstance(block, ThinkingBlock) else "") == thought
    assert (said, thought) == ("Four it is.", "Two and two make four.")
    assert "thinking_delta" not in responses[-1].additional_kwargs


def test_a_response_is_not_changed_by_those_that_follow(emulator, llm):
    emulator.switch(delta_characters=3)
    emulator.script(
        CallTools([("add", {"a": 1}), ("now", {})], text="Let me see.", reasoning="Hm.")
    )
    responses, copies = [], []
    for response in llm.stream_chat(HELLO, tools=TOOLS):
        responses.append(response)
        copies.append(response.model_copy(deep=True))
    assert responses == copies
    blocks = [id(block) for response in responses for block in response.message.blocks]
    assert len(blocks) == len(set(blocks))


def test_thinking_comes_first(emulator, llm):
    emulator.script(Say("Four.", reasoning="Two and two."), Say("Four.", reasoning="Two and two."))
    for response in (llm.chat(HELLO), list(llm.stream_chat(HELLO))[-1]):
        thinking, said = response.message.blocks
        assert (thinking.content, said.text) == ("Two and two.", "Four.")


SIGNED = {"thinking": "Hm.", "signature": "abc"}
ANSWER = {"role": "assistant", "content": "", "reasoning": SIGNED, "refusal": "I cannot say."}


def test_signatures_and_refusals_stay_in_plain_and_streamed_answers(emulator, llm):
    choice = {"index": 0, "finish_reason": "stop"}
    frame = json.dumps({"id": "x", "choices": [{**choice, "delta": ANSWER}]})
    emulator.script(RawBody({"id": "x", "choices": [{**choice, "message": ANSWER}]}))
    emulator.script(RawStream(f"data: {frame}\n\ndata: [DONE]\n\n"))
    for response in (llm.chat(HELLO), list(llm.stream_chat(HELLO))[-1]):
        thinking, said = response.message.blocks
        assert thinking.content == "Hm."
        assert thinking.additional_information == {"signature": "abc"}
        assert said.text == ""
        assert response.message.additional_kwargs == {"refusal": "I cannot say."}


def test_an_interrupted_stream_holds_what_came(emulator, llm):
    emulator.script(Cut(after=3, answer=Say("one two three four")))
    with pytest.raises(StreamInterruptedError) as caught:
        list(llm.stream_complete("Hello"))
    assert caught.value.partial.startswith("one")


# What LlamaIndex builds on the calls


async def test_prompts_are_answered_under_the_system_prompt(emulator):
    llm = Heroku(system_prompt="Answer in French.")
    prompt = PromptTemplate("Say {what}.")
    emulator.script(Say("Oui.", times=4))
    assert llm.predict(prompt, what="yes") == "Oui."
    assert await llm.apredict(prompt, what="yes") == "Oui."
    assert "".join(llm.stream(prompt, what="yes")) == "Oui."
    assert "".join([piece async for piece in await llm.astream(prompt, what="yes")]) == "Oui."
    for entry in emulator.journal:
        assert entry.body["messages"] == [
            {"role": "system", "content": "Answer in French."},
            {"role": "user", "content": "Say yes."},
        ]


def test_as_no_chat_model_it_gets_prompts(emulator):
    llm = Heroku(is_chat_model=False, system_prompt="Be brief.")
    assert llm.predict(PromptTemplate("Say yes."))
    assert emulator.journal[-1].body["messages"][0]["role"] == "user"


def test_options_of_every_call_are_over_the_parameters_and_under_those_of_the_call(emulator):
    llm = Heroku(temperature=0.1, top_k=1, additional_kwargs={"temperature": 0.2, "max_tokens": 9})
    llm.chat(HELLO)
    body = emulator.journal[-1].body
    assert (body["temperature"], body["top_k"], body["max_tokens"]) == (0.2, 1, 9)
    llm.chat(HELLO, temperature=0.3)
    assert emulator.journal[-1].body["temperature"] == 0.3
    assert llm.additional_kwargs == {"temperature": 0.2, "max_tokens": 9}


def test_a_query_over_ten_long_nodes_is_one_call(emulator):
    from llama_index.core.response_synthesizers import get_response_synthesizer
    from llama_index.core.schema import NodeWithScore, TextNode

    nodes = [NodeWithScore(node=TextNode(text="word " * 1400)) for _ in range(10)]
    get_response_synthesizer(llm=Heroku()).synthesize("What is said?", nodes=nodes)
    assert len(emulator.journal) == 1


def test_no_tokenizer_is_fetched(emulator, llm, monkeypatch, tmp_path):
    from llama_index.core.memory import ChatMemoryBuffer

    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))  # empty: a tokenizer would be fetched
    llm.complete("Hello", max_tokens=None)
    assert ChatMemoryBuffer.from_defaults(llm=llm).token_limit == 150_000
