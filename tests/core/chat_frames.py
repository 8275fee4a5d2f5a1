"""Recorded and made-up answers of a chat model, and the reading of them."""

import json

from heroku_inference._chat.reading import ChunkReader, chat_result
from heroku_inference._chat.request import ChatRequest
from heroku_inference._chat.response_format import ResponseFormat
from heroku_inference._values import Reply

PLAIN = ChatRequest({})
HIDDEN = ChatRequest({}, response_format=ResponseFormat("final_answer"))
FENCELESS = ChatRequest({}, response_format=ResponseFormat())

# Recorded answers, to the byte.
CAPITAL = rb"""{"id":"chatcmpl-1846531e6d7a6be30e1c6","object":"chat.completion","created":1749176895,"model":"claude-3-7-sonnet","system_fingerprint":"heroku-inf-1qgiqof","choices":[{"index":0,"message":{"role":"assistant","content":"The capital of France is Paris. It's not only the political capital but also a major cultural and economic hub in Europe, known for landmarks like the Eiffel Tower, the Louvre Museum, and Notre-Dame Cathedral.","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":14,"completion_tokens":51,"total_tokens":65}}"""  # noqa: E501
WEATHER = rb"""{"id":"chatcmpl-1859428879fc791b17d73","object":"chat.completion","created":1754506683,"model":"claude-4-sonnet","system_fingerprint":"heroku-inf-cp42st","choices":[{"index":0,"message":{"role":"assistant","refusal":null,"tool_calls":[{"id":"tooluse_dV3Vtnb-S9-Z_YFicSv2Gw","type":"function","function":{"name":"get_current_weather","arguments":"{\"location\":\"Portland, OR\"}"}}],"content":"Let me check the current weather in Portland for you."},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":354,"completion_tokens":69,"total_tokens":423}}"""  # noqa: E501
PROBE = [
    rb"""{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"tooluse_1","type":"function","function":{"name":"respond","arguments":""}}]},"index":0}]}""",
    rb"""{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"","arguments":"{\"ans"}}]},"index":0}]}""",
    rb"""{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"","arguments":"wer\":\"42\"}"}}]},"index":0}]}""",
    b"[DONE]",
]

USAGE = {"prompt_tokens": 14, "completion_tokens": 51, "total_tokens": 65}


def frame(delta, *, finish_reason="", usage=None, kind="delta", **more):
    return {
        "id": "chatcmpl-1846531e6d7a6be30e1c6",
        "object": "chat.completion.chunk",
        "created": 1749176895,
        "model": "claude-4-sonnet",
        "system_fingerprint": "heroku-inf-1qgiqof",
        "choices": [{"index": 0, kind: delta, "finish_reason": finish_reason}],
        "usage": usage or {},
        **more,
    }


def tool_piece(index, call_id, name, arguments):
    return {
        "tool_calls": [
            {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}
        ]
    }


def data(value):
    return json.dumps(value).encode()


def read(frames, request=PLAIN, reply=Reply(200)):  # noqa: B008 - a value
    reader = ChunkReader(request, reply)
    chunks = [chunk for value in frames for chunk in reader.read("message", data(value))]
    return [*chunks, *reader.finish()]


def read_whole(message, finish_reason="stop", request=PLAIN, **more):
    completion = frame(message, finish_reason=finish_reason, kind="message", **more)
    return chat_result(Reply(200, {}, data(completion)), request)
