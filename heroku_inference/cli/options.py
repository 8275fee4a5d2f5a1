"""The options that commands share, and how the help shows them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from heroku_inference._catalogue import KNOWN_MODELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "Alias",
    "EnvFile",
    "Json",
    "Model",
    "PlainCommand",
    "PlainCommands",
    "Timeout",
    "Url",
    "beginning",
]


class _PlainFlags:
    """A flag in the help is its name, without the `<bool>` that Typer writes behind it."""

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
        return params


class PlainCommand(_PlainFlags, TyperCommand):
    """One command."""


class PlainCommands(_PlainFlags, TyperGroup):
    """All commands together."""


def beginning(names: Iterable[str]) -> Callable[[str], list[str]]:
    """What the shell offers behind an option: the names that begin like the word so far."""
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


Model = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        help="Model id; default: <ALIAS>_MODEL_ID.",
        autocompletion=beginning(KNOWN_MODELS),
    ),
]
Alias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The attachment to read, such as INFERENCE_TEAL; default: INFERENCE, and for "
        "embeddings, rerank and images first EMBEDDING, RERANK and DIFFUSION.",
    ),
]
Url = Annotated[
    str | None, typer.Option(metavar="URL", help="Where the API is; default: <ALIAS>_URL.")
]
EnvFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A file of config vars; default: .env here, if there is one. What is set in the "
        "environment wins.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.")]
Timeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", min=0.001, help="How long the server may stay silent."),
]
