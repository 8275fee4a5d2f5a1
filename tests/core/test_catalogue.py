"""What is known of models, and the reading of Heroku's own list."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter

from heroku_emulator.models import MODELS, find_model
from heroku_inference import AvailableModel, McpServer, McpTool, ModelFacts, _warnings
from heroku_inference._catalogue import (
    KNOWN_MODELS,
    available_models,
    canonical_id,
    is_claude,
    known_model,
    thinks_by_effort,
    warn_of_end,
    warn_of_sampling,
)
from heroku_inference._errors import InvalidResponseError
from heroku_inference._values import Reply


def reply(body) -> Reply:
    return Reply(200, {}, json.dumps(body).encode())


def test_the_list_is_read_with_its_dates_and_successors():
    [haiku] = available_models(
        reply(
            [
                {
                    "deprecation_date": "2026-05-12T00:00:00Z",
                    "eol_date": "2026-06-12T00:00:00Z",
                    "model_id": "claude-3-5-haiku",
                    "regions": ["us"],
                    "replacement_model": "claude-4-5-haiku",
                    "state": "deprecated",
                    "type": ["text-to-text"],
                }
            ]
        )
    )
    assert haiku.regions == ("us",)
    assert haiku.kinds == {"chat"}
    assert haiku.state == "deprecated"
    assert haiku.deprecation_date == datetime(2026, 5, 12, tzinfo=UTC)
    assert haiku.eol_date == datetime(2026, 6, 12, tzinfo=UTC)
    assert haiku.replacement_model == "claude-4-5-haiku"


def test_fields_the_list_leaves_out_or_adds_do_no_harm():
    [model] = available_models(reply([{"model_id": "new", "type": ["text-to-tune"], "price": 1}]))
    assert model.model_id == "new"
    assert model.state is None
    assert model.kinds == frozenset()


@pytest.mark.parametrize("body", [{"data": []}, [{"id": "gpt"}], "<html>", None])
def test_another_shape_is_refused(body):
    with pytest.raises(InvalidResponseError):
        available_models(reply(body))


def test_an_unknown_model_is_accepted():
    assert known_model("claude-9-sonnet") is None


@pytest.mark.parametrize(
    ("model_id", "expected"),
    [
        ("claude-4-5-sonnet", {"kind": "chat", "context_window": 200_000, "vision": True}),
        ("claude-4-sonnet", {"max_output_tokens": 8192, "thinking": True, "vision": None}),
        ("claude-3-5-haiku", {"max_output_tokens": 4096, "eol_date": date(2026, 6, 12)}),
        ("claude-opus-4-6", {"max_output_tokens": None, "tools": True}),
        ("gpt-oss-120b", {"context_window": 131_072, "regions": ("eu", "us")}),
        ("nova-pro", {"context_window": 300_000}),
        ("glm-4-7", {"context_window": None, "tools": None}),
        ("cohere-embed-multilingual", {"kind": "embedding", "embedding_width": 1024}),
        ("cohere-embed-v4", {"kind": "embedding", "embedding_width": 1536}),
        ("claude-4-6-sonnet", {"requests_per_minute": 150, "vision": True, "sampling": True}),
        ("claude-4-sonnet", {"deprecation_date": date(2026, 2, 19), "eol_date": None}),
        ("claude-opus-4-7", {"sampling": False, "thinking_budget": False, "thinking": True}),
        ("claude-opus-4-8", {"sampling": False, "context_window": None}),
        ("amazon-rerank-1-0", {"kind": "rerank", "requests_per_minute": 200}),
        ("stable-image-ultra", {"kind": "image", "regions": ("us",)}),
    ],
)
def test_known_facts(model_id, expected):
    facts = known_model(model_id)
    assert {name: getattr(facts, name) for name in expected} == expected


@pytest.mark.parametrize("model_id", KNOWN_MODELS)
def test_the_emulator_has_read_the_same_facts_in_herokus_documentation(model_id):
    facts, read = known_model(model_id), MODELS[model_id]
    assert (facts.kind, facts.regions) == (read.kind, read.regions)
    names = ("vision", "thinking", "embedding_width", "requests_per_minute", "replacement_model")
    stated = {name: fact for name in names if (fact := getattr(facts, name)) is not None}
    assert stated == {name: getattr(read, name) for name in stated}
    assert (facts.eol_date and facts.eol_date.isoformat()) == read.eol_date
    if read.deprecation_date is not None:
        assert facts.deprecation_date.isoformat() == read.deprecation_date
    if facts.sampling is not None:
        assert facts.sampling == read.sampling_parameters
    if facts.thinking_budget is not None:
        assert facts.thinking_budget == read.thinking_budget


@pytest.mark.parametrize("facts", KNOWN_MODELS.values(), ids=list(KNOWN_MODELS))
def test_every_model_says_where_its_facts_come_from_and_of_what_year(facts):
    assert re.search(r"\b202[56]\b", facts.source)


@pytest.mark.parametrize(
    ("model_id", "maker_id"),
    [
        ("claude-4-5-sonnet", "claude-sonnet-4-5"),
        ("claude-haiku-4-5", "claude-haiku-4-5"),
        ("claude-opus-4-8", "claude-opus-4-8"),
        ("claude-4-sonnet", "claude-sonnet-4-20250514"),
        ("nova-lite", "amazon.nova-lite-v1:0"),
        ("cohere-embed-multilingual", "embed-multilingual-v3.0"),
        ("cohere-rerank-3-5", "rerank-v3.5"),
        ("glm-4-7", None),
    ],
)
def test_a_model_has_its_makers_id_where_the_maker_publishes_one(model_id, maker_id):
    assert known_model(model_id).maker_id == maker_id


@pytest.mark.parametrize(
    ("alias", "model_id"),
    [
        ("claude-sonnet-4-6", "claude-4-6-sonnet"),
        ("claude-sonnet-4-5", "claude-4-5-sonnet"),
        ("claude-haiku-4-5", "claude-4-5-haiku"),
        ("claude-4-5-opus", "claude-opus-4-5"),
        ("claude-4-8-opus", "claude-opus-4-8"),
    ],
)
def test_both_orders_of_words_are_one_model(alias, model_id):
    assert known_model(alias) is known_model(model_id) is KNOWN_MODELS[model_id]
    assert alias not in KNOWN_MODELS
    assert canonical_id(alias) == canonical_id(model_id) == model_id


def test_aliases_are_unique_and_mean_the_same_to_the_emulator():
    aliases = [(alias, facts) for facts in KNOWN_MODELS.values() for alias in facts.aliases]
    assert len({alias for alias, _ in aliases}) == len(aliases)
    for alias, facts in aliases:
        assert find_model(alias).model_id == facts.model_id


@pytest.mark.parametrize(
    ("model_id", "claude"),
    [
        ("claude-sonnet-4-6", True),
        ("claude-9-sonnet", True),
        ("anthropic/claude-9-sonnet", True),
        ("heroku-inference:claude-4-5-haiku", True),
        ("not-claude-9", False),
        ("claudette", False),
        ("gpt-oss-120b", False),
    ],
)
def test_claude_is_known_by_the_beginning_of_a_name(model_id, claude):
    assert is_claude(model_id) is claude
    assert thinks_by_effort(model_id) is claude


@pytest.mark.parametrize("model_id", ["claude-3-haiku", "claude-haiku-3-5", "nova-pro"])
def test_an_effort_makes_no_model_think_that_does_not(model_id):
    assert not thinks_by_effort(model_id)


@pytest.fixture
def _nobody_has_been_warned():
    _warnings._given.clear()


@pytest.mark.usefixtures("_nobody_has_been_warned")
@pytest.mark.parametrize("model_id", ["claude-3-5-haiku", "claude-haiku-3-5"])
def test_the_end_of_life_is_judged_by_the_day(model_id):
    warn_of_end(model_id, today=date(2026, 6, 11))
    with pytest.warns(UserWarning, match="on 2026-06-12.* Use 'claude-4-5-haiku'") as caught:
        warn_of_end(model_id, today=date(2026, 6, 12))
    assert caught[0].filename == __file__
    warn_of_end("claude-3-5-haiku", today=date(2026, 6, 13))


@pytest.mark.parametrize("model_id", ["claude-4-sonnet", "claude-9-sonnet", ""])
def test_no_end_of_life_is_made_up(model_id):
    warn_of_end(model_id, today=date(2999, 1, 1))


@pytest.mark.usefixtures("_nobody_has_been_warned")
def test_sampling_warns_once_for_each_model_and_parameter_whatever_the_spelling():
    for model_id, name in (("claude-opus-4-7", "top_p"), ("claude-opus-4-8", "top_p")):
        with pytest.warns(UserWarning, match=f"'{model_id}' refuses {name}"):
            warn_of_sampling(model_id, [name])
    warn_of_sampling("claude-4-7-opus", ["top_p"])
    warn_of_sampling("claude-opus-4-6", ["temperature"])
    warn_of_sampling("claude-9-opus", ["temperature"])


def test_successors_are_known_themselves_and_the_table_cannot_be_changed():
    successors = {facts.replacement_model for facts in KNOWN_MODELS.values()} - {None}
    assert successors <= set(KNOWN_MODELS)
    assert all(model_id == facts.model_id for model_id, facts in KNOWN_MODELS.items())
    with pytest.raises(TypeError):
        KNOWN_MODELS["claude-3-haiku"] = None


@pytest.mark.parametrize("kind", [AvailableModel, McpServer, McpTool, ModelFacts])
def test_pydantic_reads_the_values_by_their_public_address(kind):
    assert kind.__module__ == "heroku_inference"
    assert TypeAdapter(kind).json_schema()["type"] == "object"
