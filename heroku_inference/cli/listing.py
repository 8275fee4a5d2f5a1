"""Heroku's list of models, which needs no key, beside what the catalogue knows of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from heroku_inference._call import Call
from heroku_inference._catalogue import (
    AvailableModel,
    ModelFacts,
    ModelKind,
    available_models,
    known_model,
)
from heroku_inference._config.settings import Settings
from heroku_inference._endpoints import paths
from heroku_inference._http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heroku_inference._call import MaskedHeaders

__all__ = ["Listed", "fetch_models", "warning_for"]

_ORDER: Final[tuple[ModelKind, ...]] = ("chat", "embedding", "rerank", "image")
_SOON: Final = timedelta(days=90)


class _Keyless(Transport):
    """The list is public (docs: available models): no key leaves this machine for it."""

    def _usual_headers(self, default_headers: Mapping[str, str]) -> MaskedHeaders:
        headers = super()._usual_headers(default_headers)
        del headers["authorization"]
        return headers


@dataclass(frozen=True, slots=True)
class Listed:
    """A model on Heroku's list."""

    entry: AvailableModel
    facts: ModelFacts | None
    warning: str | None
    """Says that its life ends or has ended; `None` if it does not."""

    @property
    def kind(self) -> ModelKind | None:
        """What it is for; `None` for what this library does not know."""
        kinds = [kind for kind in _ORDER if kind in self.entry.kinds]
        return kinds[0] if kinds else None


def fetch_models(
    base_url: str | None, *, timeout: float | None = None, today: date | None = None
) -> list[Listed]:
    """The models on the list, by kind and name.

    Args:
        base_url: Where; by default `INFERENCE_URL`, else the US endpoint.
        timeout: Seconds to wait.
        today: The day that ends of life are told from; today's by default.

    Raises:
        ConfigError: The URL is malformed.
        APIError: The list could not be had.
        InvalidResponseError: The answer is not such a list.
    """
    settings = Settings(api_key="none", base_url=base_url)
    transport = _Keyless(settings, timeout=timeout, max_retries=0)
    day = today or date.today()  # noqa: DTZ011 - the user's day
    models = [
        Listed(entry, known_model(entry.model_id), warning_for(entry, day))
        for entry in available_models(transport.send(Call(paths.MODELS)))
    ]
    return sorted(models, key=_place)


def _place(model: Listed) -> tuple[int, str]:
    kind = model.kind
    return (len(_ORDER) if kind is None else _ORDER.index(kind)), model.entry.model_id


def warning_for(entry: AvailableModel, today: date) -> str | None:
    """What to know of the end of a model's life, seen from a day; `None` if there is nothing."""
    end = entry.eol_date.date() if entry.eol_date else None
    start = entry.deprecation_date.date() if entry.deprecation_date else None
    instead = f"; use {entry.replacement_model}" if entry.replacement_model else ""
    if end is not None and end <= today:
        return f"past its end of life of {end}{instead}"
    if entry.state == "deprecated" or (start is not None and start <= today):
        return f"deprecated, {f'ends on {end}' if end else 'its end is not named'}{instead}"
    if start is not None or (end is not None and end - today <= _SOON):
        return f"to be deprecated, {f'ends on {end}' if end else f'from {start}'}{instead}"
    return None
