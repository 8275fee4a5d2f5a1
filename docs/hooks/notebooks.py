"""Makes a page of each notebook, from the outputs that are stored in it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

_NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
_FOLDER = "notebooks"
_STYLE = re.compile(r"<style.*?</style>", re.DOTALL)
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages, their pictures, and the notebooks themselves."""
    for path in sorted(_NOTEBOOKS.glob("*.ipynb")):
        text, pictures = _page(path)
        files.append(File.generated(config, f"{_FOLDER}/{path.stem}.md", content=text))
        files.append(File.generated(config, f"{_FOLDER}/{path.name}", abs_src_path=str(path)))
        for name, data in pictures.items():
            files.append(File.generated(config, f"{_FOLDER}/{name}", content=data))
    return files


def _page(path: Path) -> tuple[str, dict[str, bytes]]:
    """The text of a page, and its pictures by their names."""
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(re.sub(r"(\]\([\w./-]+)\.ipynb\)", r"\1.md)", source))
            continue
        parts.append(_fenced("python", source))
        for output in cell["outputs"]:
            data = output.get("data", {})
            kind = next((kind for kind in _SUFFIXES if kind in data), None)
            if kind:
                name = f"{path.stem}-{len(pictures) + 1}.{_SUFFIXES[kind]}"
                pictures[name] = base64.b64decode("".join(data[kind]))
                parts.append(f"![What the cell above draws]({name})")
            else:
                parts.append(_shown(output, data))
    first = parts[0].split("\n", maxsplit=1)
    download = f"[Download this notebook]({path.name}). Its outputs are those of the emulator."
    return "\n\n".join([first[0], download, first[1], *parts[1:]]), pictures


def _shown(output: dict[str, Any], data: dict[str, Any]) -> str:
    """What a cell printed or displayed."""
    if "text/html" in data:
        html = _STYLE.sub("", "".join(data["text/html"]))
        lines = (line.strip() for line in html.splitlines())
        return f'<div class="notebook-output">{"".join(lines)}</div>'
    return _fenced("output", "".join(output.get("text") or data.get("text/plain") or ""))


def _fenced(language: str, text: str) -> str:
    fence = max(["```", *(run + "`" for run in re.findall(r"`{3,}", text))], key=len)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
