"""`heroku-inference models`: the models on offer, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from heroku_inference.cli.screen import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heroku_inference._catalogue import ModelFacts
    from heroku_inference.cli.listing import Listed
    from heroku_inference.cli.screen import Screen, Signs

__all__ = ["as_json", "chosen", "show"]

_TITLES: Final = {
    "chat": "Chat",
    "embedding": "Embeddings",
    "rerank": "Rerank",
    "image": "Images",
    None: "Of a kind unknown to this version",
}
# Columns, below which the facts of a model take one column together.
_NARROW: Final[dict[str | None, int]] = {"chat": 76, "embedding": 56}

Cell = Callable[["ModelFacts", "Signs"], str]
_CHAT_CELLS: Final[dict[str, Cell]] = {
    "CONTEXT": lambda facts, _: _thousands(facts.context_window),
    "VISION": lambda facts, signs: _sign(facts.vision, signs),
    "THINKING": lambda facts, signs: _sign(facts.thinking, signs),
    "TOOLS": lambda facts, signs: _sign(facts.tools, signs),
    "PER MINUTE": lambda facts, _: _number(facts.requests_per_minute),
}
_CELLS: Final[dict[str | None, dict[str, Cell]]] = {
    "chat": _CHAT_CELLS,
    "embedding": {
        "WIDTH": lambda facts, _: _number(facts.embedding_width),
        "PER MINUTE": _CHAT_CELLS["PER MINUTE"],
    },
    "rerank": {"PER MINUTE": _CHAT_CELLS["PER MINUTE"]},
    "image": {"PER MINUTE": _CHAT_CELLS["PER MINUTE"]},
}


def chosen(models: Sequence[Listed], region: str | None, kind: str | None) -> list[Listed]:
    """The models of a region and of a kind; `None` for any."""
    return [
        model
        for model in models
        if (region is None or region in model.entry.regions)
        and (kind is None or kind in model.entry.kinds)
    ]


def as_json(models: Sequence[Listed]) -> list[dict[str, Any]]:
    """The models as JSON: see the help of `heroku-inference models`."""
    return [_entry(model) for model in models]


def _entry(model: Listed) -> dict[str, Any]:
    entry, facts = model.entry, model.facts
    dates = {"deprecation_date": entry.deprecation_date, "eol_date": entry.eol_date}
    known = (
        "maker_id",
        "context_window",
        "max_output_tokens",
        "vision",
        "thinking",
        "thinking_budget",
        "sampling",
        "tools",
        "embedding_width",
        "requests_per_minute",
        "source",
    )
    return {
        "model_id": entry.model_id,
        "kind": model.kind,
        "regions": list(entry.regions),
        "state": entry.state,
        **{name: value and value.date().isoformat() for name, value in dates.items()},
        "replacement_model": entry.replacement_model,
        "warning": model.warning,
        **{name: getattr(facts, name, None) for name in known},
    }


def show(screen: Screen, models: Sequence[Listed]) -> None:
    """Prints a table for each kind, and the warnings."""
    for number, kind in enumerate(_kinds(models)):
        if number:
            screen.print()
        screen.print(Text(_TITLES[kind], style="bold"))
        screen.print(_table(screen, kind, [model for model in models if model.kind == kind]))
    warned = [model for model in models if model.warning]
    if warned:
        screen.print()
        screen.print(Text("Ends of life", style="bold"))
        screen.print(_warnings(warned))


def _kinds(models: Sequence[Listed]) -> list[Any]:
    return list(dict.fromkeys(model.kind for model in models))


def _table(screen: Screen, kind: str | None, models: Sequence[Listed]) -> Table:
    cells = _CELLS.get(kind, {})
    narrow = screen.out.width < _NARROW.get(kind, 0)
    headers = ["FACTS"] if narrow else list(cells)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("MODEL", no_wrap=True)
    table.add_column("REGIONS", no_wrap=True)
    for header in headers:
        table.add_column(header, justify="right" if header in _NUMBERS else "left")
    for model in models:
        facts = [
            "" if model.facts is None else cell(model.facts, screen.signs)
            for cell in cells.values()
        ]
        if narrow:
            facts = ["" if model.facts is None else _in_words(model.facts)]
        name = Text(one_line(model.entry.model_id), style="yellow" if model.warning else "")
        table.add_row(name, one_line(" ".join(model.entry.regions)), *facts)
    return table


_NUMBERS: Final = frozenset({"CONTEXT", "WIDTH", "PER MINUTE"})


def _in_words(facts: ModelFacts) -> str:
    words = ("vision", "thinking", "tools")
    can = [word for word in words if getattr(facts, word)]
    limit = f"{facts.requests_per_minute}/min" if facts.requests_per_minute else ""
    width = f"{facts.embedding_width} wide" if facts.embedding_width else ""
    return " ".join(filter(None, [_thousands(facts.context_window), width, *can, limit]))


def _warnings(models: Sequence[Listed]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for model in models:
        name = Text(one_line(model.entry.model_id), style="yellow")
        table.add_row(name, Text(one_line(model.warning or "")))
    return table


def _sign(fact: bool | None, signs: Signs) -> str:
    return "" if fact is None else signs.yes if fact else signs.neither


def _number(number: int | None) -> str:
    return "" if number is None else str(number)


def _thousands(number: int | None) -> str:
    return "" if number is None else f"{number // 1000}K"
