"""`Switches`: every behaviour that has been seen in more than one form. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from heroku_emulator.errors import Envelope

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Switches"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """How the emulator behaves where Heroku has been seen to behave in several ways.

    The defaults are the documented or best observed form. Change them with
    `Emulator(terminator="message")`, `emulator.switch(terminator="message")` or
    `with emulator.switched(terminator="message"):`. Unknown names and values are refused.
    """

    # Refusals

    strict: bool = True
    """Refuse everything that Heroku is known to refuse; off: only what cannot be answered."""
    error_envelope: Envelope = "object"
    """Form of error bodies; see `heroku_emulator.errors.error_body` for the eight of them."""
    messages_error_envelope: Literal["heroku", "anthropic"] = "heroku"
    """Form of errors of `/v1/messages`, which is unpublished: Heroku's usual one (see
    `error_envelope`), or Anthropic's `{"type":"error","error":{…}}`."""
    firewall: bool = False
    """Block prompts that look like attacks (`<script>`, `../`, `{{…}}`) with the HTML 403."""
    block_inside_urls: bool = True
    """Block URLs with a scheme to private and loopback hosts, and the metadata address of cloud
    machines, with the HTML 403, in chat, embeddings and rerank."""
    allow_ignored_params: bool = False
    """The default of the request field `allow_ignored_params`. Where it is true, undocumented
    fields are ignored, at any depth."""
    unknown_models: Literal["reject", "accept"] = "reject"
    """Model ids outside the catalogue: 404, or answered like any other."""
    ended_models: Literal["accept", "reject"] = "accept"
    """Models past their end of life: answered, or 404. The catalogue still lists them."""
    region: Literal["any", "us", "eu"] = "any"
    """The region: models of the other region only are 404; `any` has them all."""
    image_urls: Literal["accept", "unreachable"] = "accept"
    """`https` image URLs: accepted unfetched, or 422 as if unreachable."""
    long_inputs: Literal["reject", "accept"] = "reject"
    """Embedding inputs over 2048 bytes of UTF-8: 400, or embedded."""
    seed: Literal["ignored", "rejected"] = "ignored"
    """`seed` in chat: two of Heroku's pages call it ignored, a third does not list it."""
    strict_tools: Literal["accepted", "rejected"] = "accepted"
    """`strict` in a tool's function: clients in use send it, but nobody has seen the answer."""
    bare_tool_history: Literal["accept", "reject"] = "accept"
    """Chat requests whose history has tool calls and that declare no `tools`: answered, or 400 in
    the words of Bedrock, which is known to refuse them; Heroku's own behaviour is unseen."""
    response_format: Literal["ignored", "honoured", "rejected"] = "ignored"
    """Heroku's pages claim all three of `response_format`."""
    enforce_rate_limits: bool = False
    """Answer 429 beyond the model's requests and tokens per minute; off: the headers count down to
    half of them, so that clients that heed the headers need not wait."""

    agent_output_caps: Literal["documented", "none"] = "documented"
    """`max_tokens_per_inference_request` over the pages' 4096 (Haiku) and 8192 (Sonnet): 400, or
    accepted, as newer models may do."""

    # Headers and timing

    rate_limit_headers: bool = True
    """Send `x-ratelimit-*`."""
    request_id_header: Literal["x-request-id", "request-id", "none"] = "x-request-id"
    """Which header names the request; Heroku's documentation does not say."""
    latency: float = 0.0
    """Seconds before every answer."""
    time_limit: float = 30.0
    """Seconds after which an answer that is not streamed becomes a 408."""

    # Answers, streamed or not

    reasoning_form: Literal["object", "string", "reasoning_content"] = "object"
    """`reasoning: {"thinking": …}`, `reasoning: "…"` or `reasoning_content: "…"`."""
    empty_content: Literal["empty", "null", "absent"] = "empty"
    """`content` without text: `""`, `null` or no such key."""
    tool_calls_first: bool = False
    """Whether `tool_calls` comes before `content` in a message; both have been captured."""
    length_reason: Literal["length", "max_tokens"] = "length"
    """Finish reason of an answer cut by `max_tokens`."""

    usage_details: bool = False
    """Whether usage has details: in chat `cached_tokens` (of system prompt and tools, which Heroku
    caches) and `reasoning_tokens`; on `/v1/messages` the cache's counts. Heroku documents none."""

    # Agents

    agent_messages: Literal["message", "delta", "chunks"] = "message"
    """Whole messages, as captured; the same under `delta`; or chunks like those of chat."""
    tool_names: Literal["namespaced", "plain"] = "namespaced"
    """MCP tools in answers and in the toolkit: `mcp-python/code_exec_python`, or
    `code_exec_python`."""
    tool_results: Literal["documented", "mcp", "plain"] = "documented"
    """Results as MCP's JSON, except plain ones of `dyno_run_command`; or all in one form."""

    agent_blanks: Literal["empty", "null", "zeros", "absent"] = "empty"
    """`finish_reason` and `usage` of tool results: `""` and `{}`, as captured; `null`; `""` and
    zeros; or no such keys."""

    messages_thinking: Literal["shown", "omitted", "redacted"] = "shown"
    """Thinking of `/v1/messages`: in signed `thinking` blocks; the same without the text; in
    `redacted_thinking` blocks."""

    message_delta_usage: Literal["output", "all"] = "output"
    """Usage of `message_delta` on `/v1/messages`: only `output_tokens`, or `input_tokens` again."""

    # MCP

    mcp_transport: Literal["both", "sse", "streamable_http", "none"] = "both"
    """What the toolkit speaks: SSE at `/mcp/sse` and by GET at `/mcp`, streamable HTTP at `/mcp`;
    404 otherwise."""

    # Embeddings

    embedding_order: Literal["input", "reversed"] = "input"
    """Order of `data`; `index` is right in both."""
    embedding_field: Literal["embedding", "embeddings"] = "embedding"
    """`embeddings` is the form of the pilot programme."""

    # How streams are framed

    sse_space: bool = True
    """`event: message` / `data: {…}`, or without the space after the colon."""
    terminator: Literal["done", "message", "none"] = "done"
    """`[DONE]` under `event: done`, under `event: message`, or the bare end of the stream."""
    heartbeats: bool = False
    """An SSE comment line before every frame."""
    pings: bool = False
    """An unknown JSON frame, `{"type":"ping"}`, before every frame."""
    split_bytes: int = 0
    """Write the stream in pieces of this many bytes, at any boundary; 0: a frame at a time."""
    pace: float = 0.0
    """Seconds of silence before every frame."""
    gap_after: int = -1
    """Number of frames before one silent gap of `gap_seconds`; -1: none."""
    gap_seconds: float = 0.0

    # What the chunks of a stream look like

    delta_characters: int = 0
    """Characters of text, reasoning or arguments per chunk; 0: a word per chunk."""
    middle_finish_reason: Literal["null", "empty", "absent"] = "null"
    """`finish_reason` of the chunks before the last: `null`, `""` or no such key."""
    middle_usage: Literal["null", "empty", "zeros", "absent"] = "null"
    """`usage` of chunks without usage: `null`, `{}`, zeros or no such key."""
    stream_usage: Literal["asked", "always"] = "asked"
    """Streams carry usage only with `stream_options.include_usage`, or always."""
    usage: Literal["own_chunk", "empty_choices", "finish_chunk", "none"] = "own_chunk"
    """Usage after the finish chunk in its own one, the same with `choices: []`, in the finish
    chunk itself, or nowhere."""
    role_on_every_chunk: bool = False
    choice_index: bool = True
    """Whether choices of a chunk carry `index`."""
    whole_message: bool = False
    """One chunk with the whole `message` in place of `delta` pieces."""
    tool_index: Literal["call", "drift", "absent"] = "call"
    """`call`: opening and arguments carry the call's number. `drift`: the opening carries the
    content block's number (1 after text), all arguments 0. `absent`: no index at all."""
    repeat_empty_name: bool = True
    """Argument deltas repeat `"name":""`."""
    interleave_tool_calls: bool = False
    """Parallel calls all open first, then take turns with arguments (`tool_index="call"`)."""

    def __post_init__(self) -> None:
        for name, choices in _choices():
            if getattr(self, name) not in choices:
                msg = (
                    f"{name}={getattr(self, name)!r}: choose one of {', '.join(map(repr, choices))}"
                )
                raise ValueError(msg)


def _choices() -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yields each switch with named positions, and the positions."""
    hints = get_type_hints(Switches)
    for switch in fields(Switches):
        if get_origin(hints[switch.name]) is Literal:
            yield switch.name, get_args(hints[switch.name])
