"""What a server does, well and badly: tables that the core and the adapters are held against."""

from __future__ import annotations

import time
from email.utils import formatdate

from heroku_emulator import CallTools, Fault, Say
from heroku_inference import (
    AuthenticationError,
    ContentBlockedError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
)

SOON = {"retry-after-ms": "1"}
# A failure, the class of its error, and the requests of a call with two retries.
FAULTS = {
    "400": (Fault(400), InvalidRequestError, 1),
    "401": (Fault(401), AuthenticationError, 1),
    "403": (Fault(403), PermissionDeniedError, 1),
    "403 of the firewall": (Fault.html403(), ContentBlockedError, 1),
    "404": (Fault(404), NotFoundError, 1),
    "408": (Fault(408, headers=SOON), RequestTimeoutError, 3),
    "422": (Fault(422), InvalidRequestError, 1),
    "429, milliseconds": (Fault(429, headers=SOON), RateLimitError, 3),
    "429, seconds": (Fault(429, headers={"retry-after": "0"}), RateLimitError, 3),
    "429, date": (
        Fault(429, headers={"retry-after": formatdate(time.time() - 60, usegmt=True)}),
        RateLimitError,
        3,
    ),
    "429, go duration": (
        Fault(429, headers={"x-ratelimit-reset-requests": "2ms"}),
        RateLimitError,
        3,
    ),
    "500": (Fault(500, message="internal", headers=SOON), ServerError, 3),
    "500, a client fault": (
        Fault(500, message="Failed to execute chat", headers=SOON),
        ServerError,
        2,
    ),
    "502": (Fault(502, headers=SOON), ServerError, 3),
    "503 without a body": (
        Fault(503, body=b"", content_type="text/plain", headers=SOON),
        ServerError,
        3,
    ),
    "504": (Fault(504, headers=SOON), ServerError, 3),
    "529, overloaded": (Fault(529, headers=SOON), ServerError, 3),
}

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
SWITCHES = {
    "default": {},
    "no space": {"sse_space": False},
    "[DONE] as a message": {"terminator": "message"},
    "no [DONE]": {"terminator": "none"},
    "heartbeats and pings": {"heartbeats": True, "pings": True},
    "one byte at a time": {"split_bytes": 1},
    "seven bytes at a time": {"split_bytes": 7},
    "a character a chunk": {"delta_characters": 1},
    "nulls in the middle": {"middle_finish_reason": "null", "middle_usage": "null"},
    "zero usage in the middle": {"middle_finish_reason": "absent", "middle_usage": "zeros"},
    "usage without choices": {"usage": "empty_choices"},
    "usage with the finish": {"usage": "finish_chunk"},
    "role on every chunk": {"role_on_every_chunk": True},
    "no choice index": {"choice_index": False},
    "a whole message": {"whole_message": True},
    "tool index drifts": {"tool_index": "drift"},
    "no tool index": {"tool_index": "absent"},
    "no empty names": {"repeat_empty_name": False},
    "interleaved calls": {"interleave_tool_calls": True},
    "reasoning as a string": {"reasoning_form": "string"},
    "reasoning_content": {"reasoning_form": "reasoning_content"},
    "content null": {"empty_content": "null"},
    "content absent, tools first": {"empty_content": "absent", "tool_calls_first": True},
}
