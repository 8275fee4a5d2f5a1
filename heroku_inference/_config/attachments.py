"""Finds the attachments of the add-on by their config vars."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from heroku_inference._config.base_url import normalise_url
from heroku_inference._config.environment import config_var, names
from heroku_inference._errors import ConfigError

__all__ = ["Attachment", "attachments"]


class Attachment(NamedTuple):
    """The config vars of one attachment; whether it has a key, but not the key."""

    alias: str
    has_key: bool
    url: str | None
    """As `base_url` would be; `None` when it is not set or not the URL of an API."""
    model: str | None


def attachments() -> list[Attachment]:
    """The attachments whose config vars are in the environment, by alias.

    A name that begins like an alias of Heroku's pages, or like `HEROKU_INFERENCE`, needs a key or
    a URL. Any other needs both, and a model id or a URL of Heroku's: `OPENAI_KEY` is not an
    attachment.
    """
    marked = (re.fullmatch(r"([A-Z][A-Z0-9_]*)_(?:KEY|URL)", name) for name in names())
    aliases = sorted({match[1] for match in marked if match})
    found = (_read_attachment(alias) for alias in aliases)
    return [one for one in found if _is_ours(one)]


def _read_attachment(alias: str) -> Attachment:
    try:
        url = config_var(f"{alias}_URL")
        url = normalise_url(url, allow_plaintext=True) if url else None
    except ConfigError:
        url = None
    has_key = config_var(f"{alias}_KEY") is not None
    return Attachment(alias, has_key, url, config_var(f"{alias}_MODEL_ID"))


def _is_ours(found: Attachment) -> bool:
    if re.match(r"(?:HEROKU_)?INFERENCE(?:_|$)|(?:EMBEDDING|RERANK|DIFFUSION)(?:_|$)", found.alias):
        return found.has_key or found.url is not None
    host = urlsplit(found.url or "").hostname or ""
    known = found.model is not None or host.endswith(".inference.heroku.com")
    return found.has_key and found.url is not None and known
