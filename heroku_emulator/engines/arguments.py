"""Fills a JSON schema with what a text says. Pure.

No understanding is claimed: numbers, quoted words, names, dates and the options of an enum are
found by their shape, and by standing near the name of the field they belong to.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from heroku_emulator.engines.schema import is_valid, properties_of, resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Closest = Callable[[str, Sequence[str]], int]

__all__ = ["fill"]

_DEEPEST = 8  # a schema that refers to itself ends here
_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?![\w])")
_QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]|(?<!\w)['`‘]([^'`’]+)['`’](?!\w)")  # noqa: RUF001
_NAMES = re.compile(r"\b[A-Z][\w'-]*(?:(?:,? (?=[A-Z]{2}\b)| (?:de |of |the )?)[A-Z][\w'-]*)*")
_IDENTIFIER = re.compile(r"\b[a-z]\w*(?:[-_]\w+)+\b")
_AFTER_A_NAME = re.compile(r",|\s+(?:is|was|has|had|lives|works|wants|wrote)\b")
_OPENERS = """
a an and answer are at be book by call can compute convert could do does extract find for get give
has have how i if in is it list look make my note of on please return run search send set show tell
that the there this to translate use was we what when where which who why will with write you
"""
_NOT_NAMES = frozenset(_OPENERS.split())
_FORMATS = {
    "date": re.compile(r"\b\d{4}-\d{2}-\d{2}\b"),
    "date-time": re.compile(r"\b\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?"),
    "email": re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b"),
    "time": re.compile(r"\b\d{1,2}:\d{2}(?::\d{2})?\b"),
    "uri": re.compile(r"\bhttps?://[^\s\"'<>]+"),
    "uuid": re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),
}
_FORMAT_FALLBACKS = {
    "date": "1970-01-01",
    "date-time": "1970-01-01T00:00:00Z",
    "email": "nobody@example.com",
    "time": "00:00:00",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-0000-0000-000000000000",
}
_FREE_TEXT = """
answer code content description input message prompt query question request search sql statement
summary text
"""
_WHOLE_TEXT = frozenset(_FREE_TEXT.split())


def fill(schema: dict[str, Any], text: str, closest: Closest) -> Any:
    """Returns a value made from `text` for a schema; check it before you use it.

    Args:
        schema: The JSON schema to satisfy.
        text: Where the values are looked for.
        closest: Tells which of some options is nearest in meaning to a text.
    """
    return _Reading(schema, text, closest).value(schema, "", _DEEPEST)


class _Reading:
    """One pass over a text; numbers, names and quotations are used up as fields take them."""

    def __init__(self, root: dict[str, Any], text: str, closest: Closest) -> None:
        self._root = root
        self._text = text
        self._closest = closest
        self._numbers = [match[0].replace(",", "") for match in _NUMBER.finditer(text)]
        self._quoted = [match[1] or match[2] for match in _QUOTED.finditer(text)]
        self._names = _names_in(_QUOTED.sub(" ", text))
        self._chosen: list[Any] = []

    def value(self, schema: Any, name: str, depth: int) -> Any:
        schema = resolved(schema, self._root)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._option(schema["enum"])
        if alternatives := schema.get("anyOf") or schema.get("oneOf"):
            return self._alternative(alternatives, name, depth)
        kind = _kind(schema)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind == "boolean":
            return self._flag(schema, name)
        if kind in {"integer", "number"}:
            return self._number(schema, name, whole=kind == "integer")
        return None if kind == "null" else self._string(schema, name)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        if not depth:
            return {}
        required = schema.get("required", [])
        return {
            name: self.value(part, name, depth - 1)
            for name, part in properties_of(schema).items()
            if name in required or self._speaks_of(part, name)
        }

    def _speaks_of(self, schema: Any, name: str) -> bool:
        """Whether an optional field is worth filling: the text names it or one of its options."""
        options = resolved(schema, self._root).get("enum", [])
        return self._labelled(name) is not None or any(self._mentions(option) for option in options)

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        if not depth:
            return []
        items = resolved(schema.get("items", {"type": "string"}), self._root)
        supply = {"integer": self._numbers, "number": self._numbers}.get(_kind(items))
        if supply is None:
            supply = self._quoted or self._names if _kind(items) == "string" else []
        if options := items.get("enum"):
            return [option for option in options if self._mentions(option)] or options[:1]
        wanted = max(schema.get("minItems", 1), min(len(supply), schema.get("maxItems", 20)))
        return [self.value(items, name, depth - 1) for _ in range(wanted)]

    def _alternative(self, alternatives: list[Any], name: str, depth: int) -> Any:
        for option in alternatives:
            if _kind(resolved(option, self._root)) != "null":
                value = self.value(option, name, depth)
                if is_valid(value, option, self._root):
                    return value
        return None

    def _option(self, options: list[Any]) -> Any:
        mentioned = [option for option in options if self._mentions(option)]
        fresh = [option for option in mentioned if option not in self._chosen]
        if not mentioned:
            return options[self._closest(self._text, [str(option) for option in options])]
        text = self._text.lower()
        first = min(fresh or mentioned, key=lambda o: (text.find(str(o).lower()), -len(str(o))))
        self._chosen.append(first)
        return first

    def _mentions(self, option: Any) -> bool:
        return bool(re.search(rf"(?i)\b{re.escape(str(option))}\b", self._text))

    def _flag(self, schema: dict[str, Any], name: str) -> bool:
        said = self._labelled(name)
        if said is not None:
            return said.lower() not in {"false", "no", "off", "0"}
        return bool(schema.get("default", False))

    def _number(self, schema: dict[str, Any], name: str, *, whole: bool) -> float:
        near = re.search(rf"(?i)\b{_words(name)}\b\D{{0,20}}?(-?\d+(?:\.\d+)?)", self._text)
        candidates = [near[1], *self._numbers] if near and name else self._numbers
        for candidate in candidates:
            number = float(candidate)
            value = int(number) if number.is_integer() else number
            if is_valid(value, {**schema, "type": "integer" if whole else "number"}, self._root):
                if candidate in self._numbers:
                    self._numbers.remove(candidate)
                return value
        default = schema.get("default", schema.get("minimum", 0))
        return default if isinstance(default, int | float) else 0

    def _string(self, schema: dict[str, Any], name: str) -> str:
        if found := _FORMATS.get(schema.get("format", "")):
            match = found.search(self._text)
            return match[0] if match else _FORMAT_FALLBACKS[schema["format"]]
        candidates = [self._labelled(name), *self._quoted[:1]]
        if not _WHOLE_TEXT.intersection(_words_of(name)):
            candidates += self._names[:1]
        candidates += [schema.get("default"), self._text.strip()]
        longest = schema.get("maxLength", 10_000)
        for candidate in candidates:
            if isinstance(candidate, str) and is_valid(candidate[:longest], schema, self._root):
                for supply in (self._quoted, self._names):
                    if candidate in supply:
                        supply.remove(candidate)
                return candidate[:longest]
        return "x" * int(schema.get("minLength", 1))

    def _labelled(self, name: str) -> str | None:
        """What stands after the field's name, as in `unit: celsius` or `name = "Ada"`."""
        match = name and re.search(
            rf"(?i)\b{_words(name)}[\"'`]?\s*(?::|=|\bcalled\b|\bnamed\b)\s*"
            r"(?:[\"'“]([^\"'”]+)|([^\s,;]+))",
            self._text,
        )
        return (match[1] or match[2].rstrip(".?!")) if match else None


def _names_in(text: str) -> list[str]:
    """Capitalised names, then identifiers such as `my-app`; not the first word of a request."""
    names = [match for match in _NAMES.finditer(text) if not _opens_sentence(match, text)]
    return [match[0] for match in [*names, *_IDENTIFIER.finditer(text)]]


def _opens_sentence(match: re.Match[str], text: str) -> bool:
    first, *more = re.split(r"[\s']", match[0])
    if first.lower() in _NOT_NAMES:
        return True
    before, after = text[: match.start()].rstrip(), text[match.end() :]
    starts = not before or before.endswith((".", "!", "?", ":", "\n"))
    return starts and not more and not _AFTER_A_NAME.match(after)


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is None:
        return "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind)


def _words_of(name: str) -> list[str]:
    return re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower().replace("_", " ").split()


def _words(name: str) -> str:
    """A pattern for a field's name as people write it: `orderNumber`, `order_number`."""
    return r"[\s_-]?".join(map(re.escape, _words_of(name)))
