"""Answers that end at any byte: all of the answer or a typed error, never a part as the whole."""

from __future__ import annotations

import pytest

from heroku_inference import HerokuError
from tests.hostile.raw_server import chunked
from tests.hostile.short_answers import RIGHT
from tests.hostile.ways import WAYS, outcome

STEP_IN_SUITE = 41  # bytes between the cuts of every run; a prime, so that all fields are met


def _with_length(right):
    """The answer, cut in front of what its length promised."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {right.content_type}\r\n"
    return head.encode() + b"content-length: %d\r\n\r\n" % len(right.body)


def _in_chunks(right):
    head, _, _ = chunked(content_type=right.content_type).partition(b"\r\n\r\n")
    return head + b"\r\n\r\n%x\r\n" % len(right.body)


def _until_closed(right):
    """Nothing but the answer itself says where it ends."""
    return f"HTTP/1.1 200 OK\r\ncontent-type: {right.content_type}\r\n\r\n".encode()


FRAMES = {"length": _with_length, "chunks": _in_chunks, "until closed": _until_closed}


def wrong_cuts(serve, way, frame, places):
    """The places where a cut gave something else than all of the answer or a typed error."""
    place = 0

    def handle(connection):
        connection.request()
        connection.send(FRAMES[frame](way.right) + way.right.body[:place])

    server, wrong, errors = serve(handle), {}, 0
    for place in places:
        came = outcome(way, server.url)
        errors += isinstance(came, HerokuError)
        if not isinstance(came, HerokuError) and came != way.right.read:
            wrong[place] = came
    # A table that only ever saw whole answers would prove nothing.
    assert errors
    return wrong


def lengths(way, step):
    """Every so many bytes, and each of the last ones, where the end mark is."""
    size = len(way.right.body)
    return sorted({*range(0, size, step), *range(size - 5, size)})


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of LlamaIndex's workflows
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
every_frame = pytest.mark.parametrize("frame", FRAMES)


@every_way
@every_frame
def test_an_answer_cut_here_and_there_is_never_taken_for_whole(serve, way, frame):
    assert wrong_cuts(serve, way, frame, lengths(way, STEP_IN_SUITE)) == {}


@pytest.mark.hostile
@every_way
@every_frame
def test_an_answer_cut_at_any_byte_is_never_taken_for_whole(serve, way, frame):
    assert wrong_cuts(serve, way, frame, range(len(way.right.body))) == {}


@pytest.mark.parametrize("kind", [kind for kind, right in RIGHT.items() if right.streamed])
def test_the_streams_are_long_enough_to_be_cut_between_events(kind):
    assert RIGHT[kind].body.count(b"\n\n") >= 3
