"""`python -m heroku_emulator`: prints how to connect, and serves until it is stopped."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import signal
import sys
import threading
from typing import TYPE_CHECKING

from heroku_emulator.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["main"]

_DEFAULT_PORT = 8377


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until Ctrl-C or SIGTERM; returns the exit code: 0, or 2 if it cannot serve."""
    options = _parser().parse_args(arguments)
    try:
        emulator = Emulator(
            api_key=options.key,
            engine=options.engine,
            run_code=options.run_code,
            database_url=options.database_url,
            host=options.host,
            port=options.port,
        ).start()
    except (ImportError, OSError, ValueError) as error:
        print(f"heroku_emulator: {error}", file=sys.stderr)
        return 2
    # Process managers stop servers with SIGTERM, and background jobs of a shell ignore Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _stop_at_the_end(emulator), contextlib.suppress(KeyboardInterrupt):
        _announce(emulator)
        _wait_for_interrupt()
    return 0


def _wait_for_interrupt() -> None:
    threading.Event().wait()


@contextlib.contextmanager
def _stop_at_the_end(emulator: Emulator) -> Iterator[None]:
    try:
        yield
    finally:
        emulator.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m heroku_emulator",
        description="A strict local server of Heroku's inference API.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=int, default=_DEFAULT_PORT, help="0 lets the system choose (%(default)s)"
    )
    parser.add_argument(
        "--engine",
        default="auto",
        choices=["auto", "deterministic", "minilm", "real", "llama"],
        help="the engine that answers; auto: minilm if the extra `demo` is installed (%(default)s)",
    )
    parser.add_argument(
        "--key", default="inf-emulator-key", help="the key requests must carry (%(default)s)"
    )
    parser.add_argument(
        "--run-code",
        action="store_true",
        help="let agents run the model's Python code on this machine, within limits; with a --host "
        "for other machines it needs a --key",
    )
    parser.add_argument("--database-url", help="the Postgres database that agents can read")
    return parser


def _announce(emulator: Emulator) -> None:
    """Prints lines that a shell can evaluate, and a comment for the reader."""
    for name, value in emulator.config_vars.items():
        print(f"export {name}={shlex.quote(value)}")
    print(f"# {emulator.url} answers with engine {emulator.engine.name}; Ctrl-C stops", flush=True)


if __name__ == "__main__":
    sys.exit(main())
