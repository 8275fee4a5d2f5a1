"""Run by the Python of a page's environment: `python -I run_blocks.py` runs the blocks on stdin.

They come as a list in JSON. Each has names of its own; what it sets in the environment and for all
of LlamaIndex is gone after it, and emulators that it starts are stopped.
"""

from __future__ import annotations

import json
import os
import sys
import traceback


def run(block: str) -> None:
    """Runs one program of a page."""
    names = {"__name__": "page"}
    try:
        exec(compile(block, "a block", "exec"), names)  # noqa: S102
    finally:
        for value in names.values():
            if type(value).__module__.startswith("heroku_emulator") and hasattr(value, "stop"):
                value.stop()


def forget_settings() -> None:
    """As at the start of a program that uses LlamaIndex."""
    if "llama_index.core" in sys.modules:
        from llama_index.core import Settings

        for name in ("_llm", "_embed_model", "_node_parser", "_prompt_helper", "_transformations"):
            setattr(Settings, name, None)


def main() -> int:
    """Runs all of them, also after a failure; returns 1 if there was one."""
    failed = 0
    environment = dict(os.environ)  # noqa: TID251 - put back as it was
    for number, block in enumerate(json.load(sys.stdin), start=1):
        try:
            run(block)
        except Exception:  # noqa: BLE001 - whatever escapes is what is looked for
            failed = 1
            print(f"== block {number} ==\n{traceback.format_exc()}", file=sys.stderr)  # noqa: T201
        forget_settings()
        os.environ.clear()  # noqa: TID251
        os.environ.update(environment)  # noqa: TID251
    return failed


if __name__ == "__main__":
    sys.exit(main())
