"""Tries every feature with every contender, and prints the table.

`python -m bench.peers` prints it, and `--write` puts it into `docs/comparison.md`. Names of
contenders limit it to these. Contenders without their environment are left out, with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.peers.features import FEATURES, MissingError
from heroku_emulator import Emulator

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "comparison.md"
BEGIN, END = "<!-- table: python -m bench.peers --write -->\n", "<!-- end of table -->\n"
COLUMNS: Final = {
    "chat_heroku": ("`ChatHeroku`", ".venv"),
    "llama_heroku": ("`Heroku`", ".venv"),
    "openai_sdk": ("`openai` SDK", ".venv"),
    "chat_openai": ("`ChatOpenAI`", ".venv"),
    "openai_like": ("`OpenAILike`", ".venv-foreign"),
    "llms_heroku": ("`llama-index-llms-heroku`", ".venv-peers"),
    "litellm_heroku": ("`litellm`", ".venv-foreign"),
    "pydantic_ai_heroku": ("`pydantic-ai`", ".venv-foreign"),
}


def python_of(name: str) -> Path:
    """Returns the interpreter of a contender's environment."""
    return ROOT / COLUMNS[name][1] / "bin" / "python"


def missing_environment(name: str) -> str | None:
    """Returns the name of a contender's environment if it is missing."""
    return None if python_of(name).exists() else COLUMNS[name][1]


class Contender:
    """The process of a contender."""

    def __init__(self, name: str, emulator: Emulator) -> None:
        basics = {key: os.environ[key] for key in ("HOME", "PATH") if key in os.environ}  # noqa: TID251
        environment = {**basics, **emulator.config_vars, "OPENAI_ORG_ID": "org-of-another-company"}
        environment["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it would fetch prices
        self._process = subprocess.Popen(
            [str(python_of(name)), "-m", "bench.peers.worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env=environment,
        )
        self.versions: dict[str, str] = self._read()["versions"]

    def ask(self, task: str, *arguments: Any) -> dict[str, Any]:
        """Runs a task; returns its `value` or `error`."""
        assert self._process.stdin is not None
        print(json.dumps([task, arguments]), file=self._process.stdin, flush=True)
        outcome = self._read()
        if outcome.get("missing"):
            raise MissingError(task)
        return outcome

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The contender's process has ended.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Ends the process."""
        self._process.terminate()
        self._process.wait()


def column(name: str, emulator: Emulator) -> tuple[dict[str, str], dict[str, str]]:
    """Returns a contender's cells by feature, and the versions of its packages."""
    with closing(Contender(name, emulator)) as contender:
        cells = {}
        for feature in FEATURES:
            emulator.reset()
            # Let unknown fields pass, in favour of all: Heroku's pages say both.
            emulator.switch(allow_ignored_params=True)
            try:
                cells[feature.__name__] = feature(emulator, contender.ask)
            except MissingError:
                cells[feature.__name__] = "-"
            print(f"{name:16} {feature.__name__:20} {cells[feature.__name__]}", file=sys.stderr)
        return cells, contender.versions


def table(names: list[str]) -> str:
    """Returns the table as Markdown, with date and versions."""
    columns, versions = {}, {}
    with Emulator(engine="deterministic") as emulator:
        for name in names:
            if (missing := missing_environment(name)) is not None:
                print(f"{name} is left out: {missing} is missing", file=sys.stderr)
                continue
            columns[name], versions[name] = column(name, emulator)
    rows = [
        ["", *(COLUMNS[name][0] for name in columns)],
        ["---"] * (len(columns) + 1),
        *(
            [_title(feature), *(columns[name][feature.__name__] for name in columns)]
            for feature in FEATURES
        ),
    ]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    version_lines = [
        f"- {COLUMNS[name][0]}: "
        + ", ".join(f"{package} {version}" for package, version in found.items())
        for name, found in versions.items()
    ]
    day = datetime.now(tz=UTC).date()
    return "\n".join([*lines, "", f"Run on {day} with", "", *version_lines, ""])


def _title(feature: Any) -> str:
    return str(feature.__doc__).rstrip(".")


def main() -> None:
    """Prints the table, or writes it into the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *COLUMNS], default=[])
    parser.add_argument("--write", action="store_true", help="write it into docs/comparison.md")
    arguments = parser.parse_args()
    text = table(arguments.names or list(COLUMNS))
    if not arguments.write:
        print(text)
        return
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
