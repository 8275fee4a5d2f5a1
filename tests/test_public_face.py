"""What the packages export, and what importing them does not do."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
import typing

import pytest
from pydantic import TypeAdapter

import heroku_inference

PACKAGES = ["heroku_inference", "langchain_heroku", "llama_index_heroku", "heroku_emulator"]
MODULES = [
    *PACKAGES,
    "heroku_inference.agent_tools",
    "heroku_inference.ray",
    "langchain_heroku.errors",
]


@pytest.mark.parametrize("name", PACKAGES)
def test_everything_exported_exists_once_and_is_documented(name):
    package = importlib.import_module(name)
    assert len(set(package.__all__)) == len(package.__all__)
    public = {name: getattr(package, name) for name in package.__all__}
    assert [name for name, value in public.items() if callable(value) and not value.__doc__] == []


@pytest.mark.parametrize("name", ["heroku_inference", "langchain_heroku"])
def test_the_version_is_the_distributions(name):
    assert re.match(r"\d+\.\d+\.\d+", importlib.import_module(name).__version__)


@pytest.mark.parametrize("name", MODULES)
def test_the_address_of_each_class_and_function_is_public(name):
    module = importlib.import_module(name)
    public = {name: getattr(module, name) for name in module.__all__}
    things = [one for one in public.values() if inspect.isclass(one) or inspect.isfunction(one)]
    assert things
    for thing in things:
        assert not re.search(r"(^|\.)_", thing.__module__)
        assert getattr(importlib.import_module(thing.__module__), thing.__name__) is thing


@pytest.mark.parametrize(
    ("name", "framework"),
    [
        ("heroku_inference", "pydantic"),
        ("langchain_heroku", "langchain_core.language_models.chat_models"),
        ("llama_index_heroku", "llama_index.core"),
        ("heroku_emulator", "starlette.applications"),
    ],
)
def test_each_name_may_be_the_first_import_of_a_process(name, framework):
    # Forks of one interpreter that has nothing of ours yet: a start of Python for each is slow.
    program = (
        f"import os, sys, traceback, {framework}\n"
        "package, *names = sys.argv[1:]\n"
        "failed = []\n"
        "for name in names:\n"
        "    if (child := os.fork()) == 0:\n"
        "        try:\n"
        "            exec(f'from {package} import {name}')\n"
        "        except BaseException:\n"
        "            traceback.print_exc()\n"
        "            os._exit(1)\n"
        "        os._exit(0)\n"
        "    if os.waitpid(child, 0)[1]:\n"
        "        failed.append(name)\n"
        "sys.exit(repr(failed) if failed else 0)\n"
    )
    names = importlib.import_module(name).__all__
    command = [sys.executable, "-W", "error", "-c", program, name, *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", PACKAGES)
def test_unknown_names_are_attribute_errors(name):
    with pytest.raises(AttributeError, match="nonsense"):
        importlib.import_module(name).nonsense  # noqa: B018


@pytest.mark.parametrize(
    ("statement", "not_loaded"),
    [
        (
            "import heroku_inference",
            "httpx httpx2 aiohttp langchain_core llama_index starlette dotenv",
        ),
        ("import heroku_emulator", "heroku_inference langchain_core llama_index starlette uvicorn"),
        (
            "from langchain_heroku import ChatHeroku, HerokuRerank, register",
            "llama_index heroku_emulator langchain langchain_openai openai anthropic mcp",
        ),
        (
            "from langchain_heroku import HerokuEmbeddings",
            "langchain_core.language_models.chat_models llama_index heroku_emulator openai",
        ),
    ],
)
def test_importing_loads_no_more_than_is_needed_and_opens_no_socket(statement, not_loaded):
    program = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('a socket was opened')\n"
        "socket.socket.connect = socket.socket.bind = refuse\n"
        f"{statement}\n"
        f"loaded = [name for name in {not_loaded.split()!r} if name in sys.modules]\n"
        "sys.exit(repr(loaded) if loaded else 0)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)


@pytest.mark.parametrize(
    ("statement", "most_modules", "made"),
    [
        ("from langchain_heroku import ChatHeroku", 53, []),
        ("from langchain_heroku import HerokuEmbeddings", 25, ["EmbeddingOptions"]),
        ("from langchain_heroku import HerokuRerank", 25, ["RerankOptions"]),
        ("from llama_index_heroku import Heroku", 44, []),
        ("from llama_index_heroku import HerokuEmbedding", 28, ["EmbeddingOptions", "_Batch"]),
        ("from llama_index_heroku import HerokuRerank", 25, ["RerankOptions"]),
    ],
)
def test_importing_a_class_of_an_adapter_costs_no_more_than_it_did(statement, most_modules, made):
    # A module takes 0.1 ms, a dataclass half of one: who adds one here has to want it. What only
    # calls need is loaded with the first.
    program = (
        f"{statement}\n"
        "import sys\n"
        f"packages = {PACKAGES!r}\n"
        "ours = [module for name, module in sys.modules.items()"
        " if name.partition('.')[0] in packages]\n"
        "things = {id(one): one for module in ours for one in vars(module).values()}.values()\n"
        "print(len(ours), *sorted(one.__name__ for one in things if isinstance(one, type)"
        " and '__dataclass_fields__' in vars(one)"
        " and one.__module__.partition('.')[0] in packages))\n"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    modules, *dataclasses = done.stdout.split()
    assert dataclasses == made
    assert int(modules) <= most_modules


@pytest.mark.parametrize(
    ("statement", "missing", "extra"),
    [
        ("from langchain_heroku import ChatHeroku", "langchain_core", "langchain"),
        ("from langchain_heroku import HerokuEmbeddings", "langchain_core", "langchain"),
        ("from llama_index_heroku import Heroku", "llama_index", "llama-index"),
        ("from heroku_emulator import Emulator", "starlette", "emulator"),
        ("from heroku_emulator import Emulator; Emulator(engine='minilm')", "numpy", "demo"),
    ],
)
def test_an_extra_that_is_not_installed_is_named(statement, missing, extra):
    program = (
        "import sys\n"
        "class NotInstalled:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] == {missing!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, NotInstalled())\n"
        f"{statement}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert f'pip install "heroku-inference[{extra}]"' in done.stderr.splitlines()[-1]


def functions_of(package):
    """Every public function and method that the packages define, also in private base classes."""
    module = importlib.import_module(package)
    for name in module.__all__:
        thing = getattr(module, name)
        members = {name: thing}
        if inspect.isclass(thing):
            public = (member for member in dir(thing) if not member.startswith("_"))
            members = {f"{name}.{member}": getattr(thing, member, None) for member in public}
            members[f"{name}.__init__"] = thing.__init__
        for address, member in members.items():
            called = member.fget if isinstance(member, property) else member
            function = inspect.unwrap(called) if callable(called) else None
            code = getattr(function, "__func__", function)
            if getattr(code, "__globals__", {}).get("__name__", "").partition(".")[0] in PACKAGES:
                yield address, function


@pytest.mark.parametrize("name", MODULES)
def test_programs_can_read_the_annotations_of_every_public_function(name):
    unreadable, read = {}, 0
    for address, function in functions_of(name):
        try:
            typing.get_type_hints(function)
        except NameError as error:
            unreadable[address] = error.name
        read += 1
    assert unreadable == {}
    assert read


def test_programs_can_read_the_fields_of_every_value():
    public = [getattr(heroku_inference, name) for name in heroku_inference.__all__]
    values = [
        one
        for one in public
        if inspect.isclass(one) and not issubclass(one, heroku_inference.HerokuError)
    ]
    assert heroku_inference.ChatResult in values
    for value in values:
        typing.get_type_hints(value)
    TypeAdapter(heroku_inference.ChatResult).json_schema()  # as web frameworks do
