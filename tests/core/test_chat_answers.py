import pytest

from heroku_inference import _errors
from heroku_inference._chat.reading import chat_result
from heroku_inference._values import Reply, ToolCall, Usage

from .chat_frames import CAPITAL, HIDDEN, PLAIN, WEATHER, data, frame, read_whole


class TestWholeAnswer:
    def test_a_recorded_answer_is_read_to_the_last_field(self):
        reply = Reply(200, {"x-request-id": "r-1"}, CAPITAL)
        result = chat_result(reply, PLAIN)
        assert result.text.startswith("The capital of France is Paris. It's not only")
        assert result.usage == Usage(14, 51, 65)
        assert result.finish_reason == "stop"
        assert result.id == "chatcmpl-1846531e6d7a6be30e1c6"
        assert result.model == "claude-3-7-sonnet"
        assert result.created == 1749176895
        assert result.system_fingerprint == "heroku-inf-1qgiqof"
        assert result.reply is reply
        assert (result.reasoning, result.refusal, result.tool_calls) == (None, None, [])

    def test_a_recorded_tool_call_keeps_the_words_beside_it(self):
        result = chat_result(Reply(200, {}, WEATHER), PLAIN)
        assert result.text == "Let me check the current weather in Portland for you."
        assert result.tool_calls == [
            ToolCall(
                "tooluse_dV3Vtnb-S9-Z_YFicSv2Gw",
                "get_current_weather",
                '{"location":"Portland, OR"}',
            )
        ]
        assert result.finish_reason == "tool_calls"

    @pytest.mark.parametrize("media", [{"audio": {"id": "a", "data": "UklG"}}, {"images": [{}]}])
    def test_what_is_neither_text_nor_call_is_no_silent_loss(self, media):
        with pytest.raises(_errors.InvalidResponseError, match="audio or images"):
            read_whole({"content": "Hi", **media})
        assert read_whole({"content": "Hi", "audio": None, "images": []}).text == "Hi"

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (None, ""),
            ("", ""),
            ("Hi", "Hi"),
            ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
            ([], ""),
        ],
    )
    def test_content_comes_in_every_shape(self, content, text):
        assert read_whole({"content": content}).text == text

    def test_a_message_may_lack_its_content(self):
        assert read_whole({"role": "assistant"}).text == ""

    @pytest.mark.parametrize(
        ("message", "reasoning", "signature"),
        [
            ({"reasoning": {"thinking": "hm"}}, "hm", None),
            ({"reasoning": {"thinking": "hm", "signature": "s"}}, "hm", "s"),
            ({"reasoning": {"text": "hm"}}, "hm", None),
            ({"reasoning": "hm"}, "hm", None),
            ({"reasoning_content": "hm"}, "hm", None),
            ({"reasoning": None, "reasoning_content": "hm"}, "hm", None),
            ({"content": [{"type": "thinking", "thinking": "hm"}]}, "hm", None),
            ({"reasoning": {}}, None, None),
            ({"reasoning": {"steps": ["ä"]}}, '{"steps":["ä"]}', None),
            ({"reasoning": {"thinking": ""}}, None, None),
            ({"reasoning": ""}, None, None),
        ],
    )
    def test_reasoning_comes_in_every_shape(self, message, reasoning, signature):
        result = read_whole({"content": "Yes", **message})
        assert (result.reasoning, result.reasoning_signature) == (reasoning, signature)

    @pytest.mark.parametrize(
        ("sent", "read_as"),
        [
            ("stop", "stop"),
            ("length", "length"),
            ("tool_calls", "tool_calls"),
            ("content_filter", "content_filter"),
            ("max_tokens", "length"),
            ("tool_use", "tool_calls"),
            ("function_call", "tool_calls"),
            ("end_turn", "stop"),
            ("stop_sequence", "stop"),
            ("", None),
            (None, None),
        ],
    )
    def test_finish_reasons_are_the_documented_ones(self, sent, read_as):
        assert read_whole({"content": "Hi"}, sent).finish_reason == read_as

    @pytest.mark.parametrize(
        ("sent", "usage"),
        [
            ({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}, Usage(1, 2, 3)),
            ({"prompt_tokens": 1, "completion_tokens": 2}, Usage(1, 2, 3)),
            ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, None),
            ({}, None),
            (None, None),
        ],
    )
    def test_usage_is_there_or_none(self, sent, usage):
        assert read_whole({"content": "Hi"}, usage=sent).usage == usage

    def test_empty_arguments_stay_as_the_model_wrote_them(self):
        call = {"id": "c", "type": "function", "function": {"name": "now", "arguments": ""}}
        assert read_whole({"tool_calls": [call]}).tool_calls == [ToolCall("c", "now", "")]

    def test_a_call_without_id_gets_one_made_of_the_answers_own(self):
        call = {"function": {"name": "now", "arguments": "{}"}}
        assert read_whole({"tool_calls": [call]}).tool_calls == [
            ToolCall("call_1846531e6d7a6be30e1c6_0", "now", "{}")
        ]

    @pytest.mark.parametrize("call_id", ["same", None, ""])
    @pytest.mark.parametrize("arguments", ['{"a":1}', "", None])
    def test_each_call_of_a_whole_answer_is_one_whatever_its_id(self, call_id, arguments):
        calls = [
            {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
            for name in ("ping", "ping", "pong")
        ]
        read_calls = read_whole({"content": None, "tool_calls": calls}, "tool_calls").tool_calls
        assert [call.name for call in read_calls] == ["ping", "ping", "pong"]
        assert {call.arguments for call in read_calls} == {arguments or ""}
        assert all(call.id for call in read_calls)

    def test_several_choices_are_parts_of_one_answer(self):
        call = {"id": "c", "function": {"name": "now", "arguments": "{}"}}
        completion = frame({})
        completion["choices"] = [
            {"message": {"content": "Let me see."}, "finish_reason": "tool_calls"},
            {"message": {"tool_calls": [call]}, "finish_reason": "tool_calls"},
        ]
        result = chat_result(Reply(200, {}, data(completion)), PLAIN)
        assert (result.text, result.tool_calls) == ("Let me see.", [ToolCall("c", "now", "{}")])

    def test_a_refusal_is_read(self):
        assert read_whole({"content": None, "refusal": "No."}).refusal == "No."

    def test_text_instead_of_the_hidden_tool_is_not_lost_without_a_finish_reason(self):
        assert read_whole({"content": '{"a": 1}'}, None, HIDDEN).text == '{"a": 1}'

    def test_an_empty_answer_is_an_answer(self):
        result = read_whole({"content": ""}, None)
        assert (result.text, result.finish_reason, result.usage) == ("", None, None)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>It works!</html>",
            b'{"choices":[{"message"',
            b"\xff\xfe",
            b"null",
            b"[]",
            b'"text"',
            b"{}",
            b'{"choices":[]}',
            b'{"choices":null}',
            b'{"object":"list","data":[]}',
            b'{"choices":7}',
            b'{"choices":{"message":{}}}',
            b'{"choices":["text"]}',
            b'{"choices":[{"message":"text"}]}',
            b'{"choices":[{"message":{"content":7}}]}',
            b'{"choices":[{"message":{"content":{"text":"a"}}}]}',
            b'{"choices":[{"message":{"content":[{"type":"image"}]}}]}',
            b'{"choices":[{"message":{"tool_calls":"none"}}]}',
            b'{"choices":[{"message":{"tool_calls":[{"function":"f"}]}}]}',
            b'{"choices":[{"message":{"tool_calls":[{"id":"c","function":{}}]}}]}',
            b'{"choices":[{"message":{"tool_calls":[{"function":{"arguments":"{}"}}]}}]}',
        ],
    )
    def test_anything_else_is_an_invalid_response(self, body):
        with pytest.raises(_errors.InvalidResponseError):
            chat_result(Reply(200, {}, body), PLAIN)

    def test_an_invalid_response_shows_its_beginning(self):
        with pytest.raises(_errors.InvalidResponseError) as caught:
            chat_result(Reply(200, {}, b"<html>" + b"x" * 1000), PLAIN)
        assert caught.value.body == "<html>" + "x" * 194

    def test_an_error_in_spite_of_the_status_is_raised_as_one(self):
        body = b'{"error":{"code":429,"message":"slow down","type":"rate_limit_error"}}'
        with pytest.raises(_errors.RateLimitError, match="slow down"):
            chat_result(Reply(200, {}, body), PLAIN)
