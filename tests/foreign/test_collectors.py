"""The programs for Langfuse and Phoenix on the page about costs, and what they send."""

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

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "what-it-costs.md"
PROGRAMS = {
    f"{title} {number}": block
    for title, section in re.findall(
        r"^## (Langfuse|Phoenix)\n(.*?)(?=^## )", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    for number, block in enumerate(
        (
            block
            for block in re.findall(r"^```\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
            if "import" in block
        ),
        start=1,
    )
}
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


def test_the_page_has_four_programs():
    assert list(PROGRAMS) == ["Langfuse 1", "Langfuse 2", "Langfuse 3", "Phoenix 1"]


def test_langfuse_gets_model_and_tokens_from_langchain(run):
    (span,) = [one for one in run(PROGRAMS["Langfuse 1"]) if "generation" in one.values()]
    assert span["langfuse.observation.model.name"] == MODEL
    usage = json.loads(span["langfuse.observation.usage_details"])
    assert usage["input"] > 0 < usage["output"]
    assert usage["input"] + usage["output"] == usage["total"]


@pytest.mark.parametrize("name", ["Langfuse 2", "Phoenix 1"])
def test_model_and_tokens_arrive_by_openinference(run, name):
    spans = [one for one in run(PROGRAMS[name]) if "llm.model_name" in one]
    assert [one["llm.model_name"] for one in spans] == [MODEL] * (1 if "Lang" in name else 2)
    for span in spans:
        tokens = {
            kind: span[f"llm.token_count.{kind}"] for kind in ("prompt", "completion", "total")
        }
        assert tokens["prompt"] + tokens["completion"] == tokens["total"] > 0


def test_langfuse_gets_the_cost_by_your_prices(run):
    (span,) = run(PROGRAMS["Langfuse 3"])
    assert span["langfuse.observation.model.name"] == MODEL
    usage = json.loads(span["langfuse.observation.usage_details"])
    cost = json.loads(span["langfuse.observation.cost_details"])
    assert cost == {"total": usage["input"] * 0.5 + usage["output"] * 0.25}
