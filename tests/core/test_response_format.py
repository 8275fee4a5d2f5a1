import json
import warnings

import pytest

from heroku_inference import _errors
from heroku_inference._chat.request import chat_request
from heroku_inference._chat.response_format import AnswerText, ResponseFormat
from heroku_inference._values import ChatChunk, ToolCallDelta

HI = [{"role": "user", "content": "Hi"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WANTED = {"type": "json_schema", "json_schema": {"name": "Place", "schema": SCHEMA}}
TOOL = {
    "type": "function",
    "function": {"name": "now", "description": "The time.", "parameters": {"type": "object"}},
}


def request_of(response_format, model="claude-4-sonnet", **options):
    return chat_request(HI, model=model, response_format=response_format, **options)


class TestRequest:
    def test_a_schema_becomes_a_tool_that_must_be_called(self):
        request = request_of(WANTED)
        (tool,) = request.body["tools"]
        assert tool["type"] == "function"
        assert tool["function"]["name"] == request.response_format.answer_tool == "final_answer"
        assert tool["function"]["parameters"] == SCHEMA
        assert request.body["tool_choice"] == {
            "type": "function",
            "function": {"name": "final_answer"},
        }
        assert request.body["messages"] == HI
        assert "response_format" not in request.body

    def test_the_schemas_description_reaches_the_model(self):
        described = {**WANTED["json_schema"], "description": "Where it is."}
        (tool,) = request_of({**WANTED, "json_schema": described}).body["tools"]
        assert tool["function"]["description"].endswith("Where it is.")

    def test_a_schema_may_stand_beside_its_type(self):
        (tool,) = request_of({"type": "json_schema", "name": "P", "schema": SCHEMA}).body["tools"]
        assert tool["function"]["parameters"] == SCHEMA

    def test_a_schema_that_is_a_reference_is_an_object_too(self):
        schema = {"$defs": {"Place": SCHEMA}, "$ref": "#/$defs/Place", "$schema": "x"}
        wanted = {"type": "json_schema", "json_schema": {"schema": schema}}
        (tool,) = request_of(wanted).body["tools"]
        assert tool["function"]["parameters"] == SCHEMA

    @pytest.mark.parametrize("choice", [None, "auto"])
    def test_beside_other_tools_the_model_calls_one_of_them_or_the_answer(self, choice):
        body = request_of(WANTED, tools=[TOOL], tool_choice=choice).body
        assert [tool["function"]["name"] for tool in body["tools"]] == ["now", "final_answer"]
        assert body["tool_choice"] == "required"

    def test_without_leave_to_call_tools_only_the_answer_is_left(self):
        body = request_of(WANTED, tools=[TOOL], tool_choice="none").body
        assert body["tool_choice"]["function"]["name"] == "final_answer"
        assert body["tools"][0] == TOOL

    @pytest.mark.parametrize("choice", ["required", "now"])
    @pytest.mark.parametrize("wanted", [WANTED, {"type": "json_object"}])
    def test_a_forced_tool_leaves_no_text_to_format(self, choice, wanted):
        request = request_of(wanted, tools=[TOOL], tool_choice=choice)
        assert request.response_format is None
        assert request.body["tools"] == [TOOL]

    def test_the_answer_tool_gives_way_to_a_tool_of_the_same_name(self):
        taken = {**TOOL, "function": {**TOOL["function"], "name": "final_answer"}}
        request = request_of(WANTED, tools=[taken])
        assert request.response_format.answer_tool == "final_answer_"

    def test_a_thinking_model_is_asked_and_not_forced(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            body = request_of(WANTED, tools=[TOOL], extended_thinking=True).body
        assert body["tool_choice"] == "auto"
        assert body["messages"][0]["role"] == "system"
        assert "`final_answer`" in body["messages"][0]["content"]

    def test_a_model_that_thinks_and_may_call_no_tool_gets_the_schema_in_words(self):
        request = request_of(WANTED, tools=[TOOL], tool_choice="none", extended_thinking=True)
        assert request.body["tools"] == [TOOL]
        assert request.body["tool_choice"] == "none"
        assert json.dumps(SCHEMA) in request.body["messages"][0]["content"]
        assert request.response_format == ResponseFormat()

    def test_a_json_object_is_asked_for_in_words(self):
        request = request_of({"type": "json_object"})
        system, *rest = request.body["messages"]
        assert "one JSON object" in system["content"]
        assert rest == HI
        assert request.response_format == ResponseFormat()
        assert request.body.keys() == {"model", "messages"}

    @pytest.mark.parametrize("wanted", [None, {"type": "text"}])
    def test_text_needs_nothing(self, wanted):
        request = request_of(wanted)
        assert request.body == {"model": "claude-4-sonnet", "messages": HI}
        assert request.response_format is None

    @pytest.mark.parametrize(
        ("wanted", "said"),
        [
            ({"type": "xml"}, "'xml'"),
            ({}, "None"),
            ({"type": "json_schema"}, "has no schema"),
            ({"type": "json_schema", "json_schema": {"name": "x"}}, "has no schema"),
            ({"type": "json_schema", "json_schema": None}, "has no schema"),
            ({"type": "json_schema", "json_schema": {"schema": {"type": "array"}}}, "an object"),
            ({"type": "json_schema", "json_schema": {"schema": {"anyOf": []}}}, "an object"),
            ("json_object", "must be a mapping, got 'json_object'"),
            (int, "must be a mapping, got <class 'int'>"),
        ],
    )
    def test_a_format_that_means_nothing_is_refused(self, wanted, said):
        with pytest.raises(_errors.ConfigError, match=said):
            request_of(wanted)


def read(response_format, *chunks):
    """Text, reasoning, calls and finish reason after all pieces, and the pieces of text."""
    answer = AnswerText(response_format)
    last = ChatChunk()
    for chunk in chunks:
        answer.rewrite(chunk)
    answer.release(last)
    whole = [*chunks, last]
    return (
        "".join(chunk.text for chunk in whole),
        "".join(chunk.reasoning for chunk in whole),
        [(delta.index, delta.name, delta.arguments) for c in whole for delta in c.tool_calls],
        "".join(chunk.finish_reason or "" for chunk in whole),
    )


def text(piece):
    return ChatChunk(piece)


def call(index, name, arguments=""):
    return ChatChunk(tool_calls=[ToolCallDelta(index, name and f"id{index}", name, arguments)])


def end(reason="tool_calls"):
    return ChatChunk(finish_reason=reason)


HIDDEN = ResponseFormat(answer_tool="final_answer")


def answer_at(index):
    return (call(index, "final_answer"), call(index, None, '{"a":1}'))


class TestHiddenTool:
    def test_its_arguments_are_the_text_piece_by_piece(self):
        chunks = [call(0, "final_answer"), call(0, None, '{"a"'), call(0, None, ":1}"), end()]
        assert read(HIDDEN, *chunks) == ('{"a":1}', "", [], "stop")
        assert [chunk.text for chunk in chunks] == ["", '{"a"', ":1}", ""]

    def test_words_beside_it_are_reasoning(self):
        chunks = [text("Let me "), text("see."), *answer_at(0), text(" Done."), end()]
        assert read(HIDDEN, *chunks) == ('{"a":1}', "Let me see. Done.", [], "stop")

    def test_another_reason_to_finish_stays(self):
        assert read(HIDDEN, *answer_at(0), end("length"))[3] == "length"

    def test_other_calls_are_numbered_without_it(self):
        chunks = [*answer_at(0), call(1, "now", "{"), call(1, None, "}"), call(2, "now"), end()]
        assert read(HIDDEN, *chunks) == (
            '{"a":1}',
            "",
            [(0, "now", "{"), (0, None, "}"), (1, "now", "")],
            "tool_calls",
        )

    def test_words_before_another_call_stay_words(self):
        chunks = [text("Let me see."), call(0, "now", "{}"), text(" Wait."), end()]
        assert read(HIDDEN, *chunks) == (
            "Let me see. Wait.",
            "",
            [(0, "now", "{}")],
            "tool_calls",
        )

    def test_words_before_calls_are_held_until_no_answer_can_follow(self):
        chunks = [text("Let me see."), call(0, "now", "{}"), call(1, "final_answer", '{"a":1}')]
        assert read(HIDDEN, *chunks, end()) == (
            '{"a":1}',
            "Let me see.",
            [(0, "now", "{}")],
            "tool_calls",
        )

    @pytest.mark.parametrize("arguments", ["", " "])
    def test_an_answer_without_arguments_is_an_object_without_fields(self, arguments):
        for rest, more in [([end()], ""), ([], ""), ([*answer_at(1), end()], '\n{"a":1}')]:
            blank = call(0, "final_answer", arguments)
            assert read(HIDDEN, blank, *rest)[0] == arguments + "{}" + more

    def test_an_answer_that_was_cut_off_before_its_first_word_has_none(self):
        assert read(HIDDEN, call(0, "final_answer"), end("length"))[0] == ""

    def test_two_answers_are_both_kept(self):
        assert read(HIDDEN, *answer_at(0), *answer_at(1), end())[0] == '{"a":1}\n{"a":1}'

    @pytest.mark.parametrize("said", ['{"a":1}', '```json\n{"a":1}\n```'])
    def test_a_model_that_answers_in_text_is_heard(self, said):
        chunks = [text(said[:4]), text(said[4:]), end("stop")]
        assert read(HIDDEN, *chunks) == ('{"a":1}', "", [], "stop")
        assert chunks[2].text == '{"a":1}'

    def test_words_without_an_end_are_let_go(self):
        assert read(HIDDEN, text("Hm"))[0] == "Hm"

    def test_what_is_held_can_be_seen(self):
        answer = AnswerText(HIDDEN)
        answer.rewrite(text("Hm"))
        assert answer.held == "Hm"


FENCED = [
    ('{"a": 1}', '{"a": 1}'),
    ('```json\n{"a": 1}\n```', '{"a": 1}'),
    ('\n ```\n{"a": 1}\n```\n', '{"a": 1}'),
    ('```{"a": 1}```', '{"a": 1}'),
    ('```json {"a": "`x` ```"} ```', '{"a": "`x` ```"}'),
    ('```json\n{"a": 1}', '{"a": 1}'),
    ('```c++\n{"a": 1}\n```', '{"a": 1}'),
    ("```json title=x\n\n[1]\r\n  ```", "[1]"),
    ("```json\nnone\n```", "```json\nnone\n```"),
    ("```" + "x" * 300 + "\n{}", "```" + "x" * 300 + "\n{}"),
    ('Here: ```json\n{"a": 1}\n```', 'Here: ```json\n{"a": 1}\n```'),
    (" \n", " \n"),
    ("``", "``"),
    ("```json", "```json"),
    ("`a` is it.", "`a` is it."),
    ("", ""),
]


@pytest.mark.parametrize(("said", "meant"), FENCED)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_a_fence_is_taken_off_wherever_the_stream_is_cut(said, meant, size):
    pieces = [text(said[start : start + size]) for start in range(0, len(said), size)]
    assert read(ResponseFormat(), *pieces, end("stop")) == (meant, "", [], "stop")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_words_after_the_fence_are_reasoning(size):
    said = '```json\n{"a": 1}\n```\n\nThere. ```\nYes'
    pieces = [text(said[start : start + size]) for start in range(0, len(said), size)]
    expected = ('{"a": 1}', "There. ```\nYes", [], "stop")
    assert read(ResponseFormat(), *pieces, end("stop")) == expected


def test_text_without_a_fence_is_passed_on_at_once():
    chunks = [text('{"a"'), text(": 1}")]
    read(ResponseFormat(), *chunks)
    assert [chunk.text for chunk in chunks] == ['{"a"', ": 1}"]


def test_calls_beside_a_json_object_stay_calls():
    assert read(ResponseFormat(), call(0, "now", "{}"), end())[2:] == (
        [(0, "now", "{}")],
        "tool_calls",
    )
