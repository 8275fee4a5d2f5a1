"""Turns pydantic's errors about arguments into ours."""

from __future__ import annotations

from enum import Enum
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, get_args

from heroku_inference._config.arguments import refuse_unknown, unknown_argument
from heroku_inference._errors import ConfigError, HerokuError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel, ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

__all__ = ["argument_error", "argument_names", "refuse_unknown"]

# What a value must be, by the first word of pydantic's error type.
_KINDS: Final = {
    "bool": "True or False",
    "callable": "a function",
    "dict": "a mapping",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "mapping": "a mapping",
    "path": "a path",
    "string": "a str",
}
_BOUNDS: Final = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
# What a value must be, by the start of the union member that pydantic names in `loc`.
_COLLECTIONS: Final = {"list": "a list of str", "dict": "a mapping with names as keys"}
_LONGEST_WORD: Final = 20  # characters; keys are longer and contain digits


@cache
def argument_names(owner: type[BaseModel]) -> frozenset[str]:
    """The names of all arguments that a class takes, including alternative spellings."""
    return frozenset({*owner.model_fields, *getattr(owner, "_SPELLINGS", ())})


def argument_error(
    owner: type[BaseModel], error: ValidationError, arguments: Mapping[str, Any]
) -> HerokuError:
    """The error for the first mistake that pydantic found in the arguments of a class.

    A value that might be a misplaced key is not shown.
    """
    details = error.errors(include_url=False)
    first = details[0]
    if isinstance(raised := first.get("ctx", {}).get("error"), HerokuError):
        return raised
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return unknown_argument(name, sorted(argument_names(owner)), owner=owner.__name__)
    value = arguments.get(name, first["input"])
    if (field := owner.model_fields.get(name)) is None:
        return ConfigError(f"{owner.__name__}() does not take these arguments: {first['msg']}.")
    mistakes = [detail for detail in details if detail["loc"][0] == name]
    if first["type"] == "missing" and len(first["loc"]) == 1:
        return ConfigError(f"{owner.__name__}() needs {name}.", f"Pass {name}=....")
    wanted = " or ".join(dict.fromkeys(_requirement(mistake, field) for mistake in mistakes))
    shown = field.repr and name not in getattr(owner, "_KEYS", ())
    return ConfigError(
        f"{name} must be {wanted}, got {_describe_value(value, shown=shown)}.", _remedy(field)
    )


def _requirement(mistake: ErrorDetails, field: FieldInfo) -> str:
    """What the value must be, as words after "must be"."""
    kind, context, place = mistake["type"], mistake.get("ctx", {}), mistake["loc"]
    members = [member for member in get_args(field.annotation) if member is not NoneType]
    if len(place) > (2 if len(members) > 1 else 1):
        label = str(place[1] if len(members) > 1 else members[0] if members else field.annotation)
        found = (text for start, text in _COLLECTIONS.items() if label.startswith(start))
        return next(found, "valid in all its parts")
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return f"{words} {context[bound]:g}"
    if kind == "literal_error":
        return str(context["expected"])
    if kind == "is_instance_of":
        return f"a {context['class']}"
    message = mistake["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return _KINDS.get(kind.partition("_")[0], message.rstrip("."))


def _describe_value(value: object, *, shown: bool) -> str:
    if value is None:
        return "None"
    is_word = isinstance(value, str) and len(value) <= _LONGEST_WORD and value.isalpha()
    if shown and (is_word or isinstance(value, int | float)):
        return repr(value)
    return f"a value of type {type(value).__name__}"


def _remedy(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    default = field.get_default()
    default = default.value if isinstance(default, Enum) else default
    if isinstance(default, int | float | str):
        return f"Leave it out for the default, {default!r}."
    return "Leave it out for the default."
