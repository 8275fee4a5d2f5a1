"""One embeddings request and its answer: what the body holds, and what an answer must be."""

from __future__ import annotations

import json
import math

import pytest

from heroku_inference._endpoints.embedding_answers import read_vectors
from heroku_inference._endpoints.embedding_wire import embedding_body
from heroku_inference._errors import InvalidResponseError
from heroku_inference._values import Reply, Usage

MODEL = "cohere-embed-multilingual"


def test_a_body_holds_only_what_was_said_and_always_asks_for_raw_numbers():
    assert embedding_body(["a"], model=MODEL, input_type="search_query") == {
        "model": MODEL,
        "input": ["a"],
        "input_type": "search_query",
        "encoding_format": "raw",
    }


def test_every_option_reaches_the_body_and_extra_fields_win():
    body = embedding_body(
        ("a", "b"),
        model=MODEL,
        input_type="clustering",
        embedding_type="int8",
        allow_ignored_params=False,
        extra_body={"truncate": "END", "input_type": "classification"},
    )
    assert body == {
        "model": MODEL,
        "input": ["a", "b"],
        "input_type": "classification",
        "encoding_format": "raw",
        "embedding_type": "int8",
        "allow_ignored_params": False,
        "truncate": "END",
    }


def reply(body) -> Reply:
    return Reply(200, {}, json.dumps(body).encode())


def item(index, vector):
    return {"object": "embedding", "index": index, "embedding": vector}


def test_vectors_are_put_in_order_by_index():
    answer = read_vectors(reply({"data": [item(1, [0.1]), item(0, [0.2])]}), 2)
    assert answer.vectors == [[0.2], [0.1]]
    assert (answer.usage, answer.model) == (None, None)


def test_floats_are_floats_also_where_the_wire_says_0_or_1():
    [vector] = read_vectors(reply({"data": [item(0, [0, 1, 0.5])]}), 1).vectors
    assert [type(number) for number in vector] == [float, float, float]


def test_whole_numbers_stay_whole():
    [vector] = read_vectors(reply({"data": [item(0, [-128, 127])]}), 1, whole_numbers=True).vectors
    assert [type(number) for number in vector] == [int, int]


def test_the_pilots_name_of_the_field_is_read_too():
    answer = read_vectors(reply({"data": [{"index": 0, "embeddings": [0.5]}]}), 1)
    assert answer.vectors == [[0.5]]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([item(0, [0.1])], "2 texts were sent"),
        ([item(0, [0.1])] * 2, "2 texts were sent"),
        ([item(0, [0.1]), item(2, [0.1])], "2 texts were sent"),
        ([item(n, [0.1]) for n in range(3)], "2 texts were sent"),
        ([item(0, [0.1]), {"embedding": [0.1]}], "index"),
        ([item(0, [0.1]), item("1", [0.1])], "index"),
        ([item(0, [0.1]), item(1, [0.1, 0.2])], "widths"),
        ([item(0, [0.1]), item(1, [])], "embedding"),
        ([item(0, [0.1]), item(1, "c29tZQ==")], "embedding"),
        ([item(0, [0.1]), item(1, ["0.1"])], "number"),
        ([item(0, [0.1]), item(1, [None])], "number"),
        ([item(0, [0.1]), item(1, [math.inf])], "finite"),
        (None, "data"),
    ],
)
def test_an_answer_without_one_vector_for_each_text_is_refused(data, words):
    with pytest.raises(InvalidResponseError, match=words):
        read_vectors(reply({"data": data}), 2)


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"", b"[]", b"{}", b"null"])
def test_anything_but_an_answer_is_an_error_that_quotes_its_beginning(body):
    with pytest.raises(InvalidResponseError, match="request-7") as caught:
        read_vectors(Reply(200, {"x-request-id": "request-7"}, body), 1)
    assert caught.value.body == body.decode()


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ({"prompt_tokens": 5}, Usage(5, 0, 5)),
        ({"prompt_tokens": 5, "completion_tokens": None, "total_tokens": 5}, Usage(5, 0, 5)),
        ({"prompt_tokens": 5, "total_tokens": 7}, Usage(5, 0, 7)),
        ({"prompt_tokens": 0, "total_tokens": 0}, None),
        ({}, None),
        (None, None),
    ],
)
def test_usage_is_read_as_a_chats_is(reported, expected):
    answer = read_vectors(reply({"data": [item(0, [0.1])], "usage": reported}), 1)
    assert answer.usage == expected
