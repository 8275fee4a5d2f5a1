"""Ranking documents: what is sent, how answers are read, and how parts are merged."""

from __future__ import annotations

import json

import pytest

from heroku_inference._endpoints.rerank import RerankHit, arerank, rerank, rerank_body
from heroku_inference._endpoints.rerank_options import RerankOptions
from heroku_inference._errors import ConfigError, InvalidResponseError
from heroku_inference._values import Reply
from tests.core.vector_server import VectorServer, score_of

MODEL = "cohere-rerank-3-5"
both = pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])


async def ranked(server, query, documents, *, awaited, **given):
    options = RerankOptions(model=MODEL, **given)
    if awaited:
        return await arerank(server.asend, query, documents, options)
    return rerank(server.send, query, documents, options)


def best(documents, top_n=None):
    order = sorted(range(len(documents)), key=lambda index: -score_of(documents[index]))
    return [RerankHit(index, score_of(documents[index])) for index in order[:top_n]]


def test_a_body_holds_only_what_was_set():
    assert rerank_body("q", ("a",), model=MODEL) == {
        "model": MODEL,
        "query": "q",
        "documents": ["a"],
    }
    assert rerank_body("q", ["a"], model=MODEL, top_n=1)["top_n"] == 1


@both
@pytest.mark.parametrize("top_n", [None, 1, 3, 50])
async def test_the_best_come_first_and_top_n_of_them(top_n, awaited):
    server = VectorServer()
    documents = [f"document {number}" for number in range(10)]
    result = await ranked(server, "q", documents, awaited=awaited, top_n=top_n)
    assert result.hits == best(documents, top_n)
    assert result.id == "rank-1"
    assert result.reply.request_id == "request-1"
    assert [body.get("top_n") for body in server.bodies] == [top_n and min(top_n, 10)]


@both
async def test_no_documents_need_no_request(awaited):
    server = VectorServer()
    result = await ranked(server, "q", [], awaited=awaited)
    assert (result.hits, result.id, result.reply) == ([], None, None)
    assert server.bodies == []


@both
@pytest.mark.parametrize(
    ("size", "parts"), [(1000, [1000]), (1001, [500, 501]), (2500, [833, 833, 834])]
)
@pytest.mark.parametrize("top_n", [None, 5])
async def test_more_than_1000_are_sent_in_even_parts_and_merged(size, parts, top_n, awaited):
    server = VectorServer()
    documents = (f"document {number}" for number in range(size))
    result = await ranked(server, "q", documents, awaited=awaited, top_n=top_n)
    assert sorted(len(body["documents"]) for body in server.bodies) == parts
    assert result.hits == best([f"document {number}" for number in range(size)], top_n)


@both
async def test_documents_with_equal_scores_stay_in_order(awaited):
    def last_first(answer):
        answer["results"].reverse()
        return answer

    result = await ranked(VectorServer(last_first), "q", ["same"] * 4, awaited=awaited)
    assert [hit.index for hit in result.hits] == [0, 1, 2, 3]


@both
@pytest.mark.parametrize(
    ("query", "documents", "words"),
    [
        ("q", "one string", "one string"),
        ("q", ["a", {"text": "b"}], "Document 1 is a dict"),
        (None, ["a"], "query is a NoneType"),
        (["a"], "q", r"query is a list, not a string. Call rerank\(query, documents\)"),
    ],
)
async def test_values_other_than_strings_are_refused_before_anything_is_sent(
    query, documents, words, awaited
):
    server = VectorServer()
    with pytest.raises(ConfigError, match=words):
        await ranked(server, query, documents, awaited=awaited)
    assert server.bodies == []


@pytest.mark.parametrize(
    "given", [{"top_n": 0}, {"top_n": -1}, {"top_n": 1.5}, {"max_concurrency": 0}]
)
def test_options_that_cannot_work_are_refused(given):
    with pytest.raises(ConfigError, match="whole number from 1"):
        RerankOptions(model=MODEL, **given)


def result(index, score=0.5):
    return {"index": index, "relevance_score": score}


@both
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"results": [result(0)]}, "1 of 2"),
        ({"results": [result(0), result(0)]}, "twice"),
        ({"results": [result(0), result(2)]}, "beyond the 2"),
        ({"results": [result(0), result(-1)]}, "beyond the 2"),
        ({"results": [result(0), result(1, None)]}, "relevance_score"),
        ({"results": [result(0), result("1")]}, "index"),
        ({"data": []}, "results"),
        ([], "object"),
    ],
)
async def test_an_answer_that_does_not_rank_the_documents_is_refused(body, words, awaited):
    class Server:
        def send(self, path, sent):
            return Reply(200, {}, json.dumps(body).encode())

        async def asend(self, path, sent):
            return self.send(path, sent)

    with pytest.raises(InvalidResponseError, match=words):
        await ranked(Server(), "q", ["a", "b"], awaited=awaited)


@both
async def test_a_server_that_ignores_top_n_is_put_right(awaited):
    def all_of_them(answer):
        answer["results"] = [result(0, 0.1), result(1, 0.9), result(2)]
        return answer

    answered = await ranked(VectorServer(all_of_them), "q", list("abc"), awaited=awaited, top_n=1)
    assert answered.hits == [RerankHit(1, 0.9)]
