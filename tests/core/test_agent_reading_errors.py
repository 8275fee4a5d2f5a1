"""Events of an agent's run that are errors, or make no sense: nothing is lost silently."""

from __future__ import annotations

import pytest

from heroku_inference import (
    APIError,
    InvalidResponseError,
    PermissionDeniedError,
    RateLimitError,
    Reply,
    ServerError,
)
from heroku_inference._agents.reading import AgentReader

from .agent_frames import END, call_event, encode, message_event, read, result_event

ERRORS = {
    "object": ({"error": {"code": 503, "message": "gone", "type": "t"}}, ServerError),
    "string": ({"error": '{"code":403,"message":"gone","type":"t"}'}, PermissionDeniedError),
    "plain string": ({"error": "gone"}, ServerError),
    "flat": ({"code": 429, "message": "gone", "type": "t"}, RateLimitError),
    "message": ({"message": "gone"}, ServerError),
    "anthropic": ({"type": "error", "error": {"type": "t", "message": "gone"}}, ServerError),
}


@pytest.mark.parametrize("name", ["error", "message", None])
@pytest.mark.parametrize("form", ERRORS)
def test_an_error_in_any_envelope_tells_what_was_done(form, name):
    event, kind = ERRORS[form]
    reader = AgentReader(Reply(200))
    steps = [
        *reader.read(None, encode(call_event("One."))),
        *reader.read(None, encode(result_event("4"))),
    ]
    with pytest.raises(APIError, match="gone") as caught:
        reader.read(name, encode(event))
    assert type(caught.value) is kind
    assert caught.value.steps == tuple(steps)
    assert len(steps) == 2
    assert caught.value.partial == "One."


@pytest.mark.parametrize("data", [b"it broke", b""], ids=["text", "nothing"])
def test_an_error_event_needs_no_json(data):
    with pytest.raises(ServerError):
        AgentReader(Reply(200)).read("error", data)


@pytest.mark.parametrize(
    "event",
    [
        {"object": "message.delta", "delta": {"text": "words"}},
        {"type": "tool.result", "content": "words"},
        {"choices": ["words"]},
        {"choices": [{"message": "words"}]},
        {"choices": [{"message": {"content": {"a": 1}}}]},
        {"choices": 5},
        ["words"],
        b"words",
    ],
    ids=["delta", "result", "choice", "message", "content", "number", "list", "text"],
)
def test_words_in_an_unknown_shape_are_never_lost_silently(event):
    with pytest.raises(InvalidResponseError) as caught:
        read(call_event(), event, message_event(), END)
    assert len(caught.value.steps) == 1


def test_sound_and_pictures_of_the_model_are_not_lost_silently():
    with pytest.raises(InvalidResponseError, match="audio or images"):
        read(message_event(audio={"data": "…"}), END)
