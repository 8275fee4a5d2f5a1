"""Second tries of tool calls whose arguments cannot be read. Pure.

Models sometimes write arguments that are not a JSON object. Such a call cannot be run, and an agent
would end there. So the model is told, in the result of that call, and answers again. The answers
add up to one: calls that could be read stay, the others are replaced. An answer that `max_tokens`
cut gets no second try, which would be cut too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._chat.history_tools import wire_name
from heroku_inference._chat.reading import sum_chunks
from heroku_inference._chat.thinking import thinks_only_without_calls
from heroku_inference._chat.tool_arguments import arguments_for_history, parse_arguments
from heroku_inference._chat.words import PLACEHOLDER
from heroku_inference._values import ChatChunk, ToolCallDelta, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from heroku_inference._chat.request import ChatRequest
    from heroku_inference._values import ChatResult

__all__ = ["ACCEPTED", "SecondTries", "StreamedTries", "refusal_of", "second_tries"]

ACCEPTED: Final = "Accepted. Its result follows later: do not repeat this call."
BETWEEN_TEXTS: Final = "\n\n"
_AGAIN: Final = "Call the tool again, with one JSON object as its arguments."


def refusal_of(arguments: str) -> str | None:
    """What to tell the model about arguments that cannot be read; `None` if they can."""
    try:
        parse_arguments(arguments)
    except ValueError as error:
        return f"Error: this call was not run. {error}. {_AGAIN}"
    return None


def second_tries(request: ChatRequest) -> StreamedTries | None:
    """The tries of a stream; `None` if the request allows one only, or no tool."""
    return StreamedTries(request) if request.tool_call_retries and "tools" in request.body else None


class StreamedTries:
    """The tries of one call: feed the pieces of each answer to `read`, then call `end`.

    Attributes:
        next_request: After `end`, the request for the next try; `None` if there is to be none.
        earlier_text: The text of the answers before this one.
    """

    def __init__(self, request: ChatRequest) -> None:
        self.next_request: ChatRequest | None = None
        self.earlier_text = ""
        self._request = request
        self._left = request.tool_call_retries
        self._is_first = True
        self._answer: list[ChatChunk] = []
        self._held: list[ChatChunk] = []  # the end of the first answer, if it has calls
        self._has_calls = False
        self._opened = 0  # the number of calls that were passed on
        self._ids: set[str] = set()  # of those calls
        self._accepted: list[tuple[str, dict[str, Any]]] = []
        self._has_spoken = False  # in this answer
        self._usage: Usage | None = None

    def read(self, chunks: Iterable[ChatChunk]) -> Iterator[ChatChunk]:
        """What can be passed on at once.

        Of the first answer that is all, up to the finish reason. Of later ones it is what the model
        says; whether their calls count is only known at the end.
        """
        for chunk in chunks:
            self._answer.append(chunk)
            if not self._is_first:
                if (words := self._words(chunk)) is not None:
                    yield words
                continue
            self._has_calls = self._has_calls or bool(chunk.tool_calls)
            if self._held or (chunk.finish_reason and self._has_calls):
                self._held.append(chunk)
            else:
                yield chunk

    def end(self) -> list[ChatChunk]:
        """What is passed on when an answer has ended."""
        answer = sum_chunks(self._answer)
        refusals = self._refusals(answer)
        self.next_request = None
        if self._is_first and not refusals:
            return self._held
        self._usage = _summed_usage(self._usage, answer.usage)
        if self._is_first:
            pieces = self._replace_calls(answer, refusals)
        else:
            pieces = self._new_calls(answer, refusals)
        self.earlier_text += self._separator(answer.text) + answer.text
        if refusals:
            self._ask_again(answer, refusals)
        else:
            pieces.append(self._last(answer.finish_reason))
        self._is_first, self._answer, self._has_spoken = False, [], False
        return pieces

    def _refusals(self, answer: ChatResult) -> dict[str, str]:
        """What to tell the model about each broken call, by id, if it may try again."""
        if not self._left or not answer.tool_calls or answer.finish_reason == "length":
            return {}
        if self._request.response_format is not None and answer.text:
            return {}  # the answer is there; a second one would spoil its JSON
        words = {call.id: refusal_of(call.arguments) for call in answer.tool_calls}
        if len(words) < len(answer.tool_calls):
            return {}  # results could not be told apart
        return {call_id: refusal for call_id, refusal in words.items() if refusal}

    def _replace_calls(self, answer: ChatResult, refusals: Mapping[str, str]) -> list[ChatChunk]:
        """The end of the first answer without its finish reason, and which of its calls go."""
        self._opened = len(answer.tool_calls)
        for call in answer.tool_calls:
            self._ids.add(call.id)
            if call.id not in refusals:
                self._accepted.append((call.name, parse_arguments(call.arguments)))
        rest = [replace(chunk, finish_reason=None, usage=None) for chunk in self._held]
        return [*filter(_says_something, rest), ChatChunk(replaced_calls=tuple(refusals))]

    def _new_calls(self, answer: ChatResult, refusals: Mapping[str, str]) -> list[ChatChunk]:
        """The calls of a later answer that count: none that is tried again, and none twice.

        A model that repeats a call which was accepted would have its tool run twice.
        """
        earlier = list(self._accepted)
        deltas = []
        for call in answer.tool_calls:
            if call.id in refusals:
                continue
            if refusal_of(call.arguments) is None:
                made = (call.name, parse_arguments(call.arguments))
                if made in earlier:
                    continue
                self._accepted.append(made)
            call_id = call.id
            while call_id in self._ids:
                call_id += "_"
            self._ids.add(call_id)
            deltas.append(ToolCallDelta(self._opened, call_id, call.name, call.arguments))
            self._opened += 1
        return [ChatChunk(tool_calls=deltas)] if deltas else []

    def _ask_again(self, answer: ChatResult, refusals: Mapping[str, str]) -> None:
        """Make the request with this answer, and with what became of its calls."""
        self._left -= 1
        body = dict(self._request.body)
        body["messages"] = [*body["messages"], *_turn(answer, refusals)]
        if thinks_only_without_calls(body):
            body.pop("extended_thinking", None)
            body.pop("reasoning_effort", None)
        self._request = self.next_request = replace(self._request, body=body)

    def _words(self, chunk: ChatChunk) -> ChatChunk | None:
        """What the model says in a piece of a later answer."""
        words = ChatChunk(
            text=self._separator(chunk.text) + chunk.text,
            reasoning=chunk.reasoning,
            reasoning_signature=chunk.reasoning_signature,
            refusal=chunk.refusal,
        )
        self._has_spoken = self._has_spoken or bool(chunk.text)
        return words if _says_something(words) else None

    def _separator(self, text: str) -> str:
        """What stands between the text of earlier answers and this first text of another."""
        return BETWEEN_TEXTS if text and self.earlier_text and not self._has_spoken else ""

    def _last(self, finish_reason: str | None) -> ChatChunk:
        if finish_reason == "stop" and self._accepted:
            finish_reason = "tool_calls"
        return ChatChunk(finish_reason=finish_reason, usage=self._usage)


class SecondTries:
    """The tries of one call, for answers that come whole: each is a stream of one piece."""

    def __init__(self, request: ChatRequest) -> None:
        self._tries = StreamedTries(request)
        self._pieces: list[ChatChunk] = []

    def add(self, answer: ChatResult) -> ChatRequest | None:
        """Add an answer; the request for the next try, if there is to be one."""
        self._pieces += [*self._tries.read([_as_chunk(answer)]), *self._tries.end()]
        return self._tries.next_request

    @property
    def result(self) -> ChatResult:
        """All answers so far as one."""
        return sum_chunks(self._pieces)

    @property
    def earlier_text(self) -> str:
        """The text of the answers before the next one."""
        return self._tries.earlier_text


def _turn(answer: ChatResult, refusals: Mapping[str, str]) -> list[dict[str, Any]]:
    """The model's turn and a result for each of its calls, as Heroku accepts them."""
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {
                "name": wire_name(call.name),
                "arguments": arguments_for_history(call.arguments),
            },
        }
        for call in answer.tool_calls
    ]
    content = answer.text if answer.text.strip() else PLACEHOLDER
    results = [
        {"role": "tool", "content": refusals.get(call.id, ACCEPTED), "tool_call_id": call.id}
        for call in answer.tool_calls
    ]
    return [{"role": "assistant", "content": content, "tool_calls": calls}, *results]


def _as_chunk(answer: ChatResult) -> ChatChunk:
    """A whole answer as a stream of one piece."""
    return ChatChunk(
        text=answer.text,
        reasoning=answer.reasoning or "",
        reasoning_signature=answer.reasoning_signature,
        tool_calls=[
            ToolCallDelta(index, call.id, call.name, call.arguments)
            for index, call in enumerate(answer.tool_calls)
        ],
        finish_reason=answer.finish_reason,
        usage=answer.usage,
        refusal=answer.refusal or "",
        id=answer.id,
        model=answer.model,
        created=answer.created,
        system_fingerprint=answer.system_fingerprint,
        reply=answer.reply,
    )


def _says_something(chunk: ChatChunk) -> bool:
    return chunk != _EMPTY


_EMPTY: Final = ChatChunk()


def _summed_usage(first: Usage | None, second: Usage | None) -> Usage | None:
    return first or second if first is None or second is None else first + second
