"""Keys, plans, paths and models."""

import json

import httpx
import pytest

from heroku_emulator import Emulator

CHAT = {"model": "claude-4-5-sonnet", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def fresh():
    with Emulator(engine="deterministic", api_key="inf-test-key") as emulator:
        yield emulator


def post(emulator, path="/v1/chat/completions", body=CHAT, key="inf-test-key"):
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx.post(emulator.url + path, json=body, headers=headers)


@pytest.mark.parametrize("key", ["inf-wrong", None])
def test_without_the_key_everything_but_the_catalogue_is_refused(fresh, key):
    for path in ("/v1/chat/completions", "/v1/embeddings", "/v1/rerank", "/v1/images/generations"):
        answer = post(fresh, path, key=key)
        assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")
    assert httpx.get(fresh.url + "/available-models").status_code == 200


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b"\xff"])
def test_a_body_that_is_not_a_json_object_is_refused(call, content):
    answer = call.http.post("/v1/chat/completions", content=content)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "error parsing JSON")


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/v1/messages", "/v1/agents/heroku", "/v1/embeddings"]
)
@pytest.mark.parametrize(
    "half", [rb"\ud83d", rb"x\uDE00", rb"\ude00\ud83d", b"\xed\xa0\xbd"], ids=ascii
)
def test_half_a_surrogate_pair_is_refused_everywhere(call, path, half):
    body = json.dumps(CHAT | {"max_tokens": 9, "input": ["Hello"]}).encode()
    answer = call.http.post(path, content=body.replace(b"Hello", half))
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "error parsing JSON")


def test_a_whole_surrogate_pair_is_an_emoji(emulator, call):
    body = json.dumps(CHAT).encode().replace(b"Hello", rb"\ud83d\ude00")
    assert call.http.post("/v1/chat/completions", content=body).status_code == 200
    assert emulator.journal[-1].body["messages"][0]["content"] == "😀"


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


@pytest.mark.parametrize(
    "model",
    [
        "claude-4-6-sonnet",
        "claude-sonnet-4-6",
        "claude-4-5-sonnet",
        "claude-sonnet-4-5",
        "claude-haiku-4-5",
        "claude-opus-4-6",
        "claude-4-6-opus",
        "claude-opus-4-7",
        "claude-opus-4-8",
    ],
)
def test_claude_has_both_word_orders_as_its_id(call, model):
    assert call.chat(model=model).json()["model"] == model


@pytest.mark.parametrize("model", ["claude-sonnet-9-9", "claude-9-9-sonnet", "claude-sonnet"])
def test_a_model_in_neither_order_of_words_is_not_found(call, model):
    assert call.refusal(404, model=model) == f"model not found: {model}"


def test_both_word_orders_are_one_model(call):
    for model, left in (("claude-4-6-sonnet", "149"), ("claude-sonnet-4-6", "148")):
        assert call.chat(model=model).headers["x-ratelimit-remaining-requests"] == left
    with Emulator(engine="deterministic", plan={"model": "claude-4-6-sonnet"}) as emulator:
        body = CHAT | {"model": "claude-sonnet-4-6"}
        assert post(emulator, body=body, key=emulator.api_key).status_code == 200


def test_models_past_their_end_of_life_can_be_refused(emulator, call):
    assert call.chat(model="claude-3-7-sonnet").status_code == 200
    emulator.switch(ended_models="reject")
    assert call.refusal(404, model="claude-3-7-sonnet") == "model not found: claude-3-7-sonnet"
    assert call.chat(model="claude-4-sonnet").status_code == 200


def test_a_per_model_plan_opens_one_model(sample):
    plan = {"model": "claude-4-sonnet"}
    with Emulator(
        engine="deterministic", api_key="inf-test-key", plan=plan, error_envelope="string"
    ) as emulator:
        assert emulator.config_vars == {
            "INFERENCE_URL": emulator.url,
            "INFERENCE_KEY": "inf-test-key",
            "INFERENCE_MODEL_ID": "claude-4-sonnet",
        }
        assert post(emulator, body=CHAT | plan).status_code == 200
        message = CHAT | {"max_tokens": 9}
        assert post(emulator, "/v1/messages", message | plan).status_code == 200
        assert post(emulator, "/v1/messages", message).status_code == 403
        answer = post(emulator)
    assert (answer.status_code, answer.json()) == (403, sample("error_403_double_encoded.json"))


@pytest.mark.parametrize("plan", ["premium", {}, {"name": "x"}])
def test_an_unknown_plan_is_refused(plan):
    with pytest.raises(ValueError, match="plan="):
        Emulator(engine="deterministic", plan=plan)


def test_the_catalogue_lists_the_captured_models(call, sample):
    answer = call.http.get("/available-models", headers={"authorization": ""})
    listed = answer.json()
    assert listed[:5] == sample("available_models.json")
    assert len(listed) == 30
    assert [entry["model_id"] for entry in listed] == sorted(e["model_id"] for e in listed)
    assert (answer.headers["expires"], answer.headers["pragma"]) == ("0", "no-cache")
