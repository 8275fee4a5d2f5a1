"""Embeds a file of JSON lines into a folder: the job that the notebook kills.

Prints how many texts have their vectors, in a line whenever that changes.
"""

from __future__ import annotations

import json
import sys

from heroku_inference import EmbedJob


def main(corpus: str, vectors: str) -> None:
    """Run the job, in small requests so that there are many."""
    job = EmbedJob(
        vectors,
        batch_size=8,
        max_concurrency=2,
        on_progress=lambda progress: print(progress.embedded, flush=True),
    )
    with open(corpus, encoding="utf-8") as lines:  # noqa: PTH123 - a name from the command line
        job.run(map(json.loads, lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
