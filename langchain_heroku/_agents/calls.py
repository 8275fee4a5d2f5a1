"""The four ways to run an agent: whole or step by step, blocking or async."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import aclosing, closing
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import ConfigDict, Field

from heroku_inference._adapters.agents import ELSEWHERE
from heroku_inference._adapters.chat_options import SENDING_OPTIONS, refuse_unknown_options
from heroku_inference._adapters.chat_parameters import check_limit, check_share
from langchain_heroku._agents.generations import RunReader, langchain_run
from langchain_heroku._agents.tools import agent_tools
from langchain_heroku._chat_model import HerokuChatModel
from langchain_heroku._messages import openai_messages
from langchain_heroku.errors import UnknownArgumentError, run_errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatGenerationChunk, ChatResult

__all__ = ["AgentCalls"]

_OPTIONS: Final = (
    "tools",
    "max_tokens_per_inference_request",
    "stop",
    "temperature",
    "top_p",
    "extra_body",
)
_LIMIT: Final = "max_tokens_per_inference_request"
_OF_A_CALL: Final = frozenset({"model", *_OPTIONS, *SENDING_OPTIONS})
# Arguments of a call that LangChain passes for its own use.
_FOR_LANGCHAIN: Final = frozenset({"stream", "stream_usage"})


class AgentCalls(HerokuChatModel):
    """Runs an agent on Heroku, with the options set on it. `ChatHerokuAgent` is the public one."""

    model_config = ConfigDict(extra="forbid")

    _SPELLINGS: ClassVar[Mapping[str, str]] = {
        **HerokuChatModel._SPELLINGS,  # noqa: SLF001 - of the class above
        "max_tokens": "max_tokens_per_inference_request",
        "max_completion_tokens": "max_tokens_per_inference_request",
        "stop_sequences": "stop",
    }

    _CHECKS: ClassVar[Mapping[str, Callable[[Any], object]]] = {
        **HerokuChatModel._CHECKS,  # noqa: SLF001 - of the class above
        _LIMIT: partial(check_limit, "max_tokens_per_inference_request"),
    }

    tools: list[Any] = Field(default_factory=list)
    """The agent's tools: `AgentTool`s, mappings in the shape of Heroku's API, tools from
    `Client.mcp_servers()`, or names. Kept in the shape of the API."""

    max_tokens_per_inference_request: int | None = None
    """The longest turn of the model in tokens (not the longest run); also accepted as `max_tokens`
    (docs: agents)."""

    temperature: float | None = None
    """From 0 to 1. Newer Claude models take this or `top_p`, not both."""

    top_p: float | None = None
    """From 0 to 1."""

    extra_body: dict[str, Any] | None = None
    """Further fields of the request body; they replace the ones above."""

    streaming: bool = False
    """Whether `invoke` reports each finished step to callbacks. If it is set to `False`, `stream`
    does not either."""

    max_retries: int = Field(default=0, ge=0)
    """Accepted as in every class here, but without effect: a run is never repeated, because its
    tools may have changed something."""

    @classmethod
    def _fields_from(cls, data: dict[str, Any]) -> dict[str, Any]:
        data = super()._fields_from(data)
        for name in data.keys() & ELSEWHERE.keys():
            raise UnknownArgumentError(
                f"{cls.__name__}() has no argument {name!r}.", ELSEWHERE[name]
            )
        if data.get("tools") is not None:
            data = {**data, "tools": agent_tools(data["tools"])}
        return data

    def _check_values(self) -> None:
        super()._check_values()
        check_share("temperature", self.temperature)
        check_share("top_p", self.top_p)

    @property
    def _identifying_params(self) -> dict[str, Any]:
        further = {"base_url": self.base_url, "stop": self.stop, "extra_body": self.extra_body}
        further = {name: value for name, value in further.items() if value is not None}
        return {"model_name": self.model, **self._parameters(), "tools": self.tools, **further}

    def _parameters(self) -> dict[str, Any]:
        given = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens_per_inference_request,
        }
        return {name: value for name, value in given.items() if value is not None}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002 - nothing comes early
        **kwargs: Any,
    ) -> ChatResult:
        with run_errors():
            options = self._options(stop, kwargs)
            run = self._client.run_agent(openai_messages(messages, to_agent=True), **options)
        return langchain_run(run.steps, options["model"])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002 - as above
        **kwargs: Any,
    ) -> ChatResult:
        with run_errors():
            options = self._options(stop, kwargs)
            wire = openai_messages(messages, to_agent=True)
            run = await self._async_client.run_agent(wire, **options)
        return langchain_run(run.steps, options["model"])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with run_errors():
            options = self._options(stop, kwargs)
            reader = RunReader(options["model"])
            wire = openai_messages(messages, to_agent=True)
            with closing(self._client.stream_agent(wire, **options)) as steps:
                for step in steps:
                    chunk = reader.chunk(step)
                    if run_manager is not None:
                        run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        with run_errors():
            options = self._options(stop, kwargs)
            reader = RunReader(options["model"])
            wire = openai_messages(messages, to_agent=True)
            async with aclosing(self._async_client.stream_agent(wire, **options)) as steps:
                async for step in steps:
                    chunk = reader.chunk(step)
                    if run_manager is not None:
                        await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk

    def _options(self, stop: Sequence[str] | None, call: Mapping[str, Any]) -> dict[str, Any]:
        """The options of one run for the core: arguments of the call over those of the agent."""
        call = {name: call[name] for name in call if name not in _FOR_LANGCHAIN}
        refuse_unknown_options(call, _OF_A_CALL | self._SPELLINGS.keys(), ELSEWHERE)
        given = self._fields_from(call)
        options: dict[str, Any] = {name: getattr(self, name) for name in _OPTIONS}
        given = {name: value for name, value in given.items() if value is not None}
        if "tools" in given:
            given["tools"] = agent_tools(given["tools"])
        if self.extra_body and "extra_body" in given:
            given["extra_body"] = {**self.extra_body, **given["extra_body"]}
        options |= {"model": self.model_name, **given}
        options["stop"] = stop or options["stop"]
        return options
