"""The options of each kind of call, as types that editors complete."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from heroku_inference._call import MaskedHeaders
from heroku_inference._config.arguments import (
    SENDING_OPTIONS,
    check_headers,
    check_query,
    check_timeout,
)
from heroku_inference._endpoints.embedding_wire import LongText
from heroku_inference._endpoints.refusals import OnRefused
from heroku_inference._public_names import publish
from heroku_inference.agent_tools import AgentTool

__all__ = [
    "AgentOptions",
    "ChatOptions",
    "EmbedOptions",
    "ImageOptions",
    "SendingOptions",
    "sending_fields",
]


class SendingOptions(TypedDict, total=False):
    """How a call is sent: options of every call that are not fields of its body.

    Attributes:
        timeout: Seconds that the server may stay silent, instead of the client's.
        extra_headers: Headers of this call, merged over the client's.
        extra_query: Parameters of the URL: texts, numbers or lists of these.
    """

    timeout: float | None
    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, Any] | None


def sending_fields(options: dict[str, Any]) -> dict[str, Any]:
    """Take the options of `SendingOptions` out of `options`, as the fields of `Call` they mean.

    Raises:
        ConfigError: One of them cannot be used.
    """
    if options.keys().isdisjoint(SENDING_OPTIONS):
        return {}
    timeout, headers, query = (options.pop(name, None) for name in SENDING_OPTIONS)
    check_timeout(timeout)
    checked = {
        "own_timeout": timeout,
        "headers": MaskedHeaders(check_headers(headers, "extra_headers")),
        "query": check_query(query),
    }
    return {name: value for name, value in checked.items() if value}


class ChatOptions(SendingOptions, total=False):
    """The options of a chat call; what is left out is not sent (docs: chat completions).

    `timeout`, `extra_headers` and `extra_query` say how this call is sent.

    Attributes:
        temperature: 0 to 1. Not together with `top_p` on newer Claude models.
        top_p: 0 to 1.
        top_k: How many of the likeliest tokens to choose from; undocumented, works for Claude.
        max_tokens: Tokens of the answer, thinking included.
        max_completion_tokens: Another spelling of `max_tokens`.
        stop: One or several texts that end the answer.
        tools: Functions the model may call, in OpenAI's or Anthropic's form.
        tool_choice: `auto`, `none`, `required` (also `any` or `True`), a tool's name, or OpenAI's
            object for one.
        parallel_tool_calls: Whether several tools may be called at once.
        reasoning_effort: `low`, `medium` or `high`: a thinking budget by name.
        extended_thinking: `True`, a budget in tokens (1024 or more), or
            `{"enabled", "budget_tokens", "include_reasoning"}`. A mapping with a `type`, such as
            `{"type": "adaptive"}`, is sent as it is.
        response_format: OpenAI's `json_schema` or `json_object` (which may have a `schema` to tell
            the model). Heroku ignores it, so it is emulated: the answer's text is that JSON.
        allow_ignored_params: Have the API ignore fields it does not know instead of refusing.
        prompt_caching: `False` switches the API's automatic caching off for this call.
        user: Your own name for the end user.
        stream_usage: `False` asks for no token counts in streams; by default `stream_options` asks.
        tool_call_retries: How often to tell the model, and ask it again, when it calls a tool with
            arguments that are not a JSON object; 0 by default. The answers are summed, with their
            tokens. An answer that `max_tokens` cut is not asked for again.
        extra_body: Further fields of the request body, merged last.
    """

    temperature: float | None
    top_p: float | None
    top_k: int | None
    max_tokens: int | None
    max_completion_tokens: int | None
    stop: str | Sequence[str] | None
    tools: Sequence[Mapping[str, Any]] | None
    tool_choice: str | bool | Mapping[str, Any] | None
    parallel_tool_calls: bool | None
    reasoning_effort: str | None
    extended_thinking: bool | int | Mapping[str, Any] | None
    response_format: Mapping[str, Any] | None
    allow_ignored_params: bool | None
    prompt_caching: bool | None
    user: str | None
    stream_usage: bool
    tool_call_retries: int
    extra_body: Mapping[str, Any] | None


class EmbedOptions(SendingOptions, total=False):
    """The options of an embedding call (docs: embeddings).

    `timeout`, `extra_headers` and `extra_query` say how each request of this call is sent.

    Attributes:
        input_type: `search_document` (default), `search_query`, `classification` or `clustering`.
        embedding_type: `float` (default), `int8`, `uint8`, `binary` or `ubinary`.
        batch_size: Texts in one request, at most and by default 96.
        max_concurrency: Requests in flight at a time; 8 by default.
        long_text: For a text over 2048 bytes of UTF-8: `error` (default), `truncate` it, or `split`
            it and take the mean of its pieces' vectors.
        on_refused: For a text that the firewall or the API refuses, which is looked for in its
            batch: `error` (default), which names it and holds in `done` the vectors that came,
            or `skip` it and list it in `refused`.
        allow_ignored_params: Have the API ignore fields it does not know instead of refusing.
        extra_body: Further fields of the request body, merged last.
    """

    input_type: str
    embedding_type: str | None
    batch_size: int
    max_concurrency: int
    long_text: LongText
    on_refused: OnRefused
    allow_ignored_params: bool | None
    extra_body: Mapping[str, Any] | None


class AgentOptions(SendingOptions, total=False):
    """The options of an agent's run; what is left out is not sent (docs: agents).

    `timeout`, `extra_headers` and `extra_query` say how this run is sent.

    Attributes:
        tools: What the agent may use: values of `heroku_inference.agent_tools`, or mappings in
            the API's form. Only Heroku's own tools and those of your MCP servers.
        max_tokens_per_inference_request: Tokens of each message of the model.
        stop: One or several texts that end a message.
        temperature: 0 to 1. Not together with `top_p` on newer Claude models.
        top_p: 0 to 1.
        extra_body: Further fields of the request body, merged last.
    """

    tools: Sequence[AgentTool | Mapping[str, Any]] | None
    max_tokens_per_inference_request: int | None
    stop: str | Sequence[str] | None
    temperature: float | None
    top_p: float | None
    extra_body: Mapping[str, Any] | None


class ImageOptions(SendingOptions, total=False):
    """The options of a picture; what is left out is not sent (docs: images).

    `timeout`, `extra_headers` and `extra_query` say how this call is sent.

    Attributes:
        aspect_ratio: `1:1` (default), `16:9`, `21:9`, `2:3`, `3:2`, `4:5`, `5:4`, `9:16`, `9:21`.
        size: Instead of the ratio, in pixels: `1024x1024` (default), `1344x768`, `1536x640`,
            `832x1216`, `1216x832`, `896x1088`, `1088x896`, `768x1344`, `640x1536`.
        negative_prompt: What not to show, up to 10,000 characters.
        output_format: `png` (default) or `jpeg`.
        seed: 0 to 4294967295; the same seed draws the same picture again, 0 is a random one.
        allow_ignored_params: Have the API ignore OpenAI's `n`, `quality`, `style`,
            `response_format` and `user` in `extra_body` instead of refusing them.
        extra_body: Further fields of the request body, merged last.
    """

    aspect_ratio: str | None
    size: str | None
    negative_prompt: str | None
    output_format: str | None
    seed: int | None
    allow_ignored_params: bool | None
    extra_body: Mapping[str, Any] | None


publish(__name__)
