"""LangChain's profiles of models, and their ids for traces, from the core's catalogue. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import heroku_inference

if TYPE_CHECKING:
    from langchain_core.language_models import ModelProfile

    from heroku_inference import ModelFacts

__all__ = ["maker_metadata", "profile_of"]

# What holds for all models (docs: chat completions): text and images in, text out, streamed tool
# calls. The API ignores `response_format`, so models do not have built-in structured output.
_OF_THE_API: Final[ModelProfile] = {
    "text_inputs": True,
    "pdf_inputs": False,
    "audio_inputs": False,
    "video_inputs": False,
    "pdf_tool_message": False,
    "text_outputs": True,
    "image_outputs": False,
    "audio_outputs": False,
    "video_outputs": False,
    "tool_call_streaming": True,
    "structured_output": False,
    "temperature": True,
}
_EFFORTS: Final = ("low", "medium", "high")


def profile_of(model: str) -> ModelProfile:
    """The profile of a model, as a new dict without unknown facts.

    A model that this library does not know gets the profile of the API. Nothing is refused because
    of that.
    """
    profile = _OF_THE_API.copy()
    facts = heroku_inference.known_model(model)  # the first time loads the catalogue
    if facts is not None and facts.kind == "chat":
        _add(profile, facts)
    return profile


def maker_metadata(model: str) -> dict[str, str]:
    """The maker's id of a model, which tables of prices know, for traces; empty if unknown."""
    facts = heroku_inference.known_model(model)
    return {"maker_model_id": facts.maker_id} if facts and facts.maker_id else {}


def _add(profile: ModelProfile, facts: ModelFacts) -> None:
    profile["status"] = "deprecated" if facts.deprecation_date else "active"
    if facts.sampling is not None:
        profile["temperature"] = facts.sampling
    if facts.context_window is not None:
        profile["max_input_tokens"] = facts.context_window
    if facts.max_output_tokens is not None:
        profile["max_output_tokens"] = facts.max_output_tokens
    if facts.vision is not None:
        profile["image_inputs"] = profile["image_url_inputs"] = facts.vision
    if facts.tools is not None:
        profile["tool_calling"] = profile["tool_choice"] = facts.tools
    if facts.thinking is not None:
        profile["reasoning_output"] = facts.thinking
    if facts.thinking:
        profile["reasoning_effort_levels"] = list(_EFFORTS)
