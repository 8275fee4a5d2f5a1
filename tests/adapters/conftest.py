"""Both adapters as subjects with one face, so that a claim about both is written once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from llama_index.core.base.llms.types import ThinkingBlock, ToolCallBlock
from llama_index.core.llms import ChatMessage
from llama_index.core.schema import NodeWithScore, TextNode

import langchain_heroku
import llama_index_heroku
from heroku_inference._chat.tool_arguments import arguments_text
from langchain_heroku import ChatHeroku, ChatHerokuAgent, ChatHerokuMessages, errors
from llama_index_heroku import (
    Heroku,
    HerokuAgent,
    HerokuImageToolSpec,
    HerokuMessages,
    HerokuToolSpec,
)


@dataclass
class Reply:
    """What an answer says, whichever framework it comes from."""

    text: str
    reasoning: str = ""
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    tokens: tuple[int, int, int] | None = None
    details: dict[str, int] = field(default_factory=dict)
    finish_reason: str | None = None
    request_id: str | None = field(default=None, compare=False)


DETAILS = {
    ("input_token_details", "cache_read"): "cached_tokens",
    ("input_token_details", "cache_creation"): "cache_creation_tokens",
    ("output_token_details", "reasoning"): "reasoning_tokens",
}


def _langchain_details(usage):
    counts = {name: usage.get(part, {}).get(key) for (part, key), name in DETAILS.items()}
    return {name: count for name, count in counts.items() if count is not None}


class LangChain:
    """`ChatHeroku`."""

    model_class = ChatHeroku
    path = "/v1/chat/completions"

    @staticmethod
    def error(error_class):
        """The class of this adapter for an error of the core."""
        return getattr(errors, error_class.__name__)

    @staticmethod
    def messages(*talk):
        classes = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
        return [classes[role](text) for role, text in talk]

    @staticmethod
    def tool_turn(name="now"):
        call = {"name": name, "args": {}, "id": "tooluse_1"}
        return [
            HumanMessage("The time?"),
            AIMessage("", tool_calls=[call]),
            ToolMessage("", tool_call_id="tooluse_1"),
        ]

    @staticmethod
    def answer(llm, messages, **options):
        """The answer as the framework's own message."""
        return LangChain._bound(llm, options).invoke(messages, **options)

    @staticmethod
    def tool_result(answer, text):
        """What the first tool call of an answer returned."""
        return ToolMessage(text, tool_call_id=answer.tool_calls[0]["id"])

    @staticmethod
    def send(llm, messages, **options):
        return LangChain._reply(LangChain.answer(llm, messages, **options))

    @staticmethod
    def stream(llm, messages, **options):
        return LangChain._sum(LangChain._bound(llm, options).stream(messages, **options))

    @staticmethod
    def asend(llm, messages, **options):
        bound = LangChain._bound(llm, options)
        return LangChain._reply(asyncio.run(bound.ainvoke(messages, **options)))

    @staticmethod
    def astream(llm, messages, **options):
        bound = LangChain._bound(llm, options)

        async def collect():
            return [chunk async for chunk in bound.astream(messages, **options)]

        return LangChain._sum(asyncio.run(collect()))

    @staticmethod
    def _bound(llm, options):
        return llm.bind_tools(options.pop("tools")) if "tools" in options else llm

    @staticmethod
    def _sum(chunks):
        whole = None
        for chunk in chunks:
            whole = chunk if whole is None else whole + chunk
        return LangChain._reply(whole)

    @staticmethod
    def _reply(message):
        usage, metadata = message.usage_metadata, message.response_metadata
        names = ("input_tokens", "output_tokens", "total_tokens")
        return Reply(
            text=message.text,
            reasoning="".join(
                block["reasoning"]
                for block in message.content_blocks
                if block["type"] == "reasoning"
            ),
            calls=[(call["id"], call["name"], call["args"]) for call in message.tool_calls],
            tokens=usage and tuple(usage[name] for name in names),
            details=_langchain_details(usage or {}),
            finish_reason=metadata.get("finish_reason"),
            request_id=metadata.get("request_id"),
        )


class LlamaIndex:
    """`Heroku`."""

    model_class = Heroku
    path = "/v1/chat/completions"

    @staticmethod
    def error(error_class):
        """The class of this adapter for an error of the core."""
        return error_class

    @staticmethod
    def messages(*talk):
        return [ChatMessage(text, role=role) for role, text in talk]

    @staticmethod
    def tool_turn(name="now"):
        call = ToolCallBlock(tool_call_id="tooluse_1", tool_name=name, tool_kwargs={})
        return [
            ChatMessage("The time?"),
            ChatMessage([call], role="assistant"),
            ChatMessage([], role="tool", additional_kwargs={"tool_call_id": "tooluse_1"}),
        ]

    @staticmethod
    def answer(llm, messages, **options):
        """The answer as the framework's own message."""
        return llm.chat(messages, **options).message

    @staticmethod
    def tool_result(answer, text):
        """What the first tool call of an answer returned."""
        call = answer.additional_kwargs["tool_calls"][0]
        return ChatMessage(text, role="tool", additional_kwargs={"tool_call_id": call["id"]})

    @staticmethod
    def send(llm, messages, **options):
        return LlamaIndex._reply(llm.chat(messages, **options))

    @staticmethod
    def stream(llm, messages, **options):
        return LlamaIndex._sum(list(llm.stream_chat(messages, **options)))

    @staticmethod
    def asend(llm, messages, **options):
        return LlamaIndex._reply(asyncio.run(llm.achat(messages, **options)))

    @staticmethod
    def astream(llm, messages, **options):
        async def collect():
            return [chunk async for chunk in await llm.astream_chat(messages, **options)]

        return LlamaIndex._sum(asyncio.run(collect()))

    @staticmethod
    def _sum(responses):
        last = responses[-1]
        assert "".join(response.delta for response in responses) == (last.message.content or "")
        thoughts = [response.additional_kwargs.get("thinking_delta", "") for response in responses]
        reply = LlamaIndex._reply(last)
        assert "".join(thoughts) == reply.reasoning
        return reply

    @staticmethod
    def _reply(response):
        facts, blocks = response.additional_kwargs, response.message.blocks
        thoughts = [block.content for block in blocks if isinstance(block, ThinkingBlock)]
        calls = [block for block in blocks if isinstance(block, ToolCallBlock)]
        assert [
            (call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in response.message.additional_kwargs.get("tool_calls", [])
        ] == [
            (call.tool_call_id, call.tool_name, arguments_text(call.tool_kwargs)) for call in calls
        ]
        names = ("prompt_tokens", "completion_tokens", "total_tokens")
        return Reply(
            text=response.message.content or "",
            reasoning="".join(thoughts),
            calls=[(call.tool_call_id, call.tool_name, call.tool_kwargs) for call in calls],
            tokens=tuple(facts[name] for name in names) if "total_tokens" in facts else None,
            details={name: facts[name] for name in DETAILS.values() if name in facts},
            finish_reason=facts.get("finish_reason"),
            request_id=facts.get("request_id"),
        )


class LangChainMessages(LangChain):
    """`ChatHerokuMessages`."""

    model_class = ChatHerokuMessages
    path = "/v1/messages"


class LlamaIndexMessages(LlamaIndex):
    """`HerokuMessages`."""

    model_class = HerokuMessages
    path = "/v1/messages"


TOOL = "code_exec_python"
AGENT_PATH = "/v1/agents/heroku"


async def _stream_agent(agent, question):
    return [chunk async for chunk in agent.astream(question)]


async def _run_agent(agent, question):
    return await agent.run(question)


def _agent_by(call):
    return lambda **arguments: call(ChatHerokuAgent(tools=[TOOL], **arguments), "Go.")


# Each runs an agent that has one tool, set up by the given arguments.
AGENTS = {
    "ChatHerokuAgent.invoke": (LangChain, _agent_by(lambda agent, text: agent.invoke(text))),
    "ChatHerokuAgent.stream": (LangChain, _agent_by(lambda agent, text: list(agent.stream(text)))),
    "ChatHerokuAgent.ainvoke": (
        LangChain,
        _agent_by(lambda agent, text: asyncio.run(agent.ainvoke(text))),
    ),
    "ChatHerokuAgent.astream": (
        LangChain,
        _agent_by(lambda agent, text: asyncio.run(_stream_agent(agent, text))),
    ),
    "HerokuAgent.run": (
        LlamaIndex,
        lambda **arguments: asyncio.run(
            _run_agent(
                HerokuAgent(heroku_tools=[{"type": "heroku_tool", "name": TOOL}], **arguments),
                "Go.",
            )
        ),
    ),
    "HerokuToolSpec.run": (
        LlamaIndex,
        lambda **arguments: HerokuToolSpec(**arguments).run(TOOL, code="print(1)"),
    ),
    "HerokuToolSpec.arun": (
        LlamaIndex,
        lambda **arguments: asyncio.run(HerokuToolSpec(**arguments).arun(TOOL, code="print(1)")),
    ),
}

NODES = [NodeWithScore(node=TextNode(text=text)) for text in ("a text", "another")]


async def _awaited(call, *arguments, **options):
    return await call(*arguments, **options)


def _both(make, name, *arguments, **options):
    """The blocking and the async form of a method."""
    return {
        f"{make.__name__}.{name}": lambda **settings: getattr(make(**settings), name)(
            *arguments, **options
        ),
        f"{make.__name__}.a{name}": lambda **settings: asyncio.run(
            _awaited(getattr(make(**settings), f"a{name}"), *arguments, **options)
        ),
    }


def _image_tool(**arguments):
    (tool,) = HerokuImageToolSpec(**arguments).to_tool_list()
    return tool


# Each embeds, ranks or draws something, set up by the given arguments.
OTHERS = {
    "langchain": {
        **_both(langchain_heroku.HerokuEmbeddings, "embed_documents", ["a text"]),
        **_both(langchain_heroku.HerokuEmbeddings, "embed_query", "a question"),
        **_both(langchain_heroku.HerokuRerank, "rerank", "a question", ["a text", "another"]),
        **_both(langchain_heroku.HerokuImageTool, "invoke", {"prompt": "A fox"}),
    },
    "llama_index": {
        **_both(llama_index_heroku.HerokuEmbedding, "get_text_embedding_batch", ["a text"]),
        **_both(llama_index_heroku.HerokuEmbedding, "get_query_embedding", "a question"),
        **_both(
            llama_index_heroku.HerokuRerank, "postprocess_nodes", NODES, query_str="a question"
        ),
        **_both(HerokuImageToolSpec, "generate_image", "A fox"),
        **_both(_image_tool, "call", prompt="A fox"),
    },
}

MESSAGES = [LangChainMessages, LlamaIndexMessages]
messages_models = pytest.mark.parametrize("adapter", MESSAGES, indirect=True)
"""For claims about the models of the Messages endpoint."""
every_model = pytest.mark.parametrize("adapter", [LangChain, LlamaIndex, *MESSAGES], indirect=True)
"""For claims that hold for both endpoints."""


@pytest.fixture(params=[LangChain, LlamaIndex], ids=lambda adapter: adapter.__name__)
def adapter(request):
    """One of the two that speak to chat completions."""
    return request.param


@pytest.fixture(params=["sync", "async"])
def ways(request):
    """The names of a plain and of a streamed call, blocking or not."""
    return ("send", "stream") if request.param == "sync" else ("asend", "astream")


@pytest.fixture
def make(adapter, config_vars):
    """A model of the adapter, set up by the emulator's config vars."""

    def make(**arguments):
        return adapter.model_class(**{"model": "claude-4-5-sonnet", **arguments})

    return make


@pytest.fixture
def ask(adapter):
    """Have a model answer, in a given way."""

    def ask(llm, way="send", text="Hello there", **options):
        return getattr(adapter, way)(llm, adapter.messages(("user", text)), **options)

    return ask
