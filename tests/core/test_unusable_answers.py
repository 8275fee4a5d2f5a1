"""An answer that cannot be used is told the same way by every endpoint."""

from __future__ import annotations

import pytest

from heroku_emulator import Fault
from heroku_inference import AsyncClient, Client, InvalidResponseError

HELLO = [{"role": "user", "content": "Hello"}]
REMEDY = "Check that the URL is the add-on's <ALIAS>_URL"

CALLS = {
    "chat": ("/v1/chat/completions", lambda client: client.chat(HELLO)),
    "stream_chat": ("/v1/chat/completions", lambda client: list(client.stream_chat(HELLO))),
    "run_agent": ("/v1/agents/heroku", lambda client: client.run_agent(HELLO)),
    "embed": ("/v1/embeddings", lambda client: client.embed(["a"])),
    "rerank": ("/v1/rerank", lambda client: client.rerank("a", ["b"])),
    "generate_image": ("/v1/images/generations", lambda client: client.generate_image("a")),
    "models": ("/available-models", lambda client: client.models()),
    "mcp_servers": ("/v1/mcp/servers", lambda client: client.mcp_servers()),
}


@pytest.fixture
def client(emulator):
    return Client(api_key=emulator.api_key, base_url=emulator.url, model="claude-4-5-sonnet")


@pytest.mark.parametrize(("path", "call"), CALLS.values(), ids=CALLS)
def test_a_page_in_place_of_json_is_told_with_status_request_and_excerpt(
    emulator, client, path, call
):
    emulator.script(Fault.not_json(path=path))
    with pytest.raises(InvalidResponseError) as caught:
        call(client)
    error = caught.value
    assert error.problem.startswith("Heroku answered 200 (request ")
    assert "the answer cannot be used: it is not JSON. It begins '<html>" in error.problem
    assert error.remedy.startswith(REMEDY)
    assert (error.body or "").startswith("<html>")


# In a stream, JSON of another kind is an event that adds nothing, such as a ping.
WHOLE = {name: call for name, call in CALLS.items() if name not in {"stream_chat", "run_agent"}}


@pytest.mark.parametrize(("path", "call"), WHOLE.values(), ids=WHOLE)
def test_json_of_another_kind_is_told_with_status_request_and_excerpt(emulator, client, path, call):
    emulator.script(Fault.wrong_shape(path=path))
    with pytest.raises(InvalidResponseError) as caught:
        call(client)
    error = caught.value
    assert error.problem.startswith("Heroku answered 200 (request ")
    assert "not JSON" not in error.problem
    assert '{"unexpected":true}' in error.problem
    assert error.remedy.startswith(REMEDY)


async def test_an_awaited_call_tells_it_too(emulator):
    client = AsyncClient(api_key=emulator.api_key, base_url=emulator.url, model="m")
    emulator.script(Fault.not_json(path="/v1/chat/completions"))
    with pytest.raises(InvalidResponseError, match=r"200 \(request .*it is not JSON\. It begins"):
        await client.chat(HELLO)


def test_the_messages_endpoint_tells_it_too(emulator):
    pytest.importorskip("anthropic")
    from heroku_inference import Settings
    from heroku_inference._anthropic.clients import anthropic_client

    settings = Settings(api_key=emulator.api_key, base_url=emulator.url)
    messages = anthropic_client(settings).messages
    for stream in (False, True):
        emulator.script(Fault.not_json(path="/v1/messages"))
        with pytest.raises(
            InvalidResponseError, match=r"200 \(request .*it is not JSON\. It begins"
        ):
            list(messages.create(
                model="claude-4-5-sonnet", max_tokens=9, messages=HELLO, stream=stream
            ))  # fmt: skip


def test_a_history_that_the_models_host_refuses_says_what_it_refuses(emulator, client):
    emulator.script(Fault(500, message="Failed to execute chat", times=2))
    with pytest.raises(Exception, match="Heroku answered 500: Failed to execute chat") as caught:
        client.chat(HELLO)
    for cause in ("not a JSON object", "reasoning tags", "a tool call without its result",
                  "a result without its call"):  # fmt: skip
        assert cause in caught.value.remedy
