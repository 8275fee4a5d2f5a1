"""The sum of the pieces is the plain answer, however the text and the calls are cut."""

import dataclasses
import itertools

import pytest

from heroku_inference._chat.reading import sum_chunks
from heroku_inference._chat.request import ChatRequest
from heroku_inference._chat.response_format import ResponseFormat

from .chat_frames import USAGE, frame, read, read_whole, tool_piece


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
    expected = read_whole(message, reason, request, usage=USAGE)
    summed = sum_chunks(read(frames, request))
    assert dataclasses.replace(summed, reply=expected.reply) == expected


def without_indices(piece):
    return {
        "tool_calls": [
            {k: v for k, v in call.items() if k != "index"} for call in piece["tool_calls"]
        ]
    }
