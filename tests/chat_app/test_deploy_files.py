"""What Heroku reads agrees with what the app needs."""

from __future__ import annotations

import ast
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
import tokenize
import tomllib
from importlib.metadata import distribution, packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
APP = ROOT / "examples" / "chat_app"
MANIFEST = json.loads((APP / "app.json").read_text())
PROCESSES = dict(line.split(": ", 1) for line in (APP / "Procfile").read_text().splitlines())
# What an add-on sets, and what a dyno has.
SET_ELSEWHERE = {"DATABASE_URL", "DYNO", "PORT"}


def requirements():
    lines = (APP / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def name_of(requirement):
    return re.match(r"[\w-]+", requirement)[0]


def test_the_procfile_starts_modules_of_the_app():
    assert PROCESSES.keys() == {"release", "web"}
    for command in PROCESSES.values():
        python, flag, module = shlex.split(command)
        assert (python, flag) == ("python", "-m")
        assert 'if __name__ == "__main__":' in Path(find_spec(module).origin).read_text()


def test_the_manifest_asks_for_both_add_ons_and_one_basic_dyno():
    attachments = {one["as"]: one["plan"] for one in MANIFEST["addons"]}
    assert attachments == {
        "INFERENCE": "heroku-inference:standard",
        "DATABASE": "heroku-postgresql:essential-0",
    }
    assert MANIFEST["formation"] == {"web": {"quantity": 1, "size": "basic"}}
    assert MANIFEST["formation"].keys() == PROCESSES.keys() - {"release"}


def test_the_manifest_has_every_config_var_that_the_app_reads_and_no_other():
    from chat_app.settings import Settings

    read = {name.upper() for name in Settings.model_fields}
    assert read - SET_ELSEWHERE == MANIFEST["env"].keys()
    assert MANIFEST["env"]["SESSION_SECRET"]["generator"] == "secret"
    needed = {name for name, var in MANIFEST["env"].items() if var.get("required", True)}
    assert needed == {"SESSION_SECRET"}


def test_the_values_of_the_manifest_are_the_defaults():
    """The app's own answers, with nothing set, are those that the manifest sets."""
    from chat_app.settings import read_settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", "postgres://example")
        patch.setenv("SESSION_SECRET", "0123456789abcdef" * 4)
        settings = read_settings()
    for name, var in MANIFEST["env"].items():
        if "value" in var:
            assert str(getattr(settings, name.lower())) == var["value"], name


def test_the_requirements_are_all_that_the_app_imports():
    imported = {name.partition(".")[0] for name in imported_by_the_app()}
    imported -= {*sys.stdlib_module_names, "__future__", "chat_app", "retrieval"}
    ours = {"heroku_inference", "langchain_heroku", "llama_index_heroku"}
    assert imported >= ours  # whose distribution is known by other names where it is editable
    distributions = packages_distributions()
    for name in imported - ours:
        assert {canonicalize_name(one) for one in distributions[name]} & required_by_name(), name


def imported_by_the_app():
    """The modules that the app imports, with those that its own parts in `retrieval` import."""
    found = {"retrieval.load", "retrieval.hybrid_langchain", "retrieval.hybrid_llama_index"}
    queue = [*APP.glob("*.py"), *(APP.parent / f"{name.replace('.', '/')}.py" for name in found)]
    while queue:
        for name in imported_by(queue.pop()) - found:
            found.add(name)
            file = APP.parent / f"{name.replace('.', '/')}.py"
            if file.exists():
                queue.append(file)
    assert "retrieval.formats.pdf" in found
    return found


def imported_by(file):
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def required_by_name():
    """The distributions that the requirements name, by themselves or by an extra of another."""
    names = set()
    for wanted in map(Requirement, requirements()):
        names.add(canonicalize_name(wanted.name))
        for needs in map(Requirement, distribution(wanted.name).requires or ()):
            if needs.marker and any(needs.marker.evaluate({"extra": one}) for one in wanted.extras):
                names.add(canonicalize_name(needs.name))
    return names


def test_the_requirements_are_those_that_the_tests_have():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    tested = [
        *project["dependency-groups"]["app"],
        *project["project"]["optional-dependencies"]["demo"],
        *project["project"]["optional-dependencies"]["emulator"],
    ]
    assert {line for line in requirements() if name_of(line) != "heroku-inference"} <= {*tested}


def test_the_app_can_be_read_in_ten_minutes():
    of_the_app = sum(map(lines_of_code, APP.glob("*.py")))
    assert of_the_app < 500
    used = (APP.parent / f"{name.replace('.', '/')}.py" for name in imported_by_the_app())
    of_retrieval = sum(
        lines_of_code(file) for file in used if "retrieval" in file.parts and file.exists()
    )
    page = (ROOT / "docs" / "how-to" / "deploy-a-chat-app.md").read_text()
    told = [int(count) for count in re.findall(r"(\d+) lines of", page)]
    assert told == pytest.approx([of_the_app, of_retrieval], abs=20)


def lines_of_code(file):
    """Count lines without blank ones, comments, docstrings and imports."""
    source = file.read_text()
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT and token.string.strip():
            lines |= {*range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(source)):
        is_docstring = isinstance(node, ast.Expr) and isinstance(
            getattr(node.value, "value", None), str
        )
        if is_docstring or isinstance(node, ast.Import | ast.ImportFrom):
            lines -= {*range(node.lineno, node.end_lineno + 1)}
    return len(lines)


def test_the_python_is_one_that_the_package_supports():
    version = (APP / ".python-version").read_text().strip()
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    assert f"Programming Language :: Python :: {version}" in classifiers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heroku") / "my-chat"
    command = [shutil.which("make"), "--no-print-directory", "app-folder", f"FOLDER={folder}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "git push heroku main" in done.stdout
    return folder


def git(folder, *arguments):
    command = [shutil.which("git"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_the_folder_is_a_repository_with_all_that_the_build_needs(folder):
    listed = git(folder, "ls-files").split()
    assert {"Procfile", "app.json", "requirements.txt", "constraints.txt", ".python-version"} <= {
        *listed
    }
    assert (
        sum(re.fullmatch(r"vendor/heroku_inference-.*\.whl", name) is not None for name in listed)
        == 1
    )
    assert git(folder, "status", "--porcelain") == ""
    pins = {
        line.partition("==")[0] for line in (folder / "constraints.txt").read_text().splitlines()
    }
    named = {name_of(line).lower() for line in requirements()} - {"heroku-inference"}
    assert named <= pins


def test_the_folder_is_enough_to_make_the_tables(folder, running_app):
    """The release phase, from the folder alone."""
    config_vars = {**running_app.config_vars, "DYNO": "release.1"}
    del config_vars["PYTHONPATH"]
    for command in (PROCESSES["release"], 'python -c "import chat_app.main"'):
        _python, *arguments = shlex.split(command)
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=config_vars,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_a_release_without_its_config_vars_says_what_to_do(folder, running_app):
    config_vars = {**running_app.config_vars, "DYNO": "release.1"}
    del config_vars["PYTHONPATH"], config_vars["SESSION_SECRET"]
    done = subprocess.run(
        [sys.executable, "-m", "chat_app.store"],
        cwd=folder,
        env=config_vars,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Set SESSION_SECRET: ")
