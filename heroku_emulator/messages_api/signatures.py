"""Signs thinking blocks, to prove that this emulator wrote them. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac

__all__ = ["is_redacted_here", "is_signed_here", "redact", "signature_of"]

# Fixed, so that a conversation can go on with another emulator, as it can with Claude.
_KEY = b"heroku_emulator.messages_api: thinking"


def signature_of(thinking: str) -> str:
    """Returns the signature of a thinking block's text."""
    return base64.b64encode(_digest(b"thinking", thinking.encode())).decode()


def is_signed_here(thinking: str, signature: str) -> bool:
    """Says whether `signature` belongs to this text."""
    return hmac.compare_digest(signature_of(thinking).encode(), signature.encode())


def redact(thinking: str) -> str:
    """Returns `data` of a redacted block, which hides the thinking."""
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
