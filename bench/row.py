"""The types `Row`, one kind of work, and `Bound`, a promise about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ASYNC_CALL", "IDEAL", "IN_FLIGHT", "PACED", "WHOLE_CALL", "Bound", "Kind", "Row"]

Kind = Literal[
    "calls", "wall", "stream", "first-token", "import", "memory", "peak", "limited", "traffic"
]
"""How a row is measured; `bench.worker` has one function for each.

- `calls`: CPU microseconds for each unit of `run(amount)`.
- `wall`: the same in wall time, to measure waiting.
- `stream`: CPU microseconds for each chunk, over `amount` streams read to their end.
- `first-token`: wall microseconds from the request to the first chunk, in the fastest tenth.
- `import`: CPU milliseconds that one statement adds to a fresh interpreter that has run the
  floor's statement; for the floor, to a bare interpreter.
- `memory`: MiB that `amount` live models add to a process that has one already.
- `peak`: MiB that a fresh process has at most while it does `run(amount)`.
- `limited`: wall seconds in which new processes together do `run(amount)` at the limit of the stub.
- `traffic`: what the stub counts while the contender runs once.
"""

IDEAL = "ideal"
"""The contender of a `limited` row that uses all that the limit allows, calculated."""

IN_FLIGHT = (
    "50 requests, eight in flight, wait for 350 ms: 73 us a text before anything is computed."
)
"""The profile of the rows of 4,800 texts at 50 ms."""

WHOLE_CALL = (
    "Without a network, the core adds 25 us to a call and the class 66 us; most of what is left "
    "are the layers of httpx2 (60 to 90 us: headers made three times, cookies, the pool) and the "
    "framework's own."
)
"""The profile of the rows of blocking calls."""

ASYNC_CALL = (
    "The floor (124 us) and the core on aiohttp with its parser in C (161 us) alone need 2.3 times "
    "the floor; the class adds 67 us."
)
"""The profile of the rows of 64 calls in flight."""

PACED = (
    "A chunk that is read by itself takes the core 8.5 us if its bytes are there already, and "
    "about 80 us with a wait before it; a bare socket takes 15 to 20 of these. The rest is Python "
    "on cold caches. Both cores had other work while this was measured."
)
"""The profile of the rows of streams that are read event by event."""


@dataclass(frozen=True)
class Bound:
    """A promise: `contender` costs at most `ratio` times what `against` costs, or `most` in all.

    With `counts_twice` the promise is about the texts that it paid for twice, at most `most`.
    """

    contender: str
    against: str | None = None
    ratio: float = 1
    most: float = 0
    counts_twice: bool = False

    @property
    def limit(self) -> float:
        """The largest ratio or value that keeps the promise."""
        return self.most if self.against is None else self.ratio


@dataclass(frozen=True)
class Row:
    """One kind of work.

    Attributes:
        name: Its name on the command line, and of the contenders' functions (`-` as `_`).
        label: What of ours does it, for the chart.
        work: A description of the work.
        unit: The unit of the numbers.
        contenders: Modules of `bench.contenders`; ours first.
        kind: The way of measuring.
        amount: Units in a round, for all processes together; `--quick` takes fewer.
        rounds: The most rounds, for work that takes long or varies little.
        bounds: Our promises.
        scenario: The stub's port (see `bench.stub.SCENARIOS`).
        peer: The contender for the ratios.
        floor: The contender that no integration of this framework can beat.
        statements: For imports: the statement of each contender.
        counted: For traffic: the number to take from the stub.
        fewer: Smaller amounts for slow contenders, whose units all take the same time.
        processes: Processes that share the work of a `limited` row.
        from_first_request: Whether the clock of a `limited` row starts with the first request:
            what starts processes of its own takes longer than the work of a small row.
        profile: Where our time goes, for the page to say if a bound is missed.
    """

    name: str
    label: str
    work: str
    unit: str
    contenders: tuple[str, ...]
    kind: Kind = "calls"
    amount: int = 1
    rounds: int | None = None
    bounds: tuple[Bound, ...] = ()
    scenario: str = "plain"
    peer: str | None = "langchain_openai"
    floor: str | None = None
    statements: tuple[str, ...] = ()
    counted: Literal["requests", "connections"] = "requests"
    fewer: Mapping[str, int] = field(default_factory=dict)
    processes: int = 1
    from_first_request: bool = False
    profile: str = ""
