"""An answering `send` for the embeddings and rerank functions: the API's shapes, no network."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from typing import Any

from heroku_inference._values import Reply


def vector_of(text: str, width: int = 4) -> list[float]:
    """A vector that only this text has, of length 1."""
    numbers = [1 + byte for byte in hashlib.sha256(text.encode()).digest()[:width]]
    norm = sum(number**2 for number in numbers) ** 0.5
    return [number / norm for number in numbers]


def score_of(text: str) -> float:
    """A score that depends on nothing but the document."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


class VectorServer:
    """Answers requests and keeps their bodies; early ones last longer than late ones.

    `altered` may change an answer before it is sent.
    """

    def __init__(self, altered=lambda answer: answer) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.threads: set[int] = set()
        self._altered = altered
        self._lock = threading.Lock()

    def send(self, path: str, body: dict[str, Any]) -> Reply:
        with self._lock:
            self.bodies.append(body)
            self.threads.add(threading.get_ident())
            number = len(self.bodies)
        time.sleep(0.005 / number)
        answer = {"/v1/embeddings": self._embed, "/v1/rerank": self._rerank}[path](body)
        headers = {"x-request-id": f"request-{number}"}
        return Reply(200, headers, json.dumps(self._altered(answer)).encode())

    async def asend(self, path: str, body: dict[str, Any]) -> Reply:
        return self.send(path, body)

    def _embed(self, body: dict[str, Any]) -> dict[str, Any]:
        texts = body["input"]
        data = [
            {"object": "embedding", "index": index, "embedding": vector_of(text)}
            for index, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        return {"object": "list", "data": data, "model": body["model"], "usage": usage}

    def _rerank(self, body: dict[str, Any]) -> dict[str, Any]:
        results = [
            {"index": index, "relevance_score": score_of(text)}
            for index, text in enumerate(body["documents"])
        ]
        results.sort(key=lambda result: -result["relevance_score"])
        return {"id": f"rank-{len(self.bodies)}", "results": results[: body.get("top_n")]}
