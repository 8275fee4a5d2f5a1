"""POST /v1/embeddings: checks the request, encodes the vectors (docs: embeddings). Pure."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any

from heroku_emulator.fields import bad_request, check_choice, refuse_unknown, switches_of

if TYPE_CHECKING:
    from heroku_emulator.engine import Engine
    from heroku_emulator.models import Model
    from heroku_emulator.switches import Switches

__all__ = ["check_embeddings_request", "embeddings_body"]

_MOST_INPUTS = 96
_MOST_BYTES = 2048  # of UTF-8, although the refusal speaks of characters

_FIELDS = (
    "model",
    "input",
    "input_type",
    "encoding_format",
    "embedding_type",
    "allow_ignored_params",
)
_INPUT_TYPES = ("search_document", "search_query", "classification", "clustering")
_EMBEDDING_TYPES = ("float", "int8", "uint8", "binary", "ubinary")


def check_embeddings_request(body: dict[str, Any], switches: Switches) -> None:
    """Checks everything that Heroku is known to refuse.

    Raises:
        ApiError: 400.
    """
    switches = switches_of(body, switches)
    refuse_unknown(body, _FIELDS, switches)
    check_choice(body, "input_type", _INPUT_TYPES)
    check_choice(body, "encoding_format", ("raw", "base64"))
    check_choice(body, "embedding_type", _EMBEDDING_TYPES)
    if body.get("input") is None or body["input"] == []:
        raise bad_request("input is required")
    texts: Any = _texts(body)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise bad_request("input must be a string or an array of strings")
    if len(texts) > _MOST_INPUTS:
        raise bad_request(f"input must have at most {_MOST_INPUTS} strings")
    for number, text in enumerate(texts):
        if switches.long_inputs == "reject" and _is_too_long(text):
            raise bad_request(f"input.{number} must have at most {_MOST_BYTES} characters")


def embeddings_body(
    body: dict[str, Any], model: Model, engine: Engine, switches: Switches
) -> dict[str, Any]:
    """Embeds the texts and returns the answer."""
    texts = _texts(body)
    vectors = engine.embed(texts, body.get("input_type") or "search_document")
    entries = [
        {
            "object": "embedding",
            "index": index,
            switches.embedding_field: _encode(_widen(vector, model.embedding_width), body),
        }
        for index, vector in enumerate(vectors)
    ]
    if switches.embedding_order == "reversed":
        entries.reverse()
    tokens = sum(engine.count_tokens(text) for text in texts)
    return {
        "object": "list",
        "data": entries,
        "model": body["model"],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _is_too_long(text: str) -> bool:
    return len(text.encode(errors="surrogatepass")) > _MOST_BYTES


def _texts(body: dict[str, Any]) -> list[str]:
    texts = body["input"]
    return [texts] if isinstance(texts, str) else texts


def _widen(vector: list[float], width: int) -> list[float]:
    """Pads with zeros, which change neither length nor angle."""
    return vector + [0.0] * (width - len(vector))


def _encode(vector: list[float], body: dict[str, Any]) -> list[float] | list[int] | str:
    kind = body.get("embedding_type") or "float"
    numbers = vector if kind == "float" else _quantise(vector, kind)
    if body.get("encoding_format") != "base64":
        return numbers
    letter = {"float": "f", "int8": "b", "binary": "b"}.get(kind, "B")
    return base64.b64encode(struct.pack(f"<{len(numbers)}{letter}", *numbers)).decode()


def _quantise(vector: list[float], kind: str) -> list[int]:
    if kind in ("int8", "uint8"):
        scale = 127 / max(map(abs, vector), default=1.0)
        middle = 0 if kind == "int8" else 128
        return [round(number * scale) + middle for number in vector]
    offset = -128 if kind == "binary" else 0
    return [
        sum((number > 0) << (7 - bit) for bit, number in enumerate(vector[start : start + 8]))
        + offset
        for start in range(0, len(vector), 8)
    ]
