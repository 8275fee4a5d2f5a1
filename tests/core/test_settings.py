from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from heroku_inference import ConfigError, Settings

if TYPE_CHECKING:
    from pathlib import Path

KEY = "inf-test-key"
OTHER_KEY = "inf-other-key"
US = "https://us.inference.heroku.com"
EU = "https://eu.inference.heroku.com"


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch):
    def set_vars(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_vars


def test_config_vars_of_the_default_attachment_are_read(env):
    env(INFERENCE_KEY=KEY, INFERENCE_URL=EU, INFERENCE_MODEL_ID="claude-4-5-sonnet")
    settings = Settings()
    assert settings.api_key.get_secret_value() == KEY
    assert (settings.base_url, settings.model, settings.alias) == (
        EU,
        "claude-4-5-sonnet",
        "INFERENCE",
    )


@pytest.mark.parametrize("alias", ["INFERENCE_TEAL", "inference_teal", "INFERENCE_TEAL_"])
def test_an_alias_names_the_attachment_to_read(env, alias):
    env(INFERENCE_KEY=OTHER_KEY, INFERENCE_URL=US)
    env(INFERENCE_TEAL_KEY=KEY, INFERENCE_TEAL_URL=EU, INFERENCE_TEAL_MODEL_ID="nova-lite")
    settings = Settings(alias=alias)
    assert settings == Settings(api_key=KEY, base_url=EU, model="nova-lite", alias=alias)


def test_a_named_alias_does_not_fall_back(env):
    env(INFERENCE_KEY=KEY, INFERENCE_URL=US)
    with pytest.raises(ConfigError, match="TEAL_KEY is not set"):
        Settings(alias="TEAL", kind="embedding")


@pytest.mark.parametrize("alias", ["", "1ST", "A-B", "A B"])
def test_an_invalid_attachment_name_is_refused(alias):
    with pytest.raises(ConfigError, match="not a valid alias"):
        Settings(api_key=KEY, alias=alias)


@pytest.mark.parametrize("kind", ["chats", None, ["chat"]])
@pytest.mark.parametrize("alias", [None, "TEAL"])
def test_a_kind_that_nobody_knows_is_refused(kind, alias):
    with pytest.raises(ConfigError, match="Use one of chat, embedding, rerank, image"):
        Settings(api_key=KEY, kind=kind, alias=alias)


@pytest.mark.parametrize(
    ("kind", "own", "model"),
    [
        ("embedding", "EMBEDDING", "cohere-embed-multilingual"),
        ("rerank", "RERANK", "cohere-rerank-3-5"),
        ("image", "DIFFUSION", "stable-image-ultra"),
    ],
)
class TestKindsWithAnAttachmentOfTheirOwn:
    def test_their_own_attachment_comes_first(self, env, kind, own, model):
        env(INFERENCE_KEY=OTHER_KEY, INFERENCE_URL=US, INFERENCE_MODEL_ID="claude-4-5-sonnet")
        env(**{f"{own}_KEY": KEY, f"{own}_URL": EU, f"{own}_MODEL_ID": "own-model"})
        settings = Settings(kind=kind)
        assert settings._values() == (KEY, EU, "own-model", own, kind)

    def test_else_inference_serves_with_the_well_known_model(self, env, kind, own, model):
        env(INFERENCE_KEY=KEY, INFERENCE_URL=US, INFERENCE_MODEL_ID="claude-4-5-sonnet")
        assert Settings(kind=kind)._values() == (KEY, US, model, "INFERENCE", kind)

    def test_url_and_key_of_different_attachments_are_refused(self, env, kind, own, model):
        env(INFERENCE_KEY=OTHER_KEY, INFERENCE_URL=US, **{f"{own}_KEY": KEY})
        with pytest.raises(ConfigError, match=f"{own}_URL is not"):
            Settings(kind=kind)
        env(**{f"{own}_URL": EU})
        Settings(kind=kind)

    def test_a_url_without_its_key_is_refused(self, env, kind, own, model):
        env(INFERENCE_KEY=OTHER_KEY, INFERENCE_URL=US, **{f"{own}_URL": EU})
        with pytest.raises(ConfigError, match=f"{own}_KEY is not set"):
            Settings(kind=kind)


@pytest.mark.parametrize(
    "url",
    [
        "https://eu.inference.heroku.com",
        "https://eu.inference.heroku.com/",
        "https://eu.inference.heroku.com/v1",
        "https://eu.inference.heroku.com/v1/",
        "https://eu.inference.heroku.com/V1",
        "eu.inference.heroku.com//V1//",
        "eu.inference.heroku.com",
        "eu.inference.heroku.com/v1/",
        "  https://eu.inference.heroku.com\n",
    ],
)
def test_all_spellings_of_a_url_mean_the_same(env, url):
    assert Settings(api_key=KEY, base_url=url).base_url == EU
    env(INFERENCE_KEY=KEY, INFERENCE_URL=url)
    assert Settings().base_url == EU


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "ftp://host",
        "http:///v1",
        "https://host:abc",
        "https://host:99999",
        "http://[::1",
        "https://host?x=1",
        "https://host#top",
        "https://two words",
        f"https://{'x' * 64}.example",
        "https://user:hidden@host",
        "user:hidden@host",
        "https://user:hid?den@host",
        "https://user:hid/den@host",
        "https://host?key=hidden",
        "https://host?key=hidden@host",
        "https://host#hidden",
        "https://host?",
        "https://host\nauthorization: hidden",
        "https://host\r\nhidden",
        "https://ho\nst",
        "https://ho\tst",
        "https://host/a hidden",
        "https://host/\x00",
        "https://host\\@evil",
        "https://a%2eb",
        "htp://host",
        "htp:host",
        "file:///etc/passwd",
        "file:/etc/passwd",
        "javascript:host",
        "https:/host",
        "//host",
        "hidden:hidden@host",
    ],
)
def test_an_invalid_url_is_refused(url):
    with pytest.raises(ConfigError, match="not the URL of an API") as caught:
        Settings(api_key=KEY, base_url=url)
    assert "hid" not in str(caught.value)
    assert "den" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8377",
        "http://127.1.2.3",
        "http://0.0.0.0:8000",
        "http://[::1]:8377",
        "http://localhost",
        "http://emulator:8377",
        "http://10.0.0.7",
        "http://172.16.0.1",
        "http://172.31.255.255",
        "http://192.168.1.1",
        "http://169.254.169.254",
        "http://[fe80::1]",
        "http://[fd00::1]",
        "http://[::ffff:10.0.0.1]",
        "http://gateway.local",
        "http://gateway.my-space.internal",
        "http://api.localhost",
        "http://API.TEST",
        "http://api.invalid.",
    ],
)
def test_private_urls_may_be_unencrypted(env, url):
    assert Settings(api_key=KEY, base_url=url).base_url == url
    env(INFERENCE_KEY=KEY, INFERENCE_URL=url)
    assert Settings().base_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://us.inference.heroku.com",
        "HTTP://us.inference.heroku.com/v1",
        "http://8.8.8.8",
        "http://134744072",
        "http://0x08080808",
        "http://10.0.1",
        "http://11.0.0.1",
        "http://172.32.0.1",
        "http://[2001:4860:4860::8888]",
        "http://[::ffff:8.8.8.8]",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://internal.example",
        "http://example\u3002com",
        "http://\uff11\uff13\uff14\uff17\uff14\uff14\uff10\uff17\uff12",
    ],
)
def test_public_urls_are_encrypted_unless_the_caller_insists(env, url):
    with pytest.raises(ConfigError, match=r"unencrypted.*https://.*allow_plaintext=True"):
        Settings(api_key=KEY, base_url=url)
    env(INFERENCE_KEY=KEY, INFERENCE_URL=url)
    with pytest.raises(ConfigError, match="unencrypted"):
        Settings()
    same = url.removesuffix("/v1")
    insisting = Settings(allow_plaintext=True)
    assert insisting.base_url == same
    assert Settings(base_url=url, allow_plaintext=True).base_url == same
    assert pickle.loads(pickle.dumps(insisting)).base_url == same


def test_an_env_file_may_hold_an_unencrypted_url(tmp_path: Path, monkeypatch):
    for name in ("INFERENCE_KEY", "INFERENCE_URL"):  # so that they are gone after the test
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    (tmp_path / ".env").write_text(f"INFERENCE_KEY={KEY}\nINFERENCE_URL=http://gateway.example\n")
    settings = Settings.from_env_file(tmp_path / ".env", allow_plaintext=True)
    assert settings.base_url == "http://gateway.example"


def test_inference_url_is_another_spelling():
    assert Settings(api_key=KEY, inference_url=EU) == Settings(api_key=KEY, base_url=EU)
    with pytest.raises(ConfigError, match="two names of one argument"):
        Settings(api_key=KEY, inference_url=EU, base_url=EU)


def test_an_empty_url_is_none_at_all(env):
    env(INFERENCE_KEY=KEY)
    with pytest.raises(ConfigError, match="INFERENCE_URL is not"):
        Settings(base_url="")


def test_a_chat_model_of_a_config_var_embeds_nothing(env):
    env(INFERENCE_KEY=KEY, INFERENCE_URL=US, INFERENCE_MODEL_ID="claude-4-5-sonnet")
    for alias in (None, "INFERENCE"):
        assert Settings(kind="embedding", alias=alias).model == "cohere-embed-multilingual"
    env(INFERENCE_MODEL_ID="cohere-embed-of-tomorrow")
    assert Settings(kind="embedding").model == "cohere-embed-of-tomorrow"


def test_a_path_before_v1_stays():
    assert Settings(api_key=KEY, base_url="gateway.example/heroku/v1").base_url == (
        "https://gateway.example/heroku"
    )


def test_a_key_alone_goes_to_the_url_of_the_attachment_or_else_to_us(env):
    assert Settings(api_key=KEY).base_url == US
    env(INFERENCE_URL=EU)
    assert Settings(api_key=KEY).base_url == EU


def test_a_key_from_a_config_var_is_not_sent_to_another_url(env):
    env(INFERENCE_KEY=KEY, INFERENCE_URL=US)
    with pytest.raises(ConfigError, match="Leave the URL out"):
        Settings(base_url="https://elsewhere.example")
    assert Settings(base_url="us.inference.heroku.com/v1").base_url == US


def test_without_a_key_the_error_says_how_to_get_one():
    with pytest.raises(ConfigError, match="heroku config") as caught:
        Settings()
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("key", ["", "  ", SecretStr("")])
def test_an_empty_key_is_refused(key):
    with pytest.raises(ConfigError, match="API key is empty"):
        Settings(api_key=key)


def test_a_key_with_a_line_break_inside_is_refused_and_not_shown():
    with pytest.raises(ConfigError, match="copied whole") as caught:
        Settings(api_key="inf-te\nst")
    assert "inf-te" not in str(caught.value)


def test_surrounding_white_space_of_a_key_is_dropped():
    assert Settings(api_key=f" {KEY}\n").api_key.get_secret_value() == KEY


def test_a_model_is_required_only_when_it_is_needed():
    settings = Settings(api_key=KEY)
    assert settings.require_model("nova-pro") == "nova-pro"
    with pytest.raises(ConfigError, match="INFERENCE_MODEL_ID"):
        settings.require_model()
    assert Settings(api_key=KEY, model="nova-lite").require_model() == "nova-lite"


def test_no_key_in_repr_or_str():
    settings = Settings(api_key=KEY)
    assert KEY not in repr(settings) + str(settings)
    assert "us.inference" in repr(settings)


def test_settings_are_immutable_and_hashable():
    settings = Settings(api_key=KEY)
    with pytest.raises(AttributeError, match="immutable"):
        settings.model = "other"
    with pytest.raises(AttributeError, match="immutable"):
        del settings.model
    assert {settings: 1}[Settings(api_key=KEY)] == 1
    assert settings != KEY


@pytest.mark.parametrize("copied", [lambda s: pickle.loads(pickle.dumps(s)), copy.deepcopy])
def test_a_key_passed_as_an_argument_survives_copies(copied):
    settings = Settings(api_key=KEY, base_url=EU, model="nova-lite", alias="TEAL", kind="rerank")
    assert copied(settings) == settings


def test_a_key_from_a_config_var_is_looked_up_where_the_pickle_arrives(env):
    env(INFERENCE_KEY=KEY, INFERENCE_URL=US)
    pickled = pickle.dumps(Settings())
    assert KEY.encode() not in pickled
    env(INFERENCE_KEY=OTHER_KEY)
    assert pickle.loads(pickled).api_key.get_secret_value() == OTHER_KEY


def test_an_env_file_is_read_only_on_request(tmp_path: Path, monkeypatch, env):
    env(INFERENCE_MODEL_ID="nova-lite")
    (tmp_path / ".env").write_text(
        f"INFERENCE_KEY={KEY}\nINFERENCE_URL={EU}\nINFERENCE_MODEL_ID=nova-pro\n"
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError):
        Settings()
    for name in ("INFERENCE_KEY", "INFERENCE_URL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    settings = Settings.from_env_file()
    assert settings._values() == (KEY, EU, "nova-lite", "INFERENCE", "chat")


@pytest.mark.parametrize("spelling", ["base_url", "inference_url"])
def test_arguments_win_over_an_env_file(tmp_path: Path, monkeypatch, spelling: str):
    for name in ("INFERENCE_KEY", "INFERENCE_URL"):  # so that they are gone after the test
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    (tmp_path / ".env").write_text(f"INFERENCE_KEY=inf-of-the-file\nINFERENCE_URL={EU}\n")
    given = {"api_key": KEY, spelling: "https://mine.test", "model": "m", "alias": "MINE"}
    settings = Settings.from_env_file(tmp_path / ".env", kind="rerank", **given)
    assert settings._values() == (KEY, "https://mine.test", "m", "MINE", "rerank")


def test_a_missing_env_file_is_an_error(tmp_path: Path):
    with pytest.raises(ConfigError, match="There is no file"):
        Settings.from_env_file(tmp_path / "none.env")
