"""The figures of a run in a file: what was measured, on what, and every round."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from bench.environments import versions
from bench.outcome import Outcome
from bench.rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["load", "save"]

_ENVIRONMENTS: Final = {
    "this": (
        "langchain_heroku",
        (
            "heroku-inference",
            "httpx2",
            "aiohttp",
            "pydantic",
            "langchain-core",
            "langchain-openai",
            "llama-index-core",
            "openai",
        ),
    ),
    "peers": (
        "llama_index_peer",
        (
            "llama-index-core",
            "llama-index-llms-heroku",
            "llama-index-embeddings-heroku",
            "llama-index-postprocessor-cohere-rerank",
            "langchain-core",
            "langchain-cohere",
            "openai",
        ),
    ),
}


def save(outcomes: Sequence[Outcome], file: Path) -> None:
    """Writes the figures, a row in each line."""
    setting = {
        "date": time.strftime("%Y-%m-%d"),
        "command": " ".join(["python -m bench", *sys.argv[1:]]),
        "machine": f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}",
        "python": platform.python_version(),
        "versions": {name: versions(*what) for name, what in _ENVIRONMENTS.items()},
    }
    rows = ",\n".join(json.dumps(_as_json(outcome)) for outcome in outcomes)
    file.write_text(f'{{"setting": {json.dumps(setting)},\n"rows": [\n{rows}\n]}}\n', "utf-8")


def load(file: Path) -> tuple[dict[str, Any], list[Outcome]]:
    """Returns the setting and the outcomes, of rows that there still are."""
    figures = json.loads(file.read_text("utf-8"))
    rows = {row.name: row for row in ROWS}
    outcomes = [
        Outcome(rows[name], each["rounds"], each["paid_twice"], each["skipped"])
        for each in figures["rows"]
        if (name := each["row"]) in rows
    ]
    return figures["setting"], outcomes


def _as_json(outcome: Outcome) -> dict[str, Any]:
    rounds = {
        name: [float(f"{value:.5g}") for value in values] for name, values in outcome.rounds.items()
    }
    return {
        "row": outcome.row.name,
        "unit": outcome.row.unit,
        "rounds": rounds,
        "paid_twice": outcome.paid_twice,
        "skipped": outcome.skipped,
    }
