"""The SDK's clients, set up from config vars and from nothing else."""

from __future__ import annotations

import subprocess
import sys
import time
import traceback

import httpx
import openai
import pytest

from heroku_emulator import Fault
from heroku_inference import (
    Client,
    ConfigError,
    async_openai_client,
    chat_openai_options,
    openai_client,
    openai_like_options,
)

KEY_OF_OPENAI = "sk-of-another-company"
OPENAI_VARIABLES = {
    "OPENAI_API_KEY": KEY_OF_OPENAI,
    "OPENAI_ADMIN_KEY": KEY_OF_OPENAI,
    "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
    "OPENAI_API_BASE": "http://127.0.0.1:1/v1",
    "OPENAI_ORG_ID": "org-secret",
    "OPENAI_ORGANIZATION": "org-secret",
    "OPENAI_PROJECT_ID": "proj-secret",
    "OPENAI_WEBHOOK_SECRET": "whsec-secret",
    "OPENAI_API_TYPE": "azure",
    "OPENAI_API_VERSION": "2024-secret",
    "OPENAI_LOG": "debug",
    "OPENAI_CUSTOM_HEADERS": f"X-Of-Openai: secret\nAuthorization: Bearer {KEY_OF_OPENAI}",
}


@pytest.fixture
def openai_variables(monkeypatch):
    for name, value in OPENAI_VARIABLES.items():
        monkeypatch.setenv(name, value)


def test_they_are_the_sdks_own_clients(config_vars):
    with openai_client() as client:
        assert isinstance(client, openai.OpenAI)
    assert isinstance(async_openai_client(), openai.AsyncOpenAI)


async def test_config_vars_are_all_it_takes(sdk, emulator):
    answer = await sdk.chat("Hi")
    assert answer.choices[0].message.content == "You said: Hi"
    assert emulator.journal[-1].path == "/v1/chat/completions"


@pytest.mark.parametrize("spelling", ["{0}", "{0}/", "{0}/v1", "{0}/v1/"])
async def test_every_spelling_of_the_url_is_the_same(spelling, emulator, make_sdk):
    sdk = make_sdk(api_key=emulator.api_key, base_url=spelling.format(emulator.url))
    await sdk.chat()
    assert emulator.journal[-1].path == "/v1/chat/completions"


async def test_inference_url_is_another_spelling_of_base_url(emulator, make_sdk):
    sdk = make_sdk(api_key=emulator.api_key, inference_url=emulator.url)
    await sdk.chat()
    assert len(emulator.journal) == 1


async def test_an_attachment_is_read_by_its_alias(emulator, monkeypatch, make_sdk):
    monkeypatch.setenv("INFERENCE_TEAL_KEY", emulator.api_key)
    monkeypatch.setenv("INFERENCE_TEAL_URL", emulator.url)
    await make_sdk(alias="INFERENCE_TEAL").chat()
    assert emulator.journal[-1].status == 200


async def test_a_kind_has_its_own_attachment(emulator, monkeypatch, make_sdk):
    monkeypatch.setenv("EMBEDDING_KEY", emulator.api_key)
    monkeypatch.setenv("EMBEDDING_URL", emulator.url)
    assert len((await make_sdk(kind="embedding").embed(["a"])).data) == 1


async def test_nothing_of_openais_variables_is_sent(openai_variables, sdk, emulator):
    await sdk.chat()
    embed = {"model": "cohere-embed-v4", "input": "a"}
    await sdk.of(sdk.client.with_options(timeout=5).embeddings.create(**embed))
    await sdk.of(sdk.client.copy(default_headers={"x-a": "b"}).copy().embeddings.create(**embed))
    await sdk.of(sdk.client.copy(set_default_headers={}).embeddings.create(**embed))
    assert [entry.status for entry in emulator.journal] == [200] * 4
    copied = sdk.client.copy()
    names = ("organization", "project", "admin_api_key", "webhook_secret")
    assert [getattr(copied, name) for name in names] == [None] * 4
    for entry in emulator.journal:
        assert not [
            name for name in entry.headers if name.startswith("openai-") or name == "x-of-openai"
        ]
        assert "secret" not in str(entry.headers)


@pytest.mark.parametrize("form", ["with_raw_response", "with_streaming_response"])
async def test_answers_with_their_headers_are_the_same(form, sdk):
    chat = {"model": "claude-4-5-sonnet", "messages": [{"role": "user", "content": "Hi"}]}
    embed = {"model": "cohere-embed-multilingual", "input": ["Hi"]}
    completions, embeddings = sdk.client.chat.completions, sdk.client.embeddings
    answer = await sdk.parsed(getattr(completions, form).create(**chat))
    vectors = await sdk.parsed(getattr(embeddings, form).create(**embed))
    assert answer.choices[0].message.content == "You said: Hi"
    assert vectors.data[0].embedding == (await sdk.embed(["Hi"])).data[0].embedding
    again = await sdk.parsed(getattr(sdk.client, form).embeddings.create(**embed))
    assert again.data[0].embedding == vectors.data[0].embedding


async def test_numbers_by_openais_name_are_numbers(sdk, emulator):
    numbers = (await sdk.embed(["Hi"], encoding_format="float")).data[0].embedding
    assert numbers == (await sdk.embed(["Hi"])).data[0].embedding
    assert {entry.body["encoding_format"] for entry in emulator.journal} == {"raw"}


async def test_another_encoding_is_sent_on_request(sdk, emulator):
    await sdk.embed(["Hi"], encoding_format="base64")
    await sdk.embed(["Hi"], extra_body={"encoding_format": "base64"})
    sent = [entry.body["encoding_format"] for entry in emulator.journal]
    assert sent == ["base64", "base64"]


async def test_a_picture_is_drawn(make_sdk, config_vars, emulator):
    images = make_sdk(kind="image")
    options = {"model": "stable-image-ultra", "prompt": "a dyno", "size": "1344x768"}
    extra = {"seed": 7, "negative_prompt": "rain"}
    answer = await images.of(images.client.images.generate(**options, extra_body=extra))
    ours = Client().generate_image("a dyno", size="1344x768", **extra)
    assert answer.data[0].b64_json == ours.base64
    theirs, own = emulator.journal
    assert theirs.body == own.body == {**options, **extra}


async def test_headers_of_the_user_are_sent(make_sdk, emulator, config_vars, openai_variables):
    sdk = make_sdk(
        default_headers={"x-mine": "1", "user-agent": "mine", "X-Heroku-Prompt-Caching": "false"}
    )
    await sdk.chat()
    headers = emulator.journal[-1].headers
    assert (headers["x-mine"], headers["x-heroku-prompt-caching"]) == ("1", "false")
    assert headers["user-agent"] == "mine"


async def test_an_organisation_of_the_user_is_sent(sdk, emulator, openai_variables):
    asked = sdk.client.with_options(organization="org-asked-for")
    await sdk.of(asked.embeddings.create(model="cohere-embed-v4", input="a"))
    assert emulator.journal[-1].headers["openai-organization"] == "org-asked-for"


async def test_the_user_agent_names_both_packages(sdk, emulator):
    await sdk.chat()
    agent = emulator.journal[-1].headers["user-agent"]
    assert agent.startswith("heroku-inference/")
    assert f"openai/{openai.__version__}" in agent


async def test_no_key_is_in_any_repr(sdk, emulator):
    shown = [sdk.client, sdk.client.chat.completions, sdk.client.with_options(timeout=1)]
    assert emulator.api_key not in repr(shown) + str(shown)


async def test_a_refusal_that_quotes_the_key_does_not_show_it(sdk, emulator):
    key = emulator.api_key
    emulator.script(Fault(401, f"Invalid API key provided: {key}", headers={"x-quoted": key}))
    with pytest.raises(openai.AuthenticationError) as raised:
        await sdk.chat()
    assert "Invalid API key provided: ***" in str(raised.value)
    assert key not in f"{raised.value} {raised.value.body} {raised.value.message}"


async def test_retries_are_the_sdks_and_counted(make_sdk, config_vars, emulator):
    emulator.script(Fault(503, headers={"retry-after-ms": "1"}, times=5))
    with pytest.raises(openai.InternalServerError):
        await make_sdk(max_retries=1).chat()
    assert len(emulator.journal) == 2


async def test_a_failure_that_passes_is_survived(sdk, emulator):
    emulator.script(Fault(429, headers={"retry-after-ms": "1"}, times=2))
    assert (await sdk.chat()).choices[0].message.content
    assert [entry.status for entry in emulator.journal] == [429, 429, 200]


async def test_the_timeout_stays(make_sdk, config_vars, emulator):
    emulator.script(Fault(delay=5))
    began = time.monotonic()
    with pytest.raises(openai.APITimeoutError):
        await make_sdk(timeout=0.2, max_retries=0).chat()
    assert time.monotonic() - began < 3


def test_the_default_timeout_is_finite(config_vars):
    with openai_client() as client:
        assert (client.timeout.read, client.timeout.connect) == (120, 10)


async def test_ones_own_http_client_is_used_as_it_is(emulator, config_vars):
    with httpx.Client(headers={"x-mine": "sync"}, timeout=3) as own:
        client = openai_client(http_client=own)
        client.embeddings.create(model="cohere-embed-v4", input="a")
        assert client.timeout.read == 3
        assert openai_client(http_client=own, timeout=7).timeout.read == 7
    async with httpx.AsyncClient(headers={"x-mine": "async"}, timeout=3) as own:
        await async_openai_client(async_http_client=own).embeddings.create(
            model="cohere-embed-v4", input="a"
        )
    assert [entry.headers["x-mine"] for entry in emulator.journal] == ["sync", "async"]


@pytest.mark.parametrize("make", [openai_client, async_openai_client])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param({}, "INFERENCE_KEY is not set", id="no-key"),
        pytest.param(
            {"api_key": "inf-made-up", "timeout": 0}, "greater than 0 seconds", id="no-time"
        ),
        pytest.param(
            {"api_key": "inf-made-up", "max_retries": -1}, "must be 0 or more", id="retries"
        ),
        pytest.param(
            {"api_key": "inf-made-up", "base_url": "ftp://x"}, "not the URL of an API", id="url"
        ),
        pytest.param(
            {"api_key": "inf-made-up", "default_headers": {"a b": "c"}},
            "not a valid header name",
            id="header",
        ),
    ],
)
def test_missing_or_wrong_arguments_are_an_error_at_once(make, arguments, said, openai_variables):
    with pytest.raises(ConfigError, match=said) as raised:
        make(**arguments)
    assert KEY_OF_OPENAI not in str(raised.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda key, own: openai_client(api_key=key, http_client=own),
        lambda key, own: async_openai_client(api_key=key, async_http_client=own),
        lambda key, own: chat_openai_options(api_key=key, model="m", http_client=own),
        lambda key, own: openai_like_options(api_key=key, model="m", async_http_client=own),
    ],
    ids=["sync", "async", "ChatOpenAI", "OpenAILike"],
)
def test_errors_of_the_sdk_do_not_show_the_key(make):
    key = "inf-made-up-key-that-must-not-show"
    with pytest.raises(ConfigError, match="http_client must be an httpx") as raised:
        make(key, "no client")
    shown = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    ours = [frame for frame in shown.stack if frame.filename != __file__]
    assert ours
    assert [frame for frame in ours if key in repr(frame.locals)] == []


def test_the_extra_is_named_where_the_sdk_is_not_installed():
    program = (
        "import sys; sys.modules['openai'] = None\n"
        "from heroku_inference import openai_client\n"
        "try: openai_client(api_key='inf-made-up')\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "heroku-inference[openai]" in done.stdout


def test_the_sdk_is_loaded_only_on_request():
    program = (
        "import sys\nfrom heroku_inference import Client, openai_client, chat_openai_options\n"
        "print('openai' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
