"""`ChatHerokuAgent`: Heroku's agents endpoint as a LangChain chat model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NoReturn

from langchain_core import tools as tool_types
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from langchain_heroku._agents.as_tool import AgentAsTool
from langchain_heroku._agents.calls import AgentCalls
from langchain_heroku._agents.tools import agent_tools
from langchain_heroku.errors import ConfigError, _RefusedBeforeRun

__all__ = ["ChatHerokuAgent"]

_LEFT_TO_THE_MODEL: Final = (None, "auto")


class ChatHerokuAgent(AgentCalls, defer_build=False):
    """An agent that Heroku runs: a model and its tools take turns within one request.

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
    `agent | StrOutputParser()` gives just that. Its `content_blocks` tell what happened, in order:

    | block | what it is |
    | --- | --- |
    | `reasoning` | what the model thought, or said before calling tools (`extras["narration"]`) |
    | `server_tool_call` | a call: `id`, `name`, `args` (or text in `extras["arguments"]`) |
    | `server_tool_result` | its `tool_call_id`, `status` and `output` text; images in `extras` |
    | `text` | the answer |

    ```python
    message = agent.invoke("How many orders came in today?")
    message.text
    for chunk in agent.stream("How many orders came in today?"):
        print(chunk.content_blocks)  # a chunk for each step, when it is done
    ```

    `.tool_calls` stays empty: Heroku has made the calls. `usage_metadata` is the sum over the
    model's turns. You can send the message back as history to every chat model here. Models of
    other providers do not know these blocks: send them its `.text`.

    **As a tool of another agent.** See `as_tool`.

    **Errors** are both Heroku's and LangChain's: see `langchain_heroku.errors`. `.steps` of an
    error holds the steps before it. A run is never repeated, whatever `max_retries` says: its
    tools may have changed something. For the same reason LangChain's own retries (middleware and
    `with_retry`) do not repeat a run that had started (`is_retryable`). Fallbacks handle every
    error, unless you limit them with `exceptions_to_handle=...`.

    Raises:
        ConfigError: Neither arguments nor config vars give a key, its URL and a model, or Heroku
            cannot run one of the tools.
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
            ConfigError: A tool is a function, which Heroku cannot call, or `tool_choice` forces a
                call.
        """
        if tool_choice not in _LEFT_TO_THE_MODEL:
            raise ConfigError(
                f"tool_choice={tool_choice!r} cannot be sent: the agents endpoint leaves the "
                "choice to the model.",
                "Pass only the tools that it should use, or name them in the prompt.",
            )
        return self.bind(tools=agent_tools(tools), **kwargs)

    def with_retry(
        self, *, retry_if_exception_type: Any = (_RefusedBeforeRun,), **options: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The agent with retries of requests that the server refused before a run started.

        Args:
            retry_if_exception_type: Which errors to retry instead. This can repeat a run, and what
                its tools did.
            **options: As for any runnable.
        """
        return super().with_retry(retry_if_exception_type=retry_if_exception_type, **options)

    def with_structured_output(self, *_: Any, **__: Any) -> NoReturn:
        """Not supported: the endpoint can neither force a tool call nor take a schema.

        Let the agent find the answer, and a chat model bring it into the schema's form:

        ```python
        agent | StrOutputParser() | ChatHeroku().with_structured_output(Schema)
        ```

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            "The agents endpoint does not support structured output.",
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
    ) -> tool_types.BaseTool:
        """The agent as a tool of another agent, with one argument: `task`, in words.

        ```python
        analyst = agent.as_tool(name="analyst", description="Answers questions about the orders.")
        create_agent(ChatHeroku(), [analyst, *tools])
        ```

        It returns the answer's text. The message of the whole run is the `artifact` of the
        `ToolMessage` (a dict after LangGraph's checkpoints). Errors are raised, not shown to the
        model.

        Args:
            args_schema: Not supported, like `arg_types`: the only argument is the task.
            name: The tool's name; `heroku_agent` by default. At most 64 letters, digits, `_` and
                `-`.
            description: What the agent can do, so that the other one knows when to use it. By
                default the names of its tools.
            arg_types: See `args_schema`.

        Raises:
            ConfigError: `args_schema` or `arg_types` was passed.
        """
        if args_schema is not None or arg_types is not None:
            raise ConfigError(
                "The tool of an agent takes only the argument task.",
                "For other arguments, build a chain that writes the task: "
                "(prompt | agent | StrOutputParser()).as_tool(...).",
            )
        description = description or _description(self.tools)
        return AgentAsTool(agent=self, name=name or "heroku_agent", description=description)


def _description(tools: Sequence[dict[str, Any]]) -> str:
    names = ", ".join(str(tool["name"]) for tool in tools)
    abilities = f" It has the tools {names}." if names else ""
    return f"Does a task described in words, and returns the answer.{abilities}"
