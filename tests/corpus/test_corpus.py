"""Whole corpora: how near a job comes to the limit, what memory it takes, and kills at ten points.

Minutes each, so that `make corpus` runs them. Another program on the same processors slows them.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.corpus.limited_server import REFUSED_WORD, ROOT, LimitedServer

pytestmark = pytest.mark.corpus

JOB = """
import json, resource, sys
from heroku_inference import EmbedJob
folder, count, options = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
refused = "REFUSED_WORD"
texts = (
    (number, f"text {number} of a corpus" + refused * (number % 5000 == 2500))
    for number in range(count)
)
report = EmbedJob(folder, **options).run(texts).as_dict()
report["mebibytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(report))
""".replace("REFUSED_WORD", REFUSED_WORD)


def run(server, folder, count, **options):
    """The report of a job in a process of its own, and the memory that it took."""
    named = dict(zip(("api_key", "base_url", "model"), server.config_vars.values(), strict=True))
    command = [sys.executable, "-c", JOB, str(folder), str(count), json.dumps(named | options)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("options", "most"),
    [
        pytest.param({"limit": "1170/min"}, 1.1, id="a limit that is set"),
        pytest.param({}, 1.25, id="a limit that is learned"),
    ],
)
def test_a_job_comes_near_the_limit_and_pays_for_nothing_twice(tmp_path, options, most):
    with LimitedServer(a_second=20, latency=0.05, faults=0.01) as server:
        report = run(server, tmp_path, 100_000, **options)
        counts = server.counts()
    assert (report["embedded"], report["refused"]) == (99_980, 20)
    assert (counts["paid"], counts["twice"]) == (99_980, [])
    needed = counts["requests"] - counts.get("limited", 0) - counts["faults"]
    assert report["seconds"] <= most * needed / 20


def test_a_million_texts_take_less_than_300_mebibytes(tmp_path):
    with LimitedServer() as server:
        first = run(server, tmp_path, 1_000_000)
        again = run(server, tmp_path, 1_000_000)
    assert first["embedded"] + first["refused"] == 1_000_000
    assert again["requests"] == 0
    assert max(first["mebibytes"], again["mebibytes"]) < 300
