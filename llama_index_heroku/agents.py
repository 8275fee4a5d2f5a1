"""`HerokuAgent`: agents that Heroku runs with their tools, for LlamaIndex's workflows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from copy import deepcopy
from typing import Any, Final

from llama_index.core.agent.workflow import BaseWorkflowAgent
from llama_index.core.agent.workflow.agent_context import AgentContext
from llama_index.core.agent.workflow.workflow_events import (
    AgentInput,
    AgentOutput,
    AgentStream,
    ToolCallResult,
)
from llama_index.core.async_utils import asyncio_run
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import BaseMemory
from llama_index.core.tools import AsyncBaseTool, FunctionTool
from llama_index.core.workflow import Context
from pydantic import BaseModel, Field, ValidationError

from heroku_inference import AgentTool, Settings, aclose_connections
from heroku_inference._adapters.agents import agent_result
from heroku_inference._adapters.argument_errors import argument_error, refuse_unknown
from heroku_inference._adapters.arguments import hide_key
from heroku_inference._errors import ConfigError
from heroku_inference.agent_tools import wire_agent_tools
from llama_index_heroku._agents.arguments import MODEL_ARGUMENTS, llm_of, other_llm, refusal_of
from llama_index_heroku._agents.run import AgentRun
from llama_index_heroku._messages import wire_messages
from llama_index_heroku.llms import Heroku

__all__ = ["HerokuAgent"]

_OF_WORKFLOWS: Final = ("verbose", "num_concurrent_runs")
_RUN_HERE: Final = ("tools", "tool_retriever", "can_handoff_to")
_OWN: Final = frozenset({"extra_body", "heroku_tools", "llm", "workflow_timeout"})
_REMEMBERED: Final = "heroku_agent_messages"
_TOOL_CALLS: Final = "current_tool_calls"  # where LlamaIndex keeps what an `AgentOutput` will list


class _Request(BaseModel):
    request: str = Field(description="What to do, in words, with all the information needed")


class HerokuAgent(BaseWorkflowAgent):
    """An agent that Heroku runs: the model and its tools take turns on the server.

    **Setup.** As for `Heroku`: the config vars `INFERENCE_KEY`, `INFERENCE_URL` and, on per-model
    plans, `INFERENCE_MODEL_ID` are read. The tools run in one-off dynos, which are billed.

    **Run it.** A run is one request, which is never repeated: tools may have side effects.

    ```python
    from heroku_inference import agent_tools
    from llama_index_heroku import HerokuAgent

    agent = HerokuAgent(
        model="claude-4-5-sonnet",
        heroku_tools=[agent_tools.code_exec_python(), agent_tools.html_to_markdown()],
        system_prompt="Be brief.",
    )
    output = await agent.run("How many primes are there below 10,000?")
    print(output)
    ```

    **Watch it.** Each message of the model is an `AgentStream`, each of its calls a `ToolCall`, and
    each result a `ToolCallResult`, with `tool_output.is_error` and, as `tool_output.raw_output`,
    what the server sent. Nothing is executed here. `AgentOutput.tool_calls` lists the results;
    `AgentOutput.raw` is the core's `AgentResult`; the response's `additional_kwargs` count the
    tokens of all inner calls.

    ```python
    handler = agent.run("What is on https://example.com?")
    async for event in handler.stream_events():
        if isinstance(event, ToolCallResult):
            print(event.tool_name, event.tool_output)
    ```

    **Remember.** Memory, `Context` and `chat_history` work as for any agent: calls and results are
    remembered too, in a form that Heroku's chat models take as well.

    **With other agents.** Any agent of an `AgentWorkflow` can hand off to it, or have it as a tool
    (`as_tool`). The endpoint does not take tools that run here, so the agent cannot have such tools
    or hand off itself: `tools`, `tool_retriever` and `can_handoff_to` are refused.

    **Further requests.** `output_cls` and `early_stopping_method="generate"` cost one
    chat completion each, of the same model: `llm`.

    Args:
        heroku_tools: Tools on the server: `AgentTool`s, or mappings in the API's form.
        llm: A `Heroku` with the model, connection and parameters, instead of the arguments below.
            LlamaIndex's `Settings.llm` is not used.
        workflow_timeout: Seconds for a whole run; no limit by default.
        extra_body: Fields of the request's body beyond those below; merged last.
        **further: `name`, `description`, `system_prompt`, `initial_state`, `state_prompt`,
            `output_cls`, `structured_output_fn`, `streaming` and `early_stopping_method` of
            LlamaIndex's agents; `model`, `api_key`, `base_url`, `alias`, `timeout` (seconds to
            wait for the next step), `http_client`, `async_http_client`, `default_headers`,
            `temperature`, `top_p`, `stop` and `max_tokens` (of each inner call; also accepted as
            `max_tokens_per_inference_request`) of `Heroku`.

    Raises:
        ConfigError: Neither arguments nor config vars give a key, its URL and a model, or the
            endpoint does not support an argument.
    """

    heroku_tools: list[dict[str, Any]] = Field(default_factory=list)
    """Tools on the server, in the API's form."""

    extra_body: dict[str, Any] | None = None
    """Fields of the request's body beyond those of the parameters; merged last."""

    def __init__(
        self,
        *,
        heroku_tools: Sequence[AgentTool | Mapping[str, Any]] = (),
        llm: Heroku | None = None,
        workflow_timeout: float | None = None,
        extra_body: Mapping[str, Any] | None = None,
        **further: Any,
    ) -> None:
        hide_key(further)
        fields = {*BaseWorkflowAgent.model_fields, *_OF_WORKFLOWS}
        of_agent = {name: further.pop(name) for name in fields & further.keys()}
        for name in _RUN_HERE:
            if of_agent.pop(name, None):
                raise refusal_of(name)
        refuse_unknown(further, fields | MODEL_ARGUMENTS | _OWN, type(self).__name__)
        _check_workflow_timeout(workflow_timeout)
        of_agent |= {
            "llm": llm_of(llm, further),
            "heroku_tools": wire_agent_tools(heroku_tools),
            "extra_body": extra_body,
        }
        try:
            super().__init__(
                timeout=workflow_timeout,
                can_handoff_to=[],  # `None` would mean all agents
                **of_agent,
            )
        except ValidationError as error:
            mistake = error
        else:
            return
        # Raised outside the `except` block, so that pydantic's error is not its context.
        raise argument_error(type(self), mistake, of_agent)

    @property
    def settings(self) -> Settings:
        """The key, URL and model in use."""
        return self._heroku.settings

    @property
    def model(self) -> str:
        """The id of the model."""
        return self._heroku.model or self.settings.require_model()

    @property
    def _heroku(self) -> Heroku:
        llm = self.llm
        if not isinstance(llm, Heroku):
            raise other_llm(llm)
        return llm

    def as_tool(self, name: str | None = None, description: str | None = None) -> FunctionTool:
        """This agent as a tool of another agent: takes a request in words, and returns the answer.

        Args:
            name: The tool's name; this agent's name by default.
            description: When to use it; this agent's description by default.
        """

        async def ask(request: str) -> str:
            return str(await self.run(user_msg=request))

        async def ask_once(request: str) -> str:
            try:
                return await ask(request)
            finally:
                await aclose_connections()  # those of a loop that ends now

        return FunctionTool.from_defaults(
            fn=lambda request: asyncio_run(ask_once(request)),
            async_fn=ask,
            name=name or self.name,
            description=description or self.description,
            fn_schema=_Request,
        )

    async def take_step(
        self,
        ctx: AgentContext,
        llm_input: list[ChatMessage],
        tools: Sequence[AsyncBaseTool],
        memory: BaseMemory,  # noqa: ARG002 - written to when the run is over
    ) -> AgentOutput:
        """Have Heroku do the whole run, in one request.

        Raises:
            ConfigError: A message cannot be sent, or a tool would have to run here.
            HerokuError: The run failed; `.steps` holds the steps before that.
        """
        if tools:
            raise refusal_of("tools")
        ctx.write_event_to_stream(AgentInput(input=llm_input, current_agent_name=self.name))
        run, steps = AgentRun(self.name), []
        client = self._heroku._async_client  # noqa: SLF001 - of a class of this package
        async with aclosing(client.stream_agent(wire_messages(llm_input), **self._options())) as s:
            async for step in s:
                steps.append(step)
                for event in run.add(step):
                    if self.streaming or not isinstance(event, AgentStream):
                        ctx.write_event_to_stream(event)
        result = agent_result(steps)
        messages = run.end(result)
        await ctx.store.set(_REMEMBERED, messages)
        called = await ctx.store.get(_TOOL_CALLS, default=[])
        await ctx.store.set(_TOOL_CALLS, [*called, *run.results])
        return AgentOutput(response=messages[-1], raw=result, current_agent_name=self.name)

    async def handle_tool_call_results(
        self, ctx: Context, results: list[ToolCallResult], memory: BaseMemory
    ) -> None:
        """Does nothing: results of tools on the server never come here."""

    async def finalize(self, ctx: Context, output: AgentOutput, memory: BaseMemory) -> AgentOutput:
        """Save the run's messages in memory."""
        await memory.aput_messages(await ctx.store.get(_REMEMBERED, default=[]))
        await ctx.store.set(_REMEMBERED, [])
        return output

    def _options(self) -> dict[str, Any]:
        llm = self._heroku
        return {
            "model": self.model,
            "tools": self.heroku_tools,
            "max_tokens_per_inference_request": llm.max_tokens,
            "stop": llm.stop,
            "temperature": llm.temperature,
            "top_p": llm.top_p,
            "extra_body": self.extra_body,
        }

    def _arguments(self) -> dict[str, Any]:
        """The arguments that rebuild this agent. Locks and tasks of workflows cannot be copied."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        options = {name: getattr(self, f"_{name}") for name in _OF_WORKFLOWS}
        return {**fields, **options, "workflow_timeout": self._timeout}

    def __reduce__(self) -> tuple[Any, ...]:
        return _construct, (type(self), self._arguments())

    def __copy__(self) -> HerokuAgent:
        return _construct(type(self), self._arguments())

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> HerokuAgent:
        return _construct(type(self), deepcopy(self._arguments(), memo))


def _construct(kind: type[HerokuAgent], arguments: dict[str, Any]) -> HerokuAgent:
    return kind(**arguments)


def _check_workflow_timeout(seconds: object) -> None:
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float)):
        raise ConfigError(
            f"workflow_timeout must be a number of seconds, got a value of type "
            f"{type(seconds).__name__}.",
            "Leave it out for no limit.",
        )
