"""What goes wrong is said with what to do about it, and stops no more than it must."""

from __future__ import annotations

import pytest

from heroku_emulator import Cut, ErrorEvent, Fault, Reset
from heroku_inference import ConfigError, Settings
from heroku_inference.cli.checks.catalogue import CHECKS
from heroku_inference.cli.problems import describe, remedy_of

CHAT = "/v1/chat/completions"
NO_CHAT = {"chat", "stream", "usage", "rate-limits", "tools", "tool-result", "thinking",
           "structured"}  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "detail", "remedy"),
    [
        (Fault(400, path=CHAT), "400: Bad Request", "try another --model"),
        (Fault(401, path=CHAT), "401: Invalid API key", "Check the key: `heroku config -a APP`"),
        (Fault(403, path=CHAT), "403: you do not have access", "`heroku ai:models:create MODEL"),
        (Fault(404, path=CHAT), "404: Not Found", "`heroku-inference models` lists them"),
        (
            Fault(408, path=CHAT),
            "408: Request timed out. Please use streaming",
            "cuts answers that take about 30 seconds",
        ),
        (
            Fault(429, path=CHAT, headers={"retry-after": "51"}),
            "429: rate Limit",
            "asks to wait for 51 seconds",
        ),
        (Fault.html403(path=CHAT), "403: blocked", "The firewall in front of the API"),
        (Fault(500, path=CHAT), "500: Internal Server Error", "status.heroku.com"),
        (Fault.empty(503, path=CHAT), "503", "status.heroku.com"),
        (Fault.not_json(path=CHAT), "it is not JSON", "https://us.inference.heroku.com"),
        (Fault.wrong_shape(path=CHAT), "it is not a chat completion", "`heroku config -a APP`"),
        # Twice: the first can be one of a connection that the server has left.
        (Reset(path=CHAT, times=2), "failed: ReadError", "Check the URL, the network"),
    ],
    ids=["400", "401", "403", "404", "408", "429", "firewall", "500", "503-empty", "html",
         "other-json", "reset"],
)  # fmt: skip
@pytest.mark.parametrize("envelope", ["object", "string"])
def test_each_failure_says_the_remedy(emulator, run, fault, detail, remedy, envelope):
    emulator.switch(error_envelope=envelope)
    emulator.script(fault)
    ran = run("check", "--json", env=emulator.config_vars)
    chat = ran.checks()["chat"]
    assert (ran.code, chat["result"]) == (1, "failed")
    assert detail in chat["detail"]
    assert remedy in chat["remedy"]
    assert chat["remedy"] not in chat["detail"]
    assert "=..." not in chat["remedy"], "that is how arguments are passed, not options"
    assert ran.results()["embeddings"] == ran.results()["rerank"] == "passed"


@pytest.mark.parametrize(
    ("command", "status"), [(("chat", "Hi"), 400), (("models",), 503)], ids=["chat", "models"]
)
def test_the_other_commands_say_it_too(emulator, run, command, status):
    emulator.script(Fault(status))
    ran = run(*command, env=emulator.config_vars)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert {400: "try another --model.", 503: "see status.heroku.com."}[status] in ran.err


def test_a_key_with_a_blank_in_it_is_named_as_a_config_var(run):
    ran = run("check", env={"INFERENCE_KEY": "inf-made-up x", "INFERENCE_URL": "https://x.com"})
    assert (ran.code, ran.out) == (2, "")
    assert "The API key contains characters that a key cannot have" in ran.err


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_must_fail_the_same_way_is_not_tried(emulator, run, status):
    emulator.script(Fault(status, path=CHAT, times=9))
    ran = run("check", "--json", env=emulator.config_vars)
    assert len(emulator.journal.to(CHAT)) == 1
    skipped = {name for name, result in ran.results().items() if result == "skipped"}
    assert skipped == NO_CHAT - {"chat"}


def test_what_may_go_well_all_the_same_is_tried(emulator, run):
    emulator.script(Fault(408, path=CHAT))
    results = run("check", "--json", env=emulator.config_vars).results()
    assert (results["stream"], results["tools"]) == ("passed", "passed")
    assert (results["usage"], results["rate-limits"]) == ("skipped", "skipped")


def test_each_remedy_stands_once_with_the_checks_it_is_for(emulator, run):
    emulator.script(Fault(429, times=99, path="/v1/embeddings"), Fault(429, times=99, path=CHAT))
    out = run("check", env=emulator.config_vars).out
    assert out.count("requests or tokens per minute are used up") == 1
    assert "What to do\nChat, Streaming," in out


def test_a_failure_is_not_tried_again(emulator, run):
    emulator.script(Fault(503, path="/v1/rerank", times=3))
    run("check", "--only", "rerank", env=emulator.config_vars)
    assert len(emulator.journal) == 1


@pytest.mark.parametrize("name", ["models", "chat", "embeddings"])
def test_a_server_out_of_reach_stops_at_once_with_one_message(run, name):
    env = {"INFERENCE_KEY": "inf-made-up", "INFERENCE_URL": "http://127.0.0.1:9"}
    others = ["--only", "rerank", "--only", "image"]
    ran = run("check", "--only", name, *others, "--json", env=env)
    assert (ran.code, ran.results()) == (1, {name: "failed"})
    assert "127.0.0.1:9" in ran.checks()[name]["detail"]
    assert ran.json["stopped"] == "The server cannot be reached: 2 more were not tried."


def test_a_proxy_of_the_environment_is_named_but_not_its_password(emulator, run):
    env = emulator.config_vars | {"http_proxy": "http://me:secret@127.0.0.1:9"}
    ran = run("check", env=env)
    assert ran.code == 1
    assert "The environment sets http_proxy" in ran.out
    assert "secret" not in ran.out + ran.err


def test_a_silent_server_times_out(emulator, run):
    emulator.script(Fault(delay=5, path="/available-models"))
    ran = run("check", "--timeout", "0.2", "--json", env=emulator.config_vars)
    assert ran.checks()["models"]["detail"].endswith("within 0.2 seconds.")
    assert ran.checks()["models"]["remedy"].startswith("Raise the timeout")


@pytest.mark.parametrize("step", [Cut(), ErrorEvent()], ids=["cut", "error-event"])
def test_a_stream_that_breaks_fails_alone(emulator, run, step):
    emulator.script(Fault(408, path=CHAT), step)
    results = run("check", "--json", env=emulator.config_vars).results()
    assert (results["stream"], results["tools"]) == ("failed", "passed")


def test_a_defect_of_ours_does_not_stop_the_other_checks(emulator, run, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("oh")

    tools = next(check for check in CHECKS if check.name == "tools")
    monkeypatch.setattr("heroku_inference.cli.checks.chat._call_tool", broken)
    assert tools.calls
    ran = run("check", "--json", env=emulator.config_vars)
    assert ran.checks()["tools"]["detail"] == "ZeroDivisionError: oh"
    assert "report it" in ran.checks()["tools"]["remedy"]
    assert ran.results()["rerank"] == "passed"


def test_a_key_that_the_server_quotes_is_not_shown(emulator, run):
    quoted = f"the key {emulator.api_key} is bad"
    emulator.script(Fault(401, message=quoted, path=CHAT, times=2))
    assert "the key *** is bad" in run("check", env=emulator.config_vars).out
    assert "the key *** is bad" in run("chat", "Hello", env=emulator.config_vars).err


def test_without_config_vars_it_says_how_to_copy_them(run):
    ran = run("check")
    assert (ran.code, ran.out) == (2, "")
    assert "`heroku config -a APP -s | grep INFERENCE >> .env`" in ran.err
    assert ran.err.count("\n") == 1


def test_without_config_vars_json_says_it_too(run):
    ran = run("check", "--json")
    assert (ran.code, ran.err, ran.json["ok"]) == (2, "", False)
    (config,) = ran.json["checks"]
    assert (config["name"], config["result"]) == ("config", "failed")
    assert "grep INFERENCE >> .env" in config["remedy"]
    assert "INFERENCE_KEY" in ran.json["stopped"]


@pytest.mark.parametrize(
    ("env", "arguments", "words"),
    [
        ({"INFERENCE_KEY": "inf-made-up"}, (), "Set INFERENCE_URL too, or pass the URL yourself."),
        ({"INFERENCE_KEY": "a b", "INFERENCE_URL": "x.com"}, (), "Check that it was copied whole"),
        (
            {"INFERENCE_KEY": "inf-made-up", "INFERENCE_URL": "https://x.com"},
            ("--base-url", "https://y.com"),
            "Leave the URL out",
        ),
        ({}, ("--alias", "7"), "is not a valid alias"),
        ({}, ("--env-file", "gone.env"), "There is no file 'gone.env'"),
        (
            {"INFERENCE_KEY": "inf-made-up", "INFERENCE_URL": "ftp://u:secret@x"},
            (),
            "INFERENCE_URL: 'ftp://***@x' is not the URL of an API: 'ftp' is an odd scheme.",
        ),
        (
            {"INFERENCE_KEY": "inf-made-up", "INFERENCE_URL": "htp:/foo"},
            (),
            "INFERENCE_URL: 'htp:/foo' is not the URL of an API: 'htp' is an odd scheme.",
        ),
    ],
    ids=["no-url", "bad-key", "other-url", "bad-alias", "no-file", "bad-url", "odd-scheme"],
)
def test_wrong_config_vars_are_reported_before_anything_is_sent(run, env, arguments, words):
    ran = run("check", *arguments, env=env)
    assert ran.code == 2
    assert words in ran.err
    assert "=..." not in ran.err
    assert "secret" not in ran.err


def test_one_attachment_that_cannot_work_fails_and_the_others_are_checked(emulator, run):
    ran = run("check", "--json", env=emulator.config_vars | {"INFERENCE_URL": "ftp://x"})
    results = ran.results()
    assert (ran.code, results["config"], results["chat"]) == (1, "failed", "skipped")
    assert results["embeddings"] == "passed"


def test_a_file_written_by_powershell_is_reported_as_not_utf8(start, tmp_path):
    (tmp_path / ".env").write_text("INFERENCE_KEY=inf-made-up\n", encoding="utf-16")
    ran = start("check")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "Save it as text in UTF-8" in ran.err


def test_an_error_without_a_remedy_is_printed_alone():
    error = ConfigError("Something else is wrong.")
    assert (remedy_of(error), describe(error)) == ("", "Something else is wrong.")


def test_a_missing_key_names_options_instead_of_arguments():
    with pytest.raises(ConfigError, match=r"alias=\.\.\.") as caught:
        Settings(alias="TEAL")
    assert "grep TEAL >> .env" in remedy_of(caught.value)
    assert remedy_of(caught.value).endswith("is read with --alias.")
