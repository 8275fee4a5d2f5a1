"""What a call sends, and how caches, limiters, retries and fallbacks see it."""

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import HumanMessage
from langchain_core.rate_limiters import InMemoryRateLimiter

from heroku_emulator import Fault, Say
from heroku_inference._chat.request import chat_request
from heroku_inference._client_base import ChatOptions
from langchain_heroku import ChatHeroku, errors

pytestmark = pytest.mark.usefixtures("config_vars")


@pytest.fixture
def llm():
    return ChatHeroku(model="claude-4-5-sonnet")


def sent(emulator):
    body = dict(emulator.journal[-1].body)
    body.pop("messages")
    return body


def test_thinking_and_effort_are_sent(emulator):
    answer = ChatHeroku(extended_thinking=2000, max_tokens=4000).invoke("Hello")
    assert sent(emulator)["extended_thinking"] == {
        "enabled": True,
        "budget_tokens": 2000,
        "include_reasoning": True,
    }
    assert answer.content_blocks[0]["type"] == "reasoning"
    ChatHeroku(reasoning_effort="low").invoke("Hello")
    assert sent(emulator)["reasoning_effort"] == "low"


def test_an_argument_that_heroku_ignores_is_left_out_with_a_warning(emulator):
    with pytest.warns(UserWarning, match="has no argument 'frequency_penalty'"):
        llm = ChatHeroku(model="claude-4-5-sonnet", frequency_penalty=0.5)
    with pytest.warns(UserWarning, match="frequency_penalty not sent"):
        llm.invoke("Hello")
    assert sent(emulator) == {"model": "claude-4-5-sonnet"}


@pytest.mark.parametrize("place", ["model_kwargs", "extra_body"])
def test_a_field_nobody_knows_goes_to_heroku_which_answers_for_it(emulator, config_vars, place):
    llm = ChatHeroku(model="claude-4-5-sonnet", **{place: {"quux": 1}})
    with pytest.raises(errors.InvalidRequestError):
        llm.invoke("Hello")
    assert emulator.journal[-1].body["quux"] == 1


def test_every_option_of_the_core_can_be_passed_to_a_call():
    import inspect

    parameters = inspect.signature(chat_request).parameters.values()
    core = {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}
    sending = {"timeout", "extra_headers", "extra_query"}
    assert core - {"model", "stream"} == set(ChatOptions.__annotations__) - sending


async def test_several_answers_are_several_requests_counted_together(emulator):
    llm = ChatHeroku(model="claude-4-5-sonnet", n=3)
    emulator.script(*[Say(text) for text in "abc"])
    result = llm.generate([[HumanMessage("Hello")]])
    assert sorted(generation.text for generation in result.generations[0]) == ["a", "b", "c"]
    assert "n" not in emulator.journal[-1].body
    total = sum(g.message.usage_metadata["total_tokens"] for g in result.generations[0])
    assert result.llm_output["token_usage"]["total_tokens"] == total
    assert len((await llm.agenerate([[HumanMessage("Hello")]], n=2)).generations[0]) == 2
    assert len(emulator.journal) == 5


def test_a_batch_keeps_its_order_and_counts_together(emulator, llm):
    answers = llm.batch([f"Say {number}" for number in range(5)])
    assert all(str(number) in answer.text for number, answer in enumerate(answers))
    result = llm.generate([[HumanMessage("a")], [HumanMessage("b")]])
    each = [g[0].message.usage_metadata["total_tokens"] for g in result.generations]
    assert result.llm_output["token_usage"]["total_tokens"] == sum(each)


# Caches, limits, alternatives


def test_a_cache_answers_the_same_call_and_no_other(emulator):
    cache = InMemoryCache()
    llm = ChatHeroku(model="claude-4-5-sonnet", cache=cache)
    first = llm.invoke("Hello")
    again = llm.invoke("Hello")
    assert again.text == first.text
    assert again.usage_metadata["total_cost"] == 0
    assert len(emulator.journal) == 1
    calls = [
        lambda: llm.invoke("Bye"),
        lambda: llm.invoke("Hello", stop=["x"]),
        lambda: llm.invoke("Hello", temperature=0.5),
        lambda: llm.model_copy(update={"temperature": 0.25}).invoke("Hello"),
        lambda: llm.model_copy(update={"model": "claude-4-5-haiku"}).invoke("Hello"),
    ]
    for number, call in enumerate(calls, 2):
        call()
        assert len(emulator.journal) == number
    llm.temperature = 0.75
    llm.invoke("Hello")
    assert len(emulator.journal) == len(calls) + 2


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.5},
        {"top_p": 0.5},
        {"top_k": 5},
        {"max_tokens": 5000},
        {"stop": ["x"]},
        {"extended_thinking": 1024},
        {"reasoning_effort": "low"},
        {"parallel_tool_calls": False},
        {"n": 2},
        {"extra_body": {"top_k": 3}},
        {"model_kwargs": {"top_k": 3}},
        {"alias": "INFERENCE_TEAL"},
        {"prompt_caching": False},
        {"output_version": "v1"},
    ],
    ids=str,
)
def test_every_field_that_changes_an_answer_is_part_of_the_cache_key(llm, change):
    assert llm.model_copy(update=change)._get_llm_string() != llm._get_llm_string()


def test_the_model_of_a_config_var_is_part_of_the_cache_key_and_the_key_is_not(monkeypatch):
    first = ChatHeroku()._get_llm_string()
    monkeypatch.setenv("INFERENCE_MODEL_ID", "claude-4-5-haiku")
    assert ChatHeroku()._get_llm_string() != first
    assert "inf-emulator-key" not in ChatHeroku(api_key="inf-emulator-key")._get_llm_string()


def test_a_rate_limiter_counts_requests_and_not_cached_answers(emulator):
    limiter = InMemoryRateLimiter(requests_per_second=1000, check_every_n_seconds=0.001)
    asked = []
    acquire = limiter.acquire
    limiter.acquire = lambda **options: asked.append(1) or acquire(**options)
    llm = ChatHeroku(rate_limiter=limiter, cache=InMemoryCache())
    llm.invoke("Hello")
    llm.invoke("Hello")
    assert len(asked) == len(emulator.journal) == 1


def test_retries_and_fallbacks_of_langchain_go_by_the_class(emulator):
    llm = ChatHeroku(max_retries=0)
    emulator.script(Fault(503, times=2))
    retrying = llm.with_retry(
        retry_if_exception_type=(errors.ServerError,), wait_exponential_jitter=False
    )
    assert retrying.invoke("Hello").text
    emulator.script(Fault(429))
    other = ChatHeroku(model="claude-4-5-haiku")
    falling_back = llm.with_fallbacks([other], exceptions_to_handle=(errors.RateLimitError,))
    assert falling_back.invoke("Hello").response_metadata["model_name"] == "claude-4-5-haiku"


def test_a_conversation_that_is_too_long_is_langchains_overflow(emulator, llm):
    emulator.script(Fault(400, message="prompt is too long: 9 > 8", times=9))
    with pytest.raises(ContextOverflowError):
        llm.invoke("Hello")
    assert len(emulator.journal) == 1
