"""Texts that are cut inside a character, as file names and PDF readers give them."""

from __future__ import annotations

import pytest

from heroku_inference import ConfigError

CUT = "caf\ud83d"
WHOLE = "caf\ufffd"


def test_embeddings_are_made_of_the_rest(calls, emulator):
    with pytest.warns(UserWarning, match=r"sent as U\+FFFD"):
        calls.embed([CUT, "tea"], model="cohere-embed-multilingual")
    assert emulator.journal.only("/v1/embeddings").body["input"] == [WHOLE, "tea"]


def test_documents_are_ranked_by_the_rest(calls, emulator):
    with pytest.warns(UserWarning, match=r"sent as U\+FFFD"):
        calls.rerank(CUT, ["tea", CUT], model="cohere-rerank-3-5")
    body = emulator.journal.only("/v1/rerank").body
    assert (body["query"], body["documents"]) == (WHOLE, ["tea", WHOLE])


def test_two_halves_that_belong_together_are_one_character(calls, emulator):
    with pytest.warns(UserWarning, match=r"sent as U\+FFFD"):
        calls.send([{"role": "user", "content": "\ud83d\ude00"}])
    assert emulator.journal.only().body["messages"][0]["content"] == "😀"


def test_what_json_cannot_carry_is_still_refused(calls):
    with pytest.raises(ConfigError, match="cannot be written as JSON"):
        calls.send(extra_body={"x": object(), "y": CUT})
