"""The command: `python -m bench [ROW ...] [--rounds N] [--quick] [--json]`."""

from __future__ import annotations

import argparse
import json

from bench.report import as_json, table
from bench.rounds import measure
from bench.rows import ROWS
from bench.stub import Stub


def main() -> None:
    options = _arguments()
    outcomes = []
    with Stub() as stub:
        for row in ROWS:
            if options.rows and row.name not in options.rows:
                continue
            outcome = measure(row, stub, rounds=options.rounds, quick=options.quick)
            outcomes.append(outcome)
            if not options.json:
                print(table(outcome), end="\n\n", flush=True)
    if options.json:
        print(json.dumps([as_json(outcome) for outcome in outcomes], indent=2))


def _arguments() -> argparse.Namespace:
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(names)}")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (5)")
    parser.add_argument("--quick", action="store_true", help="a fifth of the work in each round")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    if unknown := set(arguments.rows) - set(names):
        parser.error(f"no such row: {', '.join(sorted(unknown))}. Choose from {', '.join(names)}.")
    return arguments


if __name__ == "__main__":
    main()
