"""Every Python block of the README runs, against the emulator."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_block_runs(number, emulator, config_vars, capsys):
    block = BLOCKS[number]
    exec(compile(block, f"README block {number + 1}", "exec"), {"__name__": "readme"})  # noqa: S102
    if "print(" in block:
        assert capsys.readouterr().out.strip()


def test_the_agent_of_the_readme_uses_its_tool(emulator, config_vars, capsys):
    (agent,) = [block for block in BLOCKS if "create_agent" in block]
    exec(agent, {"__name__": "readme"})  # noqa: S102
    assert "42" in capsys.readouterr().out
    assert [message["role"] for message in emulator.journal[-1].body["messages"]] == [
        "user",
        "assistant",
        "tool",
    ]
