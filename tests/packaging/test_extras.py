"""Each extra, alone in a fresh environment with the built wheel, does what it promises.

The environments are made with the versions of `requirements/dev.txt`, two at a time, and removed
when they have been tried. A name to search for, such as `langchain-heroku`, stands for the extra of
its framework. Each extra is also tried together with `emulator`, with the versions that pip chooses
today, as somebody who tests a program gets them.
"""

from __future__ import annotations

import shutil
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from heroku_emulator import Emulator, McpServer, McpTool
from tests.packaging.environments import ROOT, install, make, pins, run

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]
# `demo` and `all` bring the emulator.
PAIRS = [f"{extra}+emulator" for extra in EXTRAS if extra not in {"emulator", "demo", "all"}]
NAMES = {"langchain-heroku": "langchain", "llama-index-heroku": "llama-index"}
AT_ONCE = 2


@pytest.fixture(scope="module")
def emulator_with_a_tool():
    tool = McpTool(name="add", run=lambda a, b: a + b)
    with Emulator(
        engine="deterministic", mcp_servers=[McpServer(namespace="probe", tools=[tool])]
    ) as running:
        yield running


@pytest.fixture(scope="module")
def tried(request, wheel, machine, emulator_with_a_tool, tmp_path_factory):
    """What will come of each extra that is asked for, in the order of the tests."""
    folder = tmp_path_factory.mktemp("environments")
    constraints = folder / "constraints.txt"
    constraints.write_text(pins(), "utf-8")

    def try_out(extra):
        environment = folder / extra
        if extra in NAMES:
            (name,) = wheel.parent.glob(f"{extra.replace('-', '_')}-*.whl")
            wanted = (name, wheel)
        elif extra == "none":
            wanted = (wheel,)
        else:
            wanted = (f"{wheel}[{extra.replace('+', ',')}]",)
        pinned = () if extra in PAIRS else ("--constraint", constraints)
        try:
            python = make(environment, machine)
            install(python, machine, *wanted, *pinned)
            home = folder / f"{extra}-home"
            home.mkdir()
            variables = {**emulator_with_a_tool.config_vars, "HOME": str(home)}
            variables["PATH"] = machine["PATH"]
            probe = Path(__file__).with_name("probe.py")
            return run(python, "-I", probe, NAMES.get(extra, extra), env=variables, cwd=home)
        finally:
            shutil.rmtree(environment, ignore_errors=True)

    chosen = [
        item.callspec.params["extra"]
        for item in request.session.items
        if "extra" in getattr(getattr(item, "callspec", None), "params", {})
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {extra: pool.submit(try_out, extra) for extra in chosen}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("extra", ["none", *EXTRAS, *PAIRS, *NAMES])
def test_the_extra_alone_does_what_it_promises(extra, tried):
    assert "heroku_inference: " in tried[extra].result()
