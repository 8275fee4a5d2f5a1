"""Our class for Ray Data, with a Ray of its own on this machine."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import ray

from bench import work
from heroku_inference.ray import HerokuEmbedder


def job_ray(url: str) -> Any:
    if hasattr(os, "sched_setaffinity"):  # its processes would all share the core of the client
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    config_vars = {"INFERENCE_KEY": work.KEY, "INFERENCE_URL": url}
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # noqa: TID251 - read by Ray
    ray.init(num_cpus=2, include_dashboard=False, runtime_env={"env_vars": config_vars})

    def run(amount: int) -> None:
        with tempfile.TemporaryDirectory(prefix="bench-ray-") as folder:
            ids, texts = zip(*work.corpus(amount), strict=True)
            pq.write_table(pa.table({"id": ids, "text": texts}), Path(folder) / "texts.parquet")
            _embed(Path(folder))
            reasons = pq.read_table(Path(folder) / "vectors", columns=["reason"])["reason"]
            assert len(reasons) == amount
            assert len(reasons) - reasons.null_count == work.refused_in(amount)

    return run


def _embed(folder: Path) -> None:
    rows = (
        ray.data.read_parquet(str(folder / "texts.parquet"))
        .repartition(target_num_rows_per_block=1920)
        .map_batches(
            HerokuEmbedder,
            fn_constructor_kwargs={
                "ledger": str(folder / "ledger.sqlite"),
                "limit": f"{work.LIMIT}/s",
                "model": work.EMBEDDING_MODEL,
            },
            batch_format="pyarrow",
            batch_size=1920,
            num_cpus=0.25,
            compute=ray.data.ActorPoolStrategy(size=2),
        )
    )
    rows.write_parquet(str(folder / "vectors"))
