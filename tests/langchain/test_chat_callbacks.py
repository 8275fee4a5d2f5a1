"""What a call tells callbacks and tracers, and what its answer says of itself."""

import warnings

import pytest
from langchain_core.callbacks import (
    AsyncCallbackHandler,
    BaseCallbackHandler,
    UsageMetadataCallbackHandler,
)
from langchain_core.outputs import LLMResult
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler

from heroku_emulator import Fault
from langchain_heroku import ChatHeroku, errors

pytestmark = pytest.mark.usefixtures("config_vars")


@pytest.fixture
def llm():
    return ChatHeroku(model="claude-4-5-sonnet")


class Retries(BaseCallbackHandler):
    def __init__(self):
        self.seen = []

    def on_retry(self, retry_state, **_):
        self.seen.append(retry_state)


class AsyncRetries(AsyncCallbackHandler):
    def __init__(self):
        self.seen = []

    async def on_retry(self, retry_state, **_):
        self.seen.append(retry_state)


@pytest.mark.parametrize("handler", [Retries, AsyncRetries])
async def test_callbacks_see_each_retry(emulator, llm, handler):
    seen = handler()
    emulator.script(Fault(429, headers={"retry-after": "0"}))
    await llm.ainvoke("Hello", config={"callbacks": [seen]})
    emulator.script(Fault(429, headers={"retry-after": "0"}))
    if handler is Retries:
        llm.invoke("Hello", config={"callbacks": [seen]})
    for state in seen.seen:
        assert state.attempt_number == 1
        assert isinstance(state.outcome.exception(), errors.RateLimitError)
    assert len(seen.seen) == (2 if handler is Retries else 1)


class Tokens(BaseCallbackHandler):
    def __init__(self):
        self.text = ""
        self.started = {}
        self.ended = None

    def on_chat_model_start(self, serialized, messages, **options):
        self.started = {**options, "serialized": serialized}

    def on_llm_new_token(self, token, **_):
        self.text += token

    def on_llm_end(self, response, **_):
        self.ended = response


def test_callbacks_see_each_token_and_the_result(emulator, llm):
    seen = Tokens()
    text = "".join(chunk.text for chunk in llm.stream("Hello", config={"callbacks": [seen]}))
    assert seen.text == text
    assert isinstance(seen.ended, LLMResult)
    assert "inf-emulator-key" not in str(seen.started)


def test_tracers_learn_who_answered_and_how(llm):
    collector = RunCollectorCallbackHandler()
    llm = ChatHeroku(model="claude-4-5-sonnet", temperature=0.5, max_tokens=100, stop=["x"])
    llm.invoke("Hello", config={"callbacks": [collector]})
    (run,) = collector.traced_runs
    expected = {
        "ls_provider": "heroku",
        "ls_model_name": "claude-4-5-sonnet",
        "ls_model_type": "chat",
        "ls_temperature": 0.5,
        "ls_max_tokens": 100,
        "ls_stop": ["x"],
        "ls_integration": "langchain_chat_model",
        "maker_model_id": "claude-sonnet-4-5",
    }
    assert {name: run.extra["metadata"][name] for name in expected} == expected
    assert "heroku-inference" in run.extra["metadata"]["lc_versions"]
    assert run.extra["invocation_params"]["_type"] == "heroku-chat"
    assert "inf-emulator-key" not in str(run.extra) + str(run.serialized)


def test_the_provider_of_a_message_is_that_of_the_traces(llm):
    answer = llm.invoke("Hello")
    assert answer.response_metadata["model_provider"] == llm._get_ls_params()["ls_provider"]


def test_usage_is_counted_by_the_standard_handler(llm):
    counter = UsageMetadataCallbackHandler()
    llm.invoke("Hello", config={"callbacks": [counter]})
    list(llm.stream("Hello", config={"callbacks": [counter]}))
    counted = counter.usage_metadata["claude-4-5-sonnet"]
    assert counted["total_tokens"] == counted["input_tokens"] + counted["output_tokens"] > 0


def test_an_answer_carries_what_the_server_reported(emulator, llm):
    metadata = llm.invoke("Hello").response_metadata
    assert metadata["finish_reason"] == "stop"
    assert metadata["id"].startswith("chatcmpl-")
    assert metadata["request_id"]
    assert metadata["system_fingerprint"].startswith("heroku-inf-")
    assert metadata["rate_limits"]["remaining_requests"] > 0
    emulator.switch(rate_limit_headers=False, request_id_header="none")
    metadata = llm.invoke("Hello").response_metadata
    assert not metadata.keys() & {"rate_limits", "request_id"}


async def test_nothing_warns_in_ordinary_use(llm):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        llm.invoke("Hello")
        await llm.ainvoke("Hello")
        list(llm.stream("Hello"))
