"""Checks values against the part of JSON Schema that tool parameters use. Pure."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["is_valid"]

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def _resolve(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    """Returns a schema with `$ref` followed and `allOf` merged; `True` and `{}` allow anything."""
    if not isinstance(schema, dict):
        return {}
    if isinstance(ref := schema.get("$ref"), str):
        target: Any = root
        for step in ref.removeprefix("#").split("/")[1:]:
            target = target.get(step, {}) if isinstance(target, dict) else {}
        return {**_resolve(target, root), **{k: v for k, v in schema.items() if k != "$ref"}}
    merged = dict(schema)
    for part in merged.pop("allOf", []):
        merged = {**_resolve(part, root), **merged}
    return merged


def _properties_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns an object schema's properties by name."""
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def is_valid(value: Any, schema: Any, root: dict[str, Any] | None = None) -> bool:
    """Says whether `value` satisfies the schema.

    It knows types, `enum`, `const`, `$ref`, `allOf`, `anyOf`, `oneOf` and the limits of objects,
    arrays, strings and numbers. It ignores other keywords.
    """
    if schema is False:
        return False
    root = root if root is not None else schema if isinstance(schema, dict) else {}
    schema = _resolve(schema, root)
    return (
        _has_type(value, schema)
        and _is_one_of(value, schema)
        and _keeps_limits(value, schema)
        and _fits_alternatives(value, schema, root)
        and _parts_are_valid(value, schema, root)
    )


def _has_type(value: Any, schema: dict[str, Any]) -> bool:
    wanted = schema.get("type")
    if wanted is None:
        return True
    names = [wanted] if isinstance(wanted, str) else wanted
    return any(_is_a(value, name) for name in names)


def _is_a(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(name, (object,)))


def _is_one_of(value: Any, schema: dict[str, Any]) -> bool:
    if "const" in schema and value != schema["const"]:
        return False
    return "enum" not in schema or value in schema["enum"]


def _keeps_limits(value: Any, schema: dict[str, Any]) -> bool:
    if isinstance(value, str):
        pattern = schema.get("pattern")
        return _is_between(len(value), schema, "minLength", "maxLength") and (
            pattern is None or re.search(pattern, value) is not None
        )
    if isinstance(value, list):
        return _is_between(len(value), schema, "minItems", "maxItems")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return (
            _is_between(value, schema, "minimum", "maximum")
            and value > schema.get("exclusiveMinimum", float("-inf"))
            and value < schema.get("exclusiveMaximum", float("inf"))
        )
    return True


def _is_between(number: float, schema: dict[str, Any], low: str, high: str) -> bool:
    return bool(schema.get(low, float("-inf")) <= number <= schema.get(high, float("inf")))


def _fits_alternatives(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    alternatives = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    return not alternatives or any(is_valid(value, option, root) for option in alternatives)


def _parts_are_valid(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    if isinstance(value, list) and "items" in schema:
        return all(is_valid(item, schema["items"], root) for item in value)
    if not isinstance(value, dict):
        return True
    properties, others = _properties_of(schema), schema.get("additionalProperties", True)
    return all(name in value for name in schema.get("required", [])) and all(
        is_valid(item, properties.get(name, others), root) for name, item in value.items()
    )
