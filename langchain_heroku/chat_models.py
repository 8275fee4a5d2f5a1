"""`ChatHeroku`: Heroku's chat models as LangChain chat models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from langchain_core import tools as tool_types
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable

from langchain_heroku._chat_calls import ChatCalls
from langchain_heroku._tools import tool_options

__all__ = ["ChatHeroku"]

Method = Literal["function_calling", "json_schema", "json_mode"]


class ChatHeroku(ChatCalls, defer_build=False):
    """A chat model of Heroku Managed Inference.

    **Setup.** Attach the add-on; its config vars `INFERENCE_KEY`, `INFERENCE_URL` and, on
    per-model plans, `INFERENCE_MODEL_ID` are read. Another attachment's are read with
    `alias="INFERENCE_TEAL"`.

    ```bash
    pip install "heroku-inference[langchain]"
    heroku addons:create heroku-inference:standard -a APP
    heroku config -a APP -s | grep INFERENCE >> .env
    ```

    **Instantiate.** Parameters that are not set are not sent.

    ```python
    from langchain_heroku import ChatHeroku

    llm = ChatHeroku(model="claude-4-5-sonnet", temperature=0.2, max_tokens=1000)
    ```

    **Invoke, stream, async.**

    ```python
    llm.invoke("Why is the sky blue?").text
    for chunk in llm.stream("Why is the sky blue?"):
        print(chunk.text, end="", flush=True)
    await llm.ainvoke([("system", "Answer in French."), ("human", "Why is the sky blue?")])
    ```

    The server cuts whole answers that take about 30 seconds (docs: chat completions). Such an
    answer is asked for again as a stream, and summed up, within `max_retries`. Stream long ones
    from the start; with `streaming=True`, `invoke` streams too.

    **Tools** in any of LangChain's forms. `tool_choice` takes `"auto"`, `"none"`, `"any"`, `True`
    or a tool's name.

    ```python
    def get_weather(city: str) -> str:
        '''The weather in a city now.'''

    llm.bind_tools([get_weather]).invoke("Do I need an umbrella in Lyon?").tool_calls
    ```

    If arguments are not a JSON object, the model is told why and tries again, once by default
    (`tool_call_retries`). If none can be read then, `ToolArgumentsError` is raised; beside good
    calls, or if `max_tokens` cut them, they are `invalid_tool_calls`. In the sum of a stream's
    chunks their `args` end in a note: otherwise LangChain would repair what was cut, and agents
    would run it.

    **What a memory holds can always be sent.** Only the last message is refused, with a
    `ConfigError`, if it is the user's and blank or holds what Heroku does not take. What is older
    is repaired or described in words, with one `UserWarning` for a request.

    **Structured output** through a forced tool call, or as JSON text; for any model.

    ```python
    class Joke(BaseModel):
        setup: str
        punchline: str

    llm.with_structured_output(Joke).invoke("A joke about cats")
    ```

    **Images.**

    ```python
    image = {"type": "image", "url": "https://example.com/cat.png"}  # or "base64" and "mime_type"
    llm.invoke([HumanMessage([{"type": "text", "text": "What is this?"}, image])])
    ```

    **Thinking.**

    ```python
    llm = ChatHeroku(model="claude-4-5-sonnet", extended_thinking=2000)
    llm.invoke("How many r are in strawberry?").content_blocks  # a reasoning block, then text
    ```

    **Metadata.** `usage_metadata` counts the tokens of an answer, also in streams, which ask for
    them unless `stream_usage=False`; `input_token_details` and `output_token_details` are there if
    the server sends details.
    `response_metadata` holds `model_name`, `finish_reason`, `id`, `system_fingerprint`,
    `request_id` and `rate_limits`, if the server sent them.

    **Errors** are both Heroku's and LangChain's: see `langchain_heroku.errors`.

    Raises:
        ConfigError: Neither arguments nor config vars give a key, its URL and a model.
    """

    @property
    def _llm_type(self) -> str:
        return "heroku-chat"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        further = {
            "base_url": self.base_url,
            "stop": self.stop,
            "n": self.n,
            "extra_body": self.extra_body,
            "model_kwargs": self.model_kwargs or None,
        }
        further = {name: value for name, value in further.items() if value is not None}
        return {"model_name": self.model, **self._parameters(), **further}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | tool_types.BaseTool],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        parallel_tool_calls: bool | None = None,
        strict: bool | None = None,  # noqa: ARG002 - Heroku has no such mode
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools that it can, or must, call.

        Args:
            tools: Functions in any of LangChain's forms, or definitions in OpenAI's or Anthropic's.
            tool_choice: `None` or `"auto"` let the model choose; `"any"`, `"required"` and `True`
                force a call of any tool; a tool's name, or a mapping for it, forces a call of that
                one; `"none"` forbids calls. While a model thinks, a call cannot be forced: the
                model chooses then, with a warning.
            parallel_tool_calls: Whether it can call several at once.
            strict: Accepted as elsewhere in LangChain, but not sent: Heroku does not check
                arguments against their schema (docs: chat completions, tools).
            **kwargs: Further options of every call, such as `response_format`.

        Raises:
            ConfigError: A tool is not a function, or `tool_choice` names an unknown tool.
        """
        return self.bind(**tool_options(tools, tool_choice, parallel_tool_calls), **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type | None = None,
        *,
        method: Method = "function_calling",
        include_raw: bool = False,
        strict: bool | None = None,  # noqa: ARG002 - Heroku has no such mode
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """The model with answers in the form of a schema.

        Args:
            schema: A pydantic class for answers that are its instances; or a `TypedDict`, a JSON
                schema or OpenAI's definition of a tool for answers that are dicts.
            method: `"function_calling"` (default) has the model call a tool with this schema.
                `"json_schema"` gets JSON text through a hidden tool, `"json_mode"` through an
                instruction, with or without a schema. Neither sends `response_format`: Heroku
                ignores it (docs: OpenAI compatibility).
            include_raw: Return a dict of `raw` (the message), `parsed` and `parsing_error` instead
                of raising errors of the parser.
            strict: Accepted as elsewhere in LangChain, but not sent.
            **kwargs: Further options of every call. With `tools`, the model can call one of them
                instead of answering. The parsed answer is `None` then; pass `include_raw=True` to
                get the call. Tools need a method that answers in text.

        Raises:
            ConfigError: The method is unknown, needs a schema, or cannot be used with `tools`.
        """
        from langchain_heroku._structured_output import (  # noqa: PLC0415 - many never need it
            structured_output,
        )

        return structured_output(
            self, schema, method=method, include_raw=include_raw, options=kwargs
        )
