"""What a conversation must be like as a whole: turns, calls and their results, thinking. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heroku_emulator.messages_api.blocks import THINKING, as_blocks, check_blocks, without_text
from heroku_emulator.messages_api.refusals import invalid, object_of, only, word

if TYPE_CHECKING:
    from heroku_emulator.models import Model

__all__ = ["Turn", "check_history", "turns_of"]


@dataclass(frozen=True, slots=True)
class Turn:
    """All that one side says before the other speaks: neighbours of one role are combined."""

    number: int
    """Of its first message in the request."""
    role: str
    blocks: list[dict[str, Any]]

    def of(self, *kinds: str) -> list[dict[str, Any]]:
        """Returns the blocks of some types."""
        return [block for block in self.blocks if block["type"] in kinds]


def turns_of(messages: list[dict[str, Any]]) -> list[Turn]:
    """Combines consecutive messages of one role, as the API does."""
    turns: list[Turn] = []
    for number, message in enumerate(messages):
        if not turns or turns[-1].role != message["role"]:
            turns.append(Turn(number, message["role"], []))
        turns[-1].blocks.extend(as_blocks(message["content"]))
    return turns


def check_history(messages: Any, model: Model, *, thinks: bool) -> None:
    """Checks the messages one by one, then how they follow each other.

    Raises:
        ApiError: 400.
    """
    if messages is None:
        raise invalid("messages", "Field required")
    if not isinstance(messages, list):
        raise invalid("messages", "Input should be a valid list")
    if not messages:
        raise invalid("messages", "at least one message is required")
    for number, value in enumerate(messages):
        where = f"messages.{number}"
        message = object_of(value, where)
        only(message, ("role", "content"), f"{where}.")
        role = word(message, "role", ("user", "assistant"), f"{where}.")
        if message.get("content") is None:
            raise invalid(f"{where}.content", "Field required")
        check_blocks(message["content"], role, f"{where}.content", model)
    if messages[0]["role"] != "user":
        raise invalid("messages", 'first message must use the "user" role')
    _check_contents(messages)
    turns = turns_of(messages)
    _check_pairs(turns)
    _check_prefill(turns[-1], thinks=thinks)
    if thinks:
        _check_thinking(turns)


def _check_contents(messages: list[dict[str, Any]]) -> None:
    """Only the last message may be empty, and only when the assistant's answer begins with it."""
    last = len(messages) - 1
    for number, message in enumerate(messages):
        if not message["content"] and not (number == last and message["role"] == "assistant"):
            raise invalid(
                f"messages.{number}",
                "all messages must have non-empty content except for the optional final "
                "assistant message",
            )
        fault = without_text(message["content"])
        if fault is not None:
            raise invalid("messages", fault)
        blocks = as_blocks(message["content"])
        if blocks and message["role"] == "assistant" and blocks[-1]["type"] in THINKING:
            raise invalid(
                f"messages.{number}",
                "The final block in an assistant message cannot be `thinking`.",
            )


def _check_pairs(turns: list[Turn]) -> None:
    """Every call is answered at the start of the next turn; no result stands alone."""
    seen: set[str] = set()
    for position, turn in enumerate(turns):
        before = turns[position - 1] if position else None
        _check_results(turn, {block["id"] for block in before.of("tool_use")} if before else set())
        calls = [block["id"] for block in turn.of("tool_use")]
        if len(set(calls)) < len(calls) or seen & set(calls):
            raise invalid(f"messages.{turn.number}", "`tool_use` ids must be unique")
        seen.update(calls)
        after = turns[position + 1] if position + 1 < len(turns) else None
        _check_answered(turn, calls, _leading_results(after))


def _leading_results(turn: Turn | None) -> set[str]:
    """Ids of the results that stand before everything else: others are not found."""
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
            raise invalid(
                where,
                f"unexpected `tool_use_id` found in `tool_result` blocks: {call_id}. Each "
                "`tool_result` block must have a corresponding `tool_use` block in the previous "
                "message.",
            )
        if call_id in answered:
            raise invalid(
                where,
                f"each tool_use must have a single result. Found multiple `tool_result` blocks "
                f"with id: {call_id}",
            )
        answered.add(call_id)


def _check_answered(turn: Turn, calls: list[str], answered: set[str]) -> None:
    left = [call_id for call_id in calls if call_id not in answered]
    if left:
        raise invalid(
            f"messages.{turn.number}",
            "`tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(left)}. Each `tool_use` block must have a corresponding `tool_result` "
            "block in the next message.",
        )


def _check_prefill(last: Turn, *, thinks: bool) -> None:
    """An answer that begins with the assistant's own last message."""
    if last.role != "assistant":
        return
    if thinks:
        raise invalid(
            "messages",
            "When `thinking` is enabled, the conversation must end with a user message: "
            "pre-filled responses are not supported.",
        )
    if last.blocks and last.blocks[-1].get("text", "x")[-1:].isspace():
        raise invalid("messages", "final assistant content cannot end with trailing whitespace")


def _check_thinking(turns: list[Turn]) -> None:
    """Calls whose results are still being worked on must come with the thinking before them.

    Earlier rounds may leave it out (docs: extended thinking, preserving thinking blocks).
    """
    for turn in _open_round(turns):
        if not turn.of("tool_use") or turn.blocks[0]["type"] in THINKING:
            continue
        found = turn.blocks[0]["type"]
        raise invalid(
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
    """The assistant's turns since the user last said something that is no tool result."""
    asked = [
        position
        for position, turn in enumerate(turns)
        if turn.role == "user" and not turn.of("tool_result")
    ]
    return [turn for turn in turns[asked[-1] + 1 :] if turn.role == "assistant"]
