"""What only the Messages endpoint wants of a conversation."""

from __future__ import annotations

import pytest

from heroku_inference import ConfigError
from heroku_inference._adapters.history import check_newest, check_newest_blocks
from heroku_inference._anthropic.request import message_arguments
from heroku_inference._chat.words import PLACEHOLDER

MARK = {"cache_control": {"type": "ephemeral"}}
HELLO = {"role": "user", "content": "Hello"}
FILE = {"type": "file", "file": {"file_id": "file-1"}}
PDF = {
    "type": "document",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "QUJD"},
}


def text(words, **fields):
    return {"type": "text", "text": words, **fields}


def sent(*messages, **fields):
    body = {"model": "claude-4-5-sonnet", "messages": list(messages), **fields}
    return message_arguments(body)


def test_neighbours_of_one_role_become_one_message():
    said = sent(HELLO, {"role": "user", "content": [text("There")]})["messages"]
    assert said == [{"role": "user", "content": [text("Hello"), text("There")]}]


def test_the_newest_turn_is_decided_before_neighbours_become_one():
    with pytest.raises(ConfigError, match=r"messages\[1\]: the user message is empty"):
        sent(HELLO, {"role": "user", "content": " "})
    with pytest.warns(UserWarning, match="without content were left out"):
        assert sent({"role": "user", "content": " "}, HELLO)["messages"] == [HELLO]


def test_a_mark_for_the_cache_stays_where_its_block_is_gone():
    blocks = [text("Read"), text(" ", **MARK)]
    first, *_ = sent(
        {"role": "user", "content": blocks}, {"role": "assistant", "content": "."}, HELLO
    )["messages"]
    assert first["content"] == [text("Read", **MARK)]
    with pytest.warns(UserWarning, match="described in words"):
        body = sent({"role": "user", "content": [{**FILE, **MARK}]}, HELLO)
    assert body["messages"][0]["content"][0]["cache_control"] == MARK["cache_control"]


def test_a_document_that_claude_reads_stays():
    said = sent({"role": "user", "content": [PDF]}, HELLO)["messages"]
    assert said[0]["content"] == [PDF, text("Hello")]


@pytest.mark.parametrize("system", ["", " \n", [text(" ")], []])
def test_an_empty_system_prompt_is_left_out(system):
    assert "system" not in sent(HELLO, system=system)


def test_instructions_among_the_messages_join_the_system_prompt():
    rules = {"role": "system", "content": "Be brief."}
    assert sent(HELLO, rules, system="Be kind.")["system"] == "Be kind.\n\nBe brief."
    marked = {"role": "developer", "content": [text("Be brief.", **MARK)]}
    assert sent(marked, HELLO, system="Be kind.")["system"] == [
        text("Be kind."),
        text("Be brief.", **MARK),
    ]


def test_the_user_begins():
    said = sent({"role": "assistant", "content": "Welcome!"}, HELLO)["messages"]
    assert said[0] == {"role": "user", "content": PLACEHOLDER}
    with pytest.raises(ConfigError, match="nothing that can be sent"):
        sent()


@pytest.mark.parametrize("content", ["The sum is \n", [text("The sum is \n")]])
def test_the_words_to_continue_do_not_end_with_space(content):
    last = sent(HELLO, {"role": "assistant", "content": content})["messages"][-1]
    assert last["content"] in ("The sum is", [text("The sum is")])


def test_a_model_that_thinks_is_asked_to_go_on():
    said = {"role": "assistant", "content": "The sum is"}
    with pytest.warns(UserWarning, match="it is asked to go on"):
        body = sent(HELLO, said, thinking={"type": "enabled", "budget_tokens": 2000})
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]


def test_thoughts_alone_get_words_behind_them():
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "s", "index": 0}
    said = sent(HELLO, {"role": "assistant", "content": [thought]}, HELLO)["messages"][1]
    del thought["index"]
    assert said["content"] == [thought, text(PLACEHOLDER)]


def test_numbers_that_json_does_not_have_are_written_out():
    call = {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": float("nan")}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "1"}
    body = sent(
        HELLO, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}
    )
    assert body["messages"][1]["content"][0]["input"] == {"a": "NaN"}


def test_a_failed_result_without_its_call_says_that_it_failed():
    result = {
        "type": "tool_result",
        "tool_use_id": "t1",
        "content": "No.",
        "is_error": True,
        **MARK,
    }
    with pytest.warns(UserWarning, match="results whose calls are gone"):
        said = sent({"role": "user", "content": [result]}, HELLO)["messages"]
    words, answer, _ = said[0]["content"]
    assert "(it failed)" in words["text"]
    assert answer == text("No.", **MARK)


@pytest.mark.parametrize("check", [check_newest, check_newest_blocks])
def test_the_door_for_adapters_refuses_a_newest_turn_only(check):
    for content in ("", [FILE]):
        with pytest.raises(ConfigError, match=r"^(the user message is empty|a content)"):
            check({"role": "user", "content": content})
        check({"role": "assistant", "content": content})
    check(HELLO)
    check({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": ""}]})


def test_a_role_that_the_endpoint_does_not_have_is_refused_last_only():
    critic = {"role": "critic", "content": "Too short."}
    with pytest.raises(ConfigError, match=r"messages\[1\]: the endpoint has no role 'critic'"):
        sent(HELLO, critic)
    with pytest.raises(ConfigError, match=r"messages\[0\]: a message must be a mapping"):
        sent("Hi", HELLO)


def marked(number):
    block = {"type": "text", "text": str(number), "cache_control": {"type": "ephemeral"}}
    return {"role": "user" if number % 2 else "assistant", "content": [block]}


@pytest.mark.parametrize(("system", "kept"), [("Be brief.", 4), ([marked(0)["content"][0]], 3)])
def test_only_the_last_marks_for_caching_are_sent(system, kept):
    given = {"model": "claude-4-5-sonnet", "messages": [marked(n) for n in range(1, 8)]}
    body = message_arguments({**given, "system": system})
    marks = ["cache_control" in one["content"][0] for one in body["messages"]]
    assert marks == [False] * (7 - kept) + [True] * kept
    assert all("cache_control" in one["content"][0] for one in given["messages"])
