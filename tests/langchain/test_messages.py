"""`ChatHerokuMessages` as an object: arguments, what it sends, secrets, copies and dumps."""

from __future__ import annotations

import subprocess
import sys

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from heroku_inference import ConfigError

MODEL = "claude-4-5-sonnet"


def test_headers_of_a_call_are_sent(emulator, make_model):
    make_model().invoke("Hi", extra_headers={"anthropic-beta": "some-beta"})
    assert emulator.journal[0].headers["anthropic-beta"] == "some-beta"


@pytest.mark.filterwarnings("ignore:.*end of life")  # of one of the models
@pytest.mark.parametrize(
    ("model", "thinking", "limit"),
    [
        ("claude-4-5-sonnet", None, 8192),
        ("claude-3-5-haiku", None, 4096),
        ("claude-of-tomorrow", None, 8192),
        ("claude-4-5-sonnet", 2000, 8192),
        ("claude-4-5-sonnet", 10_000, 14_096),
    ],
)
def test_the_limit_that_the_endpoint_requires(make_model, model, thinking, limit):
    payload = make_model(model=model, extended_thinking=thinking)._get_request_payload("Hi")
    assert payload["max_tokens"] == limit


def test_sampling_is_left_out_while_it_thinks(emulator, make_model):
    llm = make_model(temperature=0.3, extended_thinking=True)
    with pytest.warns(UserWarning, match="temperature not sent") as caught:
        llm.invoke("Hi")
    assert caught[0].filename == __file__
    assert "temperature" not in emulator.journal[0].body


@pytest.mark.parametrize(
    "arguments",
    [
        {"extended_thinking": 100},
        {"extended_thinking": 5000, "max_tokens": 4000},
    ],
    ids=["too small", "over the limit"],
)
def test_an_impossible_budget_is_refused(emulator, make_model, arguments):
    with pytest.raises(ConfigError):
        make_model(**arguments).invoke("Hi")
    assert len(emulator.journal) == 0


CACHED = {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}


def test_cache_control_of_blocks_is_sent(emulator, make_model):
    make_model().invoke([SystemMessage([CACHED]), HumanMessage([CACHED])])
    body = emulator.journal[0].body
    assert body["system"] == [CACHED]
    assert body["messages"][0]["content"] == [CACHED]


def test_cache_control_of_a_call_marks_the_last_block(emulator, make_model):
    make_model().invoke([HumanMessage("Long.")], cache_control={"type": "ephemeral"})
    body = emulator.journal[0].body
    assert "cache_control" not in body
    assert body["messages"][0]["content"] == [CACHED]


def test_it_tells_frameworks_what_it_is(make_model):
    llm = make_model(max_tokens=10)
    assert isinstance(llm, ChatAnthropic)
    assert llm._llm_type == "anthropic-chat-heroku"
    params = llm._get_ls_params(stop=["x"])
    assert params["ls_provider"] == "anthropic"  # what its messages say
    assert params["ls_model_name"] == MODEL
    assert params["maker_model_id"] == "claude-sonnet-4-5"
    assert (params["ls_max_tokens"], params["ls_stop"]) == (10, ["x"])
    assert llm.profile["max_input_tokens"] == 200_000
    assert make_model(model="nova-of-tomorrow").profile is not None


def test_what_is_set_is_part_of_what_identifies_it(make_model):
    told = make_model(stop=["END"], model_kwargs={"of_tomorrow": 1})._identifying_params
    assert (told["stop"], told["model_kwargs"]) == (["END"], {"of_tomorrow": 1})
    assert not {"stop", "model_kwargs"} & make_model()._identifying_params.keys()


def test_content_blocks_are_translated_as_anthropics(make_model):
    answer = make_model(extended_thinking=True).invoke("Hi")
    assert answer.response_metadata["model_provider"] == "anthropic"
    reasoning, text = answer.content_blocks
    assert reasoning["type"] == "reasoning"
    assert reasoning["extras"]["signature"]
    assert text["type"] == "text"


def test_tokens_are_counted_without_network(make_model):
    assert make_model().get_num_tokens_from_messages([HumanMessage("one two three")]) > 3
    assert make_model().get_num_tokens("one two three") == 4


def test_without_langchain_anthropic_the_extra_is_named():
    program = (
        "import sys; sys.modules['langchain_anthropic'] = None\n"
        "from langchain_heroku import ChatHeroku\n"
        "try:\n    from langchain_heroku import ChatHerokuMessages\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "heroku-inference[langchain-anthropic]" in done.stdout


def test_histories_of_other_models_are_understood(emulator, make_model):
    foreign = AIMessage(
        "Yes.",
        additional_kwargs={"reasoning": {"thinking": "Hm."}},
        response_metadata={"model_provider": "heroku"},
    )
    make_model(extended_thinking=True).invoke(
        [HumanMessage("Is it?"), foreign, HumanMessage("Why?")]
    )
    assert emulator.journal[0].body["messages"][1]["content"] == "Yes."
