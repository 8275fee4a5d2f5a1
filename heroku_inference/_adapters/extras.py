"""Imports of packages that an extra brings, with errors that say why they failed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["import_of_extra"]


def import_of_extra(module: str, extra: str, needed_by: str) -> Any:
    """The module, which the packages of this extra bring.

    Raises:
        ImportError: The extra is not installed, or something fails inside of the package.
    """
    try:
        return import_module(module)
    except ImportError as error:
        # Of packages that contain the module, `name` is one that is missing.
        if isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(f"{error.name}."):
            raise ImportError(
                f"{needed_by} needs the packages of the extra {extra}: "
                f'`pip install "heroku-inference[{extra}]"`.'
            ) from error
        raise ImportError(
            f"{needed_by} needs {module}, which is installed but cannot be imported: {error}. "
            "Its version may not fit those of the packages that it uses: "
            f'`pip install --upgrade "heroku-inference[{extra}]"`.'
        ) from error
