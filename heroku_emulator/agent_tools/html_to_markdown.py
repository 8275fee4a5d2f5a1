"""`html_to_markdown`: turns a page of this machine into Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio.to_thread import run_sync

from heroku_emulator.agent_tools.loopback import Unreachable, fetch
from heroku_emulator.agent_tools.tool import Kind, Outcome, failure, one_text_schema, truncate

if TYPE_CHECKING:
    from heroku_emulator.agent_tools.tool import Job

__all__ = ["HTML_TO_MARKDOWN"]

_UNSEEN = ["script", "style", "template", "noscript"]


async def _run(arguments: dict[str, Any], job: Job) -> Outcome:
    try:
        import bs4  # noqa: PLC0415 - needs the extra `demo`
        import markdownify  # noqa: PLC0415 - the same
    except ModuleNotFoundError:
        return failure("html_to_markdown needs the extra `demo` of heroku-inference here")

    def convert(page: bytes, encoding: str | None) -> str:
        soup = bs4.BeautifulSoup(page, "html.parser", from_encoding=encoding)
        for unseen in soup(_UNSEEN):
            unseen.decompose()
        converter = markdownify.MarkdownConverter(heading_style="ATX", bullets="-")
        return str(converter.convert_soup(soup)).strip()

    try:
        page, encoding = await fetch(arguments.get("url"), job.seconds)
    except Unreachable as error:
        return failure(str(error))
    return Outcome(truncate(await run_sync(convert, page, encoding, abandon_on_cancel=True)))


HTML_TO_MARKDOWN = Kind(
    description="Fetches a web page and converts its HTML to Markdown.",
    run=_run,
    parameters=one_text_schema("url", "The address of the page."),
)
