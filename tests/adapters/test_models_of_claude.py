"""What the newest Claude models refuse, and models that have ended, in every class and way."""

from __future__ import annotations

import pytest

from heroku_inference import Client, ConfigError, InvalidRequestError, NotFoundError, _warnings
from tests.adapters.conftest import LangChain, LangChainMessages, every_model, messages_models

NEWEST = "claude-opus-4-8"
ADAPTIVE = {"type": "adaptive"}
WAYS = ("send", "stream", "asend", "astream")
ENDED = "claude-3-7-sonnet"


@pytest.fixture(autouse=True)
def _nobody_has_been_warned():
    _warnings._given.clear()


@messages_models
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("choice", "thinking", "effort"),
    [
        (ADAPTIVE, ADAPTIVE, None),
        (ADAPTIVE | {"effort": "xhigh"}, ADAPTIVE, "xhigh"),
        (ADAPTIVE | {"display": "summarized"}, ADAPTIVE | {"display": "summarized"}, None),
        (True, ADAPTIVE, None),
    ],
    ids=["alone", "with an effort", "with a display", "True"],
)
def test_adaptive_thinking_reaches_the_messages_endpoint(
    emulator, make, ask, way, choice, thinking, effort
):
    reply = ask(make(model=NEWEST, extended_thinking=choice), way)
    assert reply.reasoning
    assert reply.text
    (entry,) = emulator.journal
    assert entry.body["thinking"] == thinking
    assert entry.body.get("output_config") == (effort and {"effort": effort})


@messages_models
@pytest.mark.parametrize("way", WAYS)
def test_a_call_can_ask_for_adaptive_thinking(emulator, make, ask, way):
    ask(make(model=NEWEST), way, extended_thinking=ADAPTIVE | {"effort": "low"})
    (entry,) = emulator.journal
    assert (entry.body["thinking"], entry.body["output_config"]) == (ADAPTIVE, {"effort": "low"})


@messages_models
def test_an_effort_is_sent_as_given(emulator, make, ask):
    ask(make(reasoning_effort="high"))
    (entry,) = emulator.journal
    assert entry.body["output_config"] == {"effort": "high"}
    assert "thinking" not in entry.body


@messages_models
def test_adaptive_thinking_goes_on_after_calls_that_were_made_without(emulator, adapter, make):
    llm = make(model=NEWEST, extended_thinking=ADAPTIVE)
    adapter.send(llm, adapter.tool_turn())
    assert emulator.journal[0].body["thinking"] == ADAPTIVE


@messages_models
def test_a_budget_that_the_model_refuses_is_an_error_with_the_way_out(make, ask, adapter):
    with pytest.raises(adapter.error(InvalidRequestError), match="'type': 'adaptive'"):
        ask(make(model=NEWEST, extended_thinking=2000))


@pytest.mark.parametrize("way", WAYS)
def test_chat_completions_gets_a_type_as_it_is_given(emulator, adapter, make, ask, way):
    with pytest.raises(adapter.error(InvalidRequestError)):  # nobody knows what Heroku says
        ask(make(model=NEWEST, extended_thinking=ADAPTIVE | {"effort": "high"}), way)
    assert emulator.journal[0].body["extended_thinking"] == ADAPTIVE | {"effort": "high"}


def test_chat_completions_thinks_by_effort_on_the_newest_model(emulator, make, ask):
    ask(make(model=NEWEST, reasoning_effort="high"))
    assert emulator.journal[0].body["reasoning_effort"] == "high"


@every_model
def test_an_unknown_key_of_extended_thinking_is_refused_when_the_object_is_made(make):
    with pytest.raises(ConfigError, match=r"no key 'budget_token'. Did you mean 'budget_tokens'\?"):
        make(extended_thinking={"enabled": True, "budget_token": 2000})


@every_model
@pytest.mark.parametrize("way", WAYS)
def test_an_unknown_key_of_extended_thinking_is_refused_in_a_call(emulator, make, ask, way):
    llm = make()
    with pytest.raises(ConfigError, match=r"no key 'typ'. Did you mean 'type'\?"):
        ask(llm, way, extended_thinking={"typ": "adaptive"})
    assert not emulator.journal


@every_model
@pytest.mark.parametrize("way", WAYS)
def test_a_sampling_parameter_is_sent_and_warns_once(emulator, adapter, make, ask, way):
    llm = make(model=NEWEST, temperature=0.5, top_k=5)
    refused = pytest.raises(adapter.error(InvalidRequestError), match="is deprecated")
    with pytest.warns(UserWarning, match="refuses") as caught, refused:
        ask(llm, way)
    with refused:  # the suite makes an error of any further warning
        ask(llm, way)
    assert [str(one.message).partition(",")[0] for one in caught] == [
        "'claude-opus-4-8' refuses temperature",
        "'claude-opus-4-8' refuses top_k",
    ]
    assert emulator.journal[0].body["temperature"] == 0.5


@every_model
@pytest.mark.parametrize("model", ["claude-sonnet-4-6", "claude-opus-4-6", "a-model-of-next-year"])
def test_other_models_take_sampling_parameters_without_a_word(emulator, make, ask, model):
    emulator.switch(unknown_models="accept")
    ask(make(model=model, temperature=0.5))
    assert emulator.journal[0].body["temperature"] == 0.5


@every_model
@pytest.mark.parametrize("way", WAYS)
def test_a_model_past_its_end_warns_once_and_names_the_next(make, ask, way):
    llm = make(model=ENDED)
    with pytest.warns(UserWarning, match="2026-04-21") as caught:
        ask(llm, way)
    ask(llm, way)  # the suite makes an error of any further warning
    (warning,) = caught
    assert "Use 'claude-4-6-sonnet'." in str(warning.message)


@every_model
def test_making_an_object_and_calling_a_model_that_goes_on_warn_of_nothing(make, ask):
    make(model=ENDED)
    for model in ("claude-4-sonnet", "claude-sonnet-4-6", "claude-4-6-opus"):
        ask(make(model=model))


@every_model
def test_an_ended_model_that_is_refused_is_an_error_with_the_next(emulator, adapter, make, ask):
    emulator.switch(ended_models="reject")
    with (
        pytest.raises(adapter.error(NotFoundError), match="use 'claude-4-6-sonnet'"),
        pytest.warns(UserWarning, match="end of life"),
    ):
        ask(make(model=ENDED))


def test_the_client_warns_at_the_line_of_its_caller(config_vars):
    with pytest.warns(UserWarning, match="end of life") as caught:
        Client(model=ENDED).chat([{"role": "user", "content": "Hi"}])
    assert caught[0].filename == __file__


@every_model
def test_a_blocking_call_warns_at_the_line_of_its_caller(adapter, make):
    llm = make(model=ENDED)
    call = llm.invoke if issubclass(adapter, LangChain) else llm.complete
    with pytest.warns(UserWarning, match="end of life") as caught:
        call("Hi")
    assert caught[0].filename == __file__


@every_model
def test_a_model_that_thinks_adaptively_knows_that_no_tool_can_be_forced(adapter, make):
    llm = make(model=NEWEST, extended_thinking=ADAPTIVE)
    if issubclass(adapter, LangChain):
        assert llm.thinks
        assert not make(model=NEWEST, extended_thinking={"type": "disabled"}).thinks
    else:
        assert llm._will_think({})
        assert not llm._will_think({"extended_thinking": {"type": "disabled"}})


@messages_models
def test_by_an_effort_alone_no_model_of_the_messages_endpoint_thinks(adapter, make):
    llm = make(model=NEWEST, reasoning_effort="high")
    assert not (llm.thinks if adapter is LangChainMessages else llm._will_think({}))
