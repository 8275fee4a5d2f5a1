"""The four ways to call a chat model: whole or streamed, blocking or async.

Each takes three steps: convert messages and parameters for the core, call its client, and convert
its answer for LangChain.
"""

from __future__ import annotations

import inspect
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, Final

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun

from heroku_inference._adapters.concurrency import amap_in_order, map_in_order
from heroku_inference._errors import ConfigError
from langchain_heroku._broken_calls import KEEP_BROKEN, StreamedCalls
from langchain_heroku._chat_model import HerokuChatModel
from langchain_heroku._chat_parameters import ChatParameters
from langchain_heroku._generations import generation_chunk, langchain_result, summed_usage
from langchain_heroku._messages import openai_messages
from langchain_heroku.errors import langchain_error, langchain_errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from langchain_core.callbacks import CallbackManagerForLLMRun
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatGenerationChunk, ChatResult

    from heroku_inference import RetryEvent
    from heroku_inference import _values as heroku


__all__ = ["ChatCalls", "retry_listener"]

_MAX_CONCURRENCY: Final = 8  # requests in flight at a time for `n` answers


class ChatCalls(ChatParameters, HerokuChatModel):
    """Calls the model with the parameters set on it. `ChatHeroku` is the public class."""

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with langchain_errors():
            options = self._options(stop, kwargs)
            wire = openai_messages(messages)
            listener = retry_listener(run_manager)

            def ask(_: int) -> heroku.ChatResult:
                return self._client.chat(wire, on_retry=listener, **options)

            number = self._number_of_answers(kwargs)
            if number == 1:
                answers = [ask(0)]
            else:
                answers = list(map_in_order(ask, range(number), _MAX_CONCURRENCY))
            return langchain_result(answers, options["model"], _retries(kwargs, options))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with langchain_errors():
            options = self._options(stop, kwargs)
            wire = openai_messages(messages)
            listener = retry_listener(run_manager)

            async def ask(_: int) -> heroku.ChatResult:
                return await self._async_client.chat(wire, on_retry=listener, **options)

            number = self._number_of_answers(kwargs)
            if number == 1:
                answers = [await ask(0)]
            else:
                async with aclosing(amap_in_order(ask, range(number), _MAX_CONCURRENCY)) as results:
                    answers = [answer async for answer in results]
            return langchain_result(answers, options["model"], _retries(kwargs, options))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        stream_usage: bool | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with_usage = self._tells_usage(stream_usage)
        with langchain_errors():
            options = self._options_of_stream(stop, {**kwargs, "stream_usage": with_usage})
            wire = openai_messages(messages)
            listener = retry_listener(run_manager)
            calls = StreamedCalls()
            chunks = self._client.stream_chat(wire, on_retry=listener, **options)
            with closing(chunks):
                for chunk in chunks:
                    generation = generation_chunk(chunk, options["model"], with_usage=with_usage)
                    calls.read(generation)
                    if run_manager is not None:
                        run_manager.on_llm_new_token(generation.text, chunk=generation)
                    yield generation
            if (last := calls.end()) is not None:
                if run_manager is not None:
                    run_manager.on_llm_new_token("", chunk=last)
                yield last
            calls.check(_retries(kwargs, options))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        *,
        stream_usage: bool | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        with_usage = self._tells_usage(stream_usage)
        with langchain_errors():
            options = self._options_of_stream(stop, {**kwargs, "stream_usage": with_usage})
            wire = openai_messages(messages)
            listener = retry_listener(run_manager)
            calls = StreamedCalls()
            chunks = self._async_client.stream_chat(wire, on_retry=listener, **options)
            async with aclosing(chunks):
                async for chunk in chunks:
                    generation = generation_chunk(chunk, options["model"], with_usage=with_usage)
                    calls.read(generation)
                    if run_manager is not None:
                        await run_manager.on_llm_new_token(generation.text, chunk=generation)
                    yield generation
            if (last := calls.end()) is not None:
                if run_manager is not None:
                    await run_manager.on_llm_new_token("", chunk=last)
                yield last
            calls.check(_retries(kwargs, options))

    def _options_of_stream(self, stop: list[str] | None, call: dict[str, Any]) -> dict[str, Any]:
        if (number := self._number_of_answers(call)) > 1:
            raise ConfigError(
                f"n={number} answers cannot be streamed as one.", "Call invoke() for several."
            )
        return self._options(stop, call)

    def _combine_llm_outputs(self, llm_outputs: list[dict[str, Any] | None]) -> dict[str, Any]:
        outputs = [output for output in llm_outputs if output]
        usages = [output["token_usage"] for output in outputs if "token_usage" in output]
        combined: dict[str, Any] = {"token_usage": summed_usage(usages)} if usages else {}
        if outputs:
            combined["model_name"] = outputs[0]["model_name"]
        return combined


# LangChain inspects these signatures at every call, unless they are stored already.
for _method in (ChatCalls._generate, ChatCalls._agenerate):  # noqa: SLF001 - our own
    vars(_method)["__signature__"] = inspect.signature(_method)


def _retries(call: Mapping[str, Any], options: Mapping[str, Any]) -> int | None:
    """How often broken calls are tried again; `None` if they are left to a parser."""
    is_parsed = call.get(KEEP_BROKEN) or options.get("response_format")
    return None if is_parsed else options["tool_call_retries"]


def retry_listener(
    run_manager: CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun | None,
) -> Callable[[RetryEvent], None] | None:
    """A function that reports retries to the run's handlers, which expect tenacity's form."""
    if run_manager is None or not run_manager.handlers:
        return None

    def report(event: RetryEvent) -> None:
        from tenacity import RetryCallState, Retrying  # noqa: PLC0415 - needed rarely

        error = langchain_error(event.error)
        state = RetryCallState(retry_object=Retrying(), fn=None, args=(), kwargs={})
        state.attempt_number = event.attempt
        state.idle_for = event.wait
        state.set_exception((type(error), error, error.__traceback__))
        if isinstance(run_manager, AsyncCallbackManagerForLLMRun):
            run_manager.get_sync().on_retry(state)  # the core reports retries from synchronous code
        else:
            run_manager.on_retry(state)

    return report
