"""What a `Row` of the table of work says, and a `Bound` of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Bound", "Kind", "Row"]

Kind = Literal["calls", "wall", "stream", "first-token", "import", "memory", "traffic"]
"""How a row is measured; `bench.worker` has one function for each.

- `calls`: CPU microseconds a unit of `run(amount)`.
- `wall`: the same by the clock on the wall, where waiting is the point.
- `stream`: CPU microseconds a chunk, over `amount` streams read to their end.
- `first-token`: CPU microseconds from asking until the first chunk.
- `import`: CPU milliseconds that one statement adds to a fresh interpreter which has run the
  floor's; the floor's own are those of a bare interpreter.
- `memory`: MiB that `amount` live models add to a process that has one already.
- `traffic`: what the stub counted while the contender ran once.
"""


@dataclass(frozen=True)
class Bound:
    """A promise: `contender` costs at most `ratio` times what `against` costs, or `most` in all."""

    contender: str
    against: str | None = None
    ratio: float = 1
    most: float = 0

    def limit(self, values: dict[str, float]) -> float | None:
        """The largest value that keeps the promise, or `None` when the other did not run."""
        if self.against is None:
            return self.most
        other = values.get(self.against)
        return None if other is None else other * self.ratio

    def __str__(self) -> str:
        if self.against is None:
            return f"<= {self.most:g}"
        return f"<= {self.ratio:g}x {self.against}"


@dataclass(frozen=True)
class Row:
    """One kind of work.

    Attributes:
        name: How the command line and the contenders' functions (`-` as `_`) call it.
        work: What is done, for people.
        unit: What the numbers are.
        contenders: Modules of `bench.contenders`; ours first.
        kind: How it is measured.
        amount: Units a round; `--quick` takes fewer.
        bounds: What we promise.
        scenario: The stub's port (see `bench.stub.SCENARIOS`).
        peer: The contender that ratios are given against.
        floor: The contender that nothing of this framework can go under.
        statements: For imports: the statement of each contender.
        counted: For traffic: which number of the stub.
        fewer: Units for contenders that take too long for all; only where each takes as long.
    """

    name: str
    work: str
    unit: str
    contenders: tuple[str, ...]
    kind: Kind = "calls"
    amount: int = 1
    bounds: tuple[Bound, ...] = ()
    scenario: str = "plain"
    peer: str | None = "langchain_openai"
    floor: str | None = None
    statements: tuple[str, ...] = ()
    counted: Literal["requests", "connections"] = "requests"
    fewer: Mapping[str, int] = field(default_factory=dict)
