"""What a memory holds can always be sent: by every class, in every way, against a strict server."""

from __future__ import annotations

import asyncio
import copy
import json
import warnings

import pytest
from langchain_core.exceptions import ModelInvalidRequestError
from langchain_core.load import dumpd, load
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
    convert_to_messages,
    messages_from_dict,
    messages_to_dict,
)

from heroku_inference import ConfigError
from langchain_heroku import ChatHeroku, ChatHerokuAgent, ChatHerokuMessages
from tests.histories import NEXT, each_history, each_refused, images_sent, texts_sent
from tests.langchain.histories import HISTORIES, NEWEST, NOT_RUN, PDF, SOUND

pytestmark = pytest.mark.usefixtures("config_vars")

MODEL = "claude-4-5-sonnet"
CLASSES = {"chat": ChatHeroku, "agent": ChatHerokuAgent, "messages": ChatHerokuMessages}
QUESTION = HumanMessage("And now?")


def summed(chunks):
    first, *rest = chunks
    return sum(rest, first)


def astreamed(llm, messages):
    async def collect():
        return [chunk async for chunk in llm.astream(messages)]

    return summed(asyncio.run(collect()))


WAYS = {
    "invoke": lambda llm, messages: llm.invoke(messages),
    "stream": lambda llm, messages: summed(llm.stream(messages)),
    "ainvoke": lambda llm, messages: asyncio.run(llm.ainvoke(messages)),
    "astream": astreamed,
}


@pytest.fixture(params=CLASSES)
def kind(request):
    return request.param


@pytest.fixture
def llm(kind):
    return CLASSES[kind](model=MODEL)


def sent(emulator):
    """The texts that the last request held, as JSON."""
    assert [entry.status for entry in emulator.journal] == [200]
    body = emulator.journal[-1].body
    return json.dumps([body.get("system"), body["messages"]], ensure_ascii=False)


def in_order(words, text):
    position = 0
    for word in words:
        found = text.find(word, position)
        assert found >= 0, f"{word!r} is not in {text[position:]}"
        position = found + len(word)
    return True


def words_of(history, kind):
    left_out = history.not_in_messages if kind == "messages" else ()
    words = [word for word in history.words if word not in left_out]
    # Heroku's agent may have run what has no result.
    return ["is not known" if kind == "agent" and word == NOT_RUN else word for word in words]


@pytest.fixture
def no_noise(emulator):
    """At most one warning of a request says what was repaired."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    said = [str(one.message) for one in caught if "repaired" in str(one.message)]
    assert len(said) <= len(emulator.journal), said


def in_langchain(message):
    """A message of the shared table as LangChain's; by hand where LangChain raises an error."""
    try:
        return convert_to_messages([message])[0]
    except (KeyError, ValueError):
        content = message["content"] or ""
    if message["role"] == "tool":
        return ToolMessage(content, tool_call_id="", name=message.get("name"))
    if message["role"] != "assistant":
        return ChatMessage(role=message["role"], content=content)
    calls = [
        {
            "id": call["id"],
            "name": call["function"]["name"],
            "args": call["function"]["arguments"],
            "error": "not an object",
        }
        for call in message["tool_calls"]
    ]
    return AIMessage(content, invalid_tool_calls=calls)


def words_in_langchain(words):
    """LangChain has its own name for this type, whatever an endpoint calls it."""
    return ["audio" if word == "input_audio" else word for word in words]


@pytest.mark.parametrize("way", WAYS)
@each_history()
def test_every_history_of_the_shared_table_can_be_sent(emulator, llm, kind, way, history):
    emulator.switch(bare_tool_history="reject", strict_tools="rejected")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        WAYS[way](llm, [in_langchain(message) for message in history.messages])
    (entry,) = emulator.journal
    assert entry.status == 200
    texts = texts_sent(entry.body)
    if kind == "messages" and history.name.startswith("a PDF in"):
        assert json.dumps(entry.body).count('"type": "document"') == 1  # which it takes
        return
    for text in words_in_langchain(history.seen_by_agents if kind == "agent" else history.seen):
        assert text in texts
    for text in history.unseen:
        assert text not in texts
    assert images_sent(entry.body) == history.images
    said = [str(one.message) for one in caught if one.category is UserWarning]
    assert len(said) <= 1, said
    assert history.warns is None or history.warns == bool(said), said


@pytest.mark.parametrize("way", WAYS)
@each_refused()
def test_every_refused_turn_of_the_shared_table_is_refused(emulator, llm, kind, way, refused):
    if kind == "messages" and refused.name.startswith("a PDF in"):
        pytest.skip("the Messages endpoint takes it")
    memory = [HumanMessage("Hi"), AIMessage("Ho"), in_langchain(refused.message)]
    with pytest.raises(ConfigError, match=rf"^messages\[2\]: .*{refused.error}"):
        WAYS[way](llm, memory)
    assert len(emulator.journal) == 0
    with pytest.warns(UserWarning, match="repaired"):
        WAYS[way](llm, [*memory, in_langchain(NEXT)])
    (entry,) = emulator.journal
    for text in words_in_langchain(refused.seen):
        assert text in texts_sent(entry.body)


@pytest.mark.usefixtures("no_noise")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", HISTORIES)
def test_every_history_can_be_sent(emulator, llm, kind, way, name):
    history = HISTORIES[name]
    messages = [*history.messages, QUESTION]
    before = copy.deepcopy(messages)
    assert WAYS[way](llm, messages).text
    text = sent(emulator)
    assert in_order([*words_of(history, kind), "And now?"], text)
    assert SOUND not in text
    assert repr(messages) == repr(before)


@pytest.mark.usefixtures("no_noise")
@pytest.mark.parametrize("name", HISTORIES)
def test_every_history_can_be_continued_by_a_thinking_claude(emulator, name):
    history = HISTORIES[name]
    llm = ChatHerokuMessages(model=MODEL, extended_thinking=True)
    assert llm.invoke([*history.messages, QUESTION]).text
    assert in_order(words_of(history, "messages"), sent(emulator))


@pytest.mark.usefixtures("no_noise")
@pytest.mark.parametrize("name", HISTORIES)
def test_a_history_may_end_as_it_is(emulator, llm, kind, name):
    """Without a newest turn of the user's, nothing is refused but a history that says nothing."""
    history = HISTORIES[name]
    *_, last = history.messages
    if isinstance(last, HumanMessage):
        pytest.skip("it ends with a turn of the user's")
    try:
        llm.invoke(history.messages)
    except ConfigError as error:
        problem = error.problem
    else:
        assert in_order(words_of(history, kind), sent(emulator))
        return
    assert not history.words or "has no role" in problem
    assert len(emulator.journal) == 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NEWEST)
def test_the_newest_turn_is_refused_before_it_is_sent_and_the_next_one_works(
    emulator, llm, way, name
):
    # Two of these are not messages on the wire, where positions differ.
    thread = [SystemMessage("Be brief."), RemoveMessage(id="1"), HumanMessage(" ")]
    thread += [AIMessage("Hi."), NEWEST[name]]
    with pytest.raises(ConfigError, match=r"^messages\[4\]: ") as caught:
        WAYS[way](llm, thread)
    assert isinstance(caught.value, ModelInvalidRequestError)
    assert len(emulator.journal) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert WAYS[way](llm, [*thread, QUESTION]).text
    assert in_order(["Hi.", "And now?"], sent(emulator))


def test_a_pdf_is_refused_where_no_model_takes_it(emulator, kind):
    asked = HumanMessage([{"type": "file", "base64": PDF, "mime_type": "application/pdf"}])
    if kind == "messages":  # which takes it
        CLASSES[kind](model=MODEL).invoke([asked])
        assert PDF in sent(emulator)
        return
    with pytest.raises(ConfigError, match=r"messages\[0\].*file"):
        CLASSES[kind](model=MODEL).invoke([asked])


def test_only_the_last_message_is_the_newest_turn(emulator, llm):
    """A message that was refused stays in the thread, right before the next one."""
    sound = HumanMessage([{"type": "audio", "base64": SOUND, "mime_type": "audio/wav"}])
    with pytest.warns(UserWarning, match="repaired"):
        llm.invoke([sound, HumanMessage(""), HumanMessage("Can you hear me?")])
    assert in_order(["audio/wav", "Can you hear me?"], sent(emulator))


def test_results_alone_are_not_a_turn_of_the_users(emulator, llm):
    """Anthropic's form has results of tools in messages of the user."""
    call = {"name": "add", "args": {}, "id": "c1"}
    result = {
        "type": "tool_result",
        "tool_use_id": "c1",
        "content": [{"type": "audio", "base64": SOUND, "mime_type": "audio/wav"}],
    }
    asked = [HumanMessage("Add."), AIMessage("", tool_calls=[call]), HumanMessage([result])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        llm.invoke(asked)
    assert "audio/wav" in sent(emulator)


DUMPS = {
    "dicts": lambda messages: messages_from_dict(messages_to_dict(messages)),
    "dumps": lambda messages: load(dumpd(messages), allowed_objects="core"),
}


@pytest.mark.usefixtures("no_noise")
@pytest.mark.parametrize("dump", DUMPS)
@pytest.mark.parametrize("name", HISTORIES)
def test_messages_that_were_dumped_are_the_same(emulator, dump, name):
    llm = ChatHeroku(model=MODEL)
    history = HISTORIES[name]
    try:
        messages = DUMPS[dump](history.messages)
    except (NotImplementedError, RecursionError, TypeError, ValueError):
        pytest.skip("LangChain cannot dump it")
    if "hold themselves" in name:
        pytest.skip("the dump does not hold itself, but a copy")
    bodies = []
    for thread in (history.messages, messages):
        llm.invoke([*thread, QUESTION])
        bodies.append(emulator.journal[-1].body)
    assert json.dumps(bodies[0]) == json.dumps(bodies[1])


def add(a: int) -> int:
    """Add one."""
    return a + 1


@pytest.mark.parametrize("second", CLASSES)
def test_a_thread_begun_with_one_class_goes_on_with_another(emulator, llm, kind, second):
    """Also back again: what each of them says is understood by the other."""
    other = CLASSES[second](model=MODEL)
    thread = [HumanMessage("One.")]
    for model in (llm, other, llm, other):
        thread += [model.invoke(thread), HumanMessage("Next.")]
    assert [entry.status for entry in emulator.journal] == [200] * 4
    assert other.invoke(thread).text == "You said: Next."


def test_a_result_of_a_call_keeps_its_place_among_parallel_ones(emulator, llm, kind):
    calls = [{"name": name, "args": {}, "id": name} for name in ("one", "two", "three")]
    thread = [
        HumanMessage("Go."),
        AIMessage("", tool_calls=calls),
        ToolMessage("third", tool_call_id="three"),
        ToolMessage("first", tool_call_id="one"),
        QUESTION,
    ]
    with pytest.warns(UserWarning, match="repaired"):
        llm.invoke(thread)
    text = sent(emulator)
    for word in ("first", "third", "is not known" if kind == "agent" else NOT_RUN):
        assert text.count(word) == 1


def test_results_without_ids_find_their_calls_by_the_tools_name(emulator, llm, kind):
    calls = [{"name": name, "args": {}, "id": None} for name in ("add", "divide")]
    thread = [
        HumanMessage("Go."),
        AIMessage("", tool_calls=calls),
        ToolMessage("divided", tool_call_id="", name="divide"),
        ToolMessage("added", tool_call_id="", name="add"),
        QUESTION,
    ]
    llm.invoke(thread)
    _, called, *results = emulator.journal[-1].body["messages"]
    if kind == "messages":
        ids = {block["name"]: block["id"] for block in called["content"] if "name" in block}
        told = {block.get("content"): block.get("tool_use_id") for block in results[0]["content"]}
    else:
        ids = {call["function"]["name"]: call["id"] for call in called["tool_calls"]}
        told = {message["content"]: message.get("tool_call_id") for message in results}
    assert (told["added"], told["divided"]) == (ids["add"], ids["divide"])
