"""Gives the reference what a class is made with: its arguments, and what each is for.

A pydantic class takes `**data` as far as its source tells, and its fields stand in the classes
above it. Here its signature names them all, its own before the framework's. Of dataclasses and
pydantic classes alike, the fields become a list below the class, so that a page stays short.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from inspect import formatannotation
from textwrap import indent
from typing import TYPE_CHECKING, Any, get_origin

import griffe
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

_OURS = ("heroku_inference", "langchain_heroku", "llama_index_heroku", "heroku_emulator")
_SECTION = re.compile(r"^(Raises|Example|Examples|Note):$", re.MULTILINE)
_OWN_LIST = re.compile(r"^(Args|Attributes):$", re.MULTILINE)
_LONGEST_DEFAULT = 40
_CATCH_ALL = (griffe.ParameterKind.var_positional, griffe.ParameterKind.var_keyword)


class Arguments(griffe.Extension):
    """Signatures with all arguments, and lists of fields."""

    def __init__(self, repo: str = "") -> None:
        super().__init__()
        self._repo = repo
        self._fields: dict[str, griffe.Attribute] = {}

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """Keep the field for the classes below its own, which other packages may hold."""
        self._fields[attr.path] = attr

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Change the classes of one of our packages."""
        if pkg.path not in _OURS:
            return
        told: list[tuple[griffe.Class, str, list[str], type]] = []
        for shown in _classes(pkg):
            if self._repo and shown.docstring:
                link = f"{self._repo}/blob/main/{shown.relative_package_filepath}#L{shown.lineno}"
                shown.docstring.value += f"\n\n[Source]({link})"
            if shown.docstring and _OWN_LIST.search(shown.docstring.value):
                continue  # it tells its arguments itself
            made = getattr(import_module(shown.module.path), shown.name, None)
            if isinstance(made, type) and issubclass(made, BaseModel):
                if made.__module__.startswith(("langchain_heroku", "llama_index_heroku")):
                    shown.set_member("__init__", self._constructor(shown, made))
                told.append((shown, "Args", list(made.model_fields), made))
            elif isinstance(made, type) and is_dataclass(made):
                names = [field.name for field in fields(made)]
                for parameter in shown.parameters:
                    parameter.annotation = _plain(parameter.annotation)
                told.append((shown, "Attributes", names, made))
        for shown, title, names, made in told:
            self._tell(shown, title, names, made)

    def _written(self, made: type, name: str) -> griffe.Attribute | None:
        """A field as one of our classes writes it, or `None` for a framework's."""
        above = (f"{owner.__module__}.{owner.__qualname__}.{name}" for owner in made.__mro__)
        return next((self._fields[path] for path in above if path in self._fields), None)

    def _constructor(self, shown: griffe.Class, made: type[BaseModel]) -> griffe.Function:
        own = shown.members.get("__init__")
        named = [
            parameter
            for parameter in (own.parameters if isinstance(own, griffe.Function) else [])
            if parameter.kind not in _CATCH_ALL and parameter.name != "self"
        ]
        taken = {parameter.name for parameter in named}
        further = [
            self._parameter(made, name, field)
            for name, field in made.model_fields.items()
            if field.init is not False and name not in taken
        ]
        further.sort(key=lambda one: self._written(made, one.name) is None)
        this = griffe.Parameter("self", kind=griffe.ParameterKind.positional_or_keyword)
        constructor = griffe.Function(
            "__init__", parameters=griffe.Parameters(this, *named, *further)
        )
        if own is not None:
            constructor.docstring = own.docstring
        return constructor

    def _parameter(self, made: type, name: str, field: FieldInfo) -> griffe.Parameter:
        written = self._written(made, name)
        return griffe.Parameter(
            name,
            annotation=_plain(written.annotation) if written else _annotation(field),
            kind=griffe.ParameterKind.keyword_only,
            default=_default(field),
        )

    def _tell(self, shown: griffe.Class, title: str, names: list[str], made: type) -> None:
        entries = ""
        for name in names:
            written = self._written(made, name)
            if name in shown.members and isinstance(shown.members[name], griffe.Attribute):
                if "property" in shown.members[name].labels:
                    continue
                shown.del_member(name)
            if written and written.docstring and not name.startswith("_"):
                text = indent(written.docstring.value, " " * 8).strip()
                entries += f"    {name} ({_plain(written.annotation)}): {text}\n"
        if entries and shown.docstring:
            text = shown.docstring.value
            section = _SECTION.search(text)
            place = section.start() if section else len(text)
            before, after = text[:place].rstrip(), text[place:]
            shown.docstring.value = f"{before}\n\n{title}:\n{entries}\n{after}".rstrip()


def _classes(parent: griffe.Module | griffe.Class) -> Iterator[griffe.Class]:
    for member in list(parent.members.values()):
        if isinstance(member, griffe.Class):
            yield member
        elif isinstance(member, griffe.Module):
            yield from _classes(member)


def _plain(annotation: str | griffe.Expr | None) -> str | griffe.Expr | None:
    """An annotation without what pydantic alone reads."""
    if isinstance(annotation, griffe.ExprSubscript) and str(annotation.left) == "Annotated":
        of_both = annotation.slice
        return of_both.elements[0] if isinstance(of_both, griffe.ExprTuple) else of_both
    return annotation


def _annotation(field: FieldInfo) -> str:
    """The type of a framework's field, with names as in source."""
    text = formatannotation(field.annotation) if get_origin(field.annotation) else field.annotation
    if isinstance(text, type):
        return text.__name__
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", str(text)).replace("NoneType", "None")


def _default(field: FieldInfo) -> str | None:
    if field.is_required():
        return None
    if field.default_factory in {dict, list, tuple}:
        return repr(field.default_factory())
    if field.default_factory:
        return "..."
    if isinstance(field.default, type):
        return field.default.__name__
    if isinstance(field.default, Enum):
        return str(field.default)
    text = repr(field.default)
    return text if len(text) <= _LONGEST_DEFAULT else "..."
