"""The rows: what the emulator does, what a contender does, and how the outcome is judged.

Each feature is one function. It gets the emulator and `ask(task, *arguments)`, and returns the
cell: `yes`, `no` or a few words. `MissingError` means that a contender lacks the feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heroku_emulator import CallTools, Cut, Fault, Say

if TYPE_CHECKING:
    from collections.abc import Callable

    from heroku_emulator import Emulator

    Ask = Callable[..., dict[str, Any]]

__all__ = ["FEATURES", "MissingError"]

_CALL = ("add", {"a": 2, "b": 3})
_PLAIN_FIELDS = {"model", "messages", "stream"}
_OK = 200
_TURNS = 2


class MissingError(Exception):
    """The contender lacks this feature."""


def _yes(outcome: dict[str, Any]) -> str:
    return "no" if "error" in outcome else "yes"


def _failure(emulator: Emulator) -> str:
    """Returns where it failed: at Heroku, which refused the request, or in the client."""
    if not len(emulator.journal):
        return "no: the client raises"
    status = emulator.journal[-1].status
    return f"no: {status}" if status != _OK else "no: cannot read it"


def silent_tool_call(emulator: Emulator, ask: Ask) -> str:
    """An agent's second turn, after a tool call without text."""
    calling = _second_turn(emulator, ask, "it is five", "")
    if calling is None:
        return "no: the client raises"
    return "yes" if calling[0].get("content") else "no: empty `content`"


def number_as_result(emulator: Emulator, ask: Ask) -> str:
    """A tool whose result is a bare number."""
    calling = _second_turn(emulator, ask, "5", "I add.")
    if calling is None:
        return "no: the client raises"
    return "no: a bare `5`" if calling[1].get("content") == "5" else "yes"


def _second_turn(
    emulator: Emulator, ask: Ask, result: str, text: str
) -> list[dict[str, Any]] | None:
    """Returns the tool call and its result, as the second request has them."""
    # Judge by what is sent: whether Heroku refuses fields inside tools is undocumented.
    emulator.switch(strict=False)
    emulator.script(CallTools([_CALL], text=text), Say("It is five."))
    ask("tool_turns", result)
    if len(emulator.journal) < _TURNS:
        return None
    messages: list[dict[str, Any]] = emulator.journal[-1].body["messages"]
    return messages[-2:]


def streamed_calls(emulator: Emulator, ask: Ask) -> str:
    """Streamed tool calls, numbered as seen on Heroku."""
    emulator.switch(tool_index="drift", strict=False)
    emulator.script(CallTools([_CALL], text="I add."))
    outcome = ask("stream_tools")
    calls = outcome.get("value")
    whole = calls is not None and [
        [name, arguments.replace(" ", "")] for name, arguments in calls
    ] == [["add", '{"a":2,"b":3}']]
    return "yes" if whole else "no"


def reasoning(emulator: Emulator, ask: Ask) -> str:
    """Reasoning is shown."""
    return _thoughts(emulator, ask("think"))


def streamed_reasoning(emulator: Emulator, ask: Ask) -> str:
    """Reasoning is streamed."""
    return _thoughts(emulator, ask("stream_thinking"))


def _thoughts(emulator: Emulator, outcome: dict[str, Any]) -> str:
    if "error" in outcome:
        return _failure(emulator)
    value = outcome["value"]
    if value["reasoning"]:
        return "yes"
    return "in the raw reply" if "thinking" in value["raw"] else "dropped"


def streamed_usage(_: Emulator, ask: Ask) -> str:
    """Streams end with their token counts."""
    if _counts(ask("stream")):
        return "yes"
    return "only if you ask" if _counts(ask("stream_with_usage")) else "no"


def _counts(outcome: dict[str, Any]) -> bool:
    return bool(outcome.get("value", {}).get("usage"))


def broken_stream(emulator: Emulator, ask: Ask) -> str:
    """Notices a stream that ends early."""
    emulator.script(Cut(after=3, answer=Say("One two three four five six."), politely=True))
    return "yes" if "error" in ask("stream") else "counts as complete"


def structured_output(emulator: Emulator, ask: Ask) -> str:
    """Asks for structured output by."""
    emulator.switch(strict=False)  # only the request matters here
    ask("structured_output")
    body = emulator.journal[-1].body
    if isinstance(body.get("tool_choice"), dict) or body.get("tool_choice") == "required":
        return "a forced tool call" if body.get("tools") else "`tool_choice`, without tools"
    if "age" in str(body["messages"]):
        return "words in the prompt"
    return "`response_format`, which Heroku ignores" if "response_format" in body else "nothing"


def encoded_error(emulator: Emulator, ask: Ask) -> str:
    """Understands the double-encoded error."""
    emulator.switch(error_envelope="string")
    emulator.script(Fault(403, message="you do not have access to that model"))
    error = ask("chat")["error"]
    return "yes" if error["type"] == "authorization_error" else "no type"


def firewall(emulator: Emulator, ask: Ask) -> str:
    """Distinguishes a firewall block from a key without access."""
    emulator.script(Fault(403))
    refused = ask("chat")["error"]["kinds"][0]
    emulator.script(Fault.html403())
    blocked = ask("chat")["error"]["kinds"][0]
    return "yes" if blocked != refused else "no: one class"


def lost_cause(emulator: Emulator, ask: Ask) -> str:
    """Requests for a call that Heroku cannot handle (500)."""
    emulator.script(Fault(500, message="Failed to execute chat", times=50))
    ask("chat")
    return str(len(emulator.journal))


def unasked_fields(emulator: Emulator, ask: Ask) -> str:
    """Fields it adds by itself."""
    ask("chat")
    fields = sorted(emulator.journal[-1].body.keys() - _PLAIN_FIELDS)
    return ", ".join(f"`{field}`" for field in fields) or "none"


def foreign_headers(emulator: Emulator, ask: Ask) -> str:
    """OpenAI's organisation is not sent."""
    ask("chat")
    sent = "openai-organization" in emulator.journal[-1].headers
    return "sent to Heroku" if sent else "yes"


def hidden_key(emulator: Emulator, ask: Ask) -> str:
    """Hides the key from `repr` and dumps."""
    outcome = ask("show")
    if "error" in outcome:
        return "cannot be dumped"
    return "shown" if emulator.api_key in outcome["value"] else "yes"


def pickles(_: Emulator, ask: Ask) -> str:
    """Survives pickle after use."""
    return _yes(ask("call_after_pickle"))


def event_loops(_: Emulator, ask: Ask) -> str:
    """Works in a second event loop."""
    return _yes(ask("loops"))


def many_embeddings(emulator: Emulator, ask: Ask) -> str:
    """Requests for 200 embeddings."""
    outcome = ask("embed")
    if not len(emulator.journal):
        raise MissingError("embed")
    return "refused" if "error" in outcome else str(len(emulator.journal))


def two_sides(emulator: Emulator, ask: Ask) -> str:
    """Embeds questions and documents differently."""
    outcome = ask("embed_sides")
    if "error" in outcome:
        return "refused"
    sides = {entry.body.get("input_type") for entry in emulator.journal}
    return "yes" if sides == {"search_query", "search_document"} else "no"


def rerank(_: Emulator, ask: Ask) -> str:
    """Rerank."""
    return _yes(ask("rerank"))


def heroku_agents(_: Emulator, ask: Ask) -> str:
    """Heroku's agents endpoint."""
    return _yes(ask("agent"))


FEATURES: tuple[Callable[[Emulator, Ask], str], ...] = (
    silent_tool_call,
    number_as_result,
    streamed_calls,
    reasoning,
    streamed_reasoning,
    streamed_usage,
    broken_stream,
    structured_output,
    encoded_error,
    firewall,
    lost_cause,
    unasked_fields,
    foreign_headers,
    hidden_key,
    pickles,
    event_loops,
    many_embeddings,
    two_sides,
    rerank,
    heroku_agents,
)
