"""Models that Heroku refuses, named as in OpenAI's catalogue or ended, and what to use instead.

Ids are free strings, never checked against this: only when the server has refused a request does
its error say which model to take. What to use in place of OpenAI's models is Heroku's own advice
(docs: chat completions, embeddings, images): "for the best intelligence a Claude Sonnet model, for
cost-savings and fast inference Claude Haiku", in the generation that its migration guide uses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from heroku_inference._catalogue import has_ended, known_model
from heroku_inference._config.settings import WELL_KNOWN_MODELS, Kind
from heroku_inference._errors import APIError, ContentBlockedError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["model_hint", "recommended_model", "with_model_hint"]

_REFUSALS: Final = frozenset({400, 403, 404})
_NO_SUCH_MODEL: Final = frozenset({403, 404})
# In Bedrock's words, as from Opus 4.7 on.
_BUDGET_REFUSED: Final = "thinking.type.enabled"
_ADAPTIVE: Final = (
    "Pass extended_thinking={'type': 'adaptive'} to ChatHerokuMessages (LangChain) or "
    "HerokuMessages (LlamaIndex), or reasoning_effort to the other classes."
)
_LARGE: Final = "claude-4-5-sonnet"
_SMALL: Final = "claude-4-5-haiku"
_VECTORS: Final = WELL_KNOWN_MODELS["embedding"]
_IMAGES: Final = WELL_KNOWN_MODELS["image"]


class _Counterpart(NamedTuple):
    """What to use instead; no model where Heroku has nothing of the kind."""

    model: str | None
    advice: str = ""


_REASONS: Final = "; it thinks on request (extended_thinking=True)"
_EMBEDS: Final = "; its vectors have another width, so embed stored texts again"

# The first pattern that fits decides. `gpt-oss-...` fits none: Heroku serves those.
_FAMILIES: Final[tuple[tuple[re.Pattern[str], _Counterpart], ...]] = tuple(
    (re.compile(pattern), counterpart)
    for pattern, counterpart in (
        (r"text-embedding-", _Counterpart(_VECTORS, _EMBEDS)),
        (r"dall-e-|gpt-image|chatgpt-image", _Counterpart(_IMAGES)),
        (r"gpt-(?!oss).*(audio|realtime|transcribe|tts)|whisper-|tts-|sora-", _Counterpart(None)),
        (r"(omni|text)-moderation-", _Counterpart(None)),
        (r"o[1-9][0-9]*-mini", _Counterpart(_SMALL, _REASONS)),
        (r"o[1-9][0-9]*(-|$)", _Counterpart(_LARGE, _REASONS)),
        (r"gpt-3|gpt-[0-9].*-(mini|nano)|codex-mini", _Counterpart(_SMALL)),
        (r"gpt-[0-9]|chatgpt-|codex-", _Counterpart(_LARGE)),
    )
)
_PREFIXES: Final = re.compile(r"^(openai/|azure/|models/|ft:)+")


def recommended_model(model: str) -> str | None:
    """The Heroku model to use instead of one of OpenAI's.

    `None` for names that are not OpenAI's, for `gpt-oss-...`, which Heroku serves, and for kinds
    that Heroku does not offer: speech, video and moderation.
    """
    counterpart = _counterpart(model)
    return counterpart.model if counterpart else None


def model_hint(model: str, kind: Kind = "chat") -> str:
    """A sentence that names the Heroku model to use instead; empty if the name is not OpenAI's.

    Args:
        model: The id that was refused.
        kind: What it was asked to do; a chat model cannot embed.
    """
    counterpart = _counterpart(model)
    if counterpart is None:
        return ""
    instead = WELL_KNOWN_MODELS.get(kind, counterpart.model)
    if instead is None:
        return f"{model!r} is OpenAI's, and Heroku is not known to have one of its kind."
    advice = counterpart.advice if instead == counterpart.model else ""
    return f"{model!r} is a model of OpenAI's: on Heroku use {instead!r}{advice}."


def with_model_hint(error: APIError, kind: Kind, body: Mapping[str, Any] | None) -> APIError:
    """The error, its remedy completed by what is known of the model that was refused.

    It may be named as in OpenAI's catalogue, be past its end of life, or take no thinking budget.
    """
    model = (body or {}).get("model")
    refused = error.status_code in _REFUSALS and not isinstance(error, ContentBlockedError)
    if refused and isinstance(model, str):
        hint = model_hint(model, kind) or _end_hint(error, model) or _budget_hint(error, model)
        error.remedy = f"{error.remedy} {hint}".strip()
    return error


def _end_hint(error: APIError, model: str) -> str:
    facts = known_model(model)
    if facts is None or error.status_code not in _NO_SUCH_MODEL or not has_ended(facts):
        return ""
    instead = f": use {facts.replacement_model!r}" if facts.replacement_model else ""
    return f"{model!r} reached its end of life on {facts.eol_date}{instead}."


def _budget_hint(error: APIError, model: str) -> str:
    facts = known_model(model)
    if facts is None or facts.thinking_budget is not False:
        return ""
    return _ADAPTIVE if _BUDGET_REFUSED in error.server_message else ""


def _counterpart(model: str) -> _Counterpart | None:
    name = _PREFIXES.sub("", model.strip().lower())
    return next((found for pattern, found in _FAMILIES if pattern.match(name)), None)
