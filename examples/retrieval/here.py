"""Starts the app on this machine: `make app`.

Config vars come from the environment or from `.env`. Without INFERENCE_KEY the models are those of
a local emulator. Without DATABASE_URL the database is one of its own, in `.rag/`.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from dotenv import load_dotenv

from retrieval.database import database
from retrieval.interrupts import finish

DOCUMENTS = Path(__file__).parents[1] / "docs"


def main() -> int:
    """Runs the app until Ctrl-C or SIGTERM; returns its exit code."""
    load_dotenv(".env")
    config_vars = dict(os.environ)  # noqa: TID251 - to hand on, and to add to
    on_heroku = "INFERENCE_KEY" in config_vars
    # Vectors of the emulator mean nothing to Heroku's model of the same name.
    folder = Path(".rag/chat-heroku" if on_heroku else ".rag/chat")
    with ExitStack() as running:
        if not on_heroku:
            from heroku_emulator import Emulator  # noqa: PLC0415 - others need not install it

            emulator = running.enter_context(Emulator())
            print(f"INFERENCE_KEY is not set: using a local emulator ({emulator.engine.name})")
            config_vars.update(emulator.config_vars)
        url = running.enter_context(database(config_vars.get("DATABASE_URL"), folder))
        config_vars.update(DATABASE_URL=url, PYTHONPATH=str(Path(__file__).parents[1]))
        config_vars.setdefault("SESSION_SECRET", _secret(folder / "session-secret"))
        config_vars.setdefault("PORT", "8000")
        for command in (["chat_app.store"], ["retrieval.load", str(DOCUMENTS)]):
            subprocess.run([sys.executable, "-m", *command], env=config_vars, check=True)  # noqa: S603
        return _serve(config_vars)


def _secret(file: Path) -> str:
    """Keeps the key of the cookies, so that a browser finds its conversations after a restart."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32))
    return file.read_text()


def _serve(config_vars: dict[str, str]) -> int:
    with subprocess.Popen([sys.executable, "-m", "chat_app.main"], env=config_vars) as web:
        # Ctrl-C reaches both processes. This one waits for the other.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: web.terminate())
        while web.poll() is None and not _is_open(int(config_vars["PORT"])):
            time.sleep(0.1)
        print(f"Open http://127.0.0.1:{config_vars['PORT']} (Ctrl-C stops)", flush=True)
        return max(web.wait(), 0)  # a signal ends it as it should


def _is_open(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


if __name__ == "__main__":
    finish(main())
