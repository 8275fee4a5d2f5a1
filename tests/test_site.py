"""What the built pages show; `make docs` builds the same."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

pytest.importorskip("mkdocs")
pytest.importorskip("mkdocstrings")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


def signatures(site: Path) -> dict[str, str]:
    """Each signature of the reference, by page and first line."""
    found = {}
    for page in site.glob("classes/**/*.html"):
        text = page.read_text(encoding="utf-8")
        for match in re.finditer(
            r'<div class="[^"]*doc-signature.*?<code>(.*?)</code>', text, re.DOTALL
        ):
            signature = unescape(re.sub("<[^>]+>", "", match[1]))
            found[f"{page.relative_to(site).as_posix()}: {signature.split('(')[0]}"] = signature
    return found


def test_a_signature_names_the_arguments(site):
    told = signatures(site)
    assert {name: text for name, text in told.items() if "**data" in text} == {}
    for page, name, arguments in [
        ("langchain/chat-heroku", "ChatHeroku", ("temperature: float", "callbacks: ")),
        ("llama-index/heroku-rerank", "HerokuRerank", ("top_n: int", "api_key: str | None")),
        ("llama-index/heroku", "Heroku", ("is_chat_model: bool", "system_prompt: ")),
    ]:
        signature = told[f"classes/{page}.html: {name}"]
        assert [one for one in arguments if one not in signature] == []


def test_llms_txt_names_every_page(site):
    pages = {page.relative_to(site).as_posix() for page in site.rglob("*.html")} - {"404.html"}
    listed = re.findall(
        r"^- \[.+?\]\(([^)]+)\)", (site / "llms.txt").read_text("utf-8"), re.MULTILINE
    )
    assert sorted(listed) == sorted(pages)


def test_cells_of_tables_carry_their_headings_onto_a_phone(site):
    page = (site / "compatibility.html").read_text(encoding="utf-8")
    assert '<td data-head="package">' in page.lower()
    assert "<td>" not in page


def test_each_notebook_is_a_page_with_its_outputs(site):
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        page = (site / "notebooks" / f"{notebook.stem}.html").read_text(encoding="utf-8")
        assert (site / "notebooks" / notebook.name).read_bytes() == notebook.read_bytes()
        assert f'href="{notebook.name}"' in page
        cells = [
            cell for cell in json.loads(notebook.read_text("utf-8"))["cells"] if cell.get("outputs")
        ]
        assert len(cells) > 5
        outputs = [output for cell in cells for output in cell["outputs"]]
        pictures = [one for one in outputs if "image/png" in one.get("data", {})]
        shown = re.findall(r'<img alt="What the cell above draws" src="([^"]+)"', page)
        assert len(shown) == len(pictures)
        assert all((site / "notebooks" / name).stat().st_size > 1000 for name in shown)
        tables = [one for one in outputs if "text/html" in one.get("data", {})]
        assert page.count('<div class="notebook-output">') == len(tables)
        assert page.count("language-output") == len(outputs) - len(pictures) - len(tables)
