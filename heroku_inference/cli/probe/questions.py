"""What the probe asks, what the library and its emulator assume, and how an answer is read.

The order is that of the list of unknowns: what would change the library most comes first.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from heroku_inference.cli.probe.exchanges import EXCHANGES, Exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from heroku_inference.cli.probe.answers import RawAnswer

__all__ = ["QUESTIONS", "Question"]

_BLANKS: Final = ("finish_reason", "usage")
_BY_NAME: Final = {exchange.name: exchange for exchange in EXCHANGES}


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to find out from one exchange.

    Attributes:
        name: What `--only` and the report call it.
        asks: The question, in words.
        exchange: The request whose answer tells it.
        assumed: The observations that the library and the emulator are built on.
        observe: Reads the observation, a short text, from the answer.
    """

    name: str
    asks: str
    exchange: Exchange
    assumed: tuple[str, ...]
    observe: Callable[[RawAnswer], str]


def _question(
    name: str,
    asks: str,
    exchange: str,
    assumed: str | tuple[str, ...],
    observe: Callable[[RawAnswer], str],
) -> Question:
    expected = (assumed,) if isinstance(assumed, str) else assumed
    return Question(name, asks, _BY_NAME[exchange], expected, observe)


# How an answer is read ---------------------------------------------------------------------


def _acceptance(answer: RawAnswer) -> str:
    """Whether the request was accepted; a refusal is shown with its own words."""
    return "accepted" if answer.status == 200 else f"refused: {answer.refusal()}"  # noqa: PLR2004


def _status(answer: RawAnswer) -> str:
    return str(answer.status)


def _refusal(answer: RawAnswer) -> str:
    """Status and words of a refusal; "accepted" when there is none."""
    return "accepted" if answer.status == 200 else answer.refusal()  # noqa: PLR2004


def _refusal_like(pattern: str, described: str) -> Callable[[RawAnswer], str]:
    """A refusal whose words match is `described`; any other is quoted."""

    def observe(answer: RawAnswer) -> str:
        refusal = _refusal(answer)
        return described if re.search(pattern, refusal, re.IGNORECASE) else refusal

    return observe


def _envelope(answer: RawAnswer) -> str:
    """The form of an error body."""
    if answer.status == 200:  # noqa: PLR2004
        return "accepted"
    body = answer.json
    if body is None:
        return "text" if answer.body.strip() else "empty"
    if not isinstance(body, dict):
        return f"a JSON {type(body).__name__}"
    error = body.get("error", body)
    place = "error" if "error" in body else "top level"
    if isinstance(error, str):
        try:
            inner = json.loads(error)
        except ValueError:
            return "error: text"
        return f"error: text of JSON with {_keys(inner)}"
    outer = sorted(body.keys() - {"error"}) if place == "error" else []
    beside = f", beside {', '.join(outer)}" if outer else ""
    return f"{place}: {_keys(error)}{beside}"


def _keys(value: Any) -> str:
    return ", ".join(sorted(value)) if isinstance(value, dict) else type(value).__name__


def _form(value: object) -> str:
    """A small value as JSON; of longer ones only what kind of value it is."""
    written = json.dumps(value)
    kinds = {str: "text", list: "a list", dict: "an object", int: "a number", float: "a number"}
    if isinstance(value, dict) and value and not any(value.values()):
        return "zeros"
    return written if len(written) <= 4 else kinds.get(type(value), "a value")  # noqa: PLR2004


def _usage_of_stream(answer: RawAnswer) -> str:
    """Where the token counts of a stream stand."""
    counted = [chunk for chunk in answer.chunks if any((chunk.get("usage") or {}).values())]
    if not counted:
        return "no counts"
    last = counted[-1]
    if not last.get("choices"):
        return "in a chunk of their own with empty choices"
    if last["choices"][0].get("finish_reason"):
        return "in the chunk with the finish reason"
    return "in a chunk of their own with a choice"


def _middle(name: str, *, in_choice: bool) -> Callable[[RawAnswer], str]:
    """What a field holds in the first chunk of a stream, where it has nothing to say."""

    def observe(answer: RawAnswer) -> str:
        first = answer.choice_chunks[0]
        holder = first["choices"][0] if in_choice else first
        return _form(holder[name]) if name in holder else "absent"

    return observe


def _terminator(answer: RawAnswer) -> str:
    last = answer.frames[-1]
    return f"[DONE] under event {last.event}" if last.data == "[DONE]" else "the end of the body"


def _spacing(answer: RawAnswer) -> str:
    line = answer.frames[0].lines[-1]
    return "a space after the colon" if line.startswith("data: ") else "no space after the colon"


def _strangers(answer: RawAnswer) -> str:
    """Lines and events of a stream that are neither chunks nor the end."""
    found = []
    if answer.comments:
        found.append("comments")
    if any("choices" not in chunk for chunk in answer.chunks):
        found.append("frames without choices")
    return " and ".join(found) or "none"


def _roles(answer: RawAnswer) -> str:
    deltas = [chunk["choices"][0].get("delta") or {} for chunk in answer.choice_chunks]
    count = sum("role" in delta for delta in deltas)
    if not any(deltas):
        return "no deltas: whole messages"
    return "on the first chunk" if count == 1 else f"on {'no' if not count else 'several'} chunks"


def _choice_index(answer: RawAnswer) -> str:
    with_index = sum("index" in chunk["choices"][0] for chunk in answer.choice_chunks)
    return "present" if with_index == len(answer.choice_chunks) else "absent"


def _tool_indices(answer: RawAnswer) -> str:
    pieces = answer.tool_deltas
    if not pieces:
        return "the model called no tool"
    if any("index" not in piece for piece in pieces):
        return "absent"
    opening = [piece["index"] for piece in pieces if piece.get("id")]
    later = [piece["index"] for piece in pieces if not piece.get("id")]
    return "one number a call" if {*later} == {*opening} else "the opening has another number"


def _repeated_names(answer: RawAnswer) -> str:
    later = [piece for piece in answer.tool_deltas if not piece.get("id")]
    if not later:
        return "arguments come in the opening"
    names = {(piece.get("function") or {}).get("name", "absent") for piece in later}
    return ", ".join(sorted(_form(name) if name != "absent" else name for name in names))


def _call_order(answer: RawAnswer) -> str:
    pieces = answer.tool_deltas
    openings = [place for place, piece in enumerate(pieces) if piece.get("id")]
    if len(openings) < 2:  # noqa: PLR2004 - two calls were asked for
        return "the model made one call"
    arguments = [
        place
        for place, piece in enumerate(pieces)
        if not piece.get("id") and (piece.get("function") or {}).get("arguments")
    ]
    between = any(openings[0] < place < openings[1] for place in arguments)
    return "one call after the other" if between or not arguments else "all calls open first"


def _reasoning(answer: RawAnswer) -> str:
    message = answer.message
    for name in ("reasoning", "reasoning_content"):
        if message.get(name):
            value = message[name]
            return f"{name}: {_keys(value) if isinstance(value, dict) else 'text'}"
    return "no reasoning"


def _content_beside_call(answer: RawAnswer) -> str:
    message = answer.message
    if not message.get("tool_calls"):
        return "the model called no tool"
    return _form(message["content"]) if "content" in message else "absent"


def _order_of_keys(answer: RawAnswer) -> str:
    keys = list(answer.message)
    if "tool_calls" not in keys or "content" not in keys:
        return "one of the two is absent"
    first = "tool_calls" if keys.index("tool_calls") < keys.index("content") else "content"
    return f"{first} first"


def _structured(answer: RawAnswer) -> str:
    if answer.status != 200:  # noqa: PLR2004
        return "refused"
    try:
        json.loads(answer.message.get("content") or "")
    except ValueError:
        return "ignored"
    return "honoured"


def _usage_fields(answer: RawAnswer) -> str:
    value = answer.accepted().json
    return _keys(value.get("usage") if isinstance(value, dict) else None)


def _rate_limit_headers(answer: RawAnswer) -> str:
    answer.accepted()
    found = sum(name.startswith("x-ratelimit-") for name in answer.headers)
    return "present" if found else "absent"


def _request_id_header(answer: RawAnswer) -> str:
    names = ("x-request-id", "request-id", "x-amzn-requestid")
    return next((name for name in names if name in answer.headers), "none")


def _vector_field(answer: RawAnswer) -> str:
    first = answer.accepted().json["data"][0]
    return "embedding" if "embedding" in first else _keys(first)


def _vector_order(answer: RawAnswer) -> str:
    indices = [item.get("index") for item in answer.accepted().json["data"]]
    return "as sent" if indices == sorted(indices) else "another order"


def _vector_width(answer: RawAnswer) -> str:
    item = answer.accepted().json["data"][0]
    return f"{len(item.get('embedding') or item.get('embeddings') or ())} numbers"


def _rerank_fields(answer: RawAnswer) -> str:
    return _keys(answer.accepted().json["results"][0])


def _thinking_blocks(answer: RawAnswer) -> str:
    for block in answer.accepted().json["content"]:
        if "thinking" in block["type"]:
            shown = " without its text" if block.get("thinking") == "" else ""
            signed = ", signed" if block.get("signature") else ""
            return f"{block['type']}{shown}{signed}"
    return "no thinking"


def _message_deltas(answer: RawAnswer) -> str:
    """Which token counts the last delta of a Messages stream carries."""
    deltas = [chunk for chunk in answer.chunks if chunk.get("type") == "message_delta"]
    return _keys(deltas[-1].get("usage")) if deltas else "no message_delta"


def _agent_form(answer: RawAnswer) -> str:
    kinds = Counter(str(chunk.get("object")) for chunk in answer.chunks)
    first = answer.choice_chunks[0]["choices"][0]
    holder = "message" if "message" in first else "delta"
    chunked = any("chunk" in kind for kind in kinds)
    return "chunks" if chunked else f"whole messages under {holder}"


def _agent_tool_name(answer: RawAnswer) -> str:
    for chunk in answer.choice_chunks:
        choice = chunk["choices"][0]
        message = choice.get("message") or choice.get("delta") or {}
        for call in message.get("tool_calls") or ():
            name = (call.get("function") or {}).get("name") or ""
            if name:
                return "namespace/tool" if "/" in name else "the tool's name alone"
    return "no tool was called"


def _agent_result(answer: RawAnswer) -> str:
    for chunk in answer.chunks:
        if chunk.get("object") == "tool.completion":
            message = chunk["choices"][0].get("message") or chunk["choices"][0].get("delta") or {}
            content = message.get("content") or ""
            said = re.match(r"Tool '.*?' returned result: (.)", content, re.DOTALL)
            if said is None:
                return "another form"
            return "MCP's JSON behind the prefix" if said[1] == "{" else "text behind the prefix"
    return "no result came"


def _agent_blanks(answer: RawAnswer) -> str:
    for chunk in answer.chunks:
        if chunk.get("object") == "tool.completion":
            held = {**chunk["choices"][0], **chunk}
            forms = [_form(held[name]) if name in held else "absent" for name in _BLANKS]
            return " and ".join(forms)
    return "no result came"


def _mcp(answer: RawAnswer) -> str:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    return kind if answer.status == 200 else f"{answer.status}"  # noqa: PLR2004


def _listed_fields(answer: RawAnswer) -> str:
    value = answer.accepted().json
    if not isinstance(value, list):
        return "no list"
    always = set.intersection(*(set(item) for item in value)) if value else set()
    return ", ".join(sorted(always))


def _edge(answer: RawAnswer) -> str:
    """Whether the firewall let a text pass; it answers in HTML."""
    if answer.status == 403 and answer.json is None:  # noqa: PLR2004
        return "blocked by the edge"
    return _acceptance(answer)


def _finish_reason(answer: RawAnswer) -> str:
    return str(answer.finish_reason)


_ACCEPTED: Final = "accepted"

QUESTIONS: Final = (
    _question("usage-unasked", "Does a stream count its tokens unasked?", "stream",
              "no counts", _usage_of_stream),
    _question("usage-asked", "Where do the counts stand when stream_options asks for them?",
              "stream-with-usage", "in a chunk of their own with a choice", _usage_of_stream),
    _question("middle-usage", "What does usage hold in the middle of a stream?",
              "stream-with-usage", "null", _middle("usage", in_choice=False)),
    _question("middle-finish-reason", "What does finish_reason hold in the middle of a stream?",
              "stream", "null", _middle("finish_reason", in_choice=True)),
    _question("terminator", "What ends a chat stream?", "stream",
              "[DONE] under event done", _terminator),
    _question("sse-space", "How are the lines of a stream written?", "stream",
              "a space after the colon", _spacing),
    _question("stream-strangers", "What else is in a stream?", "stream", "none", _strangers),
    _question("stream-role", "Where does a stream name the role?", "stream",
              "on the first chunk", _roles),
    _question("choice-index", "Do the choices of a chunk carry their index?", "stream",
              "present", _choice_index),
    _question("any-of", "Is anyOf accepted in tool parameters?", "any-of", _ACCEPTED, _acceptance),
    _question("refs", "Are $defs and $ref accepted in tool parameters?", "refs",
              _ACCEPTED, _acceptance),
    _question("title", "Is title accepted in tool parameters?", "title", _ACCEPTED, _acceptance),
    _question("dollar-schema", "Is $schema refused in tool parameters?", "dollar-schema",
              "400 naming $schema", _refusal_like(r"^400 .*\$schema", "400 naming $schema")),
    _question("strict", "Is strict accepted on a tool?", "strict", _ACCEPTED, _acceptance),
    _question("history-without-tools", "Is a history with tool calls accepted without tools?",
              "history-without-tools", _ACCEPTED, _acceptance),
    _question("seed", "Is seed accepted?", "seed", _ACCEPTED, _acceptance),
    _question("user", "Is user accepted?", "user", _ACCEPTED, _acceptance),
    _question("stop-as-text", "Is stop refused as one text?", "stop-as-text", "400", _status),
    _question("2048-characters", "Is a text of 2048 bytes embedded?", "2048-characters",
              _ACCEPTED, _acceptance),
    _question("3000-bytes", "Is a text of 1000 characters and 3000 bytes refused?", "3000-bytes",
              "400", _status),
    _question("temperature-newest", "Does Claude Opus 4.8 refuse temperature?",
              "temperature-newest", "400", _status),
    _question("effort-newest", "Does Claude Opus 4.8 accept reasoning_effort?", "effort-newest",
              _ACCEPTED, _acceptance),
    _question("thinking-newest", "Does Claude Opus 4.8 refuse a thinking budget?",
              "thinking-newest", "400", _status),
    _question("adaptive", "Does /v1/messages take adaptive thinking?", "adaptive",
              _ACCEPTED, _acceptance),
    _question("models", "What does every entry of the list of models hold?", "models",
              ("model_id, regions, state, type", "model_id, regions, type"), _listed_fields),
    _question("error-form", "What is the form of an error body?", "bad-key",
              "error: code, message, type", _envelope),
    _question("bad-key", "What answers a wrong key?", "bad-key", "401", _status),
    _question("unknown-parameter", "What answers an unknown parameter?", "unknown-parameter",
              "400 unrecognized request argument: no_such_parameter", _refusal),
    _question("ignored-parameter", "Does allow_ignored_params accept it?",
              "unknown-parameter-ignored", _ACCEPTED, _acceptance),
    _question("unknown-model", "What answers an unknown model?", "unknown-model",
              ("404", "403"), _status),
    _question("eu-model", "Is a model of the EU alone answered here?", "eu-model",
              _ACCEPTED, _acceptance),
    _question("us-model", "Is a model of the US alone answered here?", "us-model",
              _ACCEPTED, _acceptance),
    _question("ended-model", "Is a model past its end of life still answered?", "ended-model",
              _ACCEPTED, _acceptance),
    _question("empty-content", "Is empty content beside a tool call refused?", "empty-content",
              "400: content is required",
              _refusal_like(r"^400 .*content is required", "400: content is required")),
    _question("broken-arguments", "What answers arguments that are a list?", "broken-arguments",
              "500: Failed to execute chat",
              _refusal_like(r"^500 .*failed to execute chat", "500: Failed to execute chat")),
    _question("loopback-url", "Does the edge block a URL to a loopback host?", "loopback-url",
              "blocked by the edge", _edge),
    _question("markup", "Does the edge block a script tag?", "markup", _ACCEPTED, _edge),
    _question("picture", "Is the URL of a picture accepted?", "picture", _ACCEPTED, _acceptance),
    _question("usage-fields", "Which counts does a whole answer hold?", "plain",
              "completion_tokens, prompt_tokens, total_tokens", _usage_fields),
    _question("rate-limit-headers", "Does an answer tell the limits?", "plain",
              "present", _rate_limit_headers),
    _question("request-id", "Which header names the request?", "plain",
              "x-request-id", _request_id_header),
    _question("cut", "Which finish reason has an answer that max_tokens cut?", "cut",
              "length", _finish_reason),
    _question("reasoning", "Where does the thinking of a whole answer stand?", "thinking",
              "reasoning: thinking", _reasoning),
    _question("response-format", "What becomes of response_format?", "response-format",
              "ignored", _structured),
    _question("content-beside-call", "What does content hold beside a forced call?", "tool-call",
              ('""', "text"), _content_beside_call),
    _question("order-of-keys", "Does content stand before tool_calls?", "tool-call",
              "content first", _order_of_keys),
    _question("tool-index", "How are the tool calls of a stream numbered?", "two-calls-stream",
              "one number a call", _tool_indices),
    _question("repeated-name", "What do later pieces of a call hold as name?", "tool-stream",
              '""', _repeated_names),
    _question("call-order", "How do two calls come in a stream?", "two-calls-stream",
              "one call after the other", _call_order),
    _question("vector-field", "Where does the vector stand?", "vectors",
              "embedding", _vector_field),
    _question("vector-order", "In which order do vectors come?", "vectors",
              "as sent", _vector_order),
    _question("rerank-fields", "What does a hit of rerank hold?", "rerank",
              "index, relevance_score", _rerank_fields),
    _question("messages-error", "What is the form of an error of /v1/messages?", "messages-error",
              "error: code, message, type", _envelope),
    _question("messages-thinking", "How does /v1/messages show its thinking?",
              "messages-thinking", "thinking, signed", _thinking_blocks),
    _question("message-delta", "Which counts does message_delta carry?", "messages-stream",
              ("output_tokens",), _message_deltas),
    _question("agent-cap", "Is a huge max_tokens_per_inference_request refused?", "agent-cap",
              "400", _status),
    _question("agent-form", "What does an agent's stream consist of?", "agent",
              "whole messages under message", _agent_form),
    _question("agent-tool-name", "How does an agent name an MCP tool?", "agent",
              "namespace/tool", _agent_tool_name),
    _question("agent-result", "How does an agent show an MCP tool's result?", "agent",
              "MCP's JSON behind the prefix", _agent_result),
    _question("agent-blanks", "What do finish_reason and usage of a tool's result hold?", "agent",
              '"" and {}', _agent_blanks),
    _question("mcp-servers", "Is the list of MCP servers there?", "mcp-servers",
              _ACCEPTED, _acceptance),
    _question("mcp-sse", "Does /mcp/sse speak SSE?", "mcp-sse", "text/event-stream", _mcp),
    _question("mcp-http", "Does /mcp speak streamable HTTP?", "mcp-http",
              ("text/event-stream", "application/json"), _mcp),
)  # fmt: skip
"""All questions, in the order of their exchanges."""
