"""`user` is sent by every class that is given one, without a warning."""

from __future__ import annotations

import pytest
from llama_index.core.llms import ChatMessage

from heroku_inference import AsyncClient, Client, ConfigError
from langchain_heroku import ChatHeroku, ChatHerokuAgent, HerokuEmbeddings
from llama_index_heroku import Heroku, HerokuAgent, HerokuEmbedding

HI = [{"role": "user", "content": "Hi"}]
WAYS = {
    "core": lambda: Client().chat(HI, user="ada"),
    "core, streamed": lambda: list(Client().stream_chat(HI, user="ada")),
    "LangChain": lambda: ChatHeroku().invoke("Hi", user="ada"),
    "LangChain, streamed": lambda: list(ChatHeroku().stream("Hi", user="ada")),
    "LangChain, bound": lambda: ChatHeroku().bind(user="ada").invoke("Hi"),
    "LangChain, of the model": lambda: ChatHeroku(user="ada").invoke("Hi"),
    "LlamaIndex": lambda: Heroku().chat([ChatMessage("Hi")], user="ada"),
    "LlamaIndex, streamed": lambda: list(Heroku().stream_chat([ChatMessage("Hi")], user="ada")),
    "LlamaIndex, as an argument": lambda: Heroku(user="ada").complete("Hi"),
    "LangChain, of model_kwargs": lambda: ChatHeroku(model_kwargs={"user": "ada"}).invoke("Hi"),
    "LlamaIndex, of the model": lambda: Heroku(additional_kwargs={"user": "ada"}).complete("Hi"),
}
ASYNC_WAYS = {
    "core": lambda: AsyncClient().chat(HI, user="ada"),
    "LangChain": lambda: ChatHeroku().ainvoke("Hi", user="ada"),
    "LlamaIndex": lambda: Heroku().achat([ChatMessage("Hi")], user="ada"),
}


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_the_user_is_sent(way, config_vars, emulator):
    way()
    assert emulator.journal[-1].body["user"] == "ada"


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("way", ASYNC_WAYS.values(), ids=list(ASYNC_WAYS))
async def test_the_user_is_sent_asynchronously(way, config_vars, emulator):
    await way()
    assert emulator.journal[-1].body["user"] == "ada"


WITHOUT = {
    "core": lambda: Client().run_agent(HI, user="ada"),
    "LangChain": lambda: ChatHerokuAgent(user="ada"),
    "LangChain, of a call": lambda: ChatHerokuAgent().invoke("Hi", user="ada"),
    "LangChain, streamed": lambda: list(ChatHerokuAgent().stream("Hi", user="ada")),
    "LangChain, bound": lambda: ChatHerokuAgent().bind(user="ada").invoke("Hi"),
    "LlamaIndex": lambda: HerokuAgent(user="ada"),
}


@pytest.mark.parametrize("way", WITHOUT.values(), ids=list(WITHOUT))
def test_agents_refuse_the_user_with_the_reason(way, config_vars, emulator):
    with pytest.raises(ConfigError, match=r"user.*agents endpoint|agents endpoint.*user") as caught:
        way()
    assert "extra_body" in caught.value.remedy
    assert len(emulator.journal) == 0


@pytest.mark.parametrize("kind", [HerokuEmbeddings, HerokuEmbedding])
def test_embeddings_have_no_user(kind, config_vars):
    with pytest.raises(ConfigError, match="has no argument 'user'"):
        kind(user="ada")
