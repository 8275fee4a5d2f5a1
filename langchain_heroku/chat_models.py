"""`ChatHeroku`: Heroku's chat models as LangChain's. Nothing here talks HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_heroku._chat_calls import ChatCalls
from langchain_heroku._structured_output import structured_output
from langchain_heroku._tools import tool_options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_core.language_models import LanguageModelInput
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import Runnable
    from langchain_core.tools import BaseTool

    from langchain_heroku._structured_output import Method

__all__ = ["ChatHeroku"]


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

    **Instantiate.** What is not set is not sent.

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
    from the start: with `streaming=True` also `invoke` does.

    **Tools.** Of any of LangChain's forms; `tool_choice` takes `"auto"`, `"none"`, `"any"`,
    `True` or a tool's name.

    ```python
    def get_weather(city: str) -> str:
        '''The weather in a city now.'''

    llm.bind_tools([get_weather]).invoke("Do I need an umbrella in Lyon?").tool_calls
    ```

    Arguments that are no JSON object, above all those that `max_tokens` cut, make none of the
    `tool_calls` but one of the `invalid_tool_calls`. In the sum of a stream's pieces its `args` end
    in a note: LangChain's own reader would mend what was cut, and agents would run it.

    **Structured output.** By a forced tool call, or as JSON text; for any model.

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

    **What an answer tells.** `usage_metadata` counts its tokens, also in streams, which ask for it
    unless `stream_usage=False`; `input_token_details` and `output_token_details` are there if the
    server sends details.
    `response_metadata` holds `model_name`, `finish_reason`, `id`, `system_fingerprint`,
    `request_id` and `rate_limits`, as far as the server sent them.

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
        told = {name: value for name, value in further.items() if value is not None}
        return {"model_name": self.model, **self._parameters(), **told}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        parallel_tool_calls: bool | None = None,
        strict: bool | None = None,  # noqa: ARG002 - Heroku has no such mode
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools that it may, or must, call.

        Args:
            tools: Functions of any of LangChain's forms, or OpenAI's or Anthropic's definitions.
            tool_choice: `None` or `"auto"` leave it to the model; `"any"`, `"required"` and
                `True` have it call one; a tool's name, or a mapping for it, that one; `"none"`
                none. A model that thinks cannot be made to call a tool: it is left to it then,
                with a warning.
            parallel_tool_calls: Whether it may call several at once.
            strict: Accepted as elsewhere in LangChain, and not sent: Heroku does not check
                arguments against their schema (docs: chat completions, tools).
            **kwargs: Further options of every call, such as `response_format`.

        Raises:
            ConfigError: A tool is no function, or `tool_choice` names none of them.
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
            schema: A pydantic class, whose instances are the answers then; or a `TypedDict`, a
                JSON schema or OpenAI's definition of a tool, which make dicts.
            method: `"function_calling"` (default) has the model call a tool of this schema.
                `"json_schema"` makes the answer's text that JSON, by a hidden tool;
                `"json_mode"` by an instruction, with or without a schema. Neither sends
                `response_format`: Heroku ignores it (docs: OpenAI compatibility).
            include_raw: Give a dict of `raw` (the message), `parsed` and `parsing_error`
                instead of raising what the parser raises.
            strict: Accepted as elsewhere in LangChain, and not sent.
            **kwargs: Further options of every call. With `tools`, the model may call one of them
                instead of answering; the parsed answer is `None` then, so take them with
                `include_raw=True`. They need a method that answers in text.

        Raises:
            ConfigError: The method is unknown, needs a schema, or goes with no `tools`.
        """
        return structured_output(
            self, schema, method=method, include_raw=include_raw, options=kwargs
        )
