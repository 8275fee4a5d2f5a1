"""Where the API is, from any spelling of its URL. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from heroku_inference._errors import ConfigError

__all__ = ["DEFAULT_BASE_URL", "normalise_url"]

DEFAULT_BASE_URL: Final = "https://us.inference.heroku.com"

_PRIVATE_NETWORKS: Final = (
    # This machine, RFC 1918, link-local, and unique local addresses.
    *("0.0.0.0/32", "127.0.0.0/8", "::/128", "::1/128"),
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    *("169.254.0.0/16", "fe80::/10", "fc00::/7"),
)
_PRIVATE_DOMAINS: Final = (".internal", ".invalid", ".local", ".localhost", ".test")


def normalise_url(url: object, *, allow_plaintext: bool = False) -> str:
    """`https://host[/path]` without a trailing slash or `/v1`, from any of its spellings.

    `http` sends the key for everybody to read. It is accepted for private hosts: this machine,
    addresses of private networks (RFC 1918, link-local, unique local), names without a dot, and
    names that end in `.internal`, `.invalid`, `.local`, `.localhost` or `.test`.

    Args:
        url: The URL.
        allow_plaintext: Whether to accept `http` for any host.

    Raises:
        ConfigError: The URL has no host, another scheme than `http` and `https`, an impossible
            port, a space or control character, a part that the URL of an API does not have (user,
            query or fragment), or `http` and a public host. The message does not repeat what may
            be secret.
    """
    if not isinstance(url, str):
        raise ConfigError(
            f"base_url must be a str, got a value of type {type(url).__name__}.",
            f"Pass a URL such as {DEFAULT_BASE_URL!r}.",
        )
    return _normalised(url, allow_plaintext)


@lru_cache(maxsize=64)  # programs make many objects with the same few
def _normalised(url: str, allow_plaintext: bool) -> str:
    text = url.strip()
    if "://" not in text and not _has_scheme(text):
        text = f"https://{text}"
    text = re.sub(r"(?<![:/])/+(?:v1/*)?\Z", "", text, count=1, flags=re.IGNORECASE)
    if not _is_api_url(text):
        shown = _without_secrets(url)
        raise ConfigError(
            f"{shown!r} is not the URL of an API{_odd_scheme(shown)}.",
            f"Pass a URL such as {DEFAULT_BASE_URL!r}, without user, password or query.",
        )
    if not allow_plaintext and _is_plaintext(text):
        raise ConfigError(
            f"{text!r} would send the key unencrypted over public networks.",
            "Use https://, or pass allow_plaintext=True if the way to that host is private.",
        )
    return text


def _has_scheme(text: str) -> bool:
    # `host:8000` is a host with its port; `file:/etc` and `htp:host` are not.
    return re.match(r"[a-z][a-z0-9+.-]*:(?![0-9])", text, re.IGNORECASE) is not None


def _odd_scheme(shown: str) -> str:
    scheme = re.match(r"([a-z][a-z0-9+-]*):(?![0-9])", shown, re.IGNORECASE)
    if scheme is None or scheme[1].lower() in {"http", "https"}:
        return ""
    return f": {scheme[1]!r} is an odd scheme"


def _is_api_url(url: str) -> bool:
    # `urlsplit` leaves out line breaks and tabs by itself, so they are looked for first.
    if re.search(r"[\s\x00-\x1f\x7f-\x9f\\]", url):
        return False
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    has_more = "?" in url or "#" in url or "@" in parts.netloc
    is_name = bool(host) and len(host) < 254 and not re.search(r"[^.]{64}", host)  # noqa: PLR2004 - DNS
    is_plain = "%" not in host or ":" in host  # an IPv6 address may have a zone
    is_web = parts.scheme.lower() in {"http", "https"}
    return is_web and is_name and is_plain and port != 0 and not has_more


def _is_plaintext(url: str) -> bool:
    """Whether the URL leads to a public host without encryption."""
    parts = urlsplit(url)
    return parts.scheme.lower() == "http" and not _is_private(parts.hostname or "")


def _is_private(host: str) -> bool:
    import unicodedata  # noqa: PLC0415 - asked of few URLs
    from ipaddress import ip_address, ip_network  # noqa: PLC0415 - the same

    # As names are looked up: digits and dots of other widths are digits and dots.
    name = unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower().rstrip(".")
    try:
        address = ip_address(name)
    except ValueError:
        # A number, as in `http://134744072`, is an address too.
        is_number = re.fullmatch(r"[0-9]+|0x[0-9a-f]*", name) is not None
        return ("." not in name and not is_number) or name.endswith(_PRIVATE_DOMAINS)
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in ip_network(network) for network in _PRIVATE_NETWORKS)


def _without_secrets(url: str) -> str:
    """What a message may show of a URL: a user, a password or a query may be secret."""
    if "@" in url and re.search(r"[?#]", url):
        return "***"  # a password may have a `?`, and a query an `@`
    text = re.sub(r"\A\s*(\w*://)?.*@", r"\1***@", url, flags=re.DOTALL)
    return re.sub(r"([?#\s\x00-\x1f\x7f-\x9f]).*", r"\1***", text.strip(), flags=re.DOTALL)
