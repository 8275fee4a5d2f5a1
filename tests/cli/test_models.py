"""`heroku-inference models`."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from heroku_emulator import Fault
from heroku_inference import Client
from heroku_inference._catalogue import KNOWN_MODELS
from heroku_inference.cli.listing import fetch_models

from .terminal import Terminal

SAMPLE = Path(__file__).parents[1] / "samples" / "available_models.json"
PATH = "/available-models"
FIELDS = {
    "model_id",
    "kind",
    "regions",
    "state",
    "deprecation_date",
    "eol_date",
    "replacement_model",
    "warning",
    "maker_id",
    "context_window",
    "max_output_tokens",
    "vision",
    "thinking",
    "thinking_budget",
    "sampling",
    "tools",
    "embedding_width",
    "requests_per_minute",
    "source",
}


def test_the_list_needs_no_config_vars_but_where_it_is(emulator, start):
    ran = start("models", "--base-url", emulator.url)
    assert (ran.code, ran.err) == (0, "")
    assert "authorization" not in emulator.journal[-1].headers
    lines = ran.out.splitlines()
    assert lines[:2] == [
        "Chat",
        "MODEL                     REGIONS  CONTEXT  VISION  THINKING  TOOLS  PER MINUTE",
    ]
    assert (
        "claude-4-5-sonnet         eu us       200K  ✓       ✓         ✓             150" in lines
    )
    assert "cohere-embed-multilingual  eu us     1024         500" in lines
    assert [line for line in lines if line != line.rstrip()] == []
    assert "\x1b" not in ran.out


def test_a_key_in_the_environment_is_not_sent_along(emulator, run):
    assert run("models", env=emulator.config_vars).code == 0
    assert "authorization" not in emulator.journal[-1].headers


def test_the_us_endpoint_is_the_default(run):
    ran = run("models", env={"https_proxy": "http://127.0.0.1:9"})  # so that nothing leaves
    assert ran.code == 1
    assert "The connection to https://us.inference.heroku.com failed" in ran.err


def test_json_is_one_list_of_stable_objects(emulator, run):
    ran = run("models", "--json", env=emulator.config_vars)
    assert len(ran.json) == len(KNOWN_MODELS)
    assert all(set(entry) == FIELDS for entry in ran.json)
    (one,) = [entry for entry in ran.json if entry["model_id"] == "claude-3-5-haiku"]
    assert one == {
        "model_id": "claude-3-5-haiku",
        "kind": "chat",
        "regions": ["us"],
        "state": "deprecated",
        "deprecation_date": "2026-05-12",
        "eol_date": "2026-06-12",
        "replacement_model": "claude-4-5-haiku",
        "warning": one["warning"],
        "maker_id": "claude-3-5-haiku-20241022",
        "context_window": 200000,
        "max_output_tokens": 4096,
        "vision": False,
        "thinking": False,
        "thinking_budget": None,
        "sampling": True,
        "tools": True,
        "embedding_width": None,
        "requests_per_minute": 200,
        "source": "Heroku's list, 8 Apr 2026; Dev Center, 16 May 2025",
    }


def test_models_stand_by_kind_and_name(emulator, run):
    entries = run("models", "--json", env=emulator.config_vars).json
    kinds = [entry["kind"] for entry in entries]
    assert list(dict.fromkeys(kinds)) == ["chat", "embedding", "rerank", "image"]
    chat = [entry["model_id"] for entry in entries if entry["kind"] == "chat"]
    assert chat == sorted(chat)


def test_a_region_and_a_kind_narrow_the_list(emulator, run):
    eu = run("models", "--region", "eu", "--json", env=emulator.config_vars).json
    assert {"claude-3-haiku", "nova-lite"} <= {entry["model_id"] for entry in eu}
    assert "kimi-k2-5" not in {entry["model_id"] for entry in eu}
    both = run("models", "--region", "us", "--kind", "rerank", "--json", env=emulator.config_vars)
    assert [entry["model_id"] for entry in both.json] == ["amazon-rerank-1-0", "cohere-rerank-3-5"]
    none = run("models", "--region", "eu", "--kind", "image", env=emulator.config_vars)
    assert (none.code, none.out) == (0, "")


def test_a_model_that_nobody_knows_is_shown_with_blanks(emulator, run):
    listed = [
        {"model_id": "new-model-9", "regions": ["us"], "type": ["text-to-text"]},
        {"model_id": "talker-1", "regions": [], "type": ["text-to-speech"]},
    ]
    emulator.script(Fault(200, body=listed, path=PATH, times=2))
    out = run("models", env=emulator.config_vars).out
    assert "\nnew-model-9  us\n" in out
    assert "Of a kind unknown to this version\nMODEL     REGIONS\ntalker-1\n" in out
    entries = run("models", "--json", env=emulator.config_vars).json
    assert [entry["kind"] for entry in entries] == ["chat", None]
    assert entries[0]["tools"] is None


def test_control_characters_in_a_name_do_not_reach_the_terminal(emulator, run):
    name = "a\x1b[2J\u202eb\x9b"
    listed = [{"model_id": name, "regions": ["u\x9b\u2066s"], "type": ["text-to-text"]}]
    emulator.script(Fault(200, body=listed, path=PATH, times=2))
    out = run("models", env=emulator.config_vars).out
    assert "a[2Jb  us" in out
    ran = run("models", "--json", env=emulator.config_vars)
    assert not set(ran.out) & set(name) - set("a[2Jb")
    assert ran.json[0]["model_id"] == name


@pytest.mark.parametrize(
    ("today", "warning"),
    [
        (date(2026, 5, 12), "deprecated, ends on 2026-06-12; use claude-4-5-haiku"),
        (date(2026, 6, 11), "deprecated, ends on 2026-06-12; use claude-4-5-haiku"),
        (date(2026, 6, 12), "past its end of life of 2026-06-12; use claude-4-5-haiku"),
        (date(2027, 1, 1), "past its end of life of 2026-06-12; use claude-4-5-haiku"),
    ],
    ids=str,
)
def test_the_end_of_a_models_life_depends_on_the_date(emulator, today, warning):
    models = fetch_models(emulator.url, today=today)
    (model,) = [model for model in models if model.entry.model_id == "claude-3-5-haiku"]
    assert model.warning == warning


@pytest.mark.parametrize(
    ("said", "warning"),
    [
        ({}, None),
        ({"eol_date": "2027-01-01T00:00:00Z"}, None),
        ({"eol_date": "2026-03-01T00:00:00Z"}, "to be deprecated, ends on 2026-03-01"),
        ({"deprecation_date": "2026-03-01T00:00:00Z"}, "to be deprecated, from 2026-03-01"),
        ({"state": "deprecated"}, "deprecated, its end is not named"),
    ],
    ids=["nothing", "far", "near", "later", "no-dates"],
)
def test_what_the_list_leaves_out_is_not_made_up(emulator, said, warning):
    listed = [{"model_id": "m", "type": ["text-to-text"], **said}]
    emulator.script(Fault(200, body=listed, path=PATH))
    (model,) = fetch_models(emulator.url, today=date(2026, 2, 1))
    assert model.warning == warning


def test_the_warnings_stand_under_the_tables(emulator, run):
    emulator.script(Fault(200, body=json.loads(SAMPLE.read_text()), path=PATH))
    out = run("models", env=emulator.config_vars).out
    assert "Ends of life\nclaude-3-5-haiku " in out


def test_the_sample_is_listed_whole(emulator):
    emulator.script(Fault(200, body=json.loads(SAMPLE.read_text()), path=PATH, times=2))
    client = Client(api_key="inf-made-up", base_url=emulator.url)
    wanted = {model.model_id for model in client.models()}
    assert {model.entry.model_id for model in fetch_models(emulator.url)} == wanted


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Fault(503, path=PATH), "Heroku answered 503"),
        (Fault.not_json(path=PATH), "Check that the URL is the add-on's <ALIAS>_URL"),
    ],
    ids=["503", "html"],
)
def test_a_list_that_cannot_be_fetched_is_an_error_of_one_line(emulator, run, step, words):
    emulator.script(step)
    ran = run("models", env=emulator.config_vars)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert words in ran.err


def test_an_invalid_url_is_an_error_of_the_user(run):
    ran = run("models", "--base-url", "ftp://x")
    assert ran.code == 2
    assert "'ftp://x' is not the URL of an API" in ran.err


def test_a_narrow_terminal_shows_the_width_of_vectors_too(emulator, tmp_path):
    with Terminal(emulator, tmp_path, "models", "--kind", "embedding", COLUMNS="50") as terminal:
        assert terminal.wait() == 0
    assert "1024 wide" in terminal.seen
    assert "500/min" in terminal.seen
