"""What the chat models and agents of both adapters make of every failure of a server."""

from __future__ import annotations

import time

import pytest
from langchain_core.exceptions import ModelError

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, RawStream, Say, ToolResult
from heroku_inference import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    HerokuError,
    InvalidResponseError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
)
from tests.adapters.conftest import AGENT_PATH, AGENTS, OTHERS, TOOL, every_model, messages_models
from tests.wire_cases import SOON, TOOLS, failures

plain_and_streamed = pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])


@every_model
@plain_and_streamed
@failures
def test_a_failure_has_its_class_and_number_of_requests(
    emulator, adapter, make, ask, ways, failure, streamed
):
    error = failure.check(emulator, lambda **arguments: ask(make(**arguments), ways[streamed]))
    assert type(error) is adapter.error(failure.error)


@messages_models
@plain_and_streamed
@failures
@pytest.mark.parametrize(
    "envelope",
    [{"error_envelope": "string"}, {"messages_error_envelope": "anthropic"}],
    ids=["string", "anthropic"],
)
def test_the_messages_endpoint_may_refuse_in_every_envelope(
    emulator, make, ask, ways, failure, streamed, envelope
):
    emulator.switch(**envelope)
    failure.check(emulator, lambda **arguments: ask(make(**arguments), ways[streamed]))


@every_model
@plain_and_streamed
def test_an_error_says_how_long_to_wait(emulator, make, ask, ways, streamed):
    emulator.script(Fault(429, headers={"retry-after": "7"}))
    with pytest.raises(RateLimitError) as caught:
        ask(make(max_retries=0), ways[streamed])
    assert caught.value.retry_after == 7


@every_model
@plain_and_streamed
def test_a_failure_that_passes_goes_unnoticed(emulator, make, ask, ways, streamed):
    emulator.script(Fault(503, headers=SOON, times=2))
    assert ask(make(), ways[streamed]).text
    assert len(emulator.journal) == 3


@every_model
def test_no_retries_means_one_request(emulator, make, ask, ways):
    emulator.script(Fault(503, headers=SOON, times=9))
    for number, way in enumerate(ways, 1):
        with pytest.raises(ServerError):
            ask(make(max_retries=0), way)
        assert len(emulator.journal) == number


@every_model
@pytest.mark.parametrize("step", [Fault.wrong_shape(), Fault.wrong_shape([])])
def test_json_without_an_answer_is_an_invalid_response(emulator, adapter, make, ask, ways, step):
    emulator.script(step)
    with pytest.raises(InvalidResponseError) as caught:
        ask(make(), ways[0])
    assert type(caught.value) is adapter.error(InvalidResponseError)
    assert len(emulator.journal) == 1


@every_model
@pytest.mark.parametrize("politely", [False, True])
def test_a_stream_cut_in_the_middle_is_an_error(emulator, adapter, make, ask, ways, politely):
    answer = Say("one two three four five six seven eight nine ten")
    emulator.script(Cut(after=5, politely=politely, answer=answer, path=adapter.path))
    with pytest.raises(StreamInterruptedError) as caught:
        ask(make(), ways[1])
    assert type(caught.value) is adapter.error(StreamInterruptedError)
    assert caught.value.partial.startswith("one ")
    assert "ten" not in caught.value.partial
    assert len(emulator.journal) == 1


@every_model
def test_a_stream_cut_in_a_tool_call_is_an_error(emulator, adapter, make, ask, ways):
    answer = CallTools([("add", {"a": 1, "b": 2})])
    emulator.script(Cut(after=2, answer=answer, path=adapter.path))
    with pytest.raises(StreamInterruptedError):
        ask(make(), ways[1], tools=TOOLS)


@every_model
@pytest.mark.parametrize("form", ["object", "string", "flat", "text"])
def test_an_error_event_is_an_error(emulator, adapter, make, ask, ways, form):
    gone = "the model went away"
    emulator.script(ErrorEvent(form=form, status=503, message=gone, path=adapter.path))
    with pytest.raises(ServerError, match=gone) as caught:
        ask(make(), ways[1])
    assert type(caught.value) is adapter.error(ServerError)
    assert len(emulator.journal) == 1


@messages_models
def test_anthropics_error_event_has_the_class_of_its_type(emulator, adapter, make, ask, ways):
    refusal = b'{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}'
    emulator.script(RawStream(b"event: error\ndata: " + refusal + b"\n\n", path=adapter.path))
    with pytest.raises(RateLimitError, match="slow down") as caught:
        ask(make(max_retries=0), ways[1])
    assert caught.value.status_code == 429


@messages_models
def test_a_stream_of_anthropics_that_begins_with_an_error_is_tried_again(
    emulator, adapter, make, ask, ways
):
    busy = b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}'
    emulator.script(RawStream(b"event: error\ndata: " + busy + b"\n\n", path=adapter.path))
    assert ask(make(), ways[1])
    assert len(emulator.journal) == 2


@every_model
def test_an_event_that_is_not_json_is_an_error(emulator, adapter, make, ask, ways):
    event = b"message_start" if adapter.path == "/v1/messages" else b"message"
    emulator.script(RawStream(b"event: " + event + b"\ndata: {broken\n\n", path=adapter.path))
    with pytest.raises(InvalidResponseError):
        ask(make(), ways[1])


@every_model
def test_silence_between_events_times_out(emulator, make, ask, ways):
    emulator.switch(gap_after=2, gap_seconds=5)
    started = time.monotonic()
    with pytest.raises(APITimeoutError, match="event of the stream"):
        ask(make(timeout=0.3), ways[1])
    assert time.monotonic() - started < 3


# Agents

CALL = CallTools([(TOOL, {"code": "print(1)"})], text="Let me see.", path=AGENT_PATH)
agent_ways = pytest.mark.parametrize("way", AGENTS)
# LlamaIndex's workflows use what is deprecated.
deprecated = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def run(way, emulator, config_vars):
    """Run an agent in a given way; wait for the end, so that no late request takes a next step."""
    yield AGENTS[way][1]
    assert all(entry.wait() for entry in emulator.journal)


@deprecated
@agent_ways
@failures
@pytest.mark.parametrize("envelope", ["object", "string"])
def test_a_failed_agent_run_has_its_class_and_is_never_repeated(
    emulator, way, run, failure, envelope
):
    emulator.switch(error_envelope=envelope)
    error = failure.check(emulator, run, once=True)
    assert type(error) is AGENTS[way][0].error(failure.error)
    assert error.steps == ()


@deprecated
@agent_ways
@pytest.mark.parametrize("politely", [False, True])
def test_an_agent_run_that_is_cut_raises_with_its_steps(emulator, way, run, politely):
    emulator.script(Cut(after=1, answer=CALL, politely=politely, path=AGENT_PATH))
    with pytest.raises(StreamInterruptedError) as caught:
        run()
    assert type(caught.value) is AGENTS[way][0].error(StreamInterruptedError)
    assert [step.text for step in caught.value.steps] == ["Let me see."]
    assert len(emulator.journal) == 1


@deprecated
@agent_ways
@pytest.mark.parametrize("form", ["object", "string", "flat", "text"])
def test_an_error_event_in_an_agent_run_raises_with_its_steps(emulator, way, run, form):
    gone = {"form": form, "status": 503, "message": "gone"}
    emulator.script(ErrorEvent(after=1, answer=CALL, path=AGENT_PATH, **gone))
    with pytest.raises(ServerError, match="gone") as caught:
        run()
    assert type(caught.value) is AGENTS[way][0].error(ServerError)
    assert [step.text for step in caught.value.steps] == ["Let me see."]
    assert len(emulator.journal) == 1


@deprecated
@pytest.mark.parametrize("way", [way for way in AGENTS if "ToolSpec" not in way])
@pytest.mark.parametrize(
    "step",
    [
        Cut(after=2, answer=CALL, path=AGENT_PATH),
        Cut(after=2, answer=CALL, politely=True, path=AGENT_PATH),
        ErrorEvent(after=2, answer=CALL, path=AGENT_PATH),
    ],
    ids=["cut", "cut politely", "error event"],
)
def test_an_agent_run_that_fails_after_a_tool_ran_raises_with_the_result(emulator, run, step):
    emulator.script(step, ToolResult("42"))
    with pytest.raises(HerokuError) as caught:
        run()
    message, result = caught.value.steps
    assert (message.text, result.text) == ("Let me see.", "42")
    if isinstance(step, Cut):
        assert caught.value.partial == "Let me see."


@deprecated
@agent_ways
def test_an_event_of_an_agent_run_that_is_not_json_is_an_error(emulator, way, run):
    emulator.script(RawStream(b"event: message\ndata: {broken\n\n", path=AGENT_PATH))
    with pytest.raises(InvalidResponseError) as caught:
        run()
    assert type(caught.value) is AGENTS[way][0].error(InvalidResponseError)
    assert len(emulator.journal) == 1


@deprecated
@agent_ways
def test_an_unreachable_agent_server_is_named(way, run):
    with pytest.raises(APIConnectionError, match=r"127\.0\.0\.1:9"):
        run(api_key="inf-made-up", base_url="http://127.0.0.1:9", model="m")


@deprecated
@agent_ways
def test_the_error_for_a_wrong_key_does_not_show_it(emulator, way, run):
    wrong = f"{emulator.api_key}-wrong"
    with pytest.raises(AuthenticationError) as caught:
        run(api_key=wrong, base_url=emulator.url)
    assert wrong not in str(caught.value)
    assert len(emulator.journal) == 1


# Vectors and images

other_ways = pytest.mark.parametrize(
    ("framework", "way"), [(framework, way) for framework in OTHERS for way in OTHERS[framework]]
)


@other_ways
@failures
@pytest.mark.parametrize("envelope", ["object", "string"])
def test_a_failure_of_vectors_and_images_has_its_class_and_number_of_requests(
    emulator, config_vars, framework, way, failure, envelope
):
    emulator.switch(error_envelope=envelope)
    searched = way.startswith("HerokuRerank")
    error = failure.check(emulator, OTHERS[framework][way], searched=searched)
    assert isinstance(error, ModelError) is (framework == "langchain")


@other_ways
def test_vectors_and_images_survive_a_failure_that_passes(emulator, config_vars, framework, way):
    emulator.script(Fault(429, headers=SOON, times=2))
    assert OTHERS[framework][way]()
    assert len(emulator.journal) == 3


@other_ways
def test_json_without_a_vector_or_an_image_is_an_invalid_response(
    emulator, config_vars, framework, way
):
    emulator.script(Fault.wrong_shape())
    with pytest.raises(InvalidResponseError):
        OTHERS[framework][way]()
    assert len(emulator.journal) == 1
