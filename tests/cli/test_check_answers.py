"""`heroku-inference check`: which answers pass, and which do not."""

from __future__ import annotations

import pytest

from heroku_emulator import CallTools, RawBody, Say


@pytest.mark.parametrize(
    ("name", "step", "detail"),
    [
        ("chat", Say(""), "without text"),
        ("stream", Say("", finish_reason="length"), "stream without text"),
        ("tools", Say("No."), "called no tool"),
        ("tools", CallTools([("read_gauge", "{")]), "not asked for"),
        ("tools", CallTools([("explode", {"gauge": "north"})]), "explode"),
        ("structured", Say("Paris, France"), "not the JSON"),
        ("thinking", Say("391"), "without its thinking"),
    ],
    ids=["no-text", "no-stream", "no-call", "bad-json", "other-tool", "no-json", "no-thinking"],
)
def test_an_unexpected_answer_fails_the_check(emulator, run, name, step, detail):
    emulator.script(step)
    ran = run("check", "--only", name, "--json", env=emulator.config_vars)
    assert (ran.code, ran.results()) == (1, {name: "failed"})
    assert detail in ran.checks()[name]["detail"]
    assert ran.checks()[name]["remedy"]


@pytest.mark.parametrize(("city", "is_suspicious"), [("Paris", False), ("Lyon", True)])
def test_a_structured_answer_that_makes_no_sense_is_suspicious(emulator, run, city, is_suspicious):
    emulator.script(CallTools([("final_answer", {"city": city, "country": "France"})]))
    ran = run("check", "--only", "structured", "--json", env=emulator.config_vars)
    assert ran.results() == {"structured": "passed"}
    check = ran.checks()["structured"]
    assert check["detail"].startswith("suspicious: ") is is_suspicious
    assert bool(check["remedy"]) is is_suspicious


def test_a_second_turn_that_ignores_the_result_fails(emulator, run):
    emulator.script(CallTools([("read_gauge", {"gauge": "north"})]), Say("It is high."))
    ran = run("check", "--only", "tools", "--only", "tool-result", "--json",
              env=emulator.config_vars)  # fmt: skip
    assert ran.results() == {"tools": "passed", "tool-result": "failed"}


def test_a_stream_that_says_something_else_than_the_plain_answer_fails(emulator, run):
    emulator.script(Say("lighthouse"), Say("Lighthous"))
    ran = run("check", "--json", env=emulator.config_vars)
    assert ran.results()["stream"] == "failed"
    assert "'Lighthous'" in ran.checks()["stream"]["detail"]


def test_a_stream_may_differ_in_what_does_not_matter(emulator, run):
    emulator.script(Say("lighthouse"), Say(" Lighthouse.\n"))
    assert run("check", env=emulator.config_vars).code == 0


def test_missing_usage_fails_and_missing_rate_limits_do_not(emulator, run):
    emulator.switch(usage="none", rate_limit_headers=False)
    ran = run("check", "--json", env=emulator.config_vars)
    assert ran.checks()["usage"]["detail"] == "the stream reports no usage"
    assert ran.results()["rate-limits"] == "skipped"


def test_vectors_of_another_width_fail(emulator, run):
    def vectors(*rows):
        data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
        return RawBody({"object": "list", "data": data, "model": "m"}, path="/v1/embeddings")

    emulator.script(vectors([1.0, 0.0], [0.0, 1.0]), vectors([0.0, 1.0], [1.0, 0.0]))
    narrow = run("check", "--only", "embeddings", "--json", env=emulator.config_vars)
    assert "2 numbers, not 1024" in narrow.checks()["embeddings"]["detail"]
    east, north = [1.0] + [0.0] * 1023, [0.0] * 1023 + [1.0]
    emulator.script(vectors(east, north), vectors(east, north))
    turned = run("check", "--only", "embeddings", "--json", env=emulator.config_vars)
    assert "order of their texts" in turned.checks()["embeddings"]["detail"]


def test_a_wrong_ranking_fails(emulator, run):
    scores = [(0, 0.9), (1, 0.5), (2, 0.1)]
    hits = [{"index": index, "relevance_score": score} for index, score in scores]
    emulator.script(RawBody({"results": hits}, path="/v1/rerank"))
    ran = run("check", "--only", "rerank", "--json", env=emulator.config_vars)
    assert "the order is 1, 2, 3" in ran.checks()["rerank"]["detail"]


@pytest.mark.parametrize("sse_space", [True, False], ids=["space", "no-space"])
@pytest.mark.parametrize("terminator", ["done", "message", "none"])
def test_every_framing_of_streams_passes(emulator, run, sse_space, terminator):
    emulator.switch(sse_space=sse_space, terminator=terminator, split_bytes=7)
    assert run("check", "--only", "stream", env=emulator.config_vars).code == 0


def test_a_deprecated_model_passes_with_advice(emulator, run):
    ran = run("check", "--model", "claude-3-7-sonnet", "--json", env=emulator.config_vars)
    assert ran.results()["models"] == "passed"
    assert "use claude-4-6-sonnet" in ran.checks()["models"]["remedy"]
