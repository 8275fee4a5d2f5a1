"""HTML: the main part of a page as Markdown, so that headings, lists and tables stay."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup
from bs4.dammit import EncodingDetector
from markdownify import MarkdownConverter

from retrieval.formats.markdown import markdown_parts
from retrieval.formats.text import Decoded, decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.formats.parts import Part

__all__ = ["decoded_html", "html_parts"]

_NO_CONTENT = "head, script, style, template, noscript, nav, a.headerlink"
_CONVERTER = MarkdownConverter(
    heading_style="ATX",
    bullets="-",
    strip=["a", "img"],  # leaves the words of a link
    escape_asterisks=False,
    escape_underscores=False,  # `max_tokens` is found by its name
    escape_misc=False,
)


def decoded_html(data: bytes) -> Decoded:
    """Decodes a page as it says itself, otherwise as a text."""
    declared = EncodingDetector.find_declared_encoding(data, is_html=True)
    try:
        return Decoded(data.decode(declared or "utf-8-sig"))
    except (LookupError, UnicodeDecodeError):
        return decoded(data)


def html_parts(text: str) -> Iterator[Part]:
    """Yields the text under each heading of the main part of a page."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about XHTML, and texts that look like a path
        page = BeautifulSoup(text, "lxml")
    for tag in page.select(_NO_CONTENT):
        tag.decompose()
    main = page.find("main") or page.find(role="main") or page
    return markdown_parts(str(_CONVERTER.convert(str(main))))
