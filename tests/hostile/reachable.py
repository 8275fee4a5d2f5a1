"""Everything that an error holds on to: what a debugger or an error tracker could show."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["places_of"]

# Frames of the caller, who has the secret in a variable of its own, are not ours to clean.
_FOREIGN = ("/tests/", "/_pytest/", "/pluggy/")
# Frames that hold our models, which hold their key: what these show of themselves counts.
_FRAMEWORKS = ("/langchain_core/", "/langchain_heroku/", "/llama_index", "/workflows/")
_CLOSED = (
    SecretStr,
    type,
    types.ModuleType,
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    types.CodeType,
    types.FrameType,
)
_MOST = 200_000  # objects


def places_of(secret: str, error: BaseException) -> list[str]:
    """The paths from the error, over all it refers to, at which the secret stands."""
    found: list[str] = []
    waiting: list[tuple[str, Any]] = [("error", error)]
    seen: dict[int, Any] = {}
    while waiting and len(seen) < _MOST:
        path, value = waiting.pop()
        if id(value) in seen or isinstance(value, _CLOSED):
            continue
        seen[id(value)] = value
        if isinstance(value, (str, bytes, bytearray)):
            text = value if isinstance(value, str) else value.decode("latin-1")
            if secret in text:
                found.append(path)
            continue
        waiting += [(f"{path}{name}", part) for name, part in _parts(value)]
    return found


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseException):
        yield "(text)", f"{value} {value!r}"
        yield ".args", value.args
        yield ".__cause__", value.__cause__
        yield ".__context__", value.__context__
        yield from _variables(value.__traceback__)
    if isinstance(value, dict):
        for name, part in value.items():
            yield f"[{name!r}]", part
            yield " key", name
    elif isinstance(value, (list, tuple, set, frozenset)):
        for number, part in enumerate(value):
            yield f"[{number}]", part
    for name, part in _attributes(value):
        yield f".{name}", part
    if type(value).__module__ == "multidict._multidict":
        yield " items", list(value.items())


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    yield from (getattr(value, "__dict__", None) or {}).items()
    for kind in type(value).__mro__:
        names = vars(kind).get("__slots__", ())
        for name in [names] if isinstance(names, str) else names:
            if not name.startswith("__") and hasattr(value, name):
                yield name, getattr(value, name)


def _variables(traceback: types.TracebackType | None) -> Iterator[tuple[str, Any]]:
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not any(part in code.co_filename for part in _FOREIGN):
            deep = not any(part in code.co_filename for part in _FRAMEWORKS)
            for name, part in traceback.tb_frame.f_locals.items():
                yield f" {code.co_qualname}:{name}", part if deep else repr(part)
        traceback = traceback.tb_next
