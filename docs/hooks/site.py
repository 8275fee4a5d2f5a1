"""What the site adds to its pages: the version, headings in the cells of tables, and `llms.txt`."""

from __future__ import annotations

import re
from html import escape, unescape
from pathlib import Path
from typing import TYPE_CHECKING

from heroku_inference import __version__

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page

_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_HEAD = re.compile(r"<th[^>]*>(.*?)</th>", re.DOTALL)
_pages: list[Page] = []


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Say at the foot of each page which version it describes, and where its source is."""
    config.copyright = f"heroku-inference {__version__}"
    if config.repo_url:
        config.edit_uri = "edit/main/docs/"
    return config


def on_page_content(html: str, **_: object) -> str:
    """Give each cell the heading of its column, which a phone shows before it."""
    return _TABLE.sub(lambda table: _with_headings(table[0]), html)


def _with_headings(table: str) -> str:
    heads = [escape(_text(head), quote=True) for head in _HEAD.findall(table)]

    def named(row: re.Match[str]) -> str:
        left = iter(heads)
        return re.sub("<td", lambda _: f'<td data-head="{next(left, "")}"', row[0])

    return _ROW.sub(named, table)


def on_nav(nav: Navigation, **_: object) -> None:
    """Keep the order of the pages for `llms.txt`."""
    _pages[:] = nav.pages


def on_post_build(config: MkDocsConfig) -> None:
    """Write `llms.txt`, by which a language model finds the page that it needs."""
    head = f"# {config.site_name}\n\n> {config.site_description}\n\n## Pages\n\n"
    lines = [f"- [{page.title}]({config.site_url or ''}{page.url}){_said(page)}" for page in _pages]
    text = head + "\n".join(lines) + "\n"
    Path(config.site_dir, "llms.txt").write_text(text, encoding="utf-8")


def _said(page: Page) -> str:
    """The first sentence of the page."""
    text = re.sub(r"<(h1|table|pre|ul).*?</\1>", "", page.content or "", flags=re.DOTALL)
    first = re.search(r"<p>(.*?)</p>", text, re.DOTALL)
    return f": {_text(first[1]).split('. ')[0].rstrip('.:')}" if first else ""


def _text(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", "", html)).split())
