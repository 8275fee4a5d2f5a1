"""Made-up events of an agent's run, and the reading of them."""

from __future__ import annotations

import json

from heroku_inference import Reply
from heroku_inference._agents.reading import AgentReader

USAGE = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
CALL = {"id": "t1", "type": "function", "function": {"name": "ns/tool", "arguments": "{}"}}
END = b"[DONE]"


def message_event(text="Done.", *, reason="stop", usage=USAGE, calls=(), kind="message", **more):
    message = {"role": "assistant", "content": text, "refusal": None, **more}
    if calls:
        message["tool_calls"] = list(calls)
    choice = {"index": 0, kind: message}
    if reason != "absent":
        choice["finish_reason"] = reason
    event = {"id": "run", "object": "chat.completion", "model": "m", "created": 1}
    return {**event, "choices": [choice], "usage": usage}


def call_event(text="Let me see.", **more):
    return message_event(text, reason="tool_calls", calls=[CALL], **more)


def result_event(content, *, kind="message", name="ns/tool", **more):
    message = {"role": "tool", "content": content, "tool_call_id": "t1", "name": name, **more}
    return {
        "id": "run",
        "object": "tool.completion",
        "created": 2,
        "choices": [{"index": 0, kind: message, "finish_reason": ""}],
        "usage": {},
    }


def encode(event):
    return event if isinstance(event, bytes) else json.dumps(event).encode()


def read(*events, reply=Reply(200)):  # noqa: B008 - a value
    reader = AgentReader(reply)
    steps = [step for event in events for step in reader.read("message", encode(event))]
    return steps + reader.finish()
