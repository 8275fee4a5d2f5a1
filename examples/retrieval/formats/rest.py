"""reStructuredText: the text under each heading, also of files that are written for Sphinx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes  # type: ignore[import-untyped]
from docutils.core import publish_doctree  # type: ignore[import-untyped]

from retrieval.formats.parts import Heading, under_headings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from retrieval.formats.parts import Part

__all__ = ["rest_parts"]

_SETTINGS = {
    "_disable_config": True,  # a docutils.conf may allow what the next two forbid
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "doctitle_xform": False,  # the title stays a heading like others
    "docinfo_xform": False,
    "report_level": 5,  # what only Sphinx knows is reported as an error
    "halt_level": 5,
    "warning_stream": "",
}


def rest_parts(text: str) -> Iterator[Part]:
    """Yields the text under each heading."""
    return under_headings(_blocks(publish_doctree(text, settings_overrides=_SETTINGS), 0))


def _blocks(parent: Any, level: int) -> Iterator[str | Heading]:
    for node in parent.children:
        if isinstance(node, nodes.section):
            yield from _blocks(node, level + 1)
        elif isinstance(node, nodes.title):
            yield Heading(level, node.astext())
        else:
            yield _text_of(node) + "\n"


def _text_of(node: Any) -> str:
    if isinstance(node, nodes.Invisible):
        return ""
    if isinstance(node, nodes.system_message):  # holds the text of a directive of Sphinx
        return "\n\n".join(child.astext() for child in node.findall(nodes.literal_block))
    if isinstance(node, nodes.row):
        return " | ".join(" ".join(cell.astext().split()) for cell in node.children)
    if isinstance(node, nodes.list_item):
        return "- " + _texts_of(node, "\n")
    if isinstance(node, nodes.TextElement | nodes.Text):
        return str(node.astext())
    tight = nodes.bullet_list | nodes.enumerated_list | nodes.thead | nodes.tbody
    return _texts_of(node, "\n" if isinstance(node, tight) else "\n\n")


def _texts_of(node: Any, between: str) -> str:
    return between.join(text for child in node.children if (text := _text_of(child)))
