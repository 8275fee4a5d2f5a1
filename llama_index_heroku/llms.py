"""`Heroku`: Heroku's chat models as a LlamaIndex LLM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from llama_index.core.base.llms.types import ChatMessage, LLMMetadata, MessageRole

from heroku_inference import known_model
from heroku_inference._adapters.chat_options import asks_to_think, drop_ignored
from heroku_inference._adapters.tools import call_instruction
from llama_index_heroku._tool_calls import selections
from llama_index_heroku._tool_use import ToolUse
from llama_index_heroku._tools import tool_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llama_index.core.base.llms.types import ChatResponse
    from llama_index.core.llms.llm import ToolSelection
    from llama_index.core.tools import BaseTool

__all__ = ["FOREIGN_ARGUMENTS", "Heroku"]

_CONTEXT_WINDOW: Final = (
    128_000  # for models not in the catalogue: all of Heroku's have at least this
)
_NUM_OUTPUT: Final = 4096  # the smallest output limit that Heroku documented
# Arguments of the OpenAI and OpenAILike classes without effect here: connections are always shared,
# tokens are never counted before a call, structured answers are always forced.
_WITHOUT_EFFECT: Final = frozenset(
    {"api_version", "reuse_client", "should_use_structured_outputs", "strict", "tokenizer"}
)
_IGNORED_BY_HEROKU: Final = frozenset({"audio_config", "logprobs", "modalities", "top_logprobs"})
FOREIGN_ARGUMENTS: Final = _WITHOUT_EFFECT | _IGNORED_BY_HEROKU
"""Arguments of other classes that are accepted but not sent."""


class Heroku(ToolUse, defer_build=False):
    """A chat model of Heroku Managed Inference.

    **Setup.** Attach the add-on; its config vars `INFERENCE_KEY`, `INFERENCE_URL` and, on
    per-model plans, `INFERENCE_MODEL_ID` are read. Another attachment's are read with
    `alias="INFERENCE_TEAL"`.

    ```bash
    pip install "heroku-inference[llama-index]"
    heroku addons:create heroku-inference:standard -a APP
    heroku config -a APP -s | grep INFERENCE >> .env
    ```

    **Instantiate.** Parameters that are not set are not sent.

    ```python
    from llama_index_heroku import Heroku

    llm = Heroku(model="claude-4-5-sonnet", temperature=0.2, max_tokens=1000)
    Settings.llm = llm
    ```

    **Complete, chat, stream, async.** The server cuts whole answers that take about 30 seconds
    (docs: chat completions). Such an answer is asked for again as a stream, and summed up, within
    `max_retries`. Stream long ones from the start.

    ```python
    llm.complete("Why is the sky blue?").text
    llm.chat([ChatMessage("Why is the sky blue?")]).message.content
    for response in llm.stream_chat([ChatMessage("Why is the sky blue?")]):
        print(response.delta, end="", flush=True)
    await llm.achat([ChatMessage("Answer in French.", role="system"), ChatMessage("Why?")])
    ```

    **Agents and tools.** `FunctionAgent`, `ReActAgent`, `CodeActAgent` and `AgentWorkflow`. If
    arguments are not a JSON object, the model is told why and tries again, once by default
    (`tool_call_retries`). If none can be read then, or `max_tokens` cut them, choosing the tools to
    run raises `ToolArgumentsError`; a cut call never becomes a call without arguments.

    ```python
    agent = FunctionAgent(tools=[get_weather], llm=llm)
    await agent.run("Do I need an umbrella in Lyon?")
    ```

    **Structured answers** through a forced tool call; with `is_function_calling_model=False` as
    JSON text, for models that cannot call tools.

    ```python
    llm.structured_predict(Joke, PromptTemplate("A joke about {topic}."), topic="cats")
    llm.as_structured_llm(Joke).complete("A joke about cats.").raw
    ```

    **Thinking.** A `ThinkingBlock` comes first in the message; streams give
    `additional_kwargs["thinking_delta"]`. Turns that answer tool calls are sent without thinking,
    with a warning: the API cannot take it back (docs: extended thinking).

    ```python
    Heroku(model="claude-4-5-sonnet", extended_thinking=2000)
    ```

    **Metadata.** `additional_kwargs` counts tokens (`prompt_tokens`,
    `completion_tokens`, `total_tokens`), also at the end of streams, which ask for it unless
    `stream_usage=False`; `cached_tokens`, `cache_creation_tokens` and `reasoning_tokens` are there
    if the server sends them. It also holds `finish_reason` and `request_id`; `raw` is what the
    server sent.

    **Moving here.** Arguments of `llama-index-llms-heroku` and `OpenAILike` are accepted.

    Raises:
        ConfigError: Neither arguments nor config vars give a key, its URL and a model.
    """

    context_window: int | None = None
    """Tokens of prompt and answer together; by default the model's, or 128,000 if the model
    is unknown."""

    is_chat_model: bool = True
    """Whether LlamaIndex sends messages, or else one prompt as one user message."""

    is_function_calling_model: bool | None = None
    """Whether the model can call tools; by default yes, unless it is known that it cannot."""

    if TYPE_CHECKING:  # other spellings of arguments are accepted too

        def __init__(self, **data: Any) -> None: ...

    @classmethod
    def _fields_from(cls, data: dict[str, Any]) -> dict[str, Any]:
        return super()._fields_from(_without_foreign_arguments(data))

    @classmethod
    def class_name(cls) -> str:
        """The name of the class in dumps."""
        return "Heroku"

    @property
    def metadata(self) -> LLMMetadata:
        """Facts for LlamaIndex: your settings, or else what is known about the model."""
        model = self.model or self.settings.require_model()
        facts = known_model(model)
        calls_tools = self.is_function_calling_model
        if calls_tools is None:
            calls_tools = facts is None or facts.tools is not False
        return LLMMetadata(
            context_window=self.context_window
            or (facts and facts.context_window)
            or _CONTEXT_WINDOW,
            num_output=self.max_tokens or (facts and facts.max_output_tokens) or _NUM_OUTPUT,
            is_chat_model=self.is_chat_model,
            is_function_calling_model=calls_tools,
            model_name=model,
        )

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,  # noqa: ARG002 - nothing to say
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        tool_choice: Mapping[str, Any] | str | bool | None = None,
        strict: bool | None = None,  # noqa: ARG002 - Heroku has no such mode
        **kwargs: Any,
    ) -> dict[str, Any]:
        """The arguments of `chat` for these tools.

        While a model thinks, a tool call cannot be forced. With `tool_required` the model is
        instructed to call one instead; with your own `tool_choice` too, and there is a warning.
        """
        messages = list(chat_history or ())
        if user_msg is not None:
            messages.append(ChatMessage(user_msg) if isinstance(user_msg, str) else user_msg)
        needs_instruction = (
            bool(tools) and tool_required and not tool_choice and self._will_think(kwargs)
        )
        options = tool_options(
            tools,
            tool_choice,
            required=tool_required and not needs_instruction,
            parallel=allow_parallel_tool_calls,
        )
        if needs_instruction:
            names = [tool["function"]["name"] for tool in options["tools"]]
            is_system = bool(messages) and messages[0].role == MessageRole.SYSTEM
            instruction = ChatMessage(call_instruction(names), role=MessageRole.SYSTEM)
            messages.insert(int(is_system), instruction)
        return {"messages": messages, **options, **kwargs}

    def _will_think(self, call: Mapping[str, Any]) -> bool:
        here = {**self._parameters(), "extra_body": self.extra_body}
        options = {**here, **self.additional_kwargs, **call}
        return asks_to_think(options, self.model or self.settings.require_model())

    def get_tool_calls_from_response(
        self,
        response: ChatResponse,
        error_on_no_tool_call: bool = True,
        **kwargs: Any,  # noqa: ARG002 - LlamaIndex's signature
    ) -> list[ToolSelection]:
        """The tools to run; in a stream, with the arguments so far.

        Calls whose arguments are not a JSON object are left out if others can be run.

        Raises:
            ToolArgumentsError: No call of a whole answer has arguments that are a JSON object; also
                a `ValueError`.
            ValueError: There are no tool calls, and `error_on_no_tool_call` is set.
        """
        chosen = selections(response)
        if not chosen and error_on_no_tool_call:
            raise ValueError(
                "Expected at least one tool call, but the model answered: "
                f"{response.message.content!r}"
            )
        return chosen


def _without_foreign_arguments(data: dict[str, Any]) -> dict[str, Any]:
    """`data` without arguments that have no effect here; warns about those Heroku ignores."""
    if not data.keys() & FOREIGN_ARGUMENTS:
        return data
    drop_ignored({name: data[name] for name in data.keys() & _IGNORED_BY_HEROKU if data[name]})
    return {name: value for name, value in data.items() if name not in FOREIGN_ARGUMENTS}
