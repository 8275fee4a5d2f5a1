"""Fetches documents for tools: only from this machine, and only up to a limit of size."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2

__all__ = ["Unreachable", "fetch"]

_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_MOST_BYTES = 5_000_000
_MOST_REDIRECTS = 5
_LAST_PORT = 65_535
_ONLY = "only http:// pages on this machine (127.0.0.1, localhost, ::1) are fetched here"


class Unreachable(Exception):  # noqa: N818 - becomes a result of the tool
    """The document cannot be fetched; the message says why."""


async def fetch(url: object, seconds: float) -> tuple[bytes, str | None]:
    """Returns the bytes of a document and the encoding that its server names.

    Raises:
        Unreachable: It is elsewhere, too large, too slow or not there.
    """
    import httpx2  # noqa: PLC0415 - slow to import, and few runs fetch

    # No proxy from the environment, and every redirect is checked.
    async with httpx2.AsyncClient(trust_env=False, timeout=seconds) as http:
        try:
            target = _check_allowed(httpx2.URL(url if isinstance(url, str) else ""))
            for _ in range(_MOST_REDIRECTS + 1):
                async with http.stream("GET", target) as answer:
                    if answer.next_request is None:
                        return await _body(answer), answer.charset_encoding
                    target = _check_allowed(answer.next_request.url)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            reason = f"{url} cannot be fetched: {type(error).__name__} {error}"
            raise Unreachable(reason) from error
    raise Unreachable(f"{url} is redirected more than {_MOST_REDIRECTS} times")


def _check_allowed(url: httpx2.URL) -> httpx2.URL:
    if url.scheme != "http" or url.host not in _HOSTS or not 0 <= (url.port or 0) <= _LAST_PORT:
        raise Unreachable(f"{url} is not fetched: {_ONLY}")
    return url


async def _body(answer: httpx2.Response) -> bytes:
    if not answer.is_success:
        raise Unreachable(f"{answer.url} answers with status {answer.status_code}")
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > _MOST_BYTES:
            raise Unreachable(f"{answer.url} is larger than {_MOST_BYTES} bytes")
    return bytes(body)
