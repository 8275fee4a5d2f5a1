"""A text that Heroku refuses takes its batch with it: it is found, then named or skipped."""

from __future__ import annotations

import asyncio
import pickle

import pytest

from heroku_emulator import Fault
from heroku_inference import (
    AuthenticationError,
    ConfigError,
    ContentBlockedError,
    InvalidRequestError,
    RateLimitError,
    ServerError,
)
from heroku_inference._endpoints.refusals import Answers
from heroku_inference._endpoints.rerank import arerank, rerank
from heroku_inference._endpoints.rerank_options import RerankOptions
from tests.core.embedding_calls import batches, both, embed_texts, note_starts
from tests.core.vector_server import VectorServer, score_of, vector_of

INSIDE = "see http://localhost:3000/ for number"  # the edge blocks it
PLACES = [[0], [1], [37], [48], [94], [95], [0, 95], [3, 4], [10, 50, 90], [47, 48]]
FEW = [[0], [6], [3], [0, 6], [2, 3, 4], [0, 1, 2, 3, 4, 5]]


def texts_with(refused, count):
    return [f"{INSIDE} {n}" if n in refused else f"a page about {n}" for n in range(count)]


def but(refused, count):
    return [number for number in range(count) if number not in refused]


@pytest.fixture
def alone(make_calls):
    """The vector of a text that is embedded by itself."""
    calls = make_calls()
    return lambda text: calls.embed([text]).vectors[0]


# --- the firewall, over the wire ---------------------------------------------------------------


@pytest.mark.parametrize("refused", PLACES)
def test_a_blocked_text_of_96_is_named_and_the_others_are_kept(emulator, calls, refused):
    texts = texts_with(refused, 96)
    with pytest.raises(ContentBlockedError) as caught:
        calls.embed(texts)
    requests = len(emulator.journal)
    error = caught.value
    assert error.index == refused[0]
    assert error.problem == f"Text {refused[0]}: Heroku answered 403: blocked."
    assert 'on_refused="skip"' in error.remedy
    assert str(error) == f"{error.problem} {error.remedy}"
    assert "localhost:3000" not in str(error)
    assert requests <= 17
    if len(refused) == 1:
        assert sorted(error.done) == but(refused, 96)
    assert not set(error.done) & set(refused)
    expected = calls.embed([texts[index] for index in error.done]).vectors
    assert list(error.done.values()) == expected


@pytest.mark.parametrize("refused", PLACES)
def test_blocked_texts_of_96_are_skipped_and_listed(emulator, calls, refused):
    texts = texts_with(refused, 96)
    result = calls.embed(texts, on_refused="skip")
    requests = len(emulator.journal)
    assert [index for index, _ in result.refused] == refused
    assert {reason for _, reason in result.refused} == {"Heroku answered 403: blocked."}
    assert list(result.indices) == but(refused, 96)
    assert result.vectors == calls.embed([texts[index] for index in result.indices]).vectors
    assert requests <= 2 + 14 * len(refused)


@pytest.mark.parametrize("refused", FEW)
@pytest.mark.parametrize("batch_size", [1, 3, 96])
def test_vectors_are_never_misplaced(calls, alone, refused, batch_size):
    texts = texts_with(refused, 7)
    result = calls.embed(texts, on_refused="skip", batch_size=batch_size)
    assert [index for index, _ in result.refused] == refused
    assert result.vectors == [alone(texts[index]) for index in result.indices]
    with pytest.raises(ContentBlockedError) as caught:
        calls.embed(texts, batch_size=batch_size)
    assert caught.value.index == refused[0]
    assert set(range(refused[0])) <= caught.value.done.keys()
    for index, vector in caught.value.done.items():
        assert vector == alone(texts[index])


@pytest.mark.parametrize("count", [1, 2, 5])
def test_all_texts_may_be_refused(emulator, calls, count):
    texts = texts_with(range(count), count)
    result = calls.embed(texts, on_refused="skip")
    assert (result.vectors, list(result.indices)) == ([], [])
    assert [index for index, _ in result.refused] == list(range(count))
    with pytest.raises(ContentBlockedError, match="Text 0") as caught:
        calls.embed(texts)
    assert caught.value.done == {}


def test_one_text_alone_is_named_with_no_further_request(emulator, calls):
    with pytest.raises(ContentBlockedError) as caught:
        calls.embed([INSIDE])
    assert caught.value.index == 0
    assert len(emulator.journal) == 1


def test_the_error_can_be_pickled_and_read_again(calls):
    with pytest.raises(ContentBlockedError) as caught:
        calls.embed(["fine", INSIDE])
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.index, copy.done, str(copy)) == (1, caught.value.done, str(caught.value))
    assert list(copy.done) == [0]


def test_a_job_is_finished_with_what_was_done(emulator, calls):
    texts = texts_with([5, 30], 40)
    vectors: dict[int, list[float]] = {}
    given_up = []
    while missing := [n for n in range(40) if n not in vectors and n not in given_up]:
        try:
            new = dict(enumerate(calls.embed([texts[n] for n in missing], batch_size=8).vectors))
        except ContentBlockedError as error:
            new = error.done
            given_up.append(missing[error.index])
        vectors |= {missing[position]: vector for position, vector in new.items()}
    assert given_up == [5, 30]
    assert sorted(vectors) == but([5, 30], 40)
    sent = [
        text for entry in emulator.journal if entry.status == 200 for text in entry.body["input"]
    ]
    assert len(set(sent)) == 39  # 38 and the harmless one
    assert sent.count("a page about 39") == 1


def test_bulk_work_goes_on_behind_a_skipped_text(emulator, make_calls):
    texts = texts_with([3, 9, 10, 11], 14)
    calls = make_calls()
    if "Async" in type(calls).__name__:

        async def collect():
            return [
                b async for b in calls.client.iter_embed(texts, batch_size=3, on_refused="skip")
            ]

        found = asyncio.run(collect())
    else:
        found = list(calls.client.iter_embed(texts, batch_size=3, on_refused="skip"))
    assert [batch.start for batch in found] == [0, 3, 6, 9, 12]
    assert [list(batch.indices) for batch in found] == [
        [0, 1, 2], [4, 5], [6, 7, 8], [], [12, 13],
    ]  # fmt: skip
    assert [[i for i, _ in batch.refused] for batch in found] == [[], [3], [], [9, 10, 11], []]
    assert all(batch.usage for batch in found)


# --- rerank ------------------------------------------------------------------------------------


@pytest.mark.parametrize("refused", PLACES)
def test_a_blocked_document_is_named_and_the_scores_are_kept(emulator, calls, refused):
    texts = texts_with(refused, 96)
    with pytest.raises(ContentBlockedError, match=f"^Document {refused[0]}: ") as caught:
        calls.rerank("a page about 7", texts)
    assert caught.value.index == refused[0]
    assert len(emulator.journal) <= 17
    if len(refused) == 1:
        assert list(caught.value.done) == but(refused, 96)
    scores = {hit.index: hit.score for hit in skipped(calls, texts).hits}
    assert caught.value.done.items() <= scores.items()


def skipped(calls, texts, **options):
    return calls.rerank("a page about 7", texts, on_refused="skip", **options)


@pytest.mark.parametrize("refused", PLACES)
def test_blocked_documents_are_skipped_and_listed(calls, refused):
    texts = texts_with(refused, 96)
    result = skipped(calls, texts)
    assert result.hits[0].index == 7
    assert sorted(hit.index for hit in result.hits) == but(refused, 96)
    assert [hit.score for hit in result.hits] == sorted(
        [h.score for h in result.hits], reverse=True
    )
    assert [index for index, _ in result.refused] == refused
    best = skipped(calls, texts, top_n=3)
    assert best.hits == result.hits[:3]


def test_a_refused_query_is_not_blamed_on_the_documents(emulator, calls):
    for way in ("error", "skip"):
        emulator.reset()
        with pytest.raises(ContentBlockedError) as caught:
            calls.rerank(INSIDE, ["a", "b", "c"], on_refused=way)
        assert caught.value.index is None
        assert "Document" not in str(caught.value)
        assert len(emulator.journal) == 2


def test_all_documents_may_be_refused(calls):
    result = calls.rerank("a question", [INSIDE, INSIDE], on_refused="skip")
    assert (result.hits, [index for index, _ in result.refused]) == ([], [0, 1])


@both
async def test_documents_of_several_requests_keep_their_positions(awaited):
    server = PickyServer()
    texts = [f"document {number}" for number in range(2500)]
    texts[1700] = "bad"
    options = RerankOptions(model="cohere-rerank-3-5", on_refused="skip")
    if awaited:
        result = await arerank(server.asend, "a question", texts, options)
    else:
        result = rerank(server.send, "a question", texts, options)
    assert [index for index, _ in result.refused] == [1700]
    assert {hit.index for hit in result.hits} == set(but([1700], 2500))
    assert all(hit.score == score_of(texts[hit.index]) for hit in result.hits)
    assert len(server.bodies) <= 3 + 1 + 20


# --- refusals by the API -----------------------------------------------------------------------


class PickyServer(VectorServer):
    """Refuses with 400 what holds a bad text."""

    message = "input is not understood"

    def send(self, path, body):
        if any("bad" in text for text in body.get("input") or body["documents"]):
            self.bodies.append(body)
            raise InvalidRequestError(
                f"Heroku answered 400: {self.message}.",
                status_code=400,
                server_message=self.message,
            )
        return super().send(path, body)


@both
@pytest.mark.parametrize("refused", [[0], [5], [95], [199], [4, 150]])
async def test_what_the_api_refuses_with_400_is_found_too(awaited, refused):
    texts = [f"bad {n}" if n in refused else f"text {n}" for n in range(200)]
    server = PickyServer()
    result = await embed_texts(server, texts, awaited=awaited, on_refused="skip")
    assert result.refused == [
        (index, "Heroku answered 400: input is not understood.") for index in refused
    ]
    assert result.vectors == [vector_of(texts[index]) for index in but(refused, 200)]
    with pytest.raises(InvalidRequestError, match=f"Text {refused[0]}: Heroku answered 400") as got:
        await embed_texts(PickyServer(), texts, awaited=awaited)
    assert all(vector == vector_of(texts[index]) for index, vector in got.value.done.items())


@both
async def test_no_more_than_16_further_requests_find_one_of_96(awaited):
    for place in range(96):
        texts = [f"bad {n}" if n == place else f"text {n}" for n in range(96)]
        server = PickyServer()
        with pytest.raises(InvalidRequestError) as caught:
            await embed_texts(server, texts, awaited=awaited)
        assert caught.value.index == place
        assert sorted(caught.value.done) == but([place], 96)
        assert len(server.bodies) <= 1 + 16
        skipping = PickyServer()
        await embed_texts(skipping, texts, awaited=awaited, on_refused="skip")
        assert len(skipping.bodies) <= 1 + 16


@both
async def test_many_refused_texts_cost_an_error_no_more_requests_than_one(awaited):
    server = PickyServer()
    with pytest.raises(InvalidRequestError, match="Text 0"):
        await embed_texts(server, ["bad"] * 96, awaited=awaited)
    assert len(server.bodies) <= 1 + 16


@both
async def test_in_bulk_the_error_holds_what_was_not_yielded(awaited):
    texts = [f"bad {n}" if n == 7 else f"text {n}" for n in range(12)]
    starts: list[int] = []
    with pytest.raises(InvalidRequestError) as caught:
        await note_starts(
            starts, PickyServer(), texts, awaited=awaited, batch_size=3, max_concurrency=1
        )
    assert starts == [0, 3]
    assert caught.value.index == 7
    assert {6, 8} <= caught.value.done.keys() <= {6, 8, 9, 10, 11}


@both
async def test_a_split_text_is_named_by_its_own_position(awaited):
    texts = ["x" * 5000, "y" * 5000, "fine", "z" * 3000 + "bad" + "z" * 3000, "last"]
    server = PickyServer()
    result = await embed_texts(
        server, texts, awaited=awaited, long_text="split", on_refused="skip", batch_size=5
    )
    assert [index for index, _ in result.refused] == [3]
    whole = await embed_texts(VectorServer(), texts, awaited=awaited, long_text="split")
    assert result.vectors == [whole.vectors[index] for index in (0, 1, 2, 4)]


@both
async def test_reasons_do_not_quote_the_text(awaited):
    server = PickyServer()
    server.message = "cannot embed 'a bad secret of mine'"
    texts = ["fine", "a bad secret of mine"]
    result = await embed_texts(server, texts, awaited=awaited, on_refused="skip")
    assert result.refused == [(1, "Heroku answered 400.")]
    with pytest.raises(InvalidRequestError) as caught:
        await embed_texts(server, texts, awaited=awaited)
    assert "secret" not in str(caught.value)


# --- the request is at fault, or something else ------------------------------------------------


def test_a_request_that_is_refused_whatever_its_texts_is_asked_twice(emulator, calls):
    for way in ("error", "skip"):
        emulator.reset()
        with pytest.raises(InvalidRequestError, match="unrecognized request argument") as caught:
            calls.embed(["a", "b", "c"], extra_body={"dimensions": 256}, on_refused=way)
        assert caught.value.index is None
        assert "on_refused" not in str(caught.value)
        assert len(emulator.journal) == 2


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthenticationError), (429, RateLimitError), (500, ServerError)]
)
def test_other_failures_are_not_searched(emulator, make_calls, status, kind):
    calls = make_calls(max_retries=0)
    for way in ("error", "skip"):
        emulator.reset()
        texts = [f"text {number}" for number in range(3)]
        emulator.script(*[Fault(status)] * 3)
        with pytest.raises(kind) as caught:
            calls.embed(texts, batch_size=3, max_concurrency=1, on_refused=way)
        assert caught.value.index is None
        assert caught.value.done == {}
        assert len(emulator.journal) == 1


@both
async def test_what_came_before_another_failure_is_kept(awaited):
    class Failing(VectorServer):
        def send(self, path, body):
            if "text 7" in body["input"]:
                raise ServerError("Heroku answered 500.", status_code=500)
            return super().send(path, body)

    texts = [f"text {number}" for number in range(9)]
    with pytest.raises(ServerError) as caught:
        await embed_texts(Failing(), texts, awaited=awaited, batch_size=3, max_concurrency=1)
    assert caught.value.done == {index: vector_of(texts[index]) for index in range(6)}


@both
async def test_a_failure_in_the_search_is_raised_with_what_came(awaited):
    class Tiring(PickyServer):
        def send(self, path, body):
            if len(self.bodies) == 4:
                raise ServerError("Heroku answered 500.", status_code=500)
            return super().send(path, body)

    texts = [f"bad {n}" if n == 7 else f"text {n}" for n in range(8)]
    with pytest.raises(ServerError) as caught:
        await embed_texts(Tiring(), texts, awaited=awaited)
    assert caught.value.done == {index: vector_of(texts[index]) for index in range(6)}


@both
async def test_texts_that_are_refused_only_together_are_embedded(awaited):
    class Pairs(VectorServer):
        def send(self, path, body):
            if {"text 1", "text 6"} <= set(body["input"]):
                raise ContentBlockedError("Heroku answered 403: blocked.", status_code=403)
            return super().send(path, body)

    texts = [f"text {number}" for number in range(8)]
    for way in ("error", "skip"):
        (batch,) = await batches(Pairs(), texts, awaited=awaited, on_refused=way)
        assert batch.vectors == [vector_of(text) for text in texts]
        assert batch.refused == []


def test_any_other_way_is_refused(calls):
    with pytest.raises(ConfigError, match="on_refused='ignore'"):
        calls.embed(["a"], on_refused="ignore")
    with pytest.raises(ConfigError, match="on_refused=None"):
        calls.rerank("a", ["a"], on_refused=None)


def test_no_text_is_asked_for_twice_in_a_search():
    for place in range(33):
        asked = []

        def ask(part, asked=asked, place=place):
            if part is not None and place in part:
                raise ContentBlockedError("blocked.", status_code=403)
            asked.extend(part or [])

        answers = Answers(33)
        answers.collect(ask, skip=True)
        assert asked == but([place], 33)
        assert [index for index, _ in answers.refused] == [place]
