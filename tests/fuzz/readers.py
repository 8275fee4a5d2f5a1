"""What reads bytes or JSON from outside, as functions of bytes that only raise errors of ours.

A function that returns has read the bytes or refused them with a `HerokuError`; whatever else it
raises is a fault. What it also promises stands in its docstring, and is checked.
"""

from __future__ import annotations

import contextlib
import json
import warnings
import zlib
from typing import TYPE_CHECKING, Any

from heroku_inference import ConfigError, HerokuError, Settings
from heroku_inference._agents.reading import AgentReader
from heroku_inference._anthropic.reading import read_message
from heroku_inference._anthropic.summing import SUMMED_MESSAGE
from heroku_inference._catalogue import available_models
from heroku_inference._chat.reading import ChunkReader, chat_result, sum_chunks
from heroku_inference._chat.request import ChatRequest, chat_request
from heroku_inference._chat.tool_arguments import (
    ObjectScanner,
    arguments_for_history,
    parse_arguments,
)
from heroku_inference._config.base_url import normalise_url
from heroku_inference._endpoints.embedding_answers import read_vectors
from heroku_inference._endpoints.images import read_image
from heroku_inference._endpoints.mcp import mcp_servers
from heroku_inference._endpoints.rerank import rerank
from heroku_inference._endpoints.rerank_options import RerankOptions
from heroku_inference._error_bodies import error_from_reply, stream_error
from heroku_inference._headers import duration, rate_limits_of, requested_wait
from heroku_inference._http.bodies import BodyReader, BodyTooLargeError
from heroku_inference._http.sse import EventDecoder
from heroku_inference._values import Reply
from tests.fuzz.plain_answers import cuts_of, read_by_library, read_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["READERS"]

KEY = "inf-made-up-key-of-fuzz"
STREAM_HEADERS = {"content-type": "text/event-stream"}
LIMIT = 2**16


def events_of(pieces: Iterable[bytes]) -> list[Any]:
    decoder = EventDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.flush()


def sse(data: bytes) -> None:
    """However bytes are cut into pieces, the events are the same."""
    whole = events_of([data])
    size = 1 + (zlib.crc32(data) % 7)
    assert events_of(data[at : at + size] for at in range(0, len(data), size)) == whole
    half = len(data) // 2
    assert events_of([data[:half], b"", data[half:]]) == whole


def plain_answer(data: bytes) -> None:
    """However it is cut, an answer is what h11 makes of it, and nothing of it is in the next."""
    for pieces in cuts_of(data):
        for leaves in (True, False):
            outcome = read_here(pieces, leaves=leaves)
            assert outcome == read_by_library(pieces, leaves=leaves)
            assert outcome.following in {None, b"next"}


def _read_all(reader: Any, data: bytes) -> list[Any]:
    found: list[Any] = []
    for name, event in events_of([data]):
        found += reader.read(name, event)
        if reader.done:
            break
    found += reader.finish()
    return found


def chat_stream(data: bytes) -> None:
    """The chunks of a stream can be summed, and the sum has the text of the chunks."""
    with contextlib.suppress(HerokuError):
        chunks = _read_all(ChunkReader(ChatRequest({}), Reply(200, STREAM_HEADERS)), data)
        assert sum_chunks(chunks).text == "".join(chunk.text for chunk in chunks)


def chat_answer(data: bytes) -> None:
    """An answer that is read has a text that UTF-8 can carry."""
    with contextlib.suppress(HerokuError):
        result = chat_result(Reply(200, {}, data), ChatRequest({}))
        result.text.encode()


def agent_stream(data: bytes) -> None:
    """An error of a run has its steps."""
    reader = AgentReader(Reply(200, STREAM_HEADERS))
    try:
        _read_all(reader, data)
    except HerokuError as error:
        assert list(error.steps) == reader.steps  # noqa: PT017 - any byte may raise it


def messages_stream(data: bytes) -> None:
    """The sum of a stream is JSON."""
    reader = SUMMED_MESSAGE.sum(Reply(200, STREAM_HEADERS))
    with contextlib.suppress(HerokuError):
        _read_all(reader, data)
        json.loads(reader.body())


def messages_answer(data: bytes) -> None:
    """What is passed on to Anthropic's SDK is JSON."""
    with contextlib.suppress(HerokuError):
        json.loads(read_message(Reply(200, {"x-request-id": "r"}, data)).body)


def vectors(data: bytes) -> None:
    """As many vectors as there were texts, or an error."""
    with contextlib.suppress(HerokuError):
        assert len(read_vectors(Reply(200, {}, data), 1).vectors) == 1


def ranking(data: bytes) -> None:
    """A ranking names only documents that were given."""
    with contextlib.suppress(HerokuError):
        answer = Reply(200, {}, data)
        result = rerank(lambda _path, _body: answer, "q", ["a", "b"], RerankOptions(model="m"))
        assert {hit.index for hit in result.hits} <= {0, 1}


def picture(data: bytes) -> None:
    """A picture has bytes."""
    with contextlib.suppress(HerokuError):
        assert read_image(Reply(200, {}, data), {"model": "m", "prompt": "A fox"}).data


def models(data: bytes) -> None:
    """Models have ids."""
    with contextlib.suppress(HerokuError):
        assert all(
            isinstance(model.model_id, str) for model in available_models(Reply(200, {}, data))
        )


def tool_servers(data: bytes) -> None:
    """Tools have names."""
    with contextlib.suppress(HerokuError):
        for server in mcp_servers(Reply(200, {}, data)):
            assert all(isinstance(tool.name, str) for tool in server.tools)


def error_body(data: bytes) -> None:
    """Any body of any refusal is an error that can be printed, whose message is not endless."""
    for status in (302, 400, 401, 403, 404, 408, 429, 500, 503):
        error = error_from_reply(Reply(status, {}, data))
        assert repr(error)
        assert len(str(error)) < len(data) + 2000
        assert error.status_code == status
    str(stream_error(data, Reply(200, STREAM_HEADERS))).encode()


def headers(data: bytes) -> None:
    """Waits are numbers that are not negative."""
    text = data.decode("latin-1")
    found = {
        "retry-after": text,
        "x-ratelimit-reset-requests": text,
        "x-ratelimit-remaining-requests": text,
    }
    for status in (429, 503):
        wait = requested_wait(status, found)
        assert wait is None or 0 <= wait < float("inf")
    requested_wait(429, {"retry-after-ms": text})
    rate_limits_of(found)
    seconds = duration(text)
    assert seconds is None or seconds >= 0


def compressed(data: bytes) -> None:
    """What is unpacked has a bound, and no other error than that of zlib."""
    for encoding in ("gzip", "deflate"):
        reader = BodyReader({"content-encoding": encoding}, LIMIT)
        with contextlib.suppress(zlib.error, BodyTooLargeError):
            for at in range(0, len(data), 64):
                reader.feed(data[at : at + 64])
            assert len(reader.body()) <= LIMIT


def tool_arguments(data: bytes) -> None:
    """Arguments are a dict or a `ValueError`; what goes back to Heroku is always an object."""
    text = data.decode("utf-8", errors="replace")
    with contextlib.suppress(ValueError):
        assert isinstance(parse_arguments(text), dict)
    assert isinstance(json.loads(arguments_for_history(text)), dict)
    scanner, pieces = ObjectScanner(), ObjectScanner()
    scanner.read(text)
    for character in text:
        pieces.read(character)
    assert scanner.complete == pieces.complete


def url(data: bytes) -> None:
    """A URL is refused, or its normal form is its own normal form."""
    text = data.decode("utf-8", errors="replace")
    with contextlib.suppress(ConfigError):
        normal = normalise_url(text)
        assert normalise_url(normal) == normal
        assert normal.lower().startswith(("http://", "https://"))


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def settings(data: bytes) -> None:
    """Settings are made or refused; neither shows a key."""
    given = _json(data)
    if not isinstance(given, dict):
        return
    key = given.get("api_key")
    try:
        told = repr(Settings(**{"api_key": KEY, **given}))
    except HerokuError as error:
        told = f"{error!r}{error}"
    assert KEY not in told
    assert not (isinstance(key, str) and len(key) > 8 and key.isalnum() and key in told)


def conversation(data: bytes) -> None:
    """A conversation is refused, or its body is JSON."""
    given = _json(data)
    if not isinstance(given, list):
        return
    with contextlib.suppress(HerokuError), warnings.catch_warnings(action="ignore"):
        json.dumps(chat_request(given, model="m").body).encode()


READERS: dict[str, Callable[[bytes], None]] = {
    reader.__name__: reader
    for reader in (
        sse,
        plain_answer,
        chat_stream,
        chat_answer,
        agent_stream,
        messages_stream,
        messages_answer,
        vectors,
        ranking,
        picture,
        models,
        tool_servers,
        error_body,
        headers,
        compressed,
        tool_arguments,
        url,
        settings,
        conversation,
    )
}
