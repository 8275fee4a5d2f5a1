"""Events of a stream to the pieces of an answer, and what is not part of it."""

import pytest

from heroku_inference import _errors
from heroku_inference._chat.reading import ChunkReader, sum_chunks
from heroku_inference._values import Reply, ToolCall, Usage

from .chat_frames import (
    FENCELESS,
    HIDDEN,
    PLAIN,
    PROBE,
    USAGE,
    data,
    frame,
    read,
    read_whole,
    tool_piece,
)


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
        *pieces, end = [reader.read("message", piece) for piece in PROBE]
        assert end == ()
        assert reader.done
        (call,) = sum_chunks(chunk for (chunk,) in pieces).tool_calls
        assert call == ToolCall("tooluse_1", "respond", '{"answer":"42"}')

    def test_the_drift_of_the_live_probe_is_one_call(self):
        reader = ChunkReader(PLAIN, Reply(200))
        pieces = [data(frame({"content": "Let me answer."})), *PROBE]
        pieces[1] = pieces[1].replace(b'"tool_calls":[{"index":0', b'"tool_calls":[{"index":1')
        result = sum_chunks(chunk for piece in pieces for chunk in reader.read("message", piece))
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
        assert reader.read("message", data(nothing)) == ()
        assert reader.read(None, b"") == ()
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
        assert reader.read(event, terminator) == ()
        assert reader.done
        assert reader.read("message", b"not JSON") == ()

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
            (None, b'{"code":429,"message":"boom","type":"t"}', _errors.RateLimitError),
            ("message", b'{"message":"boom"}', _errors.ServerError),
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
        (chunk,) = ChunkReader(PLAIN, Reply(200)).read(None, sent)
        assert chunk.text == "Hi \ufffd"

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


class TestPlaceholderEcho:
    CALL = tool_piece(0, "c", "now", "{}")

    def test_our_filler_before_a_call_is_not_the_models_word(self):
        chunks = read([frame({"content": "."}), frame(self.CALL, finish_reason="tool_calls")])
        assert sum_chunks(chunks).text == ""
        assert read_whole({"content": ".", **self.CALL}, "tool_calls").text == ""

    def test_a_full_stream_that_starts_with_a_full_stop_keeps_it(self):
        chunks = read(
            [*map(frame, [{"content": "."}, {"content": "NET"}]), frame({}, finish_reason="stop")]
        )
        assert sum_chunks(chunks).text == ".NET"

    def test_a_full_stop_alone_is_an_answer(self):
        assert sum_chunks(read([frame({"content": "."}, finish_reason="stop")])).text == "."
        assert read_whole({"content": "."}).text == "."

    def test_a_full_stop_after_words_belongs_to_them(self):
        chunks = read(
            [
                frame({"content": "Yes"}),
                frame({"content": "."}),
                frame(self.CALL, finish_reason="stop"),
            ]
        )
        assert sum_chunks(chunks).text == "Yes."
