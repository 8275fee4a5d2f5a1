"""The arguments of `HerokuAgent`: those for its model, and those that it refuses."""

from __future__ import annotations

from typing import Any, Final

from heroku_inference import ConfigError
from heroku_inference._adapters.argument_errors import argument_names
from llama_index_heroku.llms import FOREIGN_ARGUMENTS, Heroku

__all__ = ["MODEL_ARGUMENTS", "llm_of", "other_llm", "refusal_of"]

MODEL_ARGUMENTS: Final = (
    argument_names(Heroku) | FOREIGN_ARGUMENTS | {"max_tokens_per_inference_request"}
)
"""Arguments of the model that an agent accepts too."""

# Parameters that the endpoint does not have (docs: agents).
_NO_FIELD: Final = (
    "additional_kwargs",
    "allow_ignored_params",
    "extended_thinking",
    "extra_body",
    "parallel_tool_calls",
    "prompt_caching",
    "reasoning_effort",
    "top_k",
    "user",
)


def llm_of(llm: Heroku | None, data: dict[str, Any]) -> Heroku:
    """The `Heroku` with the model, connection and parameters: `llm`, or one made from `data`.

    Raises:
        ConfigError: `llm` is of another class, comes with arguments that it replaces, or has a
            parameter that the endpoint lacks.
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
            f"The agents endpoint does not have {', '.join(ignored)}.",
            "Leave it out, or send any other field with the agent's extra_body=....",
        )
    return llm


def other_llm(llm: object) -> ConfigError:
    """The error for a model of another class."""
    return ConfigError(
        f"llm must be a Heroku, because the server runs the model; got a {type(llm).__name__}.",
        "Leave it out: the agent's own arguments make one.",
    )


def refusal_of(name: str) -> ConfigError:
    """The error for an argument that would have to run in this program."""
    if name == "can_handoff_to":
        return ConfigError(
            "A HerokuAgent cannot hand off: Heroku runs it to the end.",
            "Have another agent, such as a FunctionAgent with llm=Heroku(...), hand off to it, or "
            "use it as a tool: as_tool().",
        )
    return ConfigError(
        f"A HerokuAgent cannot have {name} that run here: the agents endpoint runs only Heroku's "
        "own tools and MCP tools (docs: agents).",
        "Pass those as heroku_tools=[...]. For your own functions use a FunctionAgent with "
        "llm=Heroku(...), which can use this agent with as_tool().",
    )
