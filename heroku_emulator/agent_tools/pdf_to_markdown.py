"""`pdf_to_markdown`: reads the text of a PDF of this machine."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from anyio.to_thread import run_sync

from heroku_emulator.agent_tools.loopback import Unreachable, fetch
from heroku_emulator.agent_tools.tool import Kind, Outcome, failure, one_text_schema, truncate

if TYPE_CHECKING:
    from heroku_emulator.agent_tools.tool import Job

__all__ = ["PDF_TO_MARKDOWN"]


async def _run(arguments: dict[str, Any], job: Job) -> Outcome:
    try:
        import pypdf  # noqa: PLC0415 - needs the extra `demo`
        from pypdf.errors import PyPdfError  # noqa: PLC0415 - the same
    except ModuleNotFoundError:
        return failure("pdf_to_markdown needs the extra `demo` of heroku-inference here")

    def convert(document: bytes) -> str:
        pages = pypdf.PdfReader(io.BytesIO(document)).pages
        return "\n\n".join(page.extract_text().strip() for page in pages).strip()

    try:
        document, _ = await fetch(arguments.get("url"), job.seconds)
        return Outcome(truncate(await run_sync(convert, document, abandon_on_cancel=True)))
    except Unreachable as error:
        return failure(str(error))
    except PyPdfError as error:
        return failure(f"{arguments.get('url')} is not a readable PDF: {error}")


PDF_TO_MARKDOWN = Kind(
    description="Fetches a PDF document and converts it to Markdown.",
    run=_run,
    parameters=one_text_schema("url", "The address of the document."),
)
