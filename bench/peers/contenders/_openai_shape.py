"""The tasks for clients whose answers look like the OpenAI SDK's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bench.peers import tasks

if TYPE_CHECKING:
    from collections.abc import Callable

ASKED = [{"role": "user", "content": tasks.QUESTION}]


class OpenAIShape:
    """`create(messages, **options)` answers a chat."""

    def __init__(self, create: Callable[..., Any]) -> None:
        self._create = create

    def chat(self) -> str:
        return self._create(ASKED).choices[0].message.content

    def stream(self, **options: Any) -> dict[str, Any]:
        text, reasoning, usage, raw = "", "", None, ""
        for chunk in self._create(ASKED, stream=True, **options):
            raw += chunk.model_dump_json()
            counted = getattr(chunk, "usage", None)
            usage = getattr(counted, "total_tokens", None) or usage
            for choice in chunk.choices:
                text += choice.delta.content or ""
                reasoning += getattr(choice.delta, "reasoning_content", None) or ""
        return {"text": text, "usage": usage, "reasoning": reasoning, "raw": raw}

    def stream_thinking(self) -> dict[str, Any]:
        return self.stream(extra_body={"extended_thinking": tasks.THINKING}, max_tokens=2048)

    def think(self) -> dict[str, Any]:
        options = {"extra_body": {"extended_thinking": tasks.THINKING}, "max_tokens": 2048}
        answer = self._create(ASKED, **options)
        thought = getattr(answer.choices[0].message, "reasoning_content", None)
        return {"reasoning": thought, "raw": answer.model_dump_json()}

    def tool_turns(self, result: str) -> str:
        answer = self._create(ASKED, tools=[tasks.ADD]).choices[0].message
        results = [
            {"role": "tool", "tool_call_id": call.id, "content": result}
            for call in answer.tool_calls
        ]
        history = [*ASKED, answer.model_dump(exclude_none=True), *results]
        return self._create(history, tools=[tasks.ADD]).choices[0].message.content

    def stream_tools(self) -> list[list[str]]:
        calls: dict[int, list[str]] = {}
        for chunk in self._create(ASKED, stream=True, tools=[tasks.ADD]):
            for delta in chunk.choices[0].delta.tool_calls or () if chunk.choices else ():
                call = calls.setdefault(delta.index, ["", ""])
                call[0] += delta.function.name or ""
                call[1] += delta.function.arguments or ""
        return [calls[index] for index in sorted(calls)]

    def structured_output(self) -> Any:
        form = {"name": "Person", "schema": tasks.PERSON}
        answer = self._create(ASKED, response_format={"type": "json_schema", "json_schema": form})
        return json.loads(answer.choices[0].message.content)
