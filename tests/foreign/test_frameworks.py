"""The programs of docs/moving/frameworks.md, and what the frameworks do without our clients."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from heroku_emulator import CallTools

PAGE = Path(__file__).parents[2] / "docs" / "moving" / "frameworks.md"
SECTION = re.compile(r"^## (\S+)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PROGRAMS = {
    name: PROGRAM.search(text)[1] for name, text in SECTION.findall(PAGE.read_text("utf-8"))
}
BY_HAND = {"DSPy", "CrewAI"}

TOOL = CallTools([("degrees_in", {"city": "Porto"})])
# What the model says, and a piece of what the program prints.
EXPECTED = {
    "instructor": (
        [
            CallTools([("Weather", {"city": "Porto", "degrees": "warm"})]),
            CallTools([("Weather", {"city": "Porto", "degrees": 18})]),
        ],
        "Porto 18",
    ),
    "pydantic-ai": ([TOOL], '{"result": 18}'),
    "openai-agents": ([TOOL, CallTools([("transfer_to_clerk", {})])], '{"result": 18}'),
    "smolagents": ([TOOL, CallTools([("final_answer", {"answer": "18 degrees"})])], "18 degrees"),
    "litellm": ([], '{"result": 18}'),
}
ENDED_BY_A_CALL = {"instructor", "smolagents"}  # their last scripted call is the answer
# What each program is refused for without the repairs of our clients.
REFUSED = {
    "instructor": "content is required",
    "pydantic-ai": "description is required",
    "openai-agents": "description is required",
    "smolagents": "content must be a string",
    "litellm": "content is required",
}


@pytest.fixture
def run(tmp_path, emulator):
    """Runs a program in a process of its own, with the emulator's config vars."""
    return lambda program: run_file(tmp_path / "program.py", program, emulator)


def run_file(file, program, emulator):
    file.write_text(program, "utf-8")  # smolagents reads the source of its tools
    variables = {**emulator.config_vars, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", file],
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_each_program_of_the_page_is_run_here_or_said_to_be_tried_by_hand():
    assert PROGRAMS.keys() == EXPECTED.keys() | BY_HAND
    by_hand = re.findall(
        r"^\| (\S+) .*\| by hand, [^|]+ \|$", PAGE.read_text("utf-8"), re.MULTILINE
    )
    assert set(by_hand) == BY_HAND


@pytest.mark.parametrize("name", EXPECTED)
def test_the_program_runs(name, run, emulator):
    said, printed = EXPECTED[name]
    emulator.switch(bare_tool_history="reject", strict_tools="rejected")
    emulator.script(*said)
    done = run(PROGRAMS[name])
    assert printed in done.stdout, done.stderr
    assert {entry.status for entry in emulator.journal} == {200}
    assert len(emulator.journal) == len(said) + (name not in ENDED_BY_A_CALL)


@pytest.mark.parametrize("name", EXPECTED)
def test_without_the_repairs_it_is_refused(name, run, emulator):
    said, _ = EXPECTED[name]
    emulator.script(*said)
    program = PROGRAMS[name].replace("openai_client()", "openai_client(repair=False)")
    done = run(program)
    assert done.returncode != 0
    assert REFUSED[name] in done.stderr + done.stdout


def test_pydantic_ais_own_client_is_refused_too(run, emulator):
    emulator.script(TOOL)
    program = PROGRAMS["pydantic-ai"].replace(
        "HerokuProvider(openai_client=async_openai_client())",
        f"HerokuProvider(api_key={emulator.api_key!r}, base_url={emulator.url!r})",
    )
    described = program.replace("return 18", '"""How warm it is."""\n    return 18')
    assert "description is required" in run(program).stderr
    assert "content is required" in run(described).stderr
