"""Takes secrets out of errors and values: servers, proxies and tools quote them."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from heroku_inference._call import HARMLESS_HEADERS
from heroku_inference._values import AgentMessage, AgentToolResult, Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import SecretStr

    from heroku_inference._errors import HerokuError

__all__ = ["Secrets", "forget_secrets", "secrets_in_url", "secrets_of", "without_secrets"]

_OURS: Final = (AgentMessage, AgentToolResult, Reply, ToolCall)
_SHORTEST: Final = 8  # characters: shorter ones are parts of ordinary words


class Secrets(tuple[str, ...]):
    """Texts that no error may show, the longest first."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} secrets>"


def secrets_of(
    key: SecretStr, headers: Mapping[str, str] | None = None, proxies: Iterable[str] = ()
) -> Secrets:
    """The key, the values of headers, and the passwords in URLs of proxies.

    A header such as `authorization` has a scheme before its secret, which counts by itself too.
    """
    found = {key.get_secret_value()}
    for name, value in (headers or {}).items():
        if name.lower() not in HARMLESS_HEADERS:
            scheme, _, credentials = value.strip().partition(" ")
            found |= {value.strip(), credentials.strip()} if credentials else {scheme}
    for proxy in proxies:
        found |= set(_passwords(proxy))
    return _secrets(found)


def secrets_in_url(url: str) -> Secrets:
    """The password of a URL, and the values of its query."""
    return _secrets({*_passwords(url), *(value for _, value in parse_qsl(urlsplit(url).query))})


def _secrets(found: Iterable[str]) -> Secrets:
    long_enough = (secret for secret in found if len(secret) >= _SHORTEST)
    return Secrets(sorted(long_enough, key=len, reverse=True))


def _passwords(proxy: str) -> Iterable[str]:
    # By hand: the URL may be malformed, for its password's sake.
    before_host = proxy.rpartition("@")[0]
    user, _, password = (before_host.partition("//")[2] or before_host).partition(":")
    login = f"{unquote(user)}:{unquote(password)}"
    # Said in one breath with its user, a short password is found too.
    yield from (password, unquote(password), f"{user}:{password}", login)
    yield b64encode(login.encode(errors="surrogateescape")).decode()


def forget_secrets(error: HerokuError, secrets: Secrets) -> None:
    """Take the secrets out of all that an error says."""
    error.args = tuple(without_secrets(part, secrets) for part in error.args)
    for name, value in vars(error).items():
        if name != "done":  # numbers, perhaps millions
            setattr(error, name, without_secrets(value, secrets))


def without_secrets(value: Any, secrets: Secrets) -> Any:
    """A text, or the texts in a JSON value or in our own values, with the secrets struck out."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "***")
        return value
    if isinstance(value, bytes):
        masked: str = without_secrets(value.decode("latin-1"), secrets)
        return masked.encode("latin-1")
    if isinstance(value, dict):
        return {
            without_secrets(name, secrets): without_secrets(part, secrets)
            for name, part in value.items()
        }
    if type(value) in {list, tuple}:
        return type(value)(without_secrets(part, secrets) for part in value)
    if isinstance(value, _OURS):
        parts = {part.name: getattr(value, part.name) for part in fields(value)}
        return replace(value, **without_secrets(parts, secrets))
    return value
