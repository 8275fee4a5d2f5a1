"""The environment. No other file reads it."""

from __future__ import annotations

import os
from typing import NamedTuple

__all__ = ["NetworkEnvironment", "config_var", "names", "network_environment"]


def config_var(name: str) -> str | None:
    """A variable; `None` also where it is empty."""
    # Never the whole environment as a variable: a traceback that prints it would show every key.
    return os.environ.get(name) or None


def names() -> list[str]:
    """The names of all variables, without their values."""
    return list(os.environ)


class NetworkEnvironment(NamedTuple):
    """The proxies and certificates that the environment names; clients are shared by equal ones."""

    proxies: tuple[tuple[str, str], ...]
    no_proxy: str
    certificate_file: str | None
    certificate_folder: str | None

    def __repr__(self) -> str:
        # The URL of a proxy may hold a password.
        shown = self._replace(proxies=tuple((name, "***") for name, _ in self.proxies))
        return f"NetworkEnvironment{tuple(shown)}"


def network_environment() -> NetworkEnvironment:
    """The proxies and certificates that the environment names now."""
    proxies = {name: _variable(f"{name}_proxy") for name in ("http", "https", "all")}
    return NetworkEnvironment(
        proxies=tuple((name, proxy) for name, proxy in proxies.items() if proxy),
        no_proxy=_variable("no_proxy"),
        certificate_file=os.environ.get("SSL_CERT_FILE"),
        certificate_folder=os.environ.get("SSL_CERT_DIR"),
    )


def _variable(name: str) -> str:
    return os.environ.get(name) or os.environ.get(name.upper()) or ""
