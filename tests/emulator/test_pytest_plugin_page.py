"""The tests on the pages about testing your own app pass."""

from __future__ import annotations

import re
from pathlib import Path

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGE = HOW_TO / "testing-your-app.md"
FURTHER = HOW_TO / "testing-further.md"

pytest_plugins = ("pytester",)


def test_every_test_on_the_pages_passes(pytester, monkeypatch):
    text = PAGE.read_text(encoding="utf-8") + FURTHER.read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    tests = [re.findall(r"def test_\w+", block) for block in blocks]
    assert all(tests), "a block of the page has no test"
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(**{f"test_block_{number}": text for number, text in enumerate(blocks)})
    result = pytester.runpytest_subprocess("-p", "heroku_emulator.pytest_plugin", "-W", "error")
    # Two of them have four cases each, one has two.
    result.assert_outcomes(passed=sum(map(len, tests)) + 3 + 3 + 1)


def test_the_report_on_the_page_is_the_one_that_pytest_prints(pytester, monkeypatch):
    page = PAGE.read_text(encoding="utf-8")
    first = re.search(r"```python\n(.*?)```", page, flags=re.DOTALL)[1]
    shown = re.search(r"```text\n(.*?)```", page, flags=re.DOTALL)[1].rstrip().split("\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    scripted = 'Fault(429, headers={"retry-after": "0"}), Say("Rome")'
    test = first.replace('Say("Paris")', scripted).replace("import Say", "import Fault, Say")
    pytester.makepyfile(test)
    result = pytester.runpytest_subprocess("-p", "heroku_emulator.pytest_plugin")
    result.assert_outcomes(failed=1)
    printed = [line.rstrip() for line in result.outlines]
    places = [printed.index(line) for line in shown]
    assert places == sorted(places)
