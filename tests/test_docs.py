"""The pages tell of all that is public, and of what is so."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import pytest

from bench.peers.__main__ import COLUMNS
from bench.peers.features import FEATURES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PACKAGES = ("heroku_inference", "langchain_heroku", "llama_index_heroku", "heroku_emulator")
NOT_ON_A_PAGE = {
    "AgentStep",  # a union of two that are
    "AgentTool",  # with its module, agent_tools
    "KNOWN_MODELS",  # data, told by known_model
    "Step",  # what all steps share
}


def named_on_pages() -> set[str]:
    pages = (page.read_text(encoding="utf-8") for page in DOCS.glob("classes/**/*.md"))
    return {name for page in pages for name in re.findall(r"^::: ([\w.]+)$", page, re.MULTILINE)}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_has_its_reference(package):
    public = {f"{package}.{name}" for name in import_module(package).__all__}
    assert public - named_on_pages() <= {f"{package}.{name}" for name in NOT_ON_A_PAGE}


def test_the_versions_are_those_that_are_required():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"]]
    for name, extra in project["optional-dependencies"].items():
        needed += extra if name not in {"all", "demo"} else []
    page = (DOCS / "compatibility.md").read_text(encoding="utf-8")
    lowest: dict[str, set[str]] = {}
    for package, version in re.findall(r"([\w-]+)>=([\d.]+)", " ".join(needed)):
        lowest.setdefault(package, set()).add(version)
    rows = [line.split("|") for line in page.splitlines() if line.startswith("|")]
    for package, versions in lowest.items():
        told = [{*row[3].replace(",", "").split()} for row in rows if f"`{package}`" in row[2]]
        assert all(versions & row for row in told), (package, versions)
        assert versions <= set().union(*told), (package, versions)


@pytest.mark.parametrize("package", ["langchain", "langchain-classic", "langchain-openai"])
def test_what_no_extra_brings_is_said_where_it_is_used(package):
    used = re.compile(rf"^ *(from|import) {package.replace('-', '_')}\b", re.MULTILINE)
    said = re.compile(rf"pip install (\S+ )*{package}(?![\w-])")
    pages = {page: page.read_text(encoding="utf-8") for page in [README, *DOCS.glob("**/*.md")]}
    users = [page for page, text in pages.items() if used.search(text)]
    assert users
    assert [page.name for page in users if not said.search(pages[page])] == []


def test_every_page_that_the_code_cites_has_its_address():
    page = (DOCS / "heroku-pages.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| .*https://", page, re.MULTILINE)
    listed = {name for names in rows for name in names.split(", ")}
    cited = {}
    for package in PACKAGES:
        for file in Path(import_module(package).__file__).parent.rglob("*.py"):
            # A citation may go on in the next line of a comment or of a message.
            text = re.sub(r"\s*\n\s*(?:# |f?\")?", " ", file.read_text(encoding="utf-8"))
            for names in re.findall(r"\(docs:[ \"]+([^)]*)\)", text):
                cited |= dict.fromkeys(names.split(", "), file.name)
    assert cited
    assert {name: file for name, file in cited.items() if name not in listed} == {}


def test_the_comparison_has_every_contender_and_feature():
    page = (DOCS / "comparison.md").read_text(encoding="utf-8")
    head, _, *rows = re.findall(r"^\| (.*) \|$", page, re.MULTILINE)
    assert head.split(" | ")[1:] == [title for title, _ in COLUMNS.values()]
    assert [row.split(" | ")[0] for row in rows] == [
        feature.__doc__.removesuffix(".") for feature in FEATURES
    ]
    for title, _ in COLUMNS.values():
        assert re.search(rf"^- {title}: \S+ \d", page, re.MULTILINE), f"{title} has no version"


def test_what_heroku_does_differently_says_of_each_row_how_it_is_known():
    pages = sorted(DOCS.glob("what-heroku-does-differently*.md"))
    page = "".join(page.read_text(encoding="utf-8") for page in pages)
    rows = [row.split(" | ") for row in re.findall(r"^\| (.*) \|$", page, re.MULTILINE)]
    facts = [row for row in rows if row[0] not in {"the API", "---"}]
    assert len(facts) > 50
    for *_, source in facts:
        assert re.search(r"\b(docs: |seen|inferred)", source), source


def test_each_assumption_is_seen_documented_or_inferred():
    page = (DOCS / "compatibility.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^\| the library assumes .*\n(?:\|.*\n)+", page, re.MULTILINE)
    _, _, *rows = table.splitlines()
    for row in rows:
        _, assumed, *known, _ = [cell.strip() for cell in row.split("|")]
        assert assumed, row
        assert any(known), f"{assumed}: neither seen nor documented nor inferred"


def test_code_fits_its_column():
    """88 characters stand in a row on a screen of 1280 pixels."""
    wide = {}
    for page in DOCS.glob("**/*.md"):
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"^ *```python\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE):
            lines = dedent(block).splitlines()
            wide |= {line: page.name for line in lines if len(line) > 88}
    assert wide == {}


def test_every_notebook_example_and_recipe_is_on_their_page():
    page = (DOCS / "notebooks-and-recipes.md").read_text(encoding="utf-8")
    files = [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("examples/**/*.py")]
    runs = [file for file in files if file.suffix == ".ipynb" or "\ndef main(" in file.read_text()]
    assert len(runs) > 15
    assert [file.name for file in runs if f"`{file.name}`" not in page] == []


@pytest.mark.parametrize("section", ["tutorial", "how-to", "classes", "moving"])
def test_the_first_page_of_a_section_lists_all_others(section):
    folder = DOCS / section
    linked = set(re.findall(r"\]\(([\w/-]+\.md)", (folder / "index.md").read_text("utf-8")))
    pages = {page.relative_to(folder).as_posix() for page in folder.glob("**/*.md")}
    assert sorted(pages - linked) == ["index.md"]
