"""What a folder of parts holds, read as anybody would read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

__all__ = ["refused_in", "vectors_in"]


def vectors_in(folder: Path) -> dict[str, list[float]]:
    """The vector of each id, which must be there once."""
    table = pq.read_table(folder)
    ids = table["id"].to_pylist()
    assert len(ids) == len(set(ids))
    return dict(zip(ids, table["vector"].to_pylist(), strict=True))


def refused_in(folder: Path) -> list[dict[str, Any]]:
    """The texts without a vector."""
    lines = (folder / "_refused.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]
