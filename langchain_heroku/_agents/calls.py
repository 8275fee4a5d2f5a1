"""The four ways to have an agent run: whole or step by step, blocking or not."""

from __future__ import annotations

from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import ConfigDict, Field

from heroku_inference._adapters.chat_parameters import check_share
from langchain_heroku._agents.generations import RunReader, langchain_run
from langchain_heroku._agents.tools import agent_tools
from langchain_heroku._chat_model import HerokuChatModel
from langchain_heroku._messages import openai_messages
from langchain_heroku.errors import ConfigError, run_errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

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
# What LangChain passes through a call for itself.
_FOR_LANGCHAIN: Final = frozenset({"stream", "stream_usage"})


class AgentCalls(HerokuChatModel):
    """Has Heroku run an agent, by the options it has; `ChatHerokuAgent` is its public face."""

    model_config = ConfigDict(extra="forbid")

    _SPELLINGS: ClassVar[Mapping[str, str]] = {
        **HerokuChatModel._SPELLINGS,  # noqa: SLF001 - of the class above
        "max_tokens": "max_tokens_per_inference_request",
        "max_completion_tokens": "max_tokens_per_inference_request",
        "stop_sequences": "stop",
    }

    tools: list[Any] = Field(default_factory=list)
    """What the agent may use: `AgentTool`s, mappings in the shape of Heroku's API, the tools of
    `Client.mcp_servers()`, or names. Kept in the shape of the API."""

    max_tokens_per_inference_request: int | None = None
    """Most tokens of each of the model's turns, not of the run; also accepted as `max_tokens`
    (docs: agents)."""

    temperature: float | None = None
    """From 0 to 1. Newer Claude models take this or `top_p`, not both."""

    top_p: float | None = None
    """From 0 to 1."""

    extra_body: dict[str, Any] | None = None
    """Fields of the request's body beyond those above, or others than these say; merged last."""

    streaming: bool = False
    """Whether `invoke` tells callbacks of each step when it is done. Set to `False`, even `stream`
    does not."""

    max_retries: int = Field(default=0, ge=0)
    """Accepted as by every class here, and without effect: a run is never repeated, because its
    tools may have changed something."""

    @classmethod
    def _fields_from(cls, data: dict[str, Any]) -> dict[str, Any]:
        data = super()._fields_from(data)
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
        told = {name: value for name, value in further.items() if value is not None}
        return {"model_name": self.model, **self._parameters(), "tools": self.tools, **told}

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
        """The core's options of one run: its own arguments over those of the agent."""
        call = {name: call[name] for name in call if name not in _FOR_LANGCHAIN}
        given = self._fields_from(call)
        if unknown := [name for name in given if name not in {"model", *_OPTIONS}]:
            raise ConfigError(
                f"The agents endpoint has no option {', '.join(sorted(unknown))} (docs: agents).",
                f"The options are {', '.join(_OPTIONS)}; extra_body sends any other field.",
            )
        options: dict[str, Any] = {name: getattr(self, name) for name in _OPTIONS}
        told = {name: value for name, value in given.items() if value is not None}
        if "tools" in told:
            told["tools"] = agent_tools(told["tools"])
        if self.extra_body and "extra_body" in told:
            told["extra_body"] = {**self.extra_body, **told["extra_body"]}
        options |= {"model": self.model_name, **told}
        options["stop"] = stop or options["stop"]
        return options
