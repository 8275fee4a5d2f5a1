"""The pages show the web apps as they are: what is copied from there is what is tested."""

from __future__ import annotations

import pytest

from tests.doc_outputs import blocks_of
from tests.examples.web.conftest import WEB
from tests.pages import ROOT

PAGES = {
    "django_chat": "flask-and-django",
    "fastapi_agent": "agents-in-a-web-app",
    "fastapi_chat": "in-a-web-app",
    "fastapi_llama_index": "llama-index-in-a-web-app",
    "flask_chat": "flask-and-django",
}


@pytest.mark.parametrize("program", PAGES)
def test_the_page_shows_the_program(program):
    blocks = blocks_of(ROOT / "docs" / "how-to" / f"{PAGES[program]}.md")
    assert (WEB / f"{program}.py").read_text("utf-8") in [block.code for block in blocks]


def test_every_program_has_its_page():
    assert {program.stem for program in WEB.glob("*.py")} == {*PAGES}
