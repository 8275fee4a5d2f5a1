"""The files for `docker compose` agree with each other and with the emulator that they start."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from dotenv import dotenv_values

from heroku_emulator.__main__ import _parser

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "docker"
DOCKERFILE = (FOLDER / "Dockerfile").read_text("utf-8")
SERVICES = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))["services"]


@pytest.fixture(scope="module")
def command():
    """What the container runs, as a list of words."""
    (words,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    return json.loads(words)


def test_what_the_image_is_made_of_is_there_and_reaches_the_build():
    build = SERVICES["emulator"]["build"]
    assert SERVICES["app"]["build"] == build
    assert (FOLDER / build["context"]).resolve() == ROOT
    assert ROOT / build["dockerfile"] == FOLDER / "Dockerfile"
    copied = {
        name
        for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE)
        for name in line.split()[:-1]
    }
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    packages = set(json.loads(re.search(r"^packages = (\[.*\])$", project, re.MULTILINE)[1]))
    assert packages <= copied
    assert [name for name in copied - packages if not (ROOT / name).exists()] == []
    lines = (FOLDER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == copied


def test_the_container_serves_at_the_port_that_is_published(command):
    assert command[:3] == ["python", "-m", "heroku_emulator"]
    options = _parser().parse_args(command[3:])
    assert options.host == "0.0.0.0"  # noqa: S104 - in a container
    assert not options.run_code
    port = options.port
    assert re.findall(r"^EXPOSE (.*)$", DOCKERFILE, re.MULTILINE) == [str(port)]
    assert SERVICES["emulator"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"('127.0.0.1', {port})" in SERVICES["emulator"]["healthcheck"]["test"][-1]


def test_the_health_check_tells_whether_it_serves(emulator):
    *start, script = SERVICES["emulator"]["healthcheck"]["test"]
    assert start == ["CMD", "python", "-c"]
    here = script.replace("8377", str(urlsplit(emulator.url).port))
    assert here != script
    assert subprocess.run([sys.executable, "-c", here], check=False).returncode == 0
    nowhere = script.replace("8377", "1")
    checked = subprocess.run([sys.executable, "-c", nowhere], capture_output=True, check=False)
    assert checked.returncode == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "emulator"])
def test_the_config_vars_are_those_of_the_emulator(host, emulator):
    if host == "127.0.0.1":
        told = dotenv_values(FOLDER / "config-vars.env")
    else:
        told = SERVICES["app"]["environment"]
    url = f"http://{host}:8377"
    expected = {
        name: text.replace(emulator.url, url) for name, text in emulator.config_vars.items()
    }
    assert {name: text for name, text in told.items() if name != "DATABASE_URL"} == expected


@pytest.mark.parametrize("place", ["this machine", "a container"])
def test_the_database_is_where_its_url_says(place):
    service = SERVICES["database"]
    listen, published, inside = service["ports"][0].split(":")
    if place == "this machine":
        told = dotenv_values(FOLDER / "config-vars.env")["DATABASE_URL"]
        address = (listen, int(published))
    else:
        told = SERVICES["app"]["environment"]["DATABASE_URL"]
        address = ("database", int(inside))
    url = urlsplit(told)
    assert (url.hostname, url.port) == address
    made = service["environment"]
    assert url.username == made["POSTGRES_USER"]
    assert url.password == made["POSTGRES_PASSWORD"]
    assert url.path == f"/{made['POSTGRES_DB']}"
    assert "pgvector" in service["image"]
