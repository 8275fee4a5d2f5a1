"""What importing an adapter loads, and what it leaves alone."""

from __future__ import annotations

import importlib
import subprocess
import sys
from functools import cache

import pytest

HTTP = {"httpx", "httpx2", "aiohttp"}
CHAT = "langchain_core.language_models.chat_models"
BOTH = {"langchain_heroku": "langchain_core", "llama_index_heroku": "llama_index"}
MODELS = [
    ("langchain_heroku", "ChatHeroku"),
    ("langchain_heroku", "ChatHerokuAgent"),
    ("langchain_heroku", "ChatHerokuMessages"),
    ("llama_index_heroku", "Heroku"),
    ("llama_index_heroku", "HerokuMessages"),
]
packages_of_both = pytest.mark.parametrize("package", BOTH)


@cache
def loaded_by(statement):
    """The modules that a fresh interpreter has after the statement."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    return set(subprocess.check_output([sys.executable, "-c", program], text=True).split())


def packages(modules):
    return {module.partition(".")[0] for module in modules}


@packages_of_both
def test_a_package_has_its_public_names_and_no_other(package):
    module = importlib.import_module(package)
    for name in module.__all__:
        assert getattr(module, name).__name__ == name
        assert name in dir(module)
    with pytest.raises(AttributeError, match="ChatGroku"):
        module.ChatGroku  # noqa: B018 - it is to fail


@packages_of_both
def test_a_package_alone_loads_no_http_and_no_framework(package):
    loaded = packages(loaded_by(f"import {package}"))
    assert not loaded & {*HTTP, *BOTH.values(), "heroku_inference"}


@pytest.mark.parametrize(("package", "name"), MODELS)
def test_a_model_class_is_complete_before_threads_share_it(package, name):
    assert getattr(importlib.import_module(package), name).__pydantic_complete__


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("langchain_heroku", "ChatHeroku"),
        ("langchain_heroku", "HerokuEmbeddings"),
        ("llama_index_heroku", "Heroku"),
        ("llama_index_heroku", "HerokuEmbedding"),
    ],
)
def test_no_class_loads_the_other_framework_the_emulator_or_openai(package, name):
    loaded = packages(loaded_by(f"from {package} import {name}"))
    other = BOTH.keys() - {package}
    assert not loaded & {*other, *(BOTH[name] for name in other), "heroku_emulator", "openai"}


def test_langchains_embeddings_load_no_chat_model():
    assert CHAT not in loaded_by("from langchain_heroku import HerokuEmbeddings")


def test_chat_heroku_loads_little_more_than_langchain_itself():
    ours = loaded_by("from langchain_heroku import ChatHeroku")
    core = loaded_by(f"import {CHAT}")
    more = packages(ours) - packages(core) - set(sys.stdlib_module_names)
    assert more <= {"heroku_inference", "langchain_heroku"}


def test_chat_heroku_loads_what_calls_need_with_the_first_call():
    later = ("_http", "_agents", "_client", "_chat.reading")
    ours = loaded_by("from langchain_heroku import ChatHeroku")
    assert not {
        name for name in ours for part in later if name.startswith(f"heroku_inference.{part}")
    }


def test_only_the_class_of_a_langchain_model_is_complete_and_not_its_base():
    for package, name in MODELS[:3]:
        model = getattr(importlib.import_module(package), name)
        assert not model.__bases__[0].__pydantic_complete__


def test_a_message_from_a_checkpoint_is_understood_without_a_model():
    loaded = loaded_by("import langchain_core.messages.ai, langchain_heroku")
    assert "langchain_heroku._blocks_of_answers" in loaded


def test_heroku_loads_nothing_more_than_llama_index_itself():
    ours = loaded_by("from llama_index_heroku import Heroku")
    core = loaded_by("import llama_index.core")
    assert packages(ours) - packages(core) <= {"heroku_inference", "llama_index_heroku"}
    assert not {m for m in ours - core if not m.startswith(("heroku_inf", "llama_index_heroku"))}


@pytest.mark.parametrize(
    "statement", ["langchain_heroku import ChatHeroku", "llama_index_heroku import Heroku"]
)
def test_a_chat_class_leaves_what_only_its_objects_need_for_later(statement):
    later = {"heroku_inference._catalogue", "heroku_inference._client", "heroku_inference._http"}
    assert not loaded_by(f"from {statement}") & later


def test_a_client_loads_what_shows_values_when_one_is_shown():
    client = "from heroku_inference import Client; Client(api_key='k', base_url='http://127.0.0.1')"
    assert "heroku_inference._display" not in loaded_by(client)
    assert "heroku_inference._display" in loaded_by(
        f"{client}; from heroku_inference import Usage; repr(Usage(1, 2, 3))"
    )
