"""Modules that annotations name and that nothing needs before they are read."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["late_module"]


class _LateModule(ModuleType):
    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


def late_module(name: str) -> ModuleType:
    """A stand-in for a module, which it loads when something is read from it.

    `typing.get_type_hints` looks for the names of annotations among the globals of the function:
    an import under `TYPE_CHECKING` fails there, and a real one would make every program load it.
    """
    return _LateModule(name)
