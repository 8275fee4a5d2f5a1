"""`ChatOpenAI` and `OpenAIEmbeddings` on Heroku, side by side with our classes."""

from __future__ import annotations

import pytest
from langchain_core.load import dumps
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from heroku_emulator import CallTools, Cut, Fault, Say
from heroku_inference import (
    ConfigError,
    Settings,
    StreamInterruptedError,
    async_openai_client,
    chat_openai_options,
    openai_client,
)
from langchain_heroku import ChatHeroku, HerokuEmbeddings

CONVERSATION = [("system", "You answer in one sentence."), ("human", "What runs an app?")]
THINKING = {"enabled": True, "budget_tokens": 1024, "include_reasoning": True}


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class City(BaseModel):
    """A city and its country."""

    name: str
    country: str


@pytest.fixture
def openai_variables(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-company")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Of-Openai: secret")


@pytest.fixture
async def options():
    """Makes arguments of `ChatOpenAI`, whose clients are closed after the test."""
    made = []

    def options(**arguments):
        made.append(chat_openai_options(**arguments))
        return made[-1]

    yield options
    for one in made:
        one["root_client"].close()
        await one["root_async_client"].close()


@pytest.fixture
def chat_openai(openai_variables, config_vars, options):
    return ChatOpenAI(**options(), stream_usage=True)  # which it leaves out at other addresses


@pytest.fixture(params=["spaced", "split"])
def framing(request, emulator):
    if request.param == "split":
        emulator.switch(sse_space=False, terminator="message", split_bytes=7)


def seen(message):
    usage = message.usage_metadata
    return (
        message.text,
        message.tool_calls,
        [usage[f"{n}_tokens"] for n in ("input", "output", "total")],
    )


def test_a_chat_is_the_same(chat_openai):
    assert seen(chat_openai.invoke(CONVERSATION)) == seen(ChatHeroku().invoke(CONVERSATION))


async def test_an_asynchronous_chat_is_the_same(chat_openai):
    theirs = await chat_openai.ainvoke(CONVERSATION)
    assert seen(theirs) == seen(await ChatHeroku().ainvoke(CONVERSATION))


def whole(chunks):
    chunks = list(chunks)
    total = chunks[0]
    for chunk in chunks[1:]:
        total += chunk
    return total


def test_a_stream_is_the_same(framing, chat_openai):
    theirs = whole(chat_openai.stream(CONVERSATION))
    assert seen(theirs) == seen(whole(ChatHeroku().stream(CONVERSATION)))


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
def test_a_tool_call_and_its_second_turn_are_the_same(streamed, framing, chat_openai, emulator):
    said = CallTools([("add", {"a": 2, "b": 3})], text="I add.", ids=["tooluse_1"])
    answers = []
    for model in (chat_openai, ChatHeroku()):
        emulator.script(said)
        bound = model.bind_tools([add])
        question = HumanMessage("2 + 3?")
        first = whole(bound.stream([question])) if streamed else bound.invoke([question])
        total = add.invoke(first.tool_calls[0]["args"])
        result = ToolMessage(f"The sum is {total}.", tool_call_id="tooluse_1")
        answers.append((seen(first), bound.invoke([question, first, result]).text))
    assert answers[0] == answers[1]
    assert "The sum is 5." in answers[0][1]


def test_structured_output_is_the_same_with_function_calling(chat_openai, emulator):
    emulator.script(*[CallTools([("City", {"name": "Porto", "country": "Portugal"})])] * 2)
    theirs = chat_openai.with_structured_output(City, method="function_calling").invoke("Porto?")
    ours = ChatHeroku().with_structured_output(City).invoke("Porto?")
    assert theirs == ours == City(name="Porto", country="Portugal")


def test_nothing_of_openais_variables_is_sent(chat_openai, emulator):
    chat_openai.invoke("Hi")
    list(chat_openai.stream("Hi"))
    for entry in emulator.journal:
        assert not [name for name in entry.headers if name.startswith("openai-")]
        assert "secret" not in str(entry.headers)
    assert [entry.status for entry in emulator.journal] == [200, 200]


def test_a_gateway_of_langsmith_is_passed_by(monkeypatch, config_vars, options, emulator):
    monkeypatch.setenv("LANGSMITH_GATEWAY", "true")
    monkeypatch.setenv("LANGSMITH_API_KEY", "lsv2-made-up")
    ChatOpenAI(**options()).invoke("Hi")
    assert emulator.journal[-1].status == 200


def test_no_key_is_shown(chat_openai, options, emulator):
    shown = [
        repr(options()),
        str(options()),
        repr(chat_openai),
        str(chat_openai),
        dumps(chat_openai),
    ]
    assert emulator.api_key not in "".join(shown)


def test_its_errors_say_what_to_do(config_vars, options, emulator):
    emulator.switch(error_envelope="string")
    with pytest.raises(Exception, match="on Heroku use 'claude-4-5-haiku'"):
        ChatOpenAI(**options(model="gpt-4o-mini")).invoke("Hi")


def test_it_never_turns_to_responses(config_vars, options, emulator):
    emulator.switch(unknown_models="accept")
    ChatOpenAI(**options(model="a-codex-model")).invoke("Hi")
    assert emulator.journal[-1].path == "/v1/chat/completions"


def test_all_arguments_of_our_classes_are_taken(emulator, options):
    given = options(
        model="claude-4-5-haiku",
        api_key=emulator.api_key,
        inference_url=emulator.url,
        timeout=3,
        max_retries=0,
        default_headers={"x-mine": "1"},
    )
    emulator.script(Fault(503))
    model = ChatOpenAI(**given, temperature=0.5)
    with pytest.raises(Exception, match="503"):
        model.invoke("Hi")
    (entry,) = emulator.journal
    assert (entry.body["model"], entry.body["temperature"]) == ("claude-4-5-haiku", 0.5)
    assert (entry.headers["x-mine"], given["root_client"].timeout.read) == ("1", 3)


def test_a_missing_model_is_an_error_before_any_call(emulator):
    with pytest.raises(ConfigError, match="Model is required"):
        chat_openai_options(api_key=emulator.api_key, base_url=emulator.url)


def test_a_call_without_words_is_survived_by_repair(chat_openai, options, emulator):
    said = CallTools([("add", {"a": 2, "b": 3})], ids=["tooluse_1"])
    result = ToolMessage("5", tool_call_id="tooluse_1")
    emulator.script(said)
    without = ChatOpenAI(**options(repair=False)).bind_tools([add])
    with pytest.raises(Exception, match="content is required"):
        without.invoke([HumanMessage("2 + 3?"), without.invoke("2 + 3?"), result])
    for model in (chat_openai.bind_tools([add]), ChatHeroku().bind_tools([add])):
        emulator.script(said)
        assert "5" in model.invoke([HumanMessage("2 + 3?"), model.invoke("2 + 3?"), result]).text


def test_a_result_that_is_a_mere_number_is_survived_by_repair(chat_openai, options, emulator):
    said = CallTools([("add", {"a": 2, "b": 3})], text="I add.", ids=["tooluse_1"])
    result = ToolMessage("5", tool_call_id="tooluse_1")
    emulator.script(said)
    conversation = [HumanMessage("2 + 3?"), ChatHeroku().bind_tools([add]).invoke("2 + 3?"), result]
    with pytest.raises(Exception, match="error parsing JSON"):
        ChatOpenAI(**options(repair=False)).bind_tools([add]).invoke(conversation)
    for model in (chat_openai, ChatHeroku()):
        assert "5" in model.bind_tools([add]).invoke(conversation).text


# What our class does and this one does not; should one of these fail, the pages say too much.


def test_only_ours_tells_what_the_model_thought(chat_openai, emulator):
    emulator.script(*[Say("42.", reasoning="Six by seven.")] * 2)
    theirs = chat_openai.invoke("6 x 7?", extra_body={"extended_thinking": THINKING})
    ours = ChatHeroku(extended_thinking=THINKING).invoke("6 x 7?")
    assert "Six by seven." not in repr(theirs)
    assert "Six by seven." in repr(ours.content_blocks)


def test_only_ours_puts_a_drifting_tool_call_together(chat_openai, emulator):
    emulator.switch(tool_index="drift")
    said = CallTools([("add", {"a": 2, "b": 3})], text="I add.")
    emulator.script(said, said)
    theirs = whole(chat_openai.bind_tools([add]).stream("2 + 3?"))
    ours = whole(ChatHeroku().bind_tools([add]).stream("2 + 3?"))
    assert [call["args"] for call in theirs.tool_calls] != [{"a": 2, "b": 3}]
    assert [call["args"] for call in ours.tool_calls] == [{"a": 2, "b": 3}]


def test_only_ours_notices_a_stream_that_was_cut(chat_openai, emulator):
    emulator.script(*[Cut(after=2, politely=True)] * 2)
    assert whole(chat_openai.stream("Hi")).text
    with pytest.raises(StreamInterruptedError):
        list(ChatHeroku().stream("Hi"))


def test_only_ours_has_structured_output_by_default(chat_openai, emulator):
    emulator.script(
        Say("Porto is in Portugal."), CallTools([("City", {"name": "P", "country": "P"})])
    )
    with pytest.raises(ValueError, match="JSON"):
        chat_openai.with_structured_output(City).invoke("Porto?")
    assert ChatHeroku().with_structured_output(City).invoke("Porto?") == City(name="P", country="P")


# Embeddings


@pytest.fixture
async def openai_embeddings(openai_variables, config_vars):
    """As the page about moving has it."""
    settings = Settings(kind="embedding")
    with openai_client(kind="embedding") as sync:
        async with async_openai_client(kind="embedding") as asynchronous:
            yield OpenAIEmbeddings(
                model=settings.require_model(),
                api_key=settings.api_key,
                client=sync.embeddings,
                async_client=asynchronous.embeddings,
                check_embedding_ctx_length=False,
                chunk_size=96,
                model_kwargs={"extra_body": {"input_type": "search_document"}},
            )


async def test_vectors_of_documents_are_the_same(openai_embeddings, emulator):
    texts = [f"Text number {number}." for number in range(100)]
    ours = HerokuEmbeddings().embed_documents(texts)
    assert openai_embeddings.embed_documents(texts) == [pytest.approx(vector) for vector in ours]
    async_ours = await openai_embeddings.aembed_documents(texts)
    assert async_ours == [pytest.approx(vector) for vector in ours]
    assert sorted(len(entry.body["input"]) for entry in emulator.journal) == [4, 4, 4, 96, 96, 96]
    assert {entry.body["input_type"] for entry in emulator.journal} == {"search_document"}
    assert not [name for entry in emulator.journal for name in entry.headers if "openai-" in name]


def test_only_ours_embeds_questions_as_questions(openai_embeddings, emulator):
    openai_embeddings.embed_query("What runs an app?")
    HerokuEmbeddings().embed_query("What runs an app?")
    sent = [entry.body["input_type"] for entry in emulator.journal]
    assert sent == ["search_document", "search_query"]
