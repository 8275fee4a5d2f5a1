"""The result of an agent's run, and the messages that a later run needs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any

from heroku_inference._chat.messages import wire_messages
from heroku_inference._chat.words import NO_RESULT
from heroku_inference._public_names import publish
from heroku_inference._values import (
    AgentMessage,
    AgentStep,
    AgentToolResult,
    Reply,
    ShownAnswer,
    Usage,
)

__all__ = ["AgentResult", "agent_messages", "agent_result"]


@dataclass(slots=True, repr=False)
class AgentResult(ShownAnswer):
    """A whole run of an agent.

    Attributes:
        steps: All that the agent did, in order; the last one is its final message.
        text: The text of the final message.
        finish_reason: Why that message ended: `stop`, or `length` when it was cut.
        usage: Tokens of all calls of the model together, or `None` when none were reported.
        id: The server's id of the run.
        model: The model that spoke.
        created: Unix time of the final message in seconds.
        system_fingerprint: The server's build.
        reply: Status and headers of the HTTP answer, with `request_id` and `rate_limits`.
    """

    steps: list[AgentStep]
    text: str
    finish_reason: str | None = None
    usage: Usage | None = None
    id: str | None = None
    model: str | None = None
    created: int | None = None
    system_fingerprint: str | None = None
    reply: Reply | None = field(default=None, repr=False)

    @property
    def tool_results(self) -> list[AgentToolResult]:
        """What the tools gave back, in order."""
        return [step for step in self.steps if isinstance(step, AgentToolResult)]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The run as messages, to go on from it; see `agent_messages`."""
        return agent_messages(self.steps)


def agent_messages(steps: Iterable[AgentStep]) -> list[dict[str, Any]]:
    """What an agent did as messages of a conversation that goes on: the API remembers nothing.

    ```python
    conversation = [{"role": "user", "content": "How many orders came in today?"}]
    run = client.run_agent(conversation, tools=tools)
    conversation += [*run.messages, {"role": "user", "content": "And yesterday?"}]
    run = client.run_agent(conversation, tools=tools)
    ```

    Words, calls and results are as the server sent them, results with all that it wraps around
    them; thoughts are left out, which it does not take back. A call that got no result, as in the
    `steps` of an error, gets one that says so: the API takes no call without. A result that answers
    no call becomes words of the user, with a warning.
    """
    messages: list[dict[str, Any]] = []
    open_calls: list[str] = []
    for step in steps:
        if isinstance(step, AgentMessage):
            messages += _missing_results(open_calls)
            messages.append(_wire_message(step))
            open_calls = [call.id for call in step.tool_calls]
        else:
            call_id = step.tool_call_id or next(iter(open_calls), None)
            open_calls = [other for other in open_calls if other != call_id]
            messages.append({"role": "tool", "tool_call_id": call_id, "content": step.raw})
    messages += _missing_results(open_calls)
    return wire_messages(messages) if messages else []


def _wire_message(message: AgentMessage) -> dict[str, Any]:
    calls = [
        {"id": call.id, "function": {"name": call.name, "arguments": call.arguments}}
        for call in message.tool_calls
    ]
    words = {"content": message.text, "refusal": message.refusal}
    return {"role": "assistant", **words, "tool_calls": calls}


def _missing_results(call_ids: list[str]) -> list[dict[str, Any]]:
    return [{"role": "tool", "tool_call_id": id_, "content": NO_RESULT} for id_ in call_ids]


def agent_result(steps: list[AgentStep]) -> AgentResult:
    """The run that these steps make up; the last one is its final message."""
    final = steps[-1]
    if not isinstance(final, AgentMessage):
        raise TypeError("A run ends with a message of the model.")
    messages = [step for step in steps if isinstance(step, AgentMessage)]
    usages = [message.usage for message in messages if message.usage]
    return AgentResult(
        steps=steps,
        text=final.text,
        finish_reason=final.finish_reason,
        usage=reduce(add, usages) if usages else None,
        id=final.id,
        model=final.model,
        created=final.created,
        system_fingerprint=final.system_fingerprint,
        reply=final.reply,
    )


publish(__name__)
