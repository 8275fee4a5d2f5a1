"""What is known of Heroku's models, and the reading of its own list. Informs, never refuses.

The facts are Heroku's list of April 2026 and its documentation; where those are silent, a value
is `None`, unless the model's maker publishes it.
"""

# Annotations are objects here, not texts: pydantic would look up the names in a text in the module
# that a class says it comes from, and that is the package.
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import TypeAdapter

from heroku_inference._json import read_json
from heroku_inference._public_names import publish

if TYPE_CHECKING:
    from heroku_inference._values import Reply

__all__ = [
    "KNOWN_MODELS",
    "AvailableModel",
    "ModelFacts",
    "ModelKind",
    "available_models",
    "known_model",
]

ModelKind = Literal["chat", "embedding", "rerank", "image"]

# The words of the model list for the kinds of models.
_KINDS: Final[Mapping[str, ModelKind]] = {
    "text-to-text": "chat",
    "text-to-embedding": "embedding",
    "text-to-score": "rerank",
    "text-to-image": "image",
}


@dataclass(frozen=True)
class AvailableModel:
    """A model in Heroku's own list (docs: available models).

    The list is the same for all regions, so look at `regions` before using a model, and a model
    beyond its end of life may still be on it.

    Attributes:
        model_id: What to pass as `model`.
        regions: Where it runs: `us`, `eu`.
        type: What it does, in Heroku's words: `text-to-text`, `text-to-embedding`,
            `text-to-score` or `text-to-image`.
        state: `active` or `deprecated`, when said.
        deprecation_date: When it was, or will be, deprecated.
        eol_date: When it stops answering.
        replacement_model: Which model to use instead.
    """

    model_id: str
    regions: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    state: str | None = None
    deprecation_date: datetime | None = None
    eol_date: datetime | None = None
    replacement_model: str | None = None

    @property
    def kinds(self) -> "frozenset[ModelKind]":
        """What it is for, in the words of this library; empty for types it does not know."""
        return frozenset(_KINDS[name] for name in self.type if name in _KINDS)


def available_models(reply: "Reply") -> list[AvailableModel]:
    """The models of an answer of `GET /available-models`, in its order.

    Raises:
        InvalidResponseError: The answer is not such a list.
    """
    return read_json(reply, _list_of_models())


@cache
def _list_of_models() -> TypeAdapter[list[AvailableModel]]:
    return TypeAdapter(list[AvailableModel])


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of one model; `None` where nothing is.

    Attributes:
        model_id: What to pass as `model`.
        kind: What it is for.
        regions: Where it runs: `us`, `eu`.
        context_window: Tokens of prompt and answer together.
        max_output_tokens: The most tokens of one answer, where Heroku documents a cap.
        vision: Whether it takes images.
        thinking: Whether it thinks aloud on request (`extended_thinking`). Not told for models
            that always think and never show it.
        tools: Whether it calls tools.
        embedding_width: Numbers in a vector of type `float`.
        requests_per_minute: The documented limit of one add-on.
        eol_date: When it stops answering.
        replacement_model: Which model Heroku names to use instead.
    """

    model_id: str
    kind: ModelKind
    regions: tuple[str, ...]
    context_window: int | None = None
    max_output_tokens: int | None = None
    vision: bool | None = None
    thinking: bool | None = None
    tools: bool | None = None
    embedding_width: int | None = None
    requests_per_minute: int | None = None
    eol_date: date | None = None
    replacement_model: str | None = None


def known_model(model_id: str) -> ModelFacts | None:
    """What is known of a model; `None` for one that is newer than this library."""
    return KNOWN_MODELS.get(model_id)


def _chat(model_id: str, regions: str, **facts: Any) -> ModelFacts:
    return ModelFacts(model_id=model_id, kind="chat", regions=tuple(regions.split()), **facts)


def _claude(model_id: str, regions: str, **facts: Any) -> ModelFacts:
    # Heroku states 200K for Claude 4.5 Sonnet; Anthropic publishes it for the others.
    return _chat(model_id, regions, context_window=200_000, tools=True, **facts)


def _vectors(model_id: str, *, width: int | None = None, requests: int | None = None) -> ModelFacts:
    return ModelFacts(
        model_id=model_id,
        kind="embedding",
        regions=("eu", "us"),
        embedding_width=width,
        requests_per_minute=requests,
    )


def _ranks(model_id: str, *, requests: int) -> ModelFacts:
    return ModelFacts(
        model_id=model_id, kind="rerank", regions=("eu", "us"), requests_per_minute=requests
    )


# Output caps are those Heroku documented for its models of 2025: 4096 Haiku, 8192 Sonnet.
_FACTS: Final = (
    _claude(
        "claude-3-haiku",
        "eu",
        max_output_tokens=4096,
        thinking=False,
        requests_per_minute=250,
    ),
    _claude(
        "claude-3-5-haiku",
        "us",
        max_output_tokens=4096,
        vision=False,
        thinking=False,
        requests_per_minute=200,
        eol_date=date(2026, 6, 12),
        replacement_model="claude-4-5-haiku",
    ),
    _claude(
        "claude-3-5-sonnet-latest",
        "us",
        max_output_tokens=8192,
        requests_per_minute=150,
        eol_date=date(2026, 2, 22),
        replacement_model="claude-4-6-sonnet",
    ),
    _claude(
        "claude-3-7-sonnet",
        "eu us",
        max_output_tokens=8192,
        thinking=True,
        requests_per_minute=150,
        eol_date=date(2026, 4, 21),
        replacement_model="claude-4-6-sonnet",
    ),
    _claude(
        "claude-4-sonnet",
        "eu us",
        max_output_tokens=8192,
        thinking=True,
        requests_per_minute=150,
    ),
    _claude("claude-4-5-sonnet", "eu us", vision=True, thinking=True, requests_per_minute=150),
    _claude("claude-4-5-haiku", "eu us", vision=True, thinking=True, requests_per_minute=200),
    _claude("claude-4-6-sonnet", "eu us", vision=True, thinking=True),
    _claude("claude-opus-4-5", "eu us", vision=True, thinking=True),
    _claude("claude-opus-4-6", "eu us", vision=True, thinking=True),
    _chat(
        "nova-lite",
        "eu us",
        context_window=300_000,
        thinking=False,
        tools=True,
        requests_per_minute=150,
    ),
    _chat(
        "nova-pro",
        "eu us",
        context_window=300_000,
        thinking=False,
        tools=True,
        requests_per_minute=150,
    ),
    _chat("nova-2-lite", "us"),
    _chat(
        "gpt-oss-120b",
        "eu us",
        context_window=131_072,
        vision=False,
        tools=True,
        requests_per_minute=200,
    ),
    _chat("deepseek-v3-2", "us"),
    _chat("glm-4-7", "us"),
    _chat("glm-4-7-flash", "us"),
    _chat("kimi-k2-thinking", "us"),
    _chat("kimi-k2-5", "us"),
    _chat("minimax-m2", "us"),
    _chat("minimax-m2-1", "us"),
    _chat("qwen3-235b", "us"),
    _chat("qwen3-coder-480b", "us"),
    _vectors("cohere-embed-multilingual", width=1024, requests=500),
    _vectors("cohere-embed-v4"),
    _ranks("cohere-rerank-3-5", requests=250),
    _ranks("amazon-rerank-1-0", requests=200),
    ModelFacts(
        model_id="stable-image-ultra", kind="image", regions=("us",), requests_per_minute=20
    ),
)

KNOWN_MODELS: Final[Mapping[str, ModelFacts]] = MappingProxyType(
    {facts.model_id: facts for facts in _FACTS}
)
"""Facts by model id. A model that is not here may well exist: ids are never checked against it."""


publish(__name__)
