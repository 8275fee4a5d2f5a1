"""Events of streams that no page documents are passed over, whatever they hold."""

from __future__ import annotations

import pytest

from tests.hostile.right_answers import ENDPOINTS
from tests.hostile.subjects import WAYS, Desk, outcomes

STREAMED = [way for way, (name, *_) in WAYS.items() if ENDPOINTS[name].names is not None]
SIGNS_OF_LIFE = [b"not JSON", b"12", b"[1]", b'{"a": 1}', b'"text"', b"{cut", b"\xff", b"[" * 5000]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("data", SIGNS_OF_LIFE, ids=lambda data: data[:8].decode("latin-1"))
@pytest.mark.parametrize("way", STREAMED)
def test_an_unknown_event_is_passed_over(way, data, serve):
    endpoint = ENDPOINTS[WAYS[way][0]]
    desk = Desk(serve, endpoint)
    sign = b"event: heartbeat\ndata: " + data + b"\n\n"
    body = endpoint.body().replace(b"\n\n", b"\n\n" + sign)
    desk.say = lambda _: desk.send(sign + body)
    ((_, outcome),) = outcomes(way, [None], desk)
    assert not isinstance(outcome, Exception), repr(outcome)
    assert endpoint.text in str(outcome)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", STREAMED)
def test_a_piece_that_is_not_json_is_an_error(way, serve):
    endpoint = ENDPOINTS[WAYS[way][0]]
    desk = Desk(serve, endpoint)
    head, end = endpoint.body().split(b"\n\n", 1)
    desk.say = lambda _: desk.send(head + b"\n\ndata: {cut\n\n" + end)
    ((_, outcome),) = outcomes(way, [None], desk)
    assert type(outcome).__name__ == "InvalidResponseError", repr(outcome)
    assert "it is not JSON" in str(outcome)
