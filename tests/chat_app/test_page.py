"""The page, as people use it, in a real browser.

`SCREENSHOTS=folder make app-test` keeps a picture of each step.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import expect

from heroku_emulator import CallTools, Fault, Say

expect.set_options(timeout=20_000)
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
HANDBOOK = b"# Holidays\n\nEverybody has thirty days of holidays a year.\n"
ATTACK = (
    b"# Notes\n\n<img src=x onerror=\"document.title='hacked'\"> <b>bold</b> **stars** __init__\n"
)


@pytest.fixture
def picture():
    """Keep a picture of the page, if a folder for them is named."""
    folder = os.environ.get("SCREENSHOTS")  # noqa: TID251

    def picture(page, name):
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png")

    return picture


def ask(page, question, **documents):
    """Ask a question, and upload documents with it: their content by name."""
    if documents:
        files = [
            {"name": f"{name}.md", "mimeType": "text/markdown", "buffer": data}
            for name, data in documents.items()
        ]
        with page.expect_response("**/project/file?*"):  # Chainlit leaves out what is on its way
            page.set_input_files("input[type=file]", files)
    page.locator("#chat-input").click()
    page.keyboard.type(question)
    expect(page.locator("#chat-submit")).to_be_enabled()
    page.keyboard.press("Enter")
    expect(page.locator("#chat-input")).not_to_contain_text(question)


def choose(page, now, new):
    page.locator("button", has_text=now).last.click()
    page.get_by_text(new, exact=True).first.click()
    expect(page.locator("button", has_text=new).last).to_be_visible()


def test_an_answer_streams_and_shows_its_sources_as_text(page, emulator, picture):
    expect(page.get_by_role("button", name="Rate limits")).to_be_visible()
    picture(page, "start")
    emulator.switch(pace=0.4)
    emulator.script(Say("First part of the answer [1]. Then quite a long rest, and its end."))
    ask(page, "What do the notes say?", notes=ATTACK)
    expect(page.get_by_text("First part")).to_be_visible()
    expect(page.locator("#stop-button")).to_be_visible()  # it is not over
    assert page.get_by_text("its end").count() == 0
    expect(page.get_by_text("its end")).to_be_visible()
    page.get_by_role("button", name=re.compile(r"\[1\] notes\.md \(0\.\d\d\)")).click()
    expect(page.get_by_text("<b>bold</b> **stars** __init__")).to_be_visible()
    assert page.title() != "hacked"
    picture(page, "sources")


def test_the_stop_button_stops_the_model_and_the_conversation_goes_on(page, emulator):
    emulator.switch(pace=0.3)
    emulator.script(Say("word " * 200), Say("Here I am again."))
    ask(page, "Write without end")
    expect(page.get_by_text("word word")).to_be_visible()
    page.locator("#stop-button").click()
    expect(page.locator("#stop-button")).to_have_count(0)
    emulator.switch(pace=0.0)
    ask(page, "Are you there?")
    expect(page.get_by_text("Here I am again.")).to_be_visible()


def test_thoughts_are_folded_and_open(page, emulator, picture):
    emulator.script(Say("Forty-two.", reasoning="Six times nine is fifty-four, so the base is 13."))
    choose(page, "Quick", "Thinks first")
    ask(page, "How much is it?")
    expect(page.get_by_text("Forty-two.")).to_be_visible()
    assert emulator.journal[-1].body["extended_thinking"]["enabled"] is True
    expect(page.get_by_text("the base is 13")).to_be_hidden()
    page.get_by_role("button", name="Thinking").click()
    expect(page.get_by_text("the base is 13")).to_be_visible()
    picture(page, "thinking")


@pytest.mark.parametrize("decision", ["Approve", "Reject"])
def test_a_tool_that_removes_asks_first(page, emulator, picture, decision):
    emulator.script(CallTools([("remove_document", {"name": "handbook.md"})]))
    choose(page, "Chat", "Agent")
    ask(page, "Remove the handbook", handbook=HANDBOOK)
    expect(page.get_by_text("May I do this?")).to_be_visible()
    picture(page, "approval")
    emulator.script(Say("I have done as you said."))
    page.get_by_role("button", name=decision).click()
    expect(page.get_by_text("I have done as you said.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    told = str(emulator.journal[-1].body["messages"][-1])
    assert ("Removed handbook.md" in told) == (decision == "Approve")


def test_the_answer_after_an_approval_can_be_stopped(page, emulator):
    emulator.script(CallTools([("remove_document", {"name": "handbook.md"})]))
    choose(page, "Chat", "Agent")
    ask(page, "Remove the handbook")
    emulator.switch(pace=0.3)
    emulator.script(Say("word " * 100))
    with page.expect_response("**/project/action"):  # Heroku's router waits for 30 seconds
        page.get_by_role("button", name="Approve").click()
    assert page.get_by_text("word word").count() == 0
    expect(page.get_by_text("word word")).to_be_visible()
    page.locator("#stop-button").click()
    expect(page.locator("#stop-button")).to_have_count(0)
    emulator.switch(pace=0.0)
    emulator.script(Say("Here I am again."))
    ask(page, "Are you there?")
    expect(page.get_by_text("Here I am again.")).to_be_visible()


def test_a_decision_that_is_refused_can_be_made_again(page, emulator):
    emulator.script(CallTools([("remove_document", {"name": "handbook.md"})]))
    choose(page, "Chat", "Agent")
    ask(page, "Remove the handbook")
    approve = page.get_by_role("button", name="Approve")
    expect(approve).to_be_visible()
    page.wait_for_url("**/thread/*")
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("button", name="Reject").click()
    expect(other.get_by_role("button", name="Reject")).to_have_count(0)
    approve.click()
    expect(page.get_by_text("There is nothing to finish.")).to_be_visible()
    expect(approve).to_be_visible()


def test_a_reload_brings_everything_back(page, emulator, picture):
    emulator.script(Say("Thirty days [1].", reasoning="The handbook says so."))
    ask(page, "How many days of holidays have I?", handbook=HANDBOOK)
    expect(page.get_by_text("Thirty days [1].")).to_be_visible()
    page.wait_for_url("**/thread/*")
    page.reload()
    expect(page.get_by_text("Thirty days [1].")).to_be_visible()
    expect(page.get_by_role("button", name="[1] handbook.md")).to_be_visible()
    page.goto("/")
    page.get_by_role("link", name="How many days of holidays have I?").click()
    expect(page.get_by_text("Thirty days [1].")).to_be_visible()
    picture(page, "again")
    emulator.script(Say("You asked about holidays."))
    ask(page, "What did I ask?")
    expect(page.get_by_text("You asked about holidays.")).to_be_visible()
    assert "Thirty days [1]." in str(emulator.journal[-1].body["messages"])


def test_a_reload_during_an_answer_shows_it_when_it_is_whole(page, emulator):
    emulator.switch(pace=0.4)
    emulator.script(Say("First part of the answer. Then quite a long rest, and its end."))
    ask(page, "Tell me something long")
    expect(page.get_by_text("First part")).to_be_visible()
    page.wait_for_url("**/thread/*")
    page.reload()
    expect(page.locator(".step").get_by_text("Tell me something long")).to_be_visible()
    assert page.get_by_text("its end").count() == 0
    expect(page.get_by_text("its end")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_two_users_see_nothing_of_each_other(open_page, emulator):
    ann, bob = open_page(), open_page()
    emulator.script(Say("In May [1]."))
    ask(ann, "When does the blue project start?", plan=b"The blue project starts in May.")
    expect(ann.get_by_text("In May [1].")).to_be_visible()
    ann.wait_for_url("**/thread/*")
    emulator.script(Say("I do not know."))
    ask(bob, "When does the blue project start?")
    expect(bob.get_by_text("I do not know.")).to_be_visible()
    assert "blue project starts in May" not in str(emulator.journal[-1].body)
    expect(bob.get_by_role("link", name="When does the blue project")).to_have_count(1)
    bob.goto(ann.url)
    expect(bob.locator("#chat-input")).to_be_visible()
    expect(bob.get_by_text("In May [1].")).to_have_count(0)


def test_an_error_of_the_api_is_told_in_words_and_can_be_tried_again(page, emulator, picture):
    emulator.script(Fault(401, path="/v1/chat/completions"))
    ask(page, "Hello")
    expect(page.get_by_text("Heroku answered 401: Invalid API key")).to_be_visible()
    assert emulator.api_key not in page.content()
    picture(page, "error")
    emulator.script(Say("Hello to you."))
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Hello to you.")).to_be_visible()


def test_a_file_that_cannot_be_read_is_refused_in_words(page):
    ask(page, "What does it say?", broken=b"\x00\x01")
    expect(page.get_by_text("broken.md is binary, not text.").first).to_be_visible()


def test_another_model_answers_if_the_user_chooses_it(page, emulator):
    emulator.script(Say("From another model."))
    choose(page, "claude-4-5-sonnet", "claude-4-5-haiku")
    ask(page, "Who are you?")
    expect(page.get_by_text("From another model.")).to_be_visible()
    assert emulator.journal[-1].body["model"] == "claude-4-5-haiku"
    page.wait_for_url("**/thread/*")
    page.reload()
    expect(page.locator("button", has_text="claude-4-5-haiku").last).to_be_visible()


def test_a_phone_shows_all_of_it(open_page, emulator, picture):
    page = open_page(**PHONE)
    emulator.script(Say("Thirty days, as the handbook says [1]."))
    ask(page, "How many days of holidays have I?", handbook=HANDBOOK)
    expect(page.get_by_text("Thirty days")).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["viewport"]["width"]
    choose(page, "Chat", "Agent")
    choose(page, "Quick", "Thinks first")  # the longest labels
    send = page.locator("#chat-submit").bounding_box()
    assert send["x"] + send["width"] <= PHONE["viewport"]["width"]
    picture(page, "phone")
