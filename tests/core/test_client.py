"""What the clients send, to whom, and with whose key."""

from __future__ import annotations

import base64
import logging
import traceback

import pytest

from heroku_emulator import Fault, Say
from heroku_inference import AvailableModel, Client, ConfigError, InvalidRequestError, Settings
from heroku_inference._errors import short_traceback

from .conftest import HELLO


def test_only_what_is_set_is_sent(emulator, calls):
    assert calls.send().text
    entry = emulator.journal[-1]
    assert (entry.method, entry.path) == ("POST", "/v1/chat/completions")
    assert entry.body == {"model": "claude-4-5-sonnet", "messages": HELLO}


def test_a_stream_differs_only_by_saying_so_and_asking_for_its_usage(emulator, calls):
    assert calls.stream()
    assert emulator.journal[-1].body == {
        "model": "claude-4-5-sonnet",
        "messages": HELLO,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert emulator.journal[-1].headers["accept"] == "text/event-stream"


def test_headers_name_us_and_carry_the_callers(emulator, make_calls):
    make_calls(default_headers={"X-Team": "search", "User-Agent": "my-app/1"}).send()
    make_calls().send(prompt_caching=False)
    theirs, ours = (entry.headers for entry in emulator.journal)
    assert (theirs["x-team"], theirs["user-agent"]) == ("search", "my-app/1")
    assert ours["user-agent"].startswith("heroku-inference/")
    assert ours["x-heroku-prompt-caching"] == "false"


def test_no_variable_of_openai_reaches_a_request(emulator, calls, monkeypatch):
    for name in ("API_KEY", "ORG_ID", "PROJECT_ID", "BASE_URL"):
        monkeypatch.setenv(f"OPENAI_{name}", f"leaked-{name}")
    calls.send()
    calls.stream()
    for entry in emulator.journal:
        assert "leaked" not in f"{entry.headers}{entry.body}"
        assert not [name for name in entry.headers if name.startswith("openai")]


def test_each_kind_of_call_uses_its_own_attachment(emulator, make_calls, monkeypatch):
    key = emulator.config_vars["INFERENCE_KEY"]
    for alias, model in [("INFERENCE", "nova-lite"), ("EMBEDDING", "cohere-embed-multilingual")]:
        monkeypatch.setenv(f"{alias}_KEY", key)
        monkeypatch.setenv(f"{alias}_URL", emulator.url)
        monkeypatch.setenv(f"{alias}_MODEL_ID", model)
    calls = make_calls(api_key=None, base_url=None, model=None)
    calls.send()
    calls.embed(["a text"])
    calls.rerank("a question", ["a text"])
    assert [entry.body["model"] for entry in emulator.journal] == [
        "nova-lite",
        "cohere-embed-multilingual",
        "cohere-rerank-3-5",
    ]


def test_the_model_of_a_call_wins(emulator, calls):
    calls.send(model="nova-pro")
    calls.stream(model="nova-lite")
    assert [entry.body["model"] for entry in emulator.journal] == ["nova-pro", "nova-lite"]


def test_a_missing_model_is_an_error_before_anything_is_sent(emulator, make_calls):
    with pytest.raises(ConfigError, match="Model is required"):
        make_calls(model=None).send()
    assert len(emulator.journal) == 0


def test_a_default_model_serves_the_calls_it_can(emulator, calls, make_calls):
    calls.embed(["a text"])
    calls.rerank("a question", ["a text"])
    make_calls(model="cohere-embed-v4").embed(["a text"])
    settings = Settings(api_key=emulator.api_key, base_url=emulator.url, model="nova-lite")
    Client(settings=settings).embed(["a text"])
    assert [entry.body["model"] for entry in emulator.journal] == [
        "cohere-embed-multilingual",
        "cohere-rerank-3-5",
        "cohere-embed-v4",
        "cohere-embed-multilingual",
    ]


def test_inference_url_is_another_spelling(emulator, make_calls):
    assert make_calls(base_url=None, inference_url=emulator.url).send().text


def test_large_requests_are_sent_without_a_warning(emulator, make_calls):
    emulator.script(Say("ok"))
    image = "data:image/png;base64," + base64.b64encode(bytes(2_000_000)).decode()
    part = {"type": "image_url", "image_url": {"url": image}}
    emulator.switch(strict=False)
    assert make_calls().send([{"role": "user", "content": [part]}]).text == "ok"


@pytest.mark.parametrize(
    "headers",
    [{"x-key": "secret\nvalue"}, {"x-key": "sécret"}, {"x-key": 5}, {"x key": "v"}, {5: "v"}],
)
def test_malformed_headers_are_refused_without_showing_values(emulator, make_calls, headers):
    with pytest.raises(ConfigError, match="default_headers") as caught:
        make_calls(default_headers=headers).send()
    assert "cret" not in str(caught.value)
    assert len(emulator.journal) == 0


def test_a_headers_value_excludes_its_line_end(emulator, make_calls):
    make_calls(default_headers={"X-Key": "from-a-file\n"}).send()
    assert emulator.journal[-1].headers["x-key"] == "from-a-file"


def test_vectors_come_back_in_the_order_of_the_texts(emulator, calls):
    texts = [f"text number {number}" for number in range(200)]
    emulator.switch(embedding_order="reversed")
    vectors = calls.embed(texts).vectors
    assert vectors == [calls.embed([text]).vectors[0] for text in texts]
    assert [len(entry.body["input"]) for entry in emulator.journal][:3] != [200]


def test_documents_come_back_best_first(calls):
    documents = ["A cat sleeps.", "Dynos run containers on Heroku.", "Rain falls."]
    result = calls.rerank("Where do Heroku dynos run containers?", documents, top_n=2)
    assert result.hits[0].index == 1
    assert len(result.hits) == 2
    assert result.hits[0].score > result.hits[1].score


def test_the_list_of_models_is_read_whole(calls):
    models = {model.model_id: model for model in calls.models()}
    assert isinstance(models["claude-4-5-sonnet"], AvailableModel)
    assert "eu" in models["claude-4-5-sonnet"].regions


def test_a_result_knows_its_request_and_limits(emulator, calls):
    result = calls.send()
    assert result.reply.request_id
    assert result.reply.rate_limits.remaining_requests is not None


def test_settings_replace_the_other_arguments(emulator):
    settings = Settings(api_key=emulator.config_vars["INFERENCE_KEY"], base_url=emulator.url)
    assert Client(settings=settings).chat(HELLO, model="nova-lite").text
    with pytest.raises(ConfigError, match="not both"):
        Client(settings=settings, model="nova-lite")


@pytest.mark.parametrize(
    ("argument", "value"), [("timeout", 0), ("timeout", -1), ("max_retries", -1)]
)
def test_senseless_arguments_are_refused(make_calls, argument, value):
    with pytest.raises(ConfigError, match=argument):
        make_calls(**{argument: value}).send()


def test_unknown_options_are_refused(emulator, calls):
    with pytest.raises(TypeError, match="temprature"):
        calls.send(temprature=0.5)
    with pytest.raises(TypeError, match="dimensions"):
        calls.embed(["a"], dimensions=3)
    assert len(emulator.journal) == 0


def test_what_json_cannot_say_is_refused_before_anything_is_sent(emulator, calls):
    with pytest.raises(ConfigError, match="JSON"):
        calls.send(extra_body={"metadata": object()})
    assert len(emulator.journal) == 0


@pytest.mark.parametrize("way", ["send", "stream"])
def test_the_key_shows_nowhere(emulator, make_calls, caplog, way, monkeypatch):
    # Our frames are dropped from tracebacks; here they are kept, for their variables.
    monkeypatch.setattr(short_traceback, "__exit__", lambda *_: None)
    caplog.set_level(logging.DEBUG)
    key = "inf-test-key-that-must-not-show"
    calls = make_calls(api_key=key)
    emulator.script(Fault(400, message=f"Invalid key {key}"))
    with pytest.raises(InvalidRequestError) as caught:
        getattr(calls, way)()
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in shown.stack if "heroku_inference" in frame.filename]
    assert ours
    everything = [
        repr(calls.client),
        repr(vars(calls.client)),
        repr(caught.value),
        repr(caught.value.response),
        repr(caught.value.body),
        caplog.text,
        *(repr(frame.locals) for frame in ours),
    ]
    assert [shown for shown in everything if key in shown] == []


def test_inputs_are_left_as_they_were(emulator, calls):
    emulator.script(Say("ok"), Say("ok"))
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": "", "tool_calls": [
            {"id": "t1", "type": "function", "function": {"name": "f", "arguments": ""}}]},
        {"role": "tool", "tool_call_id": "t1", "content": ""},
    ]  # fmt: skip
    before = repr(messages)
    calls.send(messages)
    calls.stream(messages)
    assert repr(messages) == before
