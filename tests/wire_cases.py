"""What a server does, well and badly: tables that the core and the adapters are held against."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import pytest

from heroku_emulator import CallTools, Fault, Reset, Say
from heroku_inference import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    ContentBlockedError,
    HerokuError,
    InvalidRequestError,
    InvalidResponseError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
)

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
SOON = {"retry-after-ms": "1"}
AT_ONCE = {"max_retries": 0}  # else a 429 is waited for as long as the server sends it


@dataclass(frozen=True)
class Failure:
    """What a server does wrong, and what a call with two retries makes of it."""

    step: Any
    error: type[HerokuError]
    requests: int = 1
    arguments: dict[str, Any] = field(default_factory=dict)
    """Arguments of the client that fails, over its two retries."""
    match: str | None = None

    def check(self, emulator, call, *, once=False, searched=False):
        """Let `call(**arguments)` fail against this server; return the error.

        `once` says that the call is never repeated, `searched` that a refusal of several texts is
        followed by one request with a harmless text: is it a text's fault, or the request's?
        """
        emulator.switch(rate_limit_headers=False)
        emulator.script(*[self.step] * 9)
        with pytest.raises(HerokuError, match=self.match) as caught:
            call(**{"max_retries": 2, **self.arguments})
        error = caught.value
        assert isinstance(error, self.error)
        assert type(error).__name__ == self.error.__name__
        requests = 1 if once else self.requests
        if searched and self.error in {ContentBlockedError, InvalidRequestError}:
            requests += 1
        # The journal may not hold a request that times out yet.
        assert len(emulator.journal) in ({0, 1} if self.error is APITimeoutError else {requests})
        if self.error is not APITimeoutError and getattr(self.step, "status", 0) >= 400:
            assert error.status_code == self.step.status
            assert error.request_id is not None
        assert emulator.api_key not in str(error)
        return error


FAILURES = {
    "400": Failure(Fault(400), InvalidRequestError),
    "401": Failure(Fault(401), AuthenticationError),
    "403": Failure(Fault(403), PermissionDeniedError),
    "403 of the firewall": Failure(Fault.html403(), ContentBlockedError),
    "404": Failure(Fault(404), NotFoundError),
    "408": Failure(Fault(408, headers=SOON), RequestTimeoutError, 3),
    "422": Failure(Fault(422), InvalidRequestError),
    "429, milliseconds": Failure(Fault(429, headers=SOON), RateLimitError, arguments=AT_ONCE),
    "429, seconds": Failure(
        Fault(429, headers={"retry-after": "0"}), RateLimitError, arguments=AT_ONCE
    ),
    "429, date": Failure(
        Fault(429, headers={"retry-after": formatdate(time.time() - 60, usegmt=True)}),
        RateLimitError,
        arguments=AT_ONCE,
    ),
    "429, go duration": Failure(
        Fault(429, headers={"x-ratelimit-reset-requests": "2ms"}),
        RateLimitError,
        arguments=AT_ONCE,
    ),
    "500": Failure(Fault(500, message="internal", headers=SOON), ServerError, 3),
    "500, a client fault": Failure(
        Fault(500, message="Failed to execute chat", headers=SOON), ServerError, 2
    ),
    "502": Failure(Fault(502, headers=SOON), ServerError, 3),
    "503 without a body": Failure(
        Fault(503, body=b"", content_type="text/plain", headers=SOON), ServerError, 3
    ),
    "504": Failure(Fault(504, headers=SOON), ServerError, 3),
    "529, overloaded": Failure(Fault(529, headers=SOON), ServerError, 3),
    "reset": Failure(Reset(), APIConnectionError, 2, {"max_retries": 1}),
    "reset politely": Failure(Reset(politely=True), APIConnectionError, 2, {"max_retries": 1}),
    "silence": Failure(
        Fault(delay=5),
        APITimeoutError,
        arguments={"max_retries": 0, "timeout": 0.2},
        match=r"within 0\.2 seconds",
    ),
    "a page": Failure(Fault.not_json(), InvalidResponseError),
}
failures = pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
"""For claims about every way a server can fail."""

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": f"{name} two numbers",
            "parameters": {
                "type": "object",
                "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            },
        },
    }
    for name in ("add", "multiply", "now")
]
TEXT = "Grüße aus Ōsaka 🌿 — “quoted”,\n\ttabbed and {braced}."
ANSWERS = {
    "text": Say(TEXT),
    "reasoning and text": Say(TEXT, reasoning="First, 🤔 think.\nThen answer."),
    "cut by length": Say(TEXT, finish_reason="length"),
    "one tool call": CallTools([("add", {"a": 1, "b": 2})], ids=["tooluse_1"]),
    "parallel tool calls": CallTools(
        [("add", {"a": 1, "b": 2}), ("multiply", {"a": 3, "b": 4}), ("now", {})],
        ids=["tooluse_1", "tooluse_2", "tooluse_3"],
    ),
    "all of it": CallTools(
        [("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 40})],
        text=TEXT,
        reasoning="Two sums.",
        ids=["tooluse_1", "tooluse_2"],
    ),
}
# How a server can frame and cut any stream.
FRAMINGS = {
    "default": {},
    "no space": {"sse_space": False},
    "[DONE] as a message": {"terminator": "message"},
    "no [DONE]": {"terminator": "none"},
    "heartbeats and pings": {"heartbeats": True, "pings": True},
    "one byte at a time": {"split_bytes": 1},
    "seven bytes at a time": {"split_bytes": 7},
}
# How it can write the chunks of chat completions.
SWITCHES = {
    **FRAMINGS,
    "a character a chunk": {"delta_characters": 1},
    "blanks in the middle": {"middle_finish_reason": "empty", "middle_usage": "empty"},
    "usage unasked": {"stream_usage": "always"},
    "zero usage in the middle": {"middle_finish_reason": "absent", "middle_usage": "zeros"},
    "no usage in the middle": {"middle_finish_reason": "absent", "middle_usage": "absent"},
    "usage without choices": {"usage": "empty_choices"},
    "usage with the finish": {"usage": "finish_chunk"},
    "role on every chunk": {"role_on_every_chunk": True},
    "no choice index": {"choice_index": False},
    "a whole message": {"whole_message": True},
    "tool index drifts": {"tool_index": "drift"},
    "no tool index": {"tool_index": "absent"},
    "no empty names": {"repeat_empty_name": False},
    "interleaved calls": {"interleave_tool_calls": True, "delta_characters": 3},
    "reasoning as a string": {"reasoning_form": "string"},
    "reasoning_content": {"reasoning_form": "reasoning_content"},
    "content null": {"empty_content": "null"},
    "content absent, tools first": {"empty_content": "absent", "tool_calls_first": True},
}
# How it can write the steps of an agent's run.
AGENT_SWITCHES = {
    **FRAMINGS,
    "deltas": {"agent_messages": "delta"},
    "chunks": {"agent_messages": "chunks"},
    "chunks, usage without choices": {"agent_messages": "chunks", "usage": "empty_choices"},
    "chunks, usage with the finish": {"agent_messages": "chunks", "usage": "finish_chunk"},
    "chunks, indices drift": {"agent_messages": "chunks", "tool_index": "drift"},
    "nulls": {"agent_blanks": "null"},
    "zero usage": {"agent_blanks": "zeros"},
    "no usage key": {"agent_blanks": "absent"},
    "content null": {"empty_content": "null"},
    "content absent": {"empty_content": "absent", "tool_calls_first": True},
    "plain results": {"tool_results": "plain"},
}
