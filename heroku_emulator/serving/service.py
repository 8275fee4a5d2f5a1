"""`Service`: engine, key, plan, switches, script, journal and rate limits of one emulator."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from heroku_emulator.errors import ApiError
from heroku_emulator.fields import bad_request, check_text
from heroku_emulator.journal import Journal
from heroku_emulator.models import MODELS, Kind, Model, find_model
from heroku_emulator.script import Script
from heroku_emulator.serving.mcp_sessions import Toolkit
from heroku_emulator.serving.rate_limits import RateLimits
from heroku_emulator.switches import Switches
from heroku_emulator.toolbox import Toolbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heroku_emulator.engine import Engine

__all__ = ["Service"]


@dataclass(slots=True, kw_only=True)
class Service:
    """The state of one emulator, shared by the serving thread and the test's."""

    engine: Engine
    api_key: str = field(repr=False)
    only_model: str | None = None
    """The one model of a per-model plan; `None` on the standard plan."""
    toolbox: Toolbox = field(default_factory=Toolbox)
    toolkit: Toolkit = field(default_factory=Toolkit)
    switches: Switches = field(default_factory=Switches)
    script: Script = field(default_factory=Script)
    journal: Journal = field(default_factory=Journal)
    rate_limits: RateLimits = field(default_factory=RateLimits)

    def check_key(self, headers: Mapping[str, str], path: str) -> None:
        """Checks the key; `x-api-key` works for `/v1/messages` only.

        Raises:
            ApiError: 401.
        """
        if path == "/v1/messages" and headers.get("x-api-key") == self.api_key:
            return
        if headers.get("authorization") != f"Bearer {self.api_key}":
            raise ApiError(401)

    def model_for(self, body: dict[str, Any], kind: Kind, switches: Switches) -> Model:
        """Returns the model that a request names.

        Raises:
            ApiError: 400 without a model or for one of another kind, 403 if the plan excludes it,
                404 for an unknown model, one of another region, or an ended one.
        """
        model_id = check_text(body, "model")
        model = find_model(model_id)
        if not self._is_open(model_id, model):
            raise ApiError(403)
        if model is None:
            if switches.unknown_models == "reject":
                raise ApiError(404, f"model not found: {model_id}")
            return replace(_STAND_INS[kind], model_id=model_id)
        if model.kind != kind:
            raise bad_request(f"{model_id} does not support this endpoint")
        is_elsewhere = switches.region not in ("any", *model.regions)
        if is_elsewhere or (switches.ended_models == "reject" and model.has_ended()):
            raise ApiError(404, f"model not found: {model_id}")
        return model

    def _is_open(self, model_id: str, model: Model | None) -> bool:
        """Says whether the plan includes a model, under any of its ids."""
        if self.only_model in (None, model_id):
            return True
        return model is not None and model is find_model(str(self.only_model))


_STAND_INS: dict[Kind, Model] = {
    "chat": MODELS["claude-4-6-sonnet"],
    "embedding": MODELS["cohere-embed-multilingual"],
    "rerank": MODELS["cohere-rerank-3-5"],
    "image": MODELS["stable-image-ultra"],
}
"""The facts for models outside the catalogue, where such models are accepted."""
