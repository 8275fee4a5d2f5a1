"""`Exchange`: one request on its way to an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import anyio.to_thread

from heroku_emulator.script import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from heroku_emulator.errors import AnyEnvelope
    from heroku_emulator.journal import JournalEntry
    from heroku_emulator.models import Kind, Model
    from heroku_emulator.serving.service import Service
    from heroku_emulator.switches import Switches

__all__ = ["Exchange"]

_Result = TypeVar("_Result")


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A request, its service, and the switches at the time of its arrival."""

    service: Service
    switches: Switches
    entry: JournalEntry
    body: dict[str, Any]
    raw: bytes = b""
    """The bytes of the body."""
    streamed: bool = False
    """Whether the answer is to be a stream."""
    model: Model | None = None
    """Set by `admit`."""

    def admit(self, kind: Kind) -> Model:
        """Checks model and rate limit.

        Raises:
            ApiError: 400, 403, 404 or 429.
        """
        self.model = self.service.model_for(self.body, kind, self.switches)
        enforce = self.switches.enforce_rate_limits
        self.service.rate_limits.count_request(self.model, enforce=enforce)
        return self.model

    @property
    def error_envelope(self) -> AnyEnvelope:
        """The envelope of errors on this path."""
        is_anthropic = self.switches.messages_error_envelope == "anthropic"
        if is_anthropic and self.entry.path == "/v1/messages":
            return "anthropic"
        return self.switches.error_envelope

    @property
    def admitted_model(self) -> Model:
        """The model of an admitted request."""
        assert self.model is not None, "admit comes first"  # noqa: S101 - for the type checker
        return self.model

    def next_step(self, *kinds: type[Step], first: bool = False) -> Step | None:
        """Takes the next scripted step for this request, if it is of one of these kinds.

        With `first`, only if it comes before all checks.
        """
        step = self.service.script.take(
            self.entry.path, streamed=self.streamed, first=first, kinds=kinds or (Step,)
        )
        if step is not None:
            self.entry.steps += (step,)
        return step

    def spend(self, tokens: int) -> None:
        """Counts the answer's tokens towards the model's limit."""
        self.service.rate_limits.count_tokens(self.admitted_model, tokens)

    async def in_thread(self, work: Callable[[], _Result]) -> _Result:
        """Runs an engine's work in a thread, and abandons it at a time limit."""
        return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
