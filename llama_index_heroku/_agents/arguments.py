"""What a `HerokuAgent` can be told, and what it cannot. Pure."""

from __future__ import annotations

from typing import Any, Final

from heroku_inference._errors import ConfigError
from llama_index_heroku.llms import Heroku

__all__ = ["llm_of", "other_llm", "refusal_of"]

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


def llm_of(given: Heroku | None, data: dict[str, Any]) -> Heroku:
    """The `Heroku` that says which model is run, where and how.

    Raises:
        ConfigError: It is none, or said twice, or has a parameter that the endpoint has not.
    """
    if given is None:
        if (limit := data.pop("max_tokens_per_inference_request", None)) is not None:
            data = {**data, "max_tokens": limit}
        given = Heroku(**data)
    elif not isinstance(given, Heroku):
        raise ConfigError(other_llm(given))
    elif data:
        names = ", ".join(sorted(data))
        raise ConfigError(f"llm=... says all of the model; set there what you say here: {names}.")
    if unheard := [name for name in _NO_FIELD if getattr(given, name) not in (None, {})]:
        raise ConfigError(
            f"The agents endpoint has no {', '.join(unheard)}. Leave it out, or send a field of "
            "your own with extra_body=... of the agent."
        )
    return given


def other_llm(llm: object) -> str:
    """Why this cannot be the agent's model."""
    return (
        f"llm is a {type(llm).__name__}; a HerokuAgent's is a Heroku: the server runs the model. "
        "Leave it out to have one made of the agent's own arguments."
    )


def refusal_of(name: str) -> str:
    """Why there can be no such thing, and what to do instead."""
    if name == "can_handoff_to":
        return (
            "A HerokuAgent cannot hand off: Heroku runs it to its end. Have another agent, such as "
            "a FunctionAgent with llm=Heroku(...), hand off to it, or use it as a tool: as_tool()."
        )
    return (
        f"A HerokuAgent takes no {name} that would run here: the agents endpoint knows Heroku's "
        "and MCP tools only (docs: agents). Pass those as heroku_tools=[...]; for functions of "
        "yours use a FunctionAgent with llm=Heroku(...), which can have this agent as_tool()."
    )
