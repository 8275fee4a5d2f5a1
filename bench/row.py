"""The types `Row`, one kind of work, and `Bound`, a promise about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Bound", "Kind", "Row"]

Kind = Literal["calls", "wall", "stream", "first-token", "import", "memory", "traffic"]
"""How a row is measured; `bench.worker` has one function for each.

- `calls`: CPU microseconds for each unit of `run(amount)`.
- `wall`: the same in wall time, to measure waiting.
- `stream`: CPU microseconds for each chunk, over `amount` streams read to their end.
- `first-token`: CPU microseconds from the request to the first chunk.
- `import`: CPU milliseconds that one statement adds to a fresh interpreter that has run the
  floor's statement; for the floor, to a bare interpreter.
- `memory`: MiB that `amount` live models add to a process that has one already.
- `traffic`: what the stub counts while the contender runs once.
"""


@dataclass(frozen=True)
class Bound:
    """A promise: `contender` costs at most `ratio` times what `against` costs, or `most` in all."""

    contender: str
    against: str | None = None
    ratio: float = 1
    most: float = 0

    def limit(self, values: dict[str, float]) -> float | None:
        """Returns the largest value that keeps the promise, or `None` if the other did not run."""
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
        name: Its name on the command line, and of the contenders' functions (`-` as `_`).
        work: A description of the work.
        unit: The unit of the numbers.
        contenders: Modules of `bench.contenders`; ours first.
        kind: The way of measuring.
        amount: Units in a round; `--quick` takes fewer.
        bounds: Our promises.
        scenario: The stub's port (see `bench.stub.SCENARIOS`).
        peer: The contender for the ratios.
        floor: The contender that no integration of this framework can beat.
        statements: For imports: the statement of each contender.
        counted: For traffic: the number to take from the stub.
        fewer: Smaller amounts for slow contenders, whose units all take the same time.
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
