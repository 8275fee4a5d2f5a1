"""JSON schemas as small as they can be without a change of what they accept. Pure.

Heroku is known to decode schemas against a list of keywords: it refuses `$schema`, and nobody has
seen what it does with `$ref` and `title` (docs: chat completions, tools). Frameworks make things
worse: of a class that refers to itself they leave an empty schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

__all__ = ["is_of_objects", "object_schema", "smallest_schema"]

# Where schemas are found below a schema: in the value itself (or in a list of them), or by name.
# All other values are data (`const`, `default`, `enum`, `examples`) or unknown, and stay untouched.
_SCHEMAS: Final = frozenset(
    {
        "additionalItems",
        "additionalProperties",
        "allOf",
        "anyOf",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "oneOf",
        "prefixItems",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_DEFINITIONS: Final = frozenset({"$defs", "definitions"})
_NAMED_SCHEMAS: Final = frozenset(
    {"dependencies", "dependentSchemas", "patternProperties", "properties", *_DEFINITIONS}
)
_NOT_NEEDED: Final = frozenset({"$id", "$schema", "title"})
# OpenAPI's `discriminator` names definitions by path; what it says stands in each branch's `const`.
_NOT_NEEDED_INLINE: Final = _NOT_NEEDED | _DEFINITIONS | {"discriminator"}
# Keywords that accept everything: beside a `$ref` they replace what the definition says.
_ANNOTATIONS: Final = frozenset(
    {
        "$comment",
        "default",
        "deprecated",
        "description",
        "examples",
        "readOnly",
        "writeOnly",
    }
)
_BRANCHES: Final = frozenset({"allOf", "anyOf", "oneOf"})
_MOST_LEVELS: Final = 64
_MOST_CHOICES: Final = 8  # levels of choices among choices
_MOST_SCHEMAS: Final = 5_000
_ODD: Final = re.compile(r"[^a-zA-Z0-9_.-]")


def smallest_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A new schema that accepts the same values, with nothing that a model does not need.

    References are replaced by what they refer to; `$defs` keeps only definitions that contain
    themselves. Titles of schemas, `$schema` and `$id` are left out, properties of these names stay.

    References stay as they are, and all definitions with them, where one refers to another document
    or to nothing, and where the schema would become very large or deep.
    """
    root = dict(schema)
    try:
        return _Inliner(root).inlined()
    except _CannotInlineError:
        without_titles: dict[str, Any] = _without_titles(root)
        return without_titles


def object_schema(schema: Mapping[str, Any], description: str | None = None) -> dict[str, Any]:
    """The smallest schema as Heroku takes it for a tool, which says `type` at its root.

    A choice at its root becomes one object with all properties, and its description says what
    belongs together: Bedrock, which answers for Heroku, takes no `anyOf`, `oneOf` or `allOf` there.
    A choice that is not between objects stays as it is, without a `type`. The `description` that
    the tool has already is not repeated.
    """
    smallest = smallest_schema(schema)
    if description and smallest.get("description") == description:
        del smallest["description"]
    if not smallest.keys() & _BRANCHES:
        return smallest if "type" in smallest else {"type": "object", "properties": {}, **smallest}
    definitions = smallest.get("$defs", {})
    if smallest.get("type", "object") != "object" or not (
        "type" in smallest or _is_of_objects(smallest, definitions)
    ):
        return smallest
    return _one_object(smallest, definitions) or {"type": "object", **smallest}


def is_of_objects(schema: Mapping[str, Any]) -> bool:
    """Whether all values of a smallest schema are objects, as arguments and answers must be."""
    return schema.get("type") == "object"


class _CannotInlineError(Exception):
    """A reference leads nowhere here, or the result would be too large."""


class _Inliner:
    """Replaces the references of one schema."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._schemas = 0
        self._searched = False
        self._targets: dict[str, Any] = {"#": root}
        # Definitions that contain themselves: how to refer to each by its identity, each by name.
        self._references: dict[int, str] = {}
        self._definitions: dict[str, Any] = {}

    def inlined(self) -> dict[str, Any]:
        root: dict[str, Any] = self._inline(self._root, 0, at_root=True)
        definitions = {
            name: self._inline(definition, 0) for name, definition in self._definitions.items()
        }
        return {**root, "$defs": definitions} if definitions else root

    def _inline(self, schema: Any, level: int, *, at_root: bool = False) -> Any:
        if not isinstance(schema, dict):
            return schema
        self._count(level)
        rebuilt = _rebuild(schema, self._inline, level, _NOT_NEEDED_INLINE)
        if "allOf" in rebuilt:
            rebuilt = _merge_single_all_of(rebuilt)
        if "$dynamicRef" in rebuilt:
            raise _CannotInlineError
        if "$ref" not in rebuilt:
            return rebuilt
        del rebuilt["$ref"]
        if not self._searched:
            self._searched = True
            self._search(self._root, 0, {id(self._root)}, set())
        target = self._target(schema["$ref"])
        reference = self._references.get(id(target))
        if reference is not None and not at_root:  # the root must say its type itself
            return {"$ref": reference, **rebuilt}
        return _join(self._inline(target, level + 1, at_root=at_root), rebuilt)

    def _search(self, schema: Any, level: int, opened: set[int], closed: set[int]) -> None:
        """Finds definitions to keep, at least one in each circle; visits each definition once."""
        if not isinstance(schema, dict):
            return
        self._count(level)
        if "$id" in schema and schema is not self._root:
            raise _CannotInlineError  # references below mean something else
        for inner in _inner_schemas(schema):
            self._search(inner, level + 1, opened, closed)
        if "$ref" not in schema:
            return
        target = self._target(schema["$ref"])
        if id(target) in opened:
            self._keep(target, schema["$ref"])
        elif id(target) not in closed:
            opened.add(id(target))
            self._search(target, level + 1, opened, closed)
            opened.remove(id(target))
            closed.add(id(target))

    def _keep(self, target: Any, reference: str) -> None:
        if id(target) in self._references:
            return
        if target is self._root:
            self._references[id(target)] = "#"
            return
        name = _ODD.sub("_", reference.rpartition("/")[2]) or "_"
        while name in self._definitions:
            name += "_"
        self._definitions[name] = target
        self._references[id(target)] = f"#/$defs/{name}"

    def _target(self, reference: Any) -> Any:
        """The part of the schema that a JSON pointer names."""
        if not isinstance(reference, str):
            raise _CannotInlineError
        if reference not in self._targets:
            self._targets[reference] = self._found(reference)
        return self._targets[reference]

    def _found(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise _CannotInlineError
        found: Any = self._root
        for step in unquote(reference[2:]).split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            else:
                raise _CannotInlineError
        if not isinstance(found, dict | bool):
            raise _CannotInlineError
        return found

    def _count(self, level: int) -> None:
        self._schemas += 1
        if self._schemas > _MOST_SCHEMAS or level > _MOST_LEVELS:
            raise _CannotInlineError


def _rebuild(
    schema: dict[str, Any],
    change: Callable[[Any, int], Any],
    level: int,
    left_out: AbstractSet[str],
) -> dict[str, Any]:
    """The schema with a function applied to the schemas directly below it."""
    rebuilt = {key: schema[key] for key in schema if key not in left_out}
    for key, value in rebuilt.items():
        if key in _SCHEMAS:
            is_list = isinstance(value, list)
            rebuilt[key] = (
                [change(inner, level + 1) for inner in value]
                if is_list
                else change(value, level + 1)
            )
        elif key in _NAMED_SCHEMAS and isinstance(value, dict):
            rebuilt[key] = {name: change(inner, level + 1) for name, inner in value.items()}
    return rebuilt


def _inner_schemas(schema: dict[str, Any]) -> Iterator[Any]:
    """The schemas directly below, without definitions."""
    for key, value in schema.items():
        if key in _SCHEMAS:
            yield from value if isinstance(value, list) else [value]
        elif key in _NAMED_SCHEMAS and key not in _DEFINITIONS and isinstance(value, dict):
            yield from value.values()


def _merge_single_all_of(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without an `allOf` of one, which older generators put around a `$ref`."""
    parts = schema.get("allOf")
    if not isinstance(parts, list) or len(parts) != 1:
        return schema
    return _join(parts[0], {key: schema[key] for key in schema if key != "allOf"})


def _join(target: Any, beside: dict[str, Any]) -> dict[str, Any]:
    """What a definition and the keywords beside its reference say together."""
    if not isinstance(target, dict):  # a boolean
        return {**beside, "allOf": [*beside.get("allOf", ()), target]}
    asserted = beside.keys() - _ANNOTATIONS
    if asserted <= {"type"} and all(beside[key] == target.get(key) for key in asserted):
        return {**target, **beside}
    return {**beside, "allOf": [*beside.get("allOf", ()), target]}


def _without_titles(schema: Any, level: int = 0) -> Any:
    if not isinstance(schema, dict) or level > _MOST_LEVELS:
        return schema
    # `$id` stays: references may be relative to it.
    return _rebuild(schema, _without_titles, level, {"$schema", "title"})


def _one_object(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], level: int = 0
) -> dict[str, Any] | None:
    """One object that accepts what the choices of a schema accept, and more.

    `None` if one of the choices is not an object.
    """
    properties = dict(schema.get("properties", {}))
    required = list(schema.get("required", ()))
    description = [schema.get("description")]
    for key in sorted(schema.keys() & _BRANCHES):
        forms: list[dict[str, Any]] = []
        for part in schema[key]:
            if (form := _form(part, definitions, level)) is None:
                return None
            forms.append(form)
        for name in dict.fromkeys(name for form in forms for name in form["properties"]):
            told = (form["properties"][name] for form in forms if name in form["properties"])
            properties.setdefault(name, _either(told))
        if key == "allOf":
            required += [name for form in forms for name in form["required"]]
        else:
            required += _in_all([form["required"] for form in forms])
            description.append(_what_belongs_together(forms))
    merged = {name: schema[name] for name in schema if name not in _BRANCHES}
    text = " ".join(filter(None, description))
    return {
        **merged,
        "type": "object",
        "properties": properties,
        **({"required": list(dict.fromkeys(required))} if required else {}),
        **({"description": text} if text else {}),
    }


def _form(part: Any, definitions: Mapping[str, Any], level: int) -> dict[str, Any] | None:
    """A choice as an object, with `properties` and `required`."""
    if isinstance(part, Mapping) and isinstance(reference := part.get("$ref"), str):
        part = definitions.get(reference.rpartition("/")[2])
    if not isinstance(part, Mapping) or "$ref" in part or part.get("type", "object") != "object":
        return None
    if part.keys() & _BRANCHES:  # definitions may go around in circles
        part = _one_object(part, definitions, level + 1) if level < _MOST_CHOICES else None
    return None if part is None else {"properties": {}, "required": [], **part}


def _in_all(lists: Sequence[Sequence[str]]) -> list[str]:
    first, *rest = lists or [[]]
    return [name for name in first if all(name in names for names in rest)]


def _what_belongs_together(forms: Sequence[Mapping[str, Any]]) -> str:
    told = [", ".join(form["required"] or form["properties"]) for form in forms]
    return f"Give what belongs together: {'; or '.join(told)}." if all(told) else ""


def _either(schemas: Iterable[Any]) -> Any:
    different: list[Any] = []
    for schema in schemas:
        if schema not in different:
            different.append(schema)
    return different[0] if len(different) == 1 else {"anyOf": different}


def _is_of_objects(schema: Any, definitions: Mapping[str, Any]) -> bool:
    """Whether a schema says that all its values are objects."""
    if not isinstance(schema, Mapping):
        return False
    if "type" in schema:
        return bool(schema["type"] == "object")
    if isinstance(reference := schema.get("$ref"), str):
        # Followed once: definitions may go around in circles.
        return _is_of_objects(definitions.get(reference.rpartition("/")[2]), {})
    if any(_is_of_objects(part, definitions) for part in schema.get("allOf", ())):
        return True
    choices = [schema[key] for key in ("anyOf", "oneOf") if schema.get(key)]
    return any(all(_is_of_objects(one, definitions) for one in choice) for choice in choices)
