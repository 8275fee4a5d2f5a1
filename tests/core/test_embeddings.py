"""Texts to vectors: what is sent, how answers are read, and how batches are put together."""

from __future__ import annotations

import math
from contextlib import aclosing
from itertools import count, islice

import pytest

from heroku_inference._endpoints.embeddings import EmbeddingBatch, aiter_embed, embed, iter_embed
from heroku_inference._errors import ConfigError, InvalidResponseError
from heroku_inference._values import Usage
from tests.core.embedding_calls import MODEL, batches, both, embed_texts, note_starts, options
from tests.core.vector_server import VectorServer, vector_of

# --- options -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"batch_size": 0},
        {"batch_size": 97},
        {"batch_size": 1.5},
        {"batch_size": "8"},
        {"max_concurrency": 0},
        {"max_concurrency": 1.5},
        {"long_text": "ignore"},
        {"long_text": "split", "embedding_type": "int8"},
        {"extra_body": {"encoding_format": "base64"}},
    ],
)
def test_options_that_cannot_work_are_refused(given):
    with pytest.raises(ConfigError):
        options(**given)


def test_the_default_type_may_be_named_beside_split():
    assert not options(long_text="split", embedding_type="float").gives_whole_numbers


# --- batches -----------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("size", [1, 95, 96, 97, 500])
async def test_vectors_come_in_the_order_of_the_texts_in_batches_of_at_most_96(size, awaited):
    server = VectorServer()
    texts = [f"text {number}" for number in range(size)]
    result = await embed_texts(server, texts, awaited=awaited)
    assert result.vectors == [vector_of(text) for text in texts]
    assert len(server.bodies) == math.ceil(size / 96)
    assert all(len(body["input"]) <= 96 for body in server.bodies)
    assert result.usage == Usage(prompt_tokens=size, completion_tokens=0, total_tokens=size)
    assert result.model == MODEL
    assert result.reply.status_code == 200
    assert result.reply.request_id
    assert result.reply.body == b""


@both
async def test_nothing_to_embed_needs_no_request(awaited):
    server = VectorServer()
    result = await embed_texts(server, [], awaited=awaited)
    assert result.vectors == []
    assert result.usage == Usage(0, 0, 0)
    assert await batches(server, [], awaited=awaited) == []
    assert server.bodies == []


@both
async def test_one_batch_needs_no_thread(awaited):
    server = VectorServer()
    await embed_texts(server, ["a", "b"], awaited=awaited, max_concurrency=8)
    assert len(server.bodies) == len(server.threads) == 1


@both
async def test_batches_say_where_they_start(awaited):
    texts = (f"text {number}" for number in range(7))
    answered = await batches(VectorServer(), texts, awaited=awaited, batch_size=3)
    assert [(batch.start, len(batch.vectors)) for batch in answered] == [(0, 3), (3, 3), (6, 1)]
    assert [batch.usage.prompt_tokens for batch in answered] == [3, 3, 1]
    assert all(batch.model == MODEL and batch.reply.request_id for batch in answered)


@both
async def test_endless_texts_are_embedded_on_demand(awaited):
    server = VectorServer()
    texts = (f"text {number}" for number in count())
    given = options(batch_size=2, max_concurrency=2)
    if awaited:
        async with aclosing(aiter_embed(server.asend, texts, given)) as answered:
            first = [await anext(answered) for _ in range(3)]
    else:
        answered = iter_embed(server.send, texts, given)
        first = list(islice(answered, 3))
        answered.close()
    assert [batch.start for batch in first] == [0, 2, 4]
    assert len(server.bodies) <= 8


def test_results_of_any_size_have_a_short_repr():
    result = embed(VectorServer().send, [f"text {number}" for number in range(200)], options())
    assert repr(result).startswith("EmbeddingResult(<200 vectors of 4 numbers>, usage=Usage(")
    assert len(repr(result)) < 300
    assert repr(EmbeddingBatch([], start=3)).startswith(
        "EmbeddingBatch(<0 vectors of 0 numbers>, start=3, usage=None"
    )


def test_batches_as_arrays_of_four_byte_floats():
    [array] = EmbeddingBatch([[0.5, 0.25]]).float32()
    assert (array.typecode, array.itemsize, array.tolist()) == ("f", 4, [0.5, 0.25])


# --- answers -----------------------------------------------------------------------------------


@both
async def test_a_bad_answer_in_the_middle_fails_the_call(awaited):
    def cut(answer):
        answer["data"] = answer["data"][:-1] if len(answer["data"]) == 2 else answer["data"]
        return answer

    with pytest.raises(InvalidResponseError):
        await embed_texts(VectorServer(cut), list("abcdefgh"), awaited=awaited, batch_size=3)


@both
async def test_usage_that_one_answer_leaves_out_is_unknown(awaited):
    def silent(answer):
        if len(answer["data"]) == 1:
            del answer["usage"]
        return answer

    result = await embed_texts(VectorServer(silent), list("abc"), awaited=awaited, batch_size=2)
    assert result.usage is None


def wider_each_time():
    """Changes answers so that the vectors of each are one number wider than those before."""
    answers = count()

    def widened(answer):
        more = [0.5] * next(answers)
        for entry in answer["data"]:
            entry["embedding"] += more
        return answer

    return widened


@both
async def test_vectors_of_another_width_than_those_before_are_refused(awaited):
    server = VectorServer(wider_each_time())
    with pytest.raises(InvalidResponseError, match="vectors of 5 numbers, after vectors of 4"):
        await embed_texts(server, list("abc"), awaited=awaited, batch_size=2, max_concurrency=1)


@both
async def test_batches_before_one_of_another_width_are_yielded(awaited):
    server = VectorServer(wider_each_time())
    starts = []
    with pytest.raises(InvalidResponseError, match="vectors of 5 numbers"):
        await note_starts(
            starts, server, list("abc"), awaited=awaited, batch_size=2, max_concurrency=1
        )
    assert starts == [0]


@both
async def test_pieces_of_one_text_with_vectors_of_different_widths_are_refused(awaited):
    server = VectorServer(wider_each_time())
    with pytest.raises(InvalidResponseError, match="vectors of 5 numbers, after vectors of 4"):
        await embed_texts(server, ["x" * 5000], awaited=awaited, batch_size=1, long_text="split")


@both
async def test_batches_before_an_error_of_the_texts_themselves_are_yielded(awaited):
    def lines():
        yield from "abcdefghij"
        raise OSError("the file is gone")

    starts = []
    with pytest.raises(OSError, match="the file is gone"):
        await note_starts(starts, VectorServer(), lines(), awaited=awaited, batch_size=1)
    assert starts == list(range(10))


@both
async def test_quantised_vectors(awaited):
    def quantised(answer):
        for entry in answer["data"]:
            entry["embedding"] = [-7, 100]
        return answer

    server = VectorServer(quantised)
    result = await embed_texts(server, ["a"], awaited=awaited, embedding_type="int8")
    assert server.bodies[0]["embedding_type"] == "int8"
    assert result.vectors == [[-7, 100]]
