"""Signatures of thinking blocks: proof that this emulator wrote exactly this thinking. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac

__all__ = ["is_redacted_here", "is_signed_here", "redacted", "signature_of"]

# Fixed, so that a conversation outlives the emulator that began it, as it does with Claude.
_KEY = b"heroku_emulator.messages_api: thinking"


def signature_of(thinking: str) -> str:
    """Returns the signature of one thinking block's text."""
    return base64.b64encode(_digest(b"thinking", thinking.encode())).decode()


def is_signed_here(thinking: str, signature: str) -> bool:
    """Says whether `signature` was issued for exactly this text."""
    return hmac.compare_digest(signature_of(thinking).encode(), signature.encode())


def redacted(thinking: str) -> str:
    """Returns `data` of a redacted block; nobody can read the thinking in it."""
    text = hashlib.sha512(thinking.encode()).digest()
    return base64.b64encode(_digest(b"redacted", text) + text).decode()


def is_redacted_here(data: str) -> bool:
    """Says whether `data` came from a redacted block of this emulator."""
    try:
        raw = base64.b64decode(data, validate=True)
    except ValueError:
        return False
    length = hashlib.sha512().digest_size
    return hmac.compare_digest(raw[:length], _digest(b"redacted", raw[length:]))


def _digest(purpose: bytes, content: bytes) -> bytes:
    return hmac.digest(_KEY, purpose + b"\0" + content, "sha512")
