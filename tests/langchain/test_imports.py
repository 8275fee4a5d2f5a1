"""What importing the package loads, and what it leaves alone."""

import subprocess
import sys
from functools import cache

import pytest

import langchain_heroku

HTTP = ["httpx", "aiohttp"]
CHAT = "langchain_core.language_models.chat_models"


@cache
def loaded_by(statement):
    """The modules that a fresh interpreter has after the statement."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    return set(subprocess.check_output([sys.executable, "-c", program], text=True).split())


def packages(modules):
    return {module.partition(".")[0] for module in modules}


def test_everything_public_is_there_and_nothing_else():
    for name in langchain_heroku.__all__:
        assert getattr(langchain_heroku, name).__name__ == name
        assert name in dir(langchain_heroku)
    with pytest.raises(AttributeError, match="ChatGroku"):
        langchain_heroku.ChatGroku  # noqa: B018 - it is to fail


def test_embeddings_load_no_chat_model():
    assert CHAT not in loaded_by("from langchain_heroku import HerokuEmbeddings")


def test_the_chat_model_loads_little_beyond_langchains_own():
    ours = loaded_by("from langchain_heroku import ChatHeroku")
    core = loaded_by(f"import {CHAT}")
    more = packages(ours) - packages(core) - set(sys.stdlib_module_names)
    assert more <= {"heroku_inference", "langchain_heroku"}


def test_the_chat_model_leaves_what_calls_need_to_the_first_call():
    ours = loaded_by("from langchain_heroku import ChatHeroku")
    assert not ours & {f"heroku_inference.{name}" for name in ("_agents", "_answers", "_calls")}


@pytest.mark.parametrize("name", ["ChatHeroku", "ChatHerokuAgent", "ChatHerokuMessages"])
def test_a_model_is_whole_before_threads_share_it(name):
    model = getattr(langchain_heroku, name)
    assert model.__pydantic_complete__
    assert not model.__bases__[0].__pydantic_complete__


@pytest.mark.parametrize("name", ["ChatHeroku", "HerokuEmbeddings"])
def test_no_class_brings_the_other_framework_the_emulator_or_openai(name):
    loaded = packages(loaded_by(f"from langchain_heroku import {name}"))
    assert not loaded & {"llama_index", "llama_index_heroku", "heroku_emulator", "openai"}


def test_the_package_alone_loads_no_http_and_no_framework():
    loaded = packages(loaded_by("import langchain_heroku"))
    assert not loaded & {*HTTP, "langchain_core", "heroku_inference"}


def test_a_message_from_a_checkpoint_is_understood_without_a_model():
    loaded = loaded_by("import langchain_core.messages.ai, langchain_heroku")
    assert "langchain_heroku._blocks_of_answers" in loaded
