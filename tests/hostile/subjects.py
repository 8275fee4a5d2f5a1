"""Every class and function that reads an answer, blocking and async, with one face."""

from __future__ import annotations

import asyncio
import inspect
import json
from contextlib import nullcontext
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from llama_index.core.llms import ChatMessage
from llama_index.core.schema import NodeWithScore, TextNode

from heroku_inference import AsyncClient, Client, HerokuError
from langchain_heroku import (
    ChatHeroku,
    ChatHerokuAgent,
    ChatHerokuMessages,
    HerokuEmbeddings,
    HerokuImageTool,
)
from langchain_heroku import HerokuRerank as LangChainRerank
from llama_index_heroku import (
    Heroku,
    HerokuAgent,
    HerokuEmbedding,
    HerokuImageToolSpec,
    HerokuMessages,
    HerokuRerank,
    HerokuToolSpec,
)
from tests.hostile.raw_server import Connection, answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.hostile.right_answers import Case, Endpoint

HELLO = [{"role": "user", "content": "Hello"}]
TEXTS = ["a text", "another"]
TOOL = "code_exec_python"


class Desk:
    """Serves the answer that the next call is to get."""

    def __init__(
        self,
        serve: Callable[..., Any],
        endpoint: Endpoint,
        status: str = "200 OK",
        *headers: bytes,
    ) -> None:
        self._endpoint = endpoint
        self._status = status
        self._headers = b"".join(header + b"\r\n" for header in headers)
        self.reply = b""
        self.url: str = serve(self._handle).url

    def _handle(self, connection: Connection) -> None:
        while connection.request() is not None:
            connection.send(self.reply)

    def say(self, case: Case | None) -> None:
        self.send(self._endpoint.body(case))

    def send(self, body: bytes) -> None:
        whole = answer(body, self._status, self._endpoint.content_type, "x-request-id: r1")
        first, rest = whole.split(b"\r\n", 1)
        self.reply = first + b"\r\n" + self._headers + rest


# What fields of the core's results may hold, wherever they are.
_TYPES: dict[str, Any] = {
    **dict.fromkeys(("arguments", "prompt", "raw", "text"), str),
    **dict.fromkeys(
        (
            "description",
            "finish_reason",
            "id",
            "model",
            "model_id",
            "name",
            "namespace",
            "process_command",
            "process_type",
            "reasoning",
            "reasoning_signature",
            "refusal",
            "replacement_model",
            "revised_prompt",
            "server_status",
            "state",
            "system_fingerprint",
            "tool_call_id",
        ),
        str | None,
    ),
    **dict.fromkeys(("completion_tokens", "index", "prompt_tokens", "total_tokens"), int),
    **dict.fromkeys(
        ("cache_creation_tokens", "cached_tokens", "created", "reasoning_tokens"), int | None
    ),
    **dict.fromkeys(("created_at", "deprecation_date", "eol_date", "updated_at"), datetime | None),
    "score": float,
}


def check_types(value: Any) -> None:
    """Whether a result of the core holds what its classes promise."""
    if isinstance(value, list | tuple):
        for part in value:
            check_types(part)
    if is_dataclass(value):
        for name in (field.name for field in fields(value)):
            part = getattr(value, name)
            assert isinstance(part, _TYPES.get(name, object)), f"{name}={part!r}"
            check_types(part)


def _joined(chunks: Any) -> Any:
    return "".join(chunk.text for chunk in chunks)


def _sum(chunks: list[Any]) -> Any:
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    return str(whole.text), whole.tool_calls, whole.content_blocks, whole.model_dump_json()


def _message(message: Any) -> Any:
    return str(message.text), message.tool_calls, message.content_blocks, message.model_dump_json()


def _response(response: Any) -> Any:
    message = response.message
    calls = message.additional_kwargs.get("tool_calls")
    return message.content, calls, json.dumps(response.raw), response.model_dump_json()


def _last(responses: list[Any]) -> Any:
    return _response(responses[-1])


async def _collect(stream: Any) -> list[Any]:
    stream = await stream if inspect.isawaitable(stream) else stream
    return [item async for item in stream]


def _core(method: str, *arguments: Any, read: Callable[[Any], Any] = repr) -> tuple[Any, Any]:
    """A call of both clients."""

    def sync(url: str) -> Callable[[], Any]:
        client = Client(base_url=url, api_key="inf-made-up-key", model="m", max_retries=0)

        def call() -> Any:
            got = getattr(client, method)(*arguments)
            got = list(got) if inspect.isgenerator(got) else got
            check_types(got)
            return read(got)

        return call

    def asynchronous(url: str) -> Callable[[], Any]:
        client = AsyncClient(base_url=url, api_key="inf-made-up-key", model="m", max_retries=0)

        async def call() -> Any:
            got = getattr(client, method)(*arguments)
            got = await (_collect(got) if inspect.isasyncgen(got) else got)
            check_types(got)
            return read(got)

        return call

    return sync, asynchronous


def _class(
    kind: Any, method: str, *arguments: Any, read: Callable[[Any], Any] = repr, **options: Any
) -> tuple[Any, Any]:
    """A method of a class, and its async form."""
    settings = {"api_key": "inf-made-up-key", "model": "m", "max_retries": 0, **options}

    def sync(url: str) -> Callable[[], Any]:
        subject = kind(base_url=url, **settings)

        def call() -> Any:
            got = getattr(subject, method)(*arguments)
            return read(list(got) if inspect.isgenerator(got) else got)

        return call

    def asynchronous(url: str) -> Callable[[], Any]:
        subject = kind(base_url=url, **settings)

        async def call() -> Any:
            got = getattr(subject, f"a{method}")(*arguments)
            got = await got if inspect.isawaitable(got) else got
            return read([item async for item in got] if inspect.isasyncgen(got) else got)

        return call

    return sync, asynchronous


def _agent(url: str) -> Callable[[], Any]:
    async def call() -> Any:
        agent = HerokuAgent(
            base_url=url,
            api_key="inf-made-up-key",
            model="m",
            heroku_tools=[{"type": "heroku_tool", "name": TOOL}],
        )
        output = await agent.run("Go.")
        return str(output), output.model_dump_json()

    return call


def _tool_spec(url: str) -> Callable[[], Any]:
    spec = HerokuToolSpec(base_url=url, api_key="inf-made-up-key", model="m")
    return lambda: spec.run(TOOL, code="print(1)").model_dump_json()


def _async_tool_spec(url: str) -> Callable[[], Any]:
    spec = HerokuToolSpec(base_url=url, api_key="inf-made-up-key", model="m")

    async def call() -> Any:
        return (await spec.arun(TOOL, code="print(1)")).model_dump_json()

    return call


NODES = [NodeWithScore(node=TextNode(text=text)) for text in TEXTS]
QUESTION = [ChatMessage("Hello")]
AGENT = {"tools": [TOOL]}

# The answer that it gets, and the blocking and the async call.
SUBJECTS: dict[str, tuple[str, tuple[Any, Any]]] = {
    "Client.chat": ("chat", _core("chat", HELLO, read=lambda result: (result.text, repr(result)))),
    "Client.stream_chat": ("chat stream", _core("stream_chat", HELLO, read=_joined)),
    "Client.run_agent": (
        "agent",
        _core("run_agent", HELLO, read=lambda run: (run.text, run.messages)),
    ),
    "Client.stream_agent": ("agent", _core("stream_agent", HELLO)),
    "Client.embed": ("embeddings", _core("embed", TEXTS, read=lambda result: result.vectors)),
    "Client.rerank": (
        "rerank",
        _core("rerank", "a question", TEXTS, read=lambda result: result.hits),
    ),
    "Client.generate_image": (
        "image",
        _core("generate_image", "A fox", read=lambda image: image.data),
    ),
    "Client.models": ("models", _core("models", read=lambda models: [m.model_id for m in models])),
    "Client.mcp_servers": (
        "mcp servers",
        _core(
            "mcp_servers", read=lambda servers: [(s.id, [t.name for t in s.tools]) for s in servers]
        ),
    ),
    "ChatHeroku.invoke": ("chat", _class(ChatHeroku, "invoke", "Hello", read=_message)),
    "ChatHeroku.stream": ("chat stream", _class(ChatHeroku, "stream", "Hello", read=_sum)),
    "ChatHerokuMessages.invoke": (
        "messages",
        _class(ChatHerokuMessages, "invoke", "Hello", read=_message),
    ),
    "ChatHerokuMessages.stream": (
        "messages stream",
        _class(ChatHerokuMessages, "stream", "Hello", read=_sum),
    ),
    "ChatHerokuAgent.invoke": (
        "agent",
        _class(ChatHerokuAgent, "invoke", "Go.", read=_message, **AGENT),
    ),
    "ChatHerokuAgent.stream": (
        "agent",
        _class(ChatHerokuAgent, "stream", "Go.", read=_sum, **AGENT),
    ),
    "HerokuEmbeddings": ("embeddings", _class(HerokuEmbeddings, "embed_documents", TEXTS)),
    "HerokuRerank of LangChain": ("rerank", _class(LangChainRerank, "rerank", "a question", TEXTS)),
    "HerokuImageTool": ("image", _class(HerokuImageTool, "invoke", {"prompt": "A fox"})),
    "Heroku.chat": ("chat", _class(Heroku, "chat", QUESTION, read=_response)),
    "Heroku.stream_chat": ("chat stream", _class(Heroku, "stream_chat", QUESTION, read=_last)),
    "HerokuMessages.chat": ("messages", _class(HerokuMessages, "chat", QUESTION, read=_response)),
    "HerokuMessages.stream_chat": (
        "messages stream",
        _class(HerokuMessages, "stream_chat", QUESTION, read=_last),
    ),
    "HerokuAgent": ("agent", (None, _agent)),
    "HerokuToolSpec": ("tool run", (_tool_spec, _async_tool_spec)),
    "HerokuEmbedding": ("embeddings", _class(HerokuEmbedding, "get_text_embedding_batch", TEXTS)),
    "HerokuRerank of LlamaIndex": (
        "rerank",
        _class(HerokuRerank, "postprocess_nodes", NODES, None, "a question"),
    ),
    "HerokuImageToolSpec": (
        "image",
        _class(HerokuImageToolSpec, "generate_image", "A fox", read=str),
    ),
}
WAYS = {
    f"{name}, {'async' if number else 'sync'}": (endpoint, calls[number], number == 1)
    for name, (endpoint, calls) in SUBJECTS.items()
    for number in (0, 1)
    if calls[number] is not None
}


def is_ours(error: Any, way: str) -> bool:
    if not isinstance(error, HerokuError):
        return False
    names = ("ChatHeroku", "HerokuEmbeddings", "HerokuImageTool,", "HerokuRerank of LangChain")
    return not way.startswith(names) or type(error).__module__.startswith("langchain_heroku")


def _outcome(call: Callable[[], Any], runner: asyncio.Runner | None) -> Any:
    """What a call returns, or raises."""
    try:
        return runner.run(call()) if runner else call()
    except Exception as error:  # noqa: BLE001 - any other than ours is a fault
        return error


def outcomes(way: str, cases: Iterable[Case], desk: Desk) -> Iterator[tuple[Case, Any]]:
    """What comes of each case."""
    _, make, is_async = WAYS[way]
    call = make(desk.url)
    with asyncio.Runner() if is_async else nullcontext() as runner:
        for case in cases:
            desk.say(case)
            yield case, _outcome(call, runner)
