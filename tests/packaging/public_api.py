"""Says what the public face is, in lines of text: `python tests/packaging/public_api.py`.

Only what this project wrote is listed. Members that a framework's classes bring along come and go
with the framework; annotations are given as they are written, which no version of Python changes.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import sys
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args, get_origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MODULES: Final = (
    "heroku_inference",
    "heroku_inference.agent_tools",
    "heroku_inference.ray",
    "langchain_heroku",
    "langchain_heroku.errors",
    "llama_index_heroku",
    "heroku_emulator",
    "heroku_emulator.pytest_plugin",
)
_OURS: Final = {module.partition(".")[0] for module in MODULES}
_OF_PYDANTIC: Final = {"model_config", "model_fields", "model_computed_fields", "model_post_init"}
_OPTIONS: Final = re.compile(r"Unpack\[(\w+)\]")
_LONGEST: Final = 80  # characters of a default


def describe() -> list[str]:
    """Returns the lines: a block a module, what their annotations stand for, and the command."""
    blocks = [_module(name) for name in MODULES]
    options = sorted({name for block in blocks for name in _OPTIONS.findall("\n".join(block))})
    blocks += [_options(name) for name in options]
    blocks += [_words(blocks), _command()]
    return "\n\n".join("\n".join(block) for block in blocks).splitlines()


@cache
def _public() -> frozenset[type]:
    values = [getattr(module, name) for module in _modules() for name in module.__all__]
    return frozenset(value for value in values if inspect.isclass(value))


def _modules() -> list[Any]:
    return [importlib.import_module(name) for name in MODULES]


def _module(name: str) -> list[str]:
    module = importlib.import_module(name)
    lines = [f"# {name}"]
    for public in sorted(module.__all__):
        lines += _thing(public, getattr(module, public))
    return lines


def _thing(name: str, value: Any) -> Iterator[str]:
    if inspect.isclass(value):
        yield from _class(name, value)
    elif parts := get_args(value):
        yield f"{name} = {' | '.join(_word(part) for part in parts)}"
    elif function := _function(value):
        yield _signature(name, function)
    else:
        yield f"{name}: {type(value).__name__}"


def _class(name: str, cls: type) -> Iterator[str]:
    bases = ", ".join(base.__name__ for base in cls.__bases__ if _is_shown(base))
    if _home(cls) not in _OURS:
        yield f"{name} = {cls.__module__}.{cls.__qualname__}"
        return
    how = ""
    if dataclasses.is_dataclass(cls):
        frozen = cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
        how = f"  # dataclass{', frozen' if frozen else ''}"
    yield f"class {name}({bases}):{how}" if bases else f"class {name}:{how}"
    members = dict(sorted(_members(cls)))
    yield from (f"    {line}" for line in members.values())


def _is_shown(base: type) -> bool:
    return base is not object and (_home(base) not in _OURS or base in _public())


def _members(cls: type) -> Iterator[tuple[str, str]]:
    """The members by name, without those of public bases; the class's own win, being last."""
    listed = {one for base in cls.__mro__[1:] if base in _public() for one in base.__mro__}
    for base in reversed(cls.__mro__):
        if _home(base) not in _OURS or base in listed:
            continue
        for field, annotation in inspect.get_annotations(base).items():
            if not field.startswith("_") and field not in _OF_PYDANTIC:
                yield field, f"{field}: {_word(annotation)}{_default(cls, field)}"
        for member, value in base.__dict__.items():
            if _is_public(base, member) and (line := _member(member, value)):
                yield member, line


def _is_public(cls: type, member: str) -> bool:
    if member == "__init__":
        return not (dataclasses.is_dataclass(cls) and cls.__dataclass_params__.init)  # type: ignore[attr-defined]
    return not member.startswith("_") and member not in _OF_PYDANTIC


def _member(name: str, value: Any) -> str | None:
    if isinstance(value, property) or (hasattr(value, "func") and hasattr(value, "attrname")):
        getter = value.fget if isinstance(value, property) else value.func
        return (
            f"{name}: {_word(inspect.unwrap(getter).__annotations__.get('return', 'Any'))}  # read"
        )
    if isinstance(value, (classmethod, staticmethod)):
        return f"@{type(value).__name__} {_signature(name, _function(value.__func__))}"
    if function := _function(value):
        return _signature(name, function)
    return None


def _function(value: Any) -> Any:
    """The function that was written, under whatever a framework has wrapped around it."""
    seen = [value]
    for one in seen:
        if inspect.isfunction(one) and _is_written_here(one):
            return one
        inside = [cell.cell_contents for cell in getattr(one, "__closure__", None) or ()]
        below = [getattr(one, "__wrapped__", None), *inside]
        seen += [thing for thing in below if _is_named_like(thing, value) and thing not in seen]
    return None


def _is_named_like(thing: Any, value: Any) -> bool:
    name = getattr(thing, "__qualname__", None)
    return name is not None and name == getattr(value, "__qualname__", None)


def _is_written_here(function: Any) -> bool:
    # Decorators copy `__module__`; what the function sees around it they cannot change.
    return str(function.__globals__["__name__"]).partition(".")[0] in _OURS


def _signature(name: str, function: Any) -> str:
    signature = inspect.signature(function, follow_wrapped=False)
    parts: list[str] = []
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    for index, parameter in enumerate(signature.parameters.values()):
        before = kinds[index - 1] if index else None
        if before is parameter.POSITIONAL_ONLY and parameter.kind is not before:
            parts.append("/")
        if parameter.kind is parameter.KEYWORD_ONLY and before not in (
            parameter.KEYWORD_ONLY,
            parameter.VAR_POSITIONAL,
        ):
            parts.append("*")
        parts.append(_parameter(parameter))
    word = "async def" if _is_asynchronous(function) else "def"
    returned = signature.return_annotation
    arrow = "" if returned is signature.empty else f" -> {_word(returned)}"
    return f"{word} {name}({', '.join(parts)}){arrow}"


def _parameter(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    text = stars + parameter.name
    annotated = parameter.annotation is not parameter.empty
    if annotated:
        text += f": {_word(parameter.annotation)}"
    if parameter.default is not parameter.empty:
        equals = " = " if annotated else "="
        text += equals + _value(parameter.default)
    return text


def _is_asynchronous(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def _default(cls: type, field: str) -> str:
    """What a field holds if nothing is said, and the other names that it can be set by."""
    if dataclasses.is_dataclass(cls):
        by_name = {known.name: known for known in dataclasses.fields(cls)}
        known = by_name.get(field)
        if known is None or known.default is known.default_factory is dataclasses.MISSING:
            return ""
        made = known.default_factory is not dataclasses.MISSING
        return " = ..." if made else f" = {_value(known.default)}"
    if field in getattr(cls, "model_fields", {}):
        info = cls.model_fields[field]  # type: ignore[attr-defined]
        text = "" if info.is_required() else f" = {_value(info.default)}"
        if info.default_factory is not None:
            text = " = ..."
        if info.alias and info.alias != field:
            text += f"  # alias {info.alias}"
        return text
    value = inspect.getattr_static(cls, field, dataclasses.MISSING)
    simple = isinstance(value, (str, int, float, bool, type(None)))
    return f" = {_value(value)}" if simple else ""


def _value(value: Any) -> str:
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    if inspect.isclass(value) or inspect.isfunction(value):
        return value.__name__
    text = repr(value)
    return "..." if " at 0x" in text or len(text) > _LONGEST else text


def _word(annotation: Any) -> str:
    """An annotation as it is written; those that were evaluated, without their modules."""
    if isinstance(annotation, str):
        return annotation
    if get_origin(annotation) is Annotated:
        return _word(annotation.__origin__)  # the rest is for whoever fills the field
    forward = getattr(annotation, "__forward_arg__", None)
    if forward:
        return str(forward)
    if inspect.isclass(annotation) and not get_args(annotation):
        return "None" if annotation is type(None) else annotation.__name__
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", str(annotation))


def _home(thing: Any) -> str:
    return str(thing.__module__).partition(".")[0]


def _options(name: str) -> list[str]:
    (options,) = _all_named(name)
    fields = options.__annotations__
    return [f"# options {name}", *(f"{field}: {_word(fields[field])}" for field in sorted(fields))]


def _words(blocks: list[list[str]]) -> list[str]:
    """The names in annotations that stand for a choice of words."""
    lines = ["# choices"]
    for name in sorted({word for block in blocks for word in re.findall(r"\w+", "\n".join(block))}):
        choices = [value for value in _all_named(name) if get_origin(value) is Literal]
        lines += [f"{name} = {', '.join(map(repr, get_args(value)))}" for value in choices]
    return lines


def _all_named(name: str) -> list[Any]:
    """What our modules call by this name, each thing once."""
    found: list[Any] = []
    for where, module in sorted(sys.modules.items()):
        value = getattr(module, "__dict__", {}).get(name)
        if value is not None and where.partition(".")[0] in _OURS and value not in found:
            found.append(value)
    return found


def _command() -> list[str]:
    import typer

    from heroku_inference.cli.app import app

    command = typer.main.get_command(app)
    lines = [f"# heroku-inference {_names(command.params)}".rstrip()]
    for name, part in sorted(command.commands.items()):  # type: ignore[attr-defined]
        lines.append(f"{name} {_names(part.params)}".rstrip())
    return lines


def _names(parameters: Iterable[Any]) -> str:
    words = []
    for parameter in parameters:
        if parameter.param_type_name == "argument":
            words.append(f"<{parameter.name}>")
        else:
            words.append("/".join([*parameter.opts, *parameter.secondary_opts]))
    return " ".join(word for word in sorted(words) if "completion" not in word)


if __name__ == "__main__":
    print("\n".join(describe()))  # noqa: T201 - this is what it is for
