"""What the edge firewall blocks, as far as it has been seen. Pure."""

from __future__ import annotations

import ipaddress
import re

__all__ = ["leads_inside", "looks_like_an_attack"]

_ATTACKS = re.compile(
    r"(?:\.\./){2,}|<script\b|\{\{.*?\}\}|\{%.*?%\}|\bos\.system\b|\bimport os\b|-{4,}",
    re.IGNORECASE,
)
_METADATA = "169.254.169.254/latest/meta-data"
_HOST = re.compile(
    r"\b[a-z][a-z0-9+.-]*:\\?/\\?/(?:[^\s/\\\"'<>@]*@)?(\[[0-9a-f:.]+\]|[^\s/\\\"'<>@:?#\])]+)",
    re.IGNORECASE,
)
_INSIDE = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/32",
            "10.0.0.0/8",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::/127",
            "fc00::/7",
            "fe80::/10",
        ),
    )
)


def looks_like_an_attack(text: str) -> bool:
    """Says whether the body of a request looks like an attack on a web application."""
    return _ATTACKS.search(text) is not None


def leads_inside(text: str) -> bool:
    """Says whether the body of a request has a URL to a private or loopback host.

    Hosts without a scheme pass, except the address of a cloud machine's metadata.
    """
    return _METADATA in text or any(map(_is_inside, _HOST.findall(text)))


def _is_inside(host: str) -> bool:
    name = host.strip("[].").lower()
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return any(address in network for network in _INSIDE if network.version == address.version)
