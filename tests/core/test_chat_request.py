import copy
import inspect

import pytest

from heroku_inference import _errors
from heroku_inference._chat.options import CHAT_OPTIONS, IGNORED_PARAMETERS, drop_ignored
from heroku_inference._chat.request import chat_request

HI = [{"role": "user", "content": "Hi"}]
TOOL = {
    "type": "function",
    "function": {"name": "now", "description": "The time.", "parameters": {"type": "object"}},
}


def test_what_the_caller_did_not_say_is_not_sent():
    request = chat_request(HI, model="claude-4-5-haiku")
    assert request.body == {"model": "claude-4-5-haiku", "messages": HI}
    assert request.headers == {}
    assert request.response_format is None


@pytest.mark.parametrize(
    "option",
    [
        {"temperature": 0.0},
        {"temperature": 1},
        {"top_p": 0.9},
        {"top_k": 40},
        {"max_tokens": 100},
        {"max_completion_tokens": 100},
        {"stop": ["a", "b"]},
        {"tools": [TOOL]},
        {"parallel_tool_calls": False},
        {"reasoning_effort": "medium"},
        {"allow_ignored_params": False},
        {"stream": True, "stream_usage": False},
    ],
)
def test_an_option_is_sent_as_it_is(option):
    body = {"model": "m", "messages": HI, **option}
    body.pop("stream_usage", None)  # says what not to send
    assert chat_request(HI, model="m", **option).body == body


@pytest.mark.parametrize(
    ("stop", "sent"), [("END", ["END"]), (("a", "b"), ["a", "b"]), ([], None), ("", None)]
)
def test_stop_is_a_list_or_absent(stop, sent):
    assert chat_request(HI, model="m", stop=stop).body.get("stop") == sent


def test_a_tool_choice_names_one_of_the_tools():
    body = chat_request(HI, model="m", tools=[TOOL], tool_choice="now").body
    assert body["tool_choice"] == {"type": "function", "function": {"name": "now"}}


def test_no_tools_are_sent_for_an_empty_list():
    assert "tools" not in chat_request(HI, model="m", tools=[]).body


@pytest.mark.parametrize(
    ("caching", "headers"),
    [(None, {}), (True, {}), (False, {"X-Heroku-Prompt-Caching": "false"})],
)
def test_prompt_caching_is_turned_off_by_header(caching, headers):
    assert chat_request(HI, model="m", prompt_caching=caching).headers == headers


def test_extra_body_wins():
    extra = {"top_p": 0.1, "seed": 7, "stop": None}
    body = chat_request(HI, model="m", top_p=0.9, stop="x", extra_body=extra).body
    assert body == {"model": "m", "messages": HI, "top_p": 0.1, "seed": 7, "stop": None}


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"temperature": 1.5}, "temperature must be from 0 to 1, got 1.5"),
        ({"temperature": -0.1}, "temperature must be from 0 to 1, got -0.1"),
        ({"top_p": 2}, "top_p must be from 0 to 1, got 2"),
        ({"reasoning_effort": "minimal"}, "low, medium, high"),
    ],
)
def test_what_is_documented_to_be_refused_raises_before_it_is_sent(option, said):
    with pytest.raises(_errors.ConfigError, match=said):
        chat_request(HI, model="m", **option)


def test_an_unknown_option_is_refused():
    with pytest.raises(TypeError, match=r"no option 'temprature'\. Did you mean 'temperature'\?"):
        chat_request(HI, model="m", temprature=0.5)


@pytest.mark.parametrize("option", ["seed", "n", "logprobs"])
def test_an_option_that_heroku_ignores_is_refused_and_the_way_out_is_named(option):
    with pytest.raises(TypeError, match=f"no option {option!r}: Heroku ignores it.*extra_body"):
        chat_request(HI, model="m", **{option: 1})


@pytest.mark.parametrize("stream", [True, False])
def test_extra_body_does_not_change_how_the_answer_comes(stream):
    same = {"stream": stream}
    assert chat_request(HI, model="m", stream=stream, extra_body=same).body["stream"] is stream
    with pytest.raises(_errors.ConfigError, match="call the streaming method"):
        chat_request(HI, model="m", stream=not stream, extra_body=same)


def test_anthropics_way_to_forbid_parallel_calls_is_understood():
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    body = chat_request(HI, model="m", tools=[TOOL], tool_choice=choice).body
    assert (body["tool_choice"], body["parallel_tool_calls"]) == ("auto", False)
    body = chat_request(
        HI, model="m", tools=[TOOL], tool_choice=choice, parallel_tool_calls=True
    ).body
    assert body["parallel_tool_calls"] is True


def test_a_tool_may_be_chosen_of_those_in_extra_body():
    extra = {"tools": [TOOL]}
    body = chat_request(HI, model="m", tool_choice="now", extra_body=extra).body
    assert body["tool_choice"]["function"]["name"] == "now"


def test_the_input_is_not_changed():
    options = {
        "tools": [TOOL],
        "extra_body": {"extended_thinking": {"budget_tokens": 2000}},
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "a", "schema": {"$schema": "x", "type": "object"}},
        },
        "stop": ["x"],
    }
    messages = [{"role": "system", "content": "Be kind."}, *HI]
    before = copy.deepcopy((messages, options))
    chat_request(messages, model="claude-4-sonnet", **options)
    assert (messages, options) == before


def test_ignored_parameters_are_dropped_with_one_warning():
    options = {"temperature": 0.1, "seed": 1, "n": 2, "store": None}
    with pytest.warns(UserWarning, match="seed, n not sent") as caught:
        kept = drop_ignored(options)
    assert kept == {"temperature": 0.1}
    assert [warning.filename for warning in caught] == [__file__]
    assert options == {"temperature": 0.1, "seed": 1, "n": 2, "store": None}


def test_the_user_is_sent_when_one_is_given():
    assert chat_request(HI, model="claude-4-sonnet", user="ada").body["user"] == "ada"
    assert "user" not in chat_request(HI, model="claude-4-sonnet").body


def test_nothing_to_drop_says_nothing():
    assert drop_ignored({"temperature": 0.1, "n": None}) == {"temperature": 0.1}


def test_no_option_of_a_request_counts_as_ignored():
    assert IGNORED_PARAMETERS.isdisjoint(chat_request.__kwdefaults__)


def test_the_names_of_the_options_are_those_of_a_request():
    parameters = inspect.signature(chat_request).parameters
    assert parameters.keys() - {"messages", "stream", "unknown"} == CHAT_OPTIONS
