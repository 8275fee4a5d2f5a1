"""Proxies and certificates, as the environment named them when a transport was made."""

from __future__ import annotations

import re
import ssl
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from heroku_inference._config.environment import NetworkEnvironment

__all__ = ["async_proxy", "sync_proxy", "tls_context"]


@cache
def tls_context(network: NetworkEnvironment) -> ssl.SSLContext:
    """The process's one context for a set of certificates; loading them takes milliseconds.

    `SSL_CERT_FILE` and `SSL_CERT_DIR` win over the certificates of `certifi`, as in httpx2.

    Raises:
        ConfigError: The file or folder that they name cannot be read.
    """
    import certifi  # noqa: PLC0415 - paid at the first request, not at import

    file, folder = network.certificate_file, network.certificate_folder
    try:
        if file or folder:
            return ssl.create_default_context(cafile=file, capath=folder)
        return ssl.create_default_context(cafile=certifi.where())
    except OSError as error:
        raise ConfigError(
            f"The certificates of SSL_CERT_FILE={file!r}, SSL_CERT_DIR={folder!r} cannot be "
            f"loaded: {error}.",
            "Point them at certificates in PEM format, or unset them.",
        ) from error


def sync_proxy(base_url: str, network: NetworkEnvironment) -> str | None:
    """The proxy for blocking calls to an API.

    Raises:
        ConfigError: It cannot be used.
    """
    proxy = _proxy(base_url, network)
    if proxy and urlsplit(proxy).scheme.startswith("socks") and not find_spec("socksio"):
        raise ConfigError(
            "The environment names a SOCKS proxy.",
            "Install what it needs: `pip install httpx2[socks]`.",
        )
    return proxy


def async_proxy(base_url: str, network: NetworkEnvironment) -> str | None:
    """The proxy for async calls to an API.

    Raises:
        ConfigError: It cannot be used.
    """
    proxy = _proxy(base_url, network)
    if proxy and urlsplit(proxy).scheme.startswith("socks"):
        raise ConfigError(
            "The environment names a SOCKS proxy, which async calls cannot use by themselves.",
            "Pass async_http_client=httpx2.AsyncClient(proxy=...) (needs httpx2[socks]).",
        )
    return proxy


def _proxy(base_url: str, network: NetworkEnvironment) -> str | None:
    # Not in the type stubs; it is what `proxy_bypass` asks where no system settings exist.
    from urllib.request import (  # type: ignore[attr-defined] # noqa: PLC0415 - slow to import
        proxy_bypass_environment,
    )

    parts = urlsplit(base_url)
    proxies = dict(network.proxies)
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass_environment(parts.netloc, {"no": network.no_proxy}):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    _check_proxy(proxy, next(name for name in (parts.scheme, "all") if proxies.get(name)))
    return proxy


def _check_proxy(proxy: str, name: str) -> None:
    # Messages do not show the URL: it may hold a password.
    try:
        parts = urlsplit(proxy)
        usable = bool(parts.hostname) and parts.port != 0 and not re.search(r"[^!-~]", proxy)
        usable = usable and not (parts.query or parts.fragment or "@" in parts.path)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(
            f"{name}_proxy in the environment is not the URL of a proxy.",
            "Set it to a URL such as http://user:password@proxy.example:8080; write other signs "
            "than letters and digits of user and password as %XX, such as %40 for @.",
        ) from None
    if parts.scheme not in {"http", "https", "socks5", "socks5h"}:
        raise ConfigError(
            f"The environment names a proxy of the kind {parts.scheme!r}.",
            "Set one of the kind http, https or socks5.",
        )
