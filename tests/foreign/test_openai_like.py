"""LlamaIndex's `OpenAILike` on Heroku, side by side with `Heroku`."""

from __future__ import annotations

import inspect

import openai
import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI
from llama_index.llms.openai_like import OpenAILike

from heroku_emulator import CallTools, Fault, Say
from heroku_inference import ConfigError, openai_like_options
from llama_index_heroku import Heroku

# Its models are pydantic's of old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CONVERSATION = [
    ChatMessage(role=MessageRole.SYSTEM, content="You answer in one sentence."),
    ChatMessage(role=MessageRole.USER, content="What runs an app?"),
]
THINKING = {"enabled": True, "budget_tokens": 1024, "include_reasoning": True}


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@pytest.fixture
async def options():
    """Makes arguments of `OpenAILike`, whose clients are closed after the test."""
    made = []

    def options(**arguments):
        made.append(openai_like_options(**arguments))
        return made[-1]

    yield options
    for one in made:
        one["openai_client"].close()
        await one["async_openai_client"].close()


@pytest.fixture
def openai_like(config_vars, options, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-company")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Of-Openai: secret")
    return OpenAILike(**options())


def seen(response):
    extra = response.additional_kwargs
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return response.message.content, [extra[name] for name in names]


def test_a_chat_is_the_same(openai_like):
    assert seen(openai_like.chat(CONVERSATION)) == seen(Heroku().chat(CONVERSATION))


async def test_an_asynchronous_chat_is_the_same(openai_like):
    theirs = await openai_like.achat(CONVERSATION)
    assert seen(theirs) == seen(await Heroku().achat(CONVERSATION))


def test_a_stream_is_the_same(openai_like, framing):
    theirs = [piece.delta or "" for piece in openai_like.stream_chat(CONVERSATION)]
    ours = [piece.delta or "" for piece in Heroku().stream_chat(CONVERSATION)]
    assert "".join(theirs) == "".join(ours) == openai_like.chat(CONVERSATION).message.content


def test_a_tool_call_and_its_second_turn_are_the_same(openai_like, emulator):
    tool, question = FunctionTool.from_defaults(add), CONVERSATION[1]
    answers = []
    for llm in (openai_like, Heroku()):
        emulator.script(CallTools([("add", {"a": 2, "b": 3})], text="I add.", ids=["tooluse_1"]))
        first = llm.chat_with_tools([tool], chat_history=[question])
        (call,) = llm.get_tool_calls_from_response(first)
        result = ChatMessage(
            role="tool",
            content="The sum is 5.",
            additional_kwargs={"tool_call_id": call.tool_id},
        )
        second = llm.chat_with_tools([tool], chat_history=[question, first.message, result])
        answers.append((call.tool_name, call.tool_kwargs, second.message.content))
    assert answers[0] == answers[1]
    assert "The sum is 5." in answers[0][2]


def test_the_catalogue_says_what_the_model_can(config_vars, options):
    claude = OpenAILike(**options(model="claude-4-5-sonnet")).metadata
    assert (claude.context_window, claude.is_chat_model, claude.is_function_calling_model) == (
        200_000,
        True,
        True,
    )
    assert "context_window" not in options(model="a-model-of-tomorrow")


def test_nothing_of_openais_variables_is_sent(openai_like, emulator):
    openai_like.complete("Hi")
    (entry,) = emulator.journal
    assert entry.status == 200
    assert not [name for name in entry.headers if name.startswith("openai-")]
    assert "secret" not in str(entry.headers)


def test_no_key_is_shown(openai_like, options, emulator):
    shown = [repr(options()), repr(openai_like), str(openai_like.to_dict()), openai_like.to_json()]
    assert emulator.api_key not in "".join(shown)


def test_there_is_one_layer_of_retries(config_vars, options, emulator):
    emulator.script(Fault(503, headers={"retry-after-ms": "1"}, times=20))
    with pytest.raises(openai.InternalServerError):
        OpenAILike(**options(max_retries=2)).chat(CONVERSATION)
    assert len(emulator.journal) == 3


def test_its_errors_say_what_to_do(config_vars, options, envelope):
    with pytest.raises(openai.NotFoundError, match="on Heroku use 'claude-4-5-sonnet'"):
        OpenAILike(**options(model="gpt-4o")).chat(CONVERSATION)


def test_a_missing_model_is_an_error_before_any_call(emulator):
    with pytest.raises(ConfigError, match="Model is required"):
        openai_like_options(api_key=emulator.api_key, base_url=emulator.url)


def test_tools_are_sent_as_documented_by_repair(config_vars, options, openai_like, emulator):
    # With every tool it sends `strict: false`, which Heroku does not document.
    emulator.switch(strict_tools="rejected")
    tool = FunctionTool.from_defaults(add)
    with pytest.raises(openai.BadRequestError, match="strict"):
        OpenAILike(**options(repair=False)).chat_with_tools([tool], "2 + 3?")
    for llm in (openai_like, Heroku()):
        llm.chat_with_tools([tool], "2 + 3?")
    assert [entry.status for entry in emulator.journal] == [400, 200, 200]


def test_every_call_has_words_beside_it_by_repair(openai_like, emulator):
    tool, question = FunctionTool.from_defaults(add), CONVERSATION[1]
    result = ChatMessage(
        role="tool", content="The sum is 5.", additional_kwargs={"tool_call_id": "tooluse_1"}
    )
    for llm in (openai_like, Heroku()):
        emulator.script(CallTools([("add", {"a": 2, "b": 3})], ids=["tooluse_1"]))
        first = llm.chat_with_tools([tool], chat_history=[question])
        llm.chat_with_tools([tool], chat_history=[question, first.message, result])
        assert emulator.journal[-1].body["messages"][1]["content"] == "."


# Moving over


def defaults_of_openai_like():
    """Its arguments with their defaults: the constructor's of `OpenAI`, and its own fields."""
    parameters = inspect.signature(OpenAI.__init__).parameters.values()
    defaults = {
        parameter.name: parameter.default
        for parameter in parameters
        if parameter.default is not inspect.Parameter.empty
    }
    own = {name: field.get_default(call_default_factory=True) for name, field in
           OpenAILike.model_fields.items()}  # fmt: skip
    return {**own, **defaults, "model": "claude-4-5-sonnet"}


def test_every_argument_of_its_constructor_is_taken(config_vars):
    defaults = defaults_of_openai_like()
    assert {"openai_client", "audio_config", "tokenizer", "is_chat_model"} <= defaults.keys()
    assert Heroku(**defaults).complete("Hello").text
    for name, value in defaults.items():
        Heroku(**{"model": "claude-4-5-sonnet", name: value})


# What our class does and this one does not; should one of these fail, the pages say too much.


def test_only_ours_tells_what_the_model_thought(config_vars, options, emulator):
    emulator.script(*[Say("42.", reasoning="Six by seven.")] * 2)
    body = {"extra_body": {"extended_thinking": THINKING}}
    theirs = OpenAILike(**options(), temperature=1, additional_kwargs=body).chat(CONVERSATION)
    ours = Heroku(extended_thinking=THINKING).chat(CONVERSATION)
    assert "Six by seven." not in repr(theirs.message.blocks)
    assert "Six by seven." in repr(ours.message.blocks)


def test_only_ours_sends_no_temperature_of_its_own(openai_like, emulator):
    openai_like.chat(CONVERSATION)
    Heroku().chat(CONVERSATION)
    assert [entry.body.get("temperature") for entry in emulator.journal] == [0.1, None]
