"""What holds for an object of every class of both adapters: settings, secrets, copies."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from langchain_core.load import dumpd, dumps
from langchain_core.load.serializable import Serializable
from langchain_core.tools import BaseTool
from llama_index.core.llms import ChatMessage
from llama_index.core.schema import BaseComponent, NodeWithScore, TextNode

import langchain_heroku
import llama_index_heroku
from heroku_inference import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",  # LlamaIndex's workflows use what is deprecated
    "ignore::pydantic.PydanticDeprecationWarning",
)

KEY = "inf-a-key-that-must-not-show"
URL = "https://x.test"
HELLO = [ChatMessage("Hello")]
TEXTS = ["a text", "another"]
NODES = [NodeWithScore(node=TextNode(text=text, id_=text)) for text in TEXTS]
DRAW = {"prompt": "A fox", "seed": 4}


async def arun(agent):
    return str(await agent.run("Hello"))


@dataclass(frozen=True)
class Subject:
    """A class, and how its objects are used: blocking, and awaited."""

    kind: type
    use: Callable[[Any], Any]
    ause: Callable[[Any], Any]
    alias: str = "INFERENCE"

    def make(self, **arguments):
        return self.kind(**{"api_key": KEY, "base_url": URL, "model": "m", **arguments})


SUBJECTS = {
    "ChatHeroku": Subject(
        langchain_heroku.ChatHeroku,
        lambda llm: llm.invoke("Hello").content,
        lambda llm: llm.ainvoke("Hello"),
    ),
    "ChatHerokuMessages": Subject(
        langchain_heroku.ChatHerokuMessages,
        lambda llm: llm.invoke("Hello").content,
        lambda llm: llm.ainvoke("Hello"),
    ),
    "ChatHerokuAgent": Subject(
        langchain_heroku.ChatHerokuAgent,
        lambda agent: agent.invoke("Hello").content,
        lambda agent: agent.ainvoke("Hello"),
    ),
    "HerokuEmbeddings": Subject(
        langchain_heroku.HerokuEmbeddings,
        lambda embeddings: embeddings.embed_query("a question"),
        lambda embeddings: embeddings.aembed_query("a question"),
        "EMBEDDING",
    ),
    "HerokuRerank of LangChain": Subject(
        langchain_heroku.HerokuRerank,
        lambda reranker: reranker.rerank("a question", TEXTS),
        lambda reranker: reranker.arerank("a question", TEXTS),
        "RERANK",
    ),
    "HerokuImageTool": Subject(
        langchain_heroku.HerokuImageTool,
        lambda tool: tool.invoke(DRAW),
        lambda tool: tool.ainvoke(DRAW),
        "DIFFUSION",
    ),
    "Heroku": Subject(
        llama_index_heroku.Heroku,
        lambda llm: llm.chat(HELLO).message,
        lambda llm: llm.achat(HELLO),
    ),
    "HerokuMessages": Subject(
        llama_index_heroku.HerokuMessages,
        lambda llm: llm.chat(HELLO).message,
        lambda llm: llm.achat(HELLO),
    ),
    "HerokuAgent": Subject(
        llama_index_heroku.HerokuAgent, lambda agent: asyncio.run(arun(agent)), arun
    ),
    "HerokuEmbedding": Subject(
        llama_index_heroku.HerokuEmbedding,
        lambda embedding: embedding.get_query_embedding("a question"),
        lambda embedding: embedding.aget_query_embedding("a question"),
        "EMBEDDING",
    ),
    "HerokuRerank of LlamaIndex": Subject(
        llama_index_heroku.HerokuRerank,
        lambda reranker: reranker.postprocess_nodes(NODES, query_str="a question"),
        lambda reranker: reranker.apostprocess_nodes(NODES, query_str="a question"),
        "RERANK",
    ),
}
COPIES = {
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "model_copy": lambda thing: thing.model_copy(),
    "deep model_copy": lambda thing: thing.model_copy(deep=True),
}


@pytest.fixture(params=SUBJECTS.values(), ids=SUBJECTS.keys())
def subject(request):
    return request.param


def use_everything(subject, thing):
    """Make every connection that the object can make."""
    subject.use(thing)
    asyncio.run(_awaited(subject.ause, thing))


async def _awaited(call, thing):
    return await call(thing)


# Settings


def test_a_missing_key_names_the_config_var_and_no_other_vendors_key_is_used(subject, monkeypatch):
    for vendor in ("OPENAI", "ANTHROPIC", "COHERE"):
        monkeypatch.setenv(f"{vendor}_API_KEY", KEY)
    with pytest.raises(ConfigError, match="INFERENCE_KEY"):
        subject.kind(model="m")


def test_another_attachment_is_read_by_its_alias(subject, config_vars, monkeypatch):
    for name in ("KEY", "URL", "MODEL_ID"):
        monkeypatch.setenv(f"MINE_{name}", config_vars[f"{subject.alias}_{name}"])
    for name in config_vars:
        monkeypatch.delenv(name)
    assert subject.use(subject.kind(alias="MINE"))


@pytest.mark.parametrize(
    ("subject", "spelling", "name", "value"),
    [
        (subject, *spelling)
        for kind, subject in SUBJECTS.items()
        for spelling in (
            ("model_name", "model", "claude-4-5-haiku"),
            ("inference_url", "base_url", "https://y.test"),
            ("max_completion_tokens", "max_tokens", 10),
            ("stop_sequences", "stop", ["x"]),
            ("api_base", "base_url", "https://y.test/v1"),
            ("max_tokens", "max_tokens_per_inference_request", 10),
            ("max_completion_tokens", "max_tokens_per_inference_request", 10),
        )
        if kind in {"ChatHeroku", "Heroku", "ChatHerokuAgent"}
        and (kind == "Heroku" or spelling[0] != "api_base")
        and (
            "max_tokens" not in spelling[1]
            or (kind == "ChatHerokuAgent") == spelling[1].endswith("request")
        )
    ],
    ids=lambda value: value.kind.__name__ if isinstance(value, Subject) else str(value),
)
def test_another_spelling_is_the_same_argument(subject, spelling, name, value):
    arguments = {"model": "m", "api_key": KEY, "base_url": URL}
    arguments.pop(name, None)
    assert getattr(subject.kind(**arguments, **{spelling: value}), name) == value
    with pytest.raises(ConfigError, match="two names of one argument"):
        subject.make(**{name: value, spelling: value})


# Secrets


def shown_by(thing):
    """All the texts that an object is shown and stored as."""
    yield from (repr(thing), str(thing), str(thing.model_dump()), repr(thing.settings))
    if not isinstance(thing, BaseTool):  # LangChain's tools hold a class, which JSON cannot
        yield thing.model_dump_json()
    if isinstance(thing, Serializable):
        yield from (dumps(thing), str(dumpd(thing)))
    if isinstance(thing, BaseComponent):
        yield from (thing.to_json(), thing.json(), str(thing.to_dict()))


@pytest.mark.parametrize("used", [False, True], ids=["before use", "after use"])
def test_nothing_that_shows_an_object_shows_its_key(subject, emulator, config_vars, used):
    key = emulator.api_key
    arguments = {"api_key": key, "base_url": emulator.url, "default_headers": {"x-secret": key}}
    for thing in (subject.kind(), subject.kind(**arguments)):
        if used:
            use_everything(subject, thing)
        assert thing.settings.api_key.get_secret_value() == key
        assert key not in "".join(shown_by(thing))


@pytest.mark.parametrize(
    "arguments",
    [{"timeout": KEY}, {"timeout": -1}, {"max_retries": -1}, {"api_key": [KEY]}],
    ids=str,
)
def test_an_error_about_arguments_does_not_show_the_key(subject, arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))) as caught:
        subject.make(**arguments)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_a_pickle_holds_a_given_key_and_not_one_from_a_config_var(
    subject, config_vars, monkeypatch
):
    restored = pickle.loads(pickle.dumps(subject.make()))
    assert restored.settings.api_key.get_secret_value() == KEY
    thing = subject.kind()
    subject.use(thing)
    pickled = pickle.dumps(thing)
    assert config_vars[f"{subject.alias}_KEY"].encode() not in pickled
    monkeypatch.setenv(f"{subject.alias}_KEY", "inf-other-key")
    assert pickle.loads(pickled).settings.api_key.get_secret_value() == "inf-other-key"
    for name in config_vars:
        monkeypatch.delenv(name)
    with pytest.raises(ConfigError, match="INFERENCE_KEY"):
        subject.use(pickle.loads(pickled))


# Copies


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("used", [False, True], ids=["before use", "after use"])
def test_a_copy_works_like_the_original(subject, emulator, config_vars, caplog, copied, used):
    given = {"api_key": emulator.api_key, "base_url": emulator.url, "max_retries": 1}
    for thing in (subject.kind(), subject.kind(**given)):
        if used:
            use_everything(subject, thing)
        twin = copied(thing)
        assert type(twin) is type(thing)
        if subject.kind.__module__.startswith("langchain_heroku"):
            assert twin == thing
        # What an agent of LlamaIndex dumps of its prompts changes by itself.
        assert getattr(twin, "llm", twin).model_dump() == getattr(thing, "llm", thing).model_dump()
        assert subject.use(twin) == subject.use(thing)
        use_everything(subject, twin)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("name", ["HerokuEmbeddings", "HerokuRerank of LangChain"])
def test_the_dump_of_a_langchain_model_makes_an_equal_one(name, config_vars):
    subject = SUBJECTS[name]
    thing = subject.kind(max_retries=1)
    twin = subject.kind(**thing.model_dump())
    assert twin == thing
    assert subject.use(twin) == subject.use(thing)


def test_a_client_of_the_user_is_used_and_shared_by_deep_copies(subject, emulator, config_vars):
    if subject.kind is llama_index_heroku.HerokuAgent:
        pytest.skip("runs are awaited; test_heroku_agent_objects passes an async client")
    with httpx.Client(headers={"x-mine": "yes"}) as client:
        thing = subject.kind(http_client=client)
        subject.use(thing)
        twin = copy.deepcopy(thing)
        assert twin.http_client is client
        subject.use(twin)
        assert not client.is_closed
        if isinstance(thing, BaseComponent):  # those of LlamaIndex are pickled without it
            assert pickle.loads(pickle.dumps(thing)).http_client is None
            assert thing.http_client is client
    assert [entry.headers["x-mine"] for entry in emulator.journal] == ["yes", "yes"]
