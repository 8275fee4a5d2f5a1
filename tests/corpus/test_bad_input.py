"""What a job refuses, with words that say what to do; nothing that was paid for is lost."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from heroku_inference import ConfigError, EmbedJob, InvalidRequestError
from tests.corpus.folders import vectors_in
from tests.corpus.limited_server import ROOT, LimitedServer, vector_of

MODEL = "cohere-embed-multilingual"
GOOD = [(str(number), f"text {number}") for number in range(400)]


@pytest.mark.parametrize(
    ("item", "words"),
    [
        pytest.param({"text": "x"}, r"Text 400 has no 'id': its keys are \['text'\]", id="no id"),
        pytest.param({"id": 1, "body": "x"}, "Text 400 has no 'text'", id="no text"),
        pytest.param(("a", 12), r"Text 400 \(id 'a'\) is a int, not a string", id="number"),
        pytest.param((None, "x"), "Text 400 has the id None", id="id is None"),
        pytest.param(("", "x"), "Text 400 has the id ''", id="empty id"),
        pytest.param("ab", "Text 400 is a str, not a pair", id="bare string"),
        pytest.param(("7", "x"), "Text 400 has the id '7', which another", id="same id"),
    ],
)
def test_a_bad_text_is_named_and_what_came_before_is_kept(shop, tmp_path, item, words):
    job = EmbedJob(tmp_path, limit="100/s")
    with pytest.raises(ConfigError, match=words):
        job.run([*GOOD, item])
    job.run(GOOD)
    assert vectors_in(tmp_path) == {id_: vector_of(text) for id_, text in GOOD}
    assert shop.counts()["twice"] == []


def test_the_same_id_with_the_same_text_is_one_row(shop, tmp_path):
    report = EmbedJob(tmp_path).run([("a", "one"), (1, "two"), ("a", "one"), ("1", "two")])
    assert (report.embedded, report.equal) == (2, 2)
    assert vectors_in(tmp_path) == {"a": vector_of("one"), "1": vector_of("two")}


def test_an_id_that_changed_in_an_earlier_run_may_not_have_two_texts_in_the_next(shop, tmp_path):
    EmbedJob(tmp_path).run([("a", "one")])
    with pytest.raises(ConfigError, match="which another text had"):
        EmbedJob(tmp_path).run([("a", "one"), ("a", "two")])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param({}, "either an output folder or a store", id="nowhere"),
        pytest.param({"store": print}, "needs the path of its ledger", id="no ledger"),
        pytest.param({"output": "x", "limit": "fast"}, "limit='fast'", id="limit"),
        pytest.param(
            {"output": "x", "limit": "1/s", "rate_limiter": object()}, "both set", id="two limits"
        ),
        pytest.param({"output": "x", "limit": "0/s"}, "limit='0/s'", id="limit of none"),
        pytest.param({"output": "x", "long_text": "error"}, "long_text='error'", id="long text"),
        pytest.param({"output": "x", "embedding_type": "int4"}, "int4", id="embedding type"),
        pytest.param({"output": "x", "part_rows": 0}, "part_rows", id="part rows"),
        pytest.param({"output": "x", "batch_size": 97}, "batch_size", id="batch size"),
        pytest.param({"output": "x", "aliases": []}, "aliases", id="aliases"),
        pytest.param({"output": "x", "retry_refuse": 1}, "'retry_refused'", id="misspelt"),
        pytest.param({"output": "x", "max_retries": -1}, "max_retries", id="of the client"),
        pytest.param({"output": "x", "on_progress": 1}, "on_progress", id="progress"),
    ],
)
def test_a_wrong_argument_is_said_when_the_job_is_made(config_vars, arguments, words):
    with pytest.raises(ConfigError, match=words):
        EmbedJob(**arguments)


def test_add_ons_of_different_models_make_no_job(shop, tmp_path, monkeypatch):
    for alias, model in (("EMBEDDING", "cohere-embed-multilingual"), ("EMBEDDING_TEAL", "other")):
        for name, value in (shop.config_vars | {"INFERENCE_MODEL_ID": model}).items():
            monkeypatch.setenv(name.replace("INFERENCE", alias), value)
    aliases = ["EMBEDDING", "EMBEDDING_TEAL"]
    with pytest.raises(ConfigError, match="cohere-embed-multilingual, other"):
        EmbedJob(tmp_path, aliases=aliases)
    EmbedJob(tmp_path, aliases=aliases, model="other")


@pytest.mark.parametrize(
    "other",
    [{"model": "another"}, {"input_type": "search_query"}, {"embedding_type": "int8"}],
    ids=lambda other: next(iter(other)),
)
def test_the_folder_of_another_model_is_refused_and_left_alone(shop, tmp_path, other):
    EmbedJob(tmp_path).run(GOOD[:3])
    with pytest.raises(ConfigError, match=next(iter(other))):
        EmbedJob(tmp_path, **other).run(GOOD[:3])
    (tmp_path / "_ledger.sqlite").unlink()
    with pytest.raises(ConfigError, match="was not written with this ledger"):
        EmbedJob(tmp_path, **other).run(GOOD[:3])
    assert vectors_in(tmp_path) == {id_: vector_of(text) for id_, text in GOOD[:3]}
    assert shop.counts()["requests"] == 1


def test_the_ledger_of_a_store_is_not_that_of_a_folder(shop, tmp_path):
    ledger = tmp_path / "ledger"
    EmbedJob(store=lambda batch: None, ledger=ledger).run(GOOD[:3])
    with pytest.raises(ConfigError, match="is a store"):
        EmbedJob(tmp_path / "out", ledger=ledger).run(GOOD[:3])


def test_a_part_that_was_deleted_is_missed(shop, tmp_path):
    EmbedJob(tmp_path).run(GOOD[:3])
    (tmp_path / "part-00000.parquet").unlink()
    with pytest.raises(ConfigError, match=r"part-00000\.parquet is missing"):
        EmbedJob(tmp_path).run(GOOD[:3])


def test_a_file_that_is_not_a_ledger_is_left_alone(shop, tmp_path):
    (tmp_path / "notes").write_text("my notes, which are longer than the head of a database" * 99)
    with pytest.raises(ConfigError, match="cannot be opened: file is not a database"):
        EmbedJob(tmp_path / "out", ledger=tmp_path / "notes").run(GOOD)
    assert (tmp_path / "notes").read_text().startswith("my notes")


def test_two_runs_do_not_use_one_ledger_at_a_time(shop, tmp_path):
    job = EmbedJob(tmp_path)

    def texts():
        yield from GOOD
        with pytest.raises(ConfigError, match="Another run uses this ledger"):
            EmbedJob(tmp_path).run(GOOD)

    assert job.run(texts()).embedded == 400
    assert job.run(GOOD).requests == 0


def test_a_request_that_fails_for_good_ends_the_run_and_says_how_to_go_on(shop, tmp_path):
    job = EmbedJob(tmp_path, limit="100/s")
    job.run(GOOD[:96])
    with LimitedServer(faults=1.0) as down:
        failing = EmbedJob(tmp_path, base_url=down.url, api_key="k", max_retries=0, model=MODEL)
        with pytest.raises(Exception, match=r"500|connection"):
            failing.run(GOOD)
    assert job.run(GOOD).reused == 96
    assert shop.counts()["twice"] == []


def test_a_refusal_of_every_request_is_an_error_and_marks_no_text(emulator, tmp_path):
    where = {"api_key": emulator.config_vars["INFERENCE_KEY"], "base_url": emulator.url}
    with pytest.raises(InvalidRequestError):
        EmbedJob(tmp_path, model="claude-4-sonnet", **where).run(GOOD[:3])
    assert not (tmp_path / "_refused.jsonl").exists()


FULL = """
import resource, sys
from heroku_inference import EmbedJob
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
job = EmbedJob(sys.argv[1], batch_size=16, part_rows=2000)
job.run((number, f"text {number}") for number in range(int(sys.argv[3])))
"""


def run_with_little_room(folder, most, count=4000):
    command = [sys.executable, "-c", FULL, str(folder), str(most), str(count)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def test_a_disk_that_gets_full_is_said_and_loses_nothing(shop, tmp_path):
    full = run_with_little_room(tmp_path, 300_000)
    assert full.returncode == 1
    assert "_ledger.sqlite cannot be used" in full.stderr
    assert "Is the disk full" in full.stderr
    assert "run the same job again" in full.stderr
    assert 0 < shop.counts()["paid"] < 4000
    assert run_with_little_room(tmp_path, -1).returncode == 0
    assert vectors_in(tmp_path) == {str(n): vector_of(f"text {n}") for n in range(4000)}
    assert len(shop.counts()["twice"]) <= 8 * 16  # what was under way


def test_a_part_that_does_not_fit_is_not_there_and_its_vectors_are(shop, tmp_path):
    def texts():
        yield from ((number, f"text {number}") for number in range(1920))
        while shop.counts()["paid"] < 1904:  # the last batch is not whole yet
            time.sleep(0.01)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        EmbedJob(tmp_path, batch_size=16, max_concurrency=1).run(texts())
    full = run_with_little_room(tmp_path, 60_000, 1904)
    assert full.returncode == 1
    assert "part-00000.parquet" in full.stderr
    assert not list(tmp_path.glob("*.parquet*"))
    assert run_with_little_room(tmp_path, -1).returncode == 0
    assert vectors_in(tmp_path) == {str(n): vector_of(f"text {n}") for n in range(4000)}
    assert shop.counts()["twice"] == []
