"""No JSON makes `load_mcp_tools` end in anything but tools or an error of this library."""

from __future__ import annotations

import asyncio
import json

import pytest

import langchain_heroku
import llama_index_heroku
from heroku_inference import HerokuError
from tests.hostile.raw_server import Connection, answer
from tests.hostile.right_answers import Endpoint

LOAD = {
    "LangChain": langchain_heroku.load_mcp_tools,
    "LlamaIndex": llama_index_heroku.load_mcp_tools,
}
HELLO = Endpoint(
    [
        {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "toolkit", "version": "1"},
        }
    ]
)
TOOLS = Endpoint(
    [
        {
            "tools": [
                {
                    "name": "mcp/add",
                    "description": "Adds",
                    "inputSchema": {
                        "type": "object",
                        "properties": {"a": {"type": "number"}},
                        "required": ["a"],
                    },
                }
            ]
        }
    ]
)
ANSWERS = {"initialize": HELLO, "tools/list": TOOLS}
PART = 61


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ANSWERS)
@pytest.mark.parametrize("framework", LOAD)
def test_any_json_of_a_toolkit_is_tools_or_an_error_of_ours(framework, method, serve, whole):
    wrong = None

    def handle(connection: Connection) -> None:
        while (request := connection.request()) is not None:
            head, body = request.split(b"\r\n\r\n", 1)
            said = json.loads(body) if body else {}
            if not head.startswith(b"POST"):
                connection.send(answer(b"", "405 Method Not Allowed"))
            elif said.get("method") in ANSWERS:
                case = wrong if said["method"] == method else None
                result = ANSWERS[said["method"]].body(case)
                text = b'{"jsonrpc": "2.0", "id": %d, "result": %s}' % (said["id"], result)
                connection.send(answer(text))
            else:
                connection.send(answer(b"", "202 Accepted"))

    server = serve(handle)
    cases = [None, *ANSWERS[method].cases()]
    faults = []
    for wrong in cases if whole else cases[::PART]:
        load = LOAD[framework](
            base_url=server.url, api_key="inf-made-up-key", timeout=0.5 if wrong else 30
        )
        try:
            tools = asyncio.run(load)
        except HerokuError:
            assert wrong is not None
        except Exception as error:  # noqa: BLE001 - any other than ours is a fault
            faults.append(f"{wrong}: {type(error).__name__}: {str(error)[:200]}")
        else:
            assert isinstance(tools, list)
            assert wrong is not None or len(tools) == 1
    assert not faults, "\n".join(faults)
