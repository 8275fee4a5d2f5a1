"""What is known of models, and the reading of Heroku's own list."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter

from heroku_emulator.models import MODELS
from heroku_inference import AvailableModel, McpServer, McpTool, ModelFacts
from heroku_inference._catalogue import KNOWN_MODELS, available_models, known_model
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
        ("cohere-embed-v4", {"kind": "embedding", "embedding_width": None}),
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
