"""`ChatHerokuMessages`: Claude through Heroku's Messages endpoint, with thinking and tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from heroku_inference._adapters.anthropic_messages import will_think
from langchain_heroku._messages_api.calls import ChatAnthropic, MessagesCalls
from langchain_heroku._structured_output import structured_output
from langchain_heroku._tools import all_parameters, is_titled_schema, openai_tool
from langchain_heroku.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from langchain_core.language_models import LangSmithParams, LanguageModelInput, ModelProfile
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import Runnable
    from langchain_core.tools import BaseTool

__all__ = ["ChatHerokuMessages"]

_PARAMETERS: Final = (
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "extended_thinking",
    "thinking",
    "reasoning_effort",
)


class ChatHerokuMessages(MessagesCalls, defer_build=False):
    """Claude on Heroku Managed Inference, with thinking that continues between tool calls.

    Use this class for agents that think. It calls Heroku's Messages endpoint, the only one that
    takes thinking back (docs: messages). Thinking blocks and their signatures stay in the message's
    content and go back to the model with the results of its tools. For everything else, and for
    models other than Claude, use `ChatHeroku`.

    **Setup.** `pip install "heroku-inference[langchain-anthropic]"`, and the config vars of the
    add-on, as for `ChatHeroku`. Variables of Anthropic and LangSmith are not read.

    ```python
    from langchain.agents import create_agent
    from langchain_heroku import ChatHerokuMessages

    llm = ChatHerokuMessages(model="claude-4-5-sonnet", extended_thinking=2000)
    agent = create_agent(llm, tools=[get_weather])
    for message in agent.invoke({"messages": "Do I need an umbrella in Lyon?"})["messages"]:
        print(message.content_blocks)  # reasoning, text and tool calls
    ```

    **Arguments** are those of every class here and of `langchain_anthropic.ChatAnthropic`, whose
    `thinking`, `stop_sequences`, `model_kwargs` and others are passed on. `max_tokens`, which the
    endpoint requires, defaults to the model's cap in Heroku's documentation or 8192.

    **Prompt caching** is explicit here: set `cache_control` in content blocks, or as an argument of
    the call, which marks the last block.

    **With other models.** It understands messages of `ChatHeroku` and `ChatHerokuAgent`, and they
    understand its messages, so each can replace the other. If another model called tools without
    thinking, this one answers without thinking, with a warning, until the user's next message.

    **Broken tool calls** are tried again, as for `ChatHeroku` (`tool_call_retries`). A call that
    `max_tokens` cut is one of the `invalid_tool_calls`; in streams its `args` end in a note. The
    `content_blocks` of a stream's sum come from `langchain_anthropic` and show such a call with
    other arguments, so rely on `tool_calls`.

    **Metadata.** `response_metadata` also holds `request_id`, `rate_limits` and `finish_reason`, as
    for `ChatHeroku`.

    **Errors** are both Heroku's and LangChain's: see `langchain_heroku.errors`.

    Raises:
        ConfigError: Neither arguments nor config vars give a key, its URL and a model.
    """

    @property
    def _llm_type(self) -> str:
        # With this prefix, middleware counts tokens as for Claude. It must differ from Anthropic's
        # own name: for that, upstream passes `cache_control` beside the messages, not in a block.
        return "anthropic-chat-heroku"

    @classmethod
    def get_lc_namespace(cls) -> list[str]:
        """The path under which `langchain_core.load` finds the class."""
        return ["langchain_heroku", "anthropic_messages"]

    @property
    def lc_secrets(self) -> dict[str, str]:
        """The config vars that a dump names in place of the key and of MCP servers' tokens."""
        return {**super().lc_secrets, "mcp_servers": f"{self.settings.alias}_MCP_SERVERS"}

    @property
    def _identifying_params(self) -> dict[str, Any]:
        further = {
            "base_url": self.base_url,
            "stop": self.stop,
            "model_kwargs": self.model_kwargs or None,
        }
        further = {name: value for name, value in further.items() if value is not None}
        return {"model_name": self.model, **self._parameters(), **further}

    def _parameters(self) -> dict[str, Any]:
        """The parameters that are set, by name."""
        return {name: value for name in _PARAMETERS if (value := self.__dict__[name]) is not None}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        # As in the messages: middleware trusts token counts only if both agree.
        return {**super()._get_ls_params(stop, **kwargs), "ls_provider": "anthropic"}

    def _resolve_model_profile(self) -> ModelProfile | None:
        profile = super()._resolve_model_profile()
        if profile is not None:
            profile.pop("reasoning_effort_levels", None)  # of chat completions only
        return profile

    @property
    def thinks(self) -> bool:
        """Whether the model is set to think; if so, a tool call cannot be forced."""
        given = {"model": self.model_name, "thinking": self.thinking}
        return will_think(given, self.extended_thinking)

    def bind_tools(
        self,
        tools: Sequence[Mapping[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: dict[str, Any] | str | bool | None = None,
        parallel_tool_calls: bool | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools that it can, or must, call.

        Args:
            tools: Functions in any of LangChain's forms, or definitions in OpenAI's or Anthropic's.
            tool_choice: As for `ChatHeroku`. While a model thinks, a call cannot be forced: it is
                asked to call the tool instead, with a warning at the call.
            parallel_tool_calls: Whether it can call several at once.
            strict: As for `ChatAnthropic`.
            **kwargs: Further options of every call. A `response_format` with a JSON schema, which
                agents use, becomes a hidden tool; the answer is then streamed in one piece.
        """
        # With thinking, upstream would drop the choice, and agents would never end.
        bare = self.model_copy(update={"thinking": None})
        bound: Any = ChatAnthropic.bind_tools(
            bare,
            [openai_tool(tool) if is_titled_schema(tool) else tool for tool in tools],
            tool_choice=_choice(tool_choice),
            parallel_tool_calls=parallel_tool_calls,
            strict=strict,
            **kwargs,
        )
        if strict:  # upstream has adapted the schemas
            return self.bind(**bound.kwargs)
        schemas = all_parameters(tools)
        definitions = [
            {**tool, "input_schema": schemas[tool["name"]]}
            if "input_schema" in tool and tool["name"] in schemas
            else tool
            for tool in bound.kwargs["tools"]
        ]
        return self.bind(**{**bound.kwargs, "tools": definitions})

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        method: str = "function_calling",
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """The model with answers in the form of a schema, through a forced tool call.

        Args:
            schema: A pydantic class for answers that are its instances; or a `TypedDict`, a JSON
                schema or a tool's definition for answers that are dicts.
            include_raw: Return a dict of `raw` (the message), `parsed` and `parsing_error`.
            method: Has no effect: this endpoint has only one method.
            **kwargs: Further options of every call.

        Raises:
            ConfigError: `schema` is `None`.
        """
        if schema is None:
            raise ConfigError(
                f"method={method!r} needs a schema here.",
                "Pass one; only ChatHeroku has a JSON mode.",
            )
        kwargs.pop("strict", None)
        return structured_output(
            cast("Any", self),
            schema,
            method="function_calling",
            include_raw=include_raw,
            options=kwargs,
        )


def _choice(choice: dict[str, Any] | str | bool | None) -> dict[str, Any] | str | None:
    """A tool choice, in any form that the classes here accept, in upstream's form."""
    if isinstance(choice, dict):
        function = choice.get("function")
        return str(function["name"]) if isinstance(function, dict) else choice
    if choice is True or choice == "required":
        return "any"
    if choice == "none":
        return {"type": "none"}
    return choice or None
