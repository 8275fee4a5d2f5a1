"""`python -m heroku_inference`, and the script `heroku-inference`."""

from __future__ import annotations

import io
import sys

__all__ = ["main"]

_PARTS = frozenset({"click", "rich", "shellingham", "typer"})


def main() -> int:
    """Runs the command; returns the exit code: 2 for what was said wrong, or is not there."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may lack a sign; no reason to stop
    try:
        from heroku_inference.cli.app import app  # noqa: PLC0415 - only with the extra `cli`
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _PARTS:
            raise
        sys.stderr.write('This command needs an extra: pip install "heroku-inference[cli]"\n')
        return 2
    app(prog_name="heroku-inference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
