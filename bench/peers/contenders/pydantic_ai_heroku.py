"""`pydantic-ai`, by its own provider `heroku:`."""

from __future__ import annotations

import asyncio
import os
import pickle
from typing import Any

from pydantic_ai import Agent, ModelRequest, StructuredDict, ToolDefinition
from pydantic_ai.direct import model_request_stream_sync, model_request_sync
from pydantic_ai.embeddings import Embedder
from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
from pydantic_ai.messages import ModelMessagesTypeAdapter, ThinkingPart, ToolCallPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.heroku import HerokuProvider

from bench.peers import tasks

PACKAGES = ("pydantic-ai-slim", "openai")
ASKED = [ModelRequest.user_text_prompt(tasks.QUESTION)]
THINKING: Any = {"extra_body": {"extended_thinking": tasks.THINKING}, "max_tokens": 2048}


def _provider() -> HerokuProvider:
    return HerokuProvider(
        api_key=os.environ["INFERENCE_KEY"],  # noqa: TID251
        base_url=os.environ["INFERENCE_URL"],  # noqa: TID251
    )


def _model() -> OpenAIChatModel:
    return OpenAIChatModel(tasks.MODEL, provider=_provider())


def _embedder() -> Embedder:
    return Embedder(OpenAIEmbeddingModel(tasks.EMBEDDING_MODEL, provider=_provider()))


def _facts(response: Any) -> dict[str, Any]:
    thoughts = [part.content for part in response.parts if isinstance(part, ThinkingPart)]
    return {
        "text": response.text,
        "usage": response.usage.total_tokens,
        "reasoning": "".join(thoughts),
        "raw": ModelMessagesTypeAdapter.dump_json([response]).decode(),
    }


def _streamed(parameters: Any = None, settings: Any = None) -> Any:
    with model_request_stream_sync(
        _model(), ASKED, model_settings=settings, model_request_parameters=parameters
    ) as stream:
        for _ in stream:
            pass
        return stream.response


def chat() -> str | None:
    return model_request_sync(_model(), ASKED).text


def stream() -> dict[str, Any]:
    return _facts(_streamed())


def think() -> dict[str, Any]:
    return _facts(model_request_sync(_model(), ASKED, model_settings=THINKING))


def stream_thinking() -> dict[str, Any]:
    return _facts(_streamed(settings=THINKING))


def tool_turns(result: str) -> str:
    def add(a: int, b: int) -> str:  # noqa: ARG001 - the model chooses them
        """Add two numbers."""
        return result

    return Agent(_model(), tools=[add]).run_sync(tasks.QUESTION).output


def stream_tools() -> list[list[str]]:
    add = tasks.ADD["function"]
    tool = ToolDefinition(
        name=add["name"],
        description=add["description"],
        parameters_json_schema=add["parameters"],
    )
    response = _streamed(ModelRequestParameters(function_tools=[tool]))
    calls = [part for part in response.parts if isinstance(part, ToolCallPart)]
    return [[call.tool_name, call.args_as_json_str()] for call in calls]


def structured_output() -> Any:
    person = StructuredDict(tasks.PERSON, name="Person", description=tasks.PERSON["description"])
    return Agent(_model(), output_type=person).run_sync(tasks.QUESTION).output


def embed() -> int:
    return len(_embedder().embed_documents_sync(tasks.TEXTS).embeddings)


def embed_sides() -> None:
    _embedder().embed_query_sync("a text")
    _embedder().embed_documents_sync(["a text"])


def show() -> str:
    model = _model()
    return f"{model!r} {model} {Agent(model)!r} {model.provider!r} {_embedder()!r}"


def call_after_pickle() -> str | None:
    model = _model()
    model_request_sync(model, ASKED)
    return model_request_sync(pickle.loads(pickle.dumps(model)), ASKED).text  # noqa: S301 - ours


def loops() -> str:
    agent = Agent(_model())

    async def ask() -> str:
        return (await agent.run(tasks.QUESTION)).output

    return asyncio.run(ask()) + asyncio.run(ask())
