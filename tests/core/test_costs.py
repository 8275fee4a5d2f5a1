"""Tokens by model, and money by a table of prices."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import pytest

from heroku_emulator import CallTools, Say, ToolResult
from heroku_inference import (
    ChatResult,
    Client,
    ConfigError,
    Prices,
    RerankResult,
    Usage,
    UsageTally,
)
from heroku_inference.agent_tools import heroku_tool

HELLO = [{"role": "user", "content": "Hello there"}]
TABLE = {
    "claude-4-5-sonnet": {"input_cost_per_token": 3e-6, "output_cost_per_token": 15e-6},
    "embed-multilingual-v3.0": {"input_cost_per_token": 1e-7, "output_cost_per_token": 0.0},
    "sample_spec": {"max_tokens": "a text", "input_cost_per_token": None},
}
SONNET = "claude-4-5-sonnet"


def test_tokens_are_summed_by_model(config_vars, emulator):
    client, tally = Client(), UsageTally()
    emulator.script(
        *(Say("Hi."), CallTools([("code_exec_python", {"code": "1"})], path="/v1/agents/heroku")),
        *(ToolResult("1"), Say("One.", path="/v1/agents/heroku")),
    )
    chat = client.chat(HELLO)
    run = client.run_agent(HELLO, tools=[heroku_tool("code_exec_python")], model="claude-4-sonnet")
    vectors = client.embed(["a text", "another"] * 50)
    for answer in (chat, chat, run, vectors):
        tally.add(answer)
    doubled = chat.usage + chat.usage
    assert tally.by_model == {
        SONNET: doubled,
        "claude-4-sonnet": run.usage,
        "cohere-embed-multilingual": vectors.usage,
    }
    assert tally.total == doubled + run.usage + vectors.usage
    assert [(row.model, row.answers, row.uncounted) for row in tally.rows()] == [
        *((SONNET, 2, 0), ("claude-4-sonnet", 1, 0), ("cohere-embed-multilingual", 1, 0)),
    ]
    assert tally.cost is None


def test_streams_are_counted_by_their_last_piece(config_vars):
    tally = UsageTally()
    for chunk in Client().stream_chat(HELLO):
        if chunk.usage:
            tally.add(chunk.usage, model=SONNET)
    assert tally.total == Client().chat(HELLO).usage


def test_counts_of_the_frameworks_are_read():
    tally = UsageTally()
    langchain = {
        "input_tokens": 10,
        "output_tokens": 3,
        "total_tokens": 13,
        "input_token_details": {"cache_read": 4, "cache_creation": 2},
        "output_token_details": {"reasoning": 1},
    }
    llama_index = {"prompt_tokens": 5, "completion_tokens": 1, "cached_tokens": 1, "other": "x"}
    tally.add(langchain, model="a")
    tally.add(llama_index, model="b")
    assert tally.by_model == {"a": Usage(10, 3, 13, 4, 2, 1), "b": Usage(5, 1, 6, 1)}


def test_answers_without_counts_or_model_are_told():
    tally = UsageTally()
    tally.add(ChatResult("Hi."))
    [row] = tally.rows()
    assert (row.model, row.answers, row.uncounted, row.total_tokens) == ("unknown", 1, 1, 0)
    with pytest.raises(ConfigError, match="Pass model="):
        tally.add(Usage(1, 2, 3))
    with pytest.raises(ConfigError, match="A RerankResult has no tokens to count"):
        tally.add(RerankResult())


def test_a_tally_takes_answers_from_many_threads():
    tally = UsageTally()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(2_000):
            pool.submit(tally.add, Usage(1, 2, 3), model="a")
    assert tally.by_model == {"a": Usage(2_000, 4_000, 6_000)}


def test_details_that_nobody_tells_stay_unknown():
    assert Usage(1, 2, 3) + Usage(1, 2, 3) == Usage(2, 4, 6)
    assert Usage(1, 2, 3, cached_tokens=1) + Usage(1, 2, 3) == Usage(2, 4, 6, cached_tokens=1)
    with pytest.raises(TypeError):
        Usage(1, 2, 3) + 1


@pytest.mark.parametrize("model", [SONNET, "claude-sonnet-4-5"])
def test_a_model_has_its_price_by_any_of_its_ids(model):
    for key in (SONNET, "claude-sonnet-4-5", f"heroku/{SONNET}"):
        prices = Prices({"claude-sonnet-4-5": {"input_cost_per_token": 1}, key: TABLE[SONNET]})
        assert prices.cost(model, Usage(1000, 200, 1200)) == pytest.approx(0.006)
    embedding = Prices(TABLE).cost("cohere-embed-multilingual", Usage(1000, 0, 1000))
    assert embedding == pytest.approx(1e-4)
    for unknown in ("nova-lite", "sample_spec", "a-new-model"):
        assert Prices(TABLE).cost(unknown, Usage(1, 2, 3)) is None


def test_cached_tokens_are_part_of_the_prompt_and_have_their_own_price():
    usage = Usage(100, 0, 100, cached_tokens=60, cache_creation_tokens=30)
    full = {"input_cost_per_token": 1.0}
    assert Prices({"a": full}).cost("a", usage) == 100
    own = {**full, "cache_read_input_token_cost": 0.5, "cache_creation_input_token_cost": 2}
    assert Prices({"a": own}).cost("a", usage) == 10 + 30 + 60
    assert Prices({"a": full}).cost("a", Usage(1, 1, 2)) is None  # no price of output


def test_the_config_var_names_a_file_or_is_the_table(monkeypatch, tmp_path):
    assert Prices.from_config() is None
    file = tmp_path / "prices.json"
    file.write_text(json.dumps(TABLE))
    for value in (str(file), json.dumps(TABLE)):
        monkeypatch.setenv("INFERENCE_PRICES", value)
        tally = UsageTally()
        tally.add(Usage(1000, 200, 1200), model=SONNET)
        assert tally.cost == pytest.approx(0.006)
        tally.add(Usage(1, 0, 1), model="nova-lite")
        assert tally.cost is None
        costs = [asdict(row)["cost"] for row in tally.rows()]
        assert costs == [pytest.approx(0.006), None]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("/no/such/file.json", "INFERENCE_PRICES cannot be read: .*No such file"),
        ("{", "INFERENCE_PRICES cannot be read: "),
        ('{"a": 3}', "INFERENCE_PRICES: Prices of 'a' are not an object"),
        ('{"a": {"input_cost_per_token": "3"}}', "input_cost_per_token of 'a' is not a number"),
    ],
    ids=["no-file", "no-json", "no-object", "no-number"],
)
def test_a_table_that_cannot_be_read_is_an_error_when_it_is_loaded(monkeypatch, value, says):
    monkeypatch.setenv("INFERENCE_PRICES", value)
    with pytest.raises(ConfigError, match=says):
        UsageTally()


@pytest.mark.parametrize("price", [-1, math.nan, math.inf, True])
def test_prices_are_numbers_from_0(price):
    with pytest.raises(ConfigError, match="not a number from 0"):
        Prices({"a": {"output_cost_per_token": price}})
    with pytest.raises(ConfigError, match="not an object"):
        Prices([price])


def test_a_notebook_shows_a_table():
    tally = UsageTally(Prices(TABLE))
    tally.add(Usage(1000, 200, 1200), model=SONNET)
    tally.add(Usage(1, 0, 1), model="<b>")
    assert "<td>0.006</td>" in tally._repr_html_()
    assert "<b>" not in tally._repr_html_()
    assert repr(tally).startswith("UsageTally(<2 answers>, Usage(")
