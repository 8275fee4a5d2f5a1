from __future__ import annotations

import time

import pytest

from heroku_inference._http.sse import EventDecoder

SPACED = b"event: message\ndata: {0}\n\nevent: message\ndata: {1}\n\nevent: done\ndata: [DONE]\n\n"
FRAMINGS = {
    "spaces": SPACED,
    "no spaces": SPACED.replace(b": ", b":"),
    "crlf": SPACED.replace(b"\n", b"\r\n"),
    "cr": SPACED.replace(b"\n", b"\r"),
    "mark, comments and ids": b"\xef\xbb\xbf: hello\n\nid: 1\nretry: 5\n"
    + SPACED.replace(b"\n\n", b"\n\n: ping\n\n\n\n: ping\n"),
}
EXPECTED = [
    ("message", '{"text":"grün 🌿"}'.encode()),
    ("message", b'{"text":"\\u00fc"}'),
    ("done", b"[DONE]"),
]


def body(framing: str) -> bytes:
    raw = FRAMINGS[framing]
    return raw.replace(b"{0}", EXPECTED[0][1]).replace(b"{1}", EXPECTED[1][1])


@pytest.mark.parametrize("framing", FRAMINGS)
def test_frames_may_be_split_at_every_byte(framing):
    whole = body(framing)
    for size in range(1, len(whole) + 1):
        decoder = EventDecoder()
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        events = [event for piece in pieces for event in decoder.feed(piece)]
        assert events + decoder.flush() == EXPECTED, size


@pytest.mark.parametrize("framing", FRAMINGS)
def test_frames_may_be_split_in_two_anywhere(framing):
    whole = body(framing)
    for at in range(len(whole)):
        decoder = EventDecoder()
        events = [*decoder.feed(whole[:at]), *decoder.feed(b""), *decoder.feed(whole[at:])]
        assert events + decoder.flush() == EXPECTED, at


def test_an_event_is_passed_on_as_soon_as_its_blank_line_arrives():
    decoder = EventDecoder()
    assert decoder.feed(b"data: 1\n") == []
    assert decoder.feed(b"\ndata: 2") == [(None, b"1")]


def test_data_of_several_lines_is_joined():
    assert EventDecoder().feed(b"data: a\ndata:b\ndata:  c\n\n") == [(None, b"a\nb\n c")]


@pytest.mark.parametrize("name", ["done", "error"])
def test_an_end_or_an_error_needs_no_data(name):
    assert EventDecoder().feed(f"event: {name}\n\n".encode()) == [(name, b"")]


def test_other_events_without_data_are_nothing():
    assert EventDecoder().feed(b"event: message\n\n: comment\n\n") == []


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        (b"data: [DONE]", [(None, b"[DONE]")]),
        (b"data:  [DONE] ", [(None, b" [DONE] ")]),
        (b"data: {}\n", [(None, b"{}")]),
        (b'data: {"cut', []),
        (b"", []),
        (b": comment", []),
    ],
)
def test_the_end_of_the_body_completes_only_whole_lines(tail, expected):
    decoder = EventDecoder()
    assert decoder.feed(tail) == []
    assert decoder.flush() == expected


@pytest.mark.parametrize(
    "line", [b"x" * 2**22, b"x\ndata: " * 2**18], ids=["one line", "many lines"]
)
def test_the_time_for_a_big_frame_grows_with_its_size_only(line):
    body = b"data: " + line + b"\n\n"
    decoder = EventDecoder()
    start = time.process_time()
    pieces = (body[at : at + 512] for at in range(0, len(body), 512))
    (event,) = [event for piece in pieces for event in decoder.feed(piece)]
    assert time.process_time() - start < 2  # many times that if each piece copied the frame
    assert event == (None, line.replace(b"data: ", b""))
