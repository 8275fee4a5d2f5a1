"""`python tests/packaging/picture.py > docs/assets/answer.svg`: the picture of the README.

It runs `examples/rag.py` against the emulator and draws what the program printed, colours too.
The example needs the extra `demo`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from string import Template

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[2]
QUESTION = "How many texts fit into one embeddings request?"
COLUMNS = 100
# Rich's own frame loads a font from elsewhere; this one takes the reader's.
FRAME = Template("""\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" \
role="img" aria-label="$label">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" \
height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
""")
COLOURS = TerminalTheme(
    (31, 28, 44),
    (226, 222, 236),
    [
        (31, 28, 44),
        (255, 112, 112),
        (121, 213, 151),
        (240, 200, 110),
        (150, 160, 255),
        (190, 150, 255),
        (126, 205, 255),
        (226, 222, 236),
    ],
)


def printed() -> str:
    """What the example prints on a terminal of this width, without its notes about progress."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "COLUMNS": str(COLUMNS),
            "FORCE_COLOR": "1",
            "HOME": home,
            "PATH": os.environ["PATH"],  # noqa: TID251 - of a child process
            "TERM": "xterm-256color",
        }
        command = [sys.executable, "examples/rag.py", QUESTION]
        run = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
    return run.stdout


def drawn(output: str) -> str:
    """The output as the picture of a terminal."""
    console = Console(width=COLUMNS, record=True, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - of a short program
    console.print(Text.assemble(("$ ", "dim"), f'python examples/rag.py "{QUESTION}"'))
    console.print(Text.from_ansi(output.rstrip()))
    label = "A terminal: a question about documents, its answer, and the sources with their scores"
    svg = console.export_svg(
        title="heroku-inference",
        theme=COLOURS,
        code_format=FRAME.substitute(label=label),
        unique_id="answer",
    )
    return "".join(f"{line.rstrip()}\n" for line in svg.splitlines() if line.strip())


if __name__ == "__main__":
    sys.stdout.write(drawn(printed()))
