"""How values look: in one line for tracebacks, as tables and texts for notebooks.

What a server said is never trusted: notebooks run the HTML that they show, so all of it is escaped.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from html import escape
from reprlib import Repr
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Rows", "answer_html", "answer_markdown", "html_table", "one_line", "record_html"]

_SHORT: Final = Repr()
_SHORT.maxstring = 120
_SHORT.maxother = 240
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = 4

_LONGEST_CELL: Final = 400  # characters
_BOX: Final = '<pre style="white-space: pre-wrap">{}</pre>'

# Jupyter runs the HTML in Markdown, and fetches its pictures. A tag has a letter or one of `/!?`
# behind its `<`; a script in a link may be hidden by entities and backslashes.
_ACTIVE: Final = re.compile(r"<[a-z/!?]|!\[|&#?\w+;|script\W*:", re.IGNORECASE)


def one_line(value: Any) -> str:
    """The `repr` of a dataclass: fields that say something, long values abbreviated."""
    told = ", ".join(f"{name}={_SHORT.repr(held)}" for name, held in _told(value))
    return f"{type(value).__qualname__}({told})"


def record_html(value: Any) -> str:
    """A dataclass as a table of its fields that say something."""
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{_cell(held)}</td></tr>" for name, held in _told(value)
    )
    return f"<table>{rows}</table>"


def html_table(values: Iterable[Any]) -> str:
    """Dataclasses as a table with a row for each, and the columns that any of them needs."""
    records = [dict(_told(value)) for value in values]
    columns = list(dict.fromkeys(name for record in records for name in record))
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_cell(record.get(name))}</td>" for name in columns) + "</tr>"
        for record in records
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


class Rows(list[Any]):
    """A list of dataclasses that notebooks show as a table."""

    def _repr_html_(self) -> str:
        return html_table(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)  # a pickle names nothing private


def answer_markdown(answer: Any) -> str | None:
    """The text of an answer that notebooks can render; `None` for one that they would run."""
    return None if _needs_source(answer) else answer.text


def answer_html(answer: Any) -> str | None:
    """The text of an answer as it was written, and its tool calls.

    `None` where `answer_markdown` shows all there is: notebooks prefer HTML.
    """
    return "".join(_parts(answer)) if _needs_source(answer) else None


def _needs_source(answer: Any) -> bool:
    said: str = answer.text
    return not said or bool(_calls(answer)) or _ACTIVE.search(said) is not None


def _parts(answer: Any) -> Iterator[str]:
    if said := answer.text or getattr(answer, "refusal", None):
        yield _BOX.format(escape(said))
    for call in _calls(answer):
        yield f"<p><code>{escape(call.name)}({escape(call.arguments)})</code></p>"


def _calls(answer: Any) -> Sequence[Any]:
    calls: Sequence[Any] = getattr(answer, "tool_calls", ())
    return calls


def _told(value: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a dataclass that differ from their defaults."""
    for field in fields(value):
        held = getattr(value, field.name)
        factory = field.default_factory
        default = field.default if factory is MISSING else factory()
        if field.repr and held != default:
            yield field.name, held


def _cell(held: Any) -> str:
    if held is None:
        return ""
    text = held if isinstance(held, str) else _SHORT.repr(held)
    return escape(text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…")
