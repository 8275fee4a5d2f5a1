"""The command as a whole: its parts, its help, and what happens without them."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points, version
from itertools import pairwise

import pytest

from heroku_inference.__main__ import main

from .conftest import environment
from .terminal import Terminal

_ESCAPES = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]")

_WITHOUT = """
import sys
sys.modules[{name!r}] = None
sys.argv = ["heroku-inference", "models"]
from heroku_inference.__main__ import main
sys.exit(main())
"""
_LOADED = """
import sys
import heroku_inference, heroku_inference.__main__
heroku_inference.Client(api_key="inf-made-up", base_url="https://x.com", model="m")
print(sorted({"typer", "click", "rich", "dotenv", "heroku_inference.cli"} & set(sys.modules)))
"""
_BROKEN = """
import sys
sys.argv = ["heroku-inference", "chat", "Hello"]
from heroku_inference.cli import app as module
class Broken(module.Client):
    def stream_chat(self, *arguments, **options):
        secret = self.settings("chat").api_key.get_secret_value()
        raise ZeroDivisionError("a defect")
module.Client = Broken
from heroku_inference.__main__ import main
main()
"""


def python(code, **env):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment(env),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("name", ["typer", "rich"])
def test_without_the_extra_one_line_names_it(name):
    ran = python(_WITHOUT.format(name=name))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == 'This command needs an extra: pip install "heroku-inference[cli]"\n'


def test_a_missing_module_outside_the_extra_is_not_hidden():
    ran = python(_WITHOUT.format(name="pydantic"))
    assert ran.returncode == 1
    assert "pydantic" in ran.stderr


def test_the_library_loads_nothing_of_the_command():
    assert python(_LOADED).stdout == "[]\n"


def test_the_script_is_the_module():
    (script,) = entry_points(group="console_scripts", name="heroku-inference")
    assert script.load() is main


def test_a_defect_shows_a_traceback_without_variables(emulator):
    ran = python(_BROKEN, **emulator.config_vars)
    assert ran.returncode == 1
    assert "ZeroDivisionError: a defect" in ran.stderr
    assert emulator.api_key not in ran.stdout + ran.stderr


def test_the_version_is_printed(start):
    assert start("--version") == (0, f"heroku-inference {version('heroku-inference')}\n", "")


@pytest.mark.parametrize("command", ["check", "models", "chat", "embed"])
@pytest.mark.parametrize("columns", ["60", "100"])
def test_help_fits_the_terminal_and_names_the_command(start, command, columns):
    ran = start(command, "-h", env={"COLUMNS": columns, "NO_COLOR": "1"})
    assert (ran.code, ran.err) == (0, "")
    assert f"heroku-inference {command}" in ran.out
    assert max(map(len, ran.out.splitlines())) <= int(columns)
    assert "\x1b" not in ran.out
    assert "__main__" not in ran.out
    assert not re.search(r"<(?:bool|str|int|float|path)\b", ran.out), "options say it in words"
    _assert_filled(ran.out.partition("╭")[0].splitlines(), int(columns) - 2)


def _assert_filled(lines, width):
    """No line ends where the next word would have fitted, but at the end of a paragraph."""
    for line, following in pairwise(line.strip() for line in lines):
        if line and following:
            assert len(f"{line} {following.split()[0]}") > width


@pytest.mark.parametrize(
    "arguments", [["check", "--timeout", "0"], ["chat", "--max-tokens", "0", "Hi"], ["nope"]],
    ids=["timeout", "max-tokens", "command"],
)  # fmt: skip
def test_a_wrong_command_line_is_a_usage_error(run, arguments):
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Usage: " in ran.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_offered_for_each_shell(start, shell):
    # Typer would rather look for the shell among the parents of the process: here make and sh.
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    ran = start("--show-completion", shell, env=named)
    assert "heroku-inference" in ran.out


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("check --only rer", ["rerank"]),
        ("probe --only se", ["seed"]),
        ("chat --model claude-4-5-", ["claude-4-5-haiku", "claude-4-5-sonnet"]),
        ("embed x.csv --long-text ", ["skip", "truncate", "split"]),
    ],
    ids=["check", "question", "model", "choice"],
)
def test_the_shell_completes_names(start, words, offered):
    asked = {
        "_HEROKU_INFERENCE_COMPLETE": "complete_bash",
        "COMP_WORDS": f"heroku-inference {words}",
        "COMP_CWORD": str(len(words.split(" "))),
    }
    ran = start(env=asked)
    assert set(offered) <= set(ran.out.split())
    assert all(name.startswith(words.rpartition(" ")[2]) for name in ran.out.split())


@pytest.mark.parametrize("command", ["check", "models"])
@pytest.mark.parametrize("columns", [60, 80])
def test_tables_fit_the_terminal_and_honour_no_color(emulator, tmp_path, command, columns):
    env = {"COLUMNS": str(columns), "NO_COLOR": "1", "TERM": "xterm"}
    with Terminal(emulator, tmp_path, command, **env) as terminal:
        assert terminal.wait() == 0
    lines = [_ESCAPES.sub("", line) for line in terminal.seen.splitlines()]
    assert max(map(len, lines)) <= columns
    assert "claude-4-5-sonnet" in " ".join(lines)
    assert not re.search(r"\x1b\[(?:3[0-7]|9[0-7])m", terminal.seen)
