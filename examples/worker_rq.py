"""Answers questions in a worker, so that no web request waits for a model.

    python examples/worker_rq.py work                          # in one terminal, or in a Procfile
    python examples/worker_rq.py ask "What is a dyno?"         # in another, or in your web app

Jobs and their results are in Redis, at REDIS_URL; the queue is RQ. A deploy or a restart of the
dyno loses no job: the worker leaves within 30 seconds, and what was not answered is put back.

Config vars come from the environment or from `.env`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from dotenv import load_dotenv
from redis import Redis
from rq import Queue, Retry, get_current_job
from rq.job import JobStatus
from rq.serializers import JSONSerializer
from rq.worker import HerokuWorker

from heroku_inference import Client, HerokuError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rq.job import Job

GRACE = 20
"""Seconds that a job may go on after SIGTERM; Heroku kills what is left after 30."""
ENDED = {JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED}


def answer(question: str) -> dict[str, Any]:
    """Answers a question: the job. What it returns is kept in Redis as JSON.

    The client repeats what is worth repeating, and waits for the rate limit. So the queue must not
    repeat the job for an error of Heroku: that would multiply the requests. It does so only for a
    worker that was stopped.
    """
    try:
        result = Client().chat([{"role": "user", "content": question}])
    except HerokuError:
        if job := get_current_job():
            job.retries_left = 0
        raise
    return {"text": result.text, "model": result.model}


def enqueue(question: str) -> Job:
    """Puts a question into the queue, which takes milliseconds; this is for your web app."""
    return queue().enqueue(
        "worker_rq.answer",
        question,
        job_timeout=600,  # above the 300 seconds that a call may wait for the rate limit
        result_ttl=24 * 3600,
        retry=Retry(max=5),  # for workers that are stopped
    )


def queue() -> Queue:
    """The queue. Results and arguments are JSON: pickles would run code of whoever writes them."""
    url = os.environ.get("REDIS_URL", "redis://localhost:6379")  # noqa: TID251 - of this app
    # Heroku's Redis shows a certificate of its own making.
    options: dict[str, Any] = {"ssl_cert_reqs": None} if url.startswith("rediss:") else {}
    return Queue("answers", connection=Redis.from_url(url, **options), serializer=JSONSerializer)


def work(grace: int) -> None:
    """Works until SIGTERM, which Heroku sends to all processes of a dyno."""
    jobs = queue()
    worker = HerokuWorker([jobs], connection=jobs.connection, serializer=JSONSerializer)
    worker.imminent_shutdown_delay = grace
    worker.work()


def wait(job: Job) -> int:
    """Waits for a job and prints its answer; a web app would look at it with each poll."""
    while (status := job.get_status(refresh=True)) not in ENDED:
        time.sleep(0.2)
    result = job.latest_result()
    if status == JobStatus.FINISHED and result and result.return_value:
        print(result.return_value["text"])
        return 0
    traceback = (result and result.exc_string) or "there is no result"
    print(f"Error: {traceback.strip().splitlines()[-1]}", file=sys.stderr)
    return 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the example; returns the exit code."""
    load_dotenv(".env")
    usage, _, details = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=usage, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    worker = commands.add_parser("work", help="take jobs until SIGTERM")
    worker.add_argument("--grace", type=int, default=GRACE, help=f"default: {GRACE} seconds")
    asker = commands.add_parser("ask", help="put a job into the queue, and wait for its result")
    asker.add_argument("question", metavar="QUESTION")
    options = parser.parse_args(arguments)
    if options.command == "ask":
        return wait(enqueue(options.question))
    work(options.grace)
    return 0


if __name__ == "__main__":
    sys.exit(main())
