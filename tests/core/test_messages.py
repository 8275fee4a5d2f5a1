import copy
import time

import pytest

from heroku_inference import _errors
from heroku_inference._chat.messages import has_tool_calls, wire_messages, with_instruction
from heroku_inference._chat.shown_images import SHOWN_BELOW
from heroku_inference._chat.words import NO_OUTPUT, PLACEHOLDER

IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}
CALL = {
    "id": "tooluse_1",
    "type": "function",
    "function": {"name": "add", "arguments": '{"a": 1}'},
}


HELLO = {"role": "user", "content": "Hello"}
RESULT = {"role": "tool", "tool_call_id": "tooluse_1", "content": "2"}


def wired(message):
    """The message on the wire; one with calls has its results, a result has its call before it."""
    calls = message.get("tool_calls") or []
    results = [{**RESULT, "tool_call_id": call["id"]} for call in calls]
    called = {"role": "assistant", "content": "", "tool_calls": [{**CALL, "id": "c"}]}
    before = copy.deepcopy(message)
    conversation = [*([called] if message["role"] == "tool" else []), message, *results]
    wire = wire_messages(conversation)
    assert message == before, "the given message was changed"
    assert len(wire) == len(conversation)
    return wire[conversation.index(message)]


@pytest.mark.parametrize("role", ["system", "developer", "user"])
def test_plain_messages_stay_as_they_are(role):
    assert wired({"role": role, "content": " Hi\n"}) == {"role": role, "content": " Hi\n"}


BLANKS = ["", None, [], " \n", [{"type": "text", "text": ""}]]


@pytest.mark.parametrize("content", BLANKS)
def test_an_empty_newest_turn_is_refused_with_its_position(content):
    with pytest.raises(_errors.ConfigError, match=r"messages\[1\]: the user message is empty"):
        wire_messages([HELLO, {"role": "user", "content": content}])


@pytest.mark.parametrize("role", ["system", "developer"])
@pytest.mark.parametrize("content", BLANKS)
def test_empty_instructions_are_left_out(role, content):
    assert wire_messages([{"role": role, "content": content}, HELLO]) == [HELLO]
    with pytest.raises(_errors.ConfigError, match="nothing that can be sent"):
        wire_messages([{"role": role, "content": content}])


@pytest.mark.parametrize("content", BLANKS)
def test_an_empty_older_message_of_the_users_is_left_out(content):
    with pytest.warns(UserWarning, match="of the user without content were left out"):
        assert wire_messages([{"role": "user", "content": content}, HELLO]) == [HELLO]


def test_a_field_that_would_be_lost_is_refused_in_the_newest_turn():
    with pytest.raises(_errors.ConfigError, match="a user message has no field 'mood'"):
        wire_messages([{"role": "user", "content": "Hi", "mood": "merry"}])


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant"])
def test_an_unknown_field_of_an_older_message_is_left_out(role):
    message = {"role": role, "content": "Hi", "mood": "merry"}
    with pytest.warns(UserWarning, match="fields that Heroku does not have were left out"):
        assert wire_messages([message, HELLO]) == [{"role": role, "content": "Hi"}, HELLO]


@pytest.mark.parametrize("role", ["user", "assistant"])
def test_names_and_echoes_of_an_answer_are_left_out(role):
    echo = {
        "role": role,
        "content": "Hi",
        "name": "bob",
        "reasoning": {"thinking": "hm"},
        "reasoning_content": "hm",
        "refusal": None,
        "annotations": [],
        "tool_calls": [],
        "function_call": None,
    }
    assert wired(echo) == {"role": role, "content": "Hi"}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (["a", "b"], "a\nb"),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
        ([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}], "a"),
        ([{"type": "text", "text": ""}, "b"], "b"),
    ],
)
def test_content_of_only_text_becomes_one_string(content, text):
    assert wired({"role": "user", "content": content})["content"] == text


def test_the_parts_of_an_answer_are_joined_without_a_seam():
    parts = [{"type": "text", "text": "The sun "}, {"type": "text", "text": "shines."}]
    assert wired({"role": "assistant", "content": parts})["content"] == "The sun shines."


@pytest.mark.parametrize(
    ("image", "sent"),
    [
        (IMAGE, IMAGE),
        ({"type": "image_url", "image_url": IMAGE["image_url"]["url"]}, IMAGE),
        (
            {
                **IMAGE,
                "image_url": {**IMAGE["image_url"], "detail": "low", "format": "png"},
                "id": 1,
            },
            {**IMAGE, "image_url": {**IMAGE["image_url"], "detail": "low"}},
        ),
    ],
)
def test_images_stay_beside_text(image, sent):
    content = [{"type": "text", "text": "What?"}, {"type": "text", "text": ""}, image]
    assert wired({"role": "user", "content": content})["content"] == [
        {"type": "text", "text": "What?"},
        sent,
    ]


@pytest.mark.parametrize("content", ["", None, " \n", [], [{"type": "text", "text": " "}]])
@pytest.mark.parametrize("calls", [{}, {"tool_calls": [CALL]}])
def test_an_assistant_message_without_words_gets_the_placeholder(content, calls):
    wire = wired({"role": "assistant", "content": content, **calls})
    assert wire == {"role": "assistant", "content": PLACEHOLDER, **calls}


def test_an_assistant_message_may_lack_its_content():
    assert wired({"role": "assistant", "tool_calls": [CALL]})["content"] == PLACEHOLDER


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("<reasoning>I think\nso</reasoning>\n\nYes", "Yes"),
        ("a<reasoning>b</reasoning>c<reasoning>d</reasoning>", "ac"),
        ("<reasoning>only</reasoning>", PLACEHOLDER),
        ('<reasoning lang="en">hm</reasoning> Yes', "Yes"),
        ("<Reasoning>hm</REASONING >Yes", "Yes"),
        ("a<reasoning>b<reasoning>c</reasoning>d</reasoning>e", "ae"),
    ],
)
def test_reasoning_in_tags_is_not_sent_back(said, sent):
    assert wired({"role": "assistant", "content": said})["content"] == sent


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("cut off <reasoning>here", "cut off here"),
        ("a<reasoning>b<reasoning>c</reasoning>d", "abd"),
        ("before</reasoning> after", "before after"),
        ("<reasoning without end", "<reasoning without end"),
        ("<reasonings>stay</reasonings>", "<reasonings>stay</reasonings>"),
    ],
)
def test_a_reasoning_tag_without_its_other_half_costs_no_text(said, sent):
    assert wired({"role": "assistant", "content": said})["content"] == sent


@pytest.mark.parametrize("tag", ["<reasoning>", "<reasoning", "</reasoning>", "<reasoning x"])
def test_the_time_for_reasoning_tags_grows_with_their_number_only(tag):
    start = time.process_time()
    wired({"role": "assistant", "content": tag * 20_000})
    assert time.process_time() - start < 2  # a minute if each tag looked for its other half


def test_reasoning_parts_are_not_sent_back():
    parts = [
        {"type": "thinking", "thinking": "hm", "signature": "x"},
        {"type": "reasoning", "reasoning": "hm"},
        {"type": "text", "text": "Yes"},
    ]
    assert wired({"role": "assistant", "content": parts})["content"] == "Yes"


def test_a_refusal_becomes_the_assistants_text():
    assert wired({"role": "assistant", "content": None, "refusal": "No."})["content"] == "No."
    part = {"type": "refusal", "refusal": "No."}
    assert wired({"role": "assistant", "content": [part]})["content"] == "No."


@pytest.mark.parametrize(
    ("role", "label"),
    [
        ("assistant", "An image of the assistant's last message:"),
        ("system", "An image of the instructions:"),
    ],
)
def test_an_image_that_is_not_the_users_moves_to_a_message_of_the_users(role, label):
    with pytest.warns(UserWarning, match="images that were not the user's"):
        wire = wire_messages([{"role": role, "content": ["Look", IMAGE]}, HELLO])
    shown = {"role": "user", "content": [{"type": "text", "text": label}, IMAGE]}
    assert wire == [{"role": role, "content": "Look"}, shown, HELLO]


def test_images_of_results_come_after_all_results_of_their_turn():
    calls = [{**CALL, "id": "a"}, {**CALL, "id": "b"}]
    wire = wire_messages(
        [
            {"role": "assistant", "content": "Hm", "tool_calls": calls},
            {"role": "tool", "tool_call_id": "a", "content": [IMAGE]},
            {"role": "tool", "tool_call_id": "b", "content": "two"},
        ]
    )
    assert wire[1:] == [
        {"role": "tool", "tool_call_id": "a", "content": SHOWN_BELOW},
        {"role": "tool", "tool_call_id": "b", "content": "two"},
        {"role": "user", "content": [{"type": "text", "text": "Result of a:"}, IMAGE]},
    ]


def test_tool_calls_carry_the_documented_fields_and_object_arguments():
    call = {"index": 0, "id": "c", "function": {"name": "now", "arguments": "", "x": 1}, "type": ""}
    assert wired({"role": "assistant", "content": "Hm", "tool_calls": [call]})["tool_calls"] == [
        {"id": "c", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    ]


@pytest.mark.parametrize(
    ("output", "sent"),
    [
        ("sunny", "sunny"),
        ('{"a": 1}', '{"a": 1}'),
        ("", NO_OUTPUT),
        (" \n", NO_OUTPUT),
        (None, NO_OUTPUT),
        ([], NO_OUTPUT),
        ("[]", '{"result": []}'),
        (" 42 ", '{"result": 42}'),
        ("1.10", '{"result": 1.10}'),
        ("true", '{"result": true}'),
        ("null", '{"result": null}'),
        ('"quoted"', '{"result": "quoted"}'),
        ('[{"a": 1}]', '{"result": [{"a": 1}]}'),
        ("42 apples", "42 apples"),
        ("NaN", "NaN"),
        ("[not json", "[not json"),
        ("{not json", "{not json"),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
        ([{"type": "text", "text": "7"}], '{"result": 7}'),
        ('"\ud83d"', '{"result": "\ufffd"}'),
    ],
)
def test_tool_output_is_neither_empty_nor_a_bare_json_value(output, sent):
    message = {"role": "tool", "tool_call_id": "c", "name": "add", "content": output}
    assert wired(message) == {"role": "tool", "tool_call_id": "c", "content": sent}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Hi", "must be a mapping, got a value of type str"),
        (object(), "must be a mapping, got a value of type object"),
        ({"content": "Hi"}, "no role None"),
        ({"role": "critic", "content": "Hi"}, "no role 'critic'"),
        ({"role": ["user"], "content": "Hi"}, r"no role \['user'\]"),
        ({"role": "user", "content": "Hi", "tool_calls": [CALL]}, "'tool_calls'"),
        (
            {"role": "user", "content": {"a": 1}},
            "content must be a str or a list, got a value of type dict",
        ),
        (
            {"role": "user", "content": 42},
            "content must be a str or a list, got a value of type int",
        ),
        ({"role": "user", "content": [42]}, "'int'"),
        ({"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}, "audio"),
        ({"role": "user", "content": [{"type": "file", "file": {}}]}, "'file'"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "'image_url'"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, "'image_url'"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_position(message, said):
    with pytest.raises(_errors.ConfigError, match=rf"messages\[1\].*{said}"):
        wire_messages([{"role": "user", "content": "Hi"}, message])


def test_a_chat_needs_a_message():
    with pytest.raises(_errors.ConfigError, match="messages is empty"):
        wire_messages([])


@pytest.mark.parametrize("messages", ["hello", 7])
def test_messages_are_a_list(messages):
    with pytest.raises(_errors.ConfigError, match="Pass a list of messages"):
        wire_messages(messages)


def test_order_and_number_of_messages_stay():
    messages = [{"role": "user", "content": str(n)} for n in range(5)]
    assert wire_messages(messages) == messages


def test_a_history_with_tool_calls_is_known():
    assert has_tool_calls([{"role": "user"}, {"role": "assistant", "tool_calls": [CALL]}])
    assert not has_tool_calls([{"role": "assistant", "tool_calls": []}])


@pytest.mark.parametrize(
    ("messages", "first"),
    [
        ([{"role": "user", "content": "Hi"}], {"role": "system", "content": "Be brief."}),
        (
            [{"role": "developer", "content": "You are kind."}],
            {"role": "developer", "content": "You are kind.\n\nBe brief."},
        ),
        ([{"role": "system", "content": ""}], {"role": "system", "content": "Be brief."}),
        (
            [{"role": "system", "content": [IMAGE]}],
            {"role": "system", "content": [IMAGE, {"type": "text", "text": "Be brief."}]},
        ),
    ],
)
def test_an_instruction_joins_the_system_message(messages, first):
    before = copy.deepcopy(messages)
    instructed = with_instruction(messages, "Be brief.")
    assert instructed[0] == first
    assert messages == before
