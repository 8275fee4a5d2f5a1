"""The process of a contender: it reads tasks from stdin and prints outcomes, one a line."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import warnings
from importlib.metadata import version
from typing import Any

_PATIENCE = 60  # seconds for a task


def main() -> None:
    """Answers tasks until stdin ends."""
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    signal.signal(signal.SIGALRM, _give_up)
    module = importlib.import_module(f"bench.peers.contenders.{sys.argv[1]}")
    versions = {package: version(package) for package in module.PACKAGES}
    print(json.dumps({"versions": versions}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_outcome(module, *json.loads(line))), file=answers, flush=True)


def _outcome(module: Any, task: str, arguments: list[Any]) -> dict[str, Any]:
    function = getattr(module, task, None)
    if function is None:
        return {"missing": True}
    signal.alarm(_PATIENCE)
    try:
        return {"value": function(*arguments)}
    except Exception as error:  # noqa: BLE001 - every error is an outcome
        kinds = [kind.__name__ for kind in type(error).__mro__]
        facts = {"kinds": kinds, "message": str(error)[:500]}
        return {"error": {**facts, "type": str(getattr(error, "type", None))}}
    finally:
        signal.alarm(0)


def _give_up(*_: Any) -> None:
    raise TimeoutError(f"no answer within {_PATIENCE} seconds")


if __name__ == "__main__":
    main()
