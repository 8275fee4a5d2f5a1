import dataclasses
import itertools
import json

import pytest

from heroku_inference import _errors
from heroku_inference._answers import Reply, ToolCall, Usage
from heroku_inference._chat_reading import ChunkReader, chat_result, sum_chunks
from heroku_inference._chat_request import ChatRequest
from heroku_inference._response_format import ResponseFormat

PLAIN = ChatRequest({})
HIDDEN = ChatRequest({}, response_format=ResponseFormat("final_answer"))
FENCELESS = ChatRequest({}, response_format=ResponseFormat())

# Recorded answers, to the byte.
CAPITAL = rb"""{"id":"chatcmpl-1846531e6d7a6be30e1c6","object":"chat.completion","created":1749176895,"model":"claude-3-7-sonnet","system_fingerprint":"heroku-inf-1qgiqof","choices":[{"index":0,"message":{"role":"assistant","content":"The capital of France is Paris. It's not only the political capital but also a major cultural and economic hub in Europe, known for landmarks like the Eiffel Tower, the Louvre Museum, and Notre-Dame Cathedral.","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":14,"completion_tokens":51,"total_tokens":65}}"""  # noqa: E501
WEATHER = rb"""{"id":"chatcmpl-1859428879fc791b17d73","object":"chat.completion","created":1754506683,"model":"claude-4-sonnet","system_fingerprint":"heroku-inf-cp42st","choices":[{"index":0,"message":{"role":"assistant","refusal":null,"tool_calls":[{"id":"tooluse_dV3Vtnb-S9-Z_YFicSv2Gw","type":"function","function":{"name":"get_current_weather","arguments":"{\"location\":\"Portland, OR\"}"}}],"content":"Let me check the current weather in Portland for you."},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":354,"completion_tokens":69,"total_tokens":423}}"""  # noqa: E501
PROBE = [
    rb"""{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"tooluse_1","type":"function","function":{"name":"respond","arguments":""}}]},"index":0}]}""",
    rb"""{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"","arguments":"{\"ans"}}]},"index":0}]}""",
    rb"""{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"","arguments":"wer\":\"42\"}"}}]},"index":0}]}""",
    b"[DONE]",
]

USAGE = {"prompt_tokens": 14, "completion_tokens": 51, "total_tokens": 65}


def frame(delta, *, finish_reason="", usage=None, kind="delta", **more):
    return {
        "id": "chatcmpl-1846531e6d7a6be30e1c6",
        "object": "chat.completion.chunk",
        "created": 1749176895,
        "model": "claude-4-sonnet",
        "system_fingerprint": "heroku-inf-1qgiqof",
        "choices": [{"index": 0, kind: delta, "finish_reason": finish_reason}],
        "usage": usage or {},
        **more,
    }


def data(value):
    return json.dumps(value).encode()


def read(frames, request=PLAIN, reply=Reply(200)):  # noqa: B008 - a value
    reader = ChunkReader(request, reply)
    chunks = [reader.read("message", data(value)) for value in frames]
    chunks.append(reader.finish())
    return [chunk for chunk in chunks if chunk is not None]


def whole(message, finish_reason="stop", request=PLAIN, **more):
    completion = frame(message, finish_reason=finish_reason, kind="message", **more)
    return chat_result(Reply(200, {}, data(completion)), request)


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

    def test_the_older_function_call_is_a_tool_call(self):
        call = {"name": "now", "arguments": '{"zone": "UTC"}'}
        result = whole({"content": None, "function_call": call}, "function_call")
        assert [(c.name, c.arguments) for c in result.tool_calls] == [("now", '{"zone": "UTC"}')]
        assert result.tool_calls[0].id
        assert result.finish_reason == "tool_calls"
        assert whole({"content": "Hi", "function_call": None}).tool_calls == []

    def test_the_older_function_call_is_one_call_when_it_is_streamed(self):
        pieces = [{"name": "now", "arguments": ""}, {"arguments": '{"zone":'}, {"arguments": "1}"}]
        frames = [frame({"function_call": piece}) for piece in pieces]
        result = sum_chunks(read([*frames, frame({}, finish_reason="function_call")]))
        assert [(c.name, c.arguments) for c in result.tool_calls] == [("now", '{"zone":1}')]

    @pytest.mark.parametrize("media", [{"audio": {"id": "a", "data": "UklG"}}, {"images": [{}]}])
    def test_what_is_neither_text_nor_call_is_no_silent_loss(self, media):
        with pytest.raises(_errors.InvalidResponseError, match="audio or images"):
            whole({"content": "Hi", **media})
        assert whole({"content": "Hi", "audio": None, "images": []}).text == "Hi"

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
        assert whole({"content": content}).text == text

    def test_a_message_may_lack_its_content(self):
        assert whole({"role": "assistant"}).text == ""

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
        result = whole({"content": "Yes", **message})
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
        assert whole({"content": "Hi"}, sent).finish_reason == read_as

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
        assert whole({"content": "Hi"}, usage=sent).usage == usage

    def test_empty_arguments_stay_as_the_model_wrote_them(self):
        call = {"id": "c", "type": "function", "function": {"name": "now", "arguments": ""}}
        assert whole({"tool_calls": [call]}).tool_calls == [ToolCall("c", "now", "")]

    def test_a_call_without_id_gets_one_made_of_the_answers_own(self):
        call = {"function": {"name": "now", "arguments": "{}"}}
        assert whole({"tool_calls": [call]}).tool_calls == [
            ToolCall("call_1846531e6d7a6be30e1c6_0", "now", "{}")
        ]

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
        assert whole({"content": None, "refusal": "No."}).refusal == "No."

    def test_text_instead_of_the_hidden_tool_is_not_lost_without_a_finish_reason(self):
        assert whole({"content": '{"a": 1}'}, None, HIDDEN).text == '{"a": 1}'

    def test_an_empty_answer_is_an_answer(self):
        result = whole({"content": ""}, None)
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
            b'{"choices":[{"message":{"content":"a","reasoning":7}}]}',
            b'{"choices":[{"message":{"tool_calls":"none"}}]}',
            b'{"choices":[{"message":{"tool_calls":[{"function":"f"}]}}]}',
            b'{"choices":[{"message":{"tool_calls":[{"id":"c","function":{}}]}}]}',
            b'{"choices":[{"message":{"tool_calls":[{"function":{"arguments":"{}"}}]}}]}',
            b'{"choices":[{"message":{"content":"a"},"finish_reason":[1]}]}',
            b'{"choices":[{"message":{"content":"a"}}],"usage":"none"}',
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


class TestStream:
    def test_text_comes_piece_by_piece_and_usage_at_the_end(self):
        reply = Reply(200, {"x-request-id": "r-1"})
        first, second, finish, last = read(
            [
                frame({"role": "assistant", "content": ""}),
                frame({"role": "assistant", "content": "Hel"}),
                frame({"role": "assistant", "content": "lo"}),
                frame({}, finish_reason="stop"),
                frame({"content": ""}, finish_reason="stop", usage=USAGE),
            ],
            reply=reply,
        )
        assert (first.text, second.text) == ("Hel", "lo")
        assert (first.id, first.model) == ("chatcmpl-1846531e6d7a6be30e1c6", "claude-4-sonnet")
        assert (first.created, first.system_fingerprint) == (1749176895, "heroku-inf-1qgiqof")
        assert first.reply is reply
        assert (second.id, second.model, second.reply) == (None, None, None)
        assert (finish.finish_reason, finish.usage) == ("stop", None)
        assert (last.usage, last.finish_reason, last.text) == (Usage(14, 51, 65), None, "")

    def test_the_live_probe_is_one_call(self):
        reader = ChunkReader(PLAIN, Reply(200))
        chunks = [reader.read("message", piece) for piece in PROBE]
        assert chunks[-1] is None
        assert reader.done
        (call,) = sum_chunks(chunks[:-1]).tool_calls
        assert call == ToolCall("tooluse_1", "respond", '{"answer":"42"}')

    def test_the_drift_of_the_live_probe_is_one_call(self):
        reader = ChunkReader(PLAIN, Reply(200))
        pieces = [data(frame({"content": "Let me answer."})), *PROBE]
        pieces[1] = pieces[1].replace(b'"tool_calls":[{"index":0', b'"tool_calls":[{"index":1')
        chunks = [reader.read("message", piece) for piece in pieces]
        result = sum_chunks(chunks[:-1])
        assert result.text == "Let me answer."
        assert result.tool_calls == [ToolCall("tooluse_1", "respond", '{"answer":"42"}')]

    @pytest.mark.parametrize(
        "reasoning",
        [{"reasoning": {"thinking": "hm"}}, {"reasoning": "hm"}, {"reasoning_content": "hm"}],
    )
    def test_reasoning_comes_before_text(self, reasoning):
        pieces = [{"content": "", **reasoning}, {"content": None, **reasoning}, {"content": "Yes"}]
        chunks = read([*map(frame, pieces), frame({}, finish_reason="stop")])
        assert [(chunk.reasoning, chunk.text) for chunk in chunks] == [
            ("hm", ""),
            ("hm", ""),
            ("", "Yes"),
            ("", ""),
        ]

    def test_a_signature_is_passed_on(self):
        signed = frame({"reasoning": {"thinking": "", "signature": "s"}})
        (chunk, _) = read([signed, frame({}, finish_reason="stop")])
        assert chunk.reasoning_signature == "s"

    def test_a_whole_message_in_a_frame_is_read(self):
        call = {"id": "c", "function": {"name": "now", "arguments": "{}"}}
        message = {"role": "assistant", "content": "Hm", "tool_calls": [call]}
        (chunk,) = read([frame(message, kind="message", finish_reason="tool_calls")])
        assert (chunk.text, chunk.finish_reason) == ("Hm", "tool_calls")
        assert [(delta.id, delta.name) for delta in chunk.tool_calls] == [("c", "now")]

    @pytest.mark.parametrize(
        "nothing",
        [
            {"type": "ping"},
            {"choices": []},
            {"choices": None},
            {"choices": [{}]},
            {"choices": [{"delta": {}}]},
            {"choices": [{"delta": None, "finish_reason": None}]},
            {"choices": [{"delta": {"role": "assistant", "content": None}}]},
            {"choices": [], "error": None},
            frame({"content": ""}, usage=dict.fromkeys(USAGE, 0)),
        ],
    )
    def test_frames_that_add_nothing_are_not_passed_on(self, nothing):
        reader = ChunkReader(PLAIN, Reply(200))
        assert reader.read("message", data(nothing)) is None
        assert reader.read(None, b"") is None
        assert not reader.done

    def test_usage_may_come_without_choices(self):
        frames = [frame({"content": "Hi"}, finish_reason="stop"), {"choices": [], "usage": USAGE}]
        assert read(frames)[-1].usage == Usage(14, 51, 65)

    def test_zeros_after_the_usage_do_not_wipe_it_out(self):
        zeros = {"choices": [], "usage": dict.fromkeys(USAGE, 0)}
        frames = [frame({"content": "Hi"}, finish_reason="stop", usage=USAGE), zeros]
        assert read(frames)[-1].usage == Usage(14, 51, 65)

    def test_without_usage_there_is_no_last_piece(self):
        (only,) = read([frame({"content": "Hi"}, finish_reason="stop")])
        assert (only.text, only.finish_reason) == ("Hi", "stop")

    def test_the_finish_reason_comes_once(self):
        frames = [frame({"content": "Hi"}, finish_reason="stop"), frame({}, finish_reason="stop")]
        assert [chunk.finish_reason for chunk in read(frames)] == ["stop"]

    @pytest.mark.parametrize("request_", [PLAIN, HIDDEN])
    def test_text_after_the_finish_reason_is_not_lost(self, request_):
        frames = [frame({"content": "Hel"}, finish_reason="stop"), frame({"content": "lo"})]
        assert sum_chunks(read(frames, request_)).text == "Hello"

    def test_an_answer_without_words_is_signed_all_the_same(self):
        (only,) = read([frame({"role": "assistant"}), frame({}, finish_reason="stop")])
        assert (only.id, only.reply) == ("chatcmpl-1846531e6d7a6be30e1c6", Reply(200))

    @pytest.mark.parametrize(
        ("event", "terminator"),
        [
            ("message", b"[DONE]"),
            (None, b" [DONE] "),
            ("done", b"[DONE]"),
            ("done", b""),
        ],
    )
    def test_the_end_is_seen_and_what_follows_is_not_read(self, event, terminator):
        reader = ChunkReader(PLAIN, Reply(200))
        assert reader.read(event, terminator) is None
        assert reader.done
        assert reader.read("message", b"not JSON") is None

    @pytest.mark.parametrize(
        ("event", "sent", "kind"),
        [
            ("error", b'{"error":{"code":503,"message":"boom"}}', _errors.ServerError),
            (
                "error",
                b'{"error":"{\\"code\\":429,\\"message\\":\\"boom\\"}"}',
                _errors.RateLimitError,
            ),
            ("error", b"boom", _errors.APIError),
            ("error", b"", _errors.ServerError),
            ("error", b'{"code":400,"message":"boom"}', _errors.InvalidRequestError),
            ("message", b'{"error":{"code":500,"message":"boom"}}', _errors.ServerError),
            (None, b'{"error":"boom"}', _errors.APIError),
        ],
    )
    def test_an_error_in_the_stream_is_raised(self, event, sent, kind):
        reader = ChunkReader(PLAIN, Reply(200))
        with pytest.raises(kind, match="boom" if sent else "Heroku answered 500"):
            reader.read(event, sent)

    @pytest.mark.parametrize("request_", [PLAIN, HIDDEN, FENCELESS])
    @pytest.mark.parametrize("pieces", [["```", "js"], ["Hel", "lo"], ["."], []])
    @pytest.mark.parametrize(
        ("event", "sent"), [("error", b"boom"), ("error", b""), ("message", b"oops")]
    )
    def test_an_error_in_the_stream_keeps_the_text_before_it(self, request_, pieces, event, sent):
        reader = ChunkReader(request_, Reply(200))
        for piece in pieces:
            reader.read("message", data(frame({"content": piece})))
        assert reader.partial == "".join(pieces)
        with pytest.raises(_errors.HerokuError) as caught:
            reader.read(event, sent)
        assert caught.value.partial == "".join(pieces)

    def test_a_call_without_a_name_at_the_end_keeps_the_text_before_it(self):
        frames = [
            frame({"content": "Hm"}),
            frame(tool_piece(0, "c", "", "{}"), finish_reason="tool_calls"),
        ]
        with pytest.raises(_errors.InvalidResponseError) as caught:
            read(frames)
        assert caught.value.partial == "Hm"

    def test_half_an_emoji_does_not_end_the_stream(self):
        sent = data(frame({"content": "Hi "})).replace(b"Hi ", rb"Hi \ud83d")
        assert ChunkReader(PLAIN, Reply(200)).read(None, sent).text == "Hi \ufffd"

    @pytest.mark.parametrize(
        "sent", [b"oops", b"7", b'{"choices":[7]}', b'{"choices":[{"delta":7}]}']
    )
    def test_a_frame_that_makes_no_sense_raises(self, sent):
        with pytest.raises(_errors.InvalidResponseError):
            ChunkReader(PLAIN, Reply(200)).read("message", sent)

    @pytest.mark.parametrize("request_", [PLAIN, HIDDEN])
    @pytest.mark.parametrize("pieces", [["Hel", "lo"], ["."], []])
    def test_a_stream_without_a_finish_reason_was_interrupted(self, request_, pieces):
        with pytest.raises(_errors.StreamInterruptedError) as caught:
            read([frame({"content": piece}) for piece in pieces], request_)
        assert caught.value.partial == "".join(pieces)


def tool_piece(index, call_id, name, arguments):
    return {
        "tool_calls": [
            {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}
        ]
    }


class TestPlaceholderEcho:
    CALL = tool_piece(0, "c", "now", "{}")

    def test_our_filler_before_a_call_is_not_the_models_word(self):
        chunks = read([frame({"content": "."}), frame(self.CALL, finish_reason="tool_calls")])
        assert sum_chunks(chunks).text == ""
        assert whole({"content": ".", **self.CALL}, "tool_calls").text == ""

    def test_a_full_stream_that_starts_with_a_full_stop_keeps_it(self):
        chunks = read(
            [*map(frame, [{"content": "."}, {"content": "NET"}]), frame({}, finish_reason="stop")]
        )
        assert sum_chunks(chunks).text == ".NET"

    def test_a_full_stop_alone_is_an_answer(self):
        assert sum_chunks(read([frame({"content": "."}, finish_reason="stop")])).text == "."
        assert whole({"content": "."}).text == "."

    def test_a_full_stop_after_words_belongs_to_them(self):
        chunks = read(
            [
                frame({"content": "Yes"}),
                frame({"content": "."}),
                frame(self.CALL, finish_reason="stop"),
            ]
        )
        assert sum_chunks(chunks).text == "Yes."


def sentences(text, size):
    return [{"content": text[start : start + size]} for start in range(0, len(text), size)]


def calls_in_pieces(calls, size, first_index, drift):
    for number, (call_id, name, arguments) in enumerate(calls):
        yield tool_piece(number + first_index, call_id, name, "")
        for start in range(0, len(arguments), size):
            piece = arguments[start : start + size]
            yield {
                "tool_calls": [
                    {"index": number + drift, "function": {"name": "", "arguments": piece}}
                ]
            }


ANSWERS = {
    "text": ("Grüße 👋 aus Köln.", None, []),
    "reasoning": ("Yes.", "Let me think…", []),
    "call": ("", None, [("a", "add", '{"x":1}')]),
    "parallel calls": ("I add.", "hm", [("a", "add", '{"x":1}'), ("b", "sub", '{"y":[2]}')]),
    "calls without arguments": ("", None, [("a", "now", ""), ("b", "add", '{"x":1}')]),
    "the answer": ("Well.", None, [("a", "final_answer", '{"x":1}')]),
    "words, a call and the answer": (
        "Let me see.",
        None,
        [("a", "get", "{}"), ("b", "final_answer", '{"x":2}')],
    ),
    "the empty answer": ("Well.", None, [("a", "final_answer", "")]),
    "fenced, with words": ('```c++\n{"x": 1}\n```\nThere.', None, []),
    "the answer and a call": ("", "hm", [("a", "now", "{}"), ("b", "final_answer", '{"x":1}')]),
    "fenced": ('```json\n{"x": 1}\n```', None, []),
}
FORMATS = [None, ResponseFormat(), ResponseFormat("final_answer")]


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("response_format", FORMATS)
@pytest.mark.parametrize(("first_index", "drift"), [(0, 0), (1, 0), (1, 1), (1, None)])
@pytest.mark.parametrize("answer", ANSWERS)
def test_the_sum_of_a_stream_is_the_plain_answer(answer, size, response_format, first_index, drift):
    text, reasoning, calls = ANSWERS[answer]
    request = ChatRequest({}, response_format=response_format)
    reason = "tool_calls" if calls else "stop"
    message = {
        "content": text,
        "reasoning": {"thinking": reasoning},
        "tool_calls": [
            {"id": call_id, "function": {"name": name, "arguments": arguments}}
            for call_id, name, arguments in calls
        ],
    }
    thoughts = [{"content": "", "reasoning": {"thinking": piece}} for piece in reasoning or ""]
    later = calls_in_pieces(calls, size, first_index, drift or 0)
    if drift is None:
        later = (without_indices(piece) for piece in later)
    deltas = itertools.chain(thoughts, sentences(text, size), later)
    frames = [*map(frame, deltas), frame({}, finish_reason=reason), frame({}, usage=USAGE)]
    expected = whole(message, reason, request, usage=USAGE)
    summed = sum_chunks(read(frames, request))
    assert dataclasses.replace(summed, reply=expected.reply) == expected


def without_indices(piece):
    return {
        "tool_calls": [
            {k: v for k, v in call.items() if k != "index"} for call in piece["tool_calls"]
        ]
    }
