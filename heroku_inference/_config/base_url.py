"""Where the API is, from any spelling of its URL. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from heroku_inference._errors import ConfigError

__all__ = ["DEFAULT_BASE_URL", "normalise_url"]

DEFAULT_BASE_URL: Final = "https://us.inference.heroku.com"


def normalise_url(url: object) -> str:
    """`https://host[/path]` without a trailing slash or `/v1`, from any of its spellings.

    Raises:
        ConfigError: The URL has no host, another scheme than `http` and `https`, an impossible
            port, or a part that the URL of an API does not have: user, query or fragment.
    """
    if not isinstance(url, str):
        raise ConfigError(
            f"base_url must be a str, got a value of type {type(url).__name__}.",
            f"Pass a URL such as {DEFAULT_BASE_URL!r}.",
        )
    text = url.strip()
    if "://" not in text:
        text = f"https://{text}"
    text = re.sub(r"(?<![:/])/+(?:v1/*)?\Z", "", text, count=1, flags=re.IGNORECASE)
    if not _is_api_url(text):
        raise ConfigError(
            f"base_url={_without_credentials(url)!r} is not the URL of an API.",
            f"Pass a URL such as {DEFAULT_BASE_URL!r}, without user, password or query.",
        )
    return text


@lru_cache(maxsize=64)
def _is_api_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    has_more = parts.query or parts.fragment or "@" in parts.netloc
    is_name = bool(host) and len(host) < 254 and not re.search(r"[\s\\]|[^.]{64}", host)  # noqa: PLR2004 - DNS
    return parts.scheme.lower() in {"http", "https"} and is_name and port != 0 and not has_more


def _without_credentials(url: str) -> str:
    return re.sub(r"(//|^)[^/@]*@", r"\1***@", url)
