"""What the sync and the async transport share: the shape of a call, its headers, its errors."""

from __future__ import annotations

import platform
import zlib
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NoReturn

from pydantic_core import PydanticSerializationError, to_json

from heroku_inference._call import MaskedHeaders, RetryEvent
from heroku_inference._config.arguments import (
    check_headers,
    check_max_response_bytes,
    check_max_retries,
    check_rate_limit_timeout,
    check_timeout,
)
from heroku_inference._config.environment import network_environment
from heroku_inference._error_bodies import error_from_reply, excerpt, sentence, stream_error
from heroku_inference._errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConfigError,
    RateLimitError,
    StreamInterruptedError,
)
from heroku_inference._http.bodies import (
    ANSWER_BYTES,
    ERROR_BYTES,
    EVENT_BYTES,
    BodyTooLargeError,
)
from heroku_inference._http.network import tls_context
from heroku_inference._http.rate_gate import Turn, gate_for
from heroku_inference._http.redaction import forget_secrets, secrets_of, without_secrets
from heroku_inference._http.retry_policy import is_temporary, next_wait
from heroku_inference._json import (
    HALF_CHARACTERS,
    decoded_json,
    invalid_response,
    is_error,
    whole_characters,
)
from heroku_inference._own_clients import library_of
from heroku_inference._values import Reply
from heroku_inference._version import VERSION
from heroku_inference._warnings import warn_caller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from heroku_inference._call import Call, StreamSum
    from heroku_inference._config.settings import Settings
    from heroku_inference._config.shared_limit import SharedRateLimit
    from heroku_inference._http.bodies import BodyReader
    from heroku_inference._http.redaction import Secrets
    from heroku_inference._http.sse import Event
    from heroku_inference._own_clients import AsyncHttpClient, HttpClient

__all__ = [
    "DRAIN_TIMEOUT",
    "BoundedSum",
    "LibraryErrors",
    "StaleConnectionError",
    "TransportBase",
    "errors_of",
    "expect_whole_answer",
    "is_success",
    "raise_first_error",
    "refuse_closed",
]

# The server cuts a plain answer after about 30 seconds with a 408 (docs: chat completions), which
# says more than a timeout of ours would, and makes the next attempt a stream. A stream may think
# for long between two events.
_ANSWER_TIMEOUT: Final = 60.0  # seconds
_STREAM_TIMEOUT: Final = 120.0  # seconds
_RATE_LIMIT_TIMEOUT: Final = 300.0  # seconds; the limits are counted over one minute
DRAIN_TIMEOUT: Final = 0.3  # seconds to wait for the end of a body whose answer is complete


_CUT: Final = 408
_MORE_BYTES: Final = (
    "Check the URL. If the answer is right, pass a larger max_response_bytes where you make the "
    "object."
)
_LONGEST_ENVELOPE: Final = 4096  # bytes in which an error says that it is one

_LIBRARIES: Final = frozenset(
    {"aiohttp", "asyncio", "h11", "httpcore", "httpcore2", "httpx", "httpx2", "zlib"}
)

LibraryErrors = tuple[tuple[type[BaseException], ...], tuple[type[BaseException], ...]]
"""What an HTTP library raises for timeouts, and for other failures."""


class StaleConnectionError(Exception):
    """The server left a connection that had been used before, without an answer.

    The request is sent again on a fresh one, and takes its turn again: the server may have counted
    it. Where the call may not wait for that turn, it goes at once.
    """


def _lower_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers of an answer with lower-case names."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


def is_success(status: int) -> bool:
    """Whether a status means that the answer is one; redirects are not followed."""
    return 200 <= status < 300  # noqa: PLR2004


def refuse_closed(name: str, client: HttpClient | AsyncHttpClient) -> None:
    """Refuses a caller's own client that has been closed."""
    if client.is_closed:
        raise ConfigError(f"{name} has been closed.", "Pass one that is open, and close it last.")


def errors_of(own_client: HttpClient | AsyncHttpClient | None) -> LibraryErrors:
    """What httpx2 raises, or the library of a caller's own client."""
    if own_client is None:
        import httpx2 as library  # noqa: PLC0415 - paid at the first request, not at import
    else:
        library = library_of(own_client)
    failures = (library.HTTPError, library.InvalidURL, library.StreamError, zlib.error)
    return (library.TimeoutException, TimeoutError), failures


def raise_first_error(events: list[Event], reply: Reply, call: Call) -> None:
    """Raise the error that a stream begins with, if the call may be tried again for it.

    Others are left to the reader of the stream, which knows what to say of them.
    """
    if not events or not call.repeatable:
        return
    name, data = events[0]
    if name != "error" and b'"error"' not in data[:_LONGEST_ENVELOPE]:
        return
    try:
        frame = decoded_json(data)
    except ValueError:
        frame = None
    if name == "error" or (isinstance(frame, dict) and is_error(frame)):
        error = stream_error(data, reply)
        if is_temporary(error):
            raise error


@contextmanager
def expect_whole_answer() -> Iterator[None]:
    """Within this, a stream that ends early is a broken connection, as for any whole answer."""
    try:
        yield
    except StreamInterruptedError as interrupted:
        broken = APIConnectionError(interrupted.problem, interrupted.remedy)
        broken.partial = interrupted.partial
        raise broken from interrupted


class BoundedSum:
    """The sum of a stream whose events may have no more bytes together than this."""

    __slots__ = ("_left", "_limit", "_sum", "body", "finish")

    def __init__(self, summed: StreamSum, limit: int) -> None:
        self._sum = summed
        self._left = self._limit = limit
        self.finish, self.body = summed.finish, summed.body

    @property
    def done(self) -> bool:
        """Whether the server said that this was all."""
        return self._sum.done

    def read(self, event: str | None, data: bytes) -> Iterable[object]:
        """Take this event.

        Raises:
            BodyTooLargeError: It was one too many.
        """
        self._left -= len(data)
        if self._left < 0:
            raise BodyTooLargeError(f"it has more than {self._limit:,} bytes")
        return self._sum.read(event, data)


class _TranslatedErrors:
    """Errors of the HTTP library leave as ours."""

    __slots__ = ("_failures", "_seconds", "_streaming", "_timeouts", "_transport")

    def __init__(
        self, transport: TransportBase, library: LibraryErrors, seconds: float, *, streaming: bool
    ) -> None:
        self._transport = transport
        self._timeouts, self._failures = library
        self._seconds = seconds
        self._streaming = streaming

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        transport, seconds = self._transport, self._seconds
        if isinstance(error, self._timeouts):
            _raise(transport.timeout_error(seconds, streaming=self._streaming), error)
        if isinstance(error, self._failures):
            _raise(transport.connection_error(error), error)


def _raise(failure: APIError, error: BaseException) -> NoReturn:
    """Raise the failure in place of the library's error, which holds the request and its key."""
    try:
        raise failure from _origin(error)
    finally:
        failure.__context__ = None


def _origin(error: BaseException) -> BaseException | None:
    """What lies below the errors of HTTP libraries: one of the system, or of a caller's client."""
    link: BaseException | None = error
    while link is not None and _library_of(link) in _LIBRARIES:
        link = link.__cause__ or link.__context__
    if isinstance(link, OSError):
        # The frames are the library's, and their variables hold our headers.
        link.__traceback__ = link.__cause__ = link.__context__ = None
    return link


def _library_of(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


class TransportBase:
    """Builds calls and judges answers; subclasses move the bytes.

    Args:
        settings: Where to and with which key.
        timeout: Seconds that the server may stay silent.
        max_retries: Attempts after the first, for failures that can be temporary; a 429 is not
            counted.
        default_headers: Merged over the usual ones.
        on_retry: Called with each failed attempt that is about to be repeated.
        rate_limit_timeout: Seconds that a call waits for the rate limit in all; 300 by default.
        max_response_bytes: How large an answer, or one event of a stream, may be, decompressed.
        rate_limiter: A limit shared with other processes, which then sets the pace.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        timeout: float | None = None,
        max_retries: int = 2,
        default_headers: Mapping[str, str] | None = None,
        on_retry: Callable[[RetryEvent], None] | None = None,
        rate_limit_timeout: float | None = None,
        max_response_bytes: int | None = None,
        rate_limiter: SharedRateLimit | None = None,
    ) -> None:
        check_timeout(timeout)
        check_max_retries(max_retries)
        check_rate_limit_timeout(rate_limit_timeout)
        check_max_response_bytes(max_response_bytes)
        self._rate_limiter = rate_limiter
        key = settings.api_key.get_secret_value()
        self._key_digest = sha256(key.encode(errors="surrogatepass")).digest()
        self._rate_limit_timeout = (
            _RATE_LIMIT_TIMEOUT if rate_limit_timeout is None else rate_limit_timeout
        )
        self._answer_bytes = max_response_bytes or ANSWER_BYTES
        self.event_bytes = max_response_bytes or EVENT_BYTES
        self._settings = settings
        self._max_retries = max_retries
        self._on_retry = on_retry
        self._timeout_given = timeout is not None
        self.answer_timeout = timeout or _ANSWER_TIMEOUT
        self.stream_timeout = timeout or _STREAM_TIMEOUT
        self._base_url = settings.base_url
        self._network = network_environment()
        self._headers = self._usual_headers(check_headers(default_headers))
        # A compressed stream would arrive in the compressor's blocks, not word by word.
        self._stream_headers = MaskedHeaders(
            self._headers | {"accept": "text/event-stream", "accept-encoding": "identity"}
        )

    def _usual_headers(self, default_headers: Mapping[str, str]) -> MaskedHeaders:
        ours = MaskedHeaders(
            {
                "authorization": f"Bearer {self._settings.api_key.get_secret_value()}",
                "accept": "application/json",
                "accept-encoding": "gzip, deflate",
                "content-type": "application/json",
                "user-agent": _user_agent(),
            }
        )
        return MaskedHeaders(ours | dict(default_headers))

    def _headers_for(self, call: Call, *, streamed: bool = False) -> MaskedHeaders:
        usual = self._stream_headers if streamed else self._headers
        return MaskedHeaders(usual | dict(call.headers)) if call.headers else usual

    @staticmethod
    def _encode(call: Call) -> bytes | None:
        if call.body is None:
            return None
        try:
            return to_json(call.body)
        except (PydanticSerializationError, UnicodeEncodeError):
            return _encode_whole_characters(call.body)

    def _reply(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Reply:
        """The answer as a value; a refusal that quotes a secret does not get to keep it."""
        reply = Reply(status, _lower_headers(headers), body)
        return reply if is_success(status) else without_secrets(reply, self._secrets())

    def _most_bytes(self, reply: Reply) -> int:
        return self._answer_bytes if is_success(reply.status_code) else ERROR_BYTES

    @contextmanager
    def bounded(self, reply: Reply) -> Iterator[None]:
        """Within this, a body or an event that is too large is an answer that cannot be used."""
        try:
            yield
        except BodyTooLargeError as large:
            # The rest of an error's body says nothing that its beginning does not.
            if is_success(reply.status_code):
                raise invalid_response(reply, str(large), remedy=_MORE_BYTES) from None

    def _with_body(self, reply: Reply, reader: BodyReader) -> Reply:
        """The answer with the body that was read; of an error, its beginning."""
        succeeded = is_success(reply.status_code)
        body = reader.body() if succeeded else self._without_secrets(reader.beginning())
        return Reply(reply.status_code, reply.headers, body)  # `replace` takes ten times as long

    def _turn(self, call: Call) -> Turn:
        """The turn of a call at the gate for all that share its rate limit."""
        model = str((call.body or {}).get("model") or "")
        gate = gate_for(self._base_url, self._key_digest, model)
        # Without retries, a call hears of the limit at once; those that never have any wait.
        waits = self._max_retries or not call.repeatable
        patience = self._rate_limit_timeout if waits else 0.0
        if (limit := self._rate_limiter) is None:
            return Turn(gate, patience)
        from heroku_inference._http.shared_turn import SharedTurn, line_for  # noqa: PLC0415 - needs an extra

        self._get_ready()  # now, and not when a moment to start has come
        line = line_for(limit, self._base_url, self._key_digest, model)
        return SharedTurn(gate, patience, line, limit, self._rate_limit_timeout)

    def _get_ready(self) -> None:
        """Load what the first request needs, which takes longer than two starts lie apart."""
        self._library_errors()
        tls_context(self._network)

    @staticmethod
    def _judge(reply: Reply) -> Reply:
        """The answer itself, or the error that its status means."""
        if is_success(reply.status_code):
            return reply
        raise error_from_reply(reply)

    def _wait_after(self, error: APIError, attempt: int, call: Call, turn: Turn) -> float:
        """Seconds until the next attempt; raises `error` when there is to be none.

        Those after a 429 are waited for at the gate, and so are none here.
        """
        if isinstance(error, RateLimitError):
            wait = turn.refused(error)
        else:
            wait = next_wait(error, attempt, self._max_retries)
        if wait is None or not call.repeatable:
            raise error
        listeners = [one for one in (self._on_retry, call.on_retry) if one is not None]
        if listeners:
            forget_secrets(error, self._secrets())
            event = RetryEvent(attempt=attempt, wait=wait, error=error.with_traceback(None))
            for listener in listeners:
                listener(event)
        return 0.0 if isinstance(error, RateLimitError) else wait

    def _next_form(self, error: APIError, call: Call) -> Call:
        """The call to make after this error.

        A whole answer that the server cut would be cut again, and paid for again: it is streamed.
        """
        form = call.stream_form
        if error.status_code != _CUT or form is None or call.is_summed:
            return call
        return call.summed(form)

    def _stream_seconds(self, call: Call) -> float:
        """How long a stream may be silent: as the user said, else as the call or all need it."""
        wanted = None if self._timeout_given else call.timeout
        return call.own_timeout or wanted or self.stream_timeout

    def _library_errors(self) -> LibraryErrors:
        raise NotImplementedError

    def translate_errors(self, seconds: float, *, streaming: bool = False) -> _TranslatedErrors:
        """Within this, errors of the HTTP library leave as ours."""
        return _TranslatedErrors(self, self._library_errors(), seconds, streaming=streaming)

    def timeout_error(self, seconds: float, *, streaming: bool = False) -> APITimeoutError:
        what = "event of the stream" if streaming else "answer"
        return APITimeoutError(
            f"No {what} from {self._base_url} within {seconds:g} seconds.",
            "Raise the timeout."
            if streaming
            else "Raise the timeout, or stream a long chat answer.",
        )

    def connection_error(self, error: BaseException) -> APIConnectionError:
        detail = f"{type(error).__name__}: {error}".rstrip(": ")
        # Only the names of the proxies: their URLs may hold a password.
        proxies = ", ".join(f"{name}_proxy" for name, _ in self._network.proxies)
        return APIConnectionError(
            f"The connection to {self._base_url} failed: "
            f"{excerpt(self._without_secrets(detail.encode()).decode())}.",
            "Check the URL, the network and any proxy."
            + (f" The environment sets {proxies}: is that proxy right?" if proxies else ""),
        )

    def _without_secrets(self, text: bytes) -> bytes:
        kept: bytes = without_secrets(text, self._secrets())
        return kept

    def _secrets(self) -> Secrets:
        proxies = (proxy for _, proxy in self._network.proxies)
        return secrets_of(self._settings.api_key, self._headers, proxies)


def _encode_whole_characters(body: Any) -> bytes:
    """JSON of texts that are cut inside a character, as file names and PDF readers give them."""
    try:
        encoded = to_json(whole_characters(body))
    except (PydanticSerializationError, RecursionError, UnicodeEncodeError) as error:
        raise ConfigError(
            sentence(f"The request cannot be written as JSON: {error}"),
            "Pass only strings, numbers, booleans, None, lists and dicts.",
        ) from None
    warn_caller(HALF_CHARACTERS)
    return encoded


def _user_agent() -> str:
    return f"heroku-inference/{VERSION} python/{platform.python_version()}"
