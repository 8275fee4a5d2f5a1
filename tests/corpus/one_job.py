"""A job in a process of its own, which tests kill: says `running` with its first answer."""

from __future__ import annotations

import json
import signal
import sys

from heroku_inference import EmbedJob, EmbedProgress


def _tell(progress: EmbedProgress) -> None:
    if progress.embedded or progress.reused:
        sys.stdout.write("running\n")
        sys.stdout.flush()


def main() -> None:
    """Runs the job that the command line describes: a folder, a number of texts, and options."""
    folder, count, options = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    job = EmbedJob(folder, on_progress=_tell, **options)
    # Every tenth text is equal to another one, far away.
    texts = ((number, f"text {number % (count * 9 // 10)}") for number in range(count))
    sys.stdout.write(f"{job.run(texts).to_json()}\n")


if __name__ == "__main__":
    # Where the tests themselves run in the background of a shell, Ctrl-C is ignored until said so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt as stopped:
        sys.stdout.write(f"stopped: {stopped}\n")
        sys.exit(130)
