"""The emulator as an object: life, switches, keys, plans, models, journal, limits."""

import gc
import re
import socket
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from heroku_emulator import Answer, Emulator, Engine, Fault, Say, Switches
from heroku_emulator.journal import Journal

CHAT = {"model": "claude-4-5-sonnet", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def fresh():
    with Emulator(engine="deterministic", api_key="inf-test-key") as emulator:
        yield emulator


def post(emulator, path="/v1/chat/completions", body=CHAT, key="inf-test-key"):
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx.post(emulator.url + path, json=body, headers=headers)


def test_it_accepts_connections_when_it_has_started_and_none_when_it_has_stopped():
    with Emulator(engine="deterministic") as emulator:
        address = emulator._server.address
        socket.create_connection(address, timeout=1).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=1)


def test_it_listens_on_loopback_only(fresh):
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", fresh.url)


def test_it_stops_at_once_whatever_is_on_its_way_and_leaves_nothing_open():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        emulator = Emulator(engine="deterministic", api_key="inf-test-key").start()
        idle = socket.create_connection(emulator._server.address)
        emulator.script(Fault(503, delay=60))
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(post, emulator)
            while not emulator.journal:
                time.sleep(0.01)
            began = time.monotonic()
            emulator.stop()
            assert time.monotonic() - began < 1
            with pytest.raises(httpx.TransportError):
                waiting.result()
        idle.close()
        gc.collect()
    assert "heroku-emulator" not in [thread.name for thread in threading.enumerate()]


def test_it_can_start_again_after_it_was_stopped():
    emulator = Emulator(engine="deterministic", api_key="inf-test-key")
    for _ in range(2):
        with emulator:
            assert post(emulator).status_code == 200
    emulator.stop()  # harmless


def test_it_starts_once(fresh):
    with pytest.raises(RuntimeError, match="already running"):
        fresh.start()


def test_it_has_no_url_before_it_runs():
    with pytest.raises(RuntimeError, match="not running"):
        _ = Emulator(engine="deterministic").url


def test_a_taken_port_is_an_os_error(fresh):
    port = int(fresh.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="in use"):
        Emulator(engine="deterministic", port=port).start()


def test_the_key_is_in_no_repr(fresh):
    post(fresh)
    for thing in (fresh, fresh._service, fresh.journal, fresh.journal[-1]):
        assert "inf-test-key" not in repr(thing)
    assert "stopped" in repr(Emulator(engine="deterministic"))


def test_config_vars_are_those_of_the_add_on(fresh):
    aliases = {"INFERENCE": "claude-4-5-sonnet"}
    aliases |= {"EMBEDDING": "cohere-embed-multilingual", "RERANK": "cohere-rerank-3-5"}
    expected = {}
    for alias, model in aliases.items():
        expected |= {f"{alias}_URL": fresh.url, f"{alias}_KEY": "inf-test-key"}
        expected |= {f"{alias}_MODEL_ID": model}
    assert fresh.config_vars == expected


@pytest.mark.parametrize("key", ["inf-wrong", None])
def test_without_the_key_everything_but_the_catalogue_is_refused(fresh, key):
    for path in ("/v1/chat/completions", "/v1/embeddings", "/v1/rerank"):
        answer = post(fresh, path, key=key)
        assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")
    assert httpx.get(fresh.url + "/available-models").status_code == 200


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(call, content):
    answer = call.http.post("/v1/chat/completions", content=content)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "error parsing JSON")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("GET", "/"),
        ("GET", "/v1/chat/completions"),
        ("DELETE", "/v1/embeddings"),
        ("POST", "/available-models"),
        ("POST", "/v1/v1/chat/completions"),
        ("POST", "/v1/chat/completions/"),
        ("POST", "/chat/completions"),
    ],
)
def test_everything_else_is_not_found(call, method, path):
    answer = call.http.request(method, path)
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "model", "status"),
    [
        ("/v1/chat/completions", None, 400),
        ("/v1/chat/completions", 3, 400),
        ("/v1/chat/completions", "gpt-4o", 404),
        ("/v1/chat/completions", "cohere-rerank-3-5", 400),
        ("/v1/embeddings", "claude-4-5-sonnet", 400),
        ("/v1/rerank", "no-such-model", 404),
    ],
)
def test_a_model_must_exist_and_suit_the_endpoint(call, path, model, status):
    assert call.post(path, CHAT | {"model": model}).status_code == status


def test_unknown_models_can_be_accepted(emulator, call):
    emulator.switch(unknown_models="accept")
    assert call.chat(model="claude-9").json()["model"] == "claude-9"
    assert call.embed("x", model="cohere-embed-v9").status_code == 200
    assert call.rerank("x", ["y"], model="cohere-rerank-9").status_code == 200


def test_a_per_model_plan_opens_one_model(sample):
    plan = {"model": "claude-4-sonnet"}
    with Emulator(
        engine="deterministic", api_key="inf-test-key", plan=plan, error_envelope="string"
    ) as emulator:
        assert emulator.config_vars["INFERENCE_MODEL_ID"] == "claude-4-sonnet"
        assert "EMBEDDING_URL" not in emulator.config_vars
        assert post(emulator, body=CHAT | plan).status_code == 200
        answer = post(emulator)
    assert (answer.status_code, answer.json()) == (403, sample("error_403_double_encoded.json"))


@pytest.mark.parametrize("plan", ["premium", {}, {"modell": "x"}])
def test_an_unknown_plan_is_refused(plan):
    with pytest.raises(ValueError, match="plan="):
        Emulator(engine="deterministic", plan=plan)


def test_the_catalogue_lists_the_captured_models(call, sample):
    answer = call.http.get("/available-models", headers={"authorization": ""})
    listed = answer.json()
    assert listed[:5] == sample("available_models.json")
    assert len(listed) == 28
    assert [entry["model_id"] for entry in listed] == sorted(e["model_id"] for e in listed)
    assert (answer.headers["expires"], answer.headers["pragma"]) == ("0", "no-cache")


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


def test_switches_change_and_change_back(emulator):
    with emulator.switched(sse_space=False, usage="none") as same:
        assert same is emulator
        assert not emulator.switches.sse_space
        emulator.switch(latency=0.0)
    assert emulator.switches == Switches()


def test_first_switches_are_those_of_the_constructor():
    emulator = Emulator(engine="deterministic", terminator="message")
    emulator.switch(terminator="none")
    emulator.reset()
    assert emulator.switches == Switches(terminator="message")


def test_reset_forgets_everything(emulator, call):
    call.chat()
    emulator.script(Say("x", times=3))
    emulator.switch(strict=False)
    emulator.reset()
    assert (len(emulator.journal), len(emulator.remaining_script)) == (0, 0)
    assert emulator.switches.strict
    assert call.chat().headers["x-ratelimit-remaining-requests"] == "149"


@pytest.mark.parametrize(
    ("switches", "error"),
    [({"terminator": "end"}, ValueError), ({"terminatr": "done"}, TypeError)],
)
def test_a_misspelt_switch_is_refused(emulator, switches, error):
    with pytest.raises(error, match="terminat"):
        emulator.switch(**switches)
    with pytest.raises(error, match="terminat"):
        Emulator(engine="deterministic", **switches)


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


def test_an_old_request_leaves_the_window(emulator, call, monkeypatch):
    call.chat()
    later = time.monotonic() + 61
    monkeypatch.setattr("heroku_emulator.rate_limits.time.monotonic", lambda: later)
    assert call.chat().headers["x-ratelimit-remaining-requests"] == "149"


class Parrot:
    """An engine of one's own."""

    name = "parrot"

    def embed(self, texts, input_type):
        raise ZeroDivisionError(input_type)

    def rerank(self, query, documents):
        return [0.5] * len(documents)

    def chat(self, request):
        return Answer("Hello!", finish_reason="content_filter")

    def count_tokens(self, text):
        return len(text)


def test_an_engine_of_ones_own_answers():
    assert isinstance(Parrot(), Engine)
    with Emulator(engine=Parrot(), api_key="inf-test-key") as emulator:
        assert emulator.engine.name == "parrot"
        choice = post(emulator).json()["choices"][0]
        failed = post(
            emulator, "/v1/embeddings", {"model": "cohere-embed-multilingual", "input": "x"}
        )
    assert choice["message"]["content"] == "Hello!"
    assert choice["finish_reason"] == "content_filter"
    assert (failed.status_code, failed.json()["error"]["message"]) == (
        500,
        "ZeroDivisionError: search_document",
    )


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="no engine"):
        Emulator(engine="crystal ball")


def test_many_clients_are_answered_at_once(emulator, call):
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: call.chat().status_code, range(64)))
    assert statuses == [200] * 64
    assert len(emulator.journal) == 64
