"""What happens inside of a call, told to LangChain's callbacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun

from langchain_heroku.errors import langchain_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.callbacks import CallbackManagerForLLMRun

    from heroku_inference._http.retry_policy import RetryEvent

__all__ = ["retry_listener"]


def retry_listener(
    run_manager: CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun | None,
) -> Callable[[RetryEvent], None] | None:
    """Who to tell of retries: the handlers of this run, in the form they know, tenacity's."""
    if run_manager is None or not run_manager.handlers:
        return None

    def tell(event: RetryEvent) -> None:
        from tenacity import RetryCallState, Retrying  # noqa: PLC0415 - needed rarely

        error = langchain_error(event.error)
        state = RetryCallState(retry_object=Retrying(), fn=None, args=(), kwargs={})
        state.attempt_number = event.attempt
        state.idle_for = event.wait
        state.set_exception((type(error), error, error.__traceback__))
        if isinstance(run_manager, AsyncCallbackManagerForLLMRun):
            run_manager.get_sync().on_retry(state)  # the core tells of retries from plain code
        else:
            run_manager.on_retry(state)

    return tell
