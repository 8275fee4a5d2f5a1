"""The locked requirements are for the Pythons that are supported, and agree with each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
LOCKS = ("app", "demo", "dev", "foreign", "lowest", "programs", "proof", "ray")
PIN = re.compile(r"^([\w.-]+)==(\S+)(?: ; .*?)?(?: \\)?$", re.MULTILINE)
# Foreign clients need openai 2; it, litellm, instructor, openai-agents and packages for traces cap
# the others.
OLDER_OR_NEWER_IN_FOREIGN = {
    "filelock",
    "huggingface-hub",
    "importlib-metadata",
    "jiter",
    "llama-index-instrumentation",
    "llama-index-tools-mcp",
    "mcp",
    "openai",
    "opentelemetry-api",
    "rich",
    "websockets",
}
# instructor caps jiter and rich, openai goes with jiter, and Google's client caps tenacity.
OLDER_IN_PROGRAMS = {"jiter", "openai", "rich", "tenacity"}

# A client of a tracing service, which chainlit brings, caps both.
OLDER_IN_APP = {"deprecated", "opentelemetry-api"}


def text_of(lock):
    return (REQUIREMENTS / f"{lock}.txt").read_text(encoding="utf-8")


def pins_of(lock):
    """Maps each package to its versions: there are several where Pythons need different ones."""
    pins = {}
    for name, version in PIN.findall(text_of(lock)):
        pins.setdefault(name, set()).add(version)
    return pins


def differing(lock, other):
    pins, others = pins_of(lock), pins_of(other)
    return {name for name in pins.keys() & others.keys() if pins[name] != others[name]}


def test_demo_and_dev_agree_on_every_pin():
    assert pins_of("demo").keys() - pins_of("dev").keys() == set()
    assert differing("demo", "dev") == set()


def test_foreign_differs_from_dev_only_where_its_clients_ask_for_it():
    assert differing("foreign", "dev") == OLDER_OR_NEWER_IN_FOREIGN


def test_programs_differ_from_dev_only_where_they_ask_for_it():
    assert differing("programs", "dev") == OLDER_IN_PROGRAMS


def test_app_differs_from_dev_only_where_chainlit_asks_for_it():
    assert differing("app", "dev") == OLDER_IN_APP


def test_proof_adds_to_dev_and_changes_nothing():
    assert differing("proof", "dev") == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_no_pin_is_for_a_python_below_the_lowest(lock):
    assert re.findall(r"python_(?:full_)?version < '3\.(?:\d|10|11)(?:\.0)?'", text_of(lock)) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_says_who_asked_for_it(lock):
    for entry in re.split(r"^(?=\w)", text_of(lock), flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in entry, entry
        assert "# via" in entry, entry


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_the_address_of_a_registry(lock):
    assert "://" not in text_of(lock)
