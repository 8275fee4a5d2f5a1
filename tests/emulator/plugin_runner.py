"""Runs the tests of a small app with the plugin."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

ALONE = ("-p", "heroku_emulator.pytest_plugin", "-p", "no:cacheprovider")
APP = """
    import os
    import httpx

    def ask(text="Hello", kind="INFERENCE", **fields):
        return httpx.post(
            os.environ[f"{kind}_URL"] + "/v1/chat/completions",
            headers={"authorization": "Bearer " + os.environ[f"{kind}_KEY"]},
            json={
                "model": os.environ[f"{kind}_MODEL_ID"],
                "messages": [{"role": "user", "content": text}],
                **fields,
            },
        )

    def answer(text="Hello"):
        reply = ask(text)
        while reply.status_code == 429:
            reply = ask(text)
        return reply.json()["choices"][0]["message"]["content"]
"""
TOOLS = """
    import os
    import pytest
    from app import answer, ask
    from heroku_emulator import Cut, Fault, Say
"""


class Runner:
    """Runs tests of an app that calls Heroku; with `elsewhere`, in another process."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        # Other installed plugins must not matter.
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        pytester.makepyfile(app=APP)
        self._pytester = pytester

    def __call__(
        self,
        tests: str,
        *arguments: str,
        elsewhere: bool = False,
        plugin: tuple[str, ...] = ALONE,
    ) -> pytest.RunResult:
        pytester = self._pytester
        pytester.makepyfile(test_app=dedent(TOOLS) + dedent(tests))
        start = pytester.runpytest_subprocess if elsewhere else pytester.runpytest_inprocess
        return start(*plugin, "--strict-markers", *arguments)
