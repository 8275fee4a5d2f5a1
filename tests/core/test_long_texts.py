"""Texts that cannot be sent as they are: refused, truncated, or split and averaged."""

from __future__ import annotations

import math

import pytest

from heroku_inference import Client
from heroku_inference._endpoints.embedding_wire import pieces_of
from heroku_inference._endpoints.embeddings import aiter_embed, embed, iter_embed
from heroku_inference._errors import ConfigError
from tests.core.embedding_calls import both, embed_texts, options
from tests.core.vector_server import VectorServer, vector_of


@both
@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["fine", "x" * 2049], "Text 1 has 2049 bytes of UTF-8"),
        (["fine", "字" * 990], "Text 1 has 2970 bytes of UTF-8; the API takes at most 2048"),
        (["fine", "é" * 1025], "Text 1 has 2050 bytes"),
        (["fine", "\ud800" * 683], "Text 1 has 2049 bytes"),
        (["fine", None], "Text 1 is a NoneType"),
        (["fine", b"bytes"], "Text 1 is a bytes"),
        ("one string", r"\[text\]"),
    ],
)
async def test_texts_that_cannot_be_sent_are_refused_before_any_is(texts, words, awaited):
    server = VectorServer()
    with pytest.raises(ConfigError, match=words):
        await embed_texts(server, texts, awaited=awaited, batch_size=1)
    assert server.bodies == []


@both
async def test_in_bulk_a_bad_text_comes_behind_the_batches_before_it(awaited):
    server = VectorServer()
    texts = ["a", "b", "x" * 2049, "c"]
    given = options(batch_size=1)
    if awaited:
        answered = aiter_embed(server.asend, texts, given)
        starts = [(await anext(answered)).start for _ in range(2)]
        with pytest.raises(ConfigError, match="Text 2"):
            await anext(answered)
    else:
        answered = iter_embed(server.send, texts, given)
        starts = [next(answered).start for _ in range(2)]
        with pytest.raises(ConfigError, match="Text 2"):
            next(answered)
    assert starts == [0, 1]


def test_in_bulk_one_string_is_refused_at_once():
    with pytest.raises(ConfigError):
        iter_embed(VectorServer().send, "one string", options())
    with pytest.raises(ConfigError):
        aiter_embed(VectorServer().asend, "one string", options())


@both
async def test_truncate_embeds_the_beginning(awaited):
    text = "y" * 2000 + "z" * 2000
    result = await embed_texts(VectorServer(), ["a", text], awaited=awaited, long_text="truncate")
    assert result.vectors == [vector_of("a"), vector_of("y" * 2000 + "z" * 48)]


@both
async def test_split_takes_the_mean_weighted_by_length_and_scaled_to_length_one(awaited):
    server = VectorServer()
    text = "y" * 2048 + "z" * 1024
    result = await embed_texts(server, ["a", text, "b"], awaited=awaited, long_text="split")
    assert [len(piece) for piece in server.bodies[0]["input"]] == [1, 2048, 1024, 1]
    assert result.vectors[0] == vector_of("a")
    assert result.vectors[2] == vector_of("b")
    pieces = zip(vector_of("y" * 2048), vector_of("z" * 1024), strict=True)
    sums = [2 * of_y + of_z for of_y, of_z in pieces]
    assert result.vectors[1] == pytest.approx([value / math.hypot(*sums) for value in sums])
    assert math.hypot(*result.vectors[1]) == pytest.approx(1)


@both
async def test_split_cuts_behind_white_space_and_loses_no_character(awaited):
    server = VectorServer()
    text = " ".join(f"word{number}" for number in range(1000))
    await embed_texts(server, [text], awaited=awaited, long_text="split")
    pieces = server.bodies[0]["input"]
    assert "".join(pieces) == text
    assert all(piece.endswith(" ") and len(piece) <= 2048 for piece in pieces[:-1])


@both
async def test_pieces_beyond_one_request_are_sent_in_several(awaited):
    server = VectorServer()
    texts = ["x" * 2048 * 5, "short"]
    result = await embed_texts(server, texts, awaited=awaited, long_text="split", batch_size=4)
    assert [len(body["input"]) for body in server.bodies] == [4, 2]
    assert result.vectors[0] == pytest.approx(vector_of("x" * 2048))
    assert result.vectors[1] == vector_of("short")
    assert result.usage.total_tokens == 6


@both
async def test_pieces_that_cancel_out_give_zeros(awaited):
    def opposed(answer):
        answer["data"][0]["embedding"] = [1.0, 0.0]
        answer["data"][1]["embedding"] = [-1.0, 0.0]
        return answer

    result = await embed_texts(
        VectorServer(opposed), ["x" * 4096], awaited=awaited, long_text="split"
    )
    assert result.vectors == [[0.0, 0.0]]


def test_texts_are_not_changed():
    texts = ["a", "x" * 5000]
    embed(VectorServer().send, texts, options(long_text="truncate"))
    assert texts == ["a", "x" * 5000]


# --- limits in bytes ---------------------------------------------------------------------------

FAMILY = "👨‍👩‍👧‍👦"  # four emoji, held together by joiners: 25 bytes
FLAG = "🇯🇵"  # two regional indicators
WAVE = "👋🏽"  # a hand and a colour of skin
ACCENTED = "e\u0301"  # a letter and a combining mark
VOICED = "ｶﾞ"  # half-width Katakana and its voice mark
KEYCAP = "1️⃣"
SYLLABLE = "\u1112\u1161\u11ab"  # Hangul in parts
WHOLE = [FAMILY, FLAG, WAVE, ACCENTED, VOICED, KEYCAP, SYLLABLE]


def size(text):
    return len(text.encode())


@pytest.mark.parametrize("character", ["x", "é", "字", "𝄞"])
@both
async def test_a_text_of_exactly_2048_bytes_is_sent_whole(emulator_client, character, awaited):
    longest = character * (2048 // size(character)) + "x" * (2048 % size(character))
    server = VectorServer()
    for way in ("error", "truncate", "split"):
        await embed_texts(server, [longest], awaited=awaited, long_text=way)
    assert [body["input"] for body in server.bodies] == [[longest]] * 3
    emulator_client.embed([longest])  # the emulator's own reading of the limit
    for way in ("truncate", "split"):
        emulator_client.embed([character + longest], long_text=way)


@pytest.fixture
def emulator_client(emulator):
    key = emulator.config_vars["INFERENCE_KEY"]
    return Client(api_key=key, base_url=emulator.url)


@pytest.mark.parametrize("character", ["é", "字", "𝄞", *WHOLE])
def test_no_cut_divides_a_character_wherever_it_falls(character):
    for before in range(2048 - 30, 2049):
        text = "x" * before + character + "y" * 40
        (beginning,) = pieces_of(text, "truncate")
        assert text.startswith(beginning)
        assert size(beginning) <= 2048
        assert (character in beginning) == (before + size(character) <= 2048)
        if character not in beginning:
            assert beginning == "x" * before
        first, *others = pieces_of(text, "split")
        assert first == beginning
        assert "".join([first, *others]) == text


@pytest.mark.parametrize("character", ["é", "字", "𝄞", "あいう、えお。", "字 ", *WHOLE])
@pytest.mark.parametrize("offset", range(0, 30, 3))
def test_pieces_fit_lose_nothing_and_hold_whole_characters(character, offset):
    text = "x" * offset + character * 1000
    pieces = pieces_of(text, "split")
    assert "".join(pieces) == text
    assert all(size(piece) <= 2048 for piece in pieces)
    assert all(size(piece) > 1000 for piece in pieces[:-1])
    if character in WHOLE:
        assert sum(piece.count(character) for piece in pieces) == 1000


def test_pieces_of_japanese_end_behind_full_stops():
    text = "今日は雨が降っています。" * 100
    pieces = pieces_of(text, "split")
    assert "".join(pieces) == text
    assert all(piece.endswith("。") for piece in pieces)


def test_a_space_stays_with_the_mark_on_it():
    text = "x" * 2000 + " \u0301" + "y" * 2000
    assert pieces_of(text, "split")[:2] == ["x" * 2000, " \u0301" + "y" * 2000]


@pytest.mark.parametrize("part", ["\u0301", "👩‍", "\u200d"])
def test_the_limit_wins_over_one_endless_character(part):
    text = "e" + part * 5000
    pieces = pieces_of(text, "split")
    assert "".join(pieces) == text
    assert all(size(piece) <= 2048 for piece in pieces)
    assert size(pieces[0]) > 2040
    assert size(pieces_of(text, "truncate")[0]) > 2040


@both
async def test_pieces_weigh_by_their_bytes(awaited):
    text = "字" * 682 + "  " + "z" * 1024  # 2048 and 1024 bytes, 684 and 1024 characters
    result = await embed_texts(VectorServer(), [text], awaited=awaited, long_text="split")
    pieces = zip(vector_of("字" * 682 + "  "), vector_of("z" * 1024), strict=True)
    sums = [2 * first + second for first, second in pieces]
    assert result.vectors[0] == pytest.approx([value / math.hypot(*sums) for value in sums])
