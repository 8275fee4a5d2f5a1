"""Checks a conversation as a whole: turns, calls and results, thinking. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heroku_emulator.messages_api.blocks import THINKING, as_blocks, check_blocks, text_fault
from heroku_emulator.messages_api.refusals import (
    check_choice,
    check_object,
    invalid_input,
    refuse_unknown,
)

if TYPE_CHECKING:
    from heroku_emulator.models import Model

__all__ = ["Turn", "check_history"]


@dataclass(frozen=True, slots=True)
class Turn:
    """The consecutive messages of one role, combined."""

    number: int
    """The index of its first message in the request."""
    role: str
    blocks: list[dict[str, Any]]

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        """Returns the blocks of these types."""
        return [block for block in self.blocks if block["type"] in kinds]


def _turns_of(messages: list[dict[str, Any]]) -> list[Turn]:
    """Combines consecutive messages of one role, as the API does."""
    turns: list[Turn] = []
    for number, message in enumerate(messages):
        if not turns or turns[-1].role != message["role"]:
            turns.append(Turn(number, message["role"], []))
        turns[-1].blocks.extend(as_blocks(message["content"]))
    return turns


def check_history(messages: Any, model: Model, *, thinks: bool, must_return_thinking: bool) -> None:
    """Checks the messages one by one, then their order.

    Raises:
        ApiError: 400.
    """
    if messages is None:
        raise invalid_input("messages", "Field required")
    if not isinstance(messages, list):
        raise invalid_input("messages", "Input should be a valid list")
    if not messages:
        raise invalid_input("messages", "at least one message is required")
    for number, value in enumerate(messages):
        where = f"messages.{number}"
        message = check_object(value, where)
        refuse_unknown(message, ("role", "content"), f"{where}.")
        role = check_choice(message, "role", ("user", "assistant"), f"{where}.")
        if message.get("content") is None:
            raise invalid_input(f"{where}.content", "Field required")
        check_blocks(message["content"], role, f"{where}.content", model)
    if messages[0]["role"] != "user":
        raise invalid_input("messages", 'first message must use the "user" role')
    _check_contents(messages)
    turns = _turns_of(messages)
    _check_pairs(turns)
    _check_prefill(turns[-1], thinks=thinks)
    if must_return_thinking:
        _check_thinking(turns)


def _check_contents(messages: list[dict[str, Any]]) -> None:
    """Refuses empty messages, except a last one of the assistant, which begins the answer."""
    last = len(messages) - 1
    for number, message in enumerate(messages):
        if not message["content"] and not (number == last and message["role"] == "assistant"):
            raise invalid_input(
                f"messages.{number}",
                "all messages must have non-empty content except for the optional final "
                "assistant message",
            )
        fault = text_fault(message["content"])
        if fault is not None:
            raise invalid_input("messages", fault)
        blocks = as_blocks(message["content"])
        if blocks and message["role"] == "assistant" and blocks[-1]["type"] in THINKING:
            raise invalid_input(
                f"messages.{number}",
                "The final block in an assistant message cannot be `thinking`.",
            )


def _check_pairs(turns: list[Turn]) -> None:
    """Checks that the start of the next turn answers every call, and nothing else."""
    seen: set[str] = set()
    for position, turn in enumerate(turns):
        before = turns[position - 1] if position else None
        _check_results(turn, {block["id"] for block in before.of("tool_use")} if before else set())
        calls = [block["id"] for block in turn.of("tool_use")]
        if len(set(calls)) < len(calls) or seen & set(calls):
            raise invalid_input(f"messages.{turn.number}", "`tool_use` ids must be unique")
        seen.update(calls)
        after = turns[position + 1] if position + 1 < len(turns) else None
        _check_answered(turn, calls, _leading_results(after))


def _leading_results(turn: Turn | None) -> set[str]:
    """Returns the ids of the results at the start of a turn; the API ignores later ones."""
    answered: set[str] = set()
    for block in turn.blocks if turn else []:
        if block["type"] != "tool_result":
            break
        answered.add(block["tool_use_id"])
    return answered


def _check_results(turn: Turn, calls: set[str]) -> None:
    answered: set[str] = set()
    for number, block in enumerate(turn.blocks):
        if block["type"] != "tool_result":
            continue
        where = f"messages.{turn.number}.content.{number}"
        call_id = block["tool_use_id"]
        if call_id not in calls:
            raise invalid_input(
                where,
                f"unexpected `tool_use_id` found in `tool_result` blocks: {call_id}. Each "
                "`tool_result` block must have a corresponding `tool_use` block in the previous "
                "message.",
            )
        if call_id in answered:
            raise invalid_input(
                where,
                f"each tool_use must have a single result. Found multiple `tool_result` blocks "
                f"with id: {call_id}",
            )
        answered.add(call_id)


def _check_answered(turn: Turn, calls: list[str], answered: set[str]) -> None:
    left = [call_id for call_id in calls if call_id not in answered]
    if left:
        raise invalid_input(
            f"messages.{turn.number}",
            "`tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(left)}. Each `tool_use` block must have a corresponding `tool_result` "
            "block in the next message.",
        )


def _check_prefill(last: Turn, *, thinks: bool) -> None:
    """Checks a last message of the assistant, which begins the answer."""
    if last.role != "assistant":
        return
    if thinks:
        raise invalid_input(
            "messages",
            "When `thinking` is enabled, the conversation must end with a user message: "
            "pre-filled responses are not supported.",
        )
    if last.blocks and last.blocks[-1].get("text", "x")[-1:].isspace():
        raise invalid_input(
            "messages", "final assistant content cannot end with trailing whitespace"
        )


def _check_thinking(turns: list[Turn]) -> None:
    """Checks that calls of the open round come with their thinking.

    Earlier rounds can leave it out (docs: extended thinking, preserving thinking blocks).
    """
    for turn in _open_round(turns):
        if not turn.of("tool_use") or turn.blocks[0]["type"] in THINKING:
            continue
        found = turn.blocks[0]["type"]
        raise invalid_input(
            f"messages.{turn.number}.content.0.type",
            f"Expected `thinking` or `redacted_thinking`, but found `{found}`. When `thinking` is "
            "enabled, a final `assistant` message must start with a thinking block "
            "(preceeding the lastmost set "  # codespell:ignore preceeding - their words
            "of `tool_use` and `tool_result` blocks). We recommend you include thinking blocks "
            "from previous turns. To avoid this requirement, disable `thinking`. Please consult "
            "our documentation at "
            "https://docs.claude.com/en/docs/build-with-claude/extended-thinking",
        )


def _open_round(turns: list[Turn]) -> list[Turn]:
    """Returns the assistant's turns since the user last spoke without tool results."""
    asked = [
        position
        for position, turn in enumerate(turns)
        if turn.role == "user" and not turn.of("tool_result")
    ]
    return [turn for turn in turns[asked[-1] + 1 :] if turn.role == "assistant"]
