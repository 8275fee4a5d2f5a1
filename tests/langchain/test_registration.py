"""`register()`: the provider `heroku` for LangChain's factories, only on request."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from langchain.chat_models import base as chat_models
from langchain.chat_models import init_chat_model
from langchain.embeddings import base as embeddings
from langchain.embeddings import init_embeddings

import langchain_heroku
from langchain_heroku import ChatHeroku, ChatHerokuAgent, ChatHerokuMessages, HerokuEmbeddings


@pytest.fixture(autouse=True)
def tables(monkeypatch):
    """LangChain's tables, put back afterwards."""
    for module in (chat_models, embeddings):
        monkeypatch.setattr(module, "_BUILTIN_PROVIDERS", dict(module._BUILTIN_PROVIDERS))
    chat_models._get_chat_model_creator.cache_clear()
    embeddings._get_embeddings_class_creator.cache_clear()
    return chat_models._BUILTIN_PROVIDERS, embeddings._BUILTIN_PROVIDERS


def test_importing_the_package_registers_nothing(tables):
    assert not [name for table in tables for name in table if name.startswith("heroku")]


@pytest.mark.usefixtures("config_vars")
def test_models_are_made_by_name():
    langchain_heroku.register()
    chat = init_chat_model("heroku:claude-4-5-sonnet", temperature=0.5)
    assert isinstance(chat, ChatHeroku)
    assert (chat.model, chat.temperature) == ("claude-4-5-sonnet", 0.5)
    named = init_chat_model("claude-4-5-haiku", model_provider="heroku")
    assert isinstance(named, ChatHeroku)
    thinks = init_chat_model("heroku_messages:claude-4-5-sonnet", extended_thinking=2000)
    assert isinstance(thinks, ChatHerokuMessages)
    assert thinks.extended_thinking == 2000
    agent = init_chat_model("heroku_agent:claude-4-5-sonnet", tools=["code_exec_python"])
    assert isinstance(agent, ChatHerokuAgent)
    made = init_embeddings("heroku:cohere-embed-v4", batch_size=10)
    assert isinstance(made, HerokuEmbeddings)
    assert (made.model, made.batch_size) == ("cohere-embed-v4", 10)


def test_registering_again_changes_nothing(tables):
    langchain_heroku.register()
    before = [dict(table) for table in tables]
    langchain_heroku.register()
    assert [dict(table) for table in tables] == before


def test_without_langchain_it_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "langchain"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoLangChain("langchain"), *sys.meta_path])
    with pytest.raises(ImportError, match="pip install langchain"):
        langchain_heroku.register()


def test_a_moved_module_is_distinguished_from_a_missing_package(monkeypatch):
    monkeypatch.delitem(sys.modules, "langchain.embeddings.base")
    monkeypatch.setattr(
        sys, "meta_path", [NoLangChain("langchain.embeddings.base"), *sys.meta_path]
    )
    with pytest.raises(RuntimeError, match="does not know the installed version"):
        langchain_heroku.register()
    assert "heroku" not in chat_models._BUILTIN_PROVIDERS


def test_a_missing_dependency_of_langchain_is_reported_as_it_is(monkeypatch):
    monkeypatch.delitem(sys.modules, "langchain.embeddings.base")
    monkeypatch.setattr(
        sys, "meta_path", [NoLangChain("langchain.embeddings.base", says="other"), *sys.meta_path]
    )
    with pytest.raises(ModuleNotFoundError, match="other"):
        langchain_heroku.register()


@pytest.mark.parametrize(
    "table", [None, {"openai": "langchain_openai"}, {"openai": ("module", "Class", None)}]
)
def test_a_table_of_another_form_is_left_alone(monkeypatch, table):
    changed = ModuleType("langchain.embeddings.base")
    changed._BUILTIN_PROVIDERS = table
    monkeypatch.setitem(sys.modules, "langchain.embeddings.base", changed)
    with pytest.raises(RuntimeError, match="ChatHeroku"):
        langchain_heroku.register()
    assert "heroku" not in chat_models._BUILTIN_PROVIDERS


class NoLangChain:
    """An import hook in whose eyes a module does not exist."""

    def __init__(self, missing: str, *, says: str | None = None) -> None:
        self._missing = missing
        self._says = says or missing

    def find_spec(self, name, path=None, target=None):
        if name == self._missing:
            raise ModuleNotFoundError(f"No module named {self._says!r}", name=self._says)
