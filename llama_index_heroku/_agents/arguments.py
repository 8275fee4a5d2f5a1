"""The arguments of `HerokuAgent`: those that make its model, and those that it refuses. Pure."""

from __future__ import annotations

from typing import Any, Final

from heroku_inference import ConfigError
from heroku_inference._adapters.argument_errors import argument_names
from llama_index_heroku.llms import FOREIGN_ARGUMENTS, Heroku

__all__ = ["MODEL_ARGUMENTS", "llm_of", "other_llm", "refusal_of"]

MODEL_ARGUMENTS: Final = (
    argument_names(Heroku) | FOREIGN_ARGUMENTS | {"max_tokens_per_inference_request"}
)
"""The arguments of the model that an agent takes too."""

# What the endpoint has no field for (docs: agents).
_NO_FIELD: Final = (
    "additional_kwargs",
    "allow_ignored_params",
    "extended_thinking",
    "extra_body",
    "parallel_tool_calls",
    "prompt_caching",
    "reasoning_effort",
    "top_k",
)


def llm_of(llm: Heroku | None, data: dict[str, Any]) -> Heroku:
    """The `Heroku` that says which model is run, where and how: `llm`, or one from `data`.

    Raises:
        ConfigError: `llm` is of another class, comes with arguments that it replaces, or has a
            parameter that the endpoint does not have.
    """
    if llm is None:
        if (limit := data.pop("max_tokens_per_inference_request", None)) is not None:
            data = {**data, "max_tokens": limit}
        llm = Heroku(**data)
    elif not isinstance(llm, Heroku):
        raise other_llm(llm)
    elif data:
        raise ConfigError(
            f"llm=... was passed together with {', '.join(sorted(data))}, which it replaces.",
            "Set them on the llm.",
        )
    if ignored := [name for name in _NO_FIELD if getattr(llm, name) not in (None, {})]:
        raise ConfigError(
            f"The agents endpoint has no {', '.join(ignored)}.",
            "Leave it out, or send a field of your own with extra_body=... of the agent.",
        )
    return llm


def other_llm(llm: object) -> ConfigError:
    """The error for a model of another class."""
    return ConfigError(
        f"llm must be a Heroku, because the server runs the model; got a {type(llm).__name__}.",
        "Leave it out: the agent's own arguments make one.",
    )


def refusal_of(name: str) -> ConfigError:
    """The error for an argument that would need something to run here."""
    if name == "can_handoff_to":
        return ConfigError(
            "A HerokuAgent cannot hand off: Heroku runs it to its end.",
            "Have another agent, such as a FunctionAgent with llm=Heroku(...), hand off to it, or "
            "use it as a tool: as_tool().",
        )
    return ConfigError(
        f"A HerokuAgent cannot have {name} that run here: the agents endpoint runs Heroku's and "
        "MCP tools only (docs: agents).",
        "Pass those as heroku_tools=[...]. For functions of yours use a FunctionAgent with "
        "llm=Heroku(...), which can have this agent as_tool().",
    )
