"""A job over a corpus: what is sent, what stands in the parts, and what a second run does."""

from __future__ import annotations

import time
from collections import Counter

import pyarrow.parquet as pq
import pytest

from heroku_inference import EmbedJob, EmbedProgress, ServerError
from heroku_inference._corpus import pace
from heroku_inference._http import rate_gate
from tests.corpus.folders import refused_in, vectors_in
from tests.corpus.limited_server import (
    FAILING_WORD,
    REFUSED_WORD,
    WIDTH,
    LimitedServer,
    vector_of,
)


def corpus(count):
    return {str(number): f"text {number}" for number in range(count)}


def right(texts):
    return {id_: vector_of(text) for id_, text in texts.items()}


def test_each_id_has_the_vector_of_its_text_and_a_second_run_asks_nothing(shop, tmp_path):
    texts = corpus(1000) | {"b": "text 7", "c": "text 990", "d": "text 7"}
    bad = {"x": f"{REFUSED_WORD} 1", "long": "ä" * 1025, "y": f"{REFUSED_WORD} 1"}
    heard = []
    job = EmbedJob(tmp_path, part_rows=300, on_progress=heard.append)
    report = job.run([*list(texts.items())[:500], *bad.items(), *list(texts.items())[500:]])
    assert vectors_in(tmp_path) == right(texts)
    assert refused_in(tmp_path) == [
        {"id": "x", "position": 500, "reason": "Heroku answered 400: no."},
        {
            "id": "long",
            "position": 501,
            "reason": "It has 2050 bytes of UTF-8; the API takes at most 2048.",
        },
        {"id": "y", "position": 502, "reason": "Heroku answered 400: no."},
    ]
    assert (report.texts, report.embedded, report.equal, report.refused) == (1006, 1000, 3, 3)
    assert report.parts == len(list(tmp_path.glob("*.parquet"))) == 4
    counts = shop.counts()
    assert (counts["paid"], counts["twice"], counts["requests"]) == (1000, [], report.requests)
    assert report.tokens == 1001  # with the harmless text
    assert heard[-1] == EmbedProgress(
        **{name: getattr(report, name) for name in ("texts", "embedded", "equal", "refused")},
        tokens=report.tokens,
        requests=report.requests,
        seconds=heard[-1].seconds,
        total=1006,
    )
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.parquet")}
    again = EmbedJob(tmp_path).run([*texts.items(), *bad.items()])
    assert (again.requests, again.embedded, again.parts) == (0, 0, 0)
    assert (again.reused, again.refused) == (1003, 3)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.parquet")} == before
    assert shop.counts() == counts


def test_parts_have_the_documented_columns(shop, tmp_path):
    EmbedJob(tmp_path / "floats", input_type="search_query").run([{"id": 7, "text": "one"}])
    table = pq.read_table(tmp_path / "floats")
    assert [f"{field.name}: {field.type}" for field in table.schema] == [
        "id: string",
        f"vector: fixed_size_list<element: float>[{WIDTH}]",
        "model: string",
        "input_type: string",
    ]
    assert table["id"].to_pylist() == ["7"]
    assert table["model"].to_pylist() == ["cohere-embed-multilingual"]
    assert table["input_type"].to_pylist() == ["search_query"]
    EmbedJob(tmp_path / "bytes", embedding_type="int8").run([("7", "one")])
    table = pq.read_table(tmp_path / "bytes")
    assert str(table.schema.field("vector").type) == f"fixed_size_list<element: int8>[{WIDTH}]"
    assert table["vector"].to_pylist() == [[int(number * 256) - 128 for number in vector_of("one")]]


def test_only_what_was_added_or_changed_is_sent_and_no_text_ever_twice(shop, tmp_path):
    texts = corpus(700)
    job = EmbedJob(tmp_path, part_rows=200)
    job.run(texts.items())
    texts |= {"5": "changed", "300": "changed too", "new": "text 12", "newer": "newer"}
    report = job.run(texts.items())
    assert (report.embedded, report.requests) == (3, 1)
    assert vectors_in(tmp_path) == right(texts)
    texts |= {"5": "text 5", "300": "changed"}  # both were paid for
    report = job.run(texts.items())
    assert (report.embedded, report.requests) == (0, 0)
    assert vectors_in(tmp_path) == right(texts)
    texts |= {"5": REFUSED_WORD}
    assert job.run(texts.items()).refused == 1
    del texts["5"]
    assert vectors_in(tmp_path) == right(texts)
    assert [line["id"] for line in refused_in(tmp_path)] == ["5"]
    texts["5"] = "text 5"
    job.run(texts.items())
    assert vectors_in(tmp_path) == right(texts)
    assert not (tmp_path / "_refused.jsonl").exists()
    assert shop.counts()["twice"] == []


def test_refused_texts_are_sent_again_when_asked_for(shop, tmp_path):
    texts = [("a", "fine"), ("b", REFUSED_WORD)]
    EmbedJob(tmp_path).run(texts)
    report = EmbedJob(tmp_path, retry_refused=True).run(texts)
    assert (report.refused, report.reused) == (1, 1)
    assert report.requests == 2  # the text, and the harmless one
    assert [line["id"] for line in refused_in(tmp_path)] == ["b"]
    assert shop.counts()["twice"] == []


def test_long_texts_are_cut_or_split_and_only_they_are_sent_again(shop, tmp_path):
    long = "It was a dark night. " * 200
    texts = [("a", "short"), ("b", long)]
    assert EmbedJob(tmp_path).run(texts).refused == 1
    assert EmbedJob(tmp_path, long_text="truncate").run(texts).embedded == 1
    first = vectors_in(tmp_path)["b"]
    assert EmbedJob(tmp_path, long_text="split").run(texts).embedded == 1
    split = vectors_in(tmp_path)
    assert first != split["b"]
    assert sum(number**2 for number in split["b"]) == pytest.approx(1, abs=1e-6)
    assert split["a"] == vector_of("short")
    assert EmbedJob(tmp_path).run(texts).requests == 0
    assert list(vectors_in(tmp_path)) == ["a"]


def test_texts_that_were_split_fill_requests_by_their_pieces(shop, tmp_path):
    texts = [(number, f"{number} night. " * 500) for number in range(40)]  # 3 or 4 pieces
    report = EmbedJob(tmp_path, long_text="split").run(texts)
    counts = shop.counts()
    assert report.embedded == 40
    assert counts["sold"] == report.requests
    assert counts["paid"] / 96 < counts["sold"] < counts["paid"] / 96 + 2


def test_a_store_gets_every_id_and_is_asked_again_after_it_failed(shop, tmp_path):
    texts = corpus(500) | {"b": "text 7"}
    stored = {}
    calls = Counter()

    def store(batch):
        calls["all"] += 1
        if calls["all"] == 2:
            raise OSError("the database is away")
        assert (batch.model, batch.input_type) == ("cohere-embed-multilingual", "search_document")
        assert batch.vectors.dtype == "float32"
        stored.update(zip(batch.ids, batch.vectors.tolist(), strict=True))

    job = EmbedJob(store=store, ledger=tmp_path / "ledger", batch_size=10, limit="200/s")
    with pytest.raises(OSError, match="away") as caught:
        job.run(texts.items())
    assert "run the same job again" in caught.value.__notes__[0]
    job.run(texts.items())
    assert stored == right(texts)
    texts |= {"3": "changed", "again": "text 4"}
    assert job.run(texts.items()).embedded == 1
    assert stored == right(texts)
    before = calls["all"]
    assert job.run(texts.items()).requests == 0
    assert calls["all"] == before
    assert shop.counts()["twice"] == []


def test_several_add_ons_share_the_work(tmp_path, monkeypatch):
    with LimitedServer(latency=0.02) as first, LimitedServer(latency=0.02) as second:
        for alias, server in (("EMBEDDING", first), ("EMBEDDING_TEAL", second)):
            for name, value in server.config_vars.items():
                monkeypatch.setenv(name.replace("INFERENCE", alias), value)
        job = EmbedJob(
            tmp_path, aliases=["EMBEDDING", "EMBEDDING_TEAL"], batch_size=10, max_concurrency=2
        )
        report = job.run(corpus(600).items())
        sold = [server.counts()["sold"] for server in (first, second)]
    assert sum(sold) == report.requests == 60
    assert min(sold) >= 15
    assert vectors_in(tmp_path) == right(corpus(600))


def test_a_limit_spaces_requests_also_those_that_are_sent_again(tmp_path, monkeypatch):
    with LimitedServer(faults=0.2) as server:
        for name, value in server.config_vars.items():
            monkeypatch.setenv(name, value)
        began = time.monotonic()
        report = EmbedJob(tmp_path, limit="40/s", batch_size=10).run(corpus(400).items())
        assert time.monotonic() - began > (report.requests - 1) / 40
        counts = server.counts()
    # A reset of a used connection is made good below what counts requests.
    assert 0 < report.retries <= counts["faults"]
    assert report.requests == counts["requests"] - (counts["faults"] - report.retries)


def test_a_plan_says_what_a_run_would_do_and_sends_nothing(shop, tmp_path):
    texts = [*corpus(960).items(), ("b", "text 7"), ("long", "x" * 2049)]
    job = EmbedJob(tmp_path / "there", limit="60/min")
    plan = job.plan(texts, price=2.0)
    assert (plan.texts, plan.equal, plan.too_long, plan.to_embed) == (962, 1, 1, 960)
    assert (plan.requests, plan.least_seconds) == (10, 10.0)
    assert plan.cost == plan.tokens * 2 / 1_000_000
    assert 960 < plan.tokens < 960 * 4
    assert not (tmp_path / "there").exists()
    job = EmbedJob(tmp_path / "there")
    job.run(texts[:480])
    plan = job.plan(texts)
    assert (plan.reused, plan.to_embed, plan.cost) == (480, 480, None)
    assert shop.counts()["requests"] == 5


def test_what_came_before_an_error_of_the_input_is_kept(shop, tmp_path):
    def texts():
        yield from corpus(2000).items()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        EmbedJob(tmp_path).run(texts())
    assert "run the same job again" in caught.value.__notes__[0]
    report = EmbedJob(tmp_path).run(corpus(2000).items())
    assert report.reused > 0
    assert vectors_in(tmp_path) == right(corpus(2000))
    assert shop.counts()["twice"] == []


def test_each_answer_of_a_search_for_a_refused_text_is_kept_by_itself(shop, tmp_path):
    texts = corpus(96) | {"3": REFUSED_WORD, "95": FAILING_WORD}
    with pytest.raises(ServerError, match="The vectors of 47 texts"):
        EmbedJob(tmp_path, max_retries=0).run(texts.items())
    texts["95"] = "fine"
    assert EmbedJob(tmp_path).run(texts.items()).reused == 47
    del texts["3"]
    assert vectors_in(tmp_path) == right(texts)
    assert shop.counts()["twice"] == []


def test_a_text_is_sent_once_though_its_answer_comes_while_its_equals_wait(shop, tmp_path):
    texts = {str(number): f"text {number}" if number % 3 else "same" for number in range(200)}
    report = EmbedJob(tmp_path, batch_size=8, max_concurrency=1).run(texts.items())
    assert report.equal == 66
    assert shop.counts()["twice"] == []
    assert vectors_in(tmp_path) == right(texts)


class Clock:
    """Stands in for the module `time`."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    monkeypatch.setattr(rate_gate, "time", clock)
    return clock


def seconds_of(paces, *tickets):
    return [round(paces.ask(ticket)[0], 6) for ticket in tickets]


def test_requests_are_spaced_from_the_first(clock):
    paces = pace.Pace(20)
    assert seconds_of(paces, 1, 2, 3) == [0, 0.05, 0.1]
    clock.now += 0.05
    assert seconds_of(paces, 3, 2) == [0.05, 0]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1)], ids=["in order", "reversed"])
def test_those_who_come_late_together_start_one_after_the_other(clock, order):
    paces = pace.Pace(20)
    assert seconds_of(paces, 0, 1, 2, 3) == [0, 0.05, 0.1, 0.15]
    clock.now += 1  # the process was busy with something else
    first, *others = order
    assert seconds_of(paces, first) == [0]
    assert sorted(seconds_of(paces, *others)) == [0.05, 0.1]


def test_a_start_that_is_a_little_late_holds_up_nobody(clock):
    paces = pace.Pace(20)
    assert seconds_of(paces, 1, 2, 3) == [0, 0.05, 0.1]
    clock.now += 0.06
    assert seconds_of(paces, 2, 3) == [0, 0.04]


@pytest.mark.parametrize("idle", [0, 3])
def test_a_refusal_holds_up_everybody(clock, idle):
    paces = pace.Pace(20)
    _, started = paces.ask(1)
    waiting = seconds_of(paces, 2)
    clock.now += idle
    assert paces.refused(1.0, started) == paces.refused(1.0, started) == 1
    assert (waiting, seconds_of(paces, 2, 3)) == ([0.05], [1, 1.05])
    clock.now += 1
    assert seconds_of(paces, 2, 3) == [0, 0.05]


def test_who_leaves_is_not_waited_for(clock):
    paces = pace.Pace(20)
    assert seconds_of(paces, 1, 2, 3) == [0, 0.05, 0.1]
    paces.leave(2)
    assert seconds_of(paces, 3) == [0.05]
