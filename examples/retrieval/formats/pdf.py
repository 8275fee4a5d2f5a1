"""PDF: the text of each page."""

from __future__ import annotations

import logging
from io import BytesIO
from typing import TYPE_CHECKING

from pypdf import PdfReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.formats.parts import Part

__all__ = ["pdf_parts"]

logging.getLogger("pypdf").setLevel(logging.ERROR)  # it logs repairs; the rest raises


def pdf_parts(data: bytes) -> Iterator[Part]:
    """Yields the text of each page."""
    for number, page in enumerate(PdfReader(BytesIO(data)).pages, start=1):
        yield f"page {number}", page.extract_text()
