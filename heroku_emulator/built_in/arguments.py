"""Fills a JSON schema with values from a prompt. Pure."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from typing import Any

__all__ = ["arguments_for", "positional_arguments"]

_DEEPEST = 8
# Typographic quotes by code point: \u201c \u201d double, \u2018 \u2019 single, \u300c-\u300f CJK.
_QUOTED = re.compile(
    r"[\"\u201c\u00ab]([^\"\u201d\u00bb]+)[\"\u201d\u00bb]"
    r"|(?<!\w)['\u2018]([^'\u2019]+)['\u2019](?!\w)"
    r"|[\u300c\u300e]([^\u300d\u300f]+)[\u300d\u300f]"
)
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w)")
_CAPITALISED = r"(?!I\b)[A-Z][\w'\u2019-]*"
_NAME = re.compile(rf"{_CAPITALISED}(?:,? {_CAPITALISED})*")
_SENTENCE_START = re.compile(r"(?:^|[.!?:]\s+|\n)$")
_NEGATION = re.compile(r"\b(?:no|not|never|false|off|disable)\b", re.IGNORECASE)
_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
    "ipv4": "192.0.2.1",
}


def arguments_for(schema: dict[str, Any] | None, prompt: str) -> dict[str, Any]:
    """Returns an object of the schema, with enums, numbers and names from the prompt."""
    value = _Writer(schema or {}, prompt).value(schema or {}, "", 0)
    return value if isinstance(value, dict) else {}


def positional_arguments(
    schema: dict[str, Any] | None, written: str, prompt: str
) -> dict[str, Any]:
    """Returns the object for arguments as a prompt writes them: `3`, `1, b=2` or nothing."""
    literals = _literals(list((schema or {}).get("properties") or {}), written)
    if literals is None:
        return arguments_for(schema, f"{written}. {prompt}")
    missing = set((schema or {}).get("required") or []) - set(literals)
    return arguments_for(schema, prompt) | literals if missing else literals


def _literals(names: list[str], written: str) -> dict[str, Any] | None:
    """Reads Python literals by position and name; `None` for anything else."""
    try:
        call = ast.parse(f"f({written})", mode="eval").body
        if not isinstance(call, ast.Call) or len(call.args) > len(names):
            return None
        values = [ast.literal_eval(argument) for argument in call.args]
        named = {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg}
    except (SyntaxError, ValueError):
        return None
    return dict(zip(names, values, strict=False)) | named


@dataclass(slots=True)
class _Found:
    """The pieces of a prompt to fill in; each is used once."""

    numbers: list[float]
    quoted: list[str]
    names: list[str]
    first_words: list[str]
    """Capitalised words that begin a sentence; most are not names."""

    @classmethod
    def in_text(cls, text: str) -> _Found:
        plain = _QUOTED.sub(lambda match: " " * len(match[0]), text)
        names: list[str] = []
        first_words: list[str] = []
        for match in _NAME.finditer(plain):
            begins = _SENTENCE_START.search(plain[: match.start()])
            (first_words if begins else names).append(match[0])
        return cls(
            numbers=[_number(match[0]) for match in _NUMBER.finditer(text)],
            quoted=["".join(match.groups("")) for match in _QUOTED.finditer(text)],
            names=names,
            first_words=first_words,
        )


def _number(text: str) -> float:
    return float(text) if "." in text else int(text)


class _Writer:
    """Writes one value, and uses each piece of the prompt once."""

    def __init__(self, root: dict[str, Any], prompt: str) -> None:
        self._root = root
        self._prompt = prompt.strip() or "unknown"
        self._found = _Found.in_text(prompt)

    def value(self, schema: dict[str, Any], name: str, depth: int) -> Any:
        schema = self._resolve(schema, depth)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._mentioned_choice(schema["enum"]) or schema["enum"][0]
        kind = _kind_of(schema)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind in ("integer", "number"):
            return self._take_number(schema, whole=kind == "integer")
        if kind == "boolean":
            return not _NEGATION.search(self._prompt)
        return None if kind == "null" else self._text(schema, name)

    def _resolve(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        """Follows `$ref` and takes the first branch that is not null, unless it is too deep."""
        if "$ref" in schema:
            target: Any = self._root
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target.get(step, {}) if isinstance(target, dict) else {}
            return self._resolve(target, depth + 1) if depth < _DEEPEST else {}
        for choice in ("anyOf", "oneOf"):
            branches = schema.get(choice)
            if branches:
                null = [branch for branch in branches if branch.get("type") == "null"]
                real = [branch for branch in branches if branch not in null]
                ranked = [*null, *real] if depth >= _DEEPEST else [*real, *null]
                return self._resolve(ranked[0], depth)
        for part in schema.get("allOf", []):
            schema = self._resolve(part, depth) | schema
        return schema

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        required = schema.get("required") or []
        return {
            name: self.value(inner, name, depth + 1)
            for name, inner in (schema.get("properties") or {}).items()
            if name in required or (self._prompt_mentions(name) and depth < _DEEPEST)
        }

    def _prompt_mentions(self, name: str) -> bool:
        """Says whether the prompt mentions an optional property."""
        words = re.escape(name.replace("_", " "))
        return re.search(rf"\b{words}\b", self._prompt, re.IGNORECASE) is not None

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        if schema.get("prefixItems"):
            return [self.value(item, name, depth + 1) for item in schema["prefixItems"]]
        items = self._resolve(schema.get("items") or {"type": "string"}, depth)
        least = schema.get("minItems", 0)
        wished = self._available(items) if depth < _DEEPEST else 0
        count = max(least, min(wished, schema.get("maxItems", 20)))
        return [self.value(items, name, depth + 1) for _ in range(count)]

    def _available(self, items: dict[str, Any]) -> int:
        """Returns how many values of this kind the prompt offers."""
        kind = _kind_of(items)
        if "enum" in items or kind not in ("integer", "number", "string"):
            return 1
        return len(self._found.quoted if kind == "string" else self._found.numbers) or 1

    def _take_number(self, schema: dict[str, Any], *, whole: bool) -> float:
        for number in self._found.numbers:
            if (not whole or number == int(number)) and _fits(number, schema):
                self._found.numbers.remove(number)
                return int(number) if whole else number
        return _plain_number(schema, whole=whole)

    def _mentioned_choice(self, choices: list[Any]) -> Any:
        said = self._prompt.lower()
        return next((choice for choice in choices if str(choice).lower() in said), None)

    def _text(self, schema: dict[str, Any], name: str) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        text = self._take_text(schema, name)
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        return text.ljust(least, ".")[:most]

    def _take_text(self, schema: dict[str, Any], name: str) -> str:
        """Takes a quoted piece, else a name, else the whole prompt, if the pattern allows it."""
        pattern = schema.get("pattern")
        first_words = self._found.first_words if "name" in name.lower() else []
        for pieces in (self._found.quoted, self._found.names, first_words):
            for piece in pieces:
                if pattern is None or re.search(pattern, piece):
                    pieces.remove(piece)
                    return piece
        if pattern is not None:
            words = [*self._prompt.split(), name, "a", "A", "0", "1"]
            return next((word for word in words if re.search(pattern, word)), name)
        return self._prompt


def _kind_of(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return str(next((one for one in kind if one != "null"), "null"))
    if kind is None:
        return "object" if "properties" in schema else "string"
    return str(kind)


def _fits(number: float, schema: dict[str, Any]) -> bool:
    step = schema.get("multipleOf")
    return (
        schema.get("minimum", -math.inf) <= number <= schema.get("maximum", math.inf)
        and schema.get("exclusiveMinimum", -math.inf) < number
        and number < schema.get("exclusiveMaximum", math.inf)
        and (not step or number % step == 0)
    )


def _plain_number(schema: dict[str, Any], *, whole: bool) -> float:
    """Returns one step, or else the nearest number that fits."""
    step = schema.get("multipleOf", 1)
    start = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    first = math.ceil(start / step) * step
    candidates: list[float] = [
        step,
        0,
        first + step,
        first,
        first + 2 * step,
        schema.get("maximum", first),
    ]
    if not whole:
        top = schema.get("maximum", schema.get("exclusiveMaximum", start + 1))
        candidates.append((start + top) / 2)
    fitting = [number for number in candidates if _fits(number, schema)]
    return next(iter(fitting), first)
