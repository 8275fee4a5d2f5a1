"""Errors of the library in the words of the command line: what is wrong, and what to do. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from heroku_inference._config.base_url import DEFAULT_BASE_URL
from heroku_inference._config.environment import network_environment
from heroku_inference._errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConfigError,
    HerokuError,
    InvalidRequestError,
    InvalidResponseError,
    RateLimitError,
    ServerError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COPY_CONFIG_VARS", "Problem", "in_our_words", "problem_of", "told"]

COPY_CONFIG_VARS: Final = (
    "Copy them from your app: `heroku config -a APP -s | grep INFERENCE >> .env`"
)

# The library speaks of arguments; whoever types a command has options and config vars.
_WORDS: Final[Sequence[tuple[str, str]]] = (
    (r"Pass api_key=\.\.\. and base_url=\.\.\., or copy", "Copy"),
    (r"or pass api_key=\.\.\. and base_url=\.\.\.\.", "or pass --base-url."),
    (
        r"Pass api_key=\.\.\. together with base_url=\.\.\., or neither\.",
        "Leave --base-url out, or set the config vars of that URL.",
    ),
    (r"\bapi_key contains", "<ALIAS>_KEY contains"),
    (r"\bbase_url=(?=['\"])", "The URL "),
    (r"\b[Cc]heck base_url\b", "Check the URL"),
    (r"that base_url is", "that the URL is"),
    (r"\b(?P<name>base_url|max_tokens|model|alias|timeout)=\.\.\.", r"--\g<name>"),
    (r"\b(?P<name>max_tokens)(?:=(?P<value>\d+))?", r"--\g<name> \g<value>"),
    (r" What came so far is in `partial`\.", ""),
    (r", or stream: the first words come sooner", ""),
    (r"`GET /available-models`( lists)", r"`heroku-inference models`\1"),
)
# Where what is wrong ends and what to do begins, in messages that have no status.
_REMEDY: Final = re.compile(
    r"(?<=[.:;]) (?=(?:Check|Raise|Pass|Set|Copy|Leave|Is the URL|Give|The key does not open"
    r"|The firewall|The server cuts|The add-on's|The address redirects|It should look like)\b)"
)


class Problem(NamedTuple):
    """What is wrong, in a line, and what to do about it; empty when that is not known."""

    what: str
    remedy: str

    @property
    def is_missing_key(self) -> bool:
        """Whether all that is wrong is that there is no attachment of this name."""
        return self.what.endswith("_KEY is not set.")


def problem_of(error: HerokuError) -> Problem:
    """The error's own message in two parts; where it has no remedy, ours."""
    what, _, remedy = _cut(in_our_words(str(error)))
    if isinstance(error, APIConnectionError) and not isinstance(error, APITimeoutError):
        remedy = f"{remedy} {_proxies()}"
    elif isinstance(error, RateLimitError) and error.retry_after:
        remedy = f"{remedy} The server asks to wait for {error.retry_after:.0f} seconds."
    elif isinstance(error, InvalidResponseError):
        remedy = f"{remedy} {_expected_url()}"
    elif not remedy:
        remedy = _own_remedy(error)
    return Problem(what, remedy.strip())


def told(error: HerokuError) -> str:
    """What is wrong and what to do, in one line."""
    return " ".join(filter(None, problem_of(error)))


def in_our_words(text: str) -> str:
    """A message of the library as the command line says it."""
    for pattern, words in _WORDS:
        text = re.sub(pattern, lambda match, words=words: _expanded(match, words), text)  # type: ignore[misc]
    return text


def _expanded(match: re.Match[str], words: str) -> str:
    text = match.expand(words)
    named = match.groupdict().get("name")
    return text.replace(named, named.replace("_", "-")).strip() if named else text


def _cut(text: str) -> tuple[str, str, str]:
    parts = _REMEDY.split(text, maxsplit=1)
    return parts[0], " ", "".join(parts[1:])


def _own_remedy(error: HerokuError) -> str:
    if isinstance(error, ServerError):
        return "The fault is on the server's side: try again in a while; see status.heroku.com."
    if isinstance(error, InvalidRequestError):
        return f"The model may not take such requests: try another --model.{_request(error)}"
    if isinstance(error, ConfigError):
        return ""
    return f"Try again; if it stays so, tell Heroku's support.{_request(error)}"


def _request(error: HerokuError) -> str:
    if isinstance(error, APIError) and error.request_id:
        return f" The request's id is {error.request_id}."
    return ""


def _expected_url() -> str:
    return f"It should be like {DEFAULT_BASE_URL}: see <ALIAS>_URL in `heroku config -a APP`."


def _proxies() -> str:
    # Only the names: the values may hold a password.
    names = [f"{name}_proxy" for name, _ in network_environment().proxies]
    return f"The environment sets {', '.join(names)}: is that proxy right?" if names else ""
