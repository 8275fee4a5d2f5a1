"""`api_key` and `base_url` read as the values in use, in every class that takes them."""

from __future__ import annotations

import copy
import pickle

import pytest
from pydantic import SecretStr

import langchain_heroku
import llama_index_heroku
from heroku_inference import ConfigError

KEY = "inf-a-key-that-must-not-show"
URL = "https://x.test"

CLASSES = {
    f"{package.__name__}.{name}": getattr(package, name)
    for package, names in {
        langchain_heroku: (
            "ChatHeroku",
            "ChatHerokuMessages",
            "ChatHerokuAgent",
            "HerokuEmbeddings",
            "HerokuRerank",
            "HerokuImageTool",
        ),
        llama_index_heroku: ("Heroku", "HerokuMessages", "HerokuEmbedding", "HerokuRerank"),
    }.items()
    for name in names
}
every_class = pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES.keys())


def key_of(thing):
    """The key that an object shows; in LangChain it is a secret."""
    key = thing.api_key
    assert isinstance(key, SecretStr) is (type(thing).__module__.startswith("langchain_heroku"))
    return key.get_secret_value() if isinstance(key, SecretStr) else key


@pytest.fixture
def in_config_vars(monkeypatch):
    monkeypatch.setenv("INFERENCE_KEY", f" {KEY}\n")
    monkeypatch.setenv("INFERENCE_URL", "x.test/v1/")
    monkeypatch.setenv("INFERENCE_MODEL_ID", "claude-4-5-sonnet")


@every_class
def test_they_are_readable_when_they_come_from_config_vars(in_config_vars, kind):
    thing = kind()
    assert (key_of(thing), thing.base_url) == (KEY, URL)


@every_class
def test_they_are_what_was_passed(in_config_vars, kind):
    thing = kind(api_key="inf-passed", base_url="https://y.test/v1")
    assert (key_of(thing), thing.base_url) == ("inf-passed", "https://y.test/v1")


@every_class
def test_a_key_of_a_config_var_stays_out_of_what_is_stored_and_shown(in_config_vars, kind):
    thing = kind()
    key_of(thing)
    shown = [repr(thing), str(thing), str(thing.model_dump()), str(vars(thing))]
    assert not any(KEY in text for text in shown)
    assert KEY.encode() not in pickle.dumps(thing)


@every_class
def test_copies_read_them_anew(in_config_vars, kind, monkeypatch):
    thing = kind()
    made = [copy.copy(thing), copy.deepcopy(thing), thing.model_copy()]
    monkeypatch.setenv("INFERENCE_KEY", "inf-rotated")
    assert {key_of(other) for other in made} == {"inf-rotated"}


@every_class
def test_set_ones_are_used_from_then_on(in_config_vars, kind):
    thing = kind()
    thing.api_key, thing.base_url = SecretStr("inf-set"), "https://z.test"
    assert thing.settings.api_key.get_secret_value() == "inf-set"
    assert thing.settings.base_url == "https://z.test"


@every_class
def test_without_config_vars_they_read_as_none_and_a_use_says_why(
    in_config_vars, kind, monkeypatch
):
    thing = copy.copy(kind())
    monkeypatch.delenv("INFERENCE_KEY")
    assert thing.api_key is None
    assert thing.base_url is None
    with pytest.raises(ConfigError, match="API key is required"):
        thing.settings  # noqa: B018 - looks for the key


@every_class
def test_the_fields_of_the_class_and_of_its_heirs_stay_fields(in_config_vars, kind):
    heir = type("Heir", (kind,), {"__module__": kind.__module__})
    for each in (kind, heir):
        assert each.model_fields["api_key"].get_default() is None
        assert not hasattr(each, "api_key")
    assert key_of(heir()) == KEY


@pytest.mark.parametrize(
    "kind",
    [kind for name, kind in CLASSES.items() if "langchain" in name or "Rerank" in name],
    ids=[name for name in CLASSES if "langchain" in name or "Rerank" in name],
)
def test_arguments_by_position_are_refused_with_what_to_write(in_config_vars, kind):
    with pytest.raises(ConfigError, match=rf"{kind.__name__}\(\) takes arguments by name only"):
        kind("claude-4-5-sonnet")
