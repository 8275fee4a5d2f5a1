"""A conversation in Anthropic's form as Heroku's Messages endpoint takes it (docs: messages).

The rules are those of chat completions: only the user's newest turn is refused, and everything
older is repaired or described in words. They need the messages as they were said: neighbours of one
role become one message here, afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from heroku_inference._anthropic.blocks import answer_blocks, said_blocks, words_of
from heroku_inference._chat.pairing import Call, Result, orphan_words, pair
from heroku_inference._chat.repairs import Repair, Repairs
from heroku_inference._chat.words import NOT_RUN, PLACEHOLDER
from heroku_inference._errors import ConfigError, add_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


__all__ = ["apply_history_rules", "ask_to_go_on", "check_newest_blocks"]

_GO_ON: Final = "Please go on."
_ROLES: Final = ("user", "assistant")
_SYSTEM: Final = "system"
_INSTRUCTIONS: Final = (_SYSTEM, "developer")

_Block = dict[str, Any]


def apply_history_rules(body: dict[str, Any], repairs: Repairs) -> None:
    """Change `messages` and `system` of `body`, which is the caller's own copy.

    Messages can have the roles `user` and `assistant`, and also `system` or `developer`, which
    become part of `system`.

    Raises:
        ConfigError: The newest turn has no words, or holds what the endpoint does not take. The
            error names its position. Or there is no message to send.
    """
    instructions = [_instructions(body.pop("system", None), repairs)]
    if "messages" in body and not _are_plain(body["messages"]):
        entries = list(_entries(body["messages"], repairs))
        instructions += [entry.blocks for entry in entries if entry.role == _SYSTEM]
        said = [entry for entry in entries if entry.role != _SYSTEM]
        messages = _in_turns(_answered(said, repairs))
        _begin_with_user(messages, has_system=any(instructions))
        _end_without_space(messages)
        body["messages"] = messages
    if any(instructions):
        body["system"] = _joined(list(filter(None, instructions)))


def ask_to_go_on(body: dict[str, Any], repairs: Repairs) -> None:
    """End the conversation of `body` with the user: a model that thinks continues no other."""
    messages = body.get("messages") or ()
    if messages and messages[-1]["role"] == "assistant":
        repairs.note(Repair.GO_ON)
        body["messages"] = [*messages, {"role": "user", "content": _GO_ON}]


def check_newest_blocks(message: Mapping[str, Any]) -> None:
    """Refuse a newest turn of the user's that cannot be sent as it is; all else passes.

    Raises:
        ConfigError: It is empty, or holds a block that the endpoint does not take.
    """
    if _is_newest_turn(message):
        list(_entries_of(message, None, Repairs()))


class _Entry:
    """A message, or the result of one call out of a message."""

    __slots__ = ("blocks", "calls", "result", "role")

    def __init__(self, role: str, blocks: str | list[_Block]) -> None:
        self.role = role
        self.blocks = blocks
        self.calls: list[Call] = []
        self.result: Result | None = None


def _instructions(system: Any, repairs: Repairs) -> str | list[_Block]:
    """A system prompt; empty where it has no words."""
    if isinstance(system, str):
        return system if system.strip() else ""
    return words_of(system, repairs) if system else ""


def _joined(instructions: Sequence[str | list[_Block]]) -> str | list[_Block]:
    if all(isinstance(one, str) for one in instructions):
        return "\n\n".join(map(str, instructions))
    return [block for one in instructions for block in _as_blocks(one)]


def _are_plain(messages: Iterable[Any]) -> bool:
    """Whether these are the words of user and assistant in turn, as most conversations are."""
    speaker = "assistant"
    for message in messages:
        if type(message) is not dict or len(message) != 2:  # noqa: PLR2004 - role and content
            return False
        content = message.get("content")
        if type(content) is not str or not content or content.isspace():
            return False
        if message.get("role") not in _ROLES or message["role"] == speaker:
            return False
        speaker = message["role"]
    return speaker == "user"


def _entries(messages: Iterable[Any], repairs: Repairs) -> Iterator[_Entry]:
    listed = list(messages)
    for position, message in enumerate(listed):
        try:
            newest = position == len(listed) - 1 and _is_newest_turn(message)
            yield from _entries_of(_checked(message), None if newest else repairs, repairs)
        except ConfigError as error:
            add_place(error, f"messages[{position}]")
            raise


def _checked(message: Any) -> Mapping[str, Any]:
    if isinstance(message, Mapping):
        return message
    raise ConfigError(
        f"a message must be a mapping, got a value of type {type(message).__name__}.",
        "Pass mappings with role and content.",
    )


def _is_newest_turn(message: Any) -> bool:
    """Whether the last message is the user's: results of tools alone are not a turn."""
    role, content = _checked(message).get("role"), message.get("content")
    if role == "user":
        return not (isinstance(content, list) and content and all(map(_is_result, content)))
    if role not in (*_ROLES, *_INSTRUCTIONS):
        raise ConfigError(f"the endpoint has no role {role!r}.", "Pass user or assistant.")
    return False


def _is_result(block: Any) -> bool:
    return isinstance(block, Mapping) and block.get("type") == "tool_result"


def _entries_of(
    message: Mapping[str, Any], judge: Repairs | None, repairs: Repairs
) -> Iterator[_Entry]:
    _judge_fields(message, judge)
    role = message.get("role")
    if role == "assistant":
        yield _of_assistant(message, repairs)
        return
    if role in _INSTRUCTIONS:
        yield _Entry(_SYSTEM, _instructions(message.get("content"), repairs))
        return
    content = message.get("content")
    results: list[Any] = []
    if isinstance(content, list) and any(map(_is_result, content)):
        results = [block for block in content if _is_result(block)]
        message = {**message, "content": [block for block in content if not _is_result(block)]}
    for block in results:
        entry = _Entry("user", [answer_blocks(block, repairs)])
        entry.result = Result(block.get("tool_use_id"), block.get("name"), 0)
        yield entry
    if not (results and not message["content"]) and (said := _said(message, judge)):
        yield _Entry("user", said)


def _judge_fields(message: Mapping[str, Any], repairs: Repairs | None) -> None:
    for field, value in message.items():
        if not value or field in {"role", "content"}:
            continue
        if repairs is not None:
            repairs.note(Repair.FIELDS)
            return
        raise ConfigError(
            f"a user message has no field {field!r}.", "Leave it out; it has role and content."
        )


def _said(message: Mapping[str, Any], repairs: Repairs | None) -> str | list[_Block]:
    """What the user said; without `repairs` it is the newest turn, and refused if need be."""
    role, content = message.get("role"), message.get("content")
    if role != "user" and repairs is not None:
        repairs.note(Repair.ROLES)
        content = [f"{role}:", *(content if isinstance(content, list) else [content])]
    said = said_blocks(content, "user", repairs)
    if said:
        return said
    if repairs is None:
        raise ConfigError("the user message is empty, which Heroku refuses.", "Leave it out.")
    repairs.note(Repair.EMPTY)
    return []


def _of_assistant(message: Mapping[str, Any], repairs: Repairs) -> _Entry:
    blocks = said_blocks(message.get("content"), "assistant", repairs)
    if not blocks:
        blocks = PLACEHOLDER
    elif isinstance(blocks, list) and blocks[-1]["type"] in {"thinking", "redacted_thinking"}:
        blocks = [*blocks, {"type": "text", "text": PLACEHOLDER}]
    entry = _Entry("assistant", blocks)
    if isinstance(blocks, list):
        entry.calls = [
            Call(block["id"], block["name"], 0) for block in blocks if block["type"] == "tool_use"
        ]
    return entry


def _answered(entries: list[_Entry], repairs: Repairs) -> list[_Entry]:
    """The entries with one result right after each call, and no result without its call."""
    for place, entry in enumerate(entries):
        for call in entry.calls:
            call.place = place
        if entry.result is not None:
            entry.result.place = place
    calls = [call for entry in entries for call in entry.calls]
    results = [entry.result for entry in entries if entry.result is not None]
    if not calls and not results:
        return entries
    pair(calls, results)
    ordered: list[_Entry] = []
    for entry in entries:
        if entry.result is None:
            ordered.append(entry)
        elif entry.result.call is None:
            repairs.note(Repair.ORPHANED)
            ordered.append(_orphan(entry, entry.result))
        if entry.calls:
            _set_ids(entry)
            ordered += _results(entries, entry.calls, repairs)
    return ordered


def _set_ids(entry: _Entry) -> None:
    ids = iter(entry.calls)
    entry.blocks = [
        {**block, "id": next(ids).wire_id} if block["type"] == "tool_use" else block
        for block in entry.blocks
        if isinstance(block, dict)
    ]


def _results(
    entries: Sequence[_Entry], calls: Sequence[Call], repairs: Repairs
) -> Iterator[_Entry]:
    """The results of one turn, in the order in which they came; those that never did at the end."""
    answered = sorted((call for call in calls if call.results), key=_place_of_result)
    for call in answered:
        place = call.results[0].place
        between = entries[call.place + 1 : place]
        if place < call.place or any(entry.result is None for entry in between):
            repairs.note(Repair.MOVED)
        yield _Entry("user", [_result(entries, call, repairs)])
    for call in calls:
        if not call.results:
            repairs.note(Repair.NOT_RUN)
            block = {"type": "tool_result", "tool_use_id": call.wire_id, "content": NOT_RUN}
            yield _Entry("user", [block])


def _place_of_result(call: Call) -> int:
    return call.results[0].place


def _result(entries: Sequence[_Entry], call: Call, repairs: Repairs) -> _Block:
    blocks = [_only_block(entries[result.place]) for result in call.results]
    contents = [block.get("content") for block in blocks]
    different = [one for number, one in enumerate(contents) if one not in contents[:number]]
    result = {**blocks[0], "tool_use_id": call.wire_id}
    if len(different) > 1:
        repairs.note(Repair.JOINED)
        result["content"] = [block for content in different for block in _as_blocks(content)]
    return result


def _only_block(entry: _Entry) -> _Block:
    block = entry.blocks[0]
    assert isinstance(block, dict)  # noqa: S101 - entries of results have one
    return block


def _orphan(entry: _Entry, result: Result) -> _Entry:
    block = _only_block(entry)
    words = orphan_words(result.name)
    if block.get("is_error"):
        words += " (it failed)"
    mark = {"cache_control": block["cache_control"]} if block.get("cache_control") else {}
    content = _as_blocks(block.get("content"))
    said = [{"type": "text", "text": words}, *content]
    return _Entry("user", [*said[:-1], {**said[-1], **mark}])


def _as_blocks(content: Any) -> list[_Block]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return list(content or ())


def _in_turns(entries: Sequence[_Entry]) -> list[dict[str, Any]]:
    """Messages in which neighbours of one role are one."""
    turns: list[dict[str, Any]] = []
    for entry in entries:
        if turns and turns[-1]["role"] == entry.role:
            turns[-1]["content"] = [*_as_blocks(turns[-1]["content"]), *_as_blocks(entry.blocks)]
        else:
            turns.append({"role": entry.role, "content": entry.blocks})
    return turns


def _begin_with_user(messages: list[dict[str, Any]], *, has_system: bool) -> None:
    if not messages and not has_system:
        raise ConfigError("messages holds nothing that can be sent.", "Pass a message with words.")
    if not messages or messages[0]["role"] != "user":
        messages.insert(0, {"role": "user", "content": PLACEHOLDER})


def _end_without_space(messages: list[dict[str, Any]]) -> None:
    """Claude refuses white space at the end of the words that it is to continue."""
    last = messages[-1]
    if last["role"] != "assistant":
        return
    content = last["content"]
    if isinstance(content, str):
        last["content"] = content.rstrip()
    elif content[-1]["type"] == "text":
        end = {**content[-1], "text": content[-1]["text"].rstrip()}
        last["content"] = [*content[:-1], end]
