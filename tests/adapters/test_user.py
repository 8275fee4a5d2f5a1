"""`user` is sent by every class that is given one, without a warning."""

from __future__ import annotations

import pytest
from llama_index.core.llms import ChatMessage

from heroku_inference import AsyncClient, Client
from langchain_heroku import ChatHeroku
from llama_index_heroku import Heroku

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
