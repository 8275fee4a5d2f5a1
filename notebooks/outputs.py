"""Runs the notebooks, and stores what they print and draw.

    python notebooks/outputs.py            # `make notebooks`: run all, and store
    python notebooks/outputs.py --check 03 # run one, and change no file

Every kernel runs without config vars, so the emulator answers, and may reach no other
machine. A notebook of which nothing but measured times has changed stays as it is.
With `INFERENCE_KEY` in the environment or in `.env`, the notebooks call Heroku instead,
and no file changes.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from dotenv import dotenv_values
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

HERE = Path(__file__).parent
LONGEST = 600  # seconds that a cell may take
VARIES = (
    "varies"  # the tag of a cell whose output is another in each run, such as times
)
_TERMINAL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_GUARD = """
import sys


def _loopback_only(event, arguments):
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "localhost"
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in (None, "", "localhost", "127.0.0.1", "::1"):
        raise PermissionError(f"A notebook without config vars may not reach {host}")


sys.addaudithook(_loopback_only)
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the notebooks that are named, or all; returns how many failed."""
    parser = argparse.ArgumentParser(
        description="Run the notebooks, and store their outputs."
    )
    parser.add_argument(
        "names", nargs="*", help="the first letters of names; all by default"
    )
    parser.add_argument("--check", action="store_true", help="change no file")
    options = parser.parse_args(arguments)
    on_heroku = bool(
        os.environ.get("INFERENCE_KEY") or _env_file().get("INFERENCE_KEY")
    )
    failed = 0
    for path in sorted(HERE.glob("*.ipynb")):
        if options.names and not path.name.startswith(tuple(options.names)):
            continue
        started = time.monotonic()
        try:
            said = _run(
                path, store=not (options.check or on_heroku), guarded=not on_heroku
            )
        except CellExecutionError as error:
            failed += 1
            said = f"FAILED\n{_TERMINAL.sub('', str(error))}"
        print(f"{path.stem:28} {time.monotonic() - started:4.0f} s  {said}", flush=True)
    return failed


def _env_file() -> dict[str, str | None]:
    return dotenv_values(HERE.parent / ".env")


def _run(path: Path, *, store: bool, guarded: bool) -> str:
    """Execute a notebook; says what that did to its file."""
    stored = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory(prefix="ipython-") as folder:
        client = NotebookClient(
            fresh,
            timeout=LONGEST,
            kernel_name="python3",
            resources={"metadata": {"path": HERE}},
            startup_timeout=LONGEST,
            extra_arguments=["--log-level=40"],  # a kernel warns that it listens on TCP
        )
        client.execute(env=_environment(Path(folder), guarded=guarded))
    clean(fresh)
    if same(stored, fresh):
        return "as stored"
    if not store:
        return (
            "ran; `make notebooks` would store other outputs"
            if guarded
            else "ran on Heroku"
        )
    nbformat.write(fresh, path)
    return "stored anew"


def _environment(profile: Path, *, guarded: bool) -> dict[str, str]:
    """What a kernel inherits."""
    if not guarded:
        return dict(os.environ)
    startup = profile / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-loopback-only.py").write_text(_GUARD, encoding="utf-8")
    ours = re.compile(r"\w+_(?:KEY|URL|MODEL_ID|PRICES)$")
    kept = {
        name: value for name, value in os.environ.items() if not ours.fullmatch(name)
    }
    return {**kept, "IPYTHONDIR": str(profile)}


def clean(notebook: Any) -> None:
    """Leave what a reader sees: no times of execution, and one output for a stream."""
    for cell in notebook.cells:
        cell.metadata = {k: v for k, v in cell.metadata.items() if k == "tags"}
        if cell.cell_type == "code":
            cell.outputs = _joined(
                [output for output in cell.outputs if _shows(output)]
            )
    language = {"name": "python"}
    notebook.metadata = {
        "kernelspec": notebook.metadata.kernelspec,
        "language_info": language,
    }
    notebook.metadata["code_that_ran"] = digest(notebook)


def _shows(output: Any) -> bool:
    return (
        output.output_type != "stream" or output.name == "stdout"
    )  # warnings name folders


def _joined(outputs: list[Any]) -> list[Any]:
    joined: list[Any] = []
    for output in outputs:
        if output.output_type == "stream":
            text = _TERMINAL.sub("", output.text)
            if joined and joined[-1].output_type == "stream":
                joined[-1].text += text
                continue
            output.text = text
        elif "Figure" in output.get("data", {}).get("text/plain", ""):
            output.data["image/png"] = _small(output.data["image/png"])
        joined.append(output)
    return joined


def _small(chart: str) -> str:
    """A chart in 128 colours: a third of the bytes, and looks the same."""
    picture = Image.open(io.BytesIO(base64.b64decode(chart))).convert("RGB")
    file = io.BytesIO()
    picture.quantize(128, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def digest(notebook: Any) -> str:
    """A sum over the code that made the outputs, with that of modules beside it."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    modules = [
        path.read_text(encoding="utf-8")
        for path in sorted(HERE.glob("*.py"))
        if re.search(rf"^(?:from|import) {path.stem}\b", "\n".join(cells), re.MULTILINE)
    ]
    return hashlib.sha256("\0".join([*cells, *modules]).encode()).hexdigest()[:16]


def same(stored: Any, fresh: Any) -> bool:
    """Whether code and outputs are the same, except for outputs that vary."""
    return bool(
        stored.metadata.get("code_that_ran") == digest(fresh)
        and [_comparable(cell) for cell in stored.cells]
        == [_comparable(c) for c in fresh.cells]
    )


def _comparable(cell: Any) -> Any:
    if cell.cell_type != "code":
        return cell
    outputs = cell.outputs
    return (
        cell.source,
        len(outputs) if VARIES in cell.metadata.get("tags", []) else outputs,
    )


if __name__ == "__main__":
    sys.exit(main())
