"""The catalogue as data: the answer of `GET /available-models`, and what each model can do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

__all__ = ["MODELS", "Kind", "Model", "available_models", "find_model"]

Kind = Literal["chat", "embedding", "rerank", "image"]

_WIRE_TYPES: dict[Kind, str] = {
    "chat": "text-to-text",
    "embedding": "text-to-embedding",
    "rerank": "text-to-score",
    "image": "text-to-image",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One entry of the catalogue; `None` where Heroku states nothing."""

    model_id: str
    kind: Kind = "chat"
    regions: tuple[str, ...] = ("eu", "us")
    thinking: bool = False
    """Takes `extended_thinking` (docs: chat completions)."""
    thinking_budget: bool = True
    """Lets a request set a budget for thinking; Claude from Opus 4.7 on refuses that."""
    adaptive_thinking: bool = False
    """Takes `{"type": "adaptive"}` on `/v1/messages`, as Claude 4.6 and later do."""
    vision: bool | None = None
    one_sampling_parameter: bool = False
    """Refuses `temperature` and `top_p` together, as Claude 4.5 and later do."""
    sampling_parameters: bool = True
    """Takes `temperature`, `top_p` and `top_k`; Claude from Opus 4.7 on refuses them."""
    requests_per_minute: int = 150
    tokens_per_minute: int | None = 800_000
    embedding_width: int = 1024
    deprecation_date: str | None = None
    eol_date: str | None = None
    replacement_model: str | None = None

    def has_ended(self) -> bool:
        """Says whether the model's end of life has passed."""
        if self.eol_date is None:
            return False
        return date.fromisoformat(self.eol_date) <= datetime.now(UTC).date()

    def listing(self) -> dict[str, Any]:
        """Returns the model's entry in the answer of `GET /available-models`."""
        entry: dict[str, Any] = {"model_id": self.model_id, "regions": list(self.regions)}
        if self.deprecation_date is None:
            return entry | {"state": "active", "type": [_WIRE_TYPES[self.kind]]}
        return {
            "deprecation_date": f"{self.deprecation_date}T00:00:00Z",
            "eol_date": f"{self.eol_date}T00:00:00Z",
            **entry,
            "replacement_model": self.replacement_model,
            "state": "deprecated",
            "type": [_WIRE_TYPES[self.kind]],
        }


def _claude(model_id: str, **facts: Any) -> Model:
    """Returns a Claude model of 4.5 or later: it thinks, sees, and takes one sampling parameter."""
    defaults = {"thinking": True, "vision": True, "one_sampling_parameter": True}
    return Model(model_id=model_id, **(defaults | facts))


_US = ("us",)
_OPUS_4_7 = {"sampling_parameters": False, "thinking_budget": False, "adaptive_thinking": True}

_CATALOGUE = (
    Model(
        model_id="amazon-rerank-1-0",
        kind="rerank",
        requests_per_minute=200,
        tokens_per_minute=None,
    ),
    Model(
        model_id="claude-3-5-haiku",
        regions=_US,
        vision=False,
        requests_per_minute=200,
        deprecation_date="2026-05-12",
        eol_date="2026-06-12",
        replacement_model="claude-4-5-haiku",
    ),
    Model(
        model_id="claude-3-5-sonnet-latest",
        regions=_US,
        thinking=True,
        deprecation_date="2026-01-22",
        eol_date="2026-02-22",
        replacement_model="claude-4-6-sonnet",
    ),
    Model(
        model_id="claude-3-7-sonnet",
        thinking=True,
        deprecation_date="2026-03-21",
        eol_date="2026-04-21",
        replacement_model="claude-4-6-sonnet",
    ),
    Model(model_id="claude-3-haiku", regions=("eu",), requests_per_minute=250),
    _claude("claude-4-5-haiku", requests_per_minute=200),
    _claude("claude-4-5-sonnet"),
    _claude("claude-4-6-sonnet", adaptive_thinking=True),
    # Its deprecation was announced on 19 February 2026, without dates; the capture has it active.
    Model(model_id="claude-4-sonnet", thinking=True),
    _claude("claude-opus-4-5"),
    _claude("claude-opus-4-6", adaptive_thinking=True),
    # Not in the capture of the catalogue. Opus 4.8: two production apps of July and September 2026.
    # Opus 4.7: one registry. Regions are those of the earlier Opus models.
    _claude("claude-opus-4-7", **_OPUS_4_7),
    _claude("claude-opus-4-8", **_OPUS_4_7),
    Model(model_id="cohere-embed-multilingual", kind="embedding", requests_per_minute=500),
    # Heroku does not state the width; a production app of September 2026 stores 1536 numbers.
    Model(
        model_id="cohere-embed-v4",
        kind="embedding",
        requests_per_minute=500,
        embedding_width=1536,
    ),
    Model(
        model_id="cohere-rerank-3-5",
        kind="rerank",
        requests_per_minute=250,
        tokens_per_minute=None,
    ),
    Model(model_id="deepseek-v3-2", regions=_US),
    Model(model_id="glm-4-7", regions=_US),
    Model(model_id="glm-4-7-flash", regions=_US),
    Model(model_id="gpt-oss-120b", vision=False, requests_per_minute=200),
    Model(model_id="kimi-k2-5", regions=_US),
    Model(model_id="kimi-k2-thinking", regions=_US),
    Model(model_id="minimax-m2", regions=_US),
    Model(model_id="minimax-m2-1", regions=_US),
    Model(model_id="nova-2-lite", regions=_US),
    Model(model_id="nova-lite"),
    Model(model_id="nova-pro"),
    Model(model_id="qwen3-235b", regions=_US),
    Model(model_id="qwen3-coder-480b", regions=_US),
    Model(
        model_id="stable-image-ultra",
        kind="image",
        regions=_US,
        requests_per_minute=20,
        tokens_per_minute=None,
    ),
)

MODELS: dict[str, Model] = {model.model_id: model for model in _CATALOGUE}
"""The models by id: the capture of 8 April 2026, and later ones that have been seen in use."""

_VERSION_FIRST = re.compile(r"claude-(\d[\d-]*)-(haiku|opus|sonnet)")
_FAMILY_FIRST = re.compile(r"claude-(haiku|opus|sonnet)-(\d[\d-]*)")


def find_model(model_id: str) -> Model | None:
    """Returns the model with that id, in either order of words.

    `claude-sonnet-4-6`, as on Heroku's model card, and `claude-4-6-sonnet`, as in the catalogue,
    are one model.
    """
    if model_id in MODELS:
        return MODELS[model_id]
    if match := _VERSION_FIRST.fullmatch(model_id):
        return MODELS.get(f"claude-{match[2]}-{match[1]}")
    if match := _FAMILY_FIRST.fullmatch(model_id):
        return MODELS.get(f"claude-{match[2]}-{match[1]}")
    return None


def available_models() -> list[dict[str, Any]]:
    """Returns the answer of `GET /available-models`: a bare array, sorted by `model_id`."""
    return [MODELS[model_id].listing() for model_id in sorted(MODELS)]
