"""The emulator as an object: imports, start and stop, switches, engines."""

import gc
import re
import socket
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from heroku_emulator import Answer, Emulator, Engine, Fault, Say, Switches
from heroku_emulator.serving.responses import disconnection

CHAT = {"model": "claude-4-5-sonnet", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def fresh():
    with Emulator(engine="deterministic", api_key="inf-test-key") as emulator:
        yield emulator


def post(emulator, path="/v1/chat/completions", body=CHAT, key="inf-test-key"):
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx.post(emulator.url + path, json=body, headers=headers)


FIRST_IMPORTS = """
import sys
import heroku_emulator

for name in heroku_emulator.__all__:
    for module in [module for module in sys.modules if module.startswith("heroku_emulator")]:
        del sys.modules[module]
    exec(f"from heroku_emulator import {name}")
"""


def test_every_public_name_can_be_the_first_import():
    run = subprocess.run(
        [sys.executable, "-c", FIRST_IMPORTS], check=False, capture_output=True, text=True
    )
    assert run.stderr == ""


def test_it_accepts_connections_only_between_start_and_stop():
    with Emulator(engine="deterministic") as emulator:
        address = emulator._server.address
        socket.create_connection(address, timeout=1).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=1)


def test_it_listens_on_loopback_only(fresh):
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", fresh.url)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "my-machine"])  # noqa: S104 - refused
def test_it_runs_no_code_for_the_network_with_the_default_key(host):
    with pytest.raises(ValueError, match="choose an api_key of your own"):
        Emulator(engine="deterministic", run_code=True, host=host)
    Emulator(engine="deterministic", run_code=True, host=host, api_key="inf-made-up")
    Emulator(engine="deterministic", host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_it_runs_code_for_this_machine_with_any_key(host):
    Emulator(engine="deterministic", run_code=True, host=host)


def test_it_stops_at_once_and_leaves_nothing_open():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        emulator = Emulator(engine="deterministic", api_key="inf-test-key").start()
        idle = socket.create_connection(emulator._server.address)
        thread = emulator._server._thread
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
    assert not thread.is_alive()


def test_it_can_start_again_after_it_was_stopped():
    emulator = Emulator(engine="deterministic", api_key="inf-test-key")
    for _ in range(2):
        with emulator:
            assert post(emulator).status_code == 200
    emulator.stop()  # harmless


def test_it_refuses_a_second_start(fresh):
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
    aliases |= {"DIFFUSION": "stable-image-ultra"}
    expected = {}
    for alias, model in aliases.items():
        expected |= {f"{alias}_URL": fresh.url, f"{alias}_KEY": "inf-test-key"}
        expected |= {f"{alias}_MODEL_ID": model}
    assert fresh.config_vars == expected


def test_switches_change_and_change_back(emulator):
    with emulator.switched(sse_space=False, usage="none") as same:
        assert same is emulator
        assert not emulator.switches.sse_space
        emulator.switch(latency=0.0)
    assert emulator.switches == Switches()


def test_reset_restores_the_switches_of_the_constructor():
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


class Parrot:
    """A custom engine."""

    name = "parrot"

    def embed(self, texts, input_type):
        raise ZeroDivisionError(input_type)

    def rerank(self, query, documents):
        return [0.5] * len(documents)

    def chat(self, request):
        return Answer("Hello!", finish_reason="content_filter")

    def count_tokens(self, text):
        return len(text)


def test_a_custom_engine_answers():
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


def test_a_thread_that_does_not_start_is_an_error(monkeypatch):
    monkeypatch.setattr("heroku_emulator.serving.thread._PATIENCE", 0.01)
    monkeypatch.setattr("heroku_emulator.serving.thread._Server.run", lambda server, sockets: None)
    with pytest.raises(RuntimeError, match="did not start"):
        Emulator(engine="deterministic").start()


def test_without_the_extra_auto_is_deterministic(monkeypatch):
    monkeypatch.setattr("heroku_emulator.emulator._WEIGHTS", "no_such_package")
    assert Emulator().engine.name == Emulator(engine="deterministic").engine.name


def test_a_client_that_leaves_before_its_request_is_complete_is_forgotten(fresh):
    with socket.create_connection(fresh._server.address) as client:
        client.sendall(b"POST /v1/rerank HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    assert post(fresh).status_code == 200
    assert len(fresh.journal) == 1


async def test_only_a_disconnection_counts_as_leaving():
    messages = iter(["http.request", "http.disconnect"])

    async def receive():
        return {"type": next(messages)}

    await disconnection(receive)
    assert not list(messages)
