"""The rules of the Messages endpoint, without a server."""

import pytest

from heroku_inference import _errors
from heroku_inference._anthropic.reading import MessageStream
from heroku_inference._anthropic.request import message_arguments, thinks
from heroku_inference._chat.thinking import call_instruction
from heroku_inference._values import Reply

MODEL = "claude-4-5-sonnet"
TOOLS = [{"name": "now", "input_schema": {}}, {"name": "add", "input_schema": {}}]
HELLO = [{"role": "user", "content": "Hello"}]
ENABLED = {"type": "enabled", "budget_tokens": 2000}


def arguments(extended_thinking=None, **given):
    return message_arguments({"model": MODEL, "messages": HELLO, **given}, extended_thinking)


@pytest.mark.parametrize(
    ("choice", "budget"),
    [
        (True, 2048),
        (3000, 3000),
        ({"budget_tokens": 1024}, 1024),
        ({"enabled": True}, 2048),
        ({"enabled": True, "budget_tokens": 1500, "include_reasoning": False}, 1500),
    ],
)
def test_thinking_is_requested_in_anthropics_form(choice, budget):
    body = arguments(choice)
    assert body["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert thinks(body)


@pytest.mark.parametrize(
    ("choice", "thinking"),
    [
        ({"type": "adaptive"}, {"type": "adaptive"}),
        ({"type": "adaptive", "include_reasoning": True}, {"type": "adaptive"}),
        ({"type": "enabled", "budget_tokens": 2000}, ENABLED),
        ({"type": "disabled"}, {"type": "disabled"}),
        ({"budget_tokens": 2000, "display": "omitted"}, {**ENABLED, "display": "omitted"}),
    ],
)
def test_a_type_is_sent_as_it_is_given(choice, thinking):
    assert arguments(choice)["thinking"] == thinking


@pytest.mark.parametrize("choice", [True, {"enabled": True}, {"include_reasoning": True}])
@pytest.mark.parametrize("model", ["claude-opus-4-7", "claude-4-8-opus"])
def test_a_model_that_takes_no_budget_thinks_adaptively_by_default(choice, model):
    assert arguments(choice, model=model, max_tokens=500)["thinking"] == {"type": "adaptive"}


@pytest.mark.parametrize("choice", [3000, {"budget_tokens": 3000}])
def test_a_budget_is_sent_as_given_to_a_model_that_refuses_it(choice):
    body = arguments(choice, model="claude-opus-4-8")
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 3000}


def test_the_effort_has_its_own_place_and_the_rest_of_the_configuration_is_dropped():
    with pytest.warns(UserWarning, match=r"output_config\.format not sent"):
        body = arguments(output_config={"effort": "low", "format": {}})
    assert body["output_config"] == {"effort": "low"}
    body = arguments({"effort": "max"}, model="claude-opus-4-8", output_config={"effort": "low"})
    assert body["output_config"] == {"effort": "max"}
    assert body["thinking"] == {"type": "adaptive"}


@pytest.mark.parametrize(
    "choice", [False, {"enabled": False}, {"enabled": False, "type": "enabled"}]
)
def test_thinking_is_turned_off_over_extra_fields(choice):
    assert "thinking" not in arguments(choice, thinking=ENABLED)


def test_the_budget_follows_a_small_limit():
    assert arguments(True, max_tokens=3000)["thinking"]["budget_tokens"] == 1500


@pytest.mark.parametrize("where", ["beside", "in extra_body"])
def test_thinking_of_the_callers_own_is_seen_wherever_it_is(where):
    given = {"thinking": ENABLED} if where == "beside" else {"extra_body": {"thinking": ENABLED}}
    with pytest.warns(UserWarning, match="top_p not sent") as caught:
        body = arguments(extra_body={**given.get("extra_body", {}), "top_p": 0.5}, **_beside(given))
    assert caught[0].filename == __file__
    assert "top_p" not in body["extra_body"]


def _beside(given):
    return {name: given[name] for name in given if name != "extra_body"}


def test_the_temperature_that_thinking_implies_goes_silently():
    assert arguments(True, extra_body={"temperature": 1})["extra_body"] == {}


@pytest.mark.parametrize(
    ("system", "told"),
    [
        (None, "{}"),
        ("Be brief.", "Be brief.\n\n{}"),
        ([{"type": "text", "text": "Be brief."}], None),
    ],
    ids=["none", "a text", "blocks"],
)
def test_a_forced_call_becomes_an_instruction(system, told):
    choice = {"type": "any", "disable_parallel_tool_use": True}
    with pytest.warns(UserWarning, match="tool_choice became 'auto'"):
        body = arguments(True, tools=TOOLS, tool_choice=choice, system=system)
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    instruction = call_instruction(["now", "add"])
    if told is None:
        assert body["system"] == [*system, {"type": "text", "text": instruction}]
    else:
        assert body["system"] == told.format(instruction)


def test_one_forced_tool_is_named():
    with pytest.warns(UserWarning, match="told to"):
        body = arguments(True, tools=TOOLS, tool_choice={"type": "tool", "name": "add"})
    assert body["system"] == call_instruction(["add"])


@pytest.mark.parametrize("choice", [{"type": "auto"}, {"type": "none"}])
def test_a_free_choice_stays(choice):
    assert arguments(True, tools=TOOLS, tool_choice=choice)["tool_choice"] == choice


CALL = {"type": "tool_use", "id": "toolu_1", "name": "now", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "noon"}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
ROUND = [
    {"role": "user", "content": "The time?"},
    {"role": "assistant", "content": [CALL]},
    {"role": "user", "content": [RESULT]},
]
THOUGHT_ROUND = [ROUND[0], {"role": "assistant", "content": [THOUGHT, CALL]}, ROUND[2]]


@pytest.mark.parametrize(
    "messages",
    [
        ROUND,
        [*THOUGHT_ROUND, *ROUND[1:]],
        [*ROUND, *THOUGHT_ROUND[1:]],
        [*ROUND, {"role": "user", "content": "Never mind."}],  # in one turn with the result
    ],
    ids=["the only call", "the last call", "the first call", "the user spoke"],
)
@pytest.mark.parametrize("where", ["beside", "in extra_body"])
def test_thinking_does_not_begin_among_calls_that_were_made_without(messages, where):
    given = {"thinking": ENABLED} if where == "beside" else {"extra_body": {"thinking": ENABLED}}
    with pytest.warns(UserWarning, match="Thinking is off for this call"):
        body = arguments(**{**given, "messages": messages}, temperature=0.5)
    assert not thinks(body)
    assert body["temperature"] == 0.5


@pytest.mark.parametrize(
    "messages",
    [
        THOUGHT_ROUND,
        [*ROUND, {"role": "assistant", "content": "Noon."}, {"role": "user", "content": "Thanks"}],
    ],
    ids=["they were thought about", "another round"],
)
def test_thinking_stays_on_where_it_may_go_on(messages):
    assert thinks(arguments(True, messages=messages))


def test_the_arguments_passed_in_are_not_changed():
    extra = {"temperature": 1}
    given = {"model": MODEL, "messages": HELLO, "extra_body": extra, "thinking": ENABLED}
    message_arguments(given, True)
    assert given == {"model": MODEL, "messages": HELLO, "extra_body": extra, "thinking": ENABLED}
    assert extra == {"temperature": 1}


def event(text):
    return text.encode()


def test_the_numbers_of_the_first_event_come_with_the_last():
    stream = MessageStream(Reply(200))
    stream.read(None, event('{"type":"message_start","message":{"usage":{"input_tokens":7}}}'))
    (last,) = stream.read(
        None,
        event(
            '{"type":"message_delta","delta":{"stop_reason":"end_turn"},'
            '"usage":{"output_tokens":3,"input_tokens":null}}'
        ),
    )
    assert last.startswith(b"event: message_delta\ndata: ")
    assert b'"usage": {"output_tokens": 3, "input_tokens": 7}' in last
    assert stream.finish() == ()


def test_a_stream_without_stop_reason_is_not_whole():
    stream = MessageStream(Reply(200))
    start = '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"One"}}'
    delta = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" two"}}'
    for frame in (start, delta):
        stream.read("x", event(frame))
    with pytest.raises(_errors.StreamInterruptedError) as caught:
        stream.finish()
    assert caught.value.partial == "One two"


@pytest.mark.parametrize(
    ("kind", "error_class"),
    [
        ("invalid_request_error", _errors.InvalidRequestError),
        ("authentication_error", _errors.AuthenticationError),
        ("permission_error", _errors.PermissionDeniedError),
        ("not_found_error", _errors.NotFoundError),
        ("rate_limit_error", _errors.RateLimitError),
        ("overloaded_error", _errors.ServerError),
        ("unheard_of_error", _errors.ServerError),
    ],
)
def test_anthropics_types_of_errors_have_their_classes(kind, error_class):
    data = event(f'{{"type":"error","error":{{"type":"{kind}","message":"no"}}}}')
    with pytest.raises(error_class, match="no") as caught:
        MessageStream(Reply(200)).read("error", data)
    assert type(caught.value) is error_class


@pytest.mark.parametrize("data", ["{broken", "[]", "{}", '"text"'])
def test_anything_but_an_event_is_an_error(data):
    with pytest.raises(_errors.InvalidResponseError):
        MessageStream(Reply(200)).read("message_start", event(data))
