"""What is known of Heroku's models, and the reading of its own list. Informs, never refuses.

Each model says where its facts come from (`source`), and of what date that is. Where Heroku is
silent, a value is `None`, unless the model's maker publishes it.
"""

# Annotations are objects here, not texts: pydantic would look up the names in a text in the module
# that a class says it comes from, and that is the package.
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Required

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from heroku_inference._json import read_json
from heroku_inference._public_names import publish
from heroku_inference._values import Shown
from heroku_inference._warnings import warn_caller_once
from heroku_inference._wire_types import identifier, moment

if TYPE_CHECKING:
    from heroku_inference._values import Reply

__all__ = [
    "KNOWN_MODELS",
    "AvailableModel",
    "ModelFacts",
    "ModelKind",
    "available_models",
    "canonical_id",
    "has_ended",
    "is_claude",
    "known_model",
    "thinks_by_effort",
    "warn_of_end",
    "warn_of_sampling",
]

ModelKind = Literal["chat", "embedding", "rerank", "image"]

# The words of the model list for the kinds of models.
_KINDS: Final[Mapping[str, ModelKind]] = {
    "text-to-text": "chat",
    "text-to-embedding": "embedding",
    "text-to-score": "rerank",
    "text-to-image": "image",
}


@dataclass(frozen=True, repr=False)
class AvailableModel(Shown):
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
    from heroku_inference._display import Rows  # noqa: PLC0415 - few programs list models

    return Rows(_model(wire) for wire in read_json(reply, _list_of_models()))


def _model(wire: "_WireModel") -> AvailableModel:
    return AvailableModel(
        model_id=wire["model_id"],
        regions=_texts(wire.get("regions")),
        type=_texts(wire.get("type")),
        state=identifier(wire.get("state")),
        deprecation_date=moment(wire.get("deprecation_date")),
        eol_date=moment(wire.get("eol_date")),
        replacement_model=identifier(wire.get("replacement_model")),
    )


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(filter(None, map(identifier, values if isinstance(values, list) else ())))


class _WireModel(TypedDict, total=False):
    model_id: Required[str]
    regions: Any
    type: Any
    state: Any
    deprecation_date: Any
    eol_date: Any
    replacement_model: Any


@cache
def _list_of_models() -> TypeAdapter[list[_WireModel]]:
    return TypeAdapter(list[_WireModel])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ModelFacts(Shown):
    """What is known of one model; `None` where nothing is.

    Attributes:
        model_id: What to pass as `model`, as Heroku's list spells it.
        kind: What it is for.
        regions: Where it runs: `us`, `eu`.
        aliases: Other spellings that Heroku takes for it: `claude-sonnet-4-6` is
            `claude-4-6-sonnet`.
        maker_id: The id under which the maker of the model publishes it, which tables of prices
            know: `claude-sonnet-4-6`, `amazon.nova-lite-v1:0`.
        context_window: Tokens of prompt and answer together.
        max_output_tokens: The most tokens of one answer, where Heroku documents a cap.
        vision: Whether it takes images.
        thinking: Whether it thinks aloud on request (`extended_thinking`). Not told for models
            that always think and never show it.
        thinking_budget: Whether a request can set a budget for thinking. Claude from Opus 4.7 on
            refuses one, and takes `{"type": "adaptive"}` and an effort instead.
        sampling: Whether it takes `temperature`, `top_p` and `top_k`. Claude from Opus 4.7 on
            refuses them.
        tools: Whether it calls tools.
        embedding_width: Numbers in a vector of type `float`.
        requests_per_minute: The documented limit of one add-on.
        deprecation_date: The day from which it is deprecated, or on which Heroku announced that
            without naming a day.
        eol_date: When it stops answering.
        replacement_model: Which model Heroku names to use instead.
        source: Where these facts come from, and of what date that is.
    """

    model_id: str
    kind: ModelKind
    regions: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    maker_id: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    vision: bool | None = None
    thinking: bool | None = None
    thinking_budget: bool | None = None
    sampling: bool | None = None
    tools: bool | None = None
    embedding_width: int | None = None
    requests_per_minute: int | None = None
    deprecation_date: date | None = None
    eol_date: date | None = None
    replacement_model: str | None = None
    source: str = ""


def known_model(model_id: str) -> ModelFacts | None:
    """What is known of a model, by any of its spellings; `None` for one newer than this library."""
    return KNOWN_MODELS.get(_IDS.get(model_id, model_id))


def canonical_id(model_id: str) -> str:
    """The spelling of Heroku's list; an id that is not known stays as it is."""
    return _IDS.get(model_id, model_id)


def is_claude(model_id: str) -> bool:
    """Whether a model is of the family Claude: by its name, since newer ones are not known here."""
    return _CLAUDE.search(model_id) is not None


def thinks_by_effort(model_id: str) -> bool:
    """Whether `reasoning_effort` makes a model think by Claude's rules.

    Other families reason in their own way, and Claude's models that do not think ignore it.
    """
    facts = known_model(model_id)
    return is_claude(model_id) and (facts is None or facts.thinking is not False)


def has_ended(facts: ModelFacts, today: date | None = None) -> bool:
    """Whether the end of a model's life has come, seen from a day; today's by default."""
    if facts.eol_date is None:
        return False
    return facts.eol_date <= (today or date.today())  # noqa: DTZ011 - the user's day


def warn_of_end(model_id: str, *, today: date | None = None) -> None:
    """Warn once of a model that is past its end of life, and name the one to use instead.

    Args:
        model_id: The model of a call; one that is not known passes.
        today: The day that the end is judged by; today's by default.
    """
    facts = known_model(model_id)
    if facts is not None and has_ended(facts, today):
        instead = f" Use {facts.replacement_model!r}." if facts.replacement_model else ""
        warn_caller_once(
            f"{model_id!r} reached its end of life on {facts.eol_date}, so Heroku can refuse it at "
            f"any time.{instead}",
            key=("end of life", facts.model_id),
        )


def warn_of_sampling(model_id: str, parameters: Iterable[str]) -> None:
    """Warn once of each sampling parameter that a model is known to refuse.

    Args:
        model_id: The model of a call; one that is not known passes.
        parameters: The names of what is set, all to be sent: the server decides.
    """
    facts = known_model(model_id)
    if facts is None or facts.sampling is not False:
        return
    for name in parameters:
        warn_caller_once(
            f"{model_id!r} refuses {name}, as Claude does from Opus 4.7 on. It is sent, since the "
            "server decides. Leave it out.",
            key=(name, facts.model_id),
        )


# The family as the beginning of a name, also behind a maker's or a plan's: `anthropic/claude-...`.
_CLAUDE: Final = re.compile(r"(?:^|[/:.])claude-")

# `maker_id` is from the makers' own pages: Anthropic's models overview and model deprecations
# (platform.claude.com/docs/en/about-claude), Amazon's supported models of Bedrock, Cohere's models
# (docs.cohere.com/docs/models). Bedrock has two versions of `stable-image-ultra`, and Heroku does
# not say which it runs.

# Where the other facts come from. Output caps are those that Heroku documented for its models of
# 2025: 4096 Haiku, 8192 Sonnet.
_LIST: Final = "Heroku's list, 8 Apr 2026"
_PAGES: Final = f"{_LIST}; Dev Center, 16 May 2025"
_INFERRED: Final = "abilities inferred from the Claude models before it"
_NO_DATE: Final = "deprecation: Heroku's blog, 19 Feb 2026, which names no day"


def _chat(model_id: str, regions: str, **facts: Any) -> ModelFacts:
    return ModelFacts(
        model_id=model_id,
        kind="chat",
        regions=tuple(regions.split()),
        **({"source": _LIST} | facts),
    )


def _claude(version: str, family: str, regions: str, **facts: Any) -> ModelFacts:
    """A Claude model, which Heroku's list spells `claude-4-6-sonnet` and its card the other way."""
    ids = (f"claude-{version}-{family}", f"claude-{family}-{version}")
    # Of Opus, the list has the family first.
    model_id, alias = ids[::-1] if family == "opus" else ids
    usual = {"aliases": (alias,), "tools": True, "sampling": True, "maker_id": ids[1]}
    if facts.get("thinking"):
        usual["thinking_budget"] = True
    # Heroku states 200K for Claude 4.5 Sonnet; Anthropic publishes it for the others up to 4.6.
    usual["context_window"] = 200_000
    return _chat(model_id, regions, **(usual | facts))


def _vectors(
    model_id: str, maker_id: str, *, width: int, source: str, requests: int | None = None
) -> ModelFacts:
    return ModelFacts(
        model_id=model_id,
        maker_id=maker_id,
        kind="embedding",
        regions=("eu", "us"),
        embedding_width=width,
        requests_per_minute=requests,
        source=source,
    )


def _ranks(model_id: str, maker_id: str, *, requests: int) -> ModelFacts:
    return ModelFacts(
        model_id=model_id,
        maker_id=maker_id,
        kind="rerank",
        regions=("eu", "us"),
        requests_per_minute=requests,
        source=f"{_LIST}; Dev Center, 15 Jan 2026",
    )


_OPUS_4_7: Final[Mapping[str, Any]] = {
    "vision": True,
    "thinking": True,
    "thinking_budget": False,
    "sampling": False,
    "context_window": None,
}

_FACTS: Final = (
    _claude(
        "3",
        "haiku",
        "eu",
        maker_id="claude-3-haiku-20240307",
        max_output_tokens=4096,
        thinking=False,
        requests_per_minute=250,
        source=_PAGES,
    ),
    _claude(
        "3-5",
        "haiku",
        "us",
        maker_id="claude-3-5-haiku-20241022",
        max_output_tokens=4096,
        vision=False,
        thinking=False,
        requests_per_minute=200,
        deprecation_date=date(2026, 5, 12),
        eol_date=date(2026, 6, 12),
        replacement_model="claude-4-5-haiku",
        source=_PAGES,
    ),
    _claude(
        "3-5",
        "sonnet-latest",
        "us",
        aliases=(),
        maker_id="claude-3-5-sonnet-20241022",
        max_output_tokens=8192,
        requests_per_minute=150,
        deprecation_date=date(2026, 1, 22),
        eol_date=date(2026, 2, 22),
        replacement_model="claude-4-6-sonnet",
        source=_PAGES,
    ),
    _claude(
        "3-7",
        "sonnet",
        "eu us",
        maker_id="claude-3-7-sonnet-20250219",
        max_output_tokens=8192,
        thinking=True,
        requests_per_minute=150,
        deprecation_date=date(2026, 3, 21),
        eol_date=date(2026, 4, 21),
        replacement_model="claude-4-6-sonnet",
        source=_PAGES,
    ),
    _claude(
        "4",
        "sonnet",
        "eu us",
        maker_id="claude-sonnet-4-20250514",
        max_output_tokens=8192,
        thinking=True,
        requests_per_minute=150,
        deprecation_date=date(2026, 2, 19),
        source=f"{_PAGES}; {_NO_DATE}",
    ),
    _claude(
        "4-5",
        "sonnet",
        "eu us",
        vision=True,
        thinking=True,
        requests_per_minute=150,
        source=f"{_LIST}; Dev Center model card, 10 Feb 2026",
    ),
    _claude(
        "4-5",
        "haiku",
        "eu us",
        vision=True,
        thinking=True,
        requests_per_minute=200,
        source=f"{_LIST}; Dev Center model card, 30 Jan 2026",
    ),
    _claude(
        "4-6",
        "sonnet",
        "eu us",
        vision=True,
        thinking=True,
        requests_per_minute=150,
        source=f"{_LIST}; Dev Center model card, 18 Feb 2026",
    ),
    _claude("4-5", "opus", "eu us", vision=True, thinking=True, source=f"{_LIST}; {_INFERRED}"),
    _claude("4-6", "opus", "eu us", vision=True, thinking=True, source=f"{_LIST}; {_INFERRED}"),
    # On no list that is known. What they refuse is Anthropic's rule, and an app met it on Opus 4.8.
    _claude(
        "4-7",
        "opus",
        "eu us",
        **_OPUS_4_7,
        source=f"one registry of 2026, not Heroku's; regions and {_INFERRED}",
    ),
    _claude(
        "4-8",
        "opus",
        "eu us",
        **_OPUS_4_7,
        source=f"two apps in production, Jul and Sep 2026; regions and {_INFERRED}",
    ),
    _chat(
        "nova-lite",
        "eu us",
        maker_id="amazon.nova-lite-v1:0",
        context_window=300_000,
        thinking=False,
        tools=True,
        requests_per_minute=150,
        source=_PAGES,
    ),
    _chat(
        "nova-pro",
        "eu us",
        maker_id="amazon.nova-pro-v1:0",
        context_window=300_000,
        thinking=False,
        tools=True,
        requests_per_minute=150,
        source=_PAGES,
    ),
    _chat("nova-2-lite", "us", maker_id="amazon.nova-2-lite-v1:0"),
    _chat(
        "gpt-oss-120b",
        "eu us",
        context_window=131_072,
        vision=False,
        tools=True,
        requests_per_minute=200,
        source=f"{_LIST}; Dev Center, 13 Oct 2025",
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
    _vectors(
        "cohere-embed-multilingual",
        "embed-multilingual-v3.0",
        width=1024,
        requests=500,
        source=f"{_LIST}; Dev Center, 13 May 2025",
    ),
    _vectors(
        "cohere-embed-v4",
        "embed-v4.0",
        width=1536,
        source=f"{_LIST}; width: an app in production, Sep 2026",
    ),
    _ranks("cohere-rerank-3-5", "rerank-v3.5", requests=250),
    _ranks("amazon-rerank-1-0", "amazon.rerank-v1:0", requests=200),
    ModelFacts(
        model_id="stable-image-ultra",
        kind="image",
        regions=("us",),
        requests_per_minute=20,
        source=f"{_LIST}; Dev Center, 13 May 2025",
    ),
)

KNOWN_MODELS: Final[Mapping[str, ModelFacts]] = MappingProxyType(
    {facts.model_id: facts for facts in _FACTS}
)
"""Facts by model id, each model once; `known_model` knows the aliases too.

A model that is not here may well exist: ids are never checked against it.
"""

_IDS: Final[Mapping[str, str]] = {
    alias: facts.model_id for facts in _FACTS for alias in facts.aliases
}


publish(__name__)
