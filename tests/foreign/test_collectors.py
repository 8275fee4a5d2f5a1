"""The programs for Langfuse, Phoenix and OpenTelemetry on the pages, and what they send."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PAGES = Path(__file__).parents[2] / "docs" / "how-to"


def programs(page, title):
    """The programs of a section, which other tests cannot run."""
    text = (PAGES / page).read_text("utf-8")
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## )", text, re.DOTALL | re.MULTILINE)
    blocks = re.findall(r"^```\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return [block for block in blocks if block.startswith("from ")]


OF_LANGCHAIN, OF_LLAMA_INDEX, OF_THE_CORE = programs("what-it-costs.md", "Langfuse")
(PHOENIX,) = programs("what-it-costs.md", "Phoenix")
(OPENTELEMETRY,) = programs("tracing.md", "OpenTelemetry")
MODEL = "claude-4-5-sonnet"


class Collector(BaseHTTPRequestHandler):
    """Takes spans as OTLP over HTTP."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.taken.append((self.path, dict(self.headers), body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture
def collector():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.taken = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def run(collector, emulator, tmp_path):
    """Runs a program in a process of its own; returns the attributes of the spans that it sent."""

    def run(program):
        url = f"http://127.0.0.1:{collector.server_port}"
        price = {"input_cost_per_token": 0.5, "output_cost_per_token": 0.25}
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251
        environment = {
            **kept,
            **emulator.config_vars,
            "INFERENCE_PRICES": json.dumps({MODEL: price}),
            "LANGFUSE_PUBLIC_KEY": "pk-lf-made-up",
            "LANGFUSE_SECRET_KEY": "sk-lf-made-up",
            "LANGFUSE_BASE_URL": url,
            "PHOENIX_COLLECTOR_ENDPOINT": url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        }
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert emulator.api_key.encode() not in b"".join(body for *_, body in collector.taken)
        return [
            {one.key: value_of(one.value) for one in span.attributes}
            for path, _, body in collector.taken
            if path.endswith("/v1/traces")
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    return run


def value_of(value):
    return getattr(value, value.WhichOneof("value"))


def test_langfuse_gets_model_and_tokens_from_langchain(run):
    (span,) = [one for one in run(OF_LANGCHAIN) if "generation" in one.values()]
    assert span["langfuse.observation.model.name"] == MODEL
    usage = json.loads(span["langfuse.observation.usage_details"])
    assert usage["input"] > 0 < usage["output"]
    assert usage["input"] + usage["output"] == usage["total"]


@pytest.mark.parametrize(
    ("program", "calls"), [(OF_LLAMA_INDEX, 1), (PHOENIX, 2)], ids=["langfuse", "phoenix"]
)
def test_model_and_tokens_arrive_by_openinference(run, program, calls):
    spans = [one for one in run(program) if "llm.model_name" in one]
    assert [one["llm.model_name"] for one in spans] == [MODEL] * calls
    for span in spans:
        prompt, completion, total = (
            span[f"llm.token_count.{kind}"] for kind in ("prompt", "completion", "total")
        )
        assert prompt + completion == total > 0


def test_langfuse_gets_the_cost_by_your_prices(run):
    (span,) = run(OF_THE_CORE)
    assert span["langfuse.observation.model.name"] == MODEL
    usage = json.loads(span["langfuse.observation.usage_details"])
    cost = json.loads(span["langfuse.observation.cost_details"])
    assert cost == {"total": usage["input"] * 0.5 + usage["output"] * 0.25}


def test_spans_follow_the_conventions_for_genai(run):
    request, call = run(OPENTELEMETRY)
    assert request["http.url"].endswith("/v1/chat/completions")
    assert (call["gen_ai.provider.name"], call["gen_ai.request.model"]) == ("heroku", MODEL)
    assert call["gen_ai.usage.input_tokens"] > 0 < call["gen_ai.usage.output_tokens"]
    assert "Hello" not in str(call)
