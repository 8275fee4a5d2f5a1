"""Emulates `response_format`, which Heroku ignores. Pure.

A JSON schema becomes a hidden tool that the model must call: its arguments are the answer's text.
A JSON object becomes an instruction, and code fences around the answer are removed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heroku_inference._chat.code_fence import Fence
from heroku_inference._chat.messages import with_instruction
from heroku_inference._chat.schemas import is_of_objects, object_schema, smallest_schema
from heroku_inference._chat.thinking import thinks
from heroku_inference._chat.tools import forced_tool, is_forced
from heroku_inference._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection

    from heroku_inference._values import ChatChunk, ToolCallDelta

__all__ = [
    "CALL_IT",
    "AnswerText",
    "ResponseFormat",
    "answer_description",
    "apply_response_format",
    "free_name",
]

ANSWER_TOOL = "final_answer"
_DESCRIPTION = "Give your final answer by calling this tool, in the form that it asks for."
CALL_IT = "Give your final answer only by calling the tool `{}`, never as text."
_FOLLOW_SCHEMA = "The JSON object must satisfy this JSON schema: "
_JSON_ONLY = "Answer with one JSON object and nothing else: no words around it and no code fence."


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """How an answer must be read because of the `response_format` of its request.

    Attributes:
        answer_tool: Name of the hidden tool whose arguments are the answer; `None` when the
            answer is JSON text.
    """

    answer_tool: str | None = None


def apply_response_format(
    body: dict[str, Any], response_format: Mapping[str, Any] | None
) -> ResponseFormat | None:
    """Change `body`, which is the caller's own copy, so that the model answers in this format.

    Returns:
        How to read the answer, or `None` when there is nothing to it: for the type `text`, and
        where the caller forces a tool of its own, so that no text is to come.

    Raises:
        ConfigError: The type is unknown, or the schema does not describe an object.
    """
    if response_format is None:
        return None
    kind = _kind(response_format)
    if kind == "text" or is_forced(body.get("tool_choice")):
        return None
    if kind == "json_object":
        schema = response_format.get("schema")
        return _ask_for_json(body, _json_schema(schema) if schema else None)
    if kind == "json_schema":
        return _apply_schema(body, response_format.get("json_schema", response_format))
    raise ConfigError(
        f"response_format has no type {kind!r}.", "Pass 'json_schema', 'json_object' or 'text'."
    )


def _kind(response_format: Any) -> Any:
    if isinstance(response_format, Mapping):
        return response_format.get("type")
    raise ConfigError(
        f"response_format must be a mapping, got {response_format!r}.",
        'Pass {"type": "json_object"}, or {"type": "json_schema", "json_schema": {"name": …, '
        '"schema": …}}, with model_json_schema() of a pydantic class as the schema.',
    )


def _apply_schema(body: dict[str, Any], wanted: Any) -> ResponseFormat:
    schema = wanted.get("schema") if isinstance(wanted, Mapping) else None
    if not isinstance(schema, Mapping):
        raise ConfigError(
            "response_format has no schema.",
            'Pass {"type": "json_schema", "json_schema": {"name": …, "schema": {…}}}.',
        )
    schema = object_schema(schema)
    if not is_of_objects(schema):
        raise _not_an_object()
    if body.get("tool_choice") == "none" and thinks(body):
        # Neither may a tool be called nor one be forced: words are all that is left.
        return _ask_for_json(body, schema)
    return _add_answer_tool(body, schema, wanted.get("description"))


def _json_schema(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, Mapping):
        raise ConfigError(
            f"The schema of response_format is a value of type {type(schema).__name__}.",
            "Pass a JSON schema as a mapping, such as model_json_schema() of a pydantic class.",
        )
    if not is_of_objects(object_schema(schema)):
        raise _not_an_object()
    return smallest_schema(schema)


def _not_an_object() -> ConfigError:
    return ConfigError(
        "The schema of response_format does not describe an object at its root.",
        "Make the value a field of an object.",
    )


def _ask_for_json(body: dict[str, Any], schema: Any) -> ResponseFormat:
    told = f" {_FOLLOW_SCHEMA}{json.dumps(schema, ensure_ascii=False)}" if schema else ""
    body["messages"] = with_instruction(body["messages"], _JSON_ONLY + told)
    return ResponseFormat()


def _add_answer_tool(
    body: dict[str, Any], schema: dict[str, Any], description: str | None
) -> ResponseFormat:
    tools = body.get("tools") or []
    name = free_name({tool.get("function", {}).get("name") for tool in tools})
    function = {"name": name, "description": answer_description(description), "parameters": schema}
    body["tools"] = [*tools, {"type": "function", "function": function}]
    if thinks(body):  # which no tool can be forced on
        body["messages"] = with_instruction(body["messages"], CALL_IT.format(name))
        body["tool_choice"] = "auto"
    elif tools and body.get("tool_choice") != "none":
        body["tool_choice"] = "required"  # one of the tools, or the answer
    else:
        body["tool_choice"] = forced_tool(name)
    return ResponseFormat(answer_tool=name)


def answer_description(description: str | None) -> str:
    """Describes the hidden tool to the model, with the caller's description of the answer."""
    return f"{_DESCRIPTION} {description}" if description else _DESCRIPTION


def free_name(taken: Collection[str | None]) -> str:
    """The name of the hidden tool, which no other tool has."""
    name = ANSWER_TOOL
    while name in taken:
        name += "_"
    return name


class AnswerText:
    """Turns the pieces of such an answer into what was asked for; one for each answer.

    Of the hidden tool nothing is left but the text of the answer. Words beside it are passed on
    as reasoning, for they would spoil the JSON. A model that answers in text all the same is
    heard: its text is the answer, without a code fence.
    """

    def __init__(self, response_format: ResponseFormat) -> None:
        self._tool = response_format.answer_tool
        self._fence = Fence()
        self._words: list[str] = []  # held until it is clear whether an answer follows
        self._answers: set[int] = set()
        self._blank = False  # the answer that opened last has no arguments yet
        self._other_calls: dict[int, int] = {}

    @property
    def held(self) -> str:
        """The text that is not passed on yet."""
        return "".join(self._words) + self._fence.held

    def rewrite(self, chunk: ChatChunk) -> None:
        """Change this piece, in place; with the finish reason all that was held is let go."""
        text, chunk.text = chunk.text, ""
        if text:
            self._hear(chunk, text)
        if chunk.tool_calls:
            calls, chunk.tool_calls = chunk.tool_calls, []
            for delta in calls:
                self._take_call(chunk, delta)
        if chunk.finish_reason:
            if chunk.finish_reason == "length":
                self._blank = False  # cut off before its first word, which is not the same
            self.release(chunk)
            if chunk.finish_reason == "tool_calls" and self._answers and not self._other_calls:
                chunk.finish_reason = "stop"

    def release(self, chunk: ChatChunk) -> None:
        """Put the text that is still held into the last piece."""
        self._close_answer(chunk)
        self._release_words(chunk)
        self._fence.finish(chunk)

    def _hear(self, chunk: ChatChunk, text: str) -> None:
        if self._answers:
            chunk.reasoning += text
        elif self._tool is not None:
            self._words.append(text)
        else:
            self._fence.feed(chunk, text)

    def _take_call(self, chunk: ChatChunk, delta: ToolCallDelta) -> None:
        if self._tool is not None and delta.name == self._tool:
            self._open_answer(chunk, delta.index)
        if delta.index in self._answers:
            chunk.text += delta.arguments
            self._blank = self._blank and not delta.arguments.strip()
            return
        delta.index = self._other_calls.setdefault(delta.index, len(self._other_calls))
        chunk.tool_calls.append(delta)

    def _open_answer(self, chunk: ChatChunk, index: int) -> None:
        self._close_answer(chunk)
        if self._answers:
            chunk.text += "\n"  # two answers are not JSON, but neither is lost
        self._answers.add(index)
        self._blank = True
        self._release_words(chunk)

    def _close_answer(self, chunk: ChatChunk) -> None:
        if self._blank:
            chunk.text += "{}"  # how a model says that an object has no fields
            self._blank = False

    def _release_words(self, chunk: ChatChunk) -> None:
        words = "".join(self._words)
        self._words.clear()
        if self._answers:
            chunk.reasoning += words
        else:
            self._fence.feed(chunk, words)
