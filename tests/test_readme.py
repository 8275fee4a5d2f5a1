"""Every Python block of the pages people read runs, against the emulator."""

from __future__ import annotations

import asyncio
import os
import re

import pytest

from heroku_emulator import Emulator
from tests.doc_outputs import blocks_of, check_output
from tests.pages import PAGES, ROOT

# LlamaIndex's workflows look at every attribute of an agent, pydantic's old ones among them.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(ROOT).as_posix()}-{number}")
    for page in PAGES
    for number, block in enumerate(blocks_of(page), start=1)
    if block.file is None  # a file of the tutorial, run by test_tutorial.py
]


@pytest.fixture(autouse=True)
def settings_of_its_own(monkeypatch):
    """What a block sets for all of LlamaIndex is gone after it."""
    from llama_index.core import Settings

    for name in ("_llm", "_embed_model", "_node_parser", "_prompt_helper", "_transformations"):
        monkeypatch.setattr(Settings, name, None)


@pytest.fixture(autouse=True)
def loop_of_its_own():
    """LlamaIndex asks for the thread's event loop, and would leave one open behind it."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def page():
    """The names of a block; what it started is stopped, what it set in the environment is gone."""
    environment = dict(os.environ)  # noqa: TID251 - put back as it was
    names = {"__name__": "page"}
    yield names
    for value in names.values():
        if isinstance(value, Emulator):
            value.stop()
    os.environ.clear()  # noqa: TID251
    os.environ.update(environment)  # noqa: TID251


@pytest.fixture
def standard_plan(config_vars, monkeypatch):
    """What the plan that the pages recommend sets: one key for all models, and no model."""
    for name in config_vars.keys() - {"INFERENCE_KEY", "INFERENCE_URL"}:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("block", BLOCKS)
def test_the_block_runs(block, page, standard_plan, capsys, pytestconfig):
    code = compile(block.code, "a block", "exec", dont_inherit=True)  # as a module of its own
    exec(code, page)  # noqa: S102
    printed = capsys.readouterr().out
    if "print(" in block.code:
        assert printed.strip()
    check_output(block, printed, write=pytestconfig.getoption("--write-outputs"))


def test_the_agent_of_the_readme_uses_its_tool(emulator, config_vars, capsys):
    agent = next(
        block.code
        for block in blocks_of(ROOT / "README.md")
        if "create_agent(ChatHeroku(" in block.code
    )
    exec(agent, {"__name__": "readme"})  # noqa: S102
    assert "42" in capsys.readouterr().out
    assert [message["role"] for message in emulator.journal[-1].body["messages"]] == [
        "user",
        "assistant",
        "tool",
    ]


def test_every_page_with_programs_says_what_to_install():
    line = re.compile(r"^ *pip install ", re.MULTILINE)  # `make pages` tries whether it is enough
    # The tutorial says it once, on its first page.
    pages = [page for page in PAGES if any(block.file is None for block in blocks_of(page))]
    assert [page.name for page in pages if not line.search(page.read_text("utf-8"))] == []


def test_the_readme_shows_what_its_program_prints(config_vars, capsys):
    ((program, told),) = re.findall(r"```python\n(.*?)```\n+```text\n(.*?)```", README, re.DOTALL)
    exec(program, {"__name__": "readme"})  # noqa: S102
    assert capsys.readouterr().out == told


def test_the_readme_links_to_what_is_there():
    relative = re.findall(r"\]\((?!https:)([^)#]+)", README)
    assert relative
    assert [link for link in relative if not (ROOT / link).exists()] == []


def test_the_readme_compares_with_the_openai_sdk_as_the_comparison_does():
    def cells(text):
        rows = (line.strip("|").split("|") for line in text.splitlines() if line.startswith("|"))
        return [[cell.strip() for cell in row] for row in rows]

    head, _, *measured = cells((ROOT / "docs" / "comparison.md").read_text("utf-8"))
    ours, theirs = head.index("`ChatHeroku`"), head.index("`openai` SDK")
    assert head[ours + 1] == "`Heroku`"
    known = {(row[0], row[theirs], row[ours]) for row in measured if row[ours] == row[ours + 1]}
    _, _, *told = cells(README.partition("## Why not the OpenAI SDK?")[2].partition("##")[0])
    assert len(told) == 5
    assert {tuple(row) for row in told} - known == set()


def test_the_picture_shows_sources_and_loads_nothing_from_elsewhere():
    picture = (ROOT / "docs" / "assets" / "answer.svg").read_text("utf-8")
    words = " ".join(re.findall(r">([^<]+)</text>", picture)).replace("&#160;", " ")
    assert "python examples/rag.py" in words
    assert "[1]" in words
    assert re.findall(r"examples/docs/[\w.-]+", words)
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)|inf-|/home|/tmp|/root", picture) == []
