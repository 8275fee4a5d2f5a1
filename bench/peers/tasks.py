"""The values that all contenders use. No imports: their environments differ."""

from __future__ import annotations

from typing import Any

MODEL = "claude-4-5-sonnet"
EMBEDDING_MODEL = "cohere-embed-multilingual"
QUESTION = "What is 2 + 3?"
THINKING = {"enabled": True, "budget_tokens": 1024, "include_reasoning": True}
TEXTS = [f"text number {number}" for number in range(200)]
PERSON: dict[str, Any] = {
    "type": "object",
    "title": "Person",
    "description": "A person who is mentioned.",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}
ADD: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Add two numbers.",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    },
}


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b
