"""The wheel and the sdist hold what they should and say of themselves what is true."""

from __future__ import annotations

import configparser
import email
import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest

import heroku_inference

VERSION = heroku_inference.__version__
ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = {"heroku_inference", "langchain_heroku", "llama_index_heroku", "heroku_emulator"}
DATA = {"vocab.txt", "NOTICE.md", "py.typed"}
RUBBISH = re.compile(
    r"(^|/)(\.venv|\.git/|\.env$|\.rag|site/|dist/|__pycache__)|\.py[co]$|\.sqlite"
)


def names_in(wheel):
    return {PurePosixPath(name) for name in zipfile.ZipFile(wheel).namelist()}


def inside(wheel, name):
    """The text of a file in the wheel's folder of metadata."""
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (path for path in archive.namelist() if path.endswith(f".dist-info/{name}"))
        return archive.read(path).decode()


@pytest.fixture
def metadata(wheel):
    return email.message_from_string(inside(wheel, "METADATA"))


@pytest.fixture
def names_in_sdist(sdist):
    with tarfile.open(sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def test_twine_finds_nothing_to_complain_about(wheel, sdist, wheels_of_names):
    files = [wheel, sdist, *wheels_of_names]
    command = [sys.executable, "-m", "twine", "--no-color", "check", "--strict", *files]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("PASSED") == 4


def test_the_wheel_holds_the_four_packages_and_nothing_beside_them(wheel):
    top = {name.parts[0] for name in names_in(wheel)}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES
    assert len(top) == len(PACKAGES) + 1


def test_the_wheel_holds_code_and_known_data_only(wheel):
    of_packages = [name for name in names_in(wheel) if name.parts[0] in PACKAGES]
    assert [name for name in of_packages if name.suffix != ".py" and name.name not in DATA] == []
    assert [name for name in of_packages if "test" in name.parts[-1].split("_")] == []
    assert [name for name in of_packages if RUBBISH.search(str(name))] == []


def test_the_wheel_holds_every_file_of_the_packages(wheel):
    files = {
        PurePosixPath(file.relative_to(ROOT).as_posix())
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert {name for name in names_in(wheel) if name.parts[0] in PACKAGES} == files


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_type_checkers_read_the_package(wheel, package):
    assert PurePosixPath(package, "py.typed") in names_in(wheel)


def test_the_licence_comes_along(wheel, metadata):
    assert metadata["License-Expression"] == "MIT"
    assert inside(wheel, "licenses/LICENSE") == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_sdist_builds_the_same_wheel(sdist, wheel, machine, tmp_path):
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path)  # noqa: S202 - made by us a moment ago
    (source,) = tmp_path.iterdir()
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path / "built", source]
    subprocess.run(command, check=True, capture_output=True, timeout=300, env=machine)
    (built,) = (tmp_path / "built").glob("*.whl")
    assert built.name == wheel.name
    assert names_in(built) == names_in(wheel)


def test_the_sdist_holds_what_is_needed_to_build_test_and_read(names_in_sdist):
    needed = {"pyproject.toml", "Makefile", "README.md", "CHANGELOG.md", "LICENSE", "mkdocs.yml"}
    assert needed - names_in_sdist == set()
    folders = {name.partition("/")[0] for name in names_in_sdist}
    assert {"tests", "docs", "examples", "requirements", *PACKAGES} - folders == set()
    assert [name for name in names_in_sdist if RUBBISH.search(name)] == []


def test_the_metadata_says_what_pyproject_says(metadata):
    assert metadata["Name"] == PROJECT["name"]
    assert metadata["Version"] == VERSION
    assert metadata["Summary"] == PROJECT["description"]
    assert metadata["Requires-Python"] == PROJECT["requires-python"] == ">=3.11"
    assert set(metadata.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])
    versions = [word.rpartition(" ")[2] for word in metadata.get_all("Classifier")]
    assert [word for word in versions if word.startswith("3.")] == ["3.11", "3.12", "3.13"]


def test_nothing_is_needed_from_an_address(metadata):
    assert [
        line for line in metadata.get_all("Requires-Dist") if "@" in line or "://" in line
    ] == []


def test_the_readme_is_the_description_with_links_that_a_package_page_can_follow(metadata):
    assert metadata["Description-Content-Type"] == "text/markdown"
    shown = metadata.get_payload()
    assert re.findall(r"\]\((?!https://)[^)]*\)|<img", shown) == []
    pages = f"https://github.com/OWNER/heroku-inference/blob/v{VERSION}/"
    files = f"https://raw.githubusercontent.com/OWNER/heroku-inference/v{VERSION}/"
    assert f"]({pages}docs/index.md)" in shown
    assert f"]({files}docs/assets/answer.svg)" in shown
    relative = shown.replace(pages, "").replace(files, "")
    assert relative.strip() == (ROOT / "README.md").read_text("utf-8").strip()


def test_the_entry_points_lead_to_things_in_the_wheel(wheel):
    points = configparser.ConfigParser(delimiters=["="])
    points.read_string(inside(wheel, "entry_points.txt"))
    expected = {"console_scripts": PROJECT["scripts"], **PROJECT.get("entry-points", {})}
    assert {group: dict(points[group]) for group in points.sections()} == expected
    assert {"heroku-inference", "heroku_emulator"} <= {
        *points["console_scripts"],
        *points["pytest11"],
    }
    for target in (target for group in points.sections() for target in points[group].values()):
        module, _, attribute = target.partition(":")
        path = PurePosixPath(*module.split(".")).with_suffix(".py")
        assert path in names_in(wheel)
        if attribute:
            source = zipfile.ZipFile(wheel).read(str(path)).decode()
            assert f"def {attribute}(" in source


def test_the_version_is_written_once(wheel):
    assert wheel.name.split("-")[1] == VERSION
    with zipfile.ZipFile(wheel) as archive:
        saying = [
            name
            for name in archive.namelist()
            if name.endswith(".py") and VERSION in archive.read(name).decode()
        ]
    assert saying == ["heroku_inference/_version.py"]


@pytest.mark.parametrize(
    ("name", "extra"), [("langchain-heroku", "langchain"), ("llama-index-heroku", "llama-index")]
)
def test_a_name_to_search_for_is_metadata_alone(name, extra, wheels_of_names, machine, tmp_path):
    (wheel,) = [file for file in wheels_of_names if file.name.startswith(name.replace("-", "_"))]
    assert {path.parts[0] for path in names_in(wheel)} == {
        f"{name.replace('-', '_')}-{VERSION}.dist-info"
    }
    metadata = email.message_from_string(inside(wheel, "METADATA"))
    assert metadata["Name"] == name
    assert metadata["Version"] == VERSION
    assert metadata["Requires-Python"] == PROJECT["requires-python"]
    assert metadata["License-Expression"] == PROJECT["license"]
    assert metadata.get_all("Requires-Dist") == [f"heroku-inference[{extra}]=={VERSION}"]
    # By its name alone and without the network: pip finds it and the rest here.
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--no-index"]
    command += ["--find-links", wheel.parent, "--report", report, name]
    subprocess.run(command, check=True, capture_output=True, timeout=300, env=machine)
    installed = {
        (found["metadata"]["name"], found["metadata"]["version"])
        for found in json.loads(report.read_text("utf-8"))["install"]
    }
    assert (name, VERSION) in installed
    assert installed <= {(name, VERSION), ("heroku-inference", VERSION)}
