"""`HerokuToolSpec`: the tools that Heroku runs for its agents, as LlamaIndex tools."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing, closing
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.llms.types import TextBlock
from llama_index.core.tools import ToolOutput

from heroku_inference import AgentMessage, McpTool
from heroku_inference._errors import ConfigError, InvalidResponseError
from llama_index_heroku._agents.run import tool_output
from llama_index_heroku._agents.server_tools import command_tool, database_tools, unattached_tools
from llama_index_heroku._agents.server_tools import mcp_tools as mcp_server_tools
from llama_index_heroku._agents.tool_specs import OutputToolSpec, metadata_of, tool_of
from llama_index_heroku._connection import connection_of
from llama_index_heroku._tool_calls import parse_or_keep

if TYPE_CHECKING:
    from llama_index.core.tools import FunctionTool

    from heroku_inference import AgentStep
    from llama_index_heroku._agents.server_tools import ServerTool

__all__ = ["HerokuToolSpec"]

_ORDER: Final = (
    "You run a tool for a program. You must call the tool {name} exactly once, at once, with the "
    "values that the user gives: each is JSON behind its name. Pass them on character for "
    "character, and nothing else."
)
_NO_VALUES: Final = "There are no values."


class HerokuToolSpec(OutputToolSpec):
    """Tools that Heroku runs, for any LlamaIndex agent.

    Tools that read web pages and PDFs and run code are always available. Tools for an app of yours
    are available if you name the app. The tools run in one-off dynos, which are billed.

    ```python
    from llama_index_heroku import Heroku, HerokuToolSpec

    spec = HerokuToolSpec(app="my-app", db_attachment="HEROKU_POSTGRESQL_COBALT")
    agent = FunctionAgent(tools=spec.to_tool_list(), llm=Heroku())
    await agent.run("How many users signed up last week?")

    print(spec.run("code_exec_python", code="print(6 * 7)"))
    ```

    Heroku has no endpoint that just runs a tool: each call is an agents request in which a model
    passes the values on (docs: agents). It is never repeated, and closed once the result is there.
    If the model changed the values, the output is an error that includes the result.

    Args:
        app: The app whose dynos run `postgres_*` and `dyno_run_command`; the add-on must be
            attached to it.
        db_attachment: The follower database for `postgres_*`, such as `HEROKU_POSTGRESQL_COBALT`.
        cmd: The command that `dyno_run_command` runs.
        cmd_description: What the command does, for the model.
        cmd_parameters: JSON schema of the arguments that the model gives to the command.
        mcp_tools: Tools of your MCP servers: entries of `McpServer.tools`
            (`Client().mcp_servers()`), or names; a tool given by name takes a `request` in words.
        dyno_size: Of the one-off dynos; Heroku's default is `standard-1x`.
        ttl_seconds: The time limit of one call; Heroku's default is 120.
        **connection: `model`, `api_key`, `base_url`, `alias`, `timeout` (seconds to wait for the
            next step), `http_client`, `async_http_client`, `default_headers`, as `Heroku` takes
            them.

    Raises:
        ConfigError: Neither arguments nor config vars give a key, its URL and a model; or a tool
            lacks the app that it needs.
    """

    def __init__(
        self,
        *,
        app: str | None = None,
        db_attachment: str | None = None,
        cmd: str | None = None,
        cmd_description: str | None = None,
        cmd_parameters: Mapping[str, Any] | None = None,
        mcp_tools: Sequence[McpTool | str] = (),
        dyno_size: str | None = None,
        ttl_seconds: int | None = None,
        **connection: Any,
    ) -> None:
        self._connection = connection_of(type(self), connection)
        if app is None and (db_attachment is not None or cmd is not None):
            raise ConfigError("db_attachment=... and cmd=... need an app.", "Name it with app=....")
        run: dict[str, Any] = {"dyno_size": dyno_size, "ttl_seconds": ttl_seconds, "max_calls": 1}
        served = unattached_tools(run)
        if app is not None and db_attachment is not None:
            served += database_tools(app, db_attachment, run)
        if app is not None and cmd is not None:
            served.append(command_tool(app, cmd, cmd_description, cmd_parameters, run))
        served += mcp_server_tools(mcp_tools, [tool.name for tool in served], run)
        self._served = {tool.name: tool for tool in served}
        self.spec_functions = list(self._served)

    def run(self, name: str, /, **arguments: Any) -> ToolOutput:
        """Runs a tool.

        Args:
            name: One of `spec_functions`.
            **arguments: The arguments of the tool.

        Returns:
            What the tool returned; `is_error` if it failed, or if it got other arguments.

        Raises:
            ConfigError: The tool does not exist.
            InvalidResponseError: The model did not call it.
            HerokuError: The run failed.
        """
        passing = _Passing(self._tool(name), arguments)
        with closing(self._connection._client.stream_agent(**passing.request())) as steps:  # noqa: SLF001 - of this package
            for step in steps:
                if (output := passing.read(step)) is not None:
                    return output
        raise passing.not_called_error()

    async def arun(self, name: str, /, **arguments: Any) -> ToolOutput:
        """Async version of `run`."""
        passing = _Passing(self._tool(name), arguments)
        client = self._connection._async_client  # noqa: SLF001 - of this package
        async with aclosing(client.stream_agent(**passing.request())) as steps:
            async for step in steps:
                if (output := passing.read(step)) is not None:
                    return output
        raise passing.not_called_error()

    def _tool(self, name: str) -> ServerTool:
        if name not in self._served:
            raise ConfigError(
                f"There is no tool {name!r} here.",
                f"There are {', '.join(self._served)}. Tools that work on an app need app=... with "
                "db_attachment=... or cmd=....",
            )
        return self._served[name]

    def _tools(self) -> list[FunctionTool]:
        return [
            tool_of(
                metadata_of(name, tool.description, tool.parameters),
                partial(self.arun, name),
                partial(self.run, name),
            )
            for name, tool in self._served.items()
        ]


class _Passing:
    """Passes one call to the tool on the server, and its result back."""

    def __init__(self, tool: ServerTool, arguments: Mapping[str, Any]) -> None:
        self._tool = tool
        self._arguments = {
            name: arguments[name] for name in arguments if arguments[name] is not None
        }
        self._made: dict[str, Any] = {}
        self._said = ""

    def request(self) -> dict[str, Any]:
        order = _ORDER.format(name=self._tool.tool.name)
        values = (
            f"{name}: {json.dumps(value, ensure_ascii=False)}"
            for name, value in self._arguments.items()
        )
        return {
            "messages": [
                {"role": "system", "content": order},
                {"role": "user", "content": "\n".join(values) or _NO_VALUES},
            ],
            "tools": [self._tool.tool],
        }

    def read(self, step: AgentStep) -> ToolOutput | None:
        """The output of the tool, if this step has it."""
        if isinstance(step, AgentMessage):
            self._said = step.text or self._said
            self._made |= {call.id: parse_or_keep(call.arguments) for call in step.tool_calls}
            return None
        made = self._made.get(step.tool_call_id or "", {})
        given = made if isinstance(made, dict) else {"arguments": made}
        output = tool_output(step, self._tool.name, given)
        if self._tool.as_given and not _among(self._arguments.values(), given.values()):
            output.is_error = True
            told = (
                f"{self._tool.name} was given other values than asked for: {given!r}. It returned:"
            )
            output.blocks = [TextBlock(text=told), *output.blocks]
        return output

    def not_called_error(self) -> InvalidResponseError:
        return InvalidResponseError(
            f"The model did not call {self._tool.tool.name}, and said: {self._said[:200]!r}.",
            "Try again, or with another model=....",
            body=self._said[:200],
        )


def _among(wanted: Any, given: Any) -> bool:
    kept = [_plain(value) for value in given]
    return all(_plain(value) in kept for value in wanted)


def _plain(value: Any) -> Any:
    """Strip text: models may remove white space around it, but change nothing else."""
    return value.strip() if isinstance(value, str) else value
