"""An embeddings server in a process of its own, with a limit, faults and a memory of what it sold.

It answers with vectors of 16 numbers that the text alone decides, so that tests know them too.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import subprocess
import sys
import time
import urllib.request
from collections import Counter, deque
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Self

__all__ = ["REFUSED_WORD", "WIDTH", "LimitedServer", "vector_of"]

ROOT = Path(__file__).parents[2]
WIDTH = 16
REFUSED_WORD = "<script>"
_WINDOW = 1.0  # seconds
_RESET = None


def vector_of(text: str) -> list[float]:
    """The vector of a text: numbers that a float of four bytes holds exactly."""
    return [byte / 256 for byte in blake2b(text.encode(), digest_size=WIDTH).digest()]


class LimitedServer:
    """Starts the server; `config_vars` lead to it.

    Args:
        a_second: Requests that it takes in any second; 0 for any number.
        latency: Seconds that an answer takes.
        faults: The share of requests that end with a 500 or a reset instead of an answer.
        tells: Whether answers carry `x-ratelimit-*`.
    """

    def __init__(
        self,
        *,
        a_second: int = 0,
        latency: float = 0.0,
        faults: float = 0.0,
        tells: bool = False,
    ) -> None:
        words = json.dumps(
            {"a_second": a_second, "latency": latency, "faults": faults, "tells": tells}
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.corpus.limited_server", words],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    @property
    def config_vars(self) -> dict[str, str]:
        """What a Heroku app would have."""
        return {
            "INFERENCE_KEY": "inf-key",
            "INFERENCE_URL": self.url,
            "INFERENCE_MODEL_ID": "cohere-embed-multilingual",
        }

    def forget(self) -> None:
        """Start to count anew."""
        urllib.request.urlopen(f"{self.url}/forget").close()  # noqa: S310 - our own

    def counts(self) -> dict[str, Any]:
        """What was asked: requests, limited, faults, refusals, paid; twice names texts."""
        with urllib.request.urlopen(f"{self.url}/counts") as answer:  # noqa: S310 - our own
            counts: dict[str, Any] = json.load(answer)
            return counts


class _Shop:
    def __init__(self, a_second: int, latency: float, faults: float, tells: bool) -> None:
        self.a_second = a_second
        self.latency = latency
        self.faults = faults
        self.tells = tells
        self.counts: Counter[str] = Counter()
        self.paid: Counter[str] = Counter()
        self.recent: deque[float] = deque()
        self.chance = random.Random(5)  # noqa: S311 - the same faults in each run

    async def visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"GET /forget"):
                    self.counts.clear()
                    self.paid.clear()
                    status, said = 200, "{}"
                elif head.startswith(b"GET"):
                    status, said = 200, json.dumps(self.told())
                else:
                    length = int(head.lower().split(b"content-length:")[1].split()[0])
                    status, said = await self.answer(json.loads(await reader.readexactly(length)))
                if said is _RESET:
                    writer.transport.abort()
                    return
                lines = [f"HTTP/1.1 {status} X", "content-type: application/json", *self.limits()]
                lines += [f"content-length: {len(said)}", "", said]
                writer.write("\r\n".join(lines).encode())
                await writer.drain()
        writer.close()

    def told(self) -> dict[str, Any]:
        twice = [text for text, times in self.paid.items() if times > 1]
        return {**self.counts, "paid": len(self.paid), "twice": twice[:2000]}

    def limits(self) -> list[str]:
        if not self.tells or not self.a_second:
            return []
        left = self.a_second - len(self.recent)
        reset = self.recent[0] + _WINDOW - time.monotonic() if self.recent else 0
        return [
            f"x-ratelimit-limit-requests: {self.a_second}",
            f"x-ratelimit-remaining-requests: {max(0, left)}",
            f"x-ratelimit-reset-requests: {math.ceil(reset)}s",
        ]

    async def answer(self, body: dict[str, Any]) -> tuple[int, str | None]:
        self.counts["requests"] += 1
        if self.is_limited():
            self.counts["limited"] += 1
            return 429, '{"error": {"code": 429, "message": "slow down", "type": "rate_limit"}}'
        if self.chance.random() < self.faults:
            self.counts["faults"] += 1
            return 500, '{"error": {}}' if self.chance.random() < 0.5 else _RESET
        await asyncio.sleep(self.latency)
        texts = body["input"]
        if any(REFUSED_WORD in text for text in texts):
            self.counts["refusals"] += 1
            return 400, '{"error": {"code": 400, "message": "no", "type": "invalid_request"}}'
        self.counts["sold"] += 1
        self.paid.update(text for text in texts if text != "a")
        whole = body.get("embedding_type") not in {None, "float"}
        data = [
            {
                "object": "embedding",
                "index": index,
                "embedding": [int(number * 256) - 128 for number in vector_of(text)]
                if whole
                else vector_of(text),
            }
            for index, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        return 200, json.dumps({"object": "list", "data": data, "model": "m", "usage": usage})

    def is_limited(self) -> bool:
        if not self.a_second:
            return False
        now = time.monotonic()
        while self.recent and self.recent[0] <= now - _WINDOW:
            self.recent.popleft()
        if len(self.recent) >= self.a_second:
            return True
        self.recent.append(now)
        return False


async def _serve(options: dict[str, Any]) -> None:
    server = await asyncio.start_server(_Shop(**options).visit, "127.0.0.1", 0, limit=1 << 24)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(json.loads(sys.argv[1])))
