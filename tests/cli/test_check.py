"""`heroku-inference check`: what it checks, and how it reports."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import jsonschema
import pytest

from heroku_emulator import Emulator, McpServer, McpTool
from heroku_inference.cli.checks.catalogue import CHECKS, DEFAULT_CALLS
from heroku_inference.cli.checks.runner import Check, run_checks

CHAT = "/v1/chat/completions"
DEFAULT = [check.name for check in CHECKS if not check.extra]
EXTRA = [check.name for check in CHECKS if check.extra]

_TEXT_OR_NULL = {"type": ["string", "null"]}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "ok", "base_url", "attachments", "checks", "stopped"],
    "properties": {
        "version": {"const": 1},
        "ok": {"type": "boolean"},
        "base_url": _TEXT_OR_NULL,
        "stopped": _TEXT_OR_NULL,
        "attachments": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["alias", "key", "url", "model", "source", "used_for"],
                "properties": {
                    "alias": {"type": "string"},
                    "key": {"type": "boolean"},
                    "url": _TEXT_OR_NULL,
                    "model": _TEXT_OR_NULL,
                    "source": {"type": "string"},
                    "used_for": {
                        "type": "array",
                        "items": {"enum": ["chat", "embedding", "rerank", "image"]},
                    },
                },
            },
        },
        "checks": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "title", "result", "detail", "remedy", "milliseconds"],
                "properties": {
                    "name": {"enum": DEFAULT + EXTRA},
                    "title": {"type": "string"},
                    "result": {"enum": ["passed", "failed", "skipped"]},
                    "detail": {"type": "string", "minLength": 1},
                    "remedy": _TEXT_OR_NULL,
                    "milliseconds": {"type": ["integer", "null"]},
                },
            },
        },
    },
}


def test_all_is_well_in_a_process_of_its_own(emulator, start):
    ran = start("check", env=emulator.config_vars)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == [
        "DIFFUSION",
        "EMBEDDING",
        "INFERENCE",
        "RERANK",
    ]
    assert "key present" in lines[0]
    assert lines[-1] == f"{len(DEFAULT)} passed"
    assert sum(line.startswith("✓") for line in lines) == len(DEFAULT)
    assert "\x1b" not in ran.out
    assert [line for line in lines if line != line.rstrip()] == []


def test_it_makes_as_many_paid_calls_as_its_help_says(emulator, run):
    assert run("check", env=emulator.config_vars).code == 0
    paid = [entry for entry in emulator.journal if entry.method == "POST"]
    assert len(paid) == DEFAULT_CALLS
    assert f"{DEFAULT_CALLS} paid calls" in " ".join(run("check", "--help").out.split())


def test_json_is_all_there_is_on_stdout_and_keeps_its_schema(emulator, start):
    ran = start("check", "--json", env=emulator.config_vars)
    jsonschema.validate(ran.json, SCHEMA)
    assert ran.json["ok"]
    assert ran.results() == dict.fromkeys(DEFAULT, "passed")
    inference = ran.json["attachments"][2]
    assert inference == {
        "alias": "INFERENCE",
        "key": True,
        "url": emulator.url,
        "model": "claude-4-5-sonnet",
        "source": "environment",
        "used_for": ["chat"],
    }


def test_the_list_of_models_is_requested_without_the_key(emulator, run):
    run("check", "--only", "models", env=emulator.config_vars)
    assert "authorization" not in emulator.journal[-1].headers


def test_the_second_turn_of_the_tool_call_truly_happens(emulator, run):
    ran = run("check", "--json", env=emulator.config_vars)
    turns = [entry.body["messages"] for entry in emulator.journal.to(CHAT)]
    (second,) = [messages for messages in turns if len(messages) == 3]
    assert [message["role"] for message in second] == ["user", "assistant", "tool"]
    assert second[1]["tool_calls"][0]["id"] == second[2]["tool_call_id"]
    assert ran.results()["tool-result"] == "passed"


@pytest.mark.parametrize("name", DEFAULT)
def test_each_check_can_be_made_alone(emulator, run, name):
    ran = run("check", "--only", name, "--json", env=emulator.config_vars)
    assert (ran.code, ran.results()) == (0, {name: "passed"})


def test_an_unknown_check_is_refused_with_the_list(emulator, run):
    ran = run("check", "--only", "chatt", env=emulator.config_vars)
    assert ran.code == 2
    assert "rate-limits" in ran.err
    assert len(emulator.journal) == 0


def test_all_makes_the_checks_that_cost_more(emulator, run):
    ran = run("check", "--all", "--json", env=emulator.config_vars)
    jsonschema.validate(ran.json, SCHEMA)
    assert ran.results() == dict.fromkeys(DEFAULT + EXTRA, "passed")
    paths = {entry.path for entry in emulator.journal}
    assert {"/v1/agents/heroku", "/v1/images/generations", "/v1/mcp/servers"} <= paths
    assert "/v1/messages" in paths


def test_servers_and_their_tools_are_counted(run):
    servers = [McpServer("acute", tools=[McpTool(name="add", run=sum)]), McpServer("brave")]
    with Emulator(engine="deterministic", mcp_servers=servers) as emulator:
        ran = run("check", "--only", "mcp", "--json", env=emulator.config_vars)
    assert ran.checks()["mcp"]["detail"] == "2 registered (acute, brave), 1 tool"


def test_what_a_check_loads_is_there_before_its_time_counts(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    target = SimpleNamespace(advice=None, done=set(), reached=False)
    checks = [
        Check(name=name, title=name, run=lambda _: str("colorsys" in sys.modules), loads=name)
        for name in ("no_such_module", "colorsys")
    ]
    details = [result.detail for result in run_checks(target, checks)]
    assert details == ["False", "True"]


def test_the_chosen_model_answers(emulator, run):
    ran = run("check", "--only", "chat", "--model", "nova-lite", env=emulator.config_vars)
    assert "nova-lite answers" in ran.out
    assert emulator.journal[-1].body["model"] == "nova-lite"


def test_a_model_that_does_not_think_is_not_made_to(emulator, run):
    ran = run("check", "--model", "nova-lite", "--json", env=emulator.config_vars)
    assert ran.code == 0
    assert ran.checks()["thinking"]["detail"] == "nova-lite does not think on request"
    assert not [entry for entry in emulator.journal if "extended_thinking" in (entry.body or {})]


def test_a_model_that_takes_no_thinking_budget_is_not_given_one(emulator, run):
    model = "claude-opus-4-8"
    ran = run("check", "--only", "thinking", "--model", model, "--json", env=emulator.config_vars)
    assert ran.code == 0
    assert "claude-opus-4-8 takes no thinking budget" in ran.checks()["thinking"]["detail"]


def test_a_model_is_found_on_the_list_by_its_other_spelling(emulator, run):
    model = "claude-sonnet-4-6"
    ran = run("check", "--only", "models", "--model", model, "--json", env=emulator.config_vars)
    assert ran.code == 0
    assert f"{model} is active in eu, us" in ran.checks()["models"]["detail"]


def test_a_standard_plan_that_names_no_model_is_checked_with_one(emulator, run):
    ran = run("check", "--json", env=standard(emulator))
    assert ran.code == 0
    assert "no model is set" in ran.checks()["chat"]["detail"]
    assert emulator.journal.to(CHAT)[0].body["model"] == "claude-4-5-haiku"


def test_an_attachment_of_another_name_is_found_and_used_by_alias(emulator, run):
    env = standard(emulator, "HEROKU_INFERENCE_TEAL")
    without = run("check", env=env)
    assert without.code == 2
    assert "--alias HEROKU_INFERENCE_TEAL" in without.err
    assert run("check", "--alias", "heroku_inference_teal", env=env).code == 0


def test_on_a_per_model_plan_what_is_not_attached_is_skipped_with_how_to(run):
    with Emulator(engine="deterministic", plan={"model": "claude-3-haiku"}) as emulator:
        ran = run("check", "--json", env=emulator.config_vars)
    assert ran.code == 0
    for name, alias in (("embeddings", "EMBEDDING"), ("rerank", "RERANK")):
        check = ran.checks()[name]
        assert check["result"] == "skipped"
        assert f"-a APP --as {alias}`" in check["detail"]


def test_a_key_that_does_not_open_its_own_attachment_is_a_failure(run):
    with Emulator(engine="deterministic", plan={"model": "claude-3-haiku"}) as emulator:
        own = {
            "EMBEDDING_KEY": emulator.api_key,
            "EMBEDDING_URL": emulator.url,
            "EMBEDDING_MODEL_ID": "cohere-embed-multilingual",
        }
        ran = run("check", "--json", env=emulator.config_vars | own)
    assert ran.code == 1
    assert ran.results()["embeddings"] == "failed"
    assert "does not open this model" in ran.checks()["embeddings"]["remedy"]


def test_an_app_with_embeddings_alone_is_checked_for_embeddings(emulator, run):
    env = {name: value for name, value in emulator.config_vars.items() if "EMBEDDING" in name}
    ran = run("check", "--json", env=env)
    results = ran.results()
    assert (ran.code, results["embeddings"], results["chat"]) == (0, "passed", "skipped")
    assert "INFERENCE_KEY is not set" in ran.checks()["chat"]["detail"]


def test_an_attachment_of_another_kind_is_not_made_to_chat(emulator, run):
    ran = run("check", "--alias", "EMBEDDING", "--json", env=emulator.config_vars)
    assert ran.results()["chat"] == "skipped"
    assert "does not chat" in ran.checks()["chat"]["detail"]
    assert not emulator.journal.to(CHAT)


def test_the_file_of_config_vars_is_read_and_named(emulator, start, tmp_path):
    lines = [f"{name}={value}" for name, value in emulator.config_vars.items()]
    (tmp_path / ".env").write_text("\n".join(lines))
    ran = start("check", "--json", "--only", "config")
    assert [one["source"] for one in ran.json["attachments"]] == [".env"] * 4
    (tmp_path / ".env").rename(tmp_path / "prod.env")
    assert start("check", "--only", "chat").code == 2
    assert start("check", "--only", "chat", "--env-file", "prod.env").code == 0


def test_the_environment_wins_over_the_file(emulator, start, tmp_path):
    (tmp_path / ".env").write_text("INFERENCE_KEY=inf-wrong-key\nINFERENCE_MODEL_ID=nova-pro\n")
    ran = start("check", "--json", "--only", "chat", env=standard(emulator))
    assert ran.code == 0
    assert ran.json["attachments"][0]["source"] == "environment"
    assert emulator.journal[-1].body["model"] == "nova-pro"


def standard(emulator, alias="INFERENCE"):
    """What a standard plan sets: it names no model."""
    return {f"{alias}_KEY": emulator.api_key, f"{alias}_URL": emulator.url}
