"""Turns errors of the official MCP library into ours.

Both frameworks call the toolkit with that library. It reports failures as nested exception groups
of its own errors and those of its HTTP library. They are recognised here by their attributes, so
that neither library has to be imported.
"""

from __future__ import annotations

from traceback import walk_tb
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._error_bodies import error_from_reply, excerpt, sentence
from heroku_inference._errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    HerokuError,
    InvalidResponseError,
    NotFoundError,
)
from heroku_inference._http.redaction import forget_secrets, secrets_of
from heroku_inference._values import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from heroku_inference._config.settings import Settings

__all__ = ["forget_frames", "toolkit_error", "wrong_address"]

# Statuses of a server that does not have the transport that was tried (a rule of MCP).
_NOT_HERE: Final = frozenset({400, 404, 405, 406, 410, 415, 501})
_NOT_FOUND: Final = 404
_LIBRARIES: Final = frozenset({"anyio", "httpcore", "httpx", "httpx2"})

# Modules that read what a toolkit says, and those that they check it with.
_READERS: Final = ("langchain_mcp_adapters.", "llama_index.tools.mcp.", "mcp.")
_CHECKERS: Final = frozenset({"abc", "pydantic", "pydantic_core", "types", "typing"})
_LOOK: Final = "Try again; if it keeps failing, look at the logs of the MCP server's app."

# Codes with which the MCP library reports what happened to a session.
_TERMINATED: Final = 32600
_TIMED_OUT: Final = frozenset({408, -32001})  # of versions 1 and 2
_CLOSED: Final = -32000


def toolkit_error(
    error: BaseException,
    settings: Settings,
    refusals: Sequence[Any] = (),
    headers: Mapping[str, str] | None = None,
) -> HerokuError | None:
    """The error of ours that a failure means, or `None` for a programming mistake.

    `refusals` are HTTP answers with an error status; version 2 of the MCP library tells nothing
    of what they say. `headers` are the caller's own, whose values the error does not show.
    """
    found = (_meaning(leaf, settings.base_url) for leaf in _leaves(error))
    ours = next((meant for meant in found if meant is not None), None)
    if refusals and isinstance(ours, InvalidResponseError):
        reply = _reply(refusals[-1])
        missing = reply.status_code == _NOT_FOUND
        ours = _not_there(settings.base_url) if missing else error_from_reply(reply)
    if ours is not None:
        forget_secrets(ours, secrets_of(settings.api_key, headers))
    return ours


def wrong_address(error: BaseException) -> bool:
    """Whether the error means that another address or transport may work."""
    return isinstance(error, APIError) and error.status_code in _NOT_HERE


def forget_frames(error: BaseException) -> None:
    """Drop the library's frames: their local variables hold the key."""
    seen: set[int] = set()
    links: list[BaseException | None] = [error]
    while links:
        link = links.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        link.__traceback__ = None
        links += [link.__cause__, link.__context__, *getattr(link, "exceptions", ())]


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group of groups, or the error itself."""
    inner = getattr(error, "exceptions", None)
    if not inner:
        yield error
        return
    for one in inner:
        yield from _leaves(one)


def _meaning(leaf: BaseException, base_url: str) -> HerokuError | None:
    if isinstance(leaf, HerokuError):
        return leaf
    if (response := getattr(leaf, "response", None)) is not None:
        return error_from_reply(_reply(response))
    if (report := getattr(leaf, "error", None)) is not None and hasattr(report, "code"):
        return _protocol_error(report, base_url)
    if _is_misread(leaf):
        return InvalidResponseError(
            f"What answers at {base_url}/mcp is not an MCP toolkit.",
            "Check that the URL is the add-on's <ALIAS>_URL.",
        )
    if isinstance(leaf, TimeoutError) or "Timeout" in type(leaf).__name__:
        return _timeout_error(base_url)
    if isinstance(leaf, OSError) or type(leaf).__module__.partition(".")[0] in _LIBRARIES:
        return _connection_error(base_url, f"{type(leaf).__name__}: {leaf}".rstrip(": "))
    return _unreadable(leaf, base_url) if _is_of_readers(leaf) else None


def _is_of_readers(leaf: BaseException) -> bool:
    """Whether the libraries that read what the toolkit says have stumbled over it."""
    modules = [str(frame.f_globals.get("__name__")) for frame, _ in walk_tb(leaf.__traceback__)]
    while modules and modules[-1].partition(".")[0] in _CHECKERS:
        modules.pop()
    return bool(modules) and f"{modules[-1]}.".startswith(_READERS)


def _is_misread(leaf: BaseException) -> bool:
    """Whether the MCP library could not make sense of an answer."""
    if type(leaf).__name__ == "ValidationError":
        return True
    return isinstance(leaf, RuntimeError) and "protocol version" in str(leaf)


def _reply(response: Any) -> Reply:
    try:
        body = response.content
    except RuntimeError:  # a stream that the library did not read
        body = b""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, body)


def _protocol_error(report: Any, base_url: str) -> HerokuError:
    if abs(report.code) == _TERMINATED and "terminated" in report.message:
        return _not_there(base_url)
    if report.code in _TIMED_OUT:
        return _timeout_error(base_url)
    if report.code == _CLOSED:
        return _connection_error(base_url, report.message)
    return InvalidResponseError(
        sentence(f"The MCP toolkit at {base_url} failed: {excerpt(report.message)}"), _LOOK
    )


def _unreadable(leaf: BaseException, base_url: str) -> InvalidResponseError:
    what = f"{type(leaf).__name__}: {leaf}"
    return InvalidResponseError(
        sentence(f"What the MCP toolkit at {base_url} says cannot be read: {excerpt(what)}"), _LOOK
    )


def _not_there(base_url: str) -> NotFoundError:
    return NotFoundError(
        f"There is no MCP toolkit at {base_url}/mcp.",
        "Check that the URL is the add-on's <ALIAS>_URL.",
        status_code=_NOT_FOUND,
    )


def _timeout_error(base_url: str) -> APITimeoutError:
    return APITimeoutError(
        f"No answer from the MCP toolkit at {base_url} in time.",
        "Pass a larger timeout=... to load_mcp_tools.",
    )


def _connection_error(base_url: str, reason: str) -> APIConnectionError:
    return APIConnectionError(
        sentence(f"The connection to the MCP toolkit at {base_url} failed: {excerpt(reason)}"),
        "Check the URL, the network and any proxy.",
    )
