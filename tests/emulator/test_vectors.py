"""Embeddings and rerank over the wire."""

import base64
import math
import struct
import uuid

import pytest


def assert_refused(answer, message):
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request")
    assert message in answer.json()["error"]["message"]


def test_an_embedding_answer_has_the_documented_shape(call):
    answer = call.embed(["one text", "another"]).json()
    assert list(answer) == ["object", "data", "model", "usage"]
    assert [list(entry) for entry in answer["data"]] == [["object", "index", "embedding"]] * 2
    assert [entry["index"] for entry in answer["data"]] == [0, 1]
    assert answer["model"] == "cohere-embed-multilingual"
    assert answer["usage"] == {"prompt_tokens": 4, "total_tokens": 4}


@pytest.mark.parametrize(
    ("model", "width"), [("cohere-embed-multilingual", 1024), ("cohere-embed-v4", 1536)]
)
def test_vectors_have_the_models_width_and_unit_length(call, model, width):
    (entry,) = call.embed("a text", model=model).json()["data"]
    assert len(entry["embedding"]) == width
    assert math.hypot(*entry["embedding"]) == pytest.approx(1)


def test_a_bare_string_is_one_input(call):
    assert call.embed("x").json()["data"] == call.embed(["x"]).json()["data"]


def test_order_and_field_can_be_switched(emulator, call):
    emulator.switch(embedding_order="reversed", embedding_field="embeddings")
    data = call.embed(["a", "b", "c"]).json()["data"]
    assert [entry["index"] for entry in data] == [2, 1, 0]
    assert "embeddings" in data[0]


def test_base64_is_little_endian_float32(call):
    plain = call.embed("some text").json()["data"][0]["embedding"]
    packed = call.embed("some text", encoding_format="base64").json()["data"][0]["embedding"]
    numbers = struct.unpack("<1024f", base64.b64decode(packed))
    assert numbers == pytest.approx(plain, abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "width", "low", "high"),
    [
        ("float", 1024, -1, 1),
        ("int8", 1024, -128, 127),
        ("uint8", 1024, 0, 255),
        ("binary", 128, -128, 127),
        ("ubinary", 128, 0, 255),
    ],
)
@pytest.mark.parametrize("encoding", ["raw", "base64"])
def test_embedding_types(call, kind, width, low, high, encoding):
    options = {"embedding_type": kind, "encoding_format": encoding}
    vector = call.embed("a b c d", **options).json()["data"][0]["embedding"]
    if encoding == "base64":
        letter = {"float": "f", "int8": "b", "binary": "b"}.get(kind, "B")
        vector = struct.unpack(f"<{width}{letter}", base64.b64decode(vector))
    assert len(vector) == width
    assert low <= min(vector) < max(vector) <= high


@pytest.mark.parametrize(
    ("texts", "fields", "message"),
    [
        (None, {}, "input is required"),
        ([], {}, "input is required"),
        (3, {}, "input must be"),
        ([3], {}, "input must be"),
        (["x"] * 97, {}, "at most 96"),
        (["x", "x" * 2049], {}, "input.1 must have at most 2048 characters"),
        ("x", {"encoding_format": "float"}, "encoding_format must be one of raw, base64"),
        ("x", {"embedding_type": "int4"}, "embedding_type must be one of"),
        ("x", {"input_type": "query"}, "input_type must be one of"),
        ("x", {"input_type": 1}, "input_type must be one of"),
        ("x", {"dimensions": 256}, "unrecognized request argument: dimensions"),
        ("x", {"user": "ada"}, "unrecognized request argument: user"),
    ],
)
def test_a_bad_embedding_request_is_refused(call, texts, fields, message):
    assert_refused(call.embed(texts, **fields), message)


@pytest.mark.parametrize(
    ("texts", "fields"),
    [
        (["x" * 2048] * 96, {}),
        ("x", {"input_type": "search_query", "encoding_format": "raw", "embedding_type": "float"}),
        ("x", {"dimensions": 256, "allow_ignored_params": True}),
        ("", {}),
    ],
)
def test_a_good_embedding_request_passes(call, texts, fields):
    assert call.embed(texts, **fields).status_code == 200


@pytest.mark.parametrize(
    "character",
    ["x", "é", "字", "🦊", "e\u0301", "👩\u200d🚀"],
    ids=["ascii", "latin", "japanese", "emoji", "combining", "joined"],
)
def test_the_limit_of_an_input_is_2048_bytes(call, character):
    size = len(character.encode())
    longest = character * (2048 // size) + "x" * (2048 % size)
    assert call.embed([longest]).status_code == 200
    assert_refused(call.embed(["a", longest + "x"]), "input.1 must have at most 2048 characters")
    assert_refused(call.embed([character + longest]), "input.0 must have at most 2048 characters")


def test_one_long_input_refuses_the_whole_batch(call):
    texts = ["字" * 682] * 95
    assert call.embed([*texts, "字" * 682]).status_code == 200
    assert_refused(call.embed([*texts, "字" * 990]), "input.95 must have at most 2048 characters")


def test_long_inputs_can_be_accepted(emulator, call):
    emulator.switch(long_inputs="accept")
    assert call.embed("x" * 5000).status_code == 200


def test_a_rerank_answer_has_the_documented_shape(call):
    documents = ["cats", "the capital of France is Paris", "the capital of Italy is Rome"]
    answer = call.rerank("capital of France", documents).json()
    assert list(answer) == ["id", "results", "meta"]
    uuid.UUID(answer["id"])
    assert [hit["index"] for hit in answer["results"]] == [1, 2, 0]
    scores = [hit["relevance_score"] for hit in answer["results"]]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] < scores[0] <= 1
    assert answer["meta"] == {
        "api_version": {"version": "2", "is_experimental": False},
        "billed_units": {"search_units": 1},
    }


def test_top_n_limits_the_results(call):
    documents = ["a", "b", "c"]
    assert len(call.rerank("a", documents, top_n=2).json()["results"]) == 2
    assert len(call.rerank("a", documents, top_n=9).json()["results"]) == 3


@pytest.mark.parametrize(
    ("query", "documents", "fields", "message"),
    [
        ("", ["x"], {}, "query is required"),
        (None, ["x"], {}, "query is required"),
        (3, ["x"], {}, "query must be a string"),
        ("x", [], {}, "documents is required"),
        ("x", None, {}, "documents is required"),
        ("x", "y", {}, "documents must be an array of strings"),
        ("x", [{"text": "y"}], {}, "documents must be an array of strings"),
        ("x", ["y"] * 1001, {}, "at most 1000"),
        ("x", ["y"], {"top_n": 0}, "top_n must be at least 1"),
        ("x", ["y"], {"return_documents": True}, "unrecognized request argument: return_documents"),
        (
            "x",
            ["y"],
            {"allow_ignored_params": True},
            "unrecognized request argument: allow_ignored",
        ),
    ],
)
def test_a_bad_rerank_request_is_refused(call, query, documents, fields, message):
    assert_refused(call.rerank(query, documents, **fields), message)


def test_a_thousand_documents_pass(call):
    answer = call.rerank("x", ["y"] * 1000).json()
    assert len(answer["results"]) == 1000
    assert answer["meta"]["billed_units"]["search_units"] == 10


def test_unchecked_requests_are_answered_if_possible(emulator, call):
    emulator.switch(strict=False)
    assert call.embed(["x"] * 97, dimensions=3).status_code == 200
    assert call.rerank("x", ["y"], extra=1).status_code == 200
    answer = call.rerank("x", None)
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "server_error")
