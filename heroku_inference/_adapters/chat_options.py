"""The options of one chat call, merged from the model's settings and the call's own options."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from heroku_inference._chat import options as of_chat
from heroku_inference._chat.options import IGNORED_PARAMETERS, drop_ignored
from heroku_inference._chat.thinking_choice import is_on
from heroku_inference._config.arguments import (
    SENDING_OPTIONS,
    check_extra_body,
    is_key_name,
    misplaced_key,
    nearest_name,
    unknown_argument,
)
from heroku_inference._errors import UnknownArgumentError
from heroku_inference._warnings import warn_caller

__all__ = [
    "CHAT_OPTIONS",
    "SENDING_OPTIONS",
    "asks_to_think",
    "chat_options",
    "drop_ignored",
    "options_among",
    "refuse_keys",
    "refuse_unknown_options",
]

CHAT_OPTIONS: Final = of_chat.CHAT_OPTIONS.union(SENDING_OPTIONS)
"""The options that the core knows by name."""

_NOWHERE: Final[Mapping[str, str]] = {}
_LIMITS: Final = ("max_tokens", "max_completion_tokens")  # two names of one option


def chat_options(
    *layers: Mapping[str, Any], known: AbstractSet[str] = CHAT_OPTIONS
) -> dict[str, Any]:
    """Merge layers into the options of one call, whose names are `known`; later layers win.

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
    options = {name: given.pop(name) for name in given.keys() & known}
    if given:
        bodies.insert(0, drop_ignored(given))
    merged: dict[str, Any] = {}
    for body in bodies:
        merged = _merge(merged, body)
    if merged:
        options["extra_body"] = merged
    return options


def refuse_unknown_options(
    call: Mapping[str, Any],
    known: AbstractSet[str] = CHAT_OPTIONS,
    elsewhere: Mapping[str, str] = _NOWHERE,
) -> None:
    """Refuse options of a call that do not exist, before anything is sent.

    Parameters of OpenAI that Heroku ignores are no mistake: `chat_options` leaves them out.

    Args:
        call: The options that the caller passed.
        known: The names of all options.
        elsewhere: What to do instead of an option that others have, by its name.

    Raises:
        UnknownArgumentError: There is no such option.
    """
    if call.keys() <= known:
        return
    for name in call:
        if name in known or name in IGNORED_PARAMETERS:
            continue
        if name == "stream_options" and "stream_usage" in known:  # how OpenAI's programs say it
            continue
        if name in elsewhere:
            raise UnknownArgumentError(f"There is no option {name!r}.", elsewhere[name])
        raise unknown_argument(
            name,
            sorted({*known} - {"model"}),
            kind="option",
            remedy="Use extra_body to send it as a field anyway.",
        )


def refuse_keys(fields: dict[str, Any], place: str = "") -> None:
    """Refuse a key in a place that is sent with the body and shown.

    Args:
        fields: The fields, by name. Options of a call are gone from it when there is a key among
            them: tracebacks may print it.
        place: The argument that holds them; empty for options of a call.

    Raises:
        UnknownArgumentError: A name is a key's; the error does not show its value.
    """
    for name in fields:
        if is_key_name(name):
            if not place:
                fields.clear()
                raise misplaced_key(name, kind="option")
            raise UnknownArgumentError(
                f"{place} has {name!r}, which would be sent in the body and shown.",
                "Pass the add-on's key as api_key=...; use extra_body for a field of this name.",
            )


def options_among(
    arguments: Mapping[str, Any],
    known: Collection[str],
    *,
    owner: str,
    place: str,
    elsewhere: Mapping[str, str] = _NOWHERE,
) -> dict[str, Any]:
    """Those arguments of a class that are options of its calls, with a warning.

    Args:
        arguments: All arguments.
        known: The names of the fields of the class.
        owner: The class.
        place: The field that holds options of every call.
        elsewhere: What to do instead of an argument that others have, by its name.

    Raises:
        UnknownArgumentError: A name is a key's, or is not an option either and looks like a
            misspelt one.
    """
    unknown = [name for name in arguments if name not in known]
    for name in unknown:
        if is_key_name(name):
            raise misplaced_key(name, owner=owner, takes_key=True)
        if name in elsewhere:
            raise UnknownArgumentError(f"{owner}() has no argument {name!r}.", elsewhere[name])
        if name not in CHAT_OPTIONS | IGNORED_PARAMETERS and nearest_name(name, known):
            raise unknown_argument(name, sorted(known), owner=owner)
    if unknown:
        warn_caller(
            f"{owner}() has no argument {', '.join(map(repr, unknown))}; it went into {place}, to "
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
