"""A job of Ray Data in a process of its own, which tests kill: two workers, Parquet to Parquet.

The command line names a folder and options as JSON. The folder has `texts` and gets `vectors`, the
ledger, and a file for each worker, named by its process: when each call began and ended.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import ray

from heroku_inference.ray import HerokuEmbedder


class Worker(HerokuEmbedder):
    """Says which process it is, and when it works."""

    def __init__(self, *, folder: str, **options: Any) -> None:
        super().__init__(**options)
        self._log = Path(folder) / f"{os.getpid()}.worker"
        self._log.touch()

    def __call__(self, table: Any) -> Any:
        """Embeds, as ever."""
        began = time.time()
        try:
            return super().__call__(table)
        finally:
            with self._log.open("a") as log:
                log.write(f"{began} {time.time()}\n")


def main() -> None:
    """Runs the job."""
    folder, options = Path(sys.argv[1]), json.loads(sys.argv[2])
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=200_000_000,
        logging_level="ERROR",
        runtime_env={"env_vars": options.pop("env_vars")},
    )
    texts = ray.data.read_parquet(str(folder / "texts"))
    # So few bytes would be one block, which is the work of one worker.
    rows = texts.repartition(target_num_rows_per_block=1920).map_batches(
        Worker,
        fn_constructor_kwargs={
            "folder": str(folder),
            "ledger": str(folder / "ledger.sqlite"),
            **options,
        },
        batch_format="pyarrow",
        batch_size=960,
        num_cpus=0.25,  # they wait most of the time, and two whole ones would leave none to read
        compute=ray.data.ActorPoolStrategy(size=2),
    )
    rows.write_parquet(str(folder / "vectors"), mode=ray.data.SaveMode.OVERWRITE)


if __name__ == "__main__":
    main()
