"""A job of Ray Data in a process of its own, which tests kill: two workers, Parquet to Parquet.

The command line names a folder and options as JSON. The folder has `texts` and gets `vectors`, the
ledger, and a file for each worker, named by its process: when each call began and ended. With
`to_the_pace`, the actor that keeps the limit gets these signals, one after the other, and `paces`
says which processes it had.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError

from heroku_inference.ray import HerokuEmbedder

WORKERS = 2


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


def signal_the_pace(folder: Path, signals: list[int]) -> None:
    """Sends each to the actor that there is then, while both workers work."""
    while sum(log.stat().st_size > 0 for log in folder.glob("*.worker")) < WORKERS:
        time.sleep(0.1)
    for number in signals:
        time.sleep(1)
        process = None
        while process is None:
            with suppress(ValueError, RayError):  # there is none, or none any more
                pace = ray.get_actor("heroku-rate-limits", namespace="heroku-inference")
                process = ray.get(pace.__ray_call__.remote(lambda _: os.getpid()), timeout=10)
        os.kill(process, number)
        with (folder / "paces").open("a") as log:
            log.write(f"{process}\n")


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
    signals = options.pop("to_the_pace", [])
    threading.Thread(target=signal_the_pace, args=(folder, signals), daemon=True).start()
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
        compute=ray.data.ActorPoolStrategy(size=WORKERS),
    )
    rows.write_parquet(str(folder / "vectors"), mode=ray.data.SaveMode.OVERWRITE)


if __name__ == "__main__":
    main()
