"""The app's tests, without Heroku: run `pytest` in this folder.

    pip install pytest "heroku-inference[langchain,emulator]" langchain numpy

`heroku_emulator` comes with the extra `emulator` and needs no import and no setup. The app reads
its config vars as usual; they lead to an emulator on this machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shop import CUT_OFF, PAGES, SORRY, answer_from_pages, ask_agent, write_answer

from heroku_emulator import CallTools, Cut, Fault, Say

if TYPE_CHECKING:
    from heroku_emulator import Emulator

CHAT = "/v1/chat/completions"


# The script is what the model says; the test is what the app does with it.


def test_the_agent_answers_with_what_the_tool_found(heroku_emulator: Emulator) -> None:
    heroku_emulator.script(
        CallTools([("order_status", {"order": "A17"})]),
        Say("Your order A17 is on its way."),
    )
    assert ask_agent("Where is A17?") == "Your order A17 is on its way."
    first, second = heroku_emulator.journal
    assert [tool["function"]["name"] for tool in first.body["tools"]] == ["order_status"]
    assert [message["role"] for message in second.body["messages"]] == ["user", "assistant", "tool"]
    assert second.body["messages"][-1]["content"] == "on its way"


def test_the_agent_reports_an_order_that_does_not_exist(heroku_emulator: Emulator) -> None:
    heroku_emulator.script(CallTools([("order_status", {"order": "Z9"})]), Say("I found no Z9."))
    ask_agent("Where is Z9?")
    assert heroku_emulator.journal[-1].body["messages"][-1]["content"] == "There is no order Z9."


# Faults are scripted like answers.


def test_a_busy_model_is_asked_again(heroku_emulator: Emulator) -> None:
    heroku_emulator.script(Fault(429, headers={"retry-after": "0"}), Say("Hello!"))
    assert ask_agent("Hi") == "Hello!"
    assert [entry.status for entry in heroku_emulator.journal] == [429, 200]


@pytest.mark.parametrize(
    "fault",
    [Fault(400, message="no"), Fault(401), Fault.html403(), Fault.not_json()],
    ids=["refused", "wrong-key", "firewall", "not-json"],
)
def test_the_user_never_sees_an_error(heroku_emulator: Emulator, fault: Fault) -> None:
    heroku_emulator.script(fault)
    assert ask_agent("Hi") == SORRY


@pytest.mark.parametrize("envelope", ["object", "string"])
def test_both_forms_of_errors_are_understood(heroku_emulator: Emulator, envelope: str) -> None:
    heroku_emulator.switch(error_envelope=envelope)
    heroku_emulator.script(Fault(403))
    assert ask_agent("Hi") == SORRY


# Streams can break.


def test_an_answer_is_written_piece_by_piece(heroku_emulator: Emulator) -> None:
    heroku_emulator.script(Say("We open at nine."))
    pieces = list(write_answer("When do you open?"))
    assert "".join(pieces) == "We open at nine."
    assert len([piece for piece in pieces if piece]) > 1


def test_an_answer_that_is_cut_off_says_so(heroku_emulator: Emulator) -> None:
    heroku_emulator.script(Cut(after=3, answer=Say("We open at nine and close at six.")))
    answer = "".join(write_answer("When do you open?"))
    assert answer.startswith("We ")
    assert answer.endswith(CUT_OFF)


@pytest.mark.heroku_emulator(terminator="message", sse_space=False, split_bytes=7)
def test_streams_of_another_form_read_the_same(heroku_emulator: Emulator) -> None:
    heroku_emulator.script(Say("We open at nine."))
    assert "".join(write_answer("When do you open?")) == "We open at nine."


# Without a script, the emulator makes embeddings and scores from the words that texts share.


def test_the_model_gets_the_page_that_fits(heroku_emulator: Emulator) -> None:
    answer_from_pages("Within how many days can I return what I bought?")
    prompt = heroku_emulator.journal.only(CHAT).body["messages"][-1]["content"]
    assert PAGES[1] in prompt
    assert PAGES[0] not in prompt


def test_pages_are_embedded_as_documents_and_questions_as_questions(
    heroku_emulator: Emulator,
) -> None:
    answer_from_pages("When are you open?")
    documents, question = heroku_emulator.journal.to("/v1/embeddings")
    assert documents.body["input_type"] == "search_document"
    assert question.body["input_type"] == "search_query"
    assert heroku_emulator.journal.only("/v1/rerank").body["top_n"] == 1
