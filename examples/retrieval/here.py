"""Runs an app on this machine with all that Heroku's add-ons give it there.

    python -m retrieval.here chat_app.store "retrieval.load docs" chat_app.main

Each argument is a module of Python, maybe with arguments; the last one is the web app. Config vars
come from the environment or from `.env`. Without INFERENCE_KEY the models are those of a local
emulator. Without DATABASE_URL the database is one of its own, in `.rag/`.
"""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import load_dotenv

from retrieval.database import database
from retrieval.interrupts import finish, leave_on_interrupt

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(modules: Sequence[str]) -> int:
    """Runs modules one after the other, the last until Ctrl-C or SIGTERM; returns its exit code."""
    load_dotenv(".env")
    config_vars = dict(os.environ)  # noqa: TID251 - to hand on, and to add to
    on_heroku = "INFERENCE_KEY" in config_vars
    # Vectors of the emulator mean nothing to Heroku's model of the same name.
    folder = Path(".rag/app-heroku" if on_heroku else ".rag/app")
    *first, (web) = [[sys.executable, "-m", *shlex.split(module)] for module in modules]
    with ExitStack() as running:
        if not on_heroku:
            from heroku_emulator import Emulator  # noqa: PLC0415 - others need not install it

            emulator = running.enter_context(Emulator())
            print(f"INFERENCE_KEY is not set: using a local emulator ({emulator.engine.name})")
            config_vars.update(emulator.config_vars)
        url = running.enter_context(database(config_vars.get("DATABASE_URL"), folder))
        config_vars.update(DATABASE_URL=url)
        config_vars.setdefault("SESSION_SECRET", _secret(folder / "session-secret"))
        for command in first:
            if code := subprocess.run(command, env=config_vars, check=False).returncode:  # noqa: S603
                return code
        with subprocess.Popen(web, env=config_vars) as process:  # noqa: S603
            # Ctrl-C reaches both processes. This one waits for the other.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, lambda *_: process.terminate())
            return max(process.wait(), 0)  # a signal ends it as it should


def _secret(file: Path) -> str:
    """Keeps the key of the cookies, so that an app knows its browsers after a restart."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32))
    return file.read_text()


if __name__ == "__main__":
    leave_on_interrupt()
    finish(run(sys.argv[1:]))
