"""/v1/messages: scripted answers, and faults in both error envelopes."""

import httpx
import pytest

from heroku_emulator import CallTools, Cut, ErrorEvent, Fault, RawBody, Reset, Say
from tests.emulator.messages_caller import PATH, Messages, text


@pytest.fixture
def ask(call):
    return Messages(call)


def test_a_scripted_answer_is_sent_unchanged(ask, emulator):
    emulator.script(
        Say("Paris.", reasoning="Easy.", finish_reason="length", path=PATH),
        CallTools([("add", {"a": 1}), ("add", "{bad")], ids=["one", "two"], path=PATH),
        Say("", finish_reason="", path=PATH),
        RawBody({"any": "thing"}, path=PATH),
    )
    thought = ask.answer()
    assert [block["type"] for block in thought["content"]] == ["thinking", "text"]
    assert thought["content"][0]["thinking"] == "Easy."
    assert thought["stop_reason"] == "max_tokens"
    called = ask.answer()["content"]
    assert [block["id"] for block in called] == ["one", "two"]
    assert [block["input"] for block in called] == [{"a": 1}, "{bad"]
    ended = ask.answer()
    assert (ended["content"], ended["stop_reason"]) == ([], None)
    assert ask.answer() == {"any": "thing"}


def test_scripts_for_chat_do_not_apply(ask, emulator):
    emulator.script(Say("for chat"))
    assert ask.answer()["content"] == [text("You said: Hello")]
    assert len(emulator.remaining_script) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (408, "timeout_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_errors_come_in_both_envelopes(ask, emulator, status, kind):
    emulator.script(Fault(status, "why", times=2))
    assert ask.post().json()["error"]["code"] == status
    emulator.switch(messages_error_envelope="anthropic")
    answer = ask.post()
    assert answer.status_code == status
    assert answer.json() == {"type": "error", "error": {"type": kind, "message": "why"}}


def test_the_envelope_of_anthropic_is_for_this_path_only(ask, call, emulator):
    emulator.switch(messages_error_envelope="anthropic", error_envelope="string")
    assert ask.post(max_tokens=...).json()["type"] == "error"
    assert isinstance(call.chat(messages=[]).json()["error"], str)
    emulator.script(Fault(500, error_type="odd"))
    assert ask.post().json()["error"]["type"] == "odd"


def test_faults_of_the_connection_work_here_too(ask, emulator):
    emulator.script(Reset(path=PATH), Cut(path=PATH), ErrorEvent(status=529, path=PATH))
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            ask.post()
    assert ask.post().status_code == 529
    assert len(emulator.remaining_script) == 0
