"""The run of an agent: a model and its tools take turns until the model has answered."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio

from heroku_emulator.agent_tools.tool import Outcome
from heroku_emulator.agents.frames import assistant_events, result_text, tool_event
from heroku_emulator.agents.stream import ConnectionLost
from heroku_emulator.chat.completion import completion_of_answer, completion_of_script, new_id
from heroku_emulator.chat.streaming import frame, terminator
from heroku_emulator.errors import ApiError, compact, error_body
from heroku_emulator.script import CallTools, Cut, ErrorEvent, RawStream, Say, ToolResult

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from heroku_emulator.agent_tools.tool import Tool
    from heroku_emulator.chat.completion import Completion, ToolCall
    from heroku_emulator.serving.exchange import Exchange

__all__ = ["AgentRun"]

_ANSWERS = (Say, CallTools, Cut, ErrorEvent, RawStream)
_ENGINE_FIELDS = ("model", "stop", "temperature", "top_p")
_MOST_INFERENCES = 100
"""Heroku documents no limit of steps; this one stops an engine that never ends."""
_NOTHING_SAID = "."  # replaces empty content for the engine, as clients of chat do


class AgentRun:
    """The turns of one request: the model speaks and its tools run, until it calls none.

    Each turn of the model uses the next scripted answer for this path, or else the engine; each
    tool call uses the next scripted `ToolResult`, or else runs the tool.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._switches = exchange.switches
        self._engine = exchange.service.engine
        self._run_id = new_id(time.time_ns())
        self._tools = exchange.service.toolbox.tools_of(exchange.body)
        self._used = dict.fromkeys((tool.name for tool in self._tools), 0)
        self._messages: list[dict[str, Any]] = [*exchange.body["messages"]]
        self._fault: Cut | ErrorEvent | None = None
        self._frames_left = 0  # until the fault

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """Yields the frames of the stream, including `[DONE]`.

        Raises:
            ConnectionLost: A scripted `Cut`.
        """
        try:
            async with contextlib.aclosing(self._frames()) as pieces:
                async for piece in pieces:
                    yield piece
                    self._frames_left -= 1
                    if self._is_over():
                        break
        except Exception as error:  # noqa: BLE001 - engines and tools can raise anything
            if not isinstance(error, ApiError):
                error = ApiError(500, f"{type(error).__name__}: {error}")
            yield self._error_frame(error, self._switches.error_envelope)
            return  # a fault that is scripted for later never comes
        if isinstance(self._fault, ErrorEvent):
            fault = ApiError(self._fault.status, self._fault.message)
            yield self._error_frame(fault, self._fault.form)
        elif isinstance(self._fault, Cut) and not self._fault.politely:
            raise ConnectionLost

    def _is_over(self) -> bool:
        """Says whether the scripted fault is due."""
        return self._fault is not None and self._frames_left <= 0

    def _error_frame(self, error: ApiError, form: Any) -> bytes:
        body, _ = error_body(error, form)
        return frame("error", body.decode(), self._switches)

    async def _frames(self) -> AsyncGenerator[bytes, None]:
        for _ in range(_MOST_INFERENCES):
            step = self._exchange.next_step(*_ANSWERS)
            if isinstance(step, RawStream):
                for part in step.pieces():
                    yield part
                return
            if isinstance(step, Cut | ErrorEvent):
                self._fault, self._frames_left, step = step, step.after, step.answer
            if self._is_over():
                return
            answer = step if isinstance(step, Say | CallTools) else None
            completion = await self._completion(answer)
            for event in assistant_events(completion, self._switches):
                yield frame("message", compact(event), self._switches)
            if not completion.tool_calls:
                for last in terminator(self._switches):
                    yield last
                return
            self._remember_calls(completion)
            for call in completion.tool_calls:
                yield await self._run_call(call)
        raise ApiError(500, f"the agent did not finish within {_MOST_INFERENCES} steps")

    async def _completion(self, step: Say | CallTools | None) -> Completion:
        """Returns the scripted answer, or else the engine's."""
        request = self._engine_request()
        if step is None:
            answer = await self._exchange.in_thread(lambda: self._engine.chat(request))
            answer = replace(answer, reasoning=None)
            completion = completion_of_answer(answer, request, self._engine, self._switches)
        else:
            completion = completion_of_script(step, request, self._engine)
        self._exchange.spend(completion.usage["total_tokens"])
        calls = tuple(
            replace(call, name=self._shown_name(call.name)) for call in completion.tool_calls
        )
        return replace(completion, completion_id=self._run_id, tool_calls=calls)

    def _engine_request(self) -> dict[str, Any]:
        """Returns the conversation as a chat request, without tools that are used up."""
        body = self._exchange.body
        request = {name: body[name] for name in _ENGINE_FIELDS if name in body}
        if body.get("max_tokens_per_inference_request") is not None:
            request["max_tokens"] = body["max_tokens_per_inference_request"]
        offered = [tool for tool in self._tools if self._used[tool.name] < tool.max_calls]
        if offered:
            request["tools"] = [tool.as_function() for tool in offered]
        return request | {"messages": self._messages}

    def _shown_name(self, name: str) -> str:
        tool = self._tool(name)
        if tool is None:
            return name
        return tool.shown if self._switches.tool_names == "namespaced" else tool.name

    def _tool(self, name: str) -> Tool | None:
        """Finds a tool by its name, or else the first of that name in any namespace."""
        named = [tool for tool in self._tools if name in (tool.name, tool.shown)]
        named += [tool for tool in self._tools if tool.shown.endswith(f"/{name}")]
        return named[0] if named else None

    def _remember_calls(self, completion: Completion) -> None:
        calls = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": self._plain_name(call.name), "arguments": call.arguments},
            }
            for call in completion.tool_calls
        ]
        content = completion.text or _NOTHING_SAID
        self._messages.append({"role": "assistant", "content": content, "tool_calls": calls})

    def _plain_name(self, shown: str) -> str:
        """Returns the model's name for a tool."""
        tool = self._tool(shown)
        return shown if tool is None else tool.name

    async def _run_call(self, call: ToolCall) -> bytes:
        """Runs one call and returns its frame."""
        tool = self._tool(call.name)
        step = self._exchange.next_step(ToolResult)
        content = step.raw if isinstance(step, ToolResult) else None
        outcome = await self._outcome(call, tool, step if isinstance(step, ToolResult) else None)
        if content is None:
            content = result_text(call.name, tool, outcome, self._switches)
        self._messages.append(
            {"role": "tool", "tool_call_id": call.call_id, "content": outcome.text or content}
        )
        event = tool_event(call, self._run_id, content, self._switches)
        return frame("message", compact(event), self._switches)

    async def _outcome(self, call: ToolCall, tool: Tool | None, step: ToolResult | None) -> Outcome:
        """Returns the scripted result, or else the tool's."""
        if tool is not None:
            self._used[tool.name] += 1
        if step is not None:
            await anyio.sleep(step.delay)
            parts = None if step.parts is None else tuple(map(dict, step.parts))
            return Outcome(step.text, step.is_error, parts)
        if tool is None:
            return Outcome(f"there is no tool {call.name}", is_error=True)
        if self._used[tool.name] > tool.max_calls:
            reason = f"{tool.name} has been called {tool.max_calls} times: max_calls is used up"
            return Outcome(reason, is_error=True)
        arguments = _object(call.arguments)
        if arguments is None:
            return Outcome("the arguments are not a JSON object", is_error=True)
        return await tool.run(arguments)


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
