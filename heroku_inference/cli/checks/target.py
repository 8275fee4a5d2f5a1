"""What the checks look at: a client, and the answers that several of them need."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._catalogue import known_model
from heroku_inference._client import Client
from heroku_inference._config.environment import network_environment
from heroku_inference._errors import ContentBlockedError, PermissionDeniedError
from heroku_inference._http.network import tls_context
from heroku_inference.cli.checks.outcomes import Skipped
from heroku_inference.cli.config_vars import OWN_ALIASES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heroku_inference._catalogue import ModelFacts
    from heroku_inference._config.settings import Kind, Settings
    from heroku_inference._values import ChatResult, Usage
    from heroku_inference.cli.config_vars import ConfigVars

__all__ = ["WORD", "Streamed", "Target", "user"]

WORD: Final = "lighthouse"
_PROMPT: Final = f"Answer with this one word and nothing else: {WORD}"
# A standard plan names no model; this one is quick, costs little and can do all there is to check.
_CHEAP_MODEL: Final = "claude-4-5-haiku"
_FEW_TOKENS: Final = 64
# Models that think without showing it use up tokens before their first word.
_HIDDEN_THINKING: Final = 2048


@dataclass(frozen=True, slots=True)
class Streamed:
    """The sum of a streamed answer."""

    text: str
    chunks: int
    finish_reason: str | None
    usage: Usage | None


class Target:
    """Heroku, as the config vars name it.

    Args:
        config_vars: What was found.
        timeout: Seconds that the server may stay silent.
    """

    def __init__(self, config_vars: ConfigVars, *, timeout: float | None = None) -> None:
        self.config_vars = config_vars
        self.timeout = timeout
        self.reached = False
        """Whether the server has answered anything yet."""
        self.advice: str | None = None
        """What a check that passes has to say beside its detail."""
        self.done: set[str] = set()
        """The checks that passed."""
        self.called: ChatResult | None = None
        """An answer that calls the tool, kept for the second turn."""
        self._clients: dict[Kind, Client] = {}
        # Not to be timed with the first call.
        import httpx2  # noqa: F401, PLC0415

        tls_context(network_environment())

    @property
    def base_url(self) -> str:
        """Where the first kind of calls goes."""
        return next(iter(self.config_vars.settings.values())).base_url

    def settings(self, kind: Kind) -> Settings:
        """Whom calls of a kind go to, and with which key.

        Raises:
            Skipped: There are no config vars for them.
        """
        if kind in self.config_vars.problems:
            raise Skipped(self.config_vars.problems[kind].problem)
        return self.config_vars.settings[kind]

    def client(self, kind: Kind) -> Client:
        """The client for calls of a kind, without retries, so that failures show."""
        if kind not in self._clients:
            self._clients[kind] = Client(
                settings=self.settings(kind), timeout=self.timeout, max_retries=0
            )
        return self._clients[kind]

    @cached_property
    def chat_model(self) -> str:
        """The model that chats.

        Raises:
            Skipped: The attachment is that of another kind of model.
        """
        settings = self.settings("chat")
        if settings.model is not None:
            return settings.model
        found = next((one for one in self.config_vars.found if one.alias == settings.alias), None)
        if found is not None and found.model is not None:
            raise Skipped(f"{found.alias} is attached to {found.model}, which does not chat")
        return _CHEAP_MODEL

    @property
    def chose_model(self) -> bool:
        """Whether the chat model is our choice, because the user made none."""
        return self.settings("chat").model is None

    @property
    def chat_facts(self) -> ModelFacts | None:
        """What is known of the model that chats."""
        return known_model(self.chat_model)

    @property
    def max_tokens(self) -> int:
        """Tokens that are enough for a few words."""
        facts = self.chat_facts
        return _FEW_TOKENS if facts and facts.thinking is not None else _HIDDEN_THINKING

    @cached_property
    def plain(self) -> ChatResult:
        """The answer to a small question."""
        return self.chat([user(_PROMPT)], max_tokens=self.max_tokens)

    @cached_property
    def streamed(self) -> Streamed:
        """The answer to the same question, streamed and summed up."""
        chunks = list(
            self.client("chat").stream_chat(
                [user(_PROMPT)], model=self.chat_model, max_tokens=self.max_tokens
            )
        )
        reasons = [chunk.finish_reason for chunk in chunks if chunk.finish_reason]
        usages = [chunk.usage for chunk in chunks if chunk.usage]
        return Streamed(
            text="".join(chunk.text for chunk in chunks),
            chunks=sum(bool(chunk.text) for chunk in chunks),
            finish_reason=reasons[-1] if reasons else None,
            usage=usages[-1] if usages else None,
        )

    def chat(self, messages: list[dict[str, Any]], **options: Any) -> ChatResult:
        """Answers a conversation with the chat model."""
        return self.client("chat").chat(messages, model=self.chat_model, **options)

    @contextmanager
    def attached(self, kind: Kind) -> Iterator[str]:
        """Within this, a model that the key does not open is skipped, unless it is attached.

        A per-model plan's key opens one model: it is not a fault that it does not open the others.
        """
        settings = self.settings(kind)
        model = settings.require_model()
        try:
            yield model
        except PermissionDeniedError as error:
            if isinstance(error, ContentBlockedError) or self.config_vars.attached(kind):
                raise
            alias = OWN_ALIASES[kind]
            raise Skipped(
                f"{settings.alias}_KEY does not open {model}. To use it: "
                f"`heroku ai:models:create {model} -a APP --as {alias}`"
            ) from None


def user(text: str) -> dict[str, Any]:
    """A message of the user."""
    return {"role": "user", "content": text}
