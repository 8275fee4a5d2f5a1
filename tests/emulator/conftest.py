"""Plain HTTP against the emulator, as any client would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heroku_emulator import Emulator

SAMPLES = Path(__file__).parent.parent / "samples"
HELLO = {"role": "user", "content": "Hello"}


@dataclass
class Caller:
    """Posts bodies, with a default model and message."""

    http: httpx.Client

    def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return self.http.post(path, json=body, **options)

    def chat(self, **fields: Any) -> httpx.Response:
        body = {"model": "claude-4-5-sonnet", "messages": [HELLO]} | fields
        return self.post("/v1/chat/completions", body)

    def message(self, **fields: Any) -> dict[str, Any]:
        answer = self.chat(**fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["choices"][0]["message"]

    def refusal(self, status: int = 400, /, **fields: Any) -> str:
        """Returns the message of the error that refuses a chat request."""
        answer = self.chat(**fields)
        assert answer.status_code == status, answer.text
        error = answer.json()["error"]
        assert error["code"] == status
        return error["message"]

    def embed(self, texts: Any, **fields: Any) -> httpx.Response:
        body = {"model": "cohere-embed-multilingual", "input": texts}
        return self.post("/v1/embeddings", body | fields)

    def rerank(self, query: Any, documents: Any, **fields: Any) -> httpx.Response:
        body = {"model": "cohere-rerank-3-5", "query": query, "documents": documents}
        return self.post("/v1/rerank", body | fields)

    def agents(self, **fields: Any) -> httpx.Response:
        body = {"model": "claude-4-sonnet", "messages": [HELLO]} | fields
        return self.post("/v1/agents/heroku", body)

    def agent_events(self, **fields: Any) -> list[tuple[str, str]]:
        """Returns `(event, data)` of every frame of an agent's run."""
        return frames_of(self.agents(**fields))

    def agent_steps(self, **fields: Any) -> list[dict[str, Any]]:
        """Returns the JSON of every frame of a run, except `[DONE]`."""
        return [json.loads(data) for _, data in self.agent_events(**fields) if data != "[DONE]"]

    def events(self, **fields: Any) -> list[tuple[str, str]]:
        """Returns `(event, data)` of every frame of a stream that asks for its usage."""
        options = {"stream": True, "stream_options": {"include_usage": True}}
        return frames_of(self.chat(**options | fields))

    def chunks(self, **fields: Any) -> list[dict[str, Any]]:
        """Returns the JSON of every frame, except `[DONE]`."""
        events = self.events(**fields)
        return [json.loads(data) for _, data in events if data != "[DONE]"]


def frames_of(answer: httpx.Response) -> list[tuple[str, str]]:
    """Returns `(event, data)` of every frame of a stream."""
    assert answer.headers["content-type"] == "text/event-stream", answer.text
    return [frame for block in answer.text.split("\n\n") if (frame := _frame(block))]


def _frame(block: str) -> tuple[str, str] | None:
    lines = [line for line in block.split("\n") if line and not line.startswith(":")]
    if not lines:
        return None
    fields = dict(line.split(":", 1) for line in lines)
    return fields["event"].strip(), fields["data"].strip()


@pytest.fixture(scope="session")
def http(running_emulator: Emulator) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {running_emulator.api_key}"}
    with httpx.Client(base_url=running_emulator.url, headers=headers, timeout=10) as client:
        yield client


@pytest.fixture
def call(emulator: Emulator, http: httpx.Client) -> Caller:
    return Caller(http)


@pytest.fixture
def sample() -> Any:
    """Returns a reader of published answers: parsed JSON, or the text of a stream."""

    def read(name: str) -> Any:
        text = (SAMPLES / name).read_text()
        return json.loads(text) if name.endswith(".json") else text

    return read
