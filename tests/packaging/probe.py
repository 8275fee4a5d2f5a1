"""Run by the Python of a fresh environment: `python -I probe.py EXTRA` tries what it promises.

The environment has the built wheel with one extra, or two as `EXTRA+emulator`, and nothing else;
its config vars lead to an emulator. Says what was tried, and fails at the first thing that is not
as it should be.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

BIN: Final = Path(sys.executable).parent
HELLO: Final = [{"role": "user", "content": "Say hello"}]
LANGCHAIN: Final = (
    "ChatHeroku ChatHerokuAgent HerokuEmbeddings HerokuImageTool HerokuRerank register"
)
LLAMA_INDEX: Final = (
    "Heroku HerokuAgent HerokuEmbedding HerokuImageToolSpec HerokuRerank HerokuToolSpec"
)


def core() -> None:
    """Works with every extra, and with none."""
    import heroku_inference

    names(heroku_inference, *heroku_inference.__all__)
    assert "site-packages" in heroku_inference.__file__, heroku_inference.__file__
    assert heroku_inference.__version__ == version("heroku-inference")
    client = heroku_inference.Client()
    assert client.chat(HELLO).text
    assert asyncio.run(heroku_inference.AsyncClient().embed(["a", "b"])).vectors
    assert len(client.rerank("a", ["b", "c"]).hits) == 2


def shared_limit() -> None:
    import heroku_inference

    with tempfile.TemporaryDirectory() as folder:
        limit = heroku_inference.SharedRateLimit(f"{folder}/limit", requests="400/min")
        assert heroku_inference.Client(rate_limiter=limit).chat(HELLO).text


def shared_limit_redis() -> None:
    assert import_module("heroku_inference").SharedRateLimit("redis://h", requests="8/s").store


def shared_limit_postgres() -> None:
    assert import_module("heroku_inference").SharedRateLimit("postgres://h", requests="8/s").store
    import_module("psycopg")


def langchain() -> None:
    import langchain_heroku

    names(langchain_heroku, *LANGCHAIN.split())
    assert langchain_heroku.ChatHeroku().invoke("Say hello").text
    assert langchain_heroku.HerokuEmbeddings().embed_query("a")
    assert langchain_heroku.HerokuRerank().rerank("a", ["b", "c"])


def langchain_anthropic() -> None:
    from langchain_heroku import ChatHerokuMessages

    assert ChatHerokuMessages().invoke("Say hello").text


def langchain_mcp() -> None:
    from langchain_heroku import load_mcp_tools

    assert len(asyncio.run(load_mcp_tools())) == 1


def llama_index() -> None:
    import llama_index_heroku

    names(llama_index_heroku, *LLAMA_INDEX.split())
    assert llama_index_heroku.Heroku().complete("Say hello").text
    assert llama_index_heroku.HerokuEmbedding().get_text_embedding("a")
    llama_index_heroku.HerokuRerank()


def llama_index_anthropic() -> None:
    from llama_index_heroku import HerokuMessages

    assert HerokuMessages().complete("Say hello").text


def llama_index_mcp() -> None:
    from llama_index_heroku import load_mcp_tools

    assert len(asyncio.run(load_mcp_tools())) == 1


def openai() -> None:
    import heroku_inference

    client = heroku_inference.openai_client()
    model = heroku_inference.Settings().require_model("claude-4-5-haiku")
    assert client.chat.completions.create(model=model, messages=HELLO).choices[0].message.content


def cli() -> None:
    assert version("heroku-inference") in command("--version").stdout
    listed = command("models", "--json")
    assert listed.returncode == 0, listed.stderr
    assert "claude" in listed.stdout


def corpus() -> None:
    import pyarrow.parquet

    from heroku_inference import EmbedJob

    assert EmbedJob("vectors").run([("a", "one"), ("b", "two")]).embedded == 2
    assert pyarrow.parquet.read_table("vectors").num_rows == 2


def emulator() -> None:
    import heroku_emulator
    import heroku_inference

    names(heroku_emulator, *heroku_emulator.__all__)
    with heroku_emulator.Emulator(engine="deterministic") as running:
        running.script(heroku_emulator.Say("From here."))
        client = heroku_inference.Client(base_url=running.url, api_key=running.api_key)
        assert client.chat(HELLO, model="claude-4-5-haiku").text == "From here."
        assert client.generate_image("A boat", model="stable-image-ultra").data


def demo() -> None:
    import heroku_emulator
    import heroku_inference

    with heroku_emulator.Emulator(engine="minilm") as running:
        client = heroku_inference.Client(base_url=running.url, api_key=running.api_key)
        hits = client.rerank("sea", ["a desk", "waves on a shore"], model="cohere-rerank-3-5").hits
        assert hits[0].index == 1


def own_toolkit(load_mcp_tools: Any) -> None:
    """The emulator serves MCP with the version of `mcp` that the framework brings."""
    from heroku_emulator import Emulator, McpServer, McpTool

    tool = McpTool(name="add", run=lambda a, b: a + b)
    server = McpServer(namespace="own", tools=[tool])
    with Emulator(engine="deterministic", mcp_servers=[server]) as running:
        loading = load_mcp_tools(base_url=running.url, api_key=running.api_key)
        assert len(asyncio.run(loading)) == 1


def names(module: Any, *wanted: str) -> None:
    for name in wanted:
        assert getattr(module, name) is not None
    sys.stdout.write(f"{module.__name__}: {len(wanted)} names\n")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    run = [str(BIN / "heroku-inference"), *arguments]
    return subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)


def refused(part: str) -> None:
    """What needs an extra that is not there says which."""
    statement, message = REFUSALS[part]
    run = [sys.executable, "-I", "-c", statement]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode, f"{part}: {statement!r} works without the extra"
    assert message in done.stderr, f"{part}: {message!r} is not in {done.stderr[-600:]!r}"
    sys.stdout.write(f"without {part}: {done.stderr.splitlines()[-1]}\n")


PARTS: Final = {
    "langchain": langchain,
    "langchain-anthropic": langchain_anthropic,
    "langchain-mcp": langchain_mcp,
    "llama-index": llama_index,
    "llama-index-anthropic": llama_index_anthropic,
    "llama-index-mcp": llama_index_mcp,
    "openai": openai,
    "shared-limit": shared_limit,
    "shared-limit-redis": shared_limit_redis,
    "shared-limit-postgres": shared_limit_postgres,
    "cli": cli,
    "corpus": corpus,
    "emulator": emulator,
    "demo": demo,
}
# What an extra brings beside itself.
BRINGS: Final = {
    "langchain-anthropic": {"langchain"},
    "langchain-mcp": {"langchain"},
    "llama-index-anthropic": {"llama-index"},
    "llama-index-mcp": {"llama-index"},
    "anthropic": {"langchain", "langchain-anthropic", "llama-index", "llama-index-anthropic"},
    "mcp": {"langchain", "langchain-mcp", "llama-index", "llama-index-mcp"},
    "shared-limit-redis": {"shared-limit"},
    "shared-limit-postgres": {"shared-limit"},
    "demo": {"langchain", "llama-index", "emulator"},
    "all": set(PARTS),
}
# Without an extra: what fails, and a piece of what it says.
REFUSALS: Final = {
    "corpus": (
        "from heroku_inference import EmbedJob; EmbedJob('nothing').run([])",
        "heroku-inference[corpus]",
    ),
    "langchain": (
        "from langchain_heroku import ChatHeroku",
        "heroku-inference[langchain]",
    ),
    "langchain-anthropic": (
        "from langchain_heroku import ChatHerokuMessages; ChatHerokuMessages()",
        "heroku-inference[langchain-anthropic]",
    ),
    "langchain-mcp": (
        "import asyncio, langchain_heroku as l; asyncio.run(l.load_mcp_tools())",
        "heroku-inference[langchain-mcp]",
    ),
    "llama-index": (
        "from llama_index_heroku import Heroku",
        "heroku-inference[llama-index]",
    ),
    "llama-index-anthropic": (
        "from llama_index_heroku import HerokuMessages; HerokuMessages()",
        "heroku-inference[llama-index-anthropic]",
    ),
    "llama-index-mcp": (
        "import asyncio, llama_index_heroku as l; asyncio.run(l.load_mcp_tools())",
        "heroku-inference[llama-index-mcp]",
    ),
    "openai": (
        "from heroku_inference import openai_client; openai_client()",
        "heroku-inference[openai]",
    ),
    "shared-limit": (
        "from heroku_inference import SharedRateLimit as S; S('limit', requests='8/s')",
        "heroku-inference[shared-limit]",
    ),
    "shared-limit-redis": (
        "from heroku_inference import SharedRateLimit as S; S('redis://h', requests='8/s')",
        "heroku-inference[shared-limit-redis]",
    ),
    "shared-limit-postgres": (
        "from heroku_inference import SharedRateLimit as S; S('postgres://h', requests='8/s')",
        "heroku-inference[shared-limit-postgres]",
    ),
    "cli": (
        "import sys; from heroku_inference.__main__ import main; sys.exit(main())",
        "heroku-inference[cli]",
    ),
    "emulator": (
        "from heroku_emulator import Emulator; Emulator()",
        "heroku-inference[emulator]",
    ),
    "demo": (
        "from heroku_emulator import Emulator; Emulator(engine='minilm')",
        "heroku-inference[demo]",
    ),
}
# The frameworks of others, which come with nothing but their own extra.
FRAMEWORKS: Final = {"langchain": "langchain_core", "llama-index": "llama_index.core"}


def probe(*extras: str) -> None:
    """Tries the core, what the extras bring, and what they do not."""
    here = set(extras) & set(PARTS)
    here = here.union(*(BRINGS.get(extra, set()) for extra in extras))
    core()
    for part in (part for part in PARTS if part in here):
        PARTS[part]()
        sys.stdout.write(f"{part}: works\n")
    for framework in FRAMEWORKS if "emulator" in here else ():
        if f"{framework}-mcp" in here:
            adapter = import_module(f"{framework.replace('-', '_')}_heroku")
            own_toolkit(adapter.load_mcp_tools)
            sys.stdout.write(f"{framework}-mcp: works with the emulator beside it\n")
    for framework, package in FRAMEWORKS.items():
        if framework not in here:
            assert package not in sys.modules
            assert not _is_there(package), f"{package} came along"
    for part in PARTS:
        # An extra of a framework that is not there fails for the framework's sake.
        framework = next((name for name in FRAMEWORKS if part.startswith(f"{name}-")), None)
        if part not in here and framework in {None, *here} and _is_missing(part, here):
            refused(part)


def _is_missing(part: str, here: set[str]) -> bool:
    """MCP brings most of what the emulator needs; the demo's engines need the emulator."""
    if part == "emulator":
        return not _is_there("starlette")
    return part != "demo" or "emulator" in here


def _is_there(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:  # of the package above it
        return False


if __name__ == "__main__":
    assert sys.flags.isolated
    assert "INFERENCE_URL" in os.environ  # noqa: TID251 - set by the test
    import_module("heroku_inference")
    probe(*sys.argv[1].split("+"))
