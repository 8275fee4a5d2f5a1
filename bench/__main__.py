"""The command: `python -m bench [ROW ...] [--rounds N] [--quick] [--save FILE]`.

A missed bound is a finding, not a failure: the status is 0 unless the arguments are wrong.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.figures import save
from bench.report import summary, table
from bench.rounds import measure
from bench.rows import ROWS
from bench.stub import Stub


def main() -> None:
    options = _arguments()
    outcomes = []
    with Stub() as stub:
        for row in ROWS:
            is_left_out = options.quick and row.kind == "limited"  # a minute each
            if row.name not in options.rows if options.rows else is_left_out:
                continue
            outcome = measure(row, stub, rounds=options.rounds, quick=options.quick)
            outcomes.append(outcome)
            print(table(outcome), end="\n\n", flush=True)
            if options.save:  # after each row, as somebody may lose patience
                save(outcomes, options.save)
    print(summary(outcomes))


def _arguments() -> argparse.Namespace:
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(names)}")
    parser.add_argument("--rounds", type=int, default=11, help="interleaved rounds (11)")
    parser.add_argument(
        "--quick", action="store_true", help="a fifth of the work, and none at a limit"
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the figures as JSON")
    arguments = parser.parse_args()
    if unknown := set(arguments.rows) - set(names):
        parser.error(f"no such row: {', '.join(sorted(unknown))}. Choose from {', '.join(names)}.")
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1.")
    return arguments


if __name__ == "__main__":
    main()
