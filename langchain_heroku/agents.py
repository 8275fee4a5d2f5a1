"""`ChatHerokuAgent`: Heroku's agents endpoint as a chat model. Nothing here talks HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from langchain_heroku._agents.as_tool import AgentAsTool
from langchain_heroku._agents.calls import AgentCalls
from langchain_heroku._agents.tools import agent_tools
from langchain_heroku.errors import ConfigError, _RefusedBeforeRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.language_models import LanguageModelInput
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import Runnable
    from langchain_core.tools import BaseTool
    from pydantic import BaseModel

__all__ = ["ChatHerokuAgent"]

_LEFT_TO_THE_MODEL: Final = (None, "auto")


class ChatHerokuAgent(AgentCalls, defer_build=False):
    """An agent that Heroku runs: a model and its tools, in turns, within one request.

    **Setup.** As for `ChatHeroku`: the add-on's config vars `INFERENCE_KEY`, `INFERENCE_URL` and,
    on per-model plans, `INFERENCE_MODEL_ID` are read, or another attachment's with `alias=...`.

    **Instantiate.** The tools run on Heroku: its own (`heroku_inference.agent_tools`), and MCP
    tools that you deploy there. One-off dynos that run them are billed (docs: agents).

    ```python
    from heroku_inference.agent_tools import code_exec_python, postgres_run_query
    from langchain_heroku import ChatHerokuAgent

    agent = ChatHerokuAgent(
        model="claude-4-5-sonnet",
        tools=[code_exec_python(), postgres_run_query("my-app", "HEROKU_POSTGRESQL_COBALT")],
    )
    ```

    **Invoke, stream, async.** The whole run is one message. Its `.text` is the answer, so
    `agent | StrOutputParser()` gives that; its `content_blocks` hold all that happened, in order:

    | block | what it is |
    | --- | --- |
    | `reasoning` | what the model said before calling tools (`extras["narration"]`), or thought |
    | `server_tool_call` | a call: `id`, `name`, `args` (what is no JSON: `extras["arguments"]`) |
    | `server_tool_result` | its `tool_call_id`, `status`, `output` as text; images: in `extras` |
    | `text` | the answer |

    ```python
    message = agent.invoke("How many orders came in today?")
    message.text
    for chunk in agent.stream("How many orders came in today?"):
        print(chunk.content_blocks)  # a chunk for each step, when it is done
    ```

    `.tool_calls` stays empty: the calls have been made. `usage_metadata` is the sum over the
    model's turns. A message may be sent back as history, to every chat model here; models of other
    providers do not know such blocks: give them its `.text`.

    **As a tool of another agent.** See `as_tool`.

    **Errors** are both Heroku's and LangChain's: see `langchain_heroku.errors`. `.steps` of an
    error holds what had been done before it. A run is never repeated, whatever `max_retries`
    says: its tools may have changed something. For the same reason LangChain's own retries, of
    middleware and `with_retry`, take errors of a run that had begun for final (`is_retryable`).
    Fallbacks go on after any error, unless they are told which: `exceptions_to_handle=...`.

    Raises:
        ConfigError: Neither arguments nor config vars give a key, its URL and a model, or a tool
            is none that Heroku could run.
    """

    @property
    def _llm_type(self) -> str:
        return "heroku-agent"

    def bind_tools(
        self,
        tools: Sequence[Any],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The agent with these tools instead of its own.

        Args:
            tools: As the field `tools`.
            tool_choice: Only `"auto"`: the API has no way to force a call (docs: agents).
            **kwargs: Further options of every call.

        Raises:
            ConfigError: A tool is a function, which Heroku cannot call; or a choice is forced.
        """
        if tool_choice not in _LEFT_TO_THE_MODEL:
            raise ConfigError(
                f"tool_choice={tool_choice!r} cannot be sent: the agents endpoint leaves the "
                "choice to the model.",
                "Pass only the tools that it is to use, or say in the prompt which.",
            )
        return self.bind(tools=agent_tools(tools), **kwargs)

    def with_retry(
        self, *, retry_if_exception_type: Any = (_RefusedBeforeRun,), **options: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The agent, asked again where the server refused the request before there was a run.

        Args:
            retry_if_exception_type: What to ask again after instead; that may repeat a run, and
                what its tools did.
            **options: As for any runnable.
        """
        return super().with_retry(retry_if_exception_type=retry_if_exception_type, **options)

    def with_structured_output(self, *_: Any, **__: Any) -> NoReturn:
        """Not supported: the endpoint can neither be forced to call a tool nor take a schema.

        Let the agent find the answer, and a chat model give it its form:

        ```python
        agent | StrOutputParser() | ChatHeroku().with_structured_output(Schema)
        ```

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            "The agents endpoint has no structured output.",
            "Let a chat model give the answer its form: "
            "agent | StrOutputParser() | ChatHeroku().with_structured_output(Schema).",
        )

    def as_tool(
        self,
        args_schema: type[BaseModel] | None = None,
        *,
        name: str | None = None,
        description: str | None = None,
        arg_types: dict[str, type] | None = None,
    ) -> BaseTool:
        """The agent as a tool of another agent, with one argument: `task`, in words.

        ```python
        analyst = agent.as_tool(name="analyst", description="Answers questions about the orders.")
        create_agent(ChatHeroku(), [analyst, *tools])
        ```

        What it returns is the answer's text; the message of the whole run is the `artifact` of the
        `ToolMessage` (LangGraph's checkpoints make a dict of it). Errors are raised, not told to
        the model.

        Args:
            args_schema: Refused, like `arg_types`: the argument is the task.
            name: What the other agent calls it; `heroku_agent` by default. Letters, digits, `_`
                and `-`, at most 64 of them.
            description: What it can do, for the other agent to know when to use it. By default
                the names of its tools.
            arg_types: See `args_schema`.

        Raises:
            ConfigError: Other arguments are asked for.
        """
        if args_schema is not None or arg_types is not None:
            raise ConfigError(
                "The tool of an agent takes one argument, task.",
                "For others make a chain that writes the task: "
                "(prompt | agent | StrOutputParser()).as_tool(...).",
            )
        told = description or _description(self.tools)
        return AgentAsTool(agent=self, name=name or "heroku_agent", description=told)


def _description(tools: Sequence[dict[str, Any]]) -> str:
    names = ", ".join(str(tool["name"]) for tool in tools)
    able = f" It has the tools {names}." if names else ""
    return f"Does a task that is told in words, and returns the answer.{able}"
