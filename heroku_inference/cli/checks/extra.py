"""Checks of what costs more or needs more than the rest: made with `--all`, or by name."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from heroku_inference._catalogue import is_claude
from heroku_inference.cli.checks.outcomes import Skipped, WrongAnswer
from heroku_inference.cli.checks.runner import Check
from heroku_inference.cli.checks.target import WORD, user

if TYPE_CHECKING:
    from heroku_inference.cli.checks.target import Target

__all__ = ["EXTRA_CHECKS"]

_PROMPT: Final = f"Answer with this one word and nothing else: {WORD}"


def _agents(target: Target) -> str:
    run = target.client("chat").run_agent(
        [user(_PROMPT)],
        model=target.chat_model,
        max_tokens_per_inference_request=target.max_tokens,
    )
    if not run.text.strip():
        raise WrongAnswer("the run ended without text", "Try another --model.")
    steps = f"{len(run.steps)} step{'s' * (len(run.steps) != 1)}"
    return f"{steps}, finish reason {run.finish_reason}"


def _mcp(target: Target) -> str:
    servers = target.client("chat").mcp_servers()
    if not servers:
        return "no MCP server is registered"
    tools = sum(len(server.tools) for server in servers)
    names = ", ".join(server.namespace for server in servers)
    return f"{len(servers)} registered ({names}), {tools} tool{'s' * (tools != 1)}"


def _messages(target: Target) -> str:
    if not find_spec("anthropic"):
        raise Skipped('needs an extra: pip install "heroku-inference[anthropic]"')
    model = target.chat_model
    if not is_claude(model):
        raise Skipped(f"{model} is not a Claude model, and this endpoint serves only those")
    from heroku_inference._anthropic.clients import anthropic_client  # noqa: PLC0415 - an extra

    client = anthropic_client(target.settings("chat"), timeout=target.timeout, max_retries=0)
    answer = client.messages.create(
        model=model,
        max_tokens=target.max_tokens,
        messages=[{"role": "user", "content": _PROMPT}],
    )
    text = "".join(block.text for block in answer.content if block.type == "text")
    if not text.strip():
        raise WrongAnswer(f"an answer without text, stop reason {answer.stop_reason}")
    return f"{model} answers, stop reason {answer.stop_reason}"


def _image(target: Target) -> str:
    with target.attached("image") as model:
        image = target.client("image").generate_image("a lighthouse", model=model)
    if not image.data:
        raise WrongAnswer("a picture without a byte", "Try again later.")
    return f"{model}: {len(image.data):,} bytes, {image.mime_type}"


EXTRA_CHECKS: Final = (
    Check(name="agents", title="Agents", run=_agents, calls=1, extra=True, after=("chat",)),
    Check(name="mcp", title="MCP servers", run=_mcp, extra=True, after=("chat",)),
    Check(
        name="messages",
        title="Messages",
        run=_messages,
        calls=1,
        extra=True,
        after=("chat",),
        loads="anthropic",
    ),
    Check(name="image", title="Images", run=_image, calls=1, extra=True),
)
