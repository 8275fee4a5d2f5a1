"""The options of one chat call, merged from the model's settings and the call's own options."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import Any, Final

from heroku_inference._chat.request import IGNORED_PARAMETERS, chat_request, drop_ignored
from heroku_inference._chat.thinking import is_on
from heroku_inference._config.arguments import check_extra_body, nearest_name, unknown_argument
from heroku_inference._warnings import warn_caller

__all__ = ["CHAT_OPTIONS", "asks_to_think", "chat_options", "drop_ignored", "options_among"]

CHAT_OPTIONS: Final = frozenset(inspect.signature(chat_request).parameters) - {
    "messages",
    "stream",
    "unknown",
}
"""The options that the core knows by name; any other goes into the request body."""

_LIMITS: Final = ("max_tokens", "max_completion_tokens")  # two names of one option


def chat_options(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Merge layers into the options of one call; later layers win.

    A name that is not an option becomes a field of the body. If Heroku ignores it, it is left out
    with a warning instead. The `extra_body` of all layers is merged, to any depth.
    """
    given: dict[str, Any] = {}
    bodies: list[Mapping[str, Any]] = []
    for layer in layers:
        if any(name in layer for name in _LIMITS):
            for name in _LIMITS:
                given.pop(name, None)
        given.update(layer)
        if body := given.pop("extra_body", None):
            check_extra_body(body)
            bodies.append(body)
    options = {name: given.pop(name) for name in given.keys() & CHAT_OPTIONS}
    if given:
        bodies.insert(0, drop_ignored(given))
    merged: dict[str, Any] = {}
    for body in bodies:
        merged = _merge(merged, body)
    if merged:
        options["extra_body"] = merged
    return options


def options_among(
    arguments: Mapping[str, Any], known: Collection[str], *, owner: str, place: str
) -> dict[str, Any]:
    """Those arguments of a class that are options of its calls, with a warning but for `user`.

    Args:
        arguments: All arguments.
        known: The names of the fields of the class.
        owner: The class.
        place: The field that holds options of every call.

    Raises:
        UnknownArgumentError: A name is not an option either, and looks like a misspelt one.
    """
    unknown = [name for name in arguments if name not in known]
    for name in unknown:
        if name not in CHAT_OPTIONS | IGNORED_PARAMETERS and nearest_name(name, known):
            raise unknown_argument(name, sorted(known), owner=owner)
    # `user` can only mean the field of the body.
    if doubtful := [name for name in unknown if name != "user"]:
        warn_caller(
            f"{owner}() has no argument {', '.join(map(repr, doubtful))}; it went into {place}, to "
            f"be sent with every call. Pass it in {place} if you mean that."
        )
    return {name: arguments[name] for name in unknown}


def asks_to_think(options: Mapping[str, Any], model: str) -> bool:
    """Whether a call with these options thinks in a way that rules out forced tool calls."""
    fields = {**options, **(options.get("extra_body") or {})}
    thinking = fields.get("extended_thinking")
    if isinstance(thinking, Mapping):
        return is_on(thinking)
    if thinking is False:
        return False
    if thinking:
        return True
    if not fields.get("reasoning_effort"):
        return False
    from heroku_inference._catalogue import thinks_by_effort  # noqa: PLC0415 - few ask for it

    return thinks_by_effort(model)


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**under, **over}
    for name in under.keys() & over.keys():
        if isinstance(under[name], Mapping) and isinstance(over[name], Mapping):
            merged[name] = _merge(under[name], over[name])
    return merged
