"""From bytes to text: UTF-8, or what else the bytes can be, or no text at all."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from retrieval.errors import InputError

__all__ = ["FALLBACK", "Decoded", "decoded"]

FALLBACK = "windows-1252"
"""What old Western European text is in; it has all printable characters of latin-1, and "€"."""

_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Control characters that text does not have; tabs, line and page ends, and ESC are left out."""


class Decoded(NamedTuple):
    """A text, and a remark if its encoding had to be guessed."""

    text: str
    remark: str = ""


def decoded(data: bytes) -> Decoded:
    """Decodes UTF-8 (and UTF-16 with its mark), otherwise Windows-1252, and then says so.

    Raises:
        InputError: The bytes are not text.
    """
    utf_16 = data.startswith(_UTF_16_MARKS)
    if b"\x00" in data and not utf_16:
        raise InputError("is binary, not text")
    try:
        found = Decoded(_lines(data.decode("utf-16" if utf_16 else "utf-8-sig")))
    except UnicodeDecodeError as error:
        try:
            found = Decoded(
                _lines(data.decode(FALLBACK)), f"is not UTF-8; read as {FALLBACK} (latin-1)"
            )
        except UnicodeDecodeError:
            raise InputError(f"is neither UTF-8 nor {FALLBACK} text") from error
    if found.remark and _CONTROLS.search(found.text):
        raise InputError("is binary, not text")
    return found


def _lines(text: str) -> str:
    """Ends all lines as Python does."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
