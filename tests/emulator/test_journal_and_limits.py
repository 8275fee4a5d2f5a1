"""The journal and the rate limits."""

import re
import time

from heroku_emulator.journal import Journal

CHAT = {"model": "claude-4-5-sonnet", "messages": [{"role": "user", "content": "Hello"}]}


def test_the_journal_masks_keys_and_keeps_the_rest(emulator, call):
    call.http.post(
        "/v1/chat/completions",
        json=CHAT,
        headers={"X-Heroku-Prompt-Caching": "false", "x-api-key": "s"},
    )
    entry = emulator.journal[-1]
    assert (entry.method, entry.path, entry.status) == ("POST", "/v1/chat/completions", 200)
    assert entry.body == CHAT
    assert entry.headers["x-heroku-prompt-caching"] == "false"
    assert entry.headers["authorization"] == entry.headers["x-api-key"] == "***"


def test_the_journal_keeps_order_and_finds_paths(emulator, call):
    call.chat()
    call.embed("x")
    call.http.post("/v1/rerank", content=b"{")
    assert len(emulator.journal) == 3
    assert [entry.path for entry in emulator.journal[1:]] == ["/v1/embeddings", "/v1/rerank"]
    assert [entry.body for entry in emulator.journal.to("/v1/rerank")] == ["{"]
    call.http.get("/nowhere")
    assert emulator.journal[-1].body is None
    emulator.journal.clear()
    assert not emulator.journal


def test_the_journal_forgets_the_oldest():
    journal = Journal(entries=3, size=100)
    for number in range(5):
        journal.record("POST", f"/{number}", {}, None, 10)
    assert [entry.path for entry in journal] == ["/2", "/3", "/4"]
    journal.record("POST", "/big", {}, None, 1000)
    assert [entry.path for entry in journal] == ["/big"]


def test_rate_limit_headers_count_down(call):
    first, second = call.chat().headers, call.chat().headers
    assert first["x-ratelimit-limit-requests"] == "150"
    assert first["x-ratelimit-remaining-requests"] == "149"
    assert second["x-ratelimit-remaining-requests"] == "148"
    assert first["x-ratelimit-limit-tokens"] == "800000"
    assert int(second["x-ratelimit-remaining-tokens"]) < int(first["x-ratelimit-remaining-tokens"])
    for headers in (first, second):
        for of in ("requests", "tokens"):
            assert re.fullmatch(r"\d+s|1m0s", headers[f"x-ratelimit-reset-{of}"])


def test_rerank_has_no_token_limit(call):
    headers = call.rerank("x", ["y"]).headers
    assert headers["x-ratelimit-limit-requests"] == "250"
    assert "x-ratelimit-limit-tokens" not in headers


def test_refusals_carry_rate_limits_once_the_model_is_known(call):
    assert "x-ratelimit-limit-requests" in call.chat(temperature=2).headers
    assert "x-ratelimit-limit-requests" not in call.chat(model="none").headers


def test_headers_can_be_switched_off(emulator, call):
    emulator.switch(rate_limit_headers=False, request_id_header="none")
    assert not [name for name in call.chat().headers if name.startswith("x-")]
    emulator.switch(request_id_header="request-id")
    assert call.chat().headers["request-id"]


def test_rate_limits_can_be_enforced(emulator, call):
    emulator.switch(enforce_rate_limits=True)
    statuses = [call.chat(model="claude-3-haiku").status_code for _ in range(251)]
    assert statuses == [200] * 250 + [429]
    assert call.chat(model="nova-lite").status_code == 200
    long = [{"role": "user", "content": "word " * 450_000}]
    assert call.chat(model="nova-pro", messages=long).status_code == 200
    answer = call.chat(model="nova-pro")
    assert (answer.status_code, "tokens per minute" in answer.text) == (429, True)
    assert answer.headers["x-ratelimit-remaining-tokens"] == "0"


def test_limits_that_are_not_enforced_are_never_used_up(call):
    left = [call.chat().headers["x-ratelimit-remaining-requests"] for _ in range(80)]
    assert [*left[:2], *left[-7:]] == ["149", "148", "76", *["75"] * 6]


def test_an_old_request_leaves_the_window(emulator, call, monkeypatch):
    call.chat()
    later = time.monotonic() + 61
    monkeypatch.setattr("heroku_emulator.serving.rate_limits.time.monotonic", lambda: later)
    assert call.chat().headers["x-ratelimit-remaining-requests"] == "149"
