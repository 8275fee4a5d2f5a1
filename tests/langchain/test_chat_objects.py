"""A chat model as an object: made, shown, copied, pickled, dumped, configured."""

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import get_type_hints

import httpx
import pytest
from langchain_core.language_models import ModelProfile
from langchain_core.load import dumpd, dumps, load, loads
from langchain_core.messages import HumanMessage
from langchain_core.runnables import ConfigurableField
from pydantic import ValidationError

from heroku_inference import KNOWN_MODELS, ConfigError
from langchain_heroku import ChatHeroku, errors

KEY = "inf-test-key"
COPIES = {
    "pickle": lambda llm: pickle.loads(pickle.dumps(llm)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "model_copy": lambda llm: llm.model_copy(),
    "deep model_copy": lambda llm: llm.model_copy(deep=True),
}


def given(**arguments):
    return ChatHeroku(
        **{"model": "claude-4-5-sonnet", "api_key": KEY, "base_url": "https://x.test", **arguments}
    )


def test_the_config_vars_say_all_that_is_needed(config_vars):
    assert ChatHeroku().invoke("Hello").text


def test_another_attachment_is_read_by_its_alias(config_vars, monkeypatch):
    for name in ("KEY", "URL", "MODEL_ID"):
        monkeypatch.setenv(f"INFERENCE_TEAL_{name}", config_vars[f"INFERENCE_{name}"])
        monkeypatch.delenv(f"INFERENCE_{name}")
    assert ChatHeroku(alias="INFERENCE_TEAL").invoke("Hello").text


def test_what_is_missing_is_a_config_error_when_the_object_is_made(monkeypatch):
    with pytest.raises(ConfigError, match="INFERENCE_KEY"):
        ChatHeroku(model="claude-4-5-sonnet")
    with pytest.raises(ConfigError, match="Model is required"):
        ChatHeroku(api_key=KEY, base_url="https://x.test")


@pytest.mark.parametrize(
    ("spelling", "name", "value"),
    [
        ("model_name", "model", "claude-4-5-haiku"),
        ("inference_url", "base_url", "https://y.test"),
        ("max_completion_tokens", "max_tokens", 10),
        ("stop_sequences", "stop", ["x"]),
    ],
)
def test_another_spelling_is_the_same_argument(spelling, name, value):
    arguments = {"model": "m", "api_key": KEY, "base_url": "https://x.test"}
    arguments.pop(name, None)
    assert getattr(ChatHeroku(**arguments, **{spelling: value}), name) == value
    with pytest.raises(ConfigError, match="same argument"):
        given(**{name: value, spelling: value})


def test_an_argument_that_is_no_parameter_goes_to_model_kwargs_with_a_warning():
    with pytest.warns(UserWarning, match="tool_option "):
        llm = given(tool_option=1)
    assert llm.model_kwargs == {"tool_option": 1}
    with pytest.raises(ConfigError, match="both directly"):
        given(tool_option=1, model_kwargs={"tool_option": 2})


@pytest.mark.parametrize(
    "arguments",
    [{"temperature": "hot"}, {"timeout": -1}, {"max_retries": -1}, {"api_key": [KEY]}],
    ids=str,
)
def test_no_error_about_arguments_shows_the_key(arguments):
    with pytest.raises(ValidationError) as caught:
        given(**arguments)
    assert KEY not in str(caught.value)


def test_nothing_that_shows_the_object_shows_the_key(config_vars):
    for llm in (given(default_headers={"authorization": f"Bearer {KEY}"}), ChatHeroku()):
        key = llm.settings.api_key.get_secret_value()
        llm._client, llm._async_client  # noqa: B018 - now they are made
        shown = [repr(llm), str(llm), dumps(llm), str(llm.model_dump()), llm.model_dump_json()]
        shown += [str(llm.asdict()), str(dumpd(llm.bind(stop=["x"])))]
        for text in shown:
            assert key not in text


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES.keys())
def test_a_copy_answers_like_the_original_before_and_after_use(emulator, config_vars, copied):
    arguments = {"api_key": emulator.api_key, "base_url": emulator.url}
    for llm in (ChatHeroku(), ChatHeroku(model="claude-4-5-haiku", temperature=0.5, **arguments)):
        assert copied(llm) == llm
        answer = llm.invoke("Hello").text
        twin = copied(llm)
        assert twin == llm
        assert twin.invoke("Hello").text == answer


def test_a_pickle_holds_a_key_that_was_given_and_none_that_was_found(config_vars, monkeypatch):
    assert KEY.encode() in pickle.dumps(given())
    llm = ChatHeroku()
    llm.invoke("Hello")
    pickled = pickle.dumps(llm)
    assert config_vars["INFERENCE_KEY"].encode() not in pickled
    monkeypatch.setenv("INFERENCE_KEY", "inf-other-key")
    assert pickle.loads(pickled).settings.api_key.get_secret_value() == "inf-other-key"
    monkeypatch.delenv("INFERENCE_KEY")
    with pytest.raises(errors.ConfigError, match="INFERENCE_KEY"):
        pickle.loads(pickled).invoke("Hello")


def test_a_changed_copy_calls_whom_it_says_and_so_does_a_changed_object(emulator, config_vars):
    llm = given(max_retries=0)
    llm._client  # noqa: B018 - now it is made
    changes = {"api_key": None, "base_url": None, "model": "claude-4-5-haiku"}
    assert llm.model_copy(update=changes).invoke("Hello").text
    for name, value in changes.items():
        setattr(llm, name, value)
    assert llm.invoke("Hello").response_metadata["model_name"] == "claude-4-5-haiku"


def test_a_deep_copy_shares_the_users_client(emulator, config_vars):
    with httpx.Client(headers={"x-mine": "yes"}) as client:
        llm = ChatHeroku(http_client=client)
        twin = copy.deepcopy(llm)
        assert twin.http_client is client
        twin.invoke("Hello")
    assert emulator.journal[-1].headers["x-mine"] == "yes"


async def test_the_users_async_client_is_used_and_not_closed(emulator, config_vars):
    async with httpx.AsyncClient(headers={"x-mine": "yes"}) as client:
        llm = ChatHeroku(async_http_client=client)
        await llm.ainvoke("Hello")
        assert [chunk async for chunk in llm.astream("Hello")]
        assert not client.is_closed
    assert [entry.headers["x-mine"] for entry in emulator.journal] == ["yes", "yes"]


def test_headers_of_the_user_win(emulator, config_vars):
    ChatHeroku(default_headers={"User-Agent": "mine/1"}).invoke("Hello")
    assert emulator.journal[-1].headers["user-agent"] == "mine/1"


def test_a_dump_is_loaded_back_where_it_is_allowed(monkeypatch):
    llm = given(temperature=0.5, extended_thinking={"enabled": False}, stop=["x"], timeout=3)
    monkeypatch.setenv("INFERENCE_KEY", KEY)
    allowed = {
        "allowed_objects": [ChatHeroku],
        "valid_namespaces": ["langchain_heroku"],
        "secrets_from_env": True,
    }
    assert KEY not in dumps(llm)
    assert load(dumpd(llm), **allowed) == llm
    assert loads(dumps(llm), **allowed) == llm


def test_a_dump_without_a_key_looks_it_up_again(config_vars):
    loaded = load(
        dumpd(ChatHeroku(temperature=0.5)),
        allowed_objects=[ChatHeroku],
        valid_namespaces=["langchain_heroku"],
    )
    assert loaded.api_key is None
    assert loaded.invoke("Hello").text


def test_parameters_can_be_configured_at_run_time(emulator, config_vars):
    llm = ChatHeroku().configurable_fields(
        model=ConfigurableField(id="model"), temperature=ConfigurableField(id="temperature")
    )
    configured = {"configurable": {"model": "claude-4-5-haiku", "temperature": 0.25}}
    llm.invoke("Hello", config=configured)
    assert emulator.journal[-1].body["model"] == "claude-4-5-haiku"
    assert emulator.journal[-1].body["temperature"] == 0.25
    llm.invoke("Hello")
    assert "temperature" not in emulator.journal[-1].body


def test_no_variable_of_openai_or_langsmith_reaches_a_request(emulator, config_vars, monkeypatch):
    for name in (
        "OPENAI_API_KEY",
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT_ID",
        "OPENAI_API_BASE",
        "OPENAI_BASE_URL",
        "LANGSMITH_GATEWAY",
        "LANGSMITH_GATEWAY_API_KEY",
    ):
        monkeypatch.setenv(name, "https://leak.test/leak")
    ChatHeroku().invoke("Hello")
    list(ChatHeroku().stream("Hello"))
    for entry in emulator.journal:
        assert "leak" not in str(entry.headers) + str(entry.body)
        assert not any(name.startswith(("openai", "x-stainless")) for name in entry.headers)


def test_one_object_serves_many_threads_and_event_loops(config_vars):
    import asyncio

    llm = ChatHeroku()
    together = threading.Barrier(6)

    def work(number):
        together.wait()
        first = llm.invoke([HumanMessage(f"Say {number}")]).text
        return first, asyncio.run(llm.ainvoke(f"Say {number}")).text

    with ThreadPoolExecutor(6) as pool:
        for number, answers in enumerate(pool.map(work, range(6))):
            assert all(str(number) in answer for answer in answers)


def test_the_profile_is_that_of_the_model_unless_one_is_given():
    assert given().profile["max_input_tokens"]
    assert given().profile["tool_calling"]
    assert given(profile={"max_input_tokens": 5}).profile == {"max_input_tokens": 5}
    assert given().profile is not given().profile


def test_our_profiles_have_no_key_that_core_does_not_know_and_a_users_is_warned_of():
    for model in KNOWN_MODELS:
        assert given(model=model).profile.keys() <= get_type_hints(ModelProfile).keys()
    with pytest.warns(UserWarning, match="Unrecognized keys"):
        given(profile={"no_such_key": 1})


def test_what_is_in_model_kwargs_and_in_fields_is_told_and_sent_both(emulator, config_vars):
    llm = ChatHeroku(
        model_kwargs={"extra_body": {"top_a": 1}, "top_k": 5},
        extra_body={"min_p": 0.1},
        allow_ignored_params=True,
    )
    llm.invoke("Hello")
    body = emulator.journal[-1].body
    assert (body["top_a"], body["min_p"], body["top_k"]) == (1, 0.1, 5)
    told = llm._identifying_params
    assert told["extra_body"] == {"min_p": 0.1}
    assert told["model_kwargs"] == {"extra_body": {"top_a": 1}, "top_k": 5}


def test_tokens_are_counted_without_network():
    llm = given()
    messages = [HumanMessage("Why is the sky blue?")]
    tool = {"name": "add", "description": "Add.", "parameters": {"type": "object"}}
    plain = llm.get_num_tokens_from_messages(messages)
    assert 5 < plain < 20
    assert llm.get_num_tokens_from_messages(messages, tools=[tool]) > plain
    assert llm.get_num_tokens("Why is the sky blue?") == 7
    with pytest.raises(NotImplementedError, match="custom_get_token_ids"):
        llm.get_token_ids("Why?")


def test_a_tokenizer_of_the_user_counts_instead():
    llm = given(custom_get_token_ids=lambda text: list(range(len(text.split()))))
    assert llm.get_num_tokens("Why is the sky blue?") == 5
    assert llm.get_token_ids("a b") == [0, 1]
    plain = llm.get_num_tokens_from_messages([HumanMessage("a b c")])
    tool = {"name": "add", "description": "Add.", "parameters": {"type": "object"}}
    assert llm.get_num_tokens_from_messages([HumanMessage("a b c")], tools=[tool]) > plain
