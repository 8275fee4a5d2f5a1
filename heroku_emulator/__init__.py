"""A strict local server that speaks Heroku's inference API, for tests and experiments.

It is an independent reading of the API's documentation and shares no code with the clients.

```python
from heroku_emulator import CallTools, Emulator, Fault, Say

with Emulator(engine="deterministic") as emulator:
    os.environ.update(emulator.config_vars)  # INFERENCE_URL, INFERENCE_KEY, ...
    emulator.script(Fault(429, headers={"retry-after": "1"}, times=2), Say("Paris."))
    emulator.switch(terminator="message")
    ...  # call it with any client
    assert [entry.status for entry in emulator.journal] == [429, 429, 200]
```

- `Emulator` starts and stops the server: `url`, `config_vars`, `journal`, `switch`, `switched`,
  `script`, `reset`.
- `Switches` lists every behaviour that has been seen in several forms, and its default.
- Steps of a script answer requests, in order: `Say`, `CallTools`, `RawBody` and `RawStream`
  replace the engine's answer, `ToolResult` that of an agent's tool; `Fault`, `Reset`, `Cut` and
  `ErrorEvent` make requests fail.
- `McpServer` and `McpTool` are deployed beside the models: `Emulator(mcp_servers=[...])`.
- `Journal` and `JournalEntry` record the requests, without keys.
- `Engine` and `Answer` are the interface for your own engine.

Routes; all but the last need the key:

- `POST /v1/chat/completions`, `/v1/embeddings`, `/v1/rerank`, `/v1/images/generations`,
  `/v1/messages`.
- `POST /v1/agents/heroku`, always streamed: a model and its tools take turns. Script it with
  `Say("Done.", path="/v1/agents/heroku")` and `ToolResult`; without a script the engine decides,
  and these tools work: `html_to_markdown` and `pdf_to_markdown` on pages of this machine,
  `postgres_*` on `Emulator(database_url=...)`, `code_exec_python` with `Emulator(run_code=True)`
  (a fence against accidents, not against attackers), the tools of `McpServer`s. All others need a
  script, also `dyno_run_command`: nothing ever runs in a shell.
- `GET /v1/mcp/servers`, and their tools over MCP at `/mcp` (streamable HTTP) and `/mcp/sse`, if
  the package `mcp` is installed.
- `GET /available-models`.

Everything else is a 404. Nothing outside this machine is ever fetched.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heroku_emulator.emulator import Emulator
    from heroku_emulator.engine import Answer, Engine
    from heroku_emulator.journal import Journal, JournalEntry
    from heroku_emulator.mcp_servers import McpServer, McpTool
    from heroku_emulator.script import (
        CallTools,
        Cut,
        ErrorEvent,
        Fault,
        RawBody,
        RawStream,
        Reset,
        Say,
        Step,
        ToolResult,
    )
    from heroku_emulator.switches import Switches

__all__ = [
    "Answer",
    "CallTools",
    "Cut",
    "Emulator",
    "Engine",
    "ErrorEvent",
    "Fault",
    "Journal",
    "JournalEntry",
    "McpServer",
    "McpTool",
    "RawBody",
    "RawStream",
    "Reset",
    "Say",
    "Step",
    "Switches",
    "ToolResult",
]

# Every pytest run imports this package for its plugin (`heroku_emulator.pytest_plugin`), even where
# the server's packages are not installed. So a name's module loads when the name is first used.
_MODULES = {
    "emulator": ("Emulator",),
    "engine": ("Answer", "Engine"),
    "journal": ("Journal", "JournalEntry"),
    "mcp_servers": ("McpServer", "McpTool"),
    "script": (
        "CallTools",
        "Cut",
        "ErrorEvent",
        "Fault",
        "RawBody",
        "RawStream",
        "Reset",
        "Say",
        "Step",
        "ToolResult",
    ),
    "switches": ("Switches",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

_EXTRA_PACKAGES = {"anyio", "starlette", "uvicorn"}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f"{__name__}.{_MODULE_OF[name]}")
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA_PACKAGES:
            raise
        raise ModuleNotFoundError(
            f'{name} needs the extra `emulator`: pip install "heroku-inference[emulator]"',
            name=error.name,
        ) from error
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
